"""The Dovetail sink against a stand-in: one doc and each ticket's masked text once, whatever happens."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from bot.acts import Absent, Act, Found, Undecided
from bot.domain import Ticket
from bot.ports import Refused, Unavailable, Unknown
from connectors.dovetail import Dovetail
from tests.contract.sinks import NIGHTINGALE, Place, SinkContract, draft_of, told_draft
from tests.servers.dovetail import CHANNEL, PROJECT, TOKEN, DovetailServer

DOCS = r"^/api/v1/docs$"
DATA = r"^/api/v1/channels/data$"


def masked(run_key: str, shown: str) -> Ticket | None:
    return Ticket("zendesk", shown, f"Subject of {shown}", f"Body of {shown}, from [email]. {NIGHTINGALE}")


def dovetail(server: DovetailServer, **more: Any) -> Dovetail:
    told: dict[str, Any] = {"token": TOKEN, "base_url": server.base_url, "timeout": 0.5, "settle": 0.0}
    return Dovetail(**{**told, "project": PROJECT, "channel": CHANNEL, "transcripts": masked, **more})


@pytest.fixture(scope="module")
def running() -> Iterator[DovetailServer]:
    with DovetailServer() as server:
        assert isinstance(server, DovetailServer)
        yield server


@pytest.fixture
def server(running: DovetailServer) -> DovetailServer:
    running.clean()
    return running


class DovetailPlace(Place):
    writing, reading, token = DOCS, "^/api/v1/(docs|channels|token)", TOKEN

    def __init__(self, server: DovetailServer) -> None:
        self.server = self.dovetail = server

    def outlet(self, *, token: str | None = None, url: str | None = None) -> Dovetail:
        base = f"{url}/api/v1" if url else self.dovetail.base_url
        return dovetail(self.dovetail, token=token or TOKEN, base_url=base)

    def act(self) -> Act:
        return self.outlet().plan(told_draft())[0]

    def made(self) -> list[str]:
        return [doc.id for doc in self.dovetail.docs if self.act().marker in doc.told["title"]]

    def others(self, count: int) -> None:
        self.dovetail.others(count)

    def blind(self) -> None:
        self.dovetail.docs[-2].hidden = True


class TestDovetail(SinkContract):
    @pytest.fixture
    def place(self, server: DovetailServer) -> Place:
        return DovetailPlace(server)


def few(tickets: int = 2) -> Any:
    draft = draft_of()  # the link of its first ticket is none that can be followed
    return replace(draft, theme=replace(draft.theme, evidence=draft.theme.evidence[1 : 1 + tickets]))


def test_each_ticket_of_the_theme_goes_into_the_channel_as_it_is_masked_with_where_it_came_from(
    server: DovetailServer,
) -> None:
    sink, draft = dovetail(server), few()
    doc, *points = sink.plan(draft)
    made = sink.do(doc)
    for point in points:
        sink.do(replace(point, parent=made.ref))
    rows = draft.theme.evidence
    assert [p.told["metadata"]["ticket"] for p in server.data] == [row.ticket_id for row in rows]
    first = server.data[0].told
    assert first["text"] == f"Subject of {rows[0].ticket_id}\n\n{masked('', rows[0].ticket_id).body}"  # type: ignore[union-attr]
    assert first["channel_id"] == CHANNEL and first["source_url"] == rows[0].url is not None
    assert datetime.fromisoformat(first["timestamp"]) == rows[0].created_at
    assert first["metadata"]["theme"] == draft.theme.id


def test_no_text_of_a_ticket_is_planned(server: DovetailServer) -> None:
    planned = repr([act.payload for act in dovetail(server).plan(few())[1:]])
    assert "nightingale" not in planned and "Body of" not in planned


def test_a_ticket_whose_text_was_withdrawn_meanwhile_is_refused_and_not_sent(server: DovetailServer) -> None:
    gone = dovetail(server, transcripts=lambda run, shown: Ticket("zendesk", shown, "", ""))
    point = gone.plan(few())[1]
    with pytest.raises(Refused, match="is not kept any more"):
        gone.do(replace(point, parent="doc1"))
    assert not server.sent("POST", DATA)


def test_the_doc_has_the_counts_and_a_link_to_each_ticket_and_hostile_words_are_text(server: DovetailServer) -> None:
    draft = few(3)
    words = replace(draft.theme.words, problem="<script>alert(1)</script>")
    draft = replace(draft, theme=replace(draft.theme, words=words))
    sink = dovetail(server)
    sink.do(sink.plan(draft)[0])
    told = server.docs[0].told
    assert "<script>" not in told["content"] and "&lt;script&gt;" in told["content"]
    assert told["content"].count('<a href="') == 3 and f"{draft.theme.counts.tickets} tickets" in told["content"]
    assert told["content_type"] == "html"


def test_a_data_point_whose_answer_was_lost_is_found_and_stays_one(server: DovetailServer) -> None:
    sink = dovetail(server)
    doc, point, *_ = sink.plan(few())
    point = replace(point, parent=sink.do(doc).ref)
    hint = sink.mark(point)
    assert sink.find(point, hint) == Absent()
    server.fail("lose", path=DATA)
    with pytest.raises(Unknown):
        sink.do(point)
    seen = dovetail(server).find(point, hint)
    assert isinstance(seen, Found) and [p.id for p in server.data] == [seen.receipt.ref]
    assert sink.do(point) == seen.receipt and len(server.data) == 1


def test_a_list_that_does_not_show_whose_a_data_point_is_proves_nothing(server: DovetailServer) -> None:
    server.bare = True
    sink = dovetail(server)
    doc, point, *_ = sink.plan(few())
    point = replace(point, parent=sink.do(doc).ref)
    hint = sink.mark(point)
    sink.do(point)
    assert isinstance(sink.find(point, hint), Undecided)


def test_many_pages_are_read_to_the_end_and_a_cursor_that_comes_again_proves_nothing(server: DovetailServer) -> None:
    server.page = 2
    server.others(3)
    sink = dovetail(server)
    act = sink.plan(few())[0]
    hint = sink.mark(act)
    made = sink.do(act)
    server.others(3)
    assert sink.find(act, hint) == Found(made)
    server.stuck, server.docs[3].told["title"] = True, "Renamed by somebody"
    assert isinstance(sink.find(act, hint), Undecided)
    with pytest.raises(Unavailable):
        sink.twins(act)


def test_it_is_not_ruled_out_while_it_may_be_under_way(server: DovetailServer) -> None:
    sink = dovetail(server, settle=120.0)
    act = sink.plan(few())[0]
    assert isinstance(sink.find(act, sink.mark(act)), Undecided)


def test_an_undo_marks_the_title_as_it_is_by_then_and_deletes_nothing(server: DovetailServer) -> None:
    sink, draft = dovetail(server), few()
    made = sink.do(sink.plan(draft)[0])
    server.docs[0].told["title"] = "Renamed by Dana"
    (withdrawal,) = sink.withdrawal(draft, made)
    sink.do(withdrawal)
    sink.do(withdrawal)
    assert server.docs[0].told["title"] == "Withdrawn: Renamed by Dana"
    assert not [r for r in server.requests if r.method == "DELETE"]


@pytest.mark.parametrize(("days", "state"), [(20, "ok"), (7, "warn"), (0, "warn"), (-1, "warn")])
def test_a_token_that_is_about_to_end_is_warned_of(server: DovetailServer, days: int, state: str) -> None:
    server.expires = (datetime.now(UTC) + timedelta(days=days)).isoformat()
    token = dovetail(server).check()[1]
    assert token.state == state and bool(token.mend) == (state == "warn")


def test_where_dovetail_does_not_tell_when_the_token_ends_the_settings_do(server: DovetailServer) -> None:
    assert dovetail(server).check()[1].state == "ok"
    ends = datetime.now(UTC).date() + timedelta(days=1)
    assert "in 1 day (" in dovetail(server, token_ends=ends).check()[1].message
    assert dovetail(server, token_ends=date(2020, 1, 1)).check()[1].state == "warn"


def test_a_token_that_has_ended_and_a_channel_that_is_not_there_are_faults_with_a_mend(server: DovetailServer) -> None:
    for wrong in (dovetail(server, token="api.old"), dovetail(server, channel="elsewhere")):
        (found,) = wrong.check()
        assert found.state == "fail" and "GROUNDSWELL_DOVETAIL__TOKEN" in found.mend


def test_a_channel_that_would_lead_elsewhere_is_a_fault_of_the_settings(server: DovetailServer) -> None:
    with pytest.raises(ValueError, match=r"dovetail\.channel"):
        dovetail(server, channel="../projects")
