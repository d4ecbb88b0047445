"""Asks product analytics what usage says of a digest's themes. Whatever it does, the digest goes on, and soon."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot import signals
from bot.domain import Digest, Signal, Theme
from bot.ports import Flow, Refused, Signals, Unavailable

_PATIENCE = 60.0  # seconds for all themes of a digest


def _none() -> Sequence[Flow]:
    return ()


@dataclass(frozen=True, slots=True)
class Usage:
    """Who is asked, and which flows are tied to themes: those of the config, which win, then those that people
    `confirmed`, asked for anew each time. `now`: seconds on a clock that only goes on."""

    analytics: Signals
    configured: Sequence[Flow]
    confirmed: Callable[[], Sequence[Flow]] = _none
    now: Callable[[], float] = field(default=time.monotonic, repr=False)

    @property
    def flows(self) -> tuple[Flow, ...]:
        return (*self.configured, *self.confirmed())

    def told(self, digest: Digest, flows: Sequence[Flow]) -> Digest:
        """The digest with a signal for each theme that one of `flows` is tied to; as it was where it has no dates.

        After a first failure, or when the time is up, nobody is asked any more in this run: a theme says then that it
        was not measured.
        """
        start, end = digest.window.start, digest.window.end
        if start is None or end is None:
            return digest
        asked = _Asked(self, start, end, self.now() + _PATIENCE)
        return replace(digest, themes=tuple(asked.with_signal(t, signals.flow_of(t, flows)) for t in digest.themes))


@dataclass(slots=True)
class _Asked:
    """One digest's questions. `away`: why nobody is asked any more."""

    usage: Usage
    start: datetime
    end: datetime
    until: float
    away: str = ""

    def with_signal(self, theme: Theme, flow: Flow | None) -> Theme:
        return theme if flow is None else replace(theme, signal=self._signal(theme, flow))

    def _signal(self, theme: Theme, flow: Flow) -> Signal:
        if not self.away and self.usage.now() >= self.until:
            self.away = f"as {_PATIENCE:.0f} seconds were not enough for all themes"
        if self.away:
            return signals.unmeasured(flow.name, self.away)
        try:
            found = self.usage.analytics.measure(flow, self.start - (self.end - self.start), self.start, self.end)
        except (Unavailable, Refused) as fault:
            self.away = str(fault).rstrip(".")
            return signals.unmeasured(flow.name, self.away)
        return signals.judged(flow.name, theme.counts.customers, found, signals.usual_of(flow))
