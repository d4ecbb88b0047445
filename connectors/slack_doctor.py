"""What `doctor` says of Slack, and the proof that posting works: one message that is posted and deleted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from bot.acts import Absent, Act, Finding, Found, Message, Receipt
from bot.ports import Outlet, Refused, Unavailable, Unknown

_NAME = "slack live"
_LOST = "The channel's history can't be read, so a post whose answer was lost stays unsure until a person looks."
# scope -> what doesn't work without it; the manifest has the same.
_NEEDED = {
    "commands": "/themes is not there.",
    "im:write": "/themes run --private and the reminder can't write to one person.",
    "im:history": "A digest sent to one person can't be found again when the answer to it was lost.",
}
_PAUSES = (1.0, 3.0)  # seconds between tries to delete: twice is the same as once
TRIAL = Message(
    "A trial of Groundswell's connection (`groundswell doctor --live`), deleted at once. Still here? It can go."
)


def fault(name: str, why: Unavailable | Refused) -> Finding:
    said, _, mend = str(why).partition(": ")
    return Finding(name, "fail", f"{said}.", mend and f"{mend[:1].upper()}{mend[1:]}.")


def channel(found: Mapping[str, Any], app: str) -> Finding:
    name = f"#{found.get('name', '?')}"
    if found.get("is_archived"):
        return Finding("slack channel", "fail", f"{name} is archived.", "Unarchive it or set slack.channel to another.")
    if not found.get("is_member"):
        return Finding("slack channel", "fail", f"The app is not in {name}.", f"Type /invite @{app} there.")
    return Finding("slack channel", "ok", f"The app is in {name}.")


def scopes(told: str | None, history: str) -> Finding:
    if told is None:
        return Finding("slack scopes", "skip", "Slack didn't say which rights the token has.")
    given = {scope.strip() for scope in told.split(",")}
    add = "Add {} under OAuth & Permissions and install the app again."
    if "chat:write" not in given:
        return Finding("slack scopes", "fail", "The app may not post.", add.format("chat:write"))
    needed = {history: _LOST, **_NEEDED}
    if missing := [scope for scope in needed if scope not in given]:
        return Finding("slack scopes", "warn", " ".join(needed[s] for s in missing), add.format(", ".join(missing)))
    return Finding("slack scopes", "ok", "The app may post and find its own posts again.")


# --- the proof


class Posting(Outlet, Protocol):
    def delete(self, target: str, ref: str) -> None: ...


def proof(slack: Posting, act: Act, sleep: Callable[[float], None]) -> Finding:
    try:
        made = _posted(slack, act)
    except (Unavailable, Refused) as why:
        return fault(_NAME, why)
    except Unknown as lost:
        told = f"Whether a trial message was posted in {act.target} is not known: {lost}."
        return Finding(_NAME, "fail", told, "Look in the channel, and delete it there.")
    return _deleted(slack, act, made, sleep)


def _posted(slack: Outlet, act: Act) -> Receipt:
    """The message, found again where the answer was lost. Raises Unavailable, Refused, Unknown."""
    hint = slack.mark(act)
    try:
        return slack.do(act)
    except Unknown as lost:
        try:
            seen = slack.find(act, hint)
        except Unavailable:
            raise lost from None
        if isinstance(seen, Found):
            return seen.receipt
        if isinstance(seen, Absent):
            raise Unavailable(f"{lost}: nothing was posted") from None
        raise


def _deleted(slack: Posting, act: Act, made: Receipt, sleep: Callable[[float], None]) -> Finding:
    for pause in (*_PAUSES, None):
        try:
            slack.delete(act.target, made.ref)
        except Unavailable as away:
            if pause is not None:
                sleep(pause)
                continue
            why = str(away)
        except Refused as refused:
            why = str(refused)
        else:
            return Finding(_NAME, "ok", f"A message was posted in {act.target} and deleted.")
        break
    where = made.url or f"{act.target}, message {made.ref}"
    return Finding(
        _NAME, "fail", f"The trial message could not be deleted; it stands at {where}.", f"Delete it. ({why})"
    )
