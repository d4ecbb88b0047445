"""What every help desk as a Source keeps, whoever wrote it: inherit `SourceContract`, and give a fixture `desk`.

    class TestZendesk(SourceContract):
        @pytest.fixture
        def desk(self) -> Iterator[Desk]:
            with ZendeskServer(...) as server:
                yield ZendeskDesk(server)

The stand-in must hand over at most `Desk.page_size` tickets a page, so that a dozen tickets are several pages.
"""

from __future__ import annotations

import logging
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from bot.domain import Page, Ticket
from bot.ports import Refused, Source, Unavailable
from tests.servers.base import Request, StandIn


@dataclass
class Clock:
    """The time of the source under test and of its stand-in. Sleeping passes it, and takes none."""

    at: datetime = datetime(2026, 11, 10, 9, 0, tzinfo=UTC)
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> datetime:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += timedelta(seconds=seconds)


class Desk(ABC):
    """A stand-in help desk and the source under test pointed at it, sharing one clock."""

    name: str  # as in Ticket.source
    listing: str  # a regular expression for the path of the request that lists tickets
    token: str  # the secret that the source was given
    page_size = 3
    patience = 600.0  # seconds that the source was allowed to wait in all
    server: StandIn
    clock: Clock
    told: list[str]  # what `tell` was told

    @abstractmethod
    def source(self, *, token: str | None = None) -> Source:
        """A new one each time, as another process would make it."""

    @abstractmethod
    def write(self, text: str) -> str:
        """A customer writes a ticket with `text` in its body; -> its id as in `Ticket.id`."""

    @abstractmethod
    def edit(self, ticket_id: str, text: str) -> None:
        """The text of the ticket becomes another."""

    @abstractmethod
    def delete(self, ticket_id: str) -> None: ...

    def settle(self) -> None:
        """Time passes until a listing shows all that was done."""
        self.clock.at += timedelta(minutes=5)

    def written(self, count: int) -> list[str]:
        """`count` tickets, a minute between them, settled."""
        ids = []
        for n in range(count):
            ids.append(self.write(f"The export of report {n} stops at half."))
            self.clock.at += timedelta(minutes=1)
        self.settle()
        return ids

    def reads(self, request: Request) -> bool:
        return request.method == "GET" or (request.method == "POST" and request.path.endswith("/search"))


SINCE = datetime(2026, 9, 1, tzinfo=UTC)


def read(desk: Desk, cursor: str | None = None) -> list[Page]:
    return list(desk.source().pages(cursor, since=SINCE))


def ids(pages: Iterable[Page]) -> list[str]:
    return [t.id for page in pages for t in page.tickets]


def tickets(pages: Iterable[Page]) -> dict[str, Ticket]:
    """As the store keeps them: by id, the later one wins."""
    return {t.id: t for page in pages for t in page.tickets}


class SourceContract:
    """Each test makes its own desk: see the head of this file."""

    # --- complete, once, and in step

    def test_every_ticket_comes_once_over_several_pages(self, desk: Desk) -> None:
        written = desk.written(10)
        pages = read(desk)
        assert sorted(ids(pages)) == sorted(written)
        assert len([p for p in pages if p.tickets]) >= 4

    def test_a_desk_without_tickets_is_one_page_with_a_place_to_go_on_from(self, desk: Desk) -> None:
        pages = read(desk)
        assert ids(pages) == [] and len(pages) == 1 and pages[-1].cursor
        written = desk.written(2)
        assert sorted(ids(read(desk, pages[-1].cursor))) == sorted(written)

    def test_reading_on_from_any_pages_cursor_loses_and_repeats_nothing(self, desk: Desk) -> None:
        desk.written(10)
        pages = read(desk)
        for n, page in enumerate(pages):
            assert page.cursor, "every page says where it goes on"
            assert sorted(ids(read(desk, page.cursor))) == sorted(ids(pages[n + 1 :]))

    def test_what_changed_since_the_last_page_comes_with_the_next_sync_and_nothing_else(self, desk: Desk) -> None:
        written = desk.written(7)
        cursor = read(desk)[-1].cursor
        desk.edit(written[2], "Now the import stops, too.")
        new = desk.write("A dashboard is empty.")
        desk.settle()
        again = tickets(read(desk, cursor))
        assert set(again) == {written[2], new}
        assert "Now the import stops, too." in again[written[2]].body

    def test_a_ticket_edited_while_it_is_read_ends_with_its_last_text_and_none_is_lost(self, desk: Desk) -> None:
        written = desk.written(8)
        pages = desk.source().pages(since=SINCE)
        first = next(pages)
        edited = first.tickets[0].id
        desk.edit(edited, "The edited text.")
        desk.settle()
        rest = list(pages)
        rest += read(desk, rest[-1].cursor)
        found = tickets([first, *rest])
        assert sorted(found) == sorted(written)
        assert "The edited text." in found[edited].body
        for page in rest:
            assert len(ids([page])) == len(set(ids([page]))), "never twice within one page"

    def test_a_deleted_ticket_becomes_a_tombstone_and_is_no_ticket(self, desk: Desk) -> None:
        written = desk.written(5)
        cursor = read(desk)[-1].cursor
        desk.delete(written[1])
        desk.settle()
        after = read(desk, cursor)
        assert [t for p in after for t in p.tombstones] == [written[1]]
        assert written[1] not in ids(after)

    def test_tickets_from_before_since_are_not_asked_for(self, desk: Desk) -> None:
        desk.written(2)
        later = desk.clock()
        desk.settle()
        new = desk.written(2)
        assert sorted(ids(desk.source().pages(since=later))) == sorted(new)

    # --- what a ticket says

    def test_a_ticket_says_where_it_stands_who_wrote_it_and_when(self, desk: Desk) -> None:
        (written,) = desk.written(1)
        (ticket,) = tickets(read(desk)).values()
        assert ticket.id == written == f"{desk.name}:{ticket.key}"
        assert "The export of report 0" in ticket.body
        assert ticket.url and ticket.url.startswith("https://")
        assert ticket.requester.id and ticket.requester.email and not ticket.requester.staff
        assert ticket.created_at and ticket.updated_at
        assert ticket.created_at.utcoffset() == timedelta(0) and ticket.updated_at >= ticket.created_at

    def test_the_high_water_rises_and_is_never_in_the_future(self, desk: Desk) -> None:
        desk.written(10)
        marks = [p.high_water for p in read(desk)]
        known = [m for m in marks if m is not None]
        assert known and known == sorted(known) and known[-1] <= desk.clock()
        newest = max(t.updated_at for t in tickets(read(desk)).values() if t.updated_at)
        assert known[-1] >= newest, "at the end all is handed over"

    @pytest.mark.parametrize("text", ["\x00 in a text", "half a \ud83d pair", "\u202eright to left", "x" * 1_000_000])
    def test_an_odd_text_comes_through(self, desk: Desk, text: str) -> None:
        written = desk.write(text)
        desk.settle()
        assert ids(read(desk)) == [written]

    # --- bad days

    @pytest.mark.parametrize(
        "fault",
        [
            {"kind": "refuse", "status": 500},
            {"kind": "refuse", "status": 502},
            {"kind": "refuse", "status": 503},
            {"kind": "drop"},
            {"kind": "lose"},
            {"kind": "truncate"},
        ],
        ids=lambda f: f"{f['kind']}-{f.get('status', '')}",
    )
    def test_a_passing_fault_loses_and_repeats_nothing(self, desk: Desk, fault: dict[str, Any]) -> None:
        written = desk.written(10)
        desk.server.fail(**fault, path=desk.listing, times=2, skip=1)
        assert sorted(ids(read(desk))) == sorted(written)
        assert desk.clock.slept and all(1 <= s <= 900 for s in desk.clock.slept)
        assert desk.told, "it says what it waits for"

    @pytest.mark.parametrize(
        ("retry_after", "least", "most"),
        [("7", 7, 7), ("-3", 1, 1), ("DATE", 30, 30), ("soon", 1, 60), ("", 1, 60), (None, 1, 60)],
    )
    def test_it_waits_as_long_as_it_was_asked_to(
        self, desk: Desk, retry_after: str | None, least: float, most: float
    ) -> None:
        written = desk.written(4)
        if retry_after == "DATE":
            retry_after = format_datetime(desk.clock() + timedelta(seconds=30), usegmt=True)
        headers = {} if retry_after is None else {"Retry-After": retry_after}
        desk.server.fail("refuse", path=desk.listing, status=429, headers=headers)
        assert sorted(ids(read(desk))) == sorted(written)
        assert len(desk.clock.slept) == 1 and least <= desk.clock.slept[0] <= most

    def test_an_absurd_wait_is_not_begun_and_is_told_to_the_caller(self, desk: Desk) -> None:
        desk.written(4)
        desk.server.fail("refuse", path=desk.listing, status=429, headers={"Retry-After": "1000000000"})
        with pytest.raises(Unavailable) as refused:
            read(desk)
        assert refused.value.retry_after == 900
        assert not desk.clock.slept

    @pytest.mark.parametrize("kind", ["refuse", "drop", "truncate"])
    def test_a_lasting_fault_ends_as_unavailable_within_its_patience(self, desk: Desk, kind: str) -> None:
        desk.written(4)
        desk.server.fail(kind, path=desk.listing, times=10_000)
        with pytest.raises(Unavailable):
            read(desk)
        assert 0 < sum(desk.clock.slept) <= desk.patience

    def test_what_was_read_before_a_lasting_fault_stays_and_reading_goes_on_from_there(self, desk: Desk) -> None:
        written = desk.written(8)
        desk.server.fail("refuse", path=desk.listing, times=10_000, skip=1)
        got = []
        with pytest.raises(Unavailable):
            for page in desk.source().pages(since=SINCE):
                got.append(page)  # noqa: PERF402
        desk.server.faults.clear()
        assert got and sorted(ids(got) + ids(read(desk, got[-1].cursor))) == sorted(written)

    def test_a_sign_in_page_with_status_200_is_an_error_with_a_mend(self, desk: Desk) -> None:
        desk.written(4)
        desk.server.fail("html", path=desk.listing, times=10_000)
        with pytest.raises((Unavailable, Refused)) as refused:
            read(desk)
        assert f"sources.{desk.name}" in str(refused.value)

    def test_a_cursor_that_nobody_knows_starts_again_and_loses_nothing(self, desk: Desk) -> None:
        written = desk.written(4)
        for cursor in ("not ours", "{}", '{"after": 5}', "\x00"):
            assert sorted(tickets(read(desk, cursor))) == sorted(written)

    # --- what it must never do

    def test_only_reads_ever_leave(self, desk: Desk) -> None:
        desk.written(5)
        list(desk.source().check())
        read(desk)
        assert desk.server.requests and all(desk.reads(r) for r in desk.server.requests)

    def test_a_wrong_token_is_refused_with_the_mend_and_before_the_first_page(self, desk: Desk) -> None:
        desk.written(4)
        with pytest.raises(Refused) as refused:
            next(iter(desk.source(token="of-somebody-else").pages(since=SINCE)))
        said = str(refused.value)
        assert f"sources.{desk.name}.token" in said
        assert f"GROUNDSWELL_SOURCES__{desk.name.upper()}__TOKEN" in said
        assert not desk.clock.slept, "a refusal is not tried again"

    def test_neither_token_nor_text_is_in_any_message_repr_or_log(
        self, desk: Desk, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        desk.write("The word nightingale is in this ticket alone.")
        desk.settle()
        said = [repr(desk.source()), str(desk.source()), repr(getattr(desk.source(), "__dict__", ""))]
        said += [str(f) for f in desk.source().check()]
        read(desk)
        for fault in ({"kind": "refuse", "status": 401}, {"kind": "html"}, {"kind": "refuse"}, {"kind": "truncate"}):
            desk.server.fail(**fault, times=10_000)
            said += [str(f) for f in desk.source().check()]
            with pytest.raises((Refused, Unavailable)) as failure:
                read(desk)
            said += [repr(e) for e in _chain(failure.value)]
            desk.server.faults.clear()
        everything = "\n".join([*said, *desk.told, caplog.text])
        assert desk.token not in everything
        assert not re.search("nightingale", everything, re.IGNORECASE)

    @pytest.mark.parametrize(
        "fault",
        [
            {"kind": "refuse", "status": 401},
            {"kind": "refuse", "status": 403},
            {"kind": "refuse", "status": 500},
            {"kind": "drop"},
            {"kind": "html"},
            {"kind": "truncate"},
        ],
        ids=lambda f: f"{f['kind']}-{f.get('status', '')}",
    )
    def test_check_never_raises_and_names_a_mend_for_each_fault(self, desk: Desk, fault: dict[str, Any]) -> None:
        assert {f.state for f in desk.source().check()} <= {"ok", "warn"}
        desk.server.fail(**fault, times=10_000)
        failed = [f for f in desk.source().check() if f.state == "fail"]
        assert failed and all(f.mend for f in failed)
        assert {f.name for f in failed} == {desk.name}


def _chain(error: BaseException | None) -> Iterable[BaseException]:
    """An error and all that a traceback would print with it."""
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
