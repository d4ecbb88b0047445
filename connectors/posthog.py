"""PostHog: counts of a flow's users, by one HogQL query for each (VENDORS 8.3). Reads only; never tried live.

The query holds no text of ours: events and paths go as `values`, which PostHog escapes. It answers with at most two
rows of counts, so no event and no person leaves PostHog; what there is to choose from is names with their users.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from bot.acts import Finding
from bot.domain import Users
from bot.ports import Flow, Recorded, Refused, Unavailable
from bot.signals import normal, pattern
from connectors.analytics import Analytics

_MEND = "Look at signals: base_url (https://us.posthog.com, not *.i.posthog.com), project, and the token."
_QUERY = """
select period, countIf(reached > 0), countIf(reached > 0 and ({stuck})), sum(reached), sum(other) from (
  select person_id, if(timestamp >= toDateTime({middle}), 1, 0) as period,
    countIf(event = {reach} and {here}) as reached, countIf(event = {other} and {there}) as other
  from events
  where timestamp >= toDateTime({start}) and timestamp < toDateTime({end}) and event in ({reach}, {other})
  group by person_id, period
) group by period limit 2
"""
_EVENTS = """
select event as what, count(distinct person_id) as users from events
where timestamp >= toDateTime({start}) and timestamp < toDateTime({end}) group by what order by users desc limit 300
"""
_PAGES = _EVENTS.replace("event as", "properties.$pathname as").replace("group", "and event = {view} group")
_PAGES = _PAGES.replace("300", "1000")
_VIEW, _LONGEST = "$pageview", 300  # characters of a name
_ON_PAGE = "match(coalesce(properties.$pathname, ''), {page})"


class PostHog:
    """`token`: a personal API key with query:read. Making it touches no network."""

    counts = frozenset({"trouble", "goal", "repeats", "page"})

    def __init__(self, *, token: str, project: str, base_url: str, timeout: float = 20.0) -> None:
        url, headers = f"{base_url}/api/projects/{project}", {"Authorization": f"Bearer {token}"}
        self._wire = Analytics("PostHog", url, "the scope query:read", timeout, headers=headers)

    def __repr__(self) -> str:
        return f"PostHog({self._wire.url})"

    def check(self) -> Sequence[Finding]:
        try:
            self._ask("select 1, 1", {}, 2)
        except (Refused, Unavailable) as fault:
            return [Finding("posthog", "fail", str(fault), _MEND)]
        return [Finding("posthog", "ok", "PostHog answers queries.")]

    def measure(self, flow: Flow, start: datetime, middle: datetime, end: datetime) -> tuple[Users, Users] | None:
        other = flow.trouble or flow.goal or flow.reach
        at = {"start": _utc(start), "middle": _utc(middle), "end": _utc(end)}
        values = {**at, "reach": flow.reach, "other": other, **({"page": pattern(flow.page)} if flow.page else {})}
        rows = self._ask(_query(flow), values, 5)
        if any(period not in (0, 1) or stuck > all_ for period, all_, stuck, _, _ in rows):
            raise self._wire.unreadable()
        found = {int(period): (int(all_), int(stuck)) for period, all_, stuck, _, _ in rows}
        if not sum(row[3] for row in rows) or not sum(row[4] for row in rows):
            return None
        return Users(*found.get(0, (0, 0))), Users(*found.get(1, (0, 0)))

    def recorded(self, start: datetime, end: datetime) -> Sequence[Recorded]:
        at = {"start": _utc(start), "end": _utc(end)}
        events = [Recorded(name, None, users) for name, users in _named(self._ask(_EVENTS, at, 2))]
        pages: dict[str, int] = {}
        for path, users in _named(self._ask(_PAGES, {**at, "view": _VIEW}, 2)):
            pages[normal(path)] = pages.get(normal(path), 0) + users
        ranked = sorted(pages.items(), key=lambda page: (-page[1], page[0]))[:300]
        return [*events, *(Recorded(_VIEW, page, users) for page, users in ranked)]

    def _ask(self, query: str, values: Mapping[str, str], width: int) -> list[list[Any]]:
        """Rows of so many columns. Raises Unavailable, Refused."""
        asked = {"query": {"kind": "HogQLQuery", "query": query, "values": values}, "name": "groundswell"}
        told = self._wire.ask("POST", "/query/", body=asked)
        try:
            rows = [list(row) for row in told["results"]]
        except (LookupError, TypeError):
            raise self._wire.unreadable() from None
        if any(len(row) != width or not all(map(_is_number, row[-width + 1 :])) for row in rows):
            raise self._wire.unreadable()
        return rows


def _query(flow: Flow) -> str:
    """The statement for one kind of trouble; what is in braces stays, for PostHog to fill in."""
    here = _ON_PAGE if flow.page else "true"
    there = here if flow.trouble else "true"
    stuck = "other > 0" if flow.trouble else "other = 0" if flow.goal else f"reached >= {int(flow.repeats or 2)}"
    return _QUERY.replace("{stuck}", stuck).replace("{here}", here).replace("{there}", there)


def _named(rows: list[list[Any]]) -> Iterator[tuple[str, int]]:
    """Names with their users; a page without a path is none."""
    return ((name, int(users)) for name, users in rows if isinstance(name, str) and 0 < len(name) <= _LONGEST)


def _is_number(n: Any) -> bool:
    return isinstance(n, int | float) and 0 <= n < 1e12


def _utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
