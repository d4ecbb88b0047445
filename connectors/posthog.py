"""PostHog: counts of a flow's users, by one HogQL query for each (VENDORS 8.3). Reads only; never tried live.

The query holds no text of ours: events and paths go as `values`, which PostHog escapes. It answers with at most two
rows of counts, so no event and no person leaves PostHog.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import httpx

from bot.acts import Finding
from bot.domain import Users
from bot.ports import Flow, Refused, Unavailable
from bot.signals import pattern
from connectors.patience import asked_for

_MEND = "Look at signals.posthog: base_url (https://us.posthog.com, not *.i.posthog.com), project, and the token."
_QUERY = """
select period, countIf(reached > 0), countIf(reached > 0 and ({stuck})), sum(reached), sum(other) from (
  select person_id, if(timestamp >= toDateTime({middle}), 1, 0) as period,
    countIf(event = {reach} and {here}) as reached, countIf(event = {other} and {there}) as other
  from events
  where timestamp >= toDateTime({start}) and timestamp < toDateTime({end}) and event in ({reach}, {other})
  group by person_id, period
) group by period limit 2
"""
_ON_PAGE = "match(coalesce(properties.$pathname, ''), {page})"


class PostHog:
    """`token`: a personal API key with query:read. Making it touches no network."""

    def __init__(self, *, token: str, project: str, base_url: str, timeout: float = 20.0) -> None:
        self._url, self._timeout = f"{base_url}/api/projects/{project}/query/", timeout
        self._headers = {"Authorization": f"Bearer {token}"}

    def __repr__(self) -> str:
        return f"PostHog({self._url})"

    def check(self) -> Sequence[Finding]:
        try:
            self._ask("select 1", {})
        except (Refused, Unavailable) as fault:
            return [Finding("posthog", "fail", str(fault), _MEND)]
        return [Finding("posthog", "ok", "PostHog answers queries.")]

    def measure(self, flow: Flow, start: datetime, middle: datetime, end: datetime) -> tuple[Users, Users] | None:
        other = flow.trouble or flow.goal or flow.reach
        at = {"start": _utc(start), "middle": _utc(middle), "end": _utc(end)}
        values = {**at, "reach": flow.reach, "other": other, **({"page": pattern(flow.page)} if flow.page else {})}
        rows = self._ask(_query(flow), values)
        found = {int(period): (int(all_), int(stuck)) for period, all_, stuck, _, _ in rows}
        if not sum(row[3] for row in rows) or not sum(row[4] for row in rows):
            return None
        return Users(*found.get(0, (0, 0))), Users(*found.get(1, (0, 0)))

    def _ask(self, query: str, values: Mapping[str, str]) -> list[list[Any]]:
        """The rows, each of numbers. Raises Unavailable, Refused."""
        asked = {"query": {"kind": "HogQLQuery", "query": query, "values": values}, "name": "groundswell"}
        try:
            answer = httpx.post(self._url, json=asked, headers=self._headers, timeout=self._timeout)
        except httpx.RequestError as error:
            late = isinstance(error, httpx.TimeoutException)
            raise Unavailable(f"PostHog {'did not answer in time' if late else 'can’t be reached'}.") from None
        _raise_for(answer)
        try:
            return _rows(answer.json()["results"])
        except (ValueError, LookupError, TypeError):
            raise Unavailable("PostHog answered with what is no result: is signals.posthog.base_url right?") from None


def _query(flow: Flow) -> str:
    """The statement for one kind of trouble; what is in braces stays, for PostHog to fill in."""
    here = _ON_PAGE if flow.page else "true"
    there = here if flow.trouble else "true"
    stuck = "other > 0" if flow.trouble else "other = 0" if flow.goal else f"reached >= {int(flow.repeats or 2)}"
    return _QUERY.replace("{stuck}", stuck).replace("{here}", here).replace("{there}", there)


def _rows(told: Any) -> list[list[Any]]:
    rows = [list(row) for row in told]
    if any(not isinstance(n, int | float) or not math.isfinite(n) for row in rows for n in row):
        raise ValueError("a row of other than numbers")
    return rows


def _raise_for(answer: httpx.Response) -> None:
    code = answer.status_code
    if code == httpx.codes.TOO_MANY_REQUESTS or code >= 500:
        wait = asked_for(answer.headers.get("Retry-After"), datetime.now(UTC))
        raise Unavailable(f"PostHog answered {code}.", retry_after=wait)
    if code in (401, 403):
        raise Refused(f"PostHog refused the token ({code}): it needs the scope query:read.")
    if code != httpx.codes.OK:
        raise Refused(f"PostHog refused the query ({code}): is signals.posthog.project right?")


def _utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
