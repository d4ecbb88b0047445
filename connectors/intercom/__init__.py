"""Intercom as a Source: conversations and tickets, the customer's own words, and the company behind them."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime
from typing import Any

from bot.acts import Finding
from bot.domain import Page, Warned
from bot.ports import Refused, Unavailable
from connectors import proof
from connectors.intercom import checks
from connectors.intercom.cursor import Cursor
from connectors.intercom.run import Exclusions, Run, workspace
from connectors.intercom.samples import samples
from connectors.intercom.wire import Denied, Gone, Kind, Region, Unfit, Wire
from connectors.patience import Patience

_CHECKING = 10.0  # seconds that `check` waits for an answer: a person sits in front of it


class Intercom:
    """One workspace. `patience`: seconds that one request is waited for; `exclude_teams` ids, `exclude_tags` names.

    What is excluded becomes a tombstone: it may have been read before it was tagged.
    """

    def __init__(  # noqa: PLR0913  # what a config stanza says, each by its name
        self,
        *,
        token: str,
        now: Callable[[], datetime],
        region: Region = "us",
        base_url: str | None = None,
        exclude_teams: Collection[str | int] = (),
        exclude_tags: Collection[str] = (),
        patience: float = 600.0,
        sleep: Callable[[float], None] = time.sleep,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._region = region
        self._now = now
        self._patience = patience
        self._excluded = Exclusions.of(exclude_teams, exclude_tags)

        def wire(seconds: float) -> Wire:
            """The token lives in here alone, where no repr of this object shows it."""
            return Wire(token, region, base_url, Patience(seconds, now=now, sleep=sleep, tell=tell), now)

        self._wire = wire

    def check(self) -> Sequence[Finding]:
        try:
            with self._wire(min(self._patience, _CHECKING)) as wire:
                return list(checks.findings(wire, self._region, self._now()))
        except Refused as refused:
            return [checks.failed(refused)]

    @property
    def writes(self) -> str:
        return ""

    def prove(self, key: str) -> Sequence[Finding]:
        """See `bot.ports.Proven`: a page of conversations and one of tickets."""
        since = Cursor.first(int((self._now() - proof.SPAN).timestamp()), int(self._now().timestamp()))
        try:
            with self._wire(min(self._patience, _CHECKING)) as wire:
                run = Run(wire, wire, workspace(wire, self._region), self._excluded, self._now)
                return [_of_page(kind, page) for kind, page in run.first_pages(since)]
        except (Refused, Unavailable) as fault:
            return [checks.failed(fault)]

    def samples(self) -> Iterator[tuple[str, Any]]:
        """See `bot.ports.Sampled`."""
        with self._wire(min(self._patience, _CHECKING)) as wire:
            try:
                yield from samples(wire, self._now())
            except (Gone, Unfit) as odd:
                raise Denied("this address does not answer like Intercom", "check sources.intercom.region.") from odd

    def pages(self, cursor: str | None = None, *, since: datetime | None = None) -> Iterator[Page]:
        """See `bot.ports.Source`. A cursor that can't be read begins again at `since`: more than once, never not."""
        start = Cursor.read(cursor) if cursor is not None else None
        begun = start or Cursor.first(int(since.timestamp()) if since else 0, int(self._now().timestamp()))
        remarks = (_UNREADABLE,) if cursor is not None and start is None else ()
        with self._wire(self._patience) as wire, self._wire(0) as once:
            run = Run(wire, once, workspace(wire, self._region), self._excluded, self._now)
            yield from run.pages(begun, remarks)


def _of_page(kind: Kind, page: Page | None) -> Finding:
    return proof.of_page("intercom", f"Intercom's {kind}", page)


_UNREADABLE = Warned(
    "intercom_begun_again",
    "The place up to which Intercom had been read was not known any more: it was read again from the beginning.",
)

__all__ = ("Denied", "Intercom")
