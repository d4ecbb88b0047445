"""Whether drafts could be made now: sign-in, project, rights, issue types, fields; each fault with its mend."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from bot import phrases
from bot.acts import Finding
from bot.domain import Kind, Severity
from bot.ports import Refused, Unavailable
from connectors.jira import screens
from connectors.jira.draft import Form
from connectors.jira.screens import ALWAYS, Screen
from connectors.jira.wire import Wire

_NEEDED = {"BROWSE_PROJECTS": "see issues", "CREATE_ISSUES": "create issues"}
_USEFUL = {
    "LINK_ISSUES": "link issues: drafts come without links to their example tickets",
    "EDIT_ISSUES": "edit issues: an undone approval can't be marked on its issue",
    "CREATE_ATTACHMENTS": "attach files: drafts come without the table of all their tickets",
    "ADD_COMMENTS": "add comments: evidence can't be attached to issues that exist",
    "TRANSITION_ISSUES": "move issues: drafts stay in the first status, and an undone one stays open",
}


def findings(wire: Wire, form: Form) -> Sequence[Finding]:
    """In the order in which one needs the other: after a fault nothing more is asked."""
    found: list[Finding] = []
    for step in (_sign_in(wire), _project(wire, form), _rights(wire, form), _statuses(wire, form), _types(wire, form)):
        try:
            found.extend(step)
        except Refused as refused:
            found.append(Finding("jira", "fail", str(refused), "Then look again: groundswell doctor jira"))
        except Unavailable as away:
            mend = "Try again later; if it lasts, look at jira.site, the network between, and Atlassian's status page."
            found.append(Finding("jira", "fail", str(away), mend))
        if any(finding.state == "fail" for finding in found):
            break
    return found


def _sign_in(wire: Wire) -> Iterator[Finding]:
    """/myself refuses a wrong token; /serverInfo answers anybody, and says which kind of Jira it is."""
    kind = wire.read("GET", "serverInfo").data.get("deploymentType")
    if kind not in (None, "Cloud"):
        yield _fail(f"{wire.site} is Jira {kind}; only Jira Cloud is spoken so far.", "Set jira.site to a Cloud site.")
        return
    try:
        who = wire.read("GET", "myself").data
    except Refused as no:
        yield _fail(str(no), "Make a new one (docs/connect-jira.md says where), and set GROUNDSWELL_JIRA__TOKEN to it.")
        return
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


def _statuses(wire: Wire, form: Form) -> Iterator[Finding]:
    """Whether the status that drafts are moved to is in the workflow of each issue type."""
    if not form.status:
        return
    listed = wire.read("GET", f"project/{form.project}/statuses").data
    by_type = {str(t.get("name")): [str(s.get("name")) for s in t.get("statuses") or []] for t in listed}
    wanted = form.status.casefold()
    without = [name for name, there in by_type.items() if wanted not in map(str.casefold, there)]
    ours = [name for name in dict.fromkeys(form.type_for(kind) for kind in Kind) if name in without]
    if ours:
        there = ", ".join(dict.fromkeys(s for name in ours for s in by_type[name]))
        yield Finding(
            "jira",
            "warn",
            f"{' and '.join(ours)} in {form.project} {'have' if ours[1:] else 'has'} no status {form.status!r}: "
            "drafts stay in the first status, and their label alone says that they are drafts.",
            f"Set jira.status to one of {there}, or off; or add that status to the workflow.",
        )


def _types(wire: Wire, form: Form) -> Iterator[Finding]:
    """Each issue type a draft may have, by the create metadata (VENDORS 4.2: the SDK's own calls refuse Cloud)."""
    offered = screens.types(wire, form.project)
    faults, order = 0, ""
    for name in dict.fromkeys(form.type_for(kind) for kind in Kind):
        try:
            screen = screens.read(wire, form.project, name, offered)
        except Refused as refused:
            yield _fail(str(refused), "Set jira.issue_types to types of that project.")
            faults += 1
            continue
        order = order or _order(screen, form)
        for fault in (*_required(screen, form), *_settings(screen, form)):
            faults += fault.state == "fail"
            yield fault
    if not faults:
        yield Finding("jira", "ok", f"Drafts can be made in {form.project}{order}.")


def _order(screen: Screen, form: Form) -> str:
    """Which priority a severity gets where the settings name none: "; P0 is Highest, P1 High"."""
    if form.priorities is None or form.priorities or "priority" not in screen.fields:
        return ""
    names = {
        str(o.get("id")): phrases.heading(str(o.get("name")))
        for o in screen.fields["priority"].get("allowedValues") or ()
    }
    told = [
        f"{severity} is {names[number]}" for severity in Severity if (number := screens.priority(screen, severity, {}))
    ]
    return f"; {', '.join(told)}" if told else ""


def _required(screen: Screen, form: Form) -> Iterator[Finding]:
    given = [key for key, meta in screen.fields.items() for name in form.fields if name in (key, meta.get("name"))]
    for key in screen.missing([*given, *(["components"] if form.components else []), "priority"]):
        yield _fail(
            f"{screen.issue_type} in {screen.project} requires {screen.label(key)!r} ({key}), "
            "which a draft does not fill.",
            f"Give it a value under jira.fields ({key}: ...), or with approve --field, or make it optional.",
        )


def _settings(screen: Screen, form: Form) -> Iterator[Finding]:
    """What the settings name, against what the project has."""
    for name in sorted(ALWAYS - {"project", "issuetype"} | ({"components"} if form.components else set())):
        if name not in screen.fields:
            yield _fail(
                f"{name!r} is not on the create screen of {screen.issue_type} in {screen.project}, "
                "so Jira would refuse a draft.",
                f"Add {name!r} to that screen{', or leave it out of the jira settings' if name not in ALWAYS else ''}.",
            )
    for name, value in form.fields.items():
        try:
            screens.given(screen, {name: value})
        except Refused as refused:
            yield _fail(str(refused), f"Mend jira.fields ({name}), or leave it out.")
    if form.priorities is not None:
        yield from _priorities(screen, form.priorities)


def _priorities(screen: Screen, named: Mapping[Severity, str]) -> Iterator[Finding]:
    if "priority" not in screen.fields:
        said = f"{screen.issue_type} in {screen.project} has no priority on its create screen: drafts get a label."
        mend = "Add Priority to that screen, or set jira.priorities: off."
        yield Finding("jira", "warn", f"{said[:-1]} such as groundswell-sev-p1.", mend)
        return
    for severity in named:
        try:
            screens.priority(screen, severity, named)
        except Refused as refused:
            yield _fail(f"{refused} (for {severity})", "Set jira.priorities to some of those.")


def _fail(message: str, mend: str) -> Finding:
    return Finding("jira", "fail", message, mend)
