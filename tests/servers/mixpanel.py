"""A stand-in for Mixpanel's segmentation query: events in memory, unique users in buckets of `interval` days."""

from __future__ import annotations

import base64
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.servers.base import Answer, Request, StandIn
from tests.servers.posthog import Event

USER, SECRET, PROJECT = "groundswell.serviceaccount", "s" * 12, "42"
_NEEDED = ("project_id", "event", "from_date", "to_date")  # of its description (specs/mixpanel)


class MixpanelServer(StandIn):
    name = "mixpanel"

    def __init__(self, port: int = 0, log: Path | None = None) -> None:
        super().__init__(port, log)
        self.events: list[Event] = []
        self.routes = [
            ("GET", "/api/query/segmentation", self._segmentation),
            ("GET", "/api/query/events/names", self._names),
        ]

    def _names(self, request: Request) -> Answer:
        if not self._known(request):
            return Answer(401, {"error": "Unauthorized", "status": "error"})
        counted = Counter(e.name for e in self.events)
        return Answer(200, [name for name, _ in counted.most_common(int(request.arg("limit", "100")))])

    def _known(self, request: Request) -> bool:
        login = base64.b64encode(f"{USER}:{SECRET}".encode()).decode()
        return request.headers.get("authorization") == f"Basic {login}" and request.arg("project_id") == PROJECT

    def _segmentation(self, request: Request) -> Answer:
        if not self._known(request):
            return Answer(401, {"error": "Unauthorized", "status": "error"})
        if missing := [name for name in _NEEDED if not request.arg(name)]:
            return Answer(422, {"error": f"{missing} required"})
        first, last = (datetime.fromisoformat(request.arg(n)).replace(tzinfo=UTC) for n in ("from_date", "to_date"))
        event, days, values, at = request.arg("event"), int(request.arg("interval", "1")), {}, first
        while at <= last:
            end = min(at + timedelta(days=days), last + timedelta(days=1))
            who = [e.person for e in self.events if e.name == event and at <= e.at < end]
            values[f"{at:%Y-%m-%d}"] = len(set(who)) if request.arg("type") == "unique" else len(who)
            at = end
        known = any(e.name == event for e in self.events)
        return Answer(200, {"data": {"series": list(values), "values": {event: values} if known else {}}})
