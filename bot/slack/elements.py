"""The few pieces of Block Kit that we use, as functions, and the value that a button carries. Pure.

Third-party words go into `words` (rich_text) or a plain_text object, never into `mrkdwn`: there Slack parses nothing,
so a ticket that says <!channel> or *bold* says just that. `emoji: false` keeps ":smile:" as it was written.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot import phrases
from bot.slack import text

Block = dict[str, Any]
Words = Block  # an element of rich text


HOME = "home"  # in place of a channel's id: our own Home, which nobody but its person sees


@dataclass(frozen=True, slots=True)
class Press:
    """What a button says when it is clicked: ids and the revision that was shown, never a customer's text.

    `at_home`: a window says so that was opened from somebody's Home; a click there shows it by its payload.
    `issue`: the one to which evidence is to be attached.
    """

    run: str
    theme: str
    revision: int
    at_home: bool = False
    issue: str = ""

    @property
    def value(self) -> str:
        told = {"v": 1, "run": self.run, "theme": self.theme, "rev": self.revision}
        more = {**({"home": True} if self.at_home else {}), **({"issue": self.issue} if self.issue else {})}
        return json.dumps({**told, **more}, separators=(",", ":"))

    @classmethod
    def read(cls, value: str) -> Press | None:
        """None for what none of our buttons says: it comes from outside."""
        try:
            told: Any = json.loads(value)
        except ValueError:
            return None
        if not isinstance(told, dict) or told.get("v") != 1:
            return None
        run, theme, revision = told.get("run"), told.get("theme"), told.get("rev")
        if not isinstance(run, str) or not isinstance(theme, str) or type(revision) is not int:
            return None
        issue = told.get("issue")
        return cls(run, theme, revision, told.get("home") is True, issue if isinstance(issue, str) else "")

    def block_id(self, number: int, stage: str) -> str:
        """Of the block that holds its buttons. Slack wants a new one whenever a message is updated, so it names the
        decision that it shows, too (docs.slack.dev/reference/block-kit/blocks/actions-block)."""
        return f"act|{self.run}|{self.theme}|{self.revision}|{number}|{stage}"

    @classmethod
    def of_block(cls, block_id: str) -> Press | None:
        """What an overflow menu is about: its options have no room for the whole value."""
        parts = block_id.split("|")
        if len(parts) != 6 or parts[0] != "act" or not parts[3].isdecimal():
            return None
        return cls(parts[1], parts[2], int(parts[3]))


def pressed(payload: Mapping[str, Any]) -> tuple[str, Press] | None:
    """The action and what it is about: of a button of ours, or of an entry in a row's menu."""
    try:
        action = payload["actions"][0]
        if action.get("type") == "overflow":
            name, press = str(action["selected_option"]["value"]), Press.of_block(str(action["block_id"]))
        else:
            value, name = action.get("value"), str(action["action_id"])
            press = Press.of_block(str(action["block_id"])) if value is None else Press.read(str(value))
    except (KeyError, IndexError, TypeError, AttributeError):
        return None
    return (name, press) if press is not None else None


def place(payload: Mapping[str, Any]) -> str:
    """Where a click was made: a channel's id, HOME, or "" for anywhere else."""
    view, channel = payload.get("view"), payload.get("channel")
    if isinstance(view, Mapping) and view.get("type") == "home":
        return HOME
    return str(channel.get("id") or "") if isinstance(channel, Mapping) else ""


# --- rich text


def words(said: str, *, bold: bool = False, limit: int = 2000) -> Words:
    """A run of text, shown letter for letter. Line breaks stay; what is cut is marked."""
    shown = phrases.clip(phrases.visible(said), limit) or "\u2013"
    return {"type": "text", "text": shown, "style": {"bold": True}} if bold else {"type": "text", "text": shown}


def link(url: str | None, label: str) -> Words:
    """A link where the address may be followed, else the label alone."""
    shown, safe = text.plain(label, 120), text.address(url)
    return {"type": "link", "url": safe, "text": shown} if safe else {"type": "text", "text": shown}


def who(actor: str | None) -> Words:
    known = text.person(actor)
    return {"type": "user", "user_id": known} if known else words(text.plain(text.outsider(actor), 60))


def member(known: str) -> Words | None:
    """One of those who may do something: a person's id (U..., W...) or a user group's (S...); None for another."""
    if text.person(f"slack:{known}"):
        return {"type": "user", "user_id": known}
    return {"type": "usergroup", "usergroup_id": known} if text.GROUP.fullmatch(known) else None


def moment(at: datetime) -> Words:
    """Shown in each reader's own time zone."""
    fallback = f"{phrases.day(at)} {at:%H:%M %Z}".strip()
    return {"type": "date", "timestamp": int(at.timestamp()), "format": "{date_short} {time}", "fallback": fallback}


def paragraph(*parts: Words) -> Block:
    return {"type": "rich_text_section", "elements": list(parts)}


def quote(*parts: Words) -> Block:
    return {"type": "rich_text_quote", "elements": list(parts)}


def bullets(lines: Iterable[Block]) -> Block:
    return {"type": "rich_text_list", "style": "bullet", "elements": list(lines)}


def rich(*parts: Block, block_id: str | None = None) -> Block:
    named = {"block_id": block_id} if block_id else {}
    return {"type": "rich_text", **named, "elements": list(parts)}


# --- blocks


def header(said: str) -> Block:
    return {"type": "header", "text": _plain(said, 150)}


def context(said: str, linked: tuple[str | None, str] | None = None) -> Block:
    """Small print; `linked` is (address, our own label) and stands before it where the address may be followed."""
    url, label = linked or (None, "")
    safe = text.address(url)  # lets no `|` and no `>` through, which would end the link early
    if safe is None:
        return {"type": "context", "elements": [_plain(said, 2000)]}
    target = safe.replace("&", "&amp;")
    marked = {"type": "mrkdwn", "text": f"<{target}|{label}>", "verbatim": True}
    return {"type": "context", "elements": [marked, _plain(f"· {said}", 2000)]}


def figures(pairs: Iterable[tuple[str, str]]) -> Block:
    """Names and numbers of our own, two in a row."""
    return {"type": "section", "fields": [{"type": "mrkdwn", "text": f"*{name}*\n{said}"} for name, said in pairs]}


def divider() -> Block:
    return {"type": "divider"}


def actions(block_id: str, buttons: Sequence[Block]) -> Block:
    return {"type": "actions", "block_id": text.plain(block_id, 255), "elements": list(buttons)}


def button(label: str, action: str, about: str, value: str | None, **more: Any) -> Block:
    """`about` names the theme for a screen reader, since the labels repeat from row to row. `value` None: the id of its
    block says what it is about, for want of room."""
    return {
        "type": "button",
        "text": _plain(label, 75),
        "action_id": action,
        **({"value": value} if value is not None else {}),
        "accessibility_label": text.plain(f"{label}: {about}", 75),
        **more,
    }


def menu(action: str, options: Iterable[tuple[str, str]]) -> Block:
    """The three dots: (label, value) each. Slack takes no accessibility_label here."""
    shown = [{"text": {"type": "plain_text", "text": label}, "value": value} for label, value in options]
    return {"type": "overflow", "action_id": action, "options": shown}


def confirm(title: str, said: str, yes: str, no: str) -> Mapping[str, Block]:
    """The dialog before a button acts."""
    return {"title": _plain(title, 100), "text": _plain(said, 300), "confirm": _plain(yes, 30), "deny": _plain(no, 30)}


def _plain(said: str, limit: int) -> Block:
    return {"type": "plain_text", "text": text.plain(said, limit), "emoji": False}
