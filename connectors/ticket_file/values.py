"""Cells -> values: text that can always be shown, dates with a zone, tags, made-up ids that stay the same."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from dateutil import parser as dateparser

from bot.domain import MADE, Ticket, Warned

if TYPE_CHECKING:
    from connectors.ticket_file.headers import Columns
    from connectors.ticket_file.table import Table

_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufeff\u202a-\u202e\u2066-\u2069]")
_TAG = re.compile(
    r"<(?:p|div|br|span|a|ul|ol|li|table|b|i|strong|em|h[1-6]|html|body|img|blockquote)\b[^>]{0,2000}>", re.IGNORECASE
)
_SLASHED = re.compile(r"(\d{1,2})([/.])(\d{1,2})[/.](\d{4}|\d{2})(?!\d)")
_DATED = re.compile(
    r"(\d{4}[-/]\d\d?[-/]\d\d?|\d\d?[./-]\d\d?[./-](\d{4}|\d\d)"
    r"|(\w+,? )?\d\d?\.? \w{3,9}\.? \d{4}|\w{3,9} \d\d?, \d{4})([T, ].*)?"
)
# Excel counts days from here, because 1900 was no leap year and Lotus thought it was.
_EXCEL = datetime(1899, 12, 30, tzinfo=UTC)
# What dateutil fills in where a text has no year or hour; without it, it takes today's.
_UNDATED = datetime(1900, 1, 1)  # noqa: DTZ001 - a zone is added where the text has none
_OLDEST = datetime(1990, 1, 1, tzinfo=UTC)


def tidy(value: object) -> str:
    """Text without what no reader can see and what turns the reading direction round; line ends are \\n."""
    text = "" if value is None else str(value)
    return _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def from_html(text: str) -> str:
    """What a person saw of an HTML body; plain text comes back as it is."""
    if not _TAG.search(text):
        return text
    from inscriptis import get_text
    from inscriptis.css_profiles import CSS_PROFILES
    from inscriptis.model.config import ParserConfig

    shown = get_text(text, ParserConfig(css=CSS_PROFILES["strict"], display_links=False))
    return "\n".join(line.strip() for line in shown.split("\n")).strip()


def tags(value: Any) -> tuple[str, ...]:
    """A list, or text separated by commas, semicolons or blanks."""
    if isinstance(value, list):
        given: Iterable[Any] = (v.get("name") if isinstance(v, dict) else v for v in value)
    else:
        text = tidy(value).strip(" []")
        given = re.split(r"[,;|]\s*", text) if re.search(r"[,;|]", text) else text.split()
    return tuple(dict.fromkeys(t for t in (tidy(v).strip(" '\"") for v in given if v is not None) if t))


def looks_dated(text: str) -> bool:
    """Whether it is written as a date; a bare number may be anything."""
    return _DATED.fullmatch(text) is not None


def made_id(ticket: Ticket, made: dict[str, int]) -> str:
    """An id from the content, for a row without one: the same row has the same id in any order of rows."""
    at = ticket.created_at.isoformat() if ticket.created_at else ""
    told = "\x1f".join(
        [
            ticket.subject,
            ticket.body,
            at,
            ticket.requester.email or ticket.requester.name or "",
            ticket.account.id or ticket.account.name or "",
        ]
    )
    key = f"{MADE}{hashlib.sha256(told.encode('utf-8', 'replace')).hexdigest()[:8]}"
    made[key] = made.get(key, 0) + 1
    return key if made[key] == 1 else f"{key}-{made[key]}"


@dataclass(slots=True)
class Dates:
    """Reads the dates of one file: which comes first, day or month, is decided by all of them together."""

    zone: tzinfo
    now: datetime
    day_first: bool = False
    ambiguous: bool = False
    unread: list[str] = field(default_factory=list)
    impossible: int = 0

    @classmethod
    def of(cls, table: Table, columns: Columns, zone: tzinfo, now: datetime, day_first: bool | None = None) -> Dates:
        """`day_first`: somebody said so; None: the dates themselves tell, or nobody does."""
        headers = [header for field in ("created", "updated") if (header := columns.get(field))]
        cells = (str(row.values.get(header) or "").strip() for header in headers for row in table.rows)
        found = {match.groups() for cell in cells if (match := _SLASHED.match(cell))}
        told = _day_first(found, now) if day_first is None else day_first
        return cls(zone, now, bool(told), bool(found) and told is None)

    def read(self, value: Any) -> datetime | None:
        """The aware time in a cell; None when there is none, when it can't be read, or when it can't be true."""
        text = tidy(value).strip()
        if not text:
            return None
        at = self._at(value, text)
        if at is None:
            self.unread.append(text[:40])
            return None
        at = at if at.tzinfo else at.replace(tzinfo=self.zone)
        if at > self.now + timedelta(days=1) or at < _OLDEST:
            self.impossible += 1
            return None
        return at

    def _at(self, value: Any, text: str) -> datetime | None:
        try:
            number = float(text)
        except ValueError:
            return self._written(text)
        return None if isinstance(value, bool) else self._counted(number)

    def _counted(self, number: float) -> datetime | None:
        """Unix seconds or milliseconds, or Excel's days since 1900."""
        try:
            if number > 1e11:
                return datetime.fromtimestamp(number / 1000, UTC)
            if number > 1e8:
                return datetime.fromtimestamp(number, UTC)
            if 20_000 < number < 80_000:
                return (_EXCEL + timedelta(seconds=round(number * 86_400))).replace(tzinfo=self.zone)
            if 19_900_101 <= number <= 29_991_231:
                return datetime.strptime(str(int(number)), "%Y%m%d").replace(tzinfo=self.zone)
        except (ValueError, OverflowError, OSError):
            return None
        return None

    def _written(self, text: str) -> datetime | None:
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            pass
        try:
            return parsedate_to_datetime(text)
        except ValueError:
            pass
        try:
            found = dateparser.parse(text, dayfirst=self.day_first, default=_UNDATED, ignoretz=False)
        except (ValueError, OverflowError, TypeError):
            return None
        return found if isinstance(found, datetime) and found.year > 1900 else None

    def warnings(self) -> Iterable[Warned]:
        """One remark for each kind of trouble, with its count."""
        if self.unread:
            n = len(self.unread)
            yield Warned(
                "unread_dates",
                f"{n} date{'s' if n > 1 else ''} could not be read: those tickets are kept without one. "
                "Write them as 2026-10-05 or 2026-10-05T12:00:00Z.",
            )
        if self.impossible:
            n = self.impossible
            yield Warned(
                "impossible_dates",
                f"{n} date{'s' if n > 1 else ''} lie in the future or before 1990 and were taken as unknown.",
            )
        if self.ambiguous:
            yield Warned(
                "ambiguous_dates",
                "Dates like 03/04 were read month first, since none of them tells: say --day-first if that is wrong,"
                " and --month-first if it is right.",
            )


def _day_first(written: Collection[tuple[str, ...]], now: datetime) -> bool | None:
    """What comes first in a column's dates, by those that can be read one way only: there is no thirteenth month, and
    no ticket is of a day to come. With dots the day comes first. None: none of them tells."""
    days = [(int(a), int(b), int(year) + (2000 if len(year) == 2 else 0)) for a, _, b, year in written]
    day, month = any(a > 12 for a, _, _ in days), any(b > 12 for _, b, _ in days)
    if day or month:
        return day and not month
    if any(between == "." for _, between, _, _ in written):
        return True
    last = (now + timedelta(days=1)).date()
    wrong = [any((y, m, d) > (last.year, last.month, last.day) for y, m, d in read) for read in (
        [(y, a, b) for a, b, y in days], [(y, b, a) for a, b, y in days]
    )]  # fmt: skip
    return wrong[0] if wrong[0] != wrong[1] else None
