"""Whether drafts could be made now: sign-in, project, rights, issue types, fields; each fault with its mend."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bot.acts import Finding
from bot.domain import Kind, Severity
from bot.ports import Refused, Unavailable
from connectors.jira.draft import Form
from connectors.jira.wire import Wire

_ALWAYS = frozenset({"project", "issuetype", "summary", "description", "labels"})
_NEEDED = {"BROWSE_PROJECTS": "see issues", "CREATE_ISSUES": "create issues"}
_USEFUL = {
    "LINK_ISSUES": "link issues: drafts come without links to their example tickets",
    "EDIT_ISSUES": "edit issues: an undone approval can't be marked on its issue",
}
_PAGES = 20


def findings(wire: Wire, form: Form) -> Sequence[Finding]:
    """In the order in which one needs the other: after a fault nothing more is asked."""
    found: list[Finding] = []
    for step in (_sign_in(wire), _project(wire, form), _rights(wire, form), _types(wire, form)):
        try:
            found.extend(step)
        except (Unavailable, Refused) as fault:
            found.append(Finding("jira", "fail", str(fault), "Mend that, then check again."))
        if any(finding.state == "fail" for finding in found):
            break
    return found


def _sign_in(wire: Wire) -> Iterator[Finding]:
    """/myself refuses a wrong token; /serverInfo answers anybody, and says which kind of Jira it is."""
    kind = wire.read("GET", "serverInfo").data.get("deploymentType")
    if kind not in (None, "Cloud"):
        yield _fail(f"{wire.site} is Jira {kind}; only Jira Cloud is spoken so far.", "Set jira.site to a Cloud site.")
        return
    who = wire.read("GET", "myself").data
    yield Finding("jira", "ok", f"Signed in to {wire.site} as {who.get('displayName') or 'somebody without a name'}.")


def _project(wire: Wire, form: Form) -> Iterator[Finding]:
    try:
        project = wire.read("GET", f"project/{form.project}").data
    except Refused as refused:
        yield _fail(
            f"Project {form.project} can't be seen. {refused}",
            "Check jira.project, and let the account browse the project.",
        )
        return
    key = project.get("key")
    if key != form.project:
        yield Finding("jira", "warn", f"Project {form.project} is now called {key}.", f"Set jira.project to {key}.")
    if project.get("archived"):
        yield _fail(f"Project {form.project} is archived.", "Set jira.project to one that is in use.")


def _rights(wire: Wire, form: Form) -> Iterator[Finding]:
    params = {"projectKey": form.project, "permissions": ",".join([*_NEEDED, *_USEFUL])}
    told = wire.read("GET", "mypermissions", params=params).data.get("permissions") or {}
    has = {name for name, right in told.items() if right.get("havePermission")}
    for name, may in _NEEDED.items():
        if name not in has:
            yield _fail(
                f"The account may not {may} in {form.project} ({name}).",
                f"Ask an administrator of {form.project} to give it {name}.",
            )
    for name, lack in _USEFUL.items():
        if name not in has:
            yield Finding("jira", "warn", f"The account may not {lack} ({name}).", f"Give it {name} to change that.")


def _types(wire: Wire, form: Form) -> Iterator[Finding]:
    """Each issue type a draft may have, by the create metadata (VENDORS 4.2: the SDK's own calls refuse Cloud)."""
    base = f"issue/createmeta/{form.project}/issuetypes"
    offered = {str(t.get("id")): str(t.get("name")) for t in _all(wire, base, "issueTypes")}
    ids = {**{name: number for number, name in offered.items()}, **{number: number for number in offered}}
    faults = 0
    for name in dict.fromkeys(form.type_for(kind) for kind in Kind):
        if name not in ids:
            there = ", ".join(sorted(offered.values())) or "none"
            yield _fail(f"{form.project} has no issue type {name!r}; it has {there}.", "Set jira.issue_types to those.")
            faults += 1
            continue
        for fault in _fields(name, list(_all(wire, f"{base}/{ids[name]}", "fields")), form):
            faults += 1
            yield fault
    if not faults:
        yield Finding("jira", "ok", f"Drafts can be made in {form.project}.")


def _fields(issue_type: str, fields: Sequence[Mapping[str, Any]], form: Form) -> Iterator[Finding]:
    by_id = {str(f.get("fieldId") or f.get("key")): f for f in fields}
    filled = {*_ALWAYS, *form.fields, *(["priority"] if form.priorities else [])}
    filled |= {"components"} if form.components else set()
    for name, field in by_id.items():
        # The reporter is whoever signs in, unless one is named.
        if field.get("required") and not field.get("hasDefaultValue") and name not in filled | {"reporter"}:
            yield _fail(
                f"{issue_type} in {form.project} requires {field.get('name')!r} ({name}), which a draft does not fill.",
                f"Give it a value under jira.fields ({name}: ...), or make it optional.",
            )
    for name in sorted(filled - {"project", "issuetype"} - set(by_id)):
        yield _fail(
            f"{name!r} is not on the create screen of {issue_type} in {form.project}, so Jira would refuse a draft.",
            f"Add {name!r} to that screen{', or leave it out of the jira settings' if name not in _ALWAYS else ''}.",
        )
    yield from _priorities(issue_type, by_id.get("priority"), form)


def _priorities(issue_type: str, field: Mapping[str, Any] | None, form: Form) -> Iterator[Finding]:
    if not field or not form.priorities or not field.get("allowedValues"):
        return
    allowed = [str(value.get(part)) for value in field["allowedValues"] for part in ("name", "id")]
    for severity in Severity:
        name = form.priorities.get(severity)
        if name and name not in allowed:
            yield _fail(
                f"{issue_type} in {form.project} has no priority {name!r} (for {severity}).",
                f"Set jira.priorities to some of {', '.join(allowed[::2])}.",
            )


def _all(wire: Wire, path: str, items: str) -> Iterator[Mapping[str, Any]]:
    """Pages by offset, at most 200 a page."""
    start = 0
    for _ in range(_PAGES):
        data = wire.read("GET", path, params={"startAt": start, "maxResults": 200}).data
        page = data.get(items) or []
        yield from page
        start += len(page)
        if not page or start >= int(data.get("total") or 0):
            return


def _fail(message: str, mend: str) -> Finding:
    return Finding("jira", "fail", message, mend)
