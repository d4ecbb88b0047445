"""Zendesk in depth, against the stand-in: what a ticket says, bad answers, places lost, and what never leaves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.domain import AccountHint, Page, Requester, Ticket
from bot.ports import Refused, Unavailable
from connectors.patience import Patience
from connectors.zendesk import Zendesk
from connectors.zendesk.account import Account
from connectors.zendesk.tickets import LONGEST
from connectors.zendesk.wire import Line
from tests.contract.sources import SINCE, Clock, ids, tickets
from tests.servers.base import Answer, Request
from tests.servers.zendesk import ZendeskServer

EXPORT = r"/api/v2/incremental/tickets/cursor\.json"
SEARCH = r"/api/v2/search/export\.json"
WRITTEN = "2026-10-01T10:00:00Z"


class World:
    """A stand-in with one clock, and sources that read it."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.told: list[str] = []
        self.server = ZendeskServer(clock=self.clock)
        self.org = self.server.add_organization("Quill Ltd", "quill.example", "quill.test")
        self.ada = self.server.add_user("Ada Quill", "ada@quill.example", organization=self.org)
        self.agent = self.server.add_user("Sam", "sam@acme.example", role="agent")

    def source(self, **more: Any) -> Zendesk:
        asked = {
            "subdomain": "acme",
            "token": "zendesk-secret",
            "email": "bot@acme.example",
            "base_url": self.server.url,
            "now": self.clock,
            "sleep": self.clock.sleep,
            "tell": self.told.append,
        }
        return Zendesk(**{**asked, **more})

    def write(self, subject: str = "Export", body: str = "It stops.", **more: Any) -> int:
        key = self.server.add_ticket(more.pop("requester", self.ada), subject, body, **more)
        self.clock.at += timedelta(minutes=2)
        return key

    def read(self, cursor: str | None = None, **more: Any) -> list[Page]:
        return list(self.source(**more).pages(cursor, since=SINCE))

    def one(self, **more: Any) -> Ticket:
        (found,) = tickets(self.read(**more)).values()
        return found

    def answer(self, path: str, *bodies: Any) -> None:
        """The path answers one body after the other, and then the last one for ever."""
        left = list(bodies)

        def served(_: Request) -> Answer:
            body = left.pop(0) if len(left) > 1 else left[0]
            return body if isinstance(body, Answer) else Answer(200, body)

        self.server.routes.insert(0, ("GET", path, served))


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    with made.server:
        yield made


# --- what a ticket says


def test_a_ticket_says_all_that_zendesk_knows_of_it(world: World) -> None:
    area = world.server.add_field("Product area", {"area_export": "Export", "area_billing": "Billing"})
    key = world.write(tags=["vip"], fields={area: "area_export"}, priority="high", score="bad_with_comment")
    ticket = world.one(area_field="product AREA")
    assert ticket == Ticket(
        source="zendesk",
        key=str(key),
        subject="Export",
        body="It stops.",
        requester=Requester(str(world.ada), "ada@quill.example", "Ada Quill"),
        account=AccountHint(str(world.org), "Quill Ltd", "quill.example"),
        created_at=datetime(2026, 11, 10, 9, 0, tzinfo=UTC),
        updated_at=datetime(2026, 11, 10, 9, 0, tzinfo=UTC),
        url=f"https://acme.zendesk.com/agent/tickets/{key}",
        status="open",
        priority="high",
        tags=("vip", "satisfaction:bad"),
        area="Export",
    )
    assert world.one(area_field=str(area)).area == "Export"
    assert world.one().area is None


@pytest.mark.parametrize(
    ("value", "area"),
    [
        ("area_export", "Export"),
        (["area_export", "x"], "Export"),
        ("unlisted", "unlisted"),
        (None, None),
        (True, None),
        ([], None),
    ],
)
def test_a_product_area_is_what_people_see_of_a_dropdown(world: World, value: Any, area: str | None) -> None:
    field = world.server.add_field("Area", {"area_export": "Export"})
    world.write(fields={field: value})
    assert world.one(area_field="Area").area == area


def test_a_requester_without_an_organisation_has_no_account_but_the_tickets(world: World) -> None:
    lone = world.server.add_user("Lou", None)
    world.write(requester=lone)
    assert world.one().requester == Requester(str(lone), None, "Lou")
    assert world.one().account == AccountHint()


def test_a_requester_whom_zendesk_forgot_keeps_the_id_and_is_asked_for_once(world: World) -> None:
    for _ in range(3):
        world.write(requester=77)
    world.server.page_limit = 1
    found = tickets(world.read())
    assert {t.requester for t in found.values()} == {Requester("77")} and len(found) == 3
    assert len(world.server.sent("GET", "users/show_many")) == 1


def test_people_who_do_not_come_along_are_asked_for_a_hundred_at_a_time(world: World) -> None:
    world.server.role = "agent"  # the search export side-loads nobody
    for n in range(120):
        user = world.server.add_user(f"User {n}", f"u{n}@quill.example")
        world.server.add_ticket(user, "Export", "It stops.")
    world.clock.at += timedelta(minutes=15)
    found = tickets(world.read())
    assert {t.requester.email for t in found.values()} == {f"u{n}@quill.example" for n in range(120)}
    assert len(world.server.sent("GET", "users/show_many")) == 2  # one for each page of a hundred


def test_a_page_whose_people_did_not_come_along_names_all_of_them_all_the_same(world: World) -> None:
    def without_people(request: Request) -> Answer:
        whole = world.server._export(request).body
        return Answer(200, {k: v for k, v in whole.items() if k not in ("users", "organizations")})

    world.server.routes.insert(0, ("GET", EXPORT, without_people))
    for n in range(250):
        org = world.server.add_organization(f"Org {n}", f"org{n}.example")
        user = world.server.add_user(f"User {n}", f"u{n}@org{n}.example", organization=org)
        world.server.add_ticket(user, "Export", "It stops.", organization=None)
    world.clock.at += timedelta(minutes=5)
    found = tickets(world.read()).values()
    assert {(t.requester.email, t.account.domain) for t in found} == {
        (f"u{n}@org{n}.example", f"org{n}.example") for n in range(250)
    }
    assert len(world.server.sent("GET", "users/show_many")) == len(world.server.sent("GET", "ions/show_many")) == 3


def test_zendesk_itself_is_nobody_to_ask_for(world: World) -> None:
    world.write(requester=-1, channel="system")
    assert world.one().requester == Requester("-1", staff=True)
    assert not world.server.sent("GET", "show_many")


# --- whose words they are


def test_for_a_ticket_that_an_agent_opened_the_customers_first_public_answer_counts(world: World) -> None:
    opened = world.write(body="Logged for Ada by Sam.", submitter=world.agent, channel="web")
    world.server.comment(opened, world.ada, "An internal mail of Ada's.", public=False)
    world.server.comment(opened, world.agent, "Could you say more?")
    world.server.comment(opened, world.ada, "The export stops at half.")
    world.server.comment(opened, world.ada, "Thanks!")
    world.write(body="Her own.")
    world.clock.at += timedelta(minutes=5)
    found = tickets(world.read())
    assert found[f"zendesk:{opened}"].body == "The export stops at half."
    assert not found[f"zendesk:{opened}"].requester.staff
    assert len(world.server.sent("GET", "/comments")) == 1, "only where they are needed"


@pytest.mark.parametrize(
    ("how", "staff"),
    [
        ({"submitter": "agent", "channel": "web"}, True),  # opened by an agent, never answered by the customer
        ({"submitter": "agent", "channel": "web", "rel": "follow_up"}, True),
        ({"requester": "agent"}, True),
        ({"channel": "rule"}, True),
        ({"channel": "system"}, True),
        ({"submitter": "agent", "channel": "voice"}, False),  # a call, written down by who took it
        ({"submitter": "agent", "channel": "api"}, False),  # a form of ours, handed in with an agent's token
        ({"channel": "web"}, False),
        ({}, False),
    ],
    ids=str,
)
def test_what_no_customer_wrote_is_marked_as_the_staffs(world: World, how: dict[str, str], staff: bool) -> None:
    world.write(**{k: world.agent if v == "agent" else v for k, v in how.items()})
    assert world.one().requester.staff is staff


def test_a_ticket_deleted_before_its_comments_were_read_keeps_its_description(world: World) -> None:
    key = world.write(body="Logged by Sam.", submitter=world.agent, channel="web")
    del world.server.comments[key]
    assert world.one().body == "Logged by Sam."


def test_a_thread_of_ten_thousand_answers_is_read_in_part(world: World) -> None:
    key = world.write(submitter=world.agent, channel="web")
    for n in range(10_000):
        world.server.comment(key, world.agent, f"Note {n}")
    world.clock.at += timedelta(minutes=5)
    assert world.one().requester.staff
    assert len(world.server.sent("GET", "/comments")) == 10


def test_a_text_beyond_all_measure_is_cut_and_counted(world: World) -> None:
    world.write(body="x" * 1_000_000)
    world.write(body="y")
    (page,) = world.read()
    assert sorted(len(t.body) for t in page.tickets) == [1, LONGEST]
    assert [w.code for w in page.warnings] == ["zendesk_cut"] and page.warnings[0].message.startswith("1 ")


# --- what is left out


def test_excluded_brands_and_tags_are_nobodys_and_an_earlier_version_is_given_up(world: World) -> None:
    internal = world.server.add_brand("Internal IT")
    other = world.server.add_brand("Outlet")
    kept = world.write(tags=["vip"])
    gone = [world.write(brand=internal), world.write(brand=other), world.write(tags=["vip", "Internal"])]
    (page,) = world.read(exclude_brands=["internal it", str(other)], exclude_tags=["INTERNAL"])
    assert ids([page]) == [f"zendesk:{kept}"]
    assert sorted(page.tombstones) == [f"zendesk:{key}" for key in gone]
    assert not page.warnings


def test_a_name_that_zendesk_does_not_have_is_a_warning_on_the_first_page_and_in_check(world: World) -> None:
    world.server.page_limit = 1
    world.write()
    world.write()
    named = {"area_field": "Prodct area", "exclude_brands": ["Nowhere"]}
    first, second = world.read(**named)
    assert [w.code for w in first.warnings] == ["zendesk_area_unknown", "zendesk_brand_unknown"]
    assert not second.warnings
    found = world.source(**named).check()
    assert [f.state for f in found] == ["ok", "ok", "warn", "warn"] and "'Nowhere'" in found[-1].message


def test_a_ticket_deleted_for_good_is_a_tombstone_without_its_text(world: World) -> None:
    key = world.write()
    world.server.scrub(key)
    world.clock.at += timedelta(minutes=5)
    (page,) = world.read()
    assert not page.tickets and page.tombstones == (f"zendesk:{key}",)


def test_a_ticket_out_of_which_something_was_redacted_says_so(world: World) -> None:
    world.write()
    key = world.write()
    world.server.edit(key, description="My number is ▇▇▇▇▇▇.")
    world.clock.at += timedelta(minutes=5)
    assert [i for p in world.read() for i in p.struck] == [f"zendesk:{key}"]


# --- places lost, and streams without an end


def test_an_expired_cursor_goes_back_a_day_before_what_was_handed_over(world: World) -> None:
    old = world.write()
    world.clock.at += timedelta(days=3)
    kept = [world.write(), world.write()]
    cursor = world.read()[-1].cursor
    assert cursor
    new = world.write()
    world.server.expired.add(json.loads(cursor)["after"])
    assert set(ids(world.read(cursor))) == {f"zendesk:{key}" for key in (*kept, new)}
    assert f"zendesk:{old}" not in ids(world.read(cursor)), "and not to the very beginning"
    assert any("our place" in said for said in world.told)


def test_a_second_with_more_tickets_than_fit_a_page_is_read_whole(world: World) -> None:
    world.server.page_limit = 1
    written = [world.server.add_ticket(world.ada, "Export", "It stops.") for _ in range(45)]
    world.clock.at += timedelta(minutes=5)
    assert sorted(ids(world.read())) == sorted(f"zendesk:{key}" for key in written)


@pytest.mark.parametrize(
    "cursor",
    [
        {"way": "sideways", "after": "x"},
        {"after": ["x"]},
        {"after": "x", "high": "yesterday"},
        {"high": True},
        {"high": 10**18},
        {"seen": [5]},
        {"seen": 5},
        {"unheard_of": 1},
        [1],
    ],
    ids=str,
)
@pytest.mark.parametrize("role", ["admin", "agent"])
def test_a_cursor_that_is_not_ours_is_no_place(world: World, cursor: Any, role: str) -> None:
    world.server.role = role
    key = world.write()
    world.clock.at += timedelta(minutes=15)
    assert ids(world.read(json.dumps(cursor))) == [f"zendesk:{key}"]


@pytest.mark.parametrize("stamp", [10**18, 4_000_000_000, -5, 0])
def test_a_stamp_from_no_known_time_moves_the_high_water_nowhere(world: World, stamp: int) -> None:
    odd = {**ROW, "generated_timestamp": stamp}
    world.answer(EXPORT, _page_of(odd, after="c1"), _page_of({**ROW, "id": 2}, after="c2", ended=True))
    first, last = world.read()
    assert first.high_water is None or first.high_water <= last.high_water  # type: ignore[operator]
    assert last.high_water == world.clock() - timedelta(minutes=1)


def test_a_cursor_that_is_no_text_is_none(world: World) -> None:
    world.answer(EXPORT, _page_of(ROW, after=5))  # type: ignore[arg-type]
    with pytest.raises(Unavailable, match="does not go on"):
        world.read()


def test_at_the_end_all_but_the_held_back_minute_is_handed_over(world: World) -> None:
    world.write()
    world.clock.at += timedelta(hours=1)
    assert world.read()[-1].high_water == world.clock() - timedelta(minutes=1)
    world.server.role = "agent"
    assert world.read()[-1].high_water == world.clock() - timedelta(minutes=10), "the index may be behind"


def _page_of(*rows: dict[str, Any], after: str | None, ended: bool = False) -> dict[str, Any]:
    return {"tickets": list(rows), "users": [], "organizations": [], "after_cursor": after, "end_of_stream": ended}


ROW = {"id": 1, "subject": "s", "description": "d", "requester_id": -1, "generated_timestamp": 1_790_000_000,
       "created_at": WRITTEN}  # fmt: skip


@pytest.mark.parametrize("rows", [[], [ROW]], ids=["empty", "the same ticket"])
@pytest.mark.parametrize("fresh", [False, True], ids=["the same cursor", "always another cursor"])
def test_a_stream_that_never_ends_is_stopped(world: World, rows: list[dict[str, Any]], fresh: bool) -> None:
    cursors = [f"c{n}" if fresh else "c" for n in range(1_000)]
    world.answer(EXPORT, *(_page_of(*rows, after=c) for c in cursors))
    with pytest.raises(Unavailable, match=r"does not (end|go on)"):
        world.read()
    assert len(world.server.sent("GET", EXPORT)) <= 25


def test_a_page_that_comes_twice_by_accident_is_asked_for_again(world: World) -> None:
    rows = [{**ROW, "id": n, "generated_timestamp": 1_790_000_000 + n} for n in (1, 2, 3)]
    first, second = _page_of(rows[0], after="c1"), _page_of(rows[1], after="c2")
    world.answer(EXPORT, first, first, first, second, second, _page_of(rows[2], after="c3", ended=True))
    assert ids(world.read()) == ["zendesk:1", "zendesk:2", "zendesk:3"]


@pytest.mark.parametrize("step", [1, -1], ids=["the oldest first", "the newest first"])
def test_a_search_is_read_to_its_end_whichever_way_it_is_sorted(world: World, step: int) -> None:
    """The API says that it is sorted by creation alone, not which way."""
    world.server.role = "agent"
    rows = [{**ROW, "id": n, "created_at": f"2026-10-01T10:00:{n:02}Z"} for n in range(1, 41)][::step]
    metas = [{"has_more": n < len(rows), "after_cursor": f"c{n}"} for n in range(1, len(rows) + 1)]
    world.answer(SEARCH, *({"results": [one], "meta": meta} for one, meta in zip(rows, metas, strict=True)))
    assert len(ids(world.read())) == 40


def test_two_pages_in_turn_are_no_progress_either(world: World) -> None:
    later = {**ROW, "id": 2, "generated_timestamp": 1_790_000_100}
    world.answer(EXPORT, *(_page_of(later if n % 2 else ROW, after=f"c{n}") for n in range(1_000)))
    with pytest.raises(Unavailable, match="does not end"):
        world.read()
    assert len(world.server.sent("GET", EXPORT)) <= 25


def test_a_cursor_that_is_never_accepted_is_no_endless_loop(world: World) -> None:
    refused = Answer(422, {"error": "InvalidCursor"})
    world.answer(EXPORT, *(answer for n in range(500) for answer in (_page_of(ROW, after=f"c{n}"), refused)))
    with pytest.raises(Unavailable, match="does not end"):
        world.read()


def test_a_start_within_the_last_minute_is_moved_before_it(world: World) -> None:
    world.write()
    assert ids(world.source().pages(since=world.clock() + timedelta(days=2))) == []


def test_without_since_everything_is_read(world: World) -> None:
    key = world.write(at=datetime(2009, 7, 20, tzinfo=UTC))
    assert ids(world.source().pages()) == [f"zendesk:{key}"]


# --- a token that is not an admin's


def test_a_token_that_loses_its_role_in_mid_read_goes_on_by_search(world: World) -> None:
    world.server.page_limit = 2
    written = [world.write() for _ in range(7)]
    world.clock.at += timedelta(minutes=15)
    pages = world.source().pages(since=SINCE)
    got = [next(pages)]
    world.server.role = "agent"
    got += pages
    assert set(ids(got)) == {f"zendesk:{key}" for key in written}
    assert [w.code for p in got for w in p.warnings] == ["zendesk_search_only"]


def test_a_token_that_becomes_an_admins_goes_on_by_export_and_sees_deletions(world: World) -> None:
    world.server.role = "agent"
    first, second = world.write(), world.write()
    world.clock.at += timedelta(minutes=15)
    cursor = world.read()[-1].cursor
    world.server.role = "admin"
    world.server.delete(first)
    new = world.write()
    pages = world.read(cursor)
    assert [t for p in pages for t in p.tombstones] == [f"zendesk:{first}"]
    assert f"zendesk:{new}" in ids(pages) and f"zendesk:{second}" not in ids(pages)


def test_what_the_index_shows_late_comes_with_the_next_search_and_nothing_comes_twice(world: World) -> None:
    world.server.role = "agent"
    world.server.lag = timedelta(minutes=9)
    early = world.write()
    world.clock.at += timedelta(minutes=8)
    late = world.server.add_ticket(world.ada, "Late", "Not in the index yet.")
    world.clock.at += timedelta(minutes=1)
    first = world.read()
    assert ids(first) == [f"zendesk:{early}"]
    world.clock.at += timedelta(minutes=30)
    second = world.read(first[-1].cursor)
    assert ids(second) == [f"zendesk:{late}"]
    assert ids(world.read(second[-1].cursor)) == []


def test_what_lies_in_the_minutes_that_are_searched_once_more_comes_once(world: World) -> None:
    world.server.role = "agent"
    written = [world.write(), world.write()]
    world.clock.at += timedelta(minutes=3)
    first = world.read()
    assert sorted(ids(first)) == [f"zendesk:{key}" for key in written]
    second = world.read(first[-1].cursor)
    assert ids(second) == []
    world.server.edit(written[0], subject="edited")
    world.clock.at += timedelta(minutes=3)
    assert [t.subject for t in tickets(world.read(second[-1].cursor)).values()] == ["edited"]


def test_a_search_that_outlives_its_cursor_begins_again_and_loses_nothing(world: World) -> None:
    world.server.role = "agent"
    world.server.page_limit = 2
    world.write(at=datetime(2020, 1, 1, tzinfo=UTC))
    written = [world.write() for _ in range(7)]
    world.clock.at += timedelta(minutes=15)
    pages = world.source().pages(since=SINCE)
    got = [next(pages), next(pages)]
    world.clock.at += timedelta(hours=2)
    elsewhere = list(world.source().pages(got[-1].cursor))  # another process, which was not told since when
    assert set(ids(got + elsewhere)) == {f"zendesk:{key}" for key in written}
    assert set(ids(pages)) == {f"zendesk:{key}" for key in written}


def test_a_search_that_goes_round_in_circles_is_stopped(world: World) -> None:
    world.server.role = "agent"
    row = {"id": 1, "created_at": "2026-11-01T00:00:00Z", "updated_at": "2026-11-01T00:00:00Z", "requester_id": -1}
    answers = ({"results": [row], "meta": {"has_more": True, "after_cursor": f"c{n}"}} for n in range(1_000))
    world.answer(r"/api/v2/search/export\.json", *answers)
    with pytest.raises(Unavailable, match="does not end"):
        world.read()


# --- bad answers


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"tickets": None},
        {"tickets": 5, "after_cursor": "x"},
        {"tickets": {"id": 1}},
        {"error": "nightingale"},
        {"results": [{"nightingale": 1}]},
        {"count": 3},
        {"ticket": {"id": 1, "subject": "nightingale"}, "audit": {}},
        {"tickets": [], "users": [{"id": []}], "end_of_stream": True},
        b"[1, 2]",
        b"null",
        b"[" * 100_000,
        b'"nightingale',
        b"\xff\xfe\x00",
        b"",
    ],
    ids=lambda b: str(b)[:40],
)
def test_an_answer_that_is_not_what_the_api_promises_is_unavailable_and_not_quoted(world: World, body: Any) -> None:
    world.answer(EXPORT, body)
    with pytest.raises(Unavailable) as failure:
        world.read()
    assert "nightingale" not in str(failure.value)


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({"id": None}, "without an id"),
        ({"id": "7"}, "without an id"),
        ({"id": True}, "without an id"),
        ({"created_at": "yesterday"}, "ticket 1"),
        ({"created_at": None}, "ticket 1"),
        ({"updated_at": "0001-01-01T00:00:00+14:00"}, "ticket 1"),
        (None, "without an id"),
    ],
)
def test_a_row_that_is_no_ticket_is_rejected_with_its_place(world: World, row: Any, why: str) -> None:
    broken = {**ROW, **row} if row else row
    world.answer(EXPORT, _page_of(broken, {**ROW, "id": 2}, after="c", ended=True))
    (page,) = world.read()
    assert ids([page]) == ["zendesk:2"]
    assert [why in r.where for r in page.rejects] == [True]


@pytest.mark.parametrize("odd", [None, 5, "x", [], {}, [None], {"a": 1}, -1, True, 1e300])
@pytest.mark.parametrize(
    "field",
    (
        "subject description requester_id submitter_id organization_id via tags brand_id custom_fields status priority "
        "satisfaction_rating generated_timestamp unheard_of"
    ).split(),
)
def test_no_odd_field_keeps_a_ticket_from_being_read(world: World, field: str, odd: Any) -> None:
    area = world.server.add_field("Area", {})
    world.answer(EXPORT, _page_of({**ROW, field: odd}, after="c", ended=True))
    pages = world.read(area_field=str(area), exclude_brands=["7"], exclude_tags=["t"])
    assert ids(pages) == ["zendesk:1"]


def test_a_ticket_that_comes_twice_in_a_page_is_one_in_its_later_version(world: World) -> None:
    world.answer(EXPORT, _page_of(ROW, {**ROW, "subject": "later"}, after="c", ended=True))
    (page,) = world.read()
    assert [t.subject for t in page.tickets] == ["later"]


def test_an_answer_that_breaks_off_in_its_body_is_asked_for_again(world: World) -> None:
    key = world.write()
    broken = Answer(200, b"zz\r\n", {"Transfer-Encoding": "chunked"})  # where the length of a chunk should be
    world.answer(EXPORT, broken, world.server._export(_asking_for_all()).body)
    assert ids(world.read()) == [f"zendesk:{key}"] and world.clock.slept == [1]


def _asking_for_all() -> Request:
    return Request("GET", "", {"start_time": ["0"]}, {}, b"")


def test_a_long_read_that_is_slowed_down_goes_on_as_long_as_it_gets_ahead(world: World) -> None:
    world.server.page_limit = 1
    written = [world.write() for _ in range(12)]
    for _ in range(12):
        world.server.fail("refuse", path=EXPORT, status=429, headers={"Retry-After": "90"}, skip=1)
    assert sorted(ids(world.read())) == [f"zendesk:{key}" for key in written]
    assert sum(world.clock.slept) == 11 * 90 > 600
    assert world.told[0] == "Zendesk asked us to wait; waiting 90 s"


# --- refusals, each with its mend


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_refused_with_the_setting_and_not_followed(world: World, status: int) -> None:
    elsewhere = ZendeskServer()
    with elsewhere:
        world.answer(EXPORT, Answer(status, {}, {"Location": f"{elsewhere.url}/api/v2/x"}))
        with pytest.raises(Refused, match=r"sources\.zendesk\.subdomain"):
            world.read()
        assert not elsewhere.requests


def test_an_address_without_a_help_desk_is_refused_with_the_setting(world: World) -> None:
    world.answer(EXPORT, Answer(404, b"<html>No help desk here</html>", {"Content-Type": "text/html"}))
    with pytest.raises(Refused, match=r"sources\.zendesk\.subdomain"):
        world.read()


def test_a_token_that_may_neither_export_nor_search_is_refused(world: World) -> None:
    world.server.fail("refuse", status=403, times=100)
    with pytest.raises(Refused, match=r"the right to see all tickets.*sources\.zendesk\.token"):
        world.read()


def test_a_token_refused_in_mid_read_is_unavailable_then_refused(world: World) -> None:
    world.server.page_limit = 1
    for _ in range(3):
        world.write()
    pages = world.source().pages(since=SINCE)
    cursor = next(pages).cursor
    world.server.fail("refuse", status=401, times=100)
    with pytest.raises(Unavailable, match=r"sources\.zendesk\.token"):
        next(pages)
    with pytest.raises(Refused, match=r"sources\.zendesk\.token"):
        world.read(cursor)


def test_an_end_users_token_fails_the_check(world: World) -> None:
    world.server.users[world.server._bot]["role"] = "end-user"
    first = world.source().check()[0]
    assert first.state == "fail" and "sources.zendesk.token" in first.mend


def test_check_says_who_and_what(world: World) -> None:
    who, what = world.source().check()
    assert who.message == "https://acme.zendesk.com as bot@acme.example, admin"
    assert what.message == "can read tickets, users and organizations"


def test_check_waits_no_longer_than_someone_at_a_terminal_does(world: World) -> None:
    world.server.fail("refuse", times=10_000)
    assert [f.state for f in world.source().check()] == ["fail"]
    assert sum(world.clock.slept) <= 20


@pytest.mark.parametrize("token", ["", "  ", "two words", "line\nbreak", "schlüssel", "\x00", "☃"])
@pytest.mark.parametrize("email", [None, "bot@acme.example"])
def test_a_token_that_can_be_none_is_refused_before_anything_is_sent(
    world: World, token: str, email: str | None
) -> None:
    source = world.source(token=token, email=email)
    with pytest.raises(Refused, match=r"sources\.zendesk\.token") as refused:
        next(source.pages())
    assert not token.strip() or token not in str(refused.value)
    assert [f.state for f in source.check()] == ["fail"]
    assert not world.server.requests


@pytest.mark.parametrize(
    "subdomain",
    ["", "evil.example", "acme.zendesk.com.evil.example", "a@evil.example", "acme#", "a b", "-", "127.0.0.1:80"],
)
def test_a_subdomain_that_could_name_another_host_is_refused_before_anything_is_sent(
    world: World, subdomain: str
) -> None:
    source = world.source(subdomain=subdomain)
    with pytest.raises(Refused, match=r"sources\.zendesk\.subdomain"):
        next(source.pages())
    assert not world.server.requests


@pytest.mark.parametrize("pasted", ["acme", " ACME ", "acme.zendesk.com", "https://acme.zendesk.com/agent/dashboard"])
def test_a_subdomain_may_be_pasted_as_an_address(world: World, pasted: str) -> None:
    key = world.write()
    assert world.one(subdomain=pasted).url == f"https://acme.zendesk.com/agent/tickets/{key}"


# --- what leaves, and where to


def test_an_api_token_goes_as_basic_and_an_oauth_token_as_bearer(world: World) -> None:
    world.read()
    world.read(email=None)
    sent = {r.headers["authorization"].split()[0] for r in world.server.sent("GET", EXPORT)}
    assert sent == {"Basic", "Bearer"}


def test_a_netrc_does_not_replace_the_token(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine acme.zendesk.com login other password wrong\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    world.write()
    assert world.one(email=None).subject == "Export"


def test_nothing_but_get_ever_leaves(world: World) -> None:
    area = world.server.add_field("Area", {})
    opened = world.write(submitter=world.agent, channel="web")
    world.server.comment(opened, world.ada, "Mine.")
    world.clock.at += timedelta(minutes=15)
    for role in ("admin", "agent"):
        world.server.role = role
        world.read(area_field=str(area), exclude_brands=["x"])
        world.source().check()
    assert {r.method for r in world.server.requests} == {"GET"}
    asked = {r.path for r in world.server.requests}
    assert len(asked) == 8, asked


def test_not_even_zenpys_own_writing_calls_get_out(world: World) -> None:
    patience = Patience(1, now=world.clock, sleep=world.clock.sleep, tell=world.told.append)
    line = Line(Account("acme", "zendesk-secret", None, world.server.url), patience)
    with pytest.raises(RuntimeError, match="only reads"):
        line.zenpy.tickets.add_tags(1, ["x"])
    assert not world.server.requests


def test_a_link_to_another_host_is_not_followed(world: World) -> None:
    elsewhere = ZendeskServer()
    with elsewhere:
        world.server.link_host = elsewhere.url
        world.server.page_limit = 1
        opened = world.write(submitter=world.agent, channel="web")
        world.write()
        world.server.comment(opened, world.agent, "A second page of comments.")
        world.clock.at += timedelta(minutes=5)
        with pytest.raises(Unavailable, match="another host"):
            world.read()
        assert not elsewhere.requests


def test_the_exports_own_links_are_not_needed(world: World) -> None:
    world.server.link_host = "https://evil.example"
    world.server.page_limit = 1
    written = [world.write(), world.write(), world.write()]
    assert sorted(ids(world.read())) == [f"zendesk:{key}" for key in written]


def test_zenpys_environment_can_not_turn_it_to_another_host(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = ZendeskServer()
    with elsewhere:
        monkeypatch.setenv("ZENPY_FORCE_NETLOC", elsewhere.url.removeprefix("http://"))
        monkeypatch.setenv("ZENPY_FORCE_SCHEME", "http")
        with pytest.raises(Unavailable, match="another host"):
            world.read()
        assert not elsewhere.requests


def test_a_page_is_asked_for_a_thousand_tickets_at_a_time_with_their_people(world: World) -> None:
    world.read()
    (asked,) = world.server.sent("GET", EXPORT)
    assert asked.arg("per_page") == "1000" and asked.arg("include") == "users,organizations"
    assert asked.arg("start_time") == str(int(SINCE.timestamp()))
