"""Moving a draft's issue: to its status of triage once it is made, and to "Won't do" when the approval is undone.

Both are courtesies. Labels alone say what an issue is (DESIGN section 10): where the workflow has no such status, the
account no right to move, or a person was there first, nothing is moved, nothing fails, and the receipt says why. That a
person is never overruled is read from the issue itself just before: its status, its labels, and who changed it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot import phrases
from bot.acts import Act, Draft, Hint, Receipt
from bot.ports import Refused, Unavailable
from connectors.jira import reads
from connectors.jira.draft import DRAFT, ISSUE, Form, key_of
from connectors.jira.wire import Wire

TRIAGE, CLOSE = "jira.triage", "jira.close"
DONE, _NEW = "done", "new"  # keys of Jira's status categories; they are the same on every site
# What sites call a status or a resolution of what won't be done. Closing as "Done" would be a lie in every report.
_WONT = frozenset({"won't do", "wont do", "won't fix", "declined", "rejected", "withdrawn", "cancelled", "canceled"})


@dataclass(frozen=True, slots=True)
class Now:
    """An issue as it is. `by`: who changed it or wrote beneath it; None: that can't be told whole."""

    status: str
    category: str
    labels: frozenset[str]
    by: frozenset[str] | None
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Step:
    """A transition that the account may make now; `fields` are the values that go with it."""

    id: str
    to: str
    fields: Mapping[str, Any]


def triage(draft: Draft, form: Form) -> Iterator[Act]:
    """The act that puts the issue where the project triages, if the settings want one. Pure."""
    if form.status:
        yield _act(TRIAGE, draft, form, {"status": form.status})


def close(draft: Draft, made: str, form: Form) -> Act:
    """The act that closes the issue as not to be done. Pure."""
    return _act(CLOSE, draft, form, {}, made)


def _act(kind: str, draft: Draft, form: Form, payload: Mapping[str, Any], parent: str | None = None) -> Act:
    return Act(key_of(kind, draft), kind, form.project, payload, after=key_of(ISSUE, draft), parent=parent)


def mark(wire: Wire, key: str) -> Hint:
    """The time, and the status before the move. Raises Unavailable or Refused."""
    now = _now(wire, key)
    if now.at is None:
        raise Unavailable("Jira's answer has no Date header, by which a later look could be trusted")
    return {"at": now.at.isoformat(), "status": now.status}


def standing(wire: Wire, act: Act, key: str, hint: Hint | None = None) -> Receipt | None:
    """Where the issue has come to, or why it stays where it is; None: it is still to be moved."""
    return _settled(wire, act, key, _now(wire, key), (hint or {}).get("status"))


def move(wire: Wire, act: Act, key: str) -> Receipt:
    """Moves it, unless that is done or not to be. Raises Unavailable or Unknown, and Refused when it can't be read."""
    now = _now(wire, key)
    if (settled := _settled(wire, act, key, now, None)) is not None:
        return settled
    step = _step(act, _steps(wire, key))
    if step is None:
        to = act.payload.get("status", "Won't do")
        return _left(wire, key, now, f"the workflow, or the account's rights, offer no move to {phrases.heading(to)}")
    try:
        fields = {"fields": step.fields} if step.fields else {}
        wire.write("POST", f"issue/{key}/transitions", {"transition": {"id": step.id}, **fields})
    except Refused as no:
        return _left(wire, key, now, phrases.clip(str(no), 200))
    return _in(wire, key, step.to)


def _settled(wire: Wire, act: Act, key: str, now: Now, before: str | None) -> Receipt | None:
    """`before`: the status it had when we were about to move it; another one is a person's wish."""
    if act.kind == CLOSE:
        if now.category == DONE:
            return _in(wire, key, now.status)
        us = str(wire.read("GET", "myself").data.get("accountId"))
        touched = now.by is None or now.by - {us}
        return _left(wire, key, now, "somebody else changed it or wrote beneath it") if touched else None
    if _same(now.status, str(act.payload["status"])):
        return _in(wire, key, now.status)
    taken_on = now.category != _NEW or DRAFT not in now.labels or now.status != (before or now.status)
    return _left(wire, key, now, "somebody has moved it or taken it on") if taken_on else None


def _in(wire: Wire, key: str, status: str) -> Receipt:
    return Receipt(f"{key} in {phrases.heading(status)}", reads.receipt(wire, key).url)


def _left(wire: Wire, key: str, now: Now, why: str) -> Receipt:
    return Receipt(f"{key} left in {phrases.heading(now.status)}: {why}", reads.receipt(wire, key).url)


# --- what Jira says


def _now(wire: Wire, key: str) -> Now:
    asked = {"fields": "status,labels,comment", "expand": "changelog"}
    reply = wire.read("GET", f"issue/{key}", params=asked)
    fields = reply.data.get("fields") or {}
    status = fields.get("status") or {}
    if not status.get("name"):
        raise Unavailable(f"Jira's answer does not say which status {key} has")
    wrote, changed = _by(fields.get("comment"), "comments"), _by(reply.data.get("changelog"), "histories")
    return Now(
        status=str(status["name"]),
        category=str((status.get("statusCategory") or {}).get("key")),
        labels=frozenset(fields.get("labels") or ()),
        by=None if wrote is None or changed is None else wrote | changed,
        at=reply.at,
    )


def _by(told: Any, name: str) -> frozenset[str] | None:
    """Whose the entries of a list are; None for a list that is not whole."""
    listed = told.get(name) if isinstance(told, dict) else None
    if not isinstance(listed, list) or int(told.get("total") or 0) > len(listed):
        return None
    return frozenset(str((one.get("author") or {}).get("accountId")) for one in listed)


def _steps(wire: Wire, key: str) -> Sequence[Mapping[str, Any]]:
    """Without the right to move, Jira lists none (its description of the operation)."""
    data = wire.read("GET", f"issue/{key}/transitions", params={"expand": "transitions.fields"}).data
    listed = data.get("transitions") if isinstance(data, dict) else None
    if not isinstance(listed, list):
        raise Unavailable("Jira's answer does not list an issue's transitions")
    return listed


def _step(act: Act, offered: Sequence[Mapping[str, Any]]) -> Step | None:
    if act.kind == TRIAGE:
        wanted = str(act.payload["status"])
        return next((Step(str(t["id"]), _to(t), {}) for t in offered if _same(_to(t), wanted)), None)
    closing = [t for t in offered if ((t.get("to") or {}).get("statusCategory") or {}).get("key") == DONE]
    by_name = [Step(str(t["id"]), _to(t), _resolution(t)) for t in closing if _folded(_to(t)) in _WONT]
    return next((s for s in (*by_name, *_by_resolution(closing))), None)


def _by_resolution(closing: Sequence[Mapping[str, Any]]) -> Iterator[Step]:
    for step in closing:
        if resolution := _resolution(step):
            yield Step(str(step["id"]), _to(step), resolution)


def _resolution(step: Mapping[str, Any]) -> Mapping[str, Any]:
    allowed = ((step.get("fields") or {}).get("resolution") or {}).get("allowedValues") or []
    found = next((r for r in allowed if _folded(str(r.get("name"))) in _WONT), None)
    return {"resolution": {"id": str(found["id"])}} if found else {}


def _to(step: Mapping[str, Any]) -> str:
    return str((step.get("to") or {}).get("name"))


def declines(name: str) -> bool:
    """Whether a status or a resolution of that name says that an issue won't be done."""
    return _folded(name) in _WONT


def _same(left: str, right: str) -> bool:
    return _folded(left) == _folded(right)


def _folded(said: str) -> str:
    return " ".join(said.replace("\u2019", "'").split()).casefold()
