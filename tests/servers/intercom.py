"""Intercom as far as we read it (API 2.14; deletions 2.16): search with query, sort and keyset marks, find, contacts.

Shapes and errors from the vendor's API description. Like the real one it sorts where `sort` is given (Intercom-OpenAPI
issue 114), answers HTML without `display_as`, at most the newest 500 parts, and lists no deleted conversation.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.servers.base import Answer, Request, StandIn

Json = dict[str, Any]
SCOPES = frozenset({"conversations", "contacts", "tickets"})
DAY = 86_400


class IntercomServer(StandIn):
    """`page_size` caps per_page. `sorts`: "yes", "ignored" (the latest created come first) or "refused" (400).

    `by_day`: dates are compared by the day, and `>` begins with the next one, as 2.14 says of contacts/search.
    """

    name = "intercom"

    def __init__(
        self,
        token: str = "tok-intercom",
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        page_size: int = 150,
        region: str = "US",
        sorts: str = "yes",
        by_day: bool = False,
        port: int = 0,
        log: Path | None = None,
    ) -> None:
        super().__init__(port, log)
        self.token = token
        self.clock = clock
        self.page_size = page_size
        self.region = region
        self.sorts = sorts
        self.by_day = by_day
        self.scopes = set(SCOPES)
        self.writes = True  # the app has the permissions to write
        self.tags: dict[str, Json] = {}
        self.conversations: dict[str, Json] = {}
        self.tickets: dict[str, Json] = {}
        self.contacts: dict[str, Json] = {}
        self.companies: dict[str, Json] = {}
        self.attached: dict[str, list[str]] = {}
        self.deleted: list[Json] = []
        self.era = 0  # marks of an earlier one are expired
        self.tells_deletions = True
        self._ids = 200_000
        search = self._search
        self.routes = [
            ("GET", "/me", self._me),
            (
                "POST",
                "/conversations/search",
                lambda r: search(r, self.conversations, "conversations", "conversations"),
            ),
            ("POST", "/tickets/search", lambda r: search(r, self.tickets, "tickets", "tickets")),
            ("POST", "/contacts/search", lambda r: search(r, self.contacts, "contacts", "data")),
            ("GET", "/conversations/deleted", self._deletions),
            ("GET", r"/conversations/([^/]+)", self._conversation),
            ("GET", r"/tickets/([^/]+)", lambda r: self._one(r, self.tickets, "tickets")),
            ("GET", r"/contacts/([^/]+)", lambda r: self._one(r, self.contacts, "contacts")),
            ("GET", r"/contacts/([^/]+)/companies", self._companies),
            ("GET", r"/companies/([^/]+)", lambda r: self._one(r, self.companies, "contacts")),
            ("GET", "/tags", lambda r: Answer(200, {"type": "list", "data": list(self.tags.values())})),
            ("POST", "/tags", self._named_tag),
            ("POST", r"/(conversations|tickets)/([^/]+)/reply", self._note),
            ("POST", r"/(conversations|tickets)/([^/]+)/tags", self._tag),
        ]

    def answer(self, request: Request) -> Answer:
        if not request.path.startswith("/_") and request.headers.get("authorization") != f"Bearer {self.token}":
            return error(401, "unauthorized", "Access Token Invalid")
        answer = super().answer(request)
        reset = str(int(self.clock().timestamp()) // 10 * 10 + 10)
        limits = {"X-RateLimit-Limit": "166", "X-RateLimit-Remaining": "150", "X-RateLimit-Reset": reset}
        return Answer(answer.status, answer.body, {**limits, **answer.headers})

    # --- what people do over there

    def add_company(self, name: str, *, company_id: str | None = None, website: str | None = None) -> str:
        with self.lock:
            key = self._id()
            self.companies[key] = {"type": "company", "id": key, "company_id": company_id or f"acc-{key}", "name": name}
            if website:
                self.companies[key]["website"] = website
            return key

    def add_contact(
        self,
        email: str | None = None,
        name: str | None = None,
        *,
        role: str = "user",
        external_id: str | None = None,
        companies: tuple[str, ...] = (),
    ) -> str:
        with self.lock:
            key = f"{self._ids:x}{self._id()}"
            self.contacts[key] = {
                "type": "contact", "id": key, "external_id": external_id, "role": role, "email": email, "name": name,
                "created_at": self._now(), "updated_at": self._now(),
            }  # fmt: skip
            self.attached[key] = list(companies)
            return key

    def add_conversation(
        self,
        body: str,
        contact: str,
        *,
        parts: tuple[Json, ...] = (),
        at: int | None = None,
        source: Json | None = None,
        **more: Any,
    ) -> str:
        """`body` is what was written in the first message, by the contact unless `source` names another author."""
        with self.lock:
            key, at = self._id(), self._now() if at is None else at
            who = self.contacts[contact]
            self.conversations[key] = {
                "type": "conversation", "id": key, "created_at": at, "updated_at": at, "title": None,
                "state": "open", "open": True, "read": False, "priority": "not_priority",
                "admin_assignee_id": 991267715, "team_assignee_id": None, "company_id": None,
                "source": {
                    "type": "conversation", "id": f"4{key}", "delivered_as": "customer_initiated", "subject": "",
                    "body": body, "author": self.author(contact), "attachments": [], "redacted": False,
                    **(source or {}),
                },
                "contacts": {"type": "contact.list", "contacts": [
                    {"type": "contact", "id": contact, "external_id": who["external_id"]},
                ]},
                "tags": {"type": "tag.list", "tags": []}, "custom_attributes": {}, "statistics": None,
                "linked_objects": {"type": "list", "data": [], "total_count": 0, "has_more": False},
                "conversation_parts": {"parts": []},
                **more,
            }  # fmt: skip
            for part in parts:
                self._append(key, part, at)
            self.note("conversation", id=key)
            return key

    def add_ticket(self, title: str, description: str | None, contact: str, **more: Any) -> str:
        with self.lock:
            key, at = self._id(), self._now()
            who = self.contacts[contact]
            self.tickets[key] = {
                "type": "ticket", "id": key, "ticket_id": key[-3:], "created_at": at, "updated_at": at, "open": True,
                "category": "Customer", "is_shared": True, "admin_assignee_id": "0", "team_assignee_id": "0",
                "ticket_attributes": {"_default_title_": title, "_default_description_": description},
                "ticket_state": {"type": "ticket_state", "id": "7493", "category": "submitted"},
                "ticket_type": {"type": "ticket_type", "id": "53", "name": "Request", "category": "Customer"},
                "contacts": {"type": "contact.list", "contacts": [
                    {"type": "contact", "id": contact, "external_id": who["external_id"]},
                ]},
                "ticket_parts": {"type": "ticket_part.list", "ticket_parts": [], "total_count": 0},
                "linked_objects": {"type": "list", "data": [], "total_count": 0, "has_more": False},
                **more,
            }  # fmt: skip
            return key

    def edit(self, key: str, body: str | None = None, **more: Any) -> None:
        """Anything changes, and `updated_at` says so."""
        with self.lock:
            row = self.conversations.get(key) or self.tickets[key]
            if body is not None and "source" in row:
                row["source"]["body"] = body
            row.update(updated_at=self._now())
            row.update(more)

    def reply(self, key: str, part: Json) -> None:
        with self.lock:
            self._append(key, part, self._now())
            self.conversations[key]["updated_at"] = self._now()

    def redact(self, key: str, number: int | None = None) -> None:
        """POST /conversations/redact: of the part `number`, or of the first message."""
        with self.lock:
            row = self.conversations[key]
            said = row["source"] if number is None else row["conversation_parts"]["parts"][number]
            said.update(redacted=True, body="This message was deleted")
            row["updated_at"] = self._now()

    def delete(self, key: str) -> None:
        with self.lock:
            del self.conversations[key]
            self.deleted.append(
                {"type": "conversation", "id": key, "metrics_retained": True, "deleted_at": self._now()}
            )
            self.note("deleted", id=key)

    def expire_marks(self) -> None:
        with self.lock:
            self.era += 1

    def author(self, contact: str) -> Json:
        who = self.contacts[contact]
        return {"type": who["role"], "id": contact, "name": who["name"], "email": who["email"]}

    # --- what it answers

    def _me(self, request: Request) -> Answer:
        app = {"type": "app", "id_code": "wk42", "name": "Acme Support", "region": self.region, "timezone": "UTC"}
        return Answer(200, {"type": "admin", "id": "7", "email": "ops@acme.example", "name": "Ops", "app": app})

    def _search(self, request: Request, rows: Mapping[str, Json], scope: str, listed: str) -> Answer:
        if scope not in self.scopes:
            return error(403, "forbidden", f"You do not have the required scope (read_{scope})")
        asked = request.json
        if not isinstance(asked, dict) or "query" not in asked:
            return error(400, "parameter_missing", "query is required")
        paging = asked.get("pagination") or {}
        per_page = paging.get("per_page", 20)
        if not isinstance(per_page, int) or not 1 <= per_page <= 150:
            return error(400, "parameter_invalid", "per_page must be 1 to 150")
        if "sort" in asked and self.sorts == "refused":
            return error(400, "parameter_invalid", "sort is not a parameter")
        try:
            found = [row for row in rows.values() if self._holds(asked["query"], row)]
            found, start, key = self._sorted(found, asked.get("sort"), paging.get("starting_after"))
        except (ValueError, TypeError, KeyError) as odd:
            return error(400, "parameter_invalid", type(odd).__name__)
        per_page = min(per_page, self.page_size)
        page = found[start : start + per_page]
        following = None
        if start + per_page < len(found):
            following = {"starting_after": self._mark(key(page[-1])), "per_page": per_page}
        pages = {"type": "pages", "per_page": per_page, "total_pages": -(-len(found) // per_page), "next": following}
        told = [_without_parts(row) for row in page]
        return Answer(200, {"type": f"{listed}.list", listed: told, "total_count": len(found), "pages": pages})

    def _sorted(
        self, found: list[Json], sort: Json | None, mark: str | None
    ) -> tuple[list[Json], int, Callable[[Json], list[Any]]]:
        """Rows in order, where the page begins, and what a mark is made of: the sort value and the id (a keyset)."""
        field = sort["field"] if sort and self.sorts == "yes" else "created_at"

        def key(row: Json) -> list[Any]:
            return [row.get(field) or 0, str(row["id"])]

        descending = sort is None or self.sorts != "yes" or sort.get("order") == "descending"
        found = sorted(found, key=key, reverse=descending)
        if mark is None:
            return found, 0, key
        era, value = json.loads(base64.b64decode(mark))
        if era != self.era:
            raise ValueError("expired")
        behind = [n for n, row in enumerate(found) if (key(row) < value if descending else key(row) > value)]
        return found, behind[0] if behind else len(found), key

    def _mark(self, value: list[Any]) -> str:
        return base64.b64encode(json.dumps([self.era, value]).encode()).decode()

    def _holds(self, query: Json, row: Json) -> bool:
        operator, value = query["operator"], query["value"]
        if operator in ("AND", "OR"):
            return (all if operator == "AND" else any)([self._holds(q, row) for q in value])
        here = row.get(query["field"])
        if query["field"] in ("created_at", "updated_at"):
            return self._compares(operator, here, value)
        if operator != "=":
            raise ValueError(operator)
        return here == value

    def _compares(self, operator: str, here: Any, value: Any) -> bool:
        if not isinstance(value, int) or not isinstance(here, int):
            raise ValueError("a date is a number")
        if self.by_day:
            here, value = here // DAY, value // DAY
            return {">": here > value, "<": here < value, "=": here == value}[operator]
        return {">": here >= value, "<": here <= value, "=": here == value}[operator]

    def _conversation(self, request: Request) -> Answer:
        if "conversations" not in self.scopes:
            return error(403, "forbidden", "You do not have the required scope (read_conversations)")
        row = self.conversations.get(request.params[0])
        if row is None:
            return error(404, "not_found", "Resource Not Found")
        parts = row["conversation_parts"]
        if isinstance(parts, dict) and "parts" in parts:
            newest = parts["parts"][-500:]
            parts = {"type": "conversation_part.list", "conversation_parts": newest, "total_count": len(parts["parts"])}
        if request.arg("display_as") == "plaintext":
            return Answer(200, {**row, "conversation_parts": parts})
        return Answer(200, _as_html({**row, "conversation_parts": parts}))

    # --- what is written on a conversation or a ticket

    def _written(self, request: Request) -> Json | Answer:
        """What is written on, by an admin; the app may be for reading alone."""
        if not self.writes:
            return error(403, "forbidden", "You do not have the required scope (write_conversations)")
        rows = self.conversations if request.params[0] == "conversations" else self.tickets
        row = rows.get(request.params[1])
        if row is None:
            return error(404, "not_found", "Resource Not Found")
        return row if (request.json or {}).get("admin_id") == "7" else error(400, "parameter_invalid", "admin_id")

    def _note(self, request: Request) -> Answer:
        row, sent = self._written(request), request.json
        if isinstance(row, Answer):
            return row
        if sent.get("message_type") != "note" or sent.get("type") != "admin" or not sent.get("body"):
            return error(400, "parameter_invalid", "message_type")
        part = {"type": "conversation_part", "id": self._id(), "part_type": "note", "body": sent["body"]}
        part |= {"created_at": self._now(), "updated_at": self._now(), "author": ADMIN, "redacted": False}
        of = "ticket_parts" if request.params[0] == "tickets" else "parts"
        row["ticket_parts" if of == "ticket_parts" else "conversation_parts"][of].append(part)
        row["updated_at"] = self._now()
        self.note("note", id=row["id"], part=part["id"])
        if of == "ticket_parts":
            row["ticket_parts"]["total_count"] += 1
            return Answer(200, {**part, "type": "ticket_part"})
        return self._conversation(Request(request.method, request.path, {}, {}, b"", (row["id"],)))

    def _named_tag(self, request: Request) -> Answer:
        name = str((request.json or {}).get("name") or "")
        known = next((t for t in self.tags.values() if t["name"].casefold() == name.casefold()), None)
        if not self.writes or not name:
            return error(403, "forbidden", "You do not have the required scope (write_tags)")
        tag = known or {"type": "tag", "id": self._id(), "name": name}
        self.tags[tag["id"]] = tag
        return Answer(200, tag)

    def _tag(self, request: Request) -> Answer:
        row, tag = self._written(request), self.tags.get(str((request.json or {}).get("id")))
        if isinstance(row, Answer):
            return row
        if tag is None:
            return error(404, "not_found", "Resource Not Found")
        there = row.setdefault("tags", {"type": "tag.list", "tags": []})["tags"]
        there += [] if tag in there else [tag]
        row["updated_at"] = self._now()
        return Answer(200, tag)

    def _one(self, request: Request, rows: Mapping[str, Json], scope: str) -> Answer:
        if scope not in self.scopes:
            return error(403, "forbidden", "You do not have the required scope")
        row = rows.get(request.params[0])
        return Answer(200, row) if row else error(404, "not_found", "Resource Not Found")

    def _companies(self, request: Request) -> Answer:
        if "contacts" not in self.scopes:
            return error(403, "forbidden", "You do not have the required scope")
        attached = self.attached.get(request.params[0])
        if attached is None:
            return error(404, "not_found", "User Not Found")
        data = [self.companies[key] for key in attached]
        pages = {"type": "pages", "next": None, "page": 1, "per_page": 50, "total_pages": 1}
        return Answer(200, {"type": "list", "data": data, "pages": pages, "total_count": len(data)})

    def _deletions(self, request: Request) -> Answer:
        version = re.fullmatch(r"2\.(\d+)", request.headers.get("intercom-version", ""))
        if not self.tells_deletions or version is None or int(version[1]) < 16:
            return error(400, "intercom_version_invalid", "Requested resource is not available in current API version.")
        per_page, page = min(int(request.arg("per_page", "20")), 60), int(request.arg("page", "1"))
        rows = sorted(self.deleted, key=lambda d: d["deleted_at"], reverse=request.arg("order", "desc") == "desc")
        pages = {"type": "pages", "page": page, "per_page": per_page, "total_pages": -(-len(rows) // per_page)}
        told = rows[(page - 1) * per_page : page * per_page]
        return Answer(
            200, {"type": "conversations.list", "conversations": told, "total_count": len(rows), "pages": pages}
        )

    def _append(self, key: str, part: Json, at: int) -> None:
        whole = {
            "type": "conversation_part", "id": self._id(), "part_type": "comment", "created_at": at, "updated_at": at,
            "redacted": False, "attachments": [], **part,
        }  # fmt: skip
        self.conversations[key]["conversation_parts"]["parts"].append(whole)

    def _id(self) -> str:
        self._ids += 1
        return str(self._ids)

    def _now(self) -> int:
        return int(self.clock().timestamp())


def said(author: Json, body: str | None, **more: Any) -> Json:
    """A part: what `author` said."""
    return {"author": author, "body": body, **more}


ADMIN = {"type": "admin", "id": "991267645", "name": "Ada Agent", "email": "ada@acme.example"}
BOT = {"type": "bot", "id": "278", "name": "Fin", "email": "operator+wk42@intercom.io", "from_ai_agent": True}


def error(status: int, code: str, message: str) -> Answer:
    body = {"type": "error.list", "request_id": str(uuid4()), "errors": [{"code": code, "message": message}]}
    return Answer(status, body)


def _without_parts(row: Json) -> Json:
    """A search result: no parts, and bodies as HTML."""
    told = {name: value for name, value in row.items() if name != "conversation_parts"}
    return _as_html(told) if "source" in told else told


def _as_html(row: Json) -> Json:
    told = dict(row)
    if isinstance(told.get("source"), dict):
        told["source"] = {**told["source"], "body": _paragraph(told["source"].get("body"))}
    parts = told.get("conversation_parts")
    if isinstance(parts, dict) and isinstance(parts.get("conversation_parts"), list):
        shown = [{**p, "body": _paragraph(p.get("body"))} for p in parts["conversation_parts"]]
        told["conversation_parts"] = {**parts, "conversation_parts": shown}
    return told


def _paragraph(body: Any) -> Any:
    return f"<p>{escape(body)}</p>" if isinstance(body, str) else body
