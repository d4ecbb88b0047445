"""A stand-in for PostHog's query endpoint: events in memory, counted as the one statement says."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.servers.base import Answer, Request, StandIn

TOKEN, PROJECT = "phx_" + "t" * 12, "42"


_LISTED = re.compile(
    r"^\s*select (event|properties\.\$pathname) as what, count\(distinct .* limit (\d+)\s*$", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Event:
    person: str
    name: str
    at: datetime
    path: str = ""


class PostHogServer(StandIn):
    name = "posthog"

    def __init__(self, port: int = 0, log: Path | None = None) -> None:
        super().__init__(port, log)
        self.events: list[Event] = []
        self.routes = [("POST", rf"/api/projects/{PROJECT}/query/", self._query)]

    def _query(self, request: Request) -> Answer:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return Answer(401, {"detail": "Invalid token"})
        asked = request.json["query"]
        if asked["query"] == "select 1, 1":
            return Answer(200, {"results": [[1, 1]]})
        if listed := _LISTED.search(asked["query"]):
            return Answer(200, {"results": self._listed(listed[1] == "event", asked["values"], int(listed[2]))})
        stuck = re.search(r"reached > 0 and \((.+?)\)\)", asked["query"])
        if asked["kind"] != "HogQLQuery" or stuck is None or "limit 2" not in asked["query"]:
            return Answer(400, {"detail": "what statement is that?"})
        return Answer(200, {"results": self._rows(stuck[1], asked["query"], asked["values"])})

    def _listed(self, events: bool, values: dict[str, str], most: int) -> list[list[Any]]:
        """What is used, by how many: events, or paths of the event that is asked for."""
        start, end = (datetime.fromisoformat(values[k]) for k in ("start", "end"))
        who: dict[str | None, set[str]] = {}
        for e in self.events:
            if start <= e.at < end and (events or e.name == values["view"]):
                who.setdefault(e.name if events else e.path or None, set()).add(e.person)
        return sorted(([what, len(people)] for what, people in who.items()), key=lambda row: -row[1])[:most]

    def _rows(self, stuck: str, query: str, values: dict[str, str]) -> list[list[int]]:
        at = {k: datetime.fromisoformat(values[k]) for k in ("start", "middle", "end")}
        page = re.compile(values["page"]) if "page" in values else None
        others_page = page if query.count("{page}") > 1 else None
        counted: dict[tuple[str, int], list[int]] = {}
        for e in self.events:
            if not at["start"] <= e.at < at["end"] or e.name not in (values["reach"], values["other"]):
                continue
            row = counted.setdefault((e.person, int(e.at >= at["middle"])), [0, 0])
            row[0] += e.name == values["reach"] and (page is None or bool(page.match(e.path)))
            row[1] += e.name == values["other"] and (others_page is None or bool(others_page.match(e.path)))
        return [_row(period, stuck, counted) for period in (0, 1) if any(p == period for _, p in counted)]


def _row(period: int, stuck: str, counted: dict[tuple[str, int], list[int]]) -> list[Any]:
    users = [row for (_, p), row in counted.items() if p == period]
    there = [(reached, other) for reached, other in users if reached]
    what, _, than = stuck.split()
    kinds = {"other = 0": lambda r, o: o == 0, "other > 0": lambda r, o: o > 0}
    is_stuck = kinds.get(stuck) or (lambda r, o: r >= int(than))
    assert what in ("other", "reached")
    return [period, len(there), sum(is_stuck(*u) for u in there), sum(r for r, _ in users), sum(o for _, o in users)]
