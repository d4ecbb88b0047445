"""A stand-in for Jira Cloud's REST v3: one project, its issues, and a search index that lags behind.

Honest about what makes creating once hard: no idempotency key; keys are numbers in a row, with gaps where an issue was
deleted, moved, or is hidden by a security level; reading by key is at once, searching is not; a moved issue is found
under its old key; a clone carries labels and no properties. Its messages are Jira's own, as far as they are known.
"""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes
from pathlib import Path
from typing import Any

from tests.servers.base import Answer, Request, StandIn

EMAIL, TOKEN = "groundswell-bot@acme.example", "api-token-4f7c"
_NOT_THERE = "Issue does not exist or you do not have permission to see it."
_SCREEN: dict[str, dict[str, Any]] = {
    "project": {"name": "Project", "required": True},
    "issuetype": {"name": "Issue Type", "required": True},
    "summary": {"name": "Summary", "required": True},
    "description": {"name": "Description"},
    "labels": {"name": "Labels"},
    "priority": {
        "name": "Priority",
        "hasDefaultValue": True,
        "required": True,
        "schema": {"type": "priority", "system": "priority"},
        "allowedValues": [
            {"id": str(n), "name": name} for n, name in enumerate(["Highest", "High", "Medium", "Low", "Lowest"], 1)
        ],
    },
    "components": {
        "name": "Components",
        "schema": {"type": "array", "items": "component", "system": "components"},
        "allowedValues": [{"id": "20001", "name": "Payments"}],
    },
    "reporter": {"name": "Reporter", "required": True},
    "assignee": {"name": "Assignee"},
}


@dataclass(slots=True)
class Issue:
    id: int
    key: str
    created: float
    creator: str
    fields: dict[str, Any]
    properties: dict[str, Any] = field(default_factory=dict)
    hidden: bool = False
    former_keys: list[str] = field(default_factory=list)
    links: dict[str, dict[str, Any]] = field(default_factory=dict)
    status: str = "To Do"
    resolved: float | None = None
    history: list[dict[str, Any]] = field(default_factory=list)
    comments: list[Any] = field(default_factory=list)
    attachments: list[dict[str, Any]] = field(default_factory=list)  # with their "text", which Jira doesn't tell

    @property
    def labels(self) -> list[str]:
        return list(self.fields.get("labels", []))


class JiraServer(StandIn):
    """`index_lag`: seconds until search knows an issue. `issues` is what is really there, deleted ones excepted."""

    name = "jira"

    def __init__(
        self,
        port: int = 0,
        log: Path | None = None,
        *,
        project: str = "BILL",
        index_lag: float = 0.0,
        token: str = TOKEN,
    ) -> None:
        super().__init__(port, log)
        self.project, self.index_lag, self.token = project, index_lag, token
        self.issues: list[Issue] = []
        self.commented = 0  # how often; a comment's number is never given twice
        self.broken: set[str] = set()  # keys that bulkfetch reports as errors
        self.rights = {"BROWSE_PROJECTS", "CREATE_ISSUES", "EDIT_ISSUES", "LINK_ISSUES", "CREATE_ATTACHMENTS"}
        self.rights |= {"TRANSITION_ISSUES", "ADD_COMMENTS"}
        # Status -> its category; every one can be moved to from every other, and an issue begins in the first.
        self.workflow = {"To Do": "new", "To triage": "new", "In Progress": "indeterminate", "Done": "done"}
        self.workflow["Won't Do"] = "done"
        self.resolutions: list[str] = []  # asked for on the screen of a transition into a status of the category done
        self.types = {"10001": "Story", "10002": "Task", "10004": "Bug"}
        self.screen: dict[str, dict[str, Any]] = {name: dict(meta) for name, meta in _SCREEN.items()}
        self.deployment: str | None = "Cloud"
        self.page = 5_000  # issues in one page of search, at most
        self._number = 0
        self._id = 10_000
        base, key = "/rest/api/3", r"([A-Z][A-Z0-9_]*-\d+|\d+)"
        self.routes = [
            ("GET", f"{base}/serverInfo", self._server_info),
            ("GET", f"{base}/myself", self._signed_in(self._myself)),
            ("GET", f"{base}/mypermissions", self._signed_in(self._permissions)),
            ("GET", f"{base}/project/([^/]+)", self._signed_in(self._project)),
            ("GET", f"{base}/project/([^/]+)/statuses", self._signed_in(self._statuses)),
            ("GET", f"{base}/issue/createmeta/([^/]+)/issuetypes", self._signed_in(self._types)),
            ("GET", f"{base}/issue/createmeta/([^/]+)/issuetypes/([^/]+)", self._signed_in(self._fields)),
            ("POST", f"{base}/issue", self._signed_in(self._create)),
            ("POST", f"{base}/issue/bulkfetch", self._signed_in(self._bulk_fetch)),
            ("GET", f"{base}/search/jql", self._signed_in(self._search)),
            ("POST", f"{base}/search/jql", self._signed_in(self._search_posted)),
            ("GET", f"{base}/issue/{key}", self._signed_in(self._on_issue(self._issue))),
            ("PUT", f"{base}/issue/{key}", self._signed_in(self._on_issue(self._edit))),
            ("DELETE", f"{base}/issue/{key}", self._signed_in(self._on_issue(self._delete))),
            ("GET", f"{base}/issue/{key}/properties/([^/]+)", self._signed_in(self._on_issue(self._property))),
            ("PUT", f"{base}/issue/{key}/properties/([^/]+)", self._signed_in(self._on_issue(self._set_property))),
            ("GET", f"{base}/issue/{key}/remotelink", self._signed_in(self._on_issue(self._links))),
            ("POST", f"{base}/issue/{key}/remotelink", self._signed_in(self._on_issue(self._link))),
            ("POST", f"{base}/issue/{key}/attachments", self._signed_in(self._on_issue(self._attach))),
            ("GET", f"{base}/issue/{key}/transitions", self._signed_in(self._on_issue(self._transitions))),
            ("POST", f"{base}/issue/{key}/transitions", self._signed_in(self._on_issue(self._transition))),
            ("GET", f"{base}/issue/{key}/comment", self._signed_in(self._on_issue(self._comments))),
            ("POST", f"{base}/issue/{key}/comment", self._signed_in(self._on_issue(self._comment))),
            ("PUT", rf"{base}/issue/{key}/comment/(\d+)", self._signed_in(self._on_issue(self._recomment))),
            ("GET", rf"{base}/comment/(\d+)/properties", self._signed_in(self._comment_properties)),
            ("GET", rf"{base}/comment/(\d+)/properties/([^/]+)", self._signed_in(self._comment_property)),
            # What other processes ask of the stand-in itself.
            ("GET", "/_issues", lambda r: Answer(200, [self._shown(i, {}) for i in self.issues])),
            ("POST", "/_foreign", lambda r: Answer(200, [i.key for i in self.foreign(**(r.json or {}))])),
        ]

    # --- what tests do to it

    def foreign(self, count: int = 1, *, later: float = 0.0, hidden: bool = False) -> list[Issue]:
        """Issues that other people make, `later` seconds from now by Jira's clock."""
        return [
            self._add("somebody-else", {"summary": "Something else", "labels": []}, {}, later=later, hidden=hidden)
            for _ in range(count)
        ]

    def made(self, op: str) -> list[Issue]:
        """Every issue that a create with this full key made, hidden ones, too."""
        with self.lock:
            return [i for i in self.issues if i.properties.get("groundswell", {}).get("key") == op]

    def hide(self, key: str) -> None:
        self._known(key).hidden = True

    def delete(self, key: str) -> None:
        with self.lock:
            self.issues.remove(self._known(key))

    def move(self, key: str, project: str, number: int = 1) -> None:
        issue = self._known(key)
        issue.former_keys.append(issue.key)
        issue.key = f"{project}-{number}"

    def clone(self, key: str) -> Issue:
        return self._add("somebody-else", dict(self._known(key).fields), {})

    def existing(self, summary: str, text: str = "", **more: Any) -> Issue:
        """An issue that people wrote, with a description of one paragraph."""
        told = {
            "type": "doc",
            "version": 1,
            "content": [{"type": "paragraph", "content": [_text(text)] if text else []}],
        }
        return self._add("somebody-else", {"summary": summary, "description": told, "labels": [], **more}, {})

    def close(self, key: str, status: str = "Done", resolution: str | None = None, at: float | None = None) -> None:
        """A person is done with it."""
        self.touch(key, status=status)
        issue = self._known(key)
        issue.resolved = at or time.time()
        issue.fields = {**issue.fields, "resolution": {"name": resolution} if resolution else None}

    def uncomment(self, key: str) -> None:
        """A person deletes every comment."""
        with self.lock:
            self._known(key).comments.clear()

    def touch(self, key: str, status: str = "", comment: str = "") -> None:
        """What a person does to an issue."""
        issue = self._known(key)
        if comment:
            issue.comments.append({"id": "1", "author": {"accountId": "somebody-else"}, "body": comment})
        if status:
            issue.status = status
            issue.history.append(_changed("somebody-else", "status"))

    # --- who and what

    def _signed_in(self, handler: Callable[[Request], Answer]) -> Callable[[Request], Answer]:
        due = "Basic " + base64.b64encode(f"{EMAIL}:{self.token}".encode()).decode()

        def asked(request: Request) -> Answer:
            if request.headers.get("authorization") != due:
                return _errors(401, "Client must be authenticated to access this resource.")
            return handler(request)

        return asked

    def _server_info(self, request: Request) -> Answer:
        kind = {"deploymentType": self.deployment} if self.deployment else {}
        return Answer(
            200, {"baseUrl": self.url, "version": "1001.0.0-SNAPSHOT", "versionNumbers": [1001, 0, 0], **kind}
        )

    def _myself(self, request: Request) -> Answer:
        return Answer(200, {"accountId": EMAIL, "displayName": "groundswell-bot", "active": True})

    def _permissions(self, request: Request) -> Answer:
        if request.arg("projectKey") not in ("", self.project):
            return _errors(404, f"No project could be found with key '{request.arg('projectKey')}'.")
        asked = [name for name in request.arg("permissions").split(",") if name]
        if not asked:
            return _errors(400, "The 'permissions' query parameter is required.")
        return Answer(200, {"permissions": {n: {"key": n, "havePermission": n in self.rights} for n in asked}})

    def _project(self, request: Request) -> Answer:
        if request.params[0] != self.project or "BROWSE_PROJECTS" not in self.rights:
            return _errors(404, f"No project could be found with key '{request.params[0]}'.")
        return Answer(200, {"id": "10000", "key": self.project, "name": "Billing", "archived": False})

    def _statuses(self, request: Request) -> Answer:
        there = [{"id": str(n), "name": name} for n, name in enumerate(self.workflow, 1)]
        return Answer(200, [{"id": n, "name": name, "statuses": there} for n, name in self.types.items()])

    def _types(self, request: Request) -> Answer:
        types = [{"id": number, "name": name, "subtask": False} for number, name in self.types.items()]
        return _page(request, "issueTypes", types)

    def _fields(self, request: Request) -> Answer:
        if request.params[1] not in self.types:
            return _errors(404, "The issue type does not exist.")
        plain = {"required": False, "hasDefaultValue": False, "operations": ["set"]}
        return _page(request, "fields", [{"fieldId": n, "key": n, **plain, **meta} for n, meta in self.screen.items()])

    # --- issues

    def _create(self, request: Request) -> Answer:
        sent = request.json
        if not isinstance(sent, dict):
            return _errors(400, "Unexpected character in the JSON.")
        errors = dict(self._invalid(sent.get("fields") or {}))
        if errors:
            return Answer(400, {"errorMessages": [], "errors": errors})
        properties = {p["key"]: p["value"] for p in sent.get("properties", [])}
        issue = self._add(EMAIL, sent["fields"], properties)
        return Answer(201, {"id": str(issue.id), "key": issue.key, "self": f"{self.url}/rest/api/3/issue/{issue.id}"})

    def _invalid(self, fields: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
        if (fields.get("project") or {}).get("key") != self.project:
            yield "project", "valid project is required"
            return
        if "CREATE_ISSUES" not in self.rights:
            yield "project", "You cannot create issues in this project."
            return
        kind = fields.get("issuetype") or {}
        if kind.get("name") not in self.types.values() and kind.get("id") not in self.types:
            yield "issuetype", "Specify a valid issue type"
        yield from _invalid_text(fields)
        for label in fields.get("labels", []):
            if re.search(r"\s", label):
                yield "labels", f"The label '{label}' contains spaces which is invalid."
        for name, value in fields.items():
            yield from self._invalid_field(name, value)
        for name, meta in self.screen.items():
            if meta.get("required") and not meta.get("hasDefaultValue") and name not in {*fields, "reporter"}:
                yield name, f"{meta['name']} is required."

    def _invalid_field(self, name: str, value: Any) -> Iterable[tuple[str, str]]:
        meta = self.screen.get(name)
        if meta is None:
            yield name, f"Field '{name}' cannot be set. It is not on the appropriate screen, or unknown."
            return
        if (meta.get("schema") or {}).get("type") == "array" and not isinstance(value, list):
            yield name, "data was not an array"
            return
        allowed = meta.get("allowedValues")
        for one in value if isinstance(value, list) else [value]:
            if allowed and not any(one.items() <= option.items() for option in allowed):
                yield name, f"{meta['name']} {next(iter(one.values()))!r} is not valid"

    def _add(
        self,
        creator: str,
        fields: dict[str, Any],
        properties: dict[str, Any],
        *,
        later: float = 0.0,
        hidden: bool = False,
    ) -> Issue:
        with self.lock:
            self._number, self._id = self._number + 1, self._id + 1
            key = f"{self.project}-{self._number}"
            issue = Issue(self._id, key, time.time() + later, creator, fields, properties, hidden)
            issue.status = next(iter(self.workflow))
            self.issues.append(issue)
            op = next((label for label in issue.labels if label.startswith("groundswell-op-")), None)
            self.note("issue-created", key=key, op=op, property=properties.get("groundswell"), creator=creator)
            return issue

    def _known(self, key: str) -> Issue:
        return next(i for i in self.issues if key in (i.key, str(i.id), *i.former_keys))

    def _visible(self, key: str) -> Issue | None:
        browse = "BROWSE_PROJECTS" in self.rights
        found = (i for i in self.issues if browse and not i.hidden and key in (i.key, str(i.id), *i.former_keys))
        return next(found, None)

    def _on_issue(self, handler: Callable[[Request, Issue], Answer]) -> Callable[[Request], Answer]:
        def asked(request: Request) -> Answer:
            issue = self._visible(request.params[0])
            return handler(request, issue) if issue else _errors(404, _NOT_THERE)

        return asked

    def _shown(self, issue: Issue, asked: Mapping[str, Any]) -> dict[str, Any]:
        names, properties = asked.get("fields"), asked.get("properties") or []
        told = [{k: v for k, v in a.items() if k != "text"} for a in issue.attachments]
        fields = {**issue.fields, "created": _jira_time(issue.created), "attachment": told}
        fields["status"] = {"name": issue.status, "statusCategory": {"key": self.workflow.get(issue.status)}}
        fields["resolutiondate"] = _jira_time(issue.resolved) if issue.resolved else None
        fields["comment"] = {"comments": issue.comments, "total": len(issue.comments)}
        return {
            "id": str(issue.id),
            "key": issue.key,
            "fields": fields if names is None else {n: v for n, v in fields.items() if n in names},
            "properties": {n: v for n, v in issue.properties.items() if n in properties or not asked},
        }

    def _bulk_fetch(self, request: Request) -> Answer:
        keys = request.json.get("issueIdsOrKeys", [])
        if not keys or len(keys) > 100 or set(request.json) - {"issueIdsOrKeys", "fields", "properties", "expand"}:
            return _errors(400, "You can request up to 100 issues.")
        seen = [i for i in self.issues if not i.hidden and "BROWSE_PROJECTS" in self.rights]
        known = {name: i for i in seen for name in (*i.former_keys, str(i.id), i.key)}
        found = {known[key].id: known[key] for key in keys if key in known}
        errors = [{"id": str(i.id), "errorMessage": "Try again."} for i in found.values() if i.key in self.broken]
        whole = [found[n] for n in sorted(found) if found[n].key not in self.broken]
        return Answer(200, {"issueErrors": errors, "issues": [self._shown(i, request.json) for i in whole]})

    def _search(self, request: Request) -> Answer:
        jql = request.arg("jql")
        where, _, order = re.sub(r"\s+", " ", jql).partition("ORDER BY ")
        if not where.strip():
            return _errors(400, "Unbounded JQL queries are not allowed here. Please add a search restriction.")
        now = time.time()
        browse = "BROWSE_PROJECTS" in self.rights
        found = [i for i in self.issues if browse and not i.hidden and i.created + self.index_lag <= now]
        for clause in where.split(" AND "):
            test = self._clause(clause.strip())
            if isinstance(test, Answer):
                return test
            found = [i for i in found if test(i)]
        found.sort(key=lambda i: i.id, reverse=order.strip() == "key DESC")
        return self._search_page(request, found)

    def _search_posted(self, request: Request) -> Answer:
        """As the description has it; words as the index has them: whole, in any order, wherever a text stands."""
        sent = request.json
        if set(sent) - {"jql", "maxResults", "fields", "nextPageToken"}:
            return _errors(400, "Invalid request payload. Refer to the REST API documentation and try again.")
        match = re.fullmatch(r'project in \(("[^"]+"(?:, "[^"]+")*)\) AND \((.+)\) ORDER BY updated DESC', sent["jql"])
        words = [re.fullmatch(r'text ~ "(\w+)"', part) for part in match[2].split(" OR ")] if match else []
        if match is None or not all(words):
            return _errors(400, "Error in the JQL Query.")
        projects = set(re.findall(r"\w+", match[1]))
        if self.project not in projects or "BROWSE_PROJECTS" not in self.rights:
            return _errors(400, "The value does not exist for the field 'project'.")
        wanted = {word[1] for word in words if word}
        now = time.time()
        seen = [i for i in self.issues if not i.hidden and i.created + self.index_lag <= now]
        found = [i for i in seen if i.key.split("-")[0] in projects and wanted & _words(i)]
        start, most = int(sent.get("nextPageToken", 0)), min(int(sent.get("maxResults", 50)), self.page)
        last = start + most >= len(found)
        shown = [self._shown(i, {"fields": sent.get("fields", [])}) for i in found[::-1][start : start + most]]
        return Answer(200, {"issues": shown, "isLast": last, **({} if last else {"nextPageToken": str(start + most)})})

    def _clause(self, clause: str) -> Callable[[Issue], bool] | Answer:
        if clause == "creator = currentUser()":
            return lambda i: i.creator == EMAIL
        match = re.fullmatch(r'(project|labels) = "([^"\\]+)"', clause)
        if match is None:
            return _errors(400, f"Error in the JQL Query: {clause!r} is not understood here.")
        name, value = match.groups()
        if name == "labels":
            return lambda i: value in i.labels
        if value != self.project or "BROWSE_PROJECTS" not in self.rights:
            return _errors(400, f"The value '{value}' does not exist for the field 'project'.")
        return lambda i: i.key.startswith(f"{value}-")

    def _search_page(self, request: Request, found: list[Issue]) -> Answer:
        start = int(request.arg("nextPageToken", "0"))
        most = min(int(request.arg("maxResults", "50")), self.page)
        asked = {name: request.arg(name).split(",") for name in ("fields", "properties")}
        page = {"issues": [self._shown(i, asked) for i in found[start : start + most]]}
        last = start + most >= len(found)
        return Answer(200, {**page, "isLast": last, **({} if last else {"nextPageToken": str(start + most)})})

    def _issue(self, request: Request, issue: Issue) -> Answer:
        names = request.arg("fields")
        asked = {"fields": names.split(",") if names else None, "properties": request.arg("properties").split(",")}
        log = {"changelog": {"histories": issue.history, "total": len(issue.history)}}
        return Answer(200, {**self._shown(issue, asked), **(log if "changelog" in request.arg("expand") else {})})

    def _transitions(self, request: Request, issue: Issue) -> Answer:
        """Without the right there are none: so says the description."""
        offered = [n for n in self.workflow if n != issue.status] if "TRANSITION_ISSUES" in self.rights else []
        return Answer(200, {"transitions": [self._step(name) for name in offered]})

    def _step(self, name: str) -> dict[str, Any]:
        ends = self.workflow[name] == "done" and self.resolutions
        values = [{"id": str(n), "name": said} for n, said in enumerate(self.resolutions, 1)]
        fields = {"resolution": {"required": True, "allowedValues": values}} if ends else {}
        to = {"name": name, "statusCategory": {"key": self.workflow[name]}}
        return {"id": str(list(self.workflow).index(name) + 11), "name": f"Move to {name}", "to": to, "fields": fields}

    def _transition(self, request: Request, issue: Issue) -> Answer:
        sent, offered = request.json, json.loads(json.dumps(self._transitions(request, issue).body))["transitions"]
        step = next((t for t in offered if t["id"] == (sent.get("transition") or {}).get("id")), None)
        if step is None:
            return _errors(400, "It seems that you have tried to perform a workflow operation that is not valid.")
        lacking = set(step["fields"]) - set(sent.get("fields", {}))
        if lacking or set(sent.get("fields", {})) - set(step["fields"]):
            return Answer(400, {"errorMessages": [], "errors": dict.fromkeys(lacking, "Resolution is required.")})
        issue.status, issue.fields = step["to"]["name"], {**issue.fields, **sent.get("fields", {})}
        issue.history.append(_changed(EMAIL, "status"))
        self.note("issue-moved", key=issue.key, to=issue.status)
        return Answer(204, b"")

    def _edit(self, request: Request, issue: Issue) -> Answer:
        if "EDIT_ISSUES" not in self.rights:
            return _errors(403, "You do not have permission to edit issues in this project.")
        update = request.json.get("update", {})
        if set(update) - {"labels"} or set(request.json) - {"update"}:
            return _errors(400, "Only labels can be edited here.")
        labels = issue.labels
        for step in update.get("labels", []):
            ((verb, label),) = step.items()
            labels = [one for one in labels if one != label] + ([label] if verb == "add" else [])
        issue.fields = {**issue.fields, "labels": labels}
        issue.history.append(_changed(EMAIL, "labels"))
        self.note("issue-edited", key=issue.key, labels=labels)
        return Answer(204, b"")

    def _delete(self, request: Request, issue: Issue) -> Answer:
        if "DELETE_ISSUES" not in self.rights:  # an account that makes drafts rarely has it
            return _errors(403, "You do not have permission to delete issues in this project.")
        self.issues.remove(issue)
        self.note("issue-deleted", key=issue.key)
        return Answer(204, b"")

    def _property(self, request: Request, issue: Issue) -> Answer:
        name = request.params[1]
        if name not in issue.properties:
            return _errors(404, f"The property {name} does not exist.")
        return Answer(200, {"key": name, "value": issue.properties[name]})

    def _set_property(self, request: Request, issue: Issue) -> Answer:
        created = request.params[1] not in issue.properties
        issue.properties[request.params[1]] = request.json
        return Answer(201 if created else 200, b"")

    def _links(self, request: Request, issue: Issue) -> Answer:
        return Answer(200, list(issue.links.values()))

    def _link(self, request: Request, issue: Issue) -> Answer:
        sent = request.json
        if "LINK_ISSUES" not in self.rights:
            return _errors(403, "You do not have permission to link issues in this project.")
        missing = [name for name in ("url", "title") if not (sent.get("object") or {}).get(name)]
        if missing or len(sent.get("globalId", "")) > 255:
            return Answer(400, {"errorMessages": [], "errors": {n: f"'{n}' is required." for n in missing}})
        name = sent.get("globalId") or f"link-{len(issue.links)}"
        old = issue.links.get(name)
        number = old["id"] if old else 20_000 + sum(len(i.links) for i in self.issues)
        issue.links[name] = {**sent, "id": number}
        self.note("link-written", key=issue.key, global_id=name, new=old is None)
        return Answer(200 if old else 201, {"id": number, "self": f"{self.url}/rest/api/3/remotelink/{number}"})

    def _attach(self, request: Request, issue: Issue) -> Answer:
        if request.headers.get("x-atlassian-token") != "no-check":
            return _errors(403, "XSRF check failed")
        if "CREATE_ATTACHMENTS" not in self.rights:
            return _errors(403, "You do not have permission to create attachments for this issue.")
        parts = message_from_bytes(
            b"Content-Type: " + request.headers["content-type"].encode() + b"\n\n" + request.body
        )
        for part in parts.get_payload() if parts.is_multipart() else []:
            if part.get_param("name", header="content-disposition") != "file":
                continue
            number, text = str(40_000 + sum(len(i.attachments) for i in self.issues)), part.get_payload(decode=True)
            issue.attachments.append({"id": number, "filename": part.get_filename(), "text": text.decode("utf-8-sig")})
            self.note("file-attached", key=issue.key, name=part.get_filename())
            return Answer(200, [{"id": number, "filename": part.get_filename(), "size": len(text)}])
        return _errors(400, "No file was sent.")

    def _comments(self, request: Request, issue: Issue) -> Answer:
        """Without their properties, as the description has it."""
        start, most = int(request.arg("startAt", "0")), min(int(request.arg("maxResults", "50")), self.page, 100)
        told = [{k: v for k, v in c.items() if k != "properties"} for c in issue.comments]
        page = {"startAt": start, "maxResults": most, "total": len(told)}
        return Answer(200, {**page, "comments": told[start : start + most]})

    def _recomment(self, request: Request, issue: Issue) -> Answer:
        comment = next((c for c in issue.comments if c["id"] == request.params[1]), None)
        if comment is None or comment["author"]["accountId"] != EMAIL:
            return _errors(404, "Can not find a comment for the id.")
        return self._commented(request, issue, comment)

    def _found_comment(self, number: str) -> dict[str, Any] | None:
        return next((c for i in self.issues if not i.hidden for c in i.comments if c["id"] == number), None)

    def _comment_properties(self, request: Request) -> Answer:
        comment = self._found_comment(request.params[0])
        if comment is None:
            return _errors(404, "The comment was not found.")
        return Answer(200, {"keys": [{"key": name} for name in comment.get("properties", {})]})

    def _comment_property(self, request: Request) -> Answer:
        value = ((self._found_comment(request.params[0]) or {}).get("properties") or {}).get(request.params[1])
        return Answer(200, {"key": request.params[1], "value": value}) if value else _errors(404, "Not found.")

    def _comment(self, request: Request, issue: Issue) -> Answer:
        if "ADD_COMMENTS" not in self.rights:
            return _errors(403, "You do not have the permission to comment on this issue.")
        self.commented += 1
        number = str(30_000 + self.commented)
        return self._commented(request, issue, {"id": number, "author": {"accountId": EMAIL}})

    def _commented(self, request: Request, issue: Issue, comment: dict[str, Any]) -> Answer:
        sent, new = request.json, comment not in issue.comments
        if (sent.get("body") or {}).get("type") != "doc" or set(sent) - {"body", "properties"}:
            return Answer(400, {"errorMessages": [], "errors": {"comment": "Comment body is not valid!"}})
        comment["body"] = sent["body"]
        comment["properties"] = {p["key"]: p["value"] for p in sent.get("properties", [])}
        issue.comments += [comment] if new else []
        op = comment["properties"].get("groundswell", {}).get("key")
        self.note("comment-created" if new else "comment-changed", key=issue.key, op=op)
        return Answer(201 if new else 200, {k: v for k, v in comment.items() if k != "properties"})


def _invalid_text(fields: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    summary = fields.get("summary")
    if not isinstance(summary, str) or not summary.strip():
        yield "summary", "You must specify a summary of the issue."
    elif len(summary.encode("utf-16-le")) > 510:
        yield "summary", "Summary can't exceed 255 characters."
    elif "\n" in summary or "\r" in summary:
        yield "summary", "The summary is invalid because it contains newline characters."
    description = fields.get("description")
    if description is None:
        return
    if not isinstance(description, dict) or description.get("type") != "doc" or description.get("version") != 1:
        yield "description", "Operation value must be an Atlassian Document (see the Atlassian Document Format)"
    elif any(not node["text"] for node in _nodes(description) if node.get("type") == "text"):
        yield "description", "INVALID_INPUT"
    elif sum(len(node["text"]) for node in _nodes(description) if node.get("type") == "text") > 32_767:
        yield "description", "The entered text is too long. It exceeds the allowed limit of 32,767 characters."


def _text(said: str) -> dict[str, Any]:
    return {"type": "text", "text": said}


def _words(issue: Issue) -> set[str]:
    told = [node["text"] for node in _nodes(issue.fields.get("description") or {}) if node.get("type") == "text"]
    return set(re.findall(r"\w+", " ".join([str(issue.fields.get("summary")), *told]).casefold()))


def _changed(by: str, field: str) -> dict[str, Any]:
    return {"author": {"accountId": by}, "items": [{"field": field}]}


def _nodes(node: Any) -> Iterable[dict[str, Any]]:
    yield node
    for child in node.get("content", []):
        yield from _nodes(child)


def _page(request: Request, name: str, items: list[dict[str, Any]]) -> Answer:
    start, most = int(request.arg("startAt", "0")), int(request.arg("maxResults", "50"))
    if most > 200:
        return _errors(400, "Parameter 'maxResults' must not exceed the limit '200'")
    page = items[start : start + most]
    return Answer(200, {name: page, "startAt": start, "maxResults": most, "total": len(items)})


def _errors(status: int, message: str) -> Answer:
    return Answer(status, {"errorMessages": [message], "errors": {}})


def _jira_time(at: float) -> str:
    moment = datetime.fromtimestamp(at, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}+0000"
