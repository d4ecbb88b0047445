"""Mixpanel: unique users of two events, by its segmentation query (VENDORS 8.5). Reads only; never tried live.

Each answer is one bucket of the whole time (`interval`), so that a user counts once in it; four requests for a flow, of
60 an hour. Mixpanel counts the users of each event apart: those of `trouble` are taken for users of the step, and of a
`goal` the difference counts. Repeats and pages it can't tell: the config refuses them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from bot.acts import Finding
from bot.domain import Users
from bot.ports import Flow, Recorded, Refused, Unavailable
from connectors.analytics import Analytics

_LONGEST = 300  # characters of a name
_MEND = "Look at signals: base_url (https://mixpanel.com, https://eu.mixpanel.com or in.), project, user and token."


class Mixpanel:
    """`user`, `token`: of a service account. Making it touches no network."""

    counts = frozenset({"trouble", "goal"})

    def __init__(self, *, token: str, user: str, project: str, base_url: str, timeout: float = 20.0) -> None:
        auth, right = httpx.BasicAuth(user, token), "a service account of this project (signals.user, token, project)"
        self._project = project
        self._wire = Analytics("Mixpanel", f"{base_url}/api/query", right, timeout, auth=auth)

    def __repr__(self) -> str:
        return f"Mixpanel({self._wire.url}, {self._project})"

    def check(self) -> Sequence[Finding]:
        today = datetime.now(UTC)
        try:
            self._unique("$mp_web_page_view", today, today + timedelta(days=1))
        except (Refused, Unavailable) as fault:
            return [Finding("mixpanel", "fail", str(fault), _MEND)]
        return [Finding("mixpanel", "ok", "Mixpanel answers queries.")]

    def measure(self, flow: Flow, start: datetime, middle: datetime, end: datetime) -> tuple[Users, Users] | None:
        other = flow.trouble or flow.goal
        if other is None or flow.page:
            raise Refused("Mixpanel can't tell repeats or pages of a flow: give it trouble or goal instead.")
        times = ((start, middle), (middle, end))
        reached = [self._unique(flow.reach, *time) for time in times]
        others = [self._unique(other, *time) for time in times]
        if not sum(reached) or not sum(others):
            return None
        before, now = (_users(n, m, goal=flow.goal is not None) for n, m in zip(reached, others, strict=True))
        return before, now

    def recorded(self, start: datetime, end: datetime) -> Sequence[Recorded]:
        """Mixpanel lists the commonest of the last 31 days, whatever time is asked for, and no counts."""
        names = self._ask("events/names", {"type": "general", "limit": "255"})
        if not isinstance(names, list):
            raise self._wire.unreadable()
        return [Recorded(name) for name in names if isinstance(name, str) and 0 < len(name) <= _LONGEST]

    def _unique(self, event: str, start: datetime, end: datetime) -> int:
        """Users of the event on the days from `start` to before `end`. Raises Unavailable, Refused."""
        last = end - timedelta(days=1)
        days = (end.date() - start.date()).days
        asked = {"event": event, "type": "unique", "interval": str(max(1, days))}
        dates = {"from_date": f"{start:%Y-%m-%d}", "to_date": f"{last:%Y-%m-%d}"}
        told = self._ask("segmentation", {**asked, **dates})
        try:
            return _bucket(told["data"]["values"], event)
        except (ArithmeticError, ValueError, LookupError, TypeError, AttributeError):
            raise self._wire.unreadable() from None

    def _ask(self, what: str, asked: Mapping[str, str]) -> Any:
        """Decoded JSON. Raises Unavailable, Refused."""
        return self._wire.ask("GET", f"/{what}", params={"project_id": self._project, **asked})


def _users(reached: int, other: int, *, goal: bool) -> Users:
    return Users(reached, max(0, reached - other) if goal else min(reached, other))


def _bucket(values: Mapping[str, Mapping[str, Any]], event: str) -> int:
    """The one count that was asked for; several would count a user several times."""
    found = [int(n) for n in values.get(event, {}).values()]
    if sum(n > 0 for n in found) > 1 or not all(0 <= n < 10**12 for n in found):
        raise ValueError("more than one bucket, or no count")
    return sum(found)
