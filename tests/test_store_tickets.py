"""Tickets in the store: taken with their place, kept in order of age, and gone when they must be gone."""

from __future__ import annotations

import html
import json
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.acts import Act, Receipt
from bot.customers.pseudonyms import pseudonymous, requester_key
from bot.digest import Reading
from bot.domain import AccountHint, Customer, Digest, Page, Quote, Requester, Ticket, Window
from bot.store import Place, Store
from bot.store.encoding import fit, to_json
from bot.store.withdrawal import WITHDRAWN
from bot.synthesis.rules import Rules
from tests.databases import Clock, Fresh, at_once, engine_of, every_boundary, meanwhile, texts_of
from tests.digests import sample_digest
from tests.tickets import NOON, ticket

DAY = timedelta(days=1)
FULL = Ticket(
    source="zendesk",
    key="42",
    subject="Export is empty",
    body="The CSV has no rows.",
    requester=Requester("u1", "0123456789abcdef0123@globex.com", "~ab12", staff=True),
    account=AccountHint("a1", "Globex", "globex.com"),
    created_at=datetime(2026, 10, 3, 23, 59, 59, 999_999, tzinfo=timezone(timedelta(hours=5, minutes=45))),
    updated_at=datetime(2026, 10, 4, tzinfo=UTC),
    url="https://globex.zendesk.com/agent/tickets/42",
    status="open",
    priority="high",
    tags=("csv", "export"),
    area="Reports",
    language="en",
)


def take(store: Store, *tickets: Ticket, source: str = "file", **page: object) -> None:
    store.tickets.take(source, Page(tickets, **page))


def the(store: Store) -> list[Ticket]:
    return store.tickets.between(None, None)


# --- taking


def test_a_ticket_comes_back_whole(database: Fresh) -> None:
    store = database.open()
    take(store, FULL, source="zendesk")
    (back,) = the(store)
    assert back == FULL
    assert back.created_at.utcoffset() == FULL.created_at.utcoffset()  # its day is its writer's day


def test_a_window_holds_its_start_and_not_its_end_and_is_in_order_of_ids(database: Fresh) -> None:
    store = database.open()
    take(store, *(ticket(key, created_at=NOON + n * DAY) for n, key in enumerate(["b", "B", "ä", "10", "9"])))
    assert [t.key for t in store.tickets.between(NOON + DAY, NOON + 4 * DAY)] == ["10", "B", "ä"]
    assert [t.key for t in store.tickets.between(NOON + DAY, None)] == ["10", "9", "B", "ä"]


def test_a_ticket_without_a_date_is_in_no_window(database: Fresh) -> None:
    store = database.open()
    take(store, ticket(1, created_at=None))
    assert len(the(store)) == 1
    assert store.tickets.between(NOON - 999 * DAY, None) == []


def test_the_newest_version_stays_in_whatever_order_versions_come(database: Fresh) -> None:
    store = database.open()
    versions = [ticket(1, f"version {n}", updated_at=NOON + n * DAY) for n in range(5)]
    random.Random(7).shuffle(versions)
    for version in (*versions, ticket(1, "no time", updated_at=None)):
        take(store, version)
    assert [t.body for t in the(store)] == ["version 4"]
    assert texts_of(store, "version 3") == texts_of(store, "no time") == []  # old texts are not kept


def test_a_version_with_the_same_time_replaces(database: Fresh) -> None:
    store = database.open()
    take(store, ticket(1, "one", updated_at=NOON))
    take(store, ticket(1, "two", updated_at=NOON))
    assert [t.body for t in the(store)] == ["two"]


def test_counts_are_by_source_and_leave_deleted_ones_out(database: Fresh) -> None:
    store = database.open()
    take(store, ticket(1), ticket(2), FULL)
    take(store, tombstones=("file:1",))
    assert (store.tickets.count("file"), store.tickets.count("zendesk"), store.tickets.count("x")) == (1, 1, 0)


# --- the place


def test_a_source_that_was_never_read_has_no_place(database: Fresh) -> None:
    assert database.open().tickets.place("zendesk") is None


def test_a_place_moves_on_and_its_marks_only_widen(database: Fresh) -> None:
    clock = Clock()
    store = database.open(clock=clock)
    store.tickets.take("zendesk", Page((), cursor="a", high_water=NOON), since=NOON - DAY)
    clock.passes(60)
    store.tickets.take("zendesk", Page((), cursor="b", high_water=NOON - DAY), since=NOON)
    assert store.tickets.place("zendesk") == Place("b", NOON, clock.at, None, NOON - DAY)
    store.tickets.take("zendesk", Page((), high_water=NOON + DAY), since=NOON - 9 * DAY)
    assert store.tickets.place("zendesk") == Place("b", NOON + DAY, clock.at, None, NOON - 9 * DAY)


def test_a_fault_is_remembered_with_the_place_until_a_page_is_taken(database: Fresh) -> None:
    clock = Clock()
    store = database.open(clock=clock)
    store.tickets.take("zendesk", Page((), cursor="a", high_water=NOON))
    worked = clock.at
    clock.passes(3600)
    store.tickets.fault("zendesk", "Zendesk does not answer.")
    assert store.tickets.place("zendesk") == Place("a", NOON, worked, "Zendesk does not answer.")
    store.tickets.take("zendesk", Page((), cursor="b"))
    assert store.tickets.place("zendesk") == Place("b", NOON, clock.at, None)


def test_a_fault_of_a_source_that_never_worked_is_remembered_too(database: Fresh) -> None:
    clock = Clock()
    store = database.open(clock=clock)
    store.tickets.fault("intercom", "The token is refused.")
    assert store.tickets.place("intercom") == Place(None, None, clock.at, "The token is refused.")


# --- killed in the middle


def test_a_page_and_its_place_come_together_wherever_the_process_is_killed(database: Fresh) -> None:
    database.open().close()
    first = tuple(ticket(n, f"text {n}") for n in range(3))
    second = (ticket(0, "changed", updated_at=NOON), *(ticket(n, f"text {n}") for n in range(3, 6)))

    def sync() -> None:
        store = Store.open(database.url, workspace="acme")
        store.tickets.take("file", Page(first, cursor="1"))
        store.tickets.take("file", Page(second, cursor="2", tombstones=("file:1",)))

    def check(_: int) -> None:
        store = Store.open(database.url, workspace="acme")
        place = store.tickets.place("file")
        bodies = [t.body for t in the(store)]
        done = ["changed", "text 2", "text 3", "text 4", "text 5"]
        assert bodies == {None: [], "1": ["text 0", "text 1", "text 2"], "2": done}[place and place.cursor] or (
            bodies == done and place.cursor == "1"  # the second round reads the first page again
        )
        store.close()

    assert every_boundary(sync, check) > 10


# --- deleted over there


def test_a_deleted_ticket_is_gone_with_its_text(database: Fresh) -> None:
    store = database.open()
    take(store, ticket(1, "my sorrow", updated_at=NOON), ticket(2, "stays"))
    take(store, tombstones=("file:1", "file:never seen"))
    assert [t.body for t in the(store)] == ["stays"]
    assert texts_of(store, "my sorrow") == []


def test_a_page_read_before_the_deletion_brings_nothing_back(database: Fresh) -> None:
    store = database.open()
    late = ticket(1, "my sorrow", updated_at=NOON)
    take(store, late)
    take(store, tombstones=("file:1",))
    for version in (late, replace(late, updated_at=NOON - DAY), replace(late, updated_at=None)):
        take(store, version)
    assert the(store) == [] and texts_of(store, "my sorrow") == []


def test_a_restored_ticket_is_there_again(database: Fresh) -> None:
    store = database.open()
    take(store, ticket(1, "once", updated_at=NOON))
    take(store, tombstones=("file:1",))
    take(store, ticket(1, "again", updated_at=NOON + DAY))
    assert [t.body for t in the(store)] == ["again"]


def test_a_ticket_and_its_tombstone_in_one_page_is_a_deletion(database: Fresh) -> None:
    store = database.open()
    take(store, ticket(1, "my sorrow"), tombstones=("file:1",))
    assert the(store) == [] and texts_of(store, "my sorrow") == []


def test_a_tombstone_of_an_unknown_ticket_does_not_hide_it_later(database: Fresh) -> None:
    store = database.open()
    take(store, tombstones=("file:1",))
    take(store, ticket(1, "restored before we ever saw it"))
    assert [t.body for t in the(store)] == ["restored before we ever saw it"]


# --- erased on request


SORROW = "My daughter's wedding photos are gone & nobody answers"


def digest_with_sorrow() -> tuple[Digest, str]:
    """The sample digest, in which one ticket says SORROW wherever a ticket is quoted; and that ticket's shown id."""
    digest = sample_digest()
    first = digest.themes[0]
    who = first.quotes[0].ticket_id
    sad = replace(
        first,
        quotes=(Quote(who, SORROW), *(q for q in first.quotes if q.ticket_id != who)),
        evidence=tuple(replace(e, quote=SORROW) if e.ticket_id == who else e for e in first.evidence),
        words=replace(first.words, problem=f"Customers write: “{SORROW}”.", user_story=f"As a parent: {SORROW}"),
    )
    return replace(digest, themes=(sad, *digest.themes[1:])), who


def concluded(store: Store, *, key: str = "k") -> str:
    """A run of that digest over stored tickets, posted; the id of the ticket with the SORROW."""
    digest, who = digest_with_sorrow()
    shown = {m for t in (*digest.themes, *digest.further_themes) for m in t.members}
    shown |= {x.ticket_id for x in (*digest.not_a_theme, *digest.removed)}
    tickets = tuple(ticket(i, f"Hello. {SORROW if i == who else 'Nothing'} Thanks.") for i in sorted(shown))
    take(store, *tickets)
    store.runs.ask(key, "manual", {})
    fence = store.runs.lease(key, "me", 60)
    customers = {t.id: Customer("c", "Globex") for t in tickets}
    reading = Reading(tickets, (), (), (), Window(NOON, NOON + DAY, "UTC", "a day"), customers)
    store.runs.freeze(key, fence, reading, Rules(), {})
    payload = {"blocks": [{"text": f"> {html.escape(SORROW, quote=False)}"}, {"text": SORROW}], "more": [1, None]}
    store.runs.conclude(key, fence, digest, {}, [Act(key * 8, "slack.digest", "C1", payload)])
    store.effects.done(key * 8, Receipt("1.0"))
    return f"file:{who}"


@pytest.mark.parametrize("how", ["erase", "tombstone", "struck"])
def test_a_withdrawn_text_stands_nowhere_and_every_count_stays(database: Fresh, how: str) -> None:
    store = database.open()
    ticket_id = concluded(store)
    before = store.runs.digest("k")
    assert set(texts_of(store, "wedding")) == {"text.body", "digest.digest", "effect.payload"}
    if how == "erase":
        assert store.tickets.erase([ticket_id, ticket_id, "file:unknown"]) == 1
    elif how == "struck":
        take(store, ticket(ticket_id.removeprefix("file:"), "Hello. ▇▇▇ Thanks."), struck=(ticket_id,))
        assert [t.body for t in the(store) if t.id == ticket_id] == ["Hello. ▇▇▇ Thanks."]
    else:
        take(store, tombstones=(ticket_id,))
    assert texts_of(store, "wedding") == []
    after = store.runs.digest("k")
    assert after.totals == before.totals
    assert [t.counts for t in after.themes] == [t.counts for t in before.themes]
    assert [t.members for t in after.themes] == [t.members for t in before.themes]
    assert after.themes[0].quotes[0].text == WITHDRAWN
    assert after.themes[1:] == before.themes[1:]
    reading, _, _ = store.runs.frozen("k")
    assert len(reading.everything) == after.totals.tickets_read
    assert [t.body for t in reading.tickets if t.id == ticket_id] == [""]
    assert [d.effect_key for d in store.drawings.due()] == ["k" * 8]  # the channel shows it still


def test_what_was_not_struck_out_stays_where_it_is_quoted(database: Fresh) -> None:
    """After the strike somebody answers: the version that the month was made from says nothing that it doesn't."""
    store = database.open()
    ticket_id = concluded(store)
    longer = ticket(ticket_id.removeprefix("file:"), f"Hello. {SORROW} Thanks.\n\n▇▇▇", updated_at=NOON)
    take(store, longer, struck=(ticket_id,))
    older = replace(longer, body="▇▇▇", updated_at=NOON - DAY)
    take(store, older, struck=(ticket_id,))  # a page that was read before, and comes late
    assert store.runs.textless("k") == frozenset() and SORROW in repr(store.runs.digest("k"))
    assert [t.body for t in the(store) if t.id == ticket_id] == [longer.body]


def test_an_erased_text_never_comes_back(database: Fresh) -> None:
    store = database.open()
    take(store, ticket(1, "my sorrow"))
    assert store.tickets.erase(["file:1"]) == 1
    take(store, ticket(1, "my sorrow", updated_at=NOON))
    take(store, tombstones=("file:1",))
    take(store, ticket(1, "my sorrow again", updated_at=NOON + DAY))
    assert texts_of(store, "my sorrow") == []
    assert [t.body for t in the(store)] == [""]
    assert store.tickets.erase(["file:1"]) == 0


def test_what_is_erased_while_a_run_is_made_is_not_in_what_it_stores(database: Fresh) -> None:
    store = database.open()
    digest, who = digest_with_sorrow()
    tickets = (ticket(who, SORROW), ticket("other", "stays"))
    reading = Reading(tickets, (), (), (), Window(NOON, NOON + DAY, "UTC", "a day"), {})
    store.runs.ask("k", "manual", {})
    fence = store.runs.lease("k", "me", 60)
    store.tickets.erase([tickets[0].id])
    store.runs.freeze("k", fence, reading, Rules(), {})
    assert [t.body for t in store.runs.frozen("k")[0].tickets] == ["", "stays"]
    act = Act("a" * 64, "slack.digest", "C", {"text": SORROW})
    store.runs.conclude("k", fence, digest, {}, [act])
    assert texts_of(store, "wedding") == []
    assert store.effects.get(act.key).act.payload == {"text": WITHDRAWN}


def test_the_gist_of_a_single_report_goes_with_its_ticket(database: Fresh) -> None:
    store = database.open()
    concluded(store)
    left = next(x for x in store.runs.digest("k").not_a_theme if x.reason == "one-off")
    store.tickets.erase([f"file:{left.ticket_id}"])
    told = {x.ticket_id: x.detail for x in store.runs.digest("k").not_a_theme}
    assert told[left.ticket_id] == f"single report: {WITHDRAWN}"


def test_an_edit_at_the_source_changes_no_stored_run(database: Fresh) -> None:
    store = database.open()
    ticket_id = concluded(store)
    before = store.runs.frozen("k")
    take(store, ticket(ticket_id.removeprefix("file:"), "rewritten", updated_at=NOON + DAY))
    assert store.runs.frozen("k") == before
    assert "rewritten" in [t.body for t in the(store)]


def test_a_requesters_tickets_are_found_by_pseudonym_wherever_they_are(database: Fresh) -> None:
    store = database.open()
    key, other = requester_key("ann@globex.com", store.salt), requester_key("bob@globex.com", store.salt)
    people = [
        Requester(email="Ann@globex.com"),
        Requester(id="ann@globex.com"),
        Requester(id="7", name="ann@globex.com"),
        Requester(email="bob@globex.com"),
        Requester(name="Ann"),
    ]
    tickets = [pseudonymous(ticket(n, f"about {key}", requester=who), store.salt) for n, who in enumerate(people)]
    take(store, *tickets[1:])
    store.runs.ask("k", "manual", {})
    reading = Reading((tickets[0],), (), (), (), Window(None, None, "UTC", "all"), {})
    store.runs.freeze("k", store.runs.lease("k", "me", 60), reading, Rules(), {})
    assert store.tickets.of_requester(key) == ["file:0", "file:1", "file:2"]
    assert store.tickets.of_requester(other) == ["file:3"]
    assert store.tickets.of_requester("%") == []


# --- texts that databases don't like


@pytest.mark.parametrize("bad", ["\x00", "\ud800", "\udfff", "\udc00\ud800", "a\\\x00", "\\u0000\x00"])
def test_nul_and_lone_surrogates_become_replacement_characters_everywhere(database: Fresh, bad: str) -> None:
    store = database.open()
    odd = ticket(f"k{bad}", f"body {bad}", subject=bad, url=f"u{bad}", tags=(bad,), account=AccountHint(name=bad))
    take(store, odd)
    take(store, odd)
    (back,) = the(store)
    assert (back.id, back.body, back.tags) == (fit(odd.id), fit(odd.body), (fit(bad),))
    assert store.tickets.erase([odd.id]) == 1
    store.audit.write(bad, bad, bad, {bad: [bad]})
    entry = store.audit.recent()[0]
    assert (entry.actor, entry.detail) == (fit(bad), {fit(bad): [fit(bad)]})
    store.inbox.receive(bad, bad, {"text": bad})
    assert store.inbox.waiting()[0].payload == {"text": fit(bad)}


@given(st.dictionaries(st.text(), st.text() | st.lists(st.text())))
def test_json_is_fit_and_says_what_was_said(value: dict[str, object]) -> None:
    def made_fit(v: object) -> object:
        if isinstance(v, str):
            return fit(v)
        if isinstance(v, list):
            return [made_fit(each) for each in v]
        return {made_fit(k): made_fit(each) for k, each in v.items()}

    text = to_json(value)
    assert "\x00" not in text and text.encode()
    assert json.loads(text) == made_fit(value)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(body=st.text(st.characters(codec=None)), subject=st.text())
def test_any_text_comes_back_as_it_is_or_replaced(database: Fresh, body: str, subject: str) -> None:
    store = database.stores[0] if database.stores else database.open()
    take(store, ticket(1, body, subject=subject))
    (back,) = the(store)
    assert (back.subject, back.body) == (fit(subject), fit(body))


@pytest.mark.parametrize(
    "at",
    [
        datetime(1, 1, 1, tzinfo=ZoneInfo("Europe/Berlin")),  # +00:53:28, and before the first day in UTC
        datetime(1880, 5, 5, tzinfo=ZoneInfo("Europe/Berlin")),
        datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=timezone(timedelta(hours=-12))),
        datetime(2026, 10, 25, 2, 30, tzinfo=UTC),
    ],
)
def test_any_time_is_kept(database: Fresh, at: datetime) -> None:
    store = database.open()
    take(store, ticket(1, created_at=at, updated_at=at))
    take(store, ticket(2, created_at=NOON))
    (first, _) = the(store)
    assert abs((first.created_at - at).total_seconds()) <= (3600 if at.year == 1 else 0)
    assert len(store.tickets.between(datetime(1000, 1, 1, tzinfo=UTC), None)) == (1 if at.year == 1 else 2)


# --- many at once


def test_pages_taken_by_many_at_once_are_all_there(database: Fresh) -> None:
    store = database.open()

    def one(n: int) -> None:
        tickets = [ticket(k, f"by {n}", updated_at=NOON + n * timedelta(seconds=1)) for k in range(30)]
        random.Random(n).shuffle(tickets)
        store.tickets.take("file", Page(tuple(tickets), high_water=NOON + n * DAY, tombstones=(f"file:x{n}",)))

    at_once(12, one)
    assert {t.body for t in the(store)} == {"by 11"}
    assert store.tickets.place("file").high_water == NOON + 11 * DAY


def test_a_text_that_a_run_freezes_survives_an_edit_in_the_middle_of_it(database: Fresh) -> None:
    store, rival = database.open(), database.open()
    old = ticket(1, "old", updated_at=NOON)
    take(store, old)
    store.runs.ask("k", "manual", {})
    fence = store.runs.lease("k", "me", 60)
    reading = Reading((old,), (), (), (), Window(None, None, "UTC", "all"), {})
    meanwhile(
        store,
        "INSERT INTO text",
        lambda: store.runs.freeze("k", fence, reading, Rules(), {}),
        lambda: take(rival, replace(old, body="new", updated_at=NOON + DAY)),
    )
    assert [t.body for t in store.runs.frozen("k")[0].tickets] == ["old"]
    assert [t.body for t in the(store)] == ["new"]


def test_a_text_that_is_erased_in_the_middle_of_a_freeze_is_gone(database: Fresh) -> None:
    store, rival = database.open(), database.open()
    sad = ticket(1, "my sorrow")
    store.runs.ask("k", "manual", {})
    fence = store.runs.lease("k", "me", 60)
    reading = Reading((sad,), (), (), (), Window(None, None, "UTC", "all"), {})
    meanwhile(
        store,
        "INSERT INTO text",
        lambda: store.runs.freeze("k", fence, reading, Rules(), {}),
        lambda: rival.tickets.erase([sad.id]),
    )
    assert texts_of(store, "my sorrow") == []


def test_ten_thousand_tickets_are_taken_and_found_by_index(database: Fresh) -> None:
    store = database.open()
    store.tickets.take("file", Page(tuple(ticket(n, "x", created_at=NOON + n * DAY / 100) for n in range(10_000))))
    assert len(store.tickets.between(NOON, NOON + DAY)) == 100
    assert store.tickets.erase([f"file:{n}" for n in range(10_000)]) == 10_000
    if database.kind == "sqlite":
        with engine_of(store).connect() as connection:
            plan = connection.exec_driver_sql(
                "EXPLAIN QUERY PLAN SELECT * FROM ticket WHERE created_at >= 1 AND created_at < 2"
            ).all()
        assert "ix_ticket_created_at" in str(plan)
