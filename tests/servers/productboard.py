"""A stand-in for Productboard's REST API v2, from its reference and VENDORS 8.1: entities, notes, configurations.

It is as sparse as the original: a created note is told by its id and links.self alone, unknown customers are 404, a
page has a fixed size, and an unknown field is refused.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.servers.base import Answer, Request, StandIn

TOKEN = "eyJ.productboard-secret-token.zz"
FIELDS = {
    "name": {"name": "Name", "type": "text"},
    "description": {"name": "Description", "type": "richText"},
    "5252cefa": {"name": "Support tickets", "type": "number"},
    "6c11e0aa": {"name": "Support theme", "type": "text"},
}


@dataclass(slots=True)
class Thing:
    id: str
    type: str
    fields: dict[str, Any]
    source: dict[str, Any]
    relationships: list[dict[str, Any]]
    created: str
    hidden: bool = False
    gone: bool = False  # deleted, while lists still show it


class ProductboardServer(StandIn):
    """`entities` and `notes` are what is really there, in the order in which it was made."""

    name = "productboard"

    def __init__(self, port: int = 0, log: Path | None = None) -> None:
        super().__init__(port, log)
        self.clean()
        self.routes = [
            ("GET", "/v2/entities/configurations/feature", self._signed_in(self._configuration)),
            ("GET", "/v2/notes/configurations", self._signed_in(self._configuration)),
            ("GET", "/v2/entities", self._signed_in(self._entities)),
            ("POST", "/v2/entities", self._signed_in(self._create_entity)),
            ("GET", "/v2/entities/([^/]+)", self._signed_in(self._entity)),
            ("PATCH", "/v2/entities/([^/]+)", self._signed_in(self._patch)),
            ("GET", "/v2/notes", self._signed_in(self._notes)),
            ("POST", "/v2/notes", self._signed_in(self._create_note)),
        ]

    def clean(self) -> None:
        """As it was when it began, for the next test: to end a server takes longer than most tests."""
        self.faults.clear()
        self.requests.clear()
        self.entities: list[Thing] = []
        self.notes: list[Thing] = []
        self.fields: dict[str, dict[str, str]] = {key: dict(one) for key, one in FIELDS.items()}
        self.page = 100
        self.stuck = False  # the same cursor again and again
        self.ignores_filters = False

    @property
    def base_url(self) -> str:
        return f"{self.url}/v2"

    def of(self, kind: str) -> list[Thing]:
        return [thing for thing in self.entities if thing.type == kind and not thing.gone]

    def others(self, count: int, kind: str = "feature") -> list[Thing]:
        with self.lock:
            made = [
                _thing(kind, {"name": f"Another {n}", "description": "<p>Of somebody else</p>"}) for n in range(count)
            ]
            self.entities += made
            return made

    def _signed_in(self, handler: Any) -> Any:
        def checked(request: Request) -> Answer:
            if request.headers.get("authorization") != f"Bearer {TOKEN}":
                return _no(401, "auth.invalidToken")
            return handler(request)

        return checked

    def _configuration(self, request: Request) -> Answer:
        return Answer(200, {"data": {"type": "feature", "fields": self.fields}})

    def _entities(self, request: Request) -> Answer:
        kinds, name = request.query.get("type[]", []), request.arg("name").casefold()
        listed = [t for t in self.entities if not kinds or t.type in kinds]
        listed = [t for t in listed if name in str(t.fields.get("name", "")).casefold()]
        return self._listed(request, listed, "entities")

    def _notes(self, request: Request) -> Answer:
        return self._listed(request, self.notes, "notes")

    def _listed(self, request: Request, things: list[Thing], path: str) -> Answer:
        record = request.arg("metadata[source][recordId]")
        if record and not self.ignores_filters:
            things = [t for t in things if t.source.get("recordId") == record]
        start = int(request.arg("pageCursor", "0"))
        shown, end = things[start : start + self.page], start + self.page
        links: dict[str, Any] = {"next": None}
        if self.stuck:
            links["next"] = f"{self.base_url}/{path}?pageCursor={start}"
        elif end < len(things):
            links["next"] = f"{self.base_url}/{path}?pageCursor={end}"
        return Answer(200, {"data": [self._told(t) for t in shown], "links": links})

    def _told(self, thing: Thing) -> dict[str, Any]:
        if thing.hidden:
            return {"id": thing.id, "type": thing.type, "createdAt": thing.created}
        return {
            "id": thing.id,
            "type": thing.type,
            "fields": thing.fields,
            "metadata": {"source": thing.source} if thing.source else {},
            "createdAt": thing.created,
            "links": self._links(thing),
        }

    def _links(self, thing: Thing) -> dict[str, str]:
        if thing.type == "textNote":
            return {"self": f"{self.base_url}/notes/{thing.id}"}
        html = f"https://acme.productboard.com/feature-board/1/detail/{thing.type}/{thing.id}"
        return {"self": f"{self.base_url}/entities/{thing.id}", "html": html}

    def _entity(self, request: Request) -> Answer:
        thing = self._find(request.params[0])
        return Answer(200, {"data": self._told(thing)}) if thing else _no(404, "resource.notFound")

    def _find(self, number: str) -> Thing | None:
        return next((t for t in self.entities if t.id == number and not t.gone), None)

    def _create_entity(self, request: Request) -> Answer:
        told = request.json["data"]
        known = set(self.fields) if told["type"] == "feature" else {"name"}
        if unknown := sorted(set(told["fields"]) - known):
            return _no(422, "validation.unknownField", f"fields/{unknown[0]}")
        if not told["fields"].get("name") and "name" in known:
            return _no(422, "validation.required", "fields/name")
        thing = _thing(told["type"], told["fields"], told.get("metadata", {}).get("source"), told.get("relationships"))
        self.entities.append(thing)
        self.note("entity", id=thing.id, type=thing.type, record=thing.source.get("recordId"))
        return Answer(201, {"data": {"id": thing.id, "links": self._links(thing)}})

    def _patch(self, request: Request) -> Answer:
        thing = self._find(request.params[0])
        if thing is None:
            return _no(404, "resource.notFound")
        thing.fields |= request.json["data"]["fields"]
        return Answer(200, {"data": {"id": thing.id, "links": self._links(thing)}})

    def _create_note(self, request: Request) -> Answer:
        told = request.json["data"]
        related = told.get("relationships", [])
        if any(self._find(str(r["target"].get("id"))) is None for r in related):
            return _no(404, "relationship.targetNotFound")
        thing = _thing(told["type"], told["fields"], told.get("metadata", {}).get("source"), related)
        self.notes.append(thing)
        self.note("note", id=thing.id, record=thing.source.get("recordId"))
        return Answer(201, {"data": {"id": thing.id, "links": self._links(thing)}})


def _thing(
    kind: str, fields: dict[str, Any], source: dict[str, Any] | None = None, related: list[Any] | None = None
) -> Thing:
    now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    return Thing(str(uuid.uuid4()), kind, dict(fields), dict(source or {}), list(related or []), now)


def _no(status: int, code: str, path: str = "") -> Answer:
    return Answer(status, {"errors": [{"code": code, "source": {"pointer": path}}]})
