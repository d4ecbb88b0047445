"""A file of tickets as a Source: Zendesk or Intercom export, hand-made list, free text; CSV, TSV, JSON or JSONL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.acts import Finding
from bot.domain import Page, Reject, Ticket
from bot.ports import Refused
from connectors.ticket_file import reading, tickets
from connectors.ticket_file.headers import Columns, recognised
from connectors.ticket_file.table import Row, Table
from connectors.ticket_file.values import Dates, made_id

_PAGE = 1_000


class TicketFile:
    """One file. `columns` maps our fields to its headers; `now` and `timezone` place its dates, of which the day or the
    month comes first (`day_first`; None: as they tell themselves); `source` names it."""

    def __init__(
        self,
        path: Path,
        *,
        now: datetime,
        columns: Mapping[str, str] | None = None,
        timezone: str = "UTC",
        source: str = "file",
        day_first: bool | None = None,
    ) -> None:
        self._path = path
        self._now = now
        self._columns = dict(columns or {})
        self._zone = ZoneInfo(timezone)
        self._source = source
        self._day_first = day_first

    def headers(self) -> tuple[str, ...]:
        """As they stand in the file. Raises Refused."""
        return reading.read(self._path).headers

    def check(self) -> Sequence[Finding]:
        try:
            table = reading.read(self._path)
        except Refused as refused:
            return [Finding(self._source, "fail", str(refused), "Name another file under sources.file.paths.")]
        return [Finding(self._source, "ok", f"{self._path} can be read: {len(table.rows):,} rows")]

    def pages(self, cursor: str | None = None, *, since: datetime | None = None) -> Iterator[Page]:
        """All tickets of the file, each id once. `cursor` and `since` are for sources that grow."""
        table = reading.read(self._path)
        columns = recognised(table, self._columns, self._path)
        dates = Dates.of(table, columns, self._zone, self._now, self._day_first)
        read, rejects = self._tickets(table, columns, dates)
        if not read and not rejects:
            raise Refused(
                f"{self._path} holds no tickets: it has a header and no rows. Export it again, or name another file."
            )
        warnings = (*table.warnings, *columns.warnings, *dates.warnings())
        for start in range(0, max(1, len(read)), _PAGE):
            first = start == 0
            yield Page(
                tickets=tuple(read[start : start + _PAGE]),
                rejects=tuple(rejects) if first else (),
                warnings=warnings if first else (),
                estimate=len(read),
                understood=(f"{self._path.name}: {columns.understood}",) if first and columns.understood else (),
            )

    def _tickets(self, table: Table, columns: Columns, dates: Dates) -> tuple[list[Ticket], list[Reject]]:
        rejects = list(table.rejects)
        latest: dict[tuple[str, str], tuple[Ticket, Row]] = {}
        made: dict[str, int] = {}
        for row in table.rows:
            ticket = tickets.ticket(row, columns, dates, self._source)
            if not ticket.key:
                ticket = replace(ticket, key=made_id(ticket, made))
            known = latest.get((ticket.source, ticket.key))
            if known is not None:
                latest[ticket.source, ticket.key] = _later(known, (ticket, row), rejects)
            else:
                latest[ticket.source, ticket.key] = (ticket, row)
        return [t for t, _ in latest.values()], rejects


def _later(known: tuple[Ticket, Row], new: tuple[Ticket, Row], rejects: list[Reject]) -> tuple[Ticket, Row]:
    """Two rows with one id: the later version stays, and the other is reported. Nothing is dropped in silence."""
    if replace(known[0], updated_at=new[0].updated_at) == new[0]:
        rejects.append(Reject(new[1].where, f"the same ticket as {known[1].where} (id {new[0].key!r})"))
        return known
    older, newer = sorted((known, new), key=_age)
    rejects.append(Reject(older[1].where, f"another version of ticket {new[0].key!r} at {newer[1].where} was kept"))
    return newer


def _age(version: tuple[Ticket, Row]) -> tuple[float, int]:
    at = version[0].updated_at
    return (at.timestamp() if at else float("-inf"), version[1].number)


__all__: Sequence[str] = ("TicketFile",)
