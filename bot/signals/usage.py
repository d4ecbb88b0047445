"""Asks product analytics what usage says of a digest's themes. Whatever it does, the digest goes on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot import signals
from bot.domain import Digest, Signal, Theme
from bot.ports import Flow, Refused, Signals, Unavailable


@dataclass(frozen=True, slots=True)
class Usage:
    """Who is asked, and which flows are tied to themes."""

    analytics: Signals
    flows: Sequence[Flow]

    def told(self, digest: Digest) -> Digest:
        """The digest with a signal for each theme that a flow is tied to; as it was where it has no dates.

        After a first failure nobody is asked any more in this run: a theme says then that it was not measured.
        """
        start, end = digest.window.start, digest.window.end
        if start is None or end is None:
            return digest
        away: list[str] = []
        return replace(digest, themes=tuple(self._with_signal(t, start, end, away) for t in digest.themes))

    def _with_signal(self, theme: Theme, start: datetime, end: datetime, away: list[str]) -> Theme:
        flow = signals.flow_of(theme, self.flows)
        return theme if flow is None else replace(theme, signal=self._signal(theme, flow, start, end, away))

    def _signal(self, theme: Theme, flow: Flow, start: datetime, end: datetime, away: list[str]) -> Signal:
        if not away:
            try:
                found = self.analytics.measure(flow, start - (end - start), start, end)
                return signals.judged(flow.name, theme.counts.customers, found)
            except (Unavailable, Refused) as fault:
                away.append(str(fault).rstrip("."))
        return signals.unmeasured(flow.name, away[0])
