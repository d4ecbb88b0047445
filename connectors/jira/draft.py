"""A draft -> what is written to Jira for it: one issue, its remote links, and what takes it back. Pure.

Jira knows no drafts. Ours is an issue that surprises nobody: no sprint, no assignee, no fix version, no due date, and
the label `groundswell-draft` until somebody takes it on (SURFACES 2.1).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import quote, urlsplit

from bot import phrases
from bot.acts import Act, Draft, effect_key
from bot.domain import Evidence, Kind, Severity
from connectors.jira import adf
from connectors.jira.description import description

ISSUE, LINK, WITHDRAWAL = "jira.issue", "jira.links", "jira.withdraw"
PROPERTY = "groundswell"  # the issue property; any signed-in user may read it, so it holds ids only
DRAFT, WITHDRAWN, SMALL = "groundswell-draft", "groundswell-withdrawn", "groundswell-small-sample"
ISSUE_TYPES: Mapping[Kind, str] = {Kind.BUG: "Bug", Kind.REQUEST: "Story", Kind.HOW_TO: "Task"}

_SUMMARY = 255  # characters (Jira: "Summary can't exceed 255 characters")
_LINKS = 20  # remote links of one issue: the example tickets, not all of them (SURFACES 2.3)
_SCHEMA = 1
_OURS = frozenset({"project", "issuetype", "summary", "description", "labels"})
_PROJECT = re.compile(r"[A-Z][A-Z0-9_]+")


@dataclass(frozen=True, kw_only=True)
class Form:
    """How a draft is filled in. Issue types, priorities and components are named, or given by their (all-digit) id.

    `priorities`: names or ids by severity; empty: by the site's own order; None: none is set. `fields` are values for
    fields that a project requires and a draft doesn't know, by the name people see or by id, as people write them or as
    Jira's API takes them. `status`: where the issue is moved once it is made, if it can be; None: it stays. What is
    named is looked up when it is needed (`screens`, `moves`). `look_in`: projects beside its own in which what exists
    already is looked for (`backlog`). Raises ValueError for what can't be meant, with the mend.
    """

    project: str
    issue_types: Mapping[Kind, str] = field(default_factory=lambda: dict(ISSUE_TYPES))
    labels: Sequence[str] = ()
    priorities: Mapping[Severity, str] | None = field(default_factory=dict)
    components: Sequence[str] = ()
    fields: Mapping[str, Any] = field(default_factory=dict)
    inline_links: int = 100
    status: str | None = "To triage"
    look_in: Sequence[str] = ()

    def __post_init__(self) -> None:
        if not all(_PROJECT.fullmatch(project) for project in (self.project, *self.look_in)):
            raise ValueError("jira.project and jira.look_in are projects' keys in capitals, as in BILL-123: write BILL")
        if any(_label(label).startswith("groundswell") for label in self.labels):
            raise ValueError("jira.labels can't begin with 'groundswell': those are what issues are found by")
        if taken := sorted(_OURS & set(self.fields)):
            raise ValueError(f"jira.fields can't set {', '.join(taken)}: the draft does")

    def type_for(self, kind: Kind) -> str:
        return self.issue_types.get(kind, ISSUE_TYPES[kind])


def issue(draft: Draft, form: Form) -> Act:
    """The act that makes the issue. Fields and property travel in one request, so no crash can part them."""
    key = key_of(ISSUE, draft)
    return Act(
        key=key,
        kind=ISSUE,
        target=form.project,
        payload={
            "fields": _fields(draft, form, key[:16]),
            "properties": [{"key": PROPERTY, "value": _ids(draft, key)}],
            "wanted": _wanted(draft, form),
        },
    )


def links(draft: Draft, form: Form) -> Iterator[Act]:
    """One repeatable act for each example ticket that has an address: the same globalId updates (VENDORS 4.2)."""
    seen: set[str] = set()
    for ticket in _examples(draft):
        global_id = _global_id(ticket)
        if global_id in seen or len(seen) == _LINKS:
            continue
        seen.add(global_id)
        yield Act(
            key=key_of(LINK, draft, global_id),
            kind=LINK,
            target=form.project,
            payload=_remote_link(ticket, global_id),
            after=key_of(ISSUE, draft),
            repeatable=True,
        )


def withdrawal(draft: Draft, made: str, form: Form) -> Act:
    """Labels say that it was taken back, whoever changed it since; `moves` closes it where that can be."""
    return Act(
        key=key_of(WITHDRAWAL, draft),
        kind=WITHDRAWAL,
        target=form.project,
        payload={"update": {"labels": [{"add": WITHDRAWN}, {"remove": DRAFT}]}},
        after=key_of(ISSUE, draft),
        repeatable=True,
        parent=made,
    )


def op_label(marker: str) -> str:
    return f"groundswell-op-{marker}"


def key_of(kind: str, draft: Draft, *more: str) -> str:
    return effect_key(kind, draft.workspace, ":".join((draft.theme.id, str(draft.generation), *more)))


def _fields(draft: Draft, form: Form, marker: str) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "project": {"key": form.project},
        "issuetype": _named(form.type_for(draft.theme.words.kind)),
        "summary": _summary(draft),
        "description": description(draft, form.inline_links),
        "labels": _labels(draft, form, marker),
    }
    if form.components:
        fields["components"] = [_named(component) for component in form.components]
    return fields


def _wanted(draft: Draft, form: Form) -> dict[str, Any]:
    """What is told in people's words: what a project calls it is known only when the issue is made."""
    named = {severity.value: name for severity, name in (form.priorities or {}).items()}
    return {
        "type": form.type_for(draft.theme.words.kind),
        "severity": draft.item.severity.value if form.priorities is not None else None,
        "priorities": named,
        "fields": {**form.fields, **draft.fields},
    }


def _named(value: str) -> dict[str, str]:
    return {"id": value} if value.isdecimal() else {"name": value}


def _summary(draft: Draft) -> str:
    """The title on one line. Jira refuses a line break and an empty summary."""
    words = draft.theme.words
    titles = (" ".join(adf.clean(title).split()) for title in (words.title, words.name, f"Theme {draft.theme.id}"))
    title = next(t for t in titles if t.strip("\ufffd "))
    if adf.units(title) <= _SUMMARY:
        return title
    while adf.units(title) > _SUMMARY - 1:
        title = title[:-1]
    return f"{title.rstrip()}…"


def _labels(draft: Draft, form: Form, marker: str) -> list[str]:
    ours = ["groundswell", DRAFT, _label(f"groundswell-theme-{draft.theme.id}"), op_label(marker)]
    ours += [SMALL] if draft.small_sample else []
    return list(dict.fromkeys([*ours, *(label for label in map(_label, form.labels) if label)]))


def _label(said: str) -> str:
    """A label holds no space; what else could be taken for syntax goes, too."""
    return re.sub(r"[^\w.-]+", "-", phrases.line(said)).strip("-")[:255]


def _ids(draft: Draft, key: str) -> dict[str, Any]:
    return {
        "schema": _SCHEMA,
        "run": draft.run_key,
        "theme": draft.theme.id,
        "generation": draft.generation,
        "revision": draft.item.revision,
        "key": key,
    }


def _examples(draft: Draft) -> Iterator[Evidence]:
    """The tickets that speak for the theme: its examples, then the others, nearest first; those that have a link."""
    by_id = {e.ticket_id: e for e in draft.theme.evidence}
    first = [by_id[ticket_id] for ticket_id in draft.theme.examples if ticket_id in by_id]
    yield from (e for e in (*first, *draft.theme.evidence) if e.url and adf.followable(e.url))


def _global_id(ticket: Evidence) -> str:
    """Names the ticket for ever, whatever it is shown as: a shown id has its source's name before it only at times."""
    key = ticket.ticket_id.removeprefix(f"{ticket.source}:")
    host = urlsplit(ticket.url or "").netloc
    name = f"{quote(ticket.source)}={quote(host)}&ticket={quote(key, safe='')}"
    return name if len(name) <= 255 else f"ticket={sha256(name.encode()).hexdigest()}"  # 255: Atlassian's description


def _remote_link(ticket: Evidence, global_id: str) -> dict[str, Any]:
    """Without the customer's name and words: whoever may see the issue need not see those. `title` is required."""
    title = phrases.heading(ticket.ticket_id) or "Ticket"
    when = {"summary": f"Written on {phrases.day(ticket.created_at)}"} if ticket.created_at else {}
    return {
        "globalId": global_id,
        "application": {"type": "groundswell", "name": phrases.source_name(phrases.heading(ticket.source))},
        "relationship": "reported in",
        "object": {"url": ticket.url, "title": title, **when},
    }
