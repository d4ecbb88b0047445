"""A Zendesk on loopback: what its Support API says of tickets, users and organisations, with its habits.

Those that matter (VENDORS.md 2, the vendor's page "Using the Incremental Export API"): the export is ordered by when a
ticket last changed, so a ticket edited during a read comes again; the last minute is held back; it is for admins alone;
deleted tickets come with status "deleted". The search export is for agents too, the newest ticket first, knows no
deleted ones, lags behind, and its cursors expire after an hour.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.servers.base import Answer, Handler, Request, StandIn

Row = dict[str, Any]
_HELD_BACK = timedelta(minutes=1)
_EXPIRY = timedelta(hours=1)


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _written(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _coded(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


def _decoded(cursor: str) -> Any:
    try:
        return json.loads(base64.urlsafe_b64decode(cursor))
    except ValueError:
        return None


class ZendeskServer(StandIn):
    """`token` opens it, as `{email}/token` or as a bearer; `role` is what its owner may do; `clock` is its time.

    `page_limit` caps every page; `lag` is how far its search index is behind; `link_host` is where its `links.next`
    and `after_url` point, another host than itself if a test wants that.
    """

    name = "zendesk"

    def __init__(
        self,
        port: int = 0,
        log: Path | None = None,
        *,
        token: str = "zendesk-secret",
        email: str = "bot@acme.example",
        role: str = "admin",
        clock: Callable[[], datetime] = _utc_now,
    ) -> None:
        super().__init__(port, log)
        self.token, self.email, self.role, self.clock = token, email, role, clock
        self.page_limit = 1000
        self.lag = timedelta(minutes=2)
        self.link_host: str | None = None
        self.tickets: dict[int, Row] = {}
        self.users: dict[int, Row] = {}
        self.organizations: dict[int, Row] = {}
        self.brands: dict[int, Row] = {}
        self.fields: dict[int, Row] = {}
        self.comments: dict[int, list[Row]] = {}
        self.expired: set[str] = set()
        self._last = 1000
        self.scopes = ["read", "write"]  # of an OAuth token
        self._bot = self.add_user("Bot", email, role=role)
        for path, serve in self._served().items():
            self.routes.append(("GET", rf"/api/v2/{path}(?:\.json)?", self._behind_the_door(serve)))
        for path, serve in ((r"tickets/(\d+)", self._update), (r"tickets/(\d+)/tags", self._tag)):
            self.routes.append(("PUT", rf"/api/v2/{path}(?:\.json)?", self._behind_the_door(self._writable(serve))))

    def _served(self) -> Mapping[str, Handler]:
        return {
            "incremental/tickets/cursor": self._export,
            "search/export": self._search,
            r"tickets/(\d+)/comments": self._comments,
            r"tickets/(\d+)": self._ticket,
            "oauth/tokens/current": lambda _: Answer(200, {"token": {"id": 7, "scopes": self.scopes}}),
            "users/me": lambda _: Answer(200, {"user": self.users[self._bot]}),
            "users/show_many": lambda r: self._many("users", self.users, r),
            "organizations/show_many": lambda r: self._many("organizations", self.organizations, r),
            "brands": lambda r: self._listed("brands", self.brands, r),
            "ticket_fields": lambda r: self._listed("ticket_fields", self.fields, r),
        }

    # --- what happens in the help desk

    def add_organization(self, name: str, *domains: str) -> int:
        return self._add(self.organizations, {"name": name, "domain_names": list(domains)})

    def add_user(self, name: str, email: str | None, *, role: str = "end-user", organization: int | None = None) -> int:
        return self._add(self.users, {"name": name, "email": email, "role": role, "organization_id": organization})

    def add_brand(self, name: str) -> int:
        return self._add(self.brands, {"name": name, "active": True})

    def add_field(self, title: str, options: Mapping[str, str]) -> int:
        """A dropdown: its tickets hold an option's value (a tag), people see the option's name."""
        shown = [{"name": name, "value": value} for value, name in options.items()]
        return self._add(self.fields, {"title": title, "type": "tagger", "custom_field_options": shown})

    def add_ticket(self, requester: int, subject: str, description: str, **more: Any) -> int:
        """`more`: at, submitter, organization, channel, rel, tags, brand, fields, status, priority, score, id."""
        at: datetime = more.pop("at", None) or self.clock()
        submitter = more.get("submitter", requester)
        via = {"channel": more.get("channel", "email"), "source": {"from": {}, "to": {}, "rel": more.get("rel")}}
        row = {
            "subject": subject,
            "raw_subject": subject,
            "description": description,
            "requester_id": requester,
            "submitter_id": submitter,
            "organization_id": more.get("organization", self.users.get(requester, {}).get("organization_id")),
            "via": via,
            "tags": list(more.get("tags", ())),
            "brand_id": more.get("brand"),
            "custom_fields": [{"id": field, "value": value} for field, value in more.get("fields", {}).items()],
            "status": more.get("status", "open"),
            "priority": more.get("priority"),
            "satisfaction_rating": {"score": more.get("score", "unoffered")},
            "created_at": _written(at),
            "updated_at": _written(at),
            "generated_timestamp": int(at.timestamp()),
        }
        key = self._add(self.tickets, row, more.get("id"))
        row["url"] = f"{self.url}/api/v2/tickets/{key}.json"
        self.comments[key] = [_comment(1, submitter, description, at)]
        return key

    def comment(self, ticket: int, author: int, body: str, *, public: bool = True) -> None:
        number = len(self.comments[ticket]) + 1
        self.comments[ticket].append({**_comment(number, author, body, self.clock()), "public": public})
        self.edit(ticket)

    def edit(self, ticket: int, **changes: Any) -> None:
        with self.lock:
            self.tickets[ticket].update(changes, updated_at=_written(self.clock()))
            self.tickets[ticket]["generated_timestamp"] = int(self.clock().timestamp())

    def delete(self, ticket: int) -> None:
        self.edit(ticket, status="deleted")

    def scrub(self, ticket: int) -> None:
        """Deleted for good: what remains has no text."""
        self.edit(ticket, status="deleted", subject="SCRUBBED", raw_subject="SCRUBBED", description="SCRUBBED")

    def _add(self, where: dict[int, Row], row: Row, key: int | None = None) -> int:
        with self.lock:
            self._last += 1
            row["id"] = key or self._last
            where[row["id"]] = row
            return int(row["id"])

    # --- what it answers

    def _behind_the_door(self, serve: Handler) -> Handler:
        basic = base64.b64encode(f"{self.email}/token:{self.token}".encode()).decode()

        def served(request: Request) -> Answer:
            if request.headers.get("authorization") in (f"Basic {basic}", f"Bearer {self.token}"):
                return serve(request)
            return Answer(401, {"error": "Couldn't authenticate you"})

        return served

    def _export(self, request: Request) -> Answer:
        if self.role != "admin":
            return _forbidden()
        position = self._position(request)
        if isinstance(position, Answer):
            return position
        until = int((self.clock() - _HELD_BACK).timestamp())
        rows = (t for t in self.tickets.values() if position < (t["generated_timestamp"], t["id"]))
        due = sorted((t["generated_timestamp"], t["id"]) for t in rows if t["generated_timestamp"] <= until)
        size = min(int(request.arg("per_page", "1000")), self.page_limit)
        shown = [self.tickets[key] for _, key in due[:size]]
        cursor = _coded(due[:size][-1] if shown else position)
        loaded = request.arg("include").split(",")
        return Answer(
            200,
            {
                "tickets": shown,
                **({"users": self._named(shown)} if "users" in loaded else {}),
                **({"organizations": self._their_organizations(shown)} if "organizations" in loaded else {}),
                "after_cursor": cursor,
                "after_url": f"{self._link_host}/api/v2/incremental/tickets/cursor.json?cursor={cursor}",
                "before_cursor": None,
                "before_url": None,
                "end_of_stream": len(due) <= size,
            },
        )

    def _position(self, request: Request) -> tuple[int, int] | Answer:
        """Where to go on: after this (time of change, id)."""
        cursor = request.arg("cursor")
        if not cursor:
            start = int(request.arg("start_time", "-1"))
            if start > (self.clock() - _HELD_BACK).timestamp():
                why = "Too recent start_time. Use a start_time older than 60 seconds"
                return Answer(422, {"error": "InvalidValue", "description": why})
            return (start, -1)
        known = _decoded(cursor)
        if cursor in self.expired or not (isinstance(known, list) and len(known) == 2):
            return _invalid("cursor")
        return (known[0], known[1])

    def _named(self, shown: Iterable[Row]) -> list[Row]:
        wanted = {t[role] for t in shown for role in ("requester_id", "submitter_id")}
        return [self.users[key] for key in sorted(wanted) if key in self.users]

    def _their_organizations(self, shown: Iterable[Row]) -> list[Row]:
        wanted = {t["organization_id"] for t in shown}
        return [row for key, row in self.organizations.items() if key in wanted]

    def _search(self, request: Request) -> Answer:
        query = request.arg("query")
        if request.arg("filter[type]") != "ticket" or "type:" in query:  # the specification's own words
            return Answer(422, {"error": "invalid", "description": "Specify the type in filter[type] alone"})
        cursor, now = request.arg("page[after]"), self.clock().timestamp()
        known = _decoded(cursor) if cursor else {"began": now, "after": ["9", 0]}
        if not known or cursor in self.expired or now - known["began"] > _EXPIRY.total_seconds():
            return _invalid("page[after]")
        found = [t for t in self.tickets.values() if self._found(t, query)]
        newest_first = sorted(found, key=_made, reverse=True)
        due = [t for t in newest_first if _made(t) < tuple(known["after"])]
        size = min(int(request.arg("page[size]", "100")), self.page_limit)
        code = _coded({"began": known["began"], "after": _made(due[:size][-1])}) if due else None
        shown = [{**t, "result_type": "ticket"} for t in due[:size]]
        for row in shown:
            del row["generated_timestamp"]
        return self._paged("results", shown, code, len(due) > size, request)

    def _found(self, ticket: Row, query: str) -> bool:
        indexed = int((self.clock() - self.lag).timestamp())
        if ticket["status"] == "deleted" or ticket["generated_timestamp"] > indexed:
            return False
        tests = re.findall(r"(updated|created)(>=|<=|>|<)(\S+)", query)
        compare: Mapping[str, Callable[[str, str], bool]] = {
            ">=": lambda a, b: a >= b,
            "<=": lambda a, b: a <= b,
            ">": lambda a, b: a > b,
            "<": lambda a, b: a < b,
        }
        return all(compare[how](ticket[f"{what}_at"], bound) for what, how, bound in tests)

    def _ticket(self, request: Request) -> Answer:
        found = self.tickets.get(int(request.params[0]))
        gone = found is None or found["status"] == "deleted"
        return _not_found() if gone else Answer(200, {"ticket": found})

    def _writable(self, serve: Handler) -> Handler:
        """What is closed or deleted is changed no more, and a token may be for reading alone."""

        def served(request: Request) -> Answer:
            if self._ticket(request).status == 404:
                return _not_found()
            bearer = request.headers["authorization"].startswith("Bearer")
            if self.role not in ("agent", "admin") or (bearer and "write" not in self.scopes):
                return _forbidden()
            if self.tickets[int(request.params[0])]["status"] == "closed":
                told = {"status": [{"description": "Status: closed prevents ticket update"}]}
                return Answer(422, {"error": "RecordInvalid", "description": "Record validation", "details": told})
            return serve(request)

        return served

    def _update(self, request: Request) -> Answer:
        """The one change that is known here: a comment. As there, the comment is public if nothing is said of it."""
        key, sent = int(request.params[0]), (request.json or {}).get("ticket") or {}
        said = sent.get("comment") or {}
        if not said.get("body"):
            return Answer(400, {"error": "RecordInvalid"})
        self.comment(key, self._bot, said["body"], public=said.get("public", True))
        number = self.comments[key][-1]["id"]
        self.note("comment", ticket=key, comment=number)
        event = {"id": number, "type": "Comment", "body": said["body"], "public": said.get("public", True)}
        return Answer(200, {"ticket": self.tickets[key], "audit": {"id": number + 1, "events": [event]}})

    def _tag(self, request: Request) -> Answer:
        key = int(request.params[0])
        row = self.tickets[key]
        row["tags"] = list(dict.fromkeys([*row["tags"], *(t.lower() for t in request.json["tags"])]))
        self.edit(key)
        return Answer(200, {"tags": row["tags"]})

    def _comments(self, request: Request) -> Answer:
        rows = self.comments.get(int(request.params[0]))
        if rows is None or self.tickets[int(request.params[0])]["status"] == "deleted":
            return _not_found()
        if request.arg("sort") == "-created_at":
            rows = rows[::-1]
        size = min(int(request.arg("page[size]", "100")), 100, self.page_limit)
        start = int(request.arg("page[after]", "0"))
        code = str(start + size)
        return self._paged("comments", rows[start : start + size], code, start + size < len(rows), request)

    def _paged(self, what: str, rows: list[Row], code: str | None, more: bool, request: Request) -> Answer:
        kept = {k: v[0] for k, v in request.query.items() if k != "page[after]"}
        link = f"{self._link_host}{request.path}?{urlencode({**kept, 'page[after]': code or ''})}"
        links = {"next": link if more else None, "prev": None}
        meta = {"has_more": more, "after_cursor": code, "before_cursor": None}
        return Answer(200, {what: rows, "links": links, "meta": meta})

    def _many(self, what: str, where: Mapping[int, Row], request: Request) -> Answer:
        asked = [int(key) for key in request.arg("ids").split(",") if key.isdigit()]
        if len(asked) > 100:
            return Answer(400, {"error": "TooManyValues", "description": "Too many ids"})
        return Answer(200, {what: [where[key] for key in asked if key in where], "next_page": None})

    def _listed(self, what: str, where: Mapping[int, Row], request: Request) -> Answer:
        size = min(int(request.arg("page[size]", "100")), self.page_limit)
        start = int(request.arg("page[after]", "0"))
        rows = list(where.values())
        return self._paged(what, rows[start : start + size], str(start + size), start + size < len(rows), request)

    @property
    def _link_host(self) -> str:
        return self.link_host or self.url


def _made(ticket: Row) -> tuple[str, int]:
    return (ticket["created_at"], ticket["id"])


def _comment(number: int, author: int, body: str, at: datetime) -> Row:
    row = {"id": number, "author_id": author, "body": body, "plain_body": body, "public": True, "type": "Comment"}
    return {**row, "created_at": _written(at)}


def _forbidden() -> Answer:
    told = {"title": "Forbidden", "message": "You do not have access to this page."}
    return Answer(403, {"error": told})


def _not_found() -> Answer:
    return Answer(404, {"error": "RecordNotFound", "description": "Not found"})


def _invalid(name: str) -> Answer:
    told = {"title": "Invalid attribute", "message": f"You passed an invalid value for the {name} attribute."}
    return Answer(400, {"error": told})
