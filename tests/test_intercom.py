"""The Intercom source against a stand-in workspace: the suite that every help desk keeps, and its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count, cycle
from pathlib import Path
from random import Random
from typing import Any

import pytest

from bot.domain import AccountHint, Page, Ticket
from bot.ports import Refused, Unavailable
from connectors.intercom import Intercom
from connectors.intercom.walk import Item, MarkLost, Place, Results, Walk
from tests.contract.sources import SINCE, Clock, Desk, SourceContract, ids, read, tickets
from tests.servers.base import Answer
from tests.servers.intercom import ADMIN, BOT, IntercomServer, said

NOW = datetime(2026, 11, 10, 9, 0, tzinfo=UTC)
ROOT = Path(__file__).parents[1]


class IntercomDesk(Desk):
    name = "intercom"
    listing = r"/conversations/search$"
    token = "tok-intercom-hush"

    def __init__(self, server: IntercomServer, clock: Clock) -> None:
        self.server = self.intercom = server
        self.clock = clock
        self.told = []
        company = server.add_company("Northwind", company_id="nw-1", website="https://www.northwind.example")
        self.contact = server.add_contact("ann@northwind.example", "Ann", external_id="u-1", companies=(company,))

    def source(self, *, token: str | None = None, **more: Any) -> Intercom:
        return Intercom(
            token=token or self.token,
            now=self.clock,
            base_url=self.intercom.url,
            patience=self.patience,
            sleep=self.clock.sleep,
            tell=self.told.append,
            **more,
        )

    def write(self, text: str) -> str:
        return f"intercom:{self.intercom.add_conversation(text, self.contact)}"

    def edit(self, ticket_id: str, text: str) -> None:
        self.intercom.edit(ticket_id.removeprefix("intercom:"), text)

    def delete(self, ticket_id: str) -> None:
        self.intercom.delete(ticket_id.removeprefix("intercom:"))


def a_desk(**how: Any) -> Iterator[IntercomDesk]:
    clock = Clock()
    server = IntercomServer(IntercomDesk.token, clock=clock, **{"page_size": 3, **how})
    with server:
        yield IntercomDesk(server, clock)


@pytest.fixture
def desk() -> Iterator[IntercomDesk]:
    yield from a_desk()


class TestIntercom(SourceContract):
    """Search takes a sort and compares dates by the second."""

    @pytest.fixture
    def desk(self) -> Iterator[Desk]:
        yield from a_desk()


class TestIntercomByDay(SourceContract):
    """Search compares dates by the day, as older workspaces do."""

    @pytest.fixture
    def desk(self) -> Iterator[Desk]:
        yield from a_desk(by_day=True)


class TestIntercomUnsorted(SourceContract):
    """Search takes no notice of a sort."""

    @pytest.fixture
    def desk(self) -> Iterator[Desk]:
        yield from a_desk(sorts="ignored")


def only(pages: list[Page]) -> Ticket:
    (ticket,) = tickets(pages).values()
    return ticket


# --- what a conversation says


def test_the_text_is_what_the_customer_wrote_and_nobody_else(desk: IntercomDesk) -> None:
    ann = desk.intercom.author(desk.contact)
    desk.intercom.add_conversation(
        "Exports stop at half.\nSince Monday.",
        desk.contact,
        parts=(
            said(ADMIN, "We are looking into it."),
            said(BOT, "Have you tried again?"),
            said(ann, "It is <b> still & broken"),
            said(ADMIN, "She is a big one.", part_type="note"),
            said(ann, "And the invoice, too", part_type="open"),
            said(ann, None, part_type="close"),
            said({"type": "lead", "id": "x", "email": None}, "I see it as well"),
        ),
    )
    desk.settle()
    assert only(read(desk)).body == (
        "Exports stop at half.\nSince Monday.\n\nIt is <b> still & broken\n\nAnd the invoice, too\n\nI see it as well"
    )


def test_a_conversation_that_we_began_counts_for_the_customer_who_answered_it(desk: IntercomDesk) -> None:
    ann = desk.intercom.author(desk.contact)
    outbound = {"author": ADMIN, "delivered_as": "admin_initiated", "subject": "How was it?"}
    desk.intercom.add_conversation("How do you like it?", desk.contact, source=outbound, parts=(said(ann, "It hangs"),))
    desk.settle()
    ticket = only(read(desk))
    assert (ticket.subject, ticket.body, ticket.requester.email) == ("", "It hangs", "ann@northwind.example")
    assert not ticket.requester.staff


def test_a_conversation_in_which_no_customer_spoke_is_staff(desk: IntercomDesk) -> None:
    desk.intercom.add_conversation("News!", desk.contact, source={"author": BOT}, parts=(said(ADMIN, "bump"),))
    desk.settle()
    ticket = only(read(desk))
    assert ticket.requester.staff and ticket.body == ""


def test_a_ticket_has_its_fields_and_opens_in_the_inbox_of_its_region(desk: IntercomDesk) -> None:
    desk.intercom.region = "EU"
    key = desk.intercom.add_conversation(
        "No export", desk.contact, title="Export", priority="priority", custom_attributes={"Product Area": "Reports"},
        tags={"type": "tag.list", "tags": [{"id": "5", "name": "export"}, {"id": "6", "name": "vip"}]},
    )  # fmt: skip
    desk.settle()
    ticket = only(list(desk.source(region="eu").pages()))
    assert ticket.url == f"https://app.eu.intercom.com/a/inbox/wk42/inbox/shared/all/conversation/{key}"
    assert (ticket.subject, ticket.status, ticket.priority, ticket.area) == ("Export", "open", "priority", "Reports")
    assert ticket.tags == ("export", "vip")
    assert ticket.created_at == Clock().at


def test_html_becomes_the_text_a_person_saw_where_plain_text_was_not_given(desk: IntercomDesk) -> None:
    body = "<p>Can't&nbsp;pay<br>again</p><ul><li>Visa</li></ul>"
    desk.intercom.add_ticket("Pay &amp; go", body, desk.contact)
    desk.settle()
    ticket = only(read(desk))
    assert ticket.body.replace("\xa0", " ").split("\n")[:2] == ["Can't pay", "again"] and "Visa" in ticket.body
    assert ticket.subject == "Pay &amp; go", "a title is no HTML"


def test_what_was_redacted_is_not_read_and_the_rest_is(desk: IntercomDesk) -> None:
    ann = desk.intercom.author(desk.contact)
    key = desk.intercom.add_conversation("My card is 4111", desk.contact, parts=(said(ann, "Help"), said(ann, "Pin 1")))
    desk.settle()
    cursor = read(desk)[-1].cursor
    desk.intercom.redact(key)
    desk.intercom.redact(key, 1)
    desk.settle()
    pages = read(desk, cursor)
    assert only(pages).body == "Help" and [i for p in pages for i in p.struck] == [f"intercom:{key}"]


def test_the_first_message_stays_when_intercom_shows_only_the_newest_500_parts(desk: IntercomDesk) -> None:
    ann = desk.intercom.author(desk.contact)
    desk.intercom.add_conversation(
        "The first word", desk.contact, parts=tuple(said(ann, f"part {n}") for n in range(10_000))
    )
    desk.settle()
    pages = read(desk)
    body = only(pages).body
    assert body.startswith("The first word\n\npart 9500\n") and body.endswith("part 9999")
    assert [w.code for p in pages for w in p.warnings] == ["intercom_cut"]


def test_a_text_of_a_megabyte_is_cut_and_said_so(desk: IntercomDesk) -> None:
    desk.write("The export hangs. " * 60_000)
    desk.settle()
    pages = read(desk)
    assert len(only(pages).body) == 100_000
    assert "1 Intercom conversation" in pages[-1].warnings[0].message


# --- who wrote


def test_the_account_is_the_company_of_the_contact(desk: IntercomDesk) -> None:
    desk.written(2)
    pages = read(desk)
    assert {t.account for t in tickets(pages).values()} == {AccountHint("nw-1", "Northwind", "northwind.example")}
    assert {t.requester.id for t in tickets(pages).values()} == {"u-1"}
    assert len(desk.server.sent("GET", "/companies$")) == 1, "a contact is asked for once a run"
    assert not desk.server.sent("GET", rf"/contacts/{desk.contact}$"), "the message says who wrote it"


def test_the_company_named_by_the_conversation_wins_over_others_of_the_contact(desk: IntercomDesk) -> None:
    theirs = desk.intercom.add_company("Contoso", company_id="c-9")
    both = desk.intercom.add_contact("bo@x.example", "Bo", companies=(*desk.intercom.companies,))
    desk.intercom.add_conversation("one", both, company_id=theirs)
    desk.settle()
    assert only(read(desk)).account == AccountHint("c-9", "Contoso", None)


def test_a_contact_without_a_company_or_that_is_deleted_leaves_what_the_message_says(desk: IntercomDesk) -> None:
    bo = desk.intercom.add_contact("bo@lone.example", "Bo", role="lead")
    desk.intercom.add_conversation("one", bo)
    gone = desk.intercom.add_contact("cy@gone.example", "Cy")
    desk.intercom.add_conversation("two", gone, company_id="nobodys")
    del desk.intercom.contacts[gone], desk.intercom.attached[gone]
    desk.settle()
    found = {t.requester.email: t for t in tickets(read(desk)).values()}
    assert found["bo@lone.example"].requester.id == bo
    assert found["cy@gone.example"].requester.name == "Cy"
    assert {t.account for t in found.values()} == {AccountHint()}


def test_a_contact_is_asked_for_where_the_message_does_not_say_who_wrote_it(desk: IntercomDesk) -> None:
    nameless = {"author": {"type": "user", "id": desk.contact}}
    desk.intercom.add_conversation("one", desk.contact, source=nameless)
    desk.settle()
    assert only(read(desk)).requester.email == "ann@northwind.example"


# --- Intercom's own tickets


def test_intercoms_tickets_are_tickets_too(desk: IntercomDesk) -> None:
    ann = desk.intercom.author(desk.contact)
    parts = {"ticket_parts": [said(ann, "<p>Any news?</p>"), said(ADMIN, "<p>No</p>")], "total_count": 2}
    key = desk.intercom.add_ticket("Refund", "<p>Please refund me</p>", desk.contact, ticket_parts=parts)
    desk.settle()
    ticket = only(read(desk))
    assert ticket.id == f"intercom:ticket-{key}"
    assert (ticket.subject, ticket.body) == ("Refund", "Please refund me\n\nAny news?")
    assert (ticket.status, ticket.account.name) == ("submitted", "Northwind")
    assert ticket.requester.email == "ann@northwind.example"


def test_a_ticket_made_of_a_conversation_is_not_counted_again(desk: IntercomDesk) -> None:
    (conversation,) = desk.written(1)
    linked = {"type": "list", "data": [{"type": "conversation", "id": conversation.removeprefix("intercom:")}]}
    key = desk.intercom.add_ticket("Export", "stops", desk.contact, linked_objects=linked)
    desk.settle()
    pages = read(desk)
    assert ids(pages) == [conversation]
    assert [r.where for p in pages for r in p.rejects] == [f"ticket ticket-{key}"]


def test_the_teams_own_tickets_are_staff(desk: IntercomDesk) -> None:
    desk.intercom.add_ticket("Look at the queue", None, desk.contact, category="Back-office")
    desk.intercom.add_ticket("Exports are down", None, desk.contact, category="Tracker")
    desk.settle()
    assert [t.requester.staff for t in tickets(read(desk)).values()] == [True, True]


@pytest.mark.parametrize("status", [401, 403])
def test_tickets_that_may_not_be_read_are_said_to_be_missing_and_conversations_come(
    desk: IntercomDesk, status: int
) -> None:
    written = desk.written(2)
    desk.server.fail("refuse", "/tickets/search", status=status)
    pages = read(desk)
    assert sorted(ids(pages)) == sorted(written)
    (warning,) = pages[-1].warnings
    assert warning.code == "intercom_tickets_unread" and "sources.intercom.token" in warning.message
    key = desk.intercom.add_ticket("Refund", "Please", desk.contact)
    desk.settle()
    assert ids(read(desk, pages[-1].cursor)) == [f"intercom:ticket-{key}"], "they are read when they may be"


def test_a_workspace_without_tickets_is_whole_without_them(desk: IntercomDesk) -> None:
    written = desk.written(2)
    desk.server.fail("refuse", "/tickets/search", status=404)
    pages = read(desk)
    assert sorted(ids(pages)) == sorted(written) and not pages[-1].warnings


# --- what is left out, and what is deleted


def test_what_is_excluded_is_a_tombstone_even_when_it_was_read_before(desk: IntercomDesk) -> None:
    spam = {"type": "tag.list", "tags": [{"id": "5", "name": "Spam"}]}
    kept = desk.intercom.add_conversation("one", desk.contact)
    tagged = desk.intercom.add_conversation("two", desk.contact, tags=spam)
    sales = desk.intercom.add_conversation("three", desk.contact, team_assignee_id=77)
    desk.settle()
    pages = list(desk.source(exclude_tags=["spam"], exclude_teams=[77]).pages())
    assert ids(pages) == [f"intercom:{kept}"]
    assert {t for p in pages for t in p.tombstones} == {f"intercom:{tagged}", f"intercom:{sales}"}


def test_a_conversation_that_vanishes_between_search_and_reading_is_a_tombstone(desk: IntercomDesk) -> None:
    written = desk.written(3)
    desk.server.fail("refuse", rf"/conversations/{written[1].removeprefix('intercom:')}$", status=404)
    pages = read(desk)
    assert ids(pages) == [written[0], written[2]]
    assert [t for p in pages for t in p.tombstones] == [written[1]]


def test_many_deletions_over_several_pages_are_each_told_once(desk: IntercomDesk) -> None:
    written = desk.written(150)
    cursor = read(desk)[-1].cursor
    for key in written[:130]:
        desk.delete(key)
    desk.settle()
    after = read(desk, cursor)
    assert sorted(t for p in after for t in p.tombstones) == sorted(written[:130])
    assert not [t for p in read(desk, after[-1].cursor) for t in p.tombstones]


def test_deletions_that_could_not_be_asked_for_are_told_by_the_next_sync(desk: IntercomDesk) -> None:
    written = desk.written(3)
    cursor = read(desk)[-1].cursor
    desk.delete(written[0])
    desk.settle()
    desk.server.fail("refuse", "/conversations/deleted", status=500, times=1)
    after = read(desk, cursor)
    assert not [t for p in after for t in p.tombstones] and not desk.clock.slept
    assert [t for p in read(desk, after[-1].cursor) for t in p.tombstones] == [written[0]]


def test_a_workspace_that_tells_no_deletions_is_read_all_the_same(desk: IntercomDesk) -> None:
    desk.intercom.tells_deletions = False
    written = desk.written(3)
    cursor = read(desk)[-1].cursor
    desk.edit(written[0], "again")
    desk.settle()
    assert ids(read(desk, cursor)) == [written[0]]
    (warned,) = [f for f in desk.source().check() if f.state != "ok"]
    assert warned.state == "warn" and "deleted" in warned.message and warned.mend


# --- paging and cursors


@pytest.mark.parametrize("how", [{}, {"by_day": True}, {"sorts": "ignored"}, {"sorts": "refused"}], ids=str)
def test_more_changes_in_one_second_than_fit_on_a_page_are_all_read_once(how: dict[str, Any]) -> None:
    for desk in a_desk(**how):
        written = [desk.write(f"macro {n}") for n in range(11)]
        desk.settle()
        written += desk.written(5)
        pages = read(desk)
        assert sorted(ids(pages)) == sorted(written)
        for n, page in enumerate(pages):
            assert sorted(ids(read(desk, page.cursor))) == sorted(ids(pages[n + 1 :]))


def test_the_sdks_pager_is_not_used_and_150_are_asked_for_in_order_of_change(desk: IntercomDesk) -> None:
    desk.written(7)
    read(desk)
    asked = [r.json for r in desk.server.sent("POST", "/conversations/search")]
    assert len(asked) >= 3
    orders = [body["sort"]["order"] for body in asked]
    assert orders.count("descending") == 1, "once, to see that it sorts"
    for body in asked:
        assert body["pagination"]["per_page"] == (1 if body["sort"]["order"] == "descending" else 150)
        assert body["sort"]["field"] == "updated_at"
        (newer,) = body["query"]["value"]
        assert body["query"]["operator"] == "AND" and (newer["field"], newer["operator"]) == ("updated_at", ">")


def test_every_request_names_its_api_version_and_the_configured_token(
    desk: IntercomDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INTERCOM_API_KEY", "of-another-workspace")
    desk.written(3)
    cursor = read(desk)[-1].cursor
    desk.settle()
    read(desk, cursor)
    sent = desk.server.requests
    assert {r.headers["authorization"] for r in sent} == {f"Bearer {desk.token}"}
    versions = {(r.path == "/conversations/deleted", r.headers["intercom-version"]) for r in sent}
    assert versions == {(False, "2.14"), (True, "2.16")}


def test_marks_that_expire_in_the_middle_lose_nothing(desk: IntercomDesk) -> None:
    for how in ({"by_day": True}, {"sorts": "ignored"}):
        for other in a_desk(**how):
            written = other.written(11)
            found = []
            for n, page in enumerate(other.source().pages(since=SINCE)):
                found += ids([page])
                if n == 1:
                    other.intercom.expire_marks()
            assert set(found) == set(written), how


def test_a_cursor_with_an_expired_mark_reads_on_from_the_last_known_place() -> None:
    for desk in a_desk(sorts="ignored"):
        written = desk.written(8)
        first = next(iter(desk.source().pages(since=SINCE)))
        assert "mark" in json.loads(first.cursor or "")["conversations"]
        desk.intercom.expire_marks()
        assert set(written) - set(ids([first])) <= set(ids(read(desk, first.cursor)))


def test_a_mark_that_never_lives_ends_as_unavailable() -> None:
    keys = count()

    def forgotten(since: int, mark: str | None) -> Results:
        if mark is not None:
            raise MarkLost
        return Results([Item(str(next(keys)), 500, {}), Item(str(next(keys)), 400, {})], "m")

    with pytest.raises(Unavailable, match="does not go on"):
        list(Walk(Scripted(forgotten), Place(), lambda: 10_000).steps())


def test_a_change_that_the_search_shows_late_is_not_lost(desk: IntercomDesk) -> None:
    written = desk.written(3)
    late = desk.intercom.conversations.pop(written[2].removeprefix("intercom:"))
    newer = desk.write("Written later, and seen earlier.")
    seen = read(desk)
    assert written[2] not in ids(seen) and newer in ids(seen)
    desk.intercom.conversations[late["id"]] = {**late, "updated_at": int(desk.clock().timestamp()) - 60}
    desk.settle()
    assert ids(read(desk, seen[-1].cursor)) == [written[2]], "and what was seen does not come again"


def test_a_search_that_does_not_sort_and_looks_sorted_loses_nothing_when_reading_ends_early() -> None:
    for desk in a_desk(sorts="ignored"):
        written = desk.written(9)
        rows = [desk.intercom.conversations[key.removeprefix("intercom:")] for key in written]
        start = int(desk.clock().timestamp()) - 9_000
        for row, changed in zip(reversed(rows), (50, 60, 70, 10, 20, 30, 5, 80, 90), strict=True):
            row["updated_at"] = start + changed
        first = next(iter(desk.source().pages(since=SINCE)))
        assert len(first.tickets) == 3
        assert sorted(ids([first]) + ids(read(desk, first.cursor))) == sorted(written)


def test_a_sync_in_which_nothing_changed_asks_once(desk: IntercomDesk) -> None:
    desk.written(2)
    cursor = read(desk)[-1].cursor
    desk.server.requests.clear()
    again = read(desk, cursor)
    assert ids(again) == [] and len(again) == 1 and again[0].high_water
    assert len(desk.server.sent("POST", "/conversations/search")) == 1


class Scripted:
    """A search that answers as told, and sorts as it says."""

    def __init__(self, answer: Callable[[int, str | None], Results], latest: int | None = None) -> None:
        self._answer = answer
        self._latest = latest

    def __call__(self, since: int, mark: str | None) -> Results:
        return self._answer(since, mark)

    def latest(self, since: int) -> int | None:
        return self._latest


def circling(*pages: Results) -> Iterator[Scripted]:
    """These pages for ever, whatever is asked for, sorted by its own account and not."""
    for latest in (None, 9_000):
        around = cycle(pages)
        yield Scripted(lambda since, mark, around=around: next(around), latest)


@pytest.mark.parametrize(
    "searches",
    [
        circling(Results([Item("1", 500, {}), Item("2", 600, {})], "m")),
        circling(Results([Item("1", 500, {})], "m"), Results([Item("2", 400, {})], "n")),
        circling(Results([], "m")),
        circling(Results([Item("1", None, {})], "m")),
    ],
    ids=["the same page", "two in turn", "empty pages", "without a date"],
)
def test_a_search_that_never_ends_is_unavailable_and_each_result_came_few_times(searches: Iterator[Scripted]) -> None:
    for search in searches:
        found: list[str] = []
        with pytest.raises(Unavailable, match="again and again"):
            for step in Walk(search, Place(), lambda: 10_000).steps():
                found += [item.key for item in step.fresh]
        assert len(found) <= 6


def test_an_order_that_breaks_after_it_was_believed_is_read_again_from_the_beginning() -> None:
    later = {600: Results([Item("2", 600, {}), Item("3", 590, {})], "n")}
    first = iter([Results([Item("1", 500, {}), Item("2", 600, {})], "m"), Results([Item("4", 100, {})])])
    search = Scripted(lambda since, mark: later.get(since) or next(first), latest=9_000)
    steps = list(Walk(search, Place(), lambda: 10_000).steps())
    assert [item.key for item in steps[-1].fresh] == ["4"]


def test_a_page_that_came_twice_is_read_once() -> None:
    one, two = Results([Item("1", 500, {})], "m"), Results([Item("2", 600, {})], None)
    pages = iter([one, one, two])
    steps = list(Walk(Scripted(lambda since, mark: next(pages)), Place(), lambda: 10_000).steps())
    assert [item.key for step in steps for item in step.fresh] == ["1", "2"]


# --- answers that are not what was promised

ODD: list[Any] = [None, 7, "text", [], ["x"], {}, {"data": 1}, True]
FIELDS = (
    "source", "contacts", "tags", "conversation_parts", "title", "state", "priority", "custom_attributes",
    "company_id", "team_assignee_id",
)  # fmt: skip


@pytest.mark.parametrize("field", FIELDS)
def test_a_mistyped_field_spoils_no_other_and_no_other_conversation(desk: IntercomDesk, field: str) -> None:
    expected = set()
    for odd in ODD:
        key = desk.intercom.add_conversation("A text", desk.contact, parts=())
        desk.intercom.conversations[key][field] = odd
        expected.add(key)
    sound = desk.write("Sound")
    desk.settle()
    pages = read(desk)
    assert sound in ids(pages)
    rejected = {r.where.removeprefix("conversation ") for p in pages for r in p.rejects}
    assert {i.removeprefix("intercom:") for i in ids(pages)} - {sound.removeprefix("intercom:")} | rejected == expected
    assert not rejected, "one message can still be read"


@pytest.mark.parametrize("odd", ODD, ids=str)
def test_mistyped_parts_authors_and_companies_are_none(desk: IntercomDesk, odd: Any) -> None:
    ann = desk.intercom.author(desk.contact)
    parts = {"conversation_parts": [odd, {"author": odd, "body": "x"}, {"author": ann, "body": odd}, said(ann, "Seen")]}
    key = desk.intercom.add_conversation("First", desk.contact)
    desk.intercom.conversations[key]["conversation_parts"] = parts
    company = next(iter(desk.intercom.companies.values()))
    company.update(name=odd, website=odd)
    desk.intercom.contacts[desk.contact]["email"] = odd
    desk.settle()
    body = only(read(desk)).body
    assert body.startswith("First") and body.endswith("Seen")


def test_a_conversation_without_any_readable_message_is_a_reject(desk: IntercomDesk) -> None:
    key = desk.intercom.add_conversation("Lost", desk.contact, source={})
    desk.intercom.conversations[key].update(source="?", conversation_parts=None)
    desk.settle()
    pages = read(desk)
    assert ids(pages) == [] and [r.where for p in pages for r in p.rejects] == [f"conversation {key}"]


def test_a_result_without_an_id_is_reported_and_the_page_is_read(desk: IntercomDesk) -> None:
    written = desk.written(2)
    for odd in (None, "../admins", {"a": 1}):
        key = desk.intercom.add_conversation("Odd", desk.contact)
        desk.intercom.conversations[key]["id"] = odd
    desk.settle()
    pages = list(desk.source().pages())
    assert set(ids(pages)) == set(written)
    assert [r.why for p in pages for r in p.rejects] == ["a result has no id that can be read"]


def test_a_conversation_without_dates_is_read_once_a_walk() -> None:
    search = Scripted(lambda since, mark: Results([Item("a", None, {}), Item("b", 900, {})]))
    (step,) = Walk(search, Place(500), lambda: 10_000).steps()
    assert [i.key for i in step.fresh] == ["a", "b"] and step.place.second == 900


@pytest.mark.parametrize(
    "answer",
    [{}, {"conversations": None}, {"conversations": {}}, {"conversations": [], "pages": {"next": "https://x.example"}}],
    ids=str,
)
def test_a_search_answer_of_another_form_is_unavailable_and_not_an_empty_desk(
    desk: IntercomDesk, answer: dict[str, Any]
) -> None:
    desk.intercom.routes[1] = ("POST", "/conversations/search", lambda _: Answer(200, answer))
    with pytest.raises(Unavailable):
        read(desk)


def test_a_result_that_is_no_object_hides_no_other_result(desk: IntercomDesk) -> None:
    (written,) = desk.written(1)
    row = desk.intercom.conversations[written.removeprefix("intercom:")]
    told = {"conversations": ["x", {**row, "conversation_parts": None}], "pages": {"next": None}}
    desk.intercom.routes[1] = ("POST", "/conversations/search", lambda _: Answer(200, told))
    pages = read(desk)
    assert ids(pages) == [written] and [r for p in pages for r in p.rejects]


# --- bad days


def test_a_rate_limit_is_waited_for_until_it_is_reset(desk: IntercomDesk) -> None:
    written = desk.written(4)
    reset = str(int(desk.clock().timestamp()) + 8)
    desk.server.fail("refuse", r"/conversations/\d+$", status=429, headers={"X-RateLimit-Reset": reset}, skip=2)
    assert sorted(ids(read(desk))) == sorted(written)
    assert desk.clock.slept == [8] and desk.told == ["Intercom asks us to slow down (429); waiting 8 s"]


@pytest.mark.parametrize("reset", ["0", "soon", "99999999999999", "-5"])
def test_a_reset_that_makes_no_sense_is_bounded(desk: IntercomDesk, reset: str) -> None:
    desk.written(1)
    desk.server.fail("refuse", desk.listing, status=429, headers={"X-RateLimit-Reset": reset})
    read(desk)
    assert desk.clock.slept == [1]


@pytest.mark.parametrize("path", ["/me$", r"/conversations/\d+$", "/companies$", "/tickets/search$"])
@pytest.mark.parametrize("fault", [{"kind": "refuse", "status": 500}, {"kind": "drop"}, {"kind": "truncate"}], ids=str)
def test_a_fault_of_any_request_passes(desk: IntercomDesk, path: str, fault: dict[str, Any]) -> None:
    written = desk.written(4)
    desk.server.fail(**fault, path=path, times=2)
    assert sorted(ids(read(desk))) == sorted(written)
    assert desk.clock.slept == [1, 2]


@pytest.mark.parametrize(
    ("status", "mend"),
    [(401, "sources.intercom.region"), (403, "read conversations"), (302, "sources.intercom.region")],
)
def test_a_refusal_names_its_mend(desk: IntercomDesk, status: int, mend: str) -> None:
    desk.written(1)
    headers = {"Location": "https://elsewhere.example/"} if status == 302 else {}
    desk.server.fail("refuse", desk.listing, status=status, headers=headers, times=9)
    with pytest.raises(Refused, match=mend) as refused:
        read(desk)
    assert "sources.intercom.token" in str(refused.value) and not desk.clock.slept


def test_a_missing_right_to_contacts_refuses_the_first_page(desk: IntercomDesk) -> None:
    desk.written(1)
    desk.intercom.scopes.discard("contacts")
    with pytest.raises(Refused, match="permission to read users and companies"):
        next(iter(desk.source().pages()))


@pytest.mark.parametrize("odd", [None, "text", 0, True, 10**12])
def test_what_has_no_date_is_told_as_not_readable_since_it_is_in_no_window(desk: IntercomDesk, odd: Any) -> None:
    key = desk.intercom.add_conversation("A text", desk.contact)
    desk.intercom.conversations[key]["created_at"] = odd
    desk.settle()
    pages = read(desk)
    assert [r.where for p in pages for r in p.rejects] == [f"conversation {key}"] and not ids(pages)


def test_a_workspace_of_another_region_is_refused_with_its_region(desk: IntercomDesk) -> None:
    desk.intercom.region = "AU"
    with pytest.raises(Refused, match=r"set sources\.intercom\.region to au"):
        next(iter(desk.source(region="eu").pages()))
    (finding,) = desk.source(region="eu").check()
    assert (finding.state, finding.mend) == ("fail", "Set sources.intercom.region to au.")


@pytest.mark.parametrize("token", ["", "  ", "tok\nen", "tök"])
def test_a_token_that_can_not_be_sent_is_refused_and_not_shown(desk: IntercomDesk, token: str) -> None:
    source = Intercom(token=token, now=desk.clock, base_url=desk.server.url)
    with pytest.raises(Refused) as refused:
        next(iter(source.pages()))
    assert "sources.intercom.token" in str(refused.value) and (not token.strip() or token not in str(refused.value))
    assert [f.state for f in source.check()] == ["fail"] and not desk.server.requests


@pytest.mark.parametrize(("scope", "words"), [("conversations", "read conversations"), ("contacts", "read users and")])
def test_check_names_the_missing_right(desk: IntercomDesk, scope: str, words: str) -> None:
    desk.written(1)
    desk.intercom.scopes.discard(scope)
    (failed,) = [f for f in desk.source().check() if f.state == "fail"]
    assert words in failed.message and words in failed.mend and failed.name == "intercom"


def test_a_conversation_that_intercom_will_not_show_is_a_reject(desk: IntercomDesk) -> None:
    written = desk.written(3)
    desk.server.fail("refuse", rf"/conversations/{written[1].removeprefix('intercom:')}$", status=422)
    pages = read(desk)
    assert ids(pages) == [written[0], written[2]]
    assert [r.why for p in pages for r in p.rejects] == ["Intercom would not show it (422)"]


# --- scale, and being killed


MEMORY = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from connectors.intercom import Intercom

source = Intercom(token="t", base_url=sys.argv[1], now=lambda: datetime(2026, 11, 10, 9, tzinfo=UTC), patience=5)
for page in source.pages():
    resident = int(Path("/proc/self/statm").read_text().split()[1]) * 4096
    print(len({t.id for t in page.tickets}), resident, flush=True)
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from /proc")
def test_memory_stays_flat_over_5000_conversations_at_150_a_page() -> None:
    with IntercomServer("t", clock=lambda: NOW) as server:
        contacts = [server.add_contact(f"p{n}@c{n}.example", f"P {n}") for n in range(300)]
        for n in range(5_000):
            at = int(NOW.timestamp()) - 3_000_000 + 300 * n
            server.add_conversation(f"Export {n} stops. " * 40, contacts[n % 300], at=at)
        reader = [sys.executable, "-c", MEMORY, server.url]
        told = subprocess.run(reader, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    pages = [tuple(map(int, line.split())) for line in told.splitlines()]
    assert sum(count for count, _ in pages) == 5_000
    assert len(pages) == 35, "34 pages of 150 and the last word"
    resident = [size for _, size in pages]
    assert max(resident) < 300_000_000, f"{max(resident):,} bytes"
    assert resident[-1] - resident[5] < 20_000_000, f"{resident[5]:,} -> {resident[-1]:,} bytes"


KILLED = """
import os, sys
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from connectors.intercom import Intercom

out = Path(sys.argv[2])
cursor = out.read_text().splitlines()[-1].split(" ", 1)[1] if out.exists() else None
source = Intercom(token="t", base_url=sys.argv[1], now=lambda: datetime(2026, 11, 10, 9, tzinfo=UTC))
for n, page in enumerate(source.pages(cursor)):
    with out.open("a") as file:
        file.write(",".join(t.key for t in page.tickets) + " " + page.cursor + "\\n")
    if n == 1 and len(sys.argv) > 3:
        os.kill(os.getpid(), 9)
"""


def test_a_killed_reading_goes_on_in_another_process_and_loses_and_repeats_nothing(tmp_path: Path) -> None:
    out = tmp_path / "read"
    with IntercomServer("t", clock=lambda: NOW, page_size=3) as server:
        contact = server.add_contact("a@b.example", "A")
        start = int((NOW - timedelta(days=3)).timestamp())
        keys = [server.add_conversation(f"c {n}", contact, at=start + n) for n in range(14)]
        reader = [sys.executable, "-c", KILLED, server.url, str(out)]
        for _ in range(3):
            assert subprocess.run([*reader, "kill"], cwd=ROOT, check=False).returncode == -9
        subprocess.run(reader, cwd=ROOT, check=True)
    got = [key for line in out.read_text().splitlines() for key in line.split(" ")[0].split(",") if key]
    assert sorted(got) == sorted(keys)


# --- whatever a search does


class Whim:
    """A search over `rows` (key -> second of change) that pages by keyset, in one of the manners seen or documented."""

    def __init__(self, rows: dict[str, int], luck: Random) -> None:
        self.rows = rows
        self.sorts = luck.choice([True, True, False])
        self.by_day = luck.choice([False, False, True])
        self.or_equal = luck.choice([True, False])
        self.per_page = luck.randint(2, 7)
        self.era = 0
        self._salt = luck.randint(0, 10_000)

    def __call__(self, since: int, mark: str | None) -> Results:
        found = sorted(self._newer(since), key=self._rank)
        if mark is not None:
            era, *behind = json.loads(mark)
            if era != self.era:
                raise MarkLost
            found = [row for row in found if self._rank(row) > tuple(behind)]
        page = found[: self.per_page]
        more = json.dumps([self.era, *self._rank(page[-1])]) if len(found) > len(page) else None
        return Results([Item(key, changed, {}) for key, changed in page], more, len(found))

    def latest(self, since: int) -> int | None:
        found = self._newer(since)
        if not found:
            return None
        return max(changed for _, changed in found) if self.sorts else min(found, key=self._rank)[1]

    def _newer(self, since: int) -> list[tuple[str, int]]:
        value = max(0, since - 1)
        if self.by_day:
            return [(k, c) for k, c in self.rows.items() if c // 86_400 > value // 86_400]
        return [(k, c) for k, c in self.rows.items() if c > value - self.or_equal]

    def _rank(self, row: tuple[str, int]) -> tuple[int, int]:
        number = int(row[0])
        return (row[1], number) if self.sorts else ((number * 7_919 + self._salt) % 10_007, number)


@pytest.mark.parametrize("seed", range(300))
def test_edits_crashes_and_lost_marks_lose_nothing_whatever_the_search_does(seed: int) -> None:
    luck, clock = Random(seed), Clock()

    def now() -> int:
        return int(clock().timestamp())

    rows = {str(n): now() - luck.choice([5, 50, 300, 100_000]) * luck.randint(1, 4) for n in range(luck.randint(0, 40))}
    search, place, got = Whim(rows, luck), Place(luck.choice([0, now() - 1_000])), dict[str, int | None]()
    since = place.second
    for quiet in [False] * luck.randint(1, 4) + [True, True]:
        for step in Walk(search, place, now).steps():
            got.update({item.key: item.changed for item in step.fresh})
            place = step.place
            if not quiet and luck.random() < 0.4:
                clock.sleep(luck.choice([0, 1, 60, 400]))
                rows[str(luck.randint(0, len(rows)))] = now()
                search.era += luck.random() < 0.03
                if luck.random() < 0.15:
                    break  # killed
        clock.sleep(luck.choice([500, 100_000]))
    assert {k: got.get(k) for k, c in rows.items() if c >= since} == {k: c for k, c in rows.items() if c >= since}
    assert not [i for step in Walk(search, place, now).steps() for i in step.fresh], "nothing comes again"
