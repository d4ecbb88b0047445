"""Zendesk as a Source, through zenpy (GPL-3.0: the extra `zendesk`; imported in this package alone)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from bot.acts import Finding
from bot.domain import Page, Reject, Ticket, Warned
from bot.ports import Unavailable
from connectors import proof
from connectors.patience import Patience
from connectors.zendesk.account import Account
from connectors.zendesk.declined import Declined
from connectors.zendesk.export import Export
from connectors.zendesk.place import Batch, Place, place_of
from connectors.zendesk.rows import Row, key_of, row, text_of
from connectors.zendesk.samples import samples
from connectors.zendesk.search import Search
from connectors.zendesk.settings import Choice, choice
from connectors.zendesk.tickets import LONGEST, SOURCE, Tickets, is_gone, is_struck
from connectors.zendesk.wire import Line, promised

_CHECK_PATIENCE = 20.0  # seconds: someone is looking at the terminal
_SEARCH_ONLY = Warned(
    "zendesk_search_only",
    "The Zendesk token is not an admin's, so tickets come from search: what changed in the last ten minutes may be "
    "missing, and tickets deleted in Zendesk are not noticed.",
)


def _silent(_: str) -> None:
    return None


class Zendesk:
    """One help desk, read only. With `email` the token is an API token, without it an OAuth token (scope: read).

    `area_field` is the id or title of the custom field that holds the product area; tickets of `exclude_brands` (ids or
    names) and with `exclude_tags` are nobody's: an earlier version of them is given up as if deleted. `patience` is how
    many seconds one request may be waited for in all; `tell` hears what is waited for. Nothing is sent before a call.
    """

    def __init__(  # noqa: PLR0913  # what a config stanza says, each by its name
        self,
        *,
        subdomain: str,
        token: str,
        now: Callable[[], datetime],
        email: str | None = None,
        area_field: str | None = None,
        exclude_brands: Sequence[str] = (),
        exclude_tags: Sequence[str] = (),
        base_url: str | None = None,
        patience: float = 600.0,
        sleep: Callable[[float], None] = time.sleep,
        tell: Callable[[str], None] = _silent,
    ) -> None:
        self._account = Account(subdomain, token, email, base_url)
        self._now = now
        self._area_field = area_field
        self._brands = tuple(map(str, exclude_brands))
        self._tags = tuple(exclude_tags)
        self._seconds = patience
        self._sleep = sleep
        self._tell = tell

    def __repr__(self) -> str:
        return f"Zendesk({self._account.home})"

    def check(self) -> Sequence[Finding]:
        """Who the token's owner is, whether all can be read, and whether the configured names exist."""
        return self._found(lambda line: [self._owner(line), self._reach(line), *self._names(line)])

    @property
    def writes(self) -> str:
        return ""

    def prove(self, key: str) -> Sequence[Finding]:
        """See `bot.ports.Proven`: one page, by the way that a sync would take."""
        since = int((self._now() - proof.SPAN).timestamp())
        return self._found(
            lambda line: [proof.of_page(SOURCE, "Zendesk's tickets", next(self._pages(line, Place(), since), None))]
        )

    def pages(self, cursor: str | None = None, *, since: datetime | None = None) -> Iterator[Page]:
        """Every ticket changed since `since` or since `cursor`, as `bot.ports.Source` says.

        A cursor that Zendesk knows no longer goes back to a day before what it had handed over.
        """
        begun = False
        try:
            start = int(since.timestamp()) if since else 0
            for page in self._pages(self._line(self._seconds), place_of(cursor), start):
                yield page
                begun = True
        except Declined as declined:
            if begun:  # the port's promise: Refused comes before the first page; the next read will say it so
                raise Unavailable(str(declined)) from None
            raise declined.error from None

    def samples(self) -> Iterator[tuple[str, Any]]:
        """See `bot.ports.Sampled`."""
        try:
            yield from samples(self._line(min(self._seconds, _CHECK_PATIENCE)), self._now())
        except Declined as declined:
            raise declined.error from None

    def _line(self, seconds: float) -> Line:
        return Line(self._account, Patience(seconds, now=self._now, sleep=self._sleep, tell=self._tell))

    # --- reading

    def _pages(self, line: Line, place: Place, since: int) -> Iterator[Page]:
        wanted = choice(line, self._area_field, self._brands, self._tags)
        tickets = Tickets(line, self._account, wanted)
        warnings = wanted.warnings
        warned = False
        for batch in self._batches(line, place, since):
            if batch.place.way == "search" and not warned:
                warnings, warned = (*warnings, _SEARCH_ONLY), True
            yield _page(batch, tickets, wanted, warnings)
            warnings = ()

    def _batches(self, line: Line, place: Place, since: int) -> Iterator[Batch]:
        """By export; by search for a token that may not export, and for the rest of a search."""
        if place.way == "export" or not place.after:
            # A finished search is no place in the export, but says since when.
            at = place if place.way == "export" else Place()
            try:
                for batch in Export(line, self._now, self._tell).batches(at, _start(place, since)):
                    yield batch
                    place = batch.place
                return
            except Declined as declined:
                if declined.status != 403:
                    raise
        yield from Search(line, self._now, self._tell).batches(place, since)

    # --- checking

    def _found(self, look: Callable[[Line], Sequence[Finding]]) -> Sequence[Finding]:
        try:
            return look(self._line(min(self._seconds, _CHECK_PATIENCE)))
        except Declined as declined:
            return [Finding(SOURCE, "fail", f"{declined.why}.", f"{declined.mend[0].upper()}{declined.mend[1:]}.")]
        except Unavailable as unavailable:
            return [Finding(SOURCE, "fail", str(unavailable), "Try again; see Zendesk's status page and your network.")]

    def _owner(self, line: Line) -> Finding:
        with promised():
            owner = row(line.zenpy.users.me())
        if text_of(owner, "role") not in ("agent", "admin"):
            mend = "Use a token of an admin, or of an agent who sees all tickets (sources.zendesk.token)."
            return Finding(SOURCE, "fail", "The Zendesk token is not an agent's.", mend)
        who = text_of(owner, "email", "name")
        return Finding(SOURCE, "ok", f"{self._account.home} as {who}, {text_of(owner, 'role')}")

    def _reach(self, line: Line) -> Finding:
        """One page of what changed in the last five minutes, by the way that a read would take."""
        since = int((self._now() - timedelta(minutes=5)).timestamp())
        batch = next(self._batches(line, Place(), since))
        if batch.place.way == "search":
            mend = "Use an admin's token (sources.zendesk.token) to read all, deletions too, without delay."
            return Finding(SOURCE, "warn", _SEARCH_ONLY.message, mend)
        return Finding(SOURCE, "ok", "can read tickets, users and organizations")

    def _names(self, line: Line) -> Sequence[Finding]:
        unknown = choice(line, self._area_field, self._brands, self._tags).warnings
        mend = "Write it as Zendesk's Admin Center does, or put its id there."
        return [Finding(SOURCE, "warn", warned.message, mend) for warned in unknown]


def _start(place: Place, since: int) -> int:
    return since if place.way == "export" or place.high is None else place.high


def _page(batch: Batch, tickets: Tickets, wanted: Choice, warnings: tuple[Warned, ...]) -> Page:
    # An id that comes twice in one page: the later row is the later version.
    rows = {key_of(r, "id") or f"row {n}": r for n, r in enumerate(batch.rows)}
    gone = {key: r for key, r in rows.items() if is_gone(r) or wanted.leaves_out(r)}
    kept = [r for key, r in rows.items() if key not in gone]
    tickets.people.prepare(kept)
    read = [tickets.read(r) for r in kept]
    return Page(
        tickets=tuple(t for t in read if isinstance(t, Ticket)),
        rejects=tuple(r for r in read if isinstance(r, Reject)),
        warnings=(*warnings, *_cut(kept)),
        cursor=batch.place.written(),
        tombstones=tuple(f"{SOURCE}:{key}" for key in gone if isinstance(key, int)),
        struck=tuple(t.id for t in read if isinstance(t, Ticket) and is_struck(t)),
        high_water=batch.place.high_water,
    )


def _cut(rows: Sequence[Row]) -> tuple[Warned, ...]:
    long = sum(len(text_of(r, "description")) > LONGEST for r in rows)
    if not long:
        return ()
    told = f"{long:,} Zendesk tickets are longer than {LONGEST:,} characters; the rest of their text was not read."
    return (Warned("zendesk_cut", told),)


__all__: Sequence[str] = ("Zendesk",)
