"""What people's corrections say, in words: in the list of those in force, and in the digests they shaped. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.acts import REASONS, Decision, Verdict
from bot.domain import Digest, Honoured


def honoured(
    digest: Digest, found: Collection[str], read: Collection[str], decisions: Sequence[Decision]
) -> tuple[Honoured, ...]:
    """One sentence for each correction that shaped a digest: those made before it, oldest first.

    `found`: ids of the themes as the run found them, before any correction; `read`: ids of the tickets it read.
    """
    here = {t.id for t in (*digest.themes, *digest.further_themes, *digest.snoozed_themes)}
    muted = {left.detail for left in digest.not_a_theme if left.reason == "muted"}
    return tuple(
        Honoured(d.verdict.value, d.theme_id, d.number, f"{rule(d)}.")
        for d in decisions
        if _shaped(d, here, muted, found, read)
    )


def _shaped(d: Decision, here: set[str], muted: set[str], found: Collection[str], read: Collection[str]) -> bool:
    if d.verdict is Verdict.REJECT:
        return any(said.startswith(_muted_by(d)) for said in muted)
    if d.verdict is Verdict.MERGE:
        return d.theme_id in found and d.payload.get("into") in here
    if d.verdict is Verdict.SPLIT:
        return d.payload.get("part") in here
    if d.verdict is Verdict.MOVE:
        return not set(d.payload["tickets"]).isdisjoint(read)
    return d.theme_id in here


def rule(d: Decision) -> str:
    """ "“Late invoices” stays a part of “Invoices”, merged by dana on 3 November": without a full stop."""
    by = f"{VERBS[d.verdict]} by {actor(d.by)} on {d.at.day} {d.at:%B}"
    return f"{_named(d.payload.get('name'), d.theme_id)} {what(d)}, {by}"


def what(d: Decision) -> str:
    """What a correction says of its theme, as the end of a sentence that begins with the theme's name."""
    return {
        Verdict.MERGE: lambda: f"stays a part of {_named(d.payload.get('into_name'), d.payload.get('into'))}",
        Verdict.SPLIT: lambda: f"stays without {_part(d)}",
        Verdict.MOVE: lambda: _moved(d),
        Verdict.RENAME: lambda: f"is called {_named(d.payload.get('to'), None)}",
        Verdict.EDIT: lambda: f"keeps what was set in its draft ({', '.join(_edited(d))})",
        Verdict.REJECT: lambda: f"is left out as not a theme{_reason(d)}",
        Verdict.SNOOZE: lambda: f"sleeps {ending(d.payload)}",
    }[d.verdict]()


VERBS = {
    Verdict.MERGE: "merged",
    Verdict.SPLIT: "split",
    Verdict.MOVE: "moved",
    Verdict.RENAME: "renamed",
    Verdict.EDIT: "edited",
    Verdict.REJECT: "marked",
    Verdict.SNOOZE: "snoozed",
}
TAKEN_BACK = {
    Verdict.APPROVE: "The theme is open again.",
    Verdict.ATTACH: "The comment says so.",
    Verdict.REJECT: "The theme is open again.",
    Verdict.SNOOZE: "The theme is open again.",
    Verdict.MERGE: "The two themes stand apart again.",
    Verdict.SPLIT: "The tickets are together again.",
    Verdict.MOVE: "The tickets are where they were.",
    Verdict.RENAME: "The theme has the name that it had.",
    Verdict.EDIT: "The draft says what it said before.",
}


def _edited(d: Decision) -> list[str]:
    known = (
        "title",
        "problem",
        "user_story",
        "acceptance",
        "severity",
        "notes_url",
        "fields",
    )
    return [{"notes_url": "link to notes"}.get(key, key.replace("_", " ")) for key in known if d.payload.get(key)]


def ending(payload: Mapping[str, Any]) -> str:
    """ "until it grows 50% or 1 Feb 2027, whichever comes first": how long a snooze lasts."""
    until, growth = payload.get("until"), payload.get("growth")
    ends = [f"it grows {growth:.0%}"] if growth else []
    ends += [_date(str(until))] if until else []
    return f"until {' or '.join(ends)}{', whichever comes first' if len(ends) > 1 else ''}"


def muted_detail(d: Decision, name: str) -> str:
    return f"{_muted_by(d)}{_reason(d)}: {name}"


def set_by(d: Decision) -> str:
    """Why an item has the severity that it has, where a person set it. verify knows it by its first words."""
    return f"{SET_BY}{actor(d.by)} on {d.at.day} {d.at:%B}"


SET_BY = "set by "


def actor(name: str) -> str:
    """ "cli:dana" -> "dana", "slack:dana" -> "@dana": who it was, for people."""
    where, _, who = name.rpartition(":")
    return f"@{who}" if where == "slack" else who


def _muted_by(d: Decision) -> str:
    return f"marked as not a theme by {actor(d.by)} on {d.at.day} {d.at:%B}"


def _reason(d: Decision) -> str:
    told = REASONS.get(str(d.payload.get("reason")), "")
    said = ", ".join(s for s in (told, d.note.strip()) if s)
    return f" ({said})" if said else ""


def _named(name: object, theme_id: object) -> str:
    return f"“{name}”" if name else str(theme_id)


def _part(d: Decision) -> str:
    count = len(d.payload["tickets"])
    what = f"{count} of its tickets" if count != 1 else "one of its tickets"
    return f"{what} (“{d.payload['part_name']}”)" if d.payload.get("part_name") else what


def _moved(d: Decision) -> str:
    count = len(d.payload["tickets"])
    what = "one ticket" if count == 1 else f"{count} tickets"
    into = d.payload.get("into")
    if into == d.theme_id:
        return f"keeps {what}"
    return f"stays without {what}, now in {_named(d.payload.get('into_name'), into) if into else 'no theme'}"


def _date(iso: str) -> str:
    at = datetime.fromisoformat(iso)
    return f"{at.day} {at:%b %Y}"
