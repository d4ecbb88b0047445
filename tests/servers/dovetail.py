"""A stand-in for Dovetail's API v1, from its reference and VENDORS 8.2: docs, the data of a channel, the token.

It is as sparse as the original: what is created is told without its content, lists have neither text nor content.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.servers.base import Answer, Request, StandIn

TOKEN = "api.dovetail-secret-token.zz"
CHANNEL, PROJECT = "chn42", "prj7"


@dataclass(slots=True)
class Thing:
    id: str
    told: dict[str, Any]
    created: str
    hidden: bool = False


class DovetailServer(StandIn):
    """`docs` and `data` are what is really there, in the order in which it was made."""

    name = "dovetail"

    def __init__(self, port: int = 0, log: Path | None = None) -> None:
        super().__init__(port, log)
        self.clean()
        base = "/api/v1"
        self.routes = [
            ("GET", f"{base}/token/info", self._signed_in(self._info)),
            ("GET", f"{base}/docs", self._signed_in(self._list_docs)),
            ("POST", f"{base}/docs", self._signed_in(self._create_doc)),
            ("GET", f"{base}/docs/([^/]+)", self._signed_in(self._doc)),
            ("PATCH", f"{base}/docs/([^/]+)", self._signed_in(self._patch)),
            ("GET", f"{base}/channels/([^/]+)/data", self._signed_in(self._list_data)),
            ("POST", f"{base}/channels/data", self._signed_in(self._create_data)),
        ]

    def clean(self) -> None:
        """As it was when it began, for the next test: to end a server takes longer than most tests."""
        self.faults.clear()
        self.requests.clear()
        self.docs: list[Thing] = []
        self.data: list[Thing] = []
        self.expires: str | None = None
        self.page = 100
        self.stuck = False  # the same cursor again and again
        self.bare = False  # data points are listed without title and metadata
        self._numbers = itertools.count(1)

    @property
    def base_url(self) -> str:
        return f"{self.url}/api/v1"

    def others(self, count: int) -> None:
        with self.lock:
            self.docs += [self._thing("doc", {"title": f"Another {n}", "project_id": PROJECT}) for n in range(count)]

    def _thing(self, kind: str, told: dict[str, Any]) -> Thing:
        return Thing(f"{kind}{next(self._numbers)}", told, datetime.now(UTC).isoformat().replace("+00:00", "Z"))

    def _signed_in(self, handler: Any) -> Any:
        def checked(request: Request) -> Answer:
            if request.headers.get("authorization") != f"Bearer {TOKEN}":
                return _no(401, "Unauthorized")
            return handler(request)

        return checked

    def _info(self, request: Request) -> Answer:
        return Answer(200, {"data": {"id": "tok1", **({"expires_at": self.expires} if self.expires else {})}})

    def _list_docs(self, request: Request) -> Answer:
        return self._listed(request, [_shown(d, ("title",)) for d in self.docs])

    def _list_data(self, request: Request) -> Answer:
        if request.params[0] != CHANNEL:
            return _no(404, "NotFound")
        names = ("timestamp",) if self.bare else ("timestamp", "source_title", "source_url", "metadata")
        return self._listed(request, [_shown(d, names) for d in self.data])

    def _listed(self, request: Request, items: list[dict[str, Any]]) -> Answer:
        start = int(request.arg("page[start_cursor]", "0"))
        end = start + min(self.page, int(request.arg("page[limit]", "50")))
        more = self.stuck or end < len(items)
        following = str(start if self.stuck else end) if more else None
        page = {"total_count": len(items), "has_more": more, "next_cursor": following}
        return Answer(200, {"data": items[start:end], "page": page})

    def _create_doc(self, request: Request) -> Answer:
        told = request.json
        if told.get("project_id") != PROJECT or not told.get("title"):
            return _no(400, "ValidationError", "project_id")
        doc = self._thing("doc", told)
        self.docs.append(doc)
        self.note("doc", id=doc.id)
        return Answer(201, {"data": {"id": doc.id, "created_at": doc.created}})

    def _doc(self, request: Request) -> Answer:
        doc = next((d for d in self.docs if d.id == request.params[0]), None)
        return Answer(200, {"data": _shown(doc, ("title",))}) if doc else _no(404, "NotFound")

    def _patch(self, request: Request) -> Answer:
        doc = next((d for d in self.docs if d.id == request.params[0]), None)
        if doc is None:
            return _no(404, "NotFound")
        doc.told |= request.json
        return Answer(200, {"data": {"id": doc.id}})

    def _create_data(self, request: Request) -> Answer:
        told = request.json
        if told.get("channel_id") != CHANNEL:
            return _no(404, "NotFound")
        if not told.get("text") or len(told.get("source_title", "x")) > 100:
            return _no(400, "ValidationError", "text")
        if any(isinstance(v, str) and len(v) > 100 for v in told.get("metadata", {}).values()):
            return _no(400, "ValidationError", "metadata")
        point = self._thing("dp", told)
        self.data.append(point)
        self.note("data", id=point.id)
        made = {"id": point.id, "channel": {"id": CHANNEL}, "timestamp": told["timestamp"], "created_at": point.created}
        return Answer(201, {"data": made})


def _shown(thing: Thing, names: tuple[str, ...]) -> dict[str, Any]:
    told = {} if thing.hidden else {name: thing.told[name] for name in names if name in thing.told}
    return {"id": thing.id, "created_at": thing.created, **told}


def _no(status: int, code: str, path: str = "") -> Answer:
    return Answer(
        status, {"errors": [{"code": code, "title": code, "message": "It may repeat what was sent.", "path": path}]}
    )
