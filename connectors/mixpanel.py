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
from bot.ports import Flow, Refused, Unavailable
from connectors.patience import asked_for

_MEND = "Look at signals: base_url (https://mixpanel.com, https://eu.mixpanel.com or in.), project, user and token."


class Mixpanel:
    """`user`, `token`: of a service account. Making it touches no network."""

    def __init__(self, *, token: str, user: str, project: str, base_url: str, timeout: float = 20.0) -> None:
        self._url, self._project, self._timeout = f"{base_url}/api/query/segmentation", project, timeout
        self._auth = httpx.BasicAuth(user, token)

    def __repr__(self) -> str:
        return f"Mixpanel({self._url}, {self._project})"

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

    def _unique(self, event: str, start: datetime, end: datetime) -> int:
        """Users of the event on the days from `start` to before `end`. Raises Unavailable, Refused."""
        last = end - timedelta(days=1)
        days = (end.date() - start.date()).days
        asked = {"project_id": self._project, "event": event, "type": "unique", "interval": str(max(1, days))}
        dates = {"from_date": f"{start:%Y-%m-%d}", "to_date": f"{last:%Y-%m-%d}"}
        try:
            answer = httpx.get(self._url, params={**asked, **dates}, auth=self._auth, timeout=self._timeout)
        except httpx.RequestError as error:
            late = isinstance(error, httpx.TimeoutException)
            raise Unavailable(f"Mixpanel {'did not answer in time' if late else 'can’t be reached'}.") from None
        _raise_for(answer)
        try:
            return _bucket(answer.json()["data"]["values"], event)
        except (ValueError, LookupError, TypeError, AttributeError):
            raise Unavailable("Mixpanel answered with what is no count: is signals.base_url right?") from None


def _users(reached: int, other: int, *, goal: bool) -> Users:
    return Users(reached, max(0, reached - other) if goal else min(reached, other))


def _bucket(values: Mapping[str, Mapping[str, Any]], event: str) -> int:
    """The one count that was asked for; several would count a user several times."""
    found = [int(n) for n in values.get(event, {}).values()]
    if sum(n > 0 for n in found) > 1:
        raise ValueError("more than one bucket")
    return sum(found)


def _raise_for(answer: httpx.Response) -> None:
    code = answer.status_code
    if code == httpx.codes.TOO_MANY_REQUESTS or code >= 500:
        wait = asked_for(answer.headers.get("Retry-After"), datetime.now(UTC))
        raise Unavailable(f"Mixpanel answered {code}.", retry_after=wait)
    if code in (401, 403):
        raise Refused(f"Mixpanel refused the service account ({code}): look at signals.user, token and project.")
    if code != httpx.codes.OK:
        raise Refused(f"Mixpanel refused the query ({code}): is signals.project right?")
