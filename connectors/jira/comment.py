"""A theme's evidence on an issue that exists: one comment, which says the newest month's, and links to its tickets.

Every month's click changes the same comment, so that whoever watches the issue reads one text and not twelve. It is
found again by the marker in its last line, in the list of comments, which is read by key and not from an index; and it
is ours if its property (developer.atlassian.com, Comment properties) holds the act's full key: who quotes it copies a
text, and no property. To change it is repeatable, unless a newer change is there already.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC
from typing import Any

from bot import phrases
from bot.acts import Act, Draft, Receipt, effect_key
from bot.ports import Refused, Unavailable, Unknown
from connectors.jira import adf, draft
from connectors.jira.description import evidence, person
from connectors.jira.draft import LINK, PROPERTY, Form
from connectors.jira.wire import Wire

COMMENT, UPDATE = "jira.comment", "jira.comment-update"
_PAGE, _PAGES = 100, 50  # Jira Cloud keeps at most 5,000 comments on an issue (support.atlassian.com, "Issue limits")


def attached(told: Draft, issue: str, number: int, form: Form) -> Iterator[Act]:
    """The comment, then the links that hang on it. `number`: of the decision, so that a second try is the same act."""
    key = effect_key(COMMENT, told.workspace, f"{told.theme.id}:{issue}:{number}")
    payload = {"issue": issue, **_content(told, key, key, form)}
    yield Act(key, COMMENT, issue, payload)
    yield from _links(told, issue, key, form)


def renewed(told: Draft, comment: Act, number: int, form: Form) -> Iterator[Act]:
    """What makes the comment say this draft's evidence; and the links that it has not yet."""
    yield _update(told, comment, number, lambda key: _content(told, comment.key, key, form))
    yield from _links(told, str(comment.payload["issue"]), comment.key, form)


def taken_back(told: Draft, comment: Act, number: int, former: Act | None) -> Act:
    """What makes it say again what `former` made it say, or that it was withdrawn."""

    def content(key: str) -> dict[str, Any]:
        body = former.payload["body"] if former else _withdrawn(told, comment.key)
        return {"body": body, "value": _value(told, comment.key, key)}

    return _update(told, comment, number, content)


def _update(told: Draft, comment: Act, number: int, content: Callable[[str], dict[str, Any]]) -> Act:
    issue = str(comment.payload["issue"])
    key = effect_key(UPDATE, told.workspace, f"{told.theme.id}:{issue}:{number}")
    return Act(key, UPDATE, issue, {"number": number, **content(key)}, after=comment.key, repeatable=True)


def _content(told: Draft, comment_key: str, act_key: str, form: Form) -> dict[str, Any]:
    span = phrases.heading(told.window.label)
    by = f"Attached by {person(told.approved_by)} on {phrases.day(told.approved_at)}."
    kept = "Counts are computed, quotes are word for word, personal data hidden."
    body = evidence(
        told, [f"Evidence from support tickets, {span}. {by}", kept], _foot(told, comment_key), form.inline_links
    )
    return {"body": body, "value": _value(told, comment_key, act_key)}


def _value(told: Draft, comment_key: str, act_key: str) -> dict[str, Any]:
    """Any signed-in user may read it, so it holds ids only."""
    at = told.approved_at.astimezone(UTC).isoformat(timespec="microseconds")
    return {"schema": 1, "key": comment_key, "act": act_key, "theme": told.theme.id, "run": told.run_key, "at": at}


def _withdrawn(told: Draft, comment_key: str) -> dict[str, Any]:
    said = (
        f"Withdrawn by {person(told.approved_by)} on {phrases.day(told.approved_at)}: the evidence that stood here was "
        "attached by mistake. Nothing else of this issue was changed."
    )
    return adf.document([adf.paragraph(adf.text(said)), adf.paragraph(adf.text(_foot(told, comment_key)))])


def _foot(told: Draft, comment_key: str) -> str:
    return f"Groundswell run {phrases.line(told.run_key)} · theme {told.theme.id} · {draft.op_label(comment_key[:16])}"


def _links(told: Draft, issue: str, comment_key: str, form: Form) -> Iterator[Act]:
    """Named by issue and ticket, so that a ticket is linked once, in whatever month it is seen again."""
    for link in draft.links(told, form):
        key = effect_key(LINK, told.workspace, f"{issue}:{link.payload['globalId']}")
        yield replace(link, key=key, target=issue, after=comment_key)


# --- doing


def write(wire: Wire, act: Act, key: str) -> Receipt:
    """Writes the comment. Raises Unavailable, Refused, Unknown."""
    try:
        made = wire.write("POST", f"issue/{key}/comment", _sent(act)).data
    except Refused as no:
        raise Refused(f"{no} Check that {key} is there, and that the account has ADD_COMMENTS.") from no
    number = made.get("id") if isinstance(made, dict) else None
    if number is None or not str(number).isdecimal():
        raise Unknown("Jira answered without the id of a comment")
    return _receipt(wire, key, str(number))


def change(wire: Wire, act: Act, key: str) -> Receipt:
    """Changes it, unless a later decision did. Raises Unavailable, Refused, Unknown."""
    number = _number(act)
    if _at(_property(wire, number)) <= str(act.payload["value"]["at"]):
        wire.write("PUT", f"issue/{key}/comment/{number}", _sent(act))
    return _receipt(wire, key, number)


def there(wire: Wire, act: Act, key: str) -> Sequence[Receipt]:
    """What the act left: comments that it made, the first made first; or the one that says what it had to say."""
    if act.kind == UPDATE:
        number = _number(act)
        return [_receipt(wire, key, number)] if _property(wire, number).get("act") == act.key else []
    marker = draft.op_label(act.marker)
    ours = [str(c.get("id")) for c in _comments(wire, key) if marker in json.dumps(c.get("body"))]
    made = [number for number in ours if _property(wire, number).get("key") == act.key]
    return [_receipt(wire, key, number) for number in sorted(made, key=int)]


def stands(wire: Wire, made: Receipt) -> bool:
    """Whether the comment is among those of its issue, of which all are read. Raises Unavailable or Refused."""
    key, _, number = made.ref.partition("#")
    return any(str(one.get("id")) == number for one in _comments(wire, key))


def _sent(act: Act) -> dict[str, Any]:
    return {"body": act.payload["body"], "properties": [{"key": PROPERTY, "value": act.payload["value"]}]}


def _at(value: Mapping[str, Any]) -> str:
    """ISO times, all in UTC: they stand in the order of their texts."""
    return str(value.get("at") or "")


def _property(wire: Wire, number: str) -> Mapping[str, Any]:
    """The comment's property; empty where it has none. A refusal to read it is no answer, and raises Refused."""
    listed = wire.read("GET", f"comment/{number}/properties").data
    keys = listed.get("keys") if isinstance(listed, dict) else None
    if not isinstance(keys, list):
        raise Unavailable("Jira's answer does not list a comment's properties")
    if not any(isinstance(one, dict) and one.get("key") == PROPERTY for one in keys):
        return {}
    data = wire.read("GET", f"comment/{number}/properties/{PROPERTY}").data
    value = data.get("value") if isinstance(data, dict) else None
    return value if isinstance(value, dict) else {}


def _comments(wire: Wire, key: str) -> Iterator[Mapping[str, Any]]:
    start = 0
    for _ in range(_PAGES):
        asked = {"startAt": start, "maxResults": _PAGE, "orderBy": "created"}
        data = wire.read("GET", f"issue/{key}/comment", params=asked).data
        listed = data.get("comments") if isinstance(data, dict) else None
        if not isinstance(listed, list):
            raise Unavailable("Jira's answer is not a list of comments")
        yield from (one for one in listed if isinstance(one, dict))
        start += len(listed)
        if not listed or start >= int(data.get("total") or 0):
            return
    raise Refused(f"{key} has more comments than can be read, so it can't be ruled out that ours is among them.")


def _number(act: Act) -> str:
    """The comment that the act hangs on; it becomes a part of an address, so it must be a number."""
    number = (act.parent or "").partition("#")[2]
    if not number.isdecimal():
        raise ValueError(f"the act {act.key[:8]} has no comment to be done on")
    return number


def _receipt(wire: Wire, key: str, number: str) -> Receipt:
    """ "BILL-12#30001", and the address that opens the issue at its comment."""
    return Receipt(f"{key}#{number}", f"{wire.site}/browse/{key}?focusedCommentId={number}")
