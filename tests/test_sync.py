"""Help desk -> store: pages and their cursor together, faults that are kept and told, nobody to be seen in the file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text

from bot.acts import Finding
from bot.customers.pseudonyms import requester_key
from bot.domain import Page, Reject, Requester, Ticket, Warned
from bot.ports import Refused, Unavailable
from bot.runs.sync import sync
from bot.store import Place, Store
from tests.databases import Clock, Fresh, engine_of, texts_of
from tests.tickets import NOON, ticket

SINCE = NOON - timedelta(days=30)
Script = Sequence[Page | BaseException | Callable[[], None]]


class Scripted:
    """A `bot.ports.Source` that hands over what it is told, and remembers from where it was asked to begin."""

    def __init__(self, *script: Page | BaseException | Callable[[], None]) -> None:
        self.script: Script = script
        self.asked: list[tuple[str | None, datetime | None]] = []

    def check(self) -> Sequence[Finding]:
        return [Finding("desk", "ok", "There.")]

    def pages(self, cursor: str | None = None, *, since: datetime | None = None) -> Iterator[Page]:
        self.asked.append((cursor, since))
        for step in self.script:
            if isinstance(step, BaseException):
                raise step
            if isinstance(step, Page):
                yield step
            else:
                step()


def at_desk(key: str | int, body: str = "The export hangs.", *, changed: datetime = NOON, **more: Any) -> Ticket:
    return ticket(key, body, **{"source": "zendesk", "updated_at": changed, **more})


def page(*tickets: Ticket, cursor: str | None = None, **more: Any) -> Page:
    return Page(tickets, cursor=cursor, **more)


def stored(store: Store) -> dict[str, str]:
    return {t.key: t.body for t in store.tickets.between(None, None)}


# --- pages and their place


def test_what_comes_is_stored_and_counted_and_the_last_page_says_where_to_go_on(database: Fresh) -> None:
    store = database.open(clock=Clock())
    reject, warned = Reject("ticket 9", "no body"), Warned("partial", "Not all can be seen.")
    desk = Scripted(
        page(at_desk(1), at_desk(2), cursor="p1", rejects=(reject,), warnings=(warned,), estimate=3),
        page(at_desk(3), cursor="p2", warnings=(warned,), high_water=NOON),
    )
    told: list[tuple[int, int]] = []
    came = sync(store, "zendesk", desk, SINCE, lambda done, total: told.append((done, total)))
    assert (came.source, came.tickets, came.tombstones, came.rejects) == ("zendesk", 3, 0, 1)
    assert came.examples == (reject,) and came.warnings == (warned,)
    assert came.fault is None and not came.refused
    assert told == [(2, 3), (3, 3)]
    assert sorted(stored(store)) == ["1", "2", "3"]
    assert store.tickets.place("zendesk") == Place("p2", NOON, NOON, None, SINCE, (warned,))


def test_a_warning_stands_until_a_reading_ends_well_without_it_and_no_longer(database: Fresh) -> None:
    store = database.open()
    blind, cut = Warned("blind", "Its tickets are missing.", partial=True), Warned("cut", "One was too long.")

    def standing() -> tuple[Warned, ...]:
        place = store.tickets.place("zendesk")
        return place.warnings if place else ()

    between: list[tuple[Warned, ...]] = []
    look = lambda: between.append(standing())  # noqa: E731
    sync(store, "zendesk", Scripted(page(at_desk(1), warnings=(cut,)), page(cursor="1", warnings=(blind,))), SINCE)
    assert standing() == (cut, blind)
    sync(store, "zendesk", Scripted(page(cursor="2"), look, Unavailable("Away.")), SINCE)
    assert between == [(cut, blind)] and standing() == (cut, blind)  # nobody knows better yet
    sync(store, "zendesk", Scripted(page(cursor="3", warnings=(blind,)), look, page(cursor="4")), SINCE)
    assert between[1] == (cut, blind) and standing() == (blind,)
    sync(store, "zendesk", Scripted(page(cursor="5")), SINCE)
    assert standing() == ()


def test_the_next_sync_goes_on_from_the_last_cursor_and_an_empty_one_keeps_it(database: Fresh) -> None:
    store = database.open()
    desk = Scripted(page(at_desk(1), cursor="p1"))
    sync(store, "zendesk", desk, SINCE)
    desk.script = (page(),)
    sync(store, "zendesk", desk, SINCE + timedelta(days=1))
    sync(store, "zendesk", desk, SINCE)
    assert desk.asked == [(None, SINCE), ("p1", SINCE), ("p1", SINCE)]


def test_who_dies_between_two_pages_goes_on_after_the_first(database: Fresh) -> None:
    """Each page is committed with its cursor: never a page without its place, nor a place without its page."""
    store = database.open()
    between: list[tuple[dict[str, str], str | None]] = []

    def look() -> None:
        place = store.tickets.place("zendesk")
        between.append((stored(store), place.cursor if place else None))

    desk = Scripted(look, page(at_desk(1), cursor="p1"), look, page(at_desk(2), cursor="p2"), KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        sync(store, "zendesk", desk, SINCE)
    assert between == [({}, None), ({"1": "The export hangs."}, "p1")]
    desk.script = (page(at_desk(3), cursor="p3"),)
    sync(database.open(), "zendesk", desk, SINCE)
    assert desk.asked[-1] == ("p2", SINCE) and sorted(stored(store)) == ["1", "2", "3"]


def test_a_page_that_comes_again_changes_nothing_and_a_newer_version_wins_in_any_order(database: Fresh) -> None:
    store = database.open()
    old, new = at_desk(1, "Old words."), at_desk(1, "New words.", changed=NOON + timedelta(hours=1))
    for script in ([page(old)], [page(new)], [page(old)], [page(new), page(old)]):
        sync(store, "zendesk", Scripted(*script), SINCE)
    assert stored(store) == {"1": "New words."}
    assert texts_of(store, "Old words.") == []


def test_two_help_desks_have_places_and_tickets_of_their_own(database: Fresh) -> None:
    store = database.open()
    sync(store, "zendesk", Scripted(page(at_desk(1, "Of Zendesk."), cursor="z")), SINCE)
    sync(store, "intercom", Scripted(page(at_desk(1, "Of Intercom.", source="intercom"), cursor="i")), SINCE)
    assert [(t.id, t.body) for t in store.tickets.between(None, None)] == [
        ("intercom:1", "Of Intercom."),
        ("zendesk:1", "Of Zendesk."),
    ]
    cursors = [store.tickets.place(name).cursor for name in ("zendesk", "intercom")]  # type: ignore[union-attr]
    assert cursors == ["z", "i"]


def test_of_many_rejects_all_are_counted_and_the_first_are_shown(database: Fresh) -> None:
    rejects = [Reject(f"ticket {n}", "no body") for n in range(25)]
    pages = [page(rejects=tuple(rejects[:12]), cursor="a"), page(rejects=tuple(rejects[12:]), cursor="b")]
    came = sync(database.open(), "zendesk", Scripted(*pages), SINCE)
    assert came.rejects == 25 and came.examples == tuple(rejects[:10])


# --- from when on


def test_a_window_that_begins_earlier_than_all_before_is_read_anew_from_its_start(database: Fresh) -> None:
    store = database.open()
    desk = Scripted(page(at_desk(1), cursor="p1", high_water=NOON))
    sync(store, "zendesk", desk, SINCE)
    earlier = SINCE - timedelta(days=60)
    desk.script = (page(at_desk(0, "From long ago.", created_at=earlier), at_desk(1), cursor="q1"),)
    sync(store, "zendesk", desk, earlier)
    sync(store, "zendesk", desk, SINCE)
    assert desk.asked == [(None, SINCE), (None, earlier), ("q1", earlier)]
    place = store.tickets.place("zendesk")
    assert place is not None and (place.since, place.high_water) == (earlier, NOON)  # nothing read is unread again
    assert sorted(stored(store)) == ["0", "1"]


def test_a_reading_from_earlier_on_that_broke_off_is_gone_on_with(database: Fresh) -> None:
    store = database.open()
    sync(store, "zendesk", Scripted(page(at_desk(1), cursor="p1")), SINCE)
    earlier = SINCE - timedelta(days=60)
    desk = Scripted(Unavailable("Zendesk is away."))
    sync(store, "zendesk", desk, earlier)  # broke off before its first page: it begins again
    desk.script = (page(at_desk(0), cursor="q1"), Unavailable("Zendesk is away."))
    sync(store, "zendesk", desk, earlier)
    desk.script = (page(at_desk(2), cursor="q2"),)
    sync(store, "zendesk", desk, earlier)
    assert desk.asked == [(None, earlier), (None, earlier), ("q1", earlier)]
    assert sorted(stored(store)) == ["0", "1", "2"]


# --- faults


@pytest.mark.parametrize("fault", [Unavailable("Zendesk is away."), Refused("Zendesk refused the token (401).")])
def test_a_fault_of_the_source_is_told_kept_and_forgotten_once_it_works_again(
    database: Fresh, fault: Unavailable | Refused
) -> None:
    clock = Clock()
    store = database.open(clock=clock)
    desk = Scripted(page(at_desk(1), at_desk(2), cursor="p1", high_water=NOON), fault)
    came = sync(store, "zendesk", desk, SINCE)
    assert (came.tickets, came.fault, came.refused) == (2, str(fault), isinstance(fault, Refused))
    assert store.tickets.place("zendesk") == Place("p1", NOON, NOON, str(fault), SINCE)
    assert len(stored(store)) == 2
    clock.passes(60)
    desk.script = (page(cursor="p2", high_water=clock.at),)
    again = sync(store, "zendesk", desk, SINCE)
    assert (again.tickets, again.fault, desk.asked[-1]) == (0, None, ("p1", SINCE))
    assert store.tickets.place("zendesk") == Place("p2", clock.at, clock.at, None, SINCE)


def test_a_source_that_never_answered_is_known_by_its_fault_and_begins_at_the_start_later(database: Fresh) -> None:
    store = database.open(clock=Clock())
    desk = Scripted(Refused("Zendesk refused the token (401)."))
    sync(store, "zendesk", desk, SINCE)
    place = store.tickets.place("zendesk")
    assert place is not None and place.error == "Zendesk refused the token (401)."
    assert place.high_water is None and place.since is None
    desk.script = (page(at_desk(1), cursor="p1"),)
    assert sync(store, "zendesk", desk, SINCE).fault is None
    assert desk.asked == [(None, SINCE), (None, SINCE)] and len(stored(store)) == 1


def test_a_bug_in_a_connector_surfaces_and_is_no_fault_of_the_source(database: Fresh) -> None:
    store = database.open()
    with pytest.raises(KeyError):
        sync(store, "zendesk", Scripted(page(at_desk(1), cursor="p1"), KeyError("id")), SINCE)
    place = store.tickets.place("zendesk")
    assert place is not None and (place.cursor, place.error) == ("p1", None)


def test_a_full_disk_of_our_own_is_raised_and_is_no_fault_of_the_source(tmp_path: Path) -> None:
    store = Store.open(f"sqlite:///{tmp_path / 'store.db'}", workspace="acme")
    engine = engine_of(store)
    engine.dispose()
    event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA max_page_count=1"))  # as it is now
    long = at_desk(1, "The export hangs. " * 50_000)
    with pytest.raises(Unavailable, match="disk is full"):
        sync(store, "zendesk", Scripted(page(long, cursor="p1")), SINCE)
    assert store.tickets.place("zendesk") is None and stored(store) == {}
    store.close()


# --- what was deleted, and who wrote


def test_what_was_deleted_over_there_is_without_words_here_and_comes_back_only_when_restored(database: Fresh) -> None:
    store = database.open()
    written = at_desk(1, "My secret sorrow.")
    sync(store, "zendesk", Scripted(page(written, at_desk(2), cursor="a")), SINCE)
    came = sync(store, "zendesk", Scripted(page(cursor="b", tombstones=("zendesk:1",))), SINCE)
    assert came.tombstones == 1
    assert list(stored(store)) == ["2"] and store.tickets.count("zendesk") == 1
    assert texts_of(store, "secret sorrow") == []
    sync(store, "zendesk", Scripted(page(written)), SINCE)  # a page from before the deletion
    assert list(stored(store)) == ["2"]
    restored = at_desk(1, "Back again.", changed=NOON + timedelta(days=1))
    sync(store, "zendesk", Scripted(page(restored)), SINCE)
    assert stored(store)["1"] == "Back again."


ANN = Requester("ann@acme.example", "Ann.Noun@Acme.example", "Ann Noun")
WORDS = ("ann.noun", "ann@acme", "ann noun", "0170 1234567", "de89 3704", "de893704", "noun")


def test_no_address_name_or_number_is_in_the_bytes_of_the_database(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    store = Store.open(f"sqlite:///{path}", workspace="acme")
    said = (
        "Hello, it's ann.noun@acme.example, call +49 170 1234567 or pay to DE89 3704 0044 0532 0130 00. Exports hang."
    )
    sync(
        store,
        "zendesk",
        Scripted(page(at_desk(1, said, subject="For ann.noun@acme.example", requester=ANN), cursor="p")),
        SINCE,
    )
    (kept,) = store.tickets.between(None, None)
    before = b"".join(p.read_bytes() for p in tmp_path.iterdir())  # with what is not in the main file yet
    with engine_of(store).connect() as connection:
        connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
    store.close()
    everything = (before + path.read_bytes()).lower()
    assert b"exports hang" in everything  # it is the file in which the ticket is
    assert [w for w in WORDS if w.encode() in everything] == []
    assert kept.requester.email == f"{requester_key('ann.noun@acme.example', store.salt)}@acme.example"


def test_who_wrote_two_tickets_is_still_one_person_and_another_one_is_not(database: Fresh) -> None:
    store = database.open()
    bob = Requester("7", "bob@acme.example", "Bob")
    sync(store, "zendesk", Scripted(page(at_desk(1, requester=ANN), at_desk(3, requester=bob))), SINCE)
    shouting = Requester("x", "ANN.NOUN@ACME.EXAMPLE", "ann  noun")
    sync(store, "intercom", Scripted(page(at_desk(2, source="intercom", requester=shouting))), SINCE)
    two, one, three = (t.requester for t in store.tickets.between(None, None))
    assert one.email == two.email and one.name == two.name
    assert three.email != one.email and three.name != one.name
    assert texts_of(store, "ann.noun") == texts_of(store, "bob@") == []


def test_another_workspace_has_other_pseudonyms_for_the_same_person(tmp_path: Path) -> None:
    seen = []
    for name in ("one", "two"):
        store = Store.open(f"sqlite:///{tmp_path / name}.db", workspace=name)
        sync(store, "zendesk", Scripted(page(at_desk(1, requester=ANN))), SINCE)
        seen.append(store.tickets.between(None, None)[0].requester)
        store.close()
    assert seen[0].email != seen[1].email and seen[0].name != seen[1].name


def test_times_of_tickets_come_back_as_the_same_instants(database: Fresh) -> None:
    store = database.open()
    at = datetime(2026, 10, 25, 2, 30, tzinfo=UTC)
    sync(store, "zendesk", Scripted(page(at_desk(1, created_at=at, changed=at + timedelta(microseconds=1)))), SINCE)
    (kept,) = store.tickets.between(at, at + timedelta(microseconds=1))
    assert (kept.created_at, kept.updated_at) == (at, at + timedelta(microseconds=1))
    assert store.tickets.between(at + timedelta(microseconds=1), None) == []
