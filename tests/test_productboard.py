"""The Productboard sink against a stand-in: one feature and a note for each customer, whatever happens."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from bot.acts import Absent, Act, Found, Undecided
from bot.ports import Refused, Unavailable, Unknown
from connectors.productboard import Productboard
from tests.contract.sinks import Place, SinkContract, draft_of, told_draft
from tests.servers.productboard import TOKEN, ProductboardServer

CREATE = r"^/v2/entities$"
NOTES = r"^/v2/notes$"


def productboard(server: ProductboardServer, **more: Any) -> Productboard:
    told: dict[str, Any] = {"token": TOKEN, "base_url": server.base_url, "timeout": 0.5, "settle": 0.0}
    return Productboard(**{**told, **more})


@pytest.fixture(scope="module")
def running() -> Iterator[ProductboardServer]:
    with ProductboardServer() as server:
        assert isinstance(server, ProductboardServer)
        yield server


@pytest.fixture
def server(running: ProductboardServer) -> ProductboardServer:
    running.clean()
    return running


class ProductboardPlace(Place):
    writing, reading, token = CREATE, "^/v2/(entities|notes)", TOKEN

    def __init__(self, server: ProductboardServer) -> None:
        self.server = self.productboard = server

    def outlet(self, *, token: str | None = None, url: str | None = None) -> Productboard:
        base = f"{url}/v2" if url else self.productboard.base_url
        return productboard(self.productboard, token=token or TOKEN, base_url=base)

    def act(self) -> Act:
        return self.outlet().plan(told_draft())[0]

    def made(self) -> list[str]:
        marker = self.act().marker
        return [t.id for t in self.productboard.of("feature") if t.source.get("recordId") == marker]

    def others(self, count: int) -> None:
        self.productboard.others(count)

    def blind(self) -> None:
        self.productboard.entities[-2].hidden = True


class TestProductboard(SinkContract):
    @pytest.fixture
    def place(self, server: ProductboardServer) -> Place:
        return ProductboardPlace(server)


def carried_out(sink: Productboard, acts: Any) -> list[str]:
    """All acts in order, each that hangs on the feature given its id; what they made."""
    made = sink.do(acts[0])
    return [made.ref, *(sink.do(replace(act, parent=made.ref)).ref for act in acts[1:])]


def two_customers() -> Any:
    """A draft of three tickets: two of Acme, one of nobody known."""
    draft = draft_of()
    rows = [
        replace(row, ticket_id=f"SUP-{n}", customer=who, quote=f"Words {n} <b>", url=f"https://desk.example/{n}")
        for n, (row, who) in enumerate(zip(draft.theme.evidence, ("Acme", "Acme", None), strict=False))
    ]
    return replace(draft, theme=replace(draft.theme, evidence=tuple(rows)))


def test_a_customer_gets_one_note_with_its_quotes_and_links_related_to_the_feature_and_to_its_company(
    server: ProductboardServer,
) -> None:
    sink = productboard(server)
    feature, acme, nobody = carried_out(sink, sink.plan(two_customers()))
    company = server.of("company")
    assert [c.fields["name"] for c in company] == ["Acme"]
    notes = {n.id: n for n in server.notes}
    related = {r["type"]: r["target"]["id"] for r in notes[acme].relationships}
    assert related == {"link": feature, "customer": company[0].id}
    assert [r["type"] for r in notes[nobody].relationships] == ["link"]
    content = notes[acme].fields["content"]
    assert "“Words 0 &lt;b&gt;”" in content and '<a href="https://desk.example/1">SUP-1</a>' in content
    assert "SUP-2" not in content and "SUP-2" in notes[nobody].fields["content"]


def test_a_company_that_is_known_is_taken_and_one_that_is_only_called_alike_is_not(server: ProductboardServer) -> None:
    alike, acme = server.others(2, "company")
    alike.fields["name"], acme.fields["name"] = "Acme Holding", "ACME "
    sink = productboard(server)
    carried_out(sink, sink.plan(two_customers()))
    assert len(server.of("company")) == 2
    assert server.notes[0].relationships[1]["target"]["id"] == acme.id


def test_a_company_that_the_list_still_shows_and_that_is_gone_is_made_anew(server: ProductboardServer) -> None:
    (stale,) = server.others(1, "company")
    stale.fields["name"], stale.gone = "Acme", True
    sink = productboard(server)
    carried_out(sink, sink.plan(two_customers()))
    (made,) = server.of("company")
    assert server.notes[0].relationships[1]["target"]["id"] == made.id
    assert [r.path for r in server.requests if r.method == "POST"].count("/v2/notes") == 3  # the first: 404


def test_a_feature_that_is_gone_makes_no_company_twice(server: ProductboardServer) -> None:
    sink = productboard(server)
    feature, note = sink.plan(two_customers())[:2]
    made = sink.do(feature)
    server.entities[0].gone = True
    for _ in range(2):
        with pytest.raises(Refused):
            sink.do(replace(note, parent=made.ref))
    assert len(server.of("company")) == 1 and not server.notes


def test_a_note_whose_answer_was_lost_is_found_and_stays_one(server: ProductboardServer) -> None:
    sink = productboard(server)
    feature, note, *_ = sink.plan(two_customers())
    note = replace(note, parent=sink.do(feature).ref)
    hint = sink.mark(note)
    assert sink.find(note, hint) == Absent()
    server.fail("lose", path=NOTES, method="POST")
    with pytest.raises(Unknown):
        sink.do(note)
    seen = productboard(server).find(note, hint)
    assert isinstance(seen, Found) and [n.id for n in server.notes] == [seen.receipt.ref]
    assert sink.do(note) == seen.receipt and len(server.notes) == 1


def test_a_company_whose_answer_was_lost_is_made_once(server: ProductboardServer) -> None:
    sink = productboard(server)
    feature, note, *_ = sink.plan(two_customers())
    note = replace(note, parent=sink.do(feature).ref)
    server.fail("lose", path=CREATE, method="POST")
    with pytest.raises(Unknown):
        sink.do(note)
    assert isinstance(sink.find(note, sink.mark(note)), Absent)
    sink.do(note)
    assert len(server.of("company")) == 1 and len(server.notes) == 1


def test_metadata_that_the_workspace_lost_is_made_up_for_by_the_marker_in_the_text(server: ProductboardServer) -> None:
    sink = productboard(server)
    act = sink.plan(draft_of())[0]
    hint = sink.mark(act)
    made = sink.do(act)
    server.entities[0].source = {}
    assert sink.find(act, hint) == Found(made)


def test_a_filter_that_is_ignored_takes_no_thing_of_others_for_ours(server: ProductboardServer) -> None:
    server.ignores_filters = True
    server.others(3)
    sink = productboard(server)
    act = sink.plan(draft_of())[0]
    assert list(sink.twins(act)) == [] and sink.find(act, sink.mark(act)) == Absent()


def test_what_is_far_down_in_many_pages_is_found(server: ProductboardServer) -> None:
    server.page = 2
    sink = productboard(server)
    server.others(5)
    act = sink.plan(draft_of())[0]
    hint = sink.mark(act)
    made = sink.do(act)
    server.entities[-1].source = {}  # the filter can't find it: the whole list is read
    server.others(5)
    assert sink.find(act, hint) == Found(made)


def test_a_cursor_that_comes_again_proves_nothing_and_ends(server: ProductboardServer) -> None:
    server.stuck = True
    sink = productboard(server)
    act = sink.plan(draft_of())[0]
    assert isinstance(sink.find(act, sink.mark(act)), Undecided)
    assert len(server.requests) < 10
    with pytest.raises(Unavailable):
        sink.twins(act)


def test_it_is_not_ruled_out_while_it_may_be_under_way(server: ProductboardServer) -> None:
    sink = productboard(server, settle=120.0)
    act = sink.plan(draft_of())[0]
    assert isinstance(sink.find(act, sink.mark(act)), Undecided)


def test_facts_go_into_the_fields_that_the_workspace_has_by_the_names_that_people_see(
    server: ProductboardServer,
) -> None:
    server.fields["issue-field"] = {"name": "Jira key", "type": "text"}
    sink = productboard(server, fields={"tickets": "support tickets", "issue": "Jira key"})
    draft = draft_of()
    sink.do(replace(sink.plan(draft)[0], parent="BILL-12"))
    made = server.of("feature")[0].fields
    assert made["5252cefa"] == draft.theme.counts.tickets and made["issue-field"] == "BILL-12"


def test_other_names_of_fields_are_found_and_a_missing_one_is_said_before_anything_is_sent(
    server: ProductboardServer,
) -> None:
    server.fields["f-77"] = {**server.fields.pop("description")}
    sink = productboard(server)
    sink.do(sink.plan(draft_of())[0])
    assert "f-77" in server.of("feature")[0].fields
    wrong = productboard(server, fields={"severity": "Prio"})
    with pytest.raises(Refused, match=r"'Prio' \(productboard.fields.severity\); they have Name, Support tickets"):
        wrong.mark(wrong.plan(draft_of())[0])
    assert [f.state for f in wrong.check()] == ["fail"]


def test_a_feature_that_holds_the_theme_already_is_linked_to_and_never_marked_as_withdrawn(
    server: ProductboardServer,
) -> None:
    draft = draft_of()
    there = server.others(3)[1]
    there.fields["6c11e0aa"] = draft.theme.id
    sink = productboard(server, fields={"theme": "Support theme"})
    first = sink.plan(draft)[0]
    made = sink.do(first)
    assert made.ref == there.id and len(server.of("feature")) == 3
    assert sink.find(first, sink.mark(first)) == Found(made)
    (withdrawal,) = sink.withdrawal(draft, made)
    sink.do(withdrawal)
    assert there.fields["name"] == "Another 1"


def test_an_undo_marks_the_name_as_it_is_by_then_and_deletes_nothing(server: ProductboardServer) -> None:
    sink, draft = productboard(server), draft_of()
    made = sink.do(sink.plan(draft)[0])
    server.entities[0].fields["name"] = "Renamed by Dana"
    (withdrawal,) = sink.withdrawal(draft, made)
    sink.do(withdrawal)
    assert server.entities[0].fields["name"] == "Withdrawn: Renamed by Dana"
    assert not [r for r in server.requests if r.method == "DELETE"]


def test_a_fact_that_nobody_knows_is_a_fault_of_the_settings(server: ProductboardServer) -> None:
    with pytest.raises(ValueError, match="and not colour"):
        productboard(server, fields={"colour": "Colour"})
