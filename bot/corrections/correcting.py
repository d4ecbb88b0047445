"""What a person asks of a digest -> the payload of the correction, or the sentence why it can't be. Pure."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot import phrases
from bot.acts import REASONS, Stage, Standing, Verdict
from bot.corrections.entered import ASLEEP, GROWTH, NAME, TEXT, NotPossible, address, line, lines
from bot.corrections.honoured import ending
from bot.digest import Reading
from bot.domain import Digest, Severity, Theme, shown_ids

UNCHANGED = "Nothing of the draft was changed."


@dataclass(frozen=True, slots=True)
class Asked:
    """A correction that somebody wants of `theme`, a theme of `digest`, and what it must be weighed against.

    `stands` says where each theme of the digest stands; `reading` is what the digest counted.
    """

    verdict: Verdict
    theme: Theme
    digest: Digest
    reading: Reading | None
    stands: Mapping[str, Standing]
    now: datetime
    given: Mapping[str, Any]


def payload(asked: Asked) -> dict[str, Any]:
    """What the decision will hold, as `Verdict` says. Raises NotPossible."""
    return {"name": asked.theme.words.name, **_WAYS[asked.verdict](asked)}


def said(asked: Asked, made: Mapping[str, Any]) -> str:
    """One sentence for the person who asked, once it is decided."""
    name = f"“{phrases.clip(phrases.line(asked.theme.words.name), 80)}”"
    into = made.get("into_name")
    ways: Mapping[Verdict, Callable[[], str]] = {
        Verdict.REJECT: lambda: "Marked as not a theme. Tickets like these are left out of later digests.",
        Verdict.SNOOZE: lambda: f"{name} sleeps {ending(made)}.",
        Verdict.MERGE: lambda: f"{name} is a part of “{into}” from now on, in this digest and in later ones.",
        Verdict.SPLIT: lambda: f"{_tickets(made)} split off {name}.",
        Verdict.MOVE: lambda: f"{_tickets(made)} moved to {f'“{into}”' if into else 'no theme'}.",
        Verdict.RENAME: lambda: f"{name} is called “{made.get('to')}” from now on.",
        Verdict.EDIT: lambda: f"The draft of {name} is changed. Nothing was sent.",
    }
    return ways[asked.verdict]()


def _tickets(made: Mapping[str, Any]) -> str:
    return f"{phrases.count(len(made['tickets']), 'ticket')} {'is' if len(made['tickets']) == 1 else 'are'}"


# --- one for each verdict


def _reject(asked: Asked) -> dict[str, Any]:
    reason = str(asked.given.get("reason") or "")
    if reason and reason not in REASONS:
        raise NotPossible(f"“{reason}” is none of the reasons: {', '.join(REASONS)}.")
    return {"reason": reason} if reason else {}


def _snooze(asked: Asked) -> dict[str, Any]:
    until, growth = asked.given.get("until"), asked.given.get("growth")
    if until is None and growth is None:
        growth, until = GROWTH, asked.now + ASLEEP
    if growth is not None and not (math.isfinite(growth) and 0 < growth <= 10):
        raise NotPossible(
            "Say by how much it has to grow as a share between 0 and 10, as in 0.5 for half as many again."
        )
    if growth is not None and not asked.digest.window.days:
        raise NotPossible("Its tickets have no dates, so growth can't be told. Snooze it until a date.")
    if until is not None and until <= asked.now:
        raise NotPossible("That date has passed. Give one that is still to come.")
    days = asked.digest.window.days
    return {
        "until": until.isoformat() if until else None,
        "growth": growth,
        "rate": asked.theme.counts.tickets / days if days else None,
    }


def _merge(asked: Asked) -> dict[str, Any]:
    into = _theme(asked, str(asked.given.get("into") or ""))
    if into.id == asked.theme.id:
        raise NotPossible("A theme can't be merged into itself.")
    stage = asked.stands[into.id].stage if into.id in asked.stands else Stage.OPEN
    if stage in (Stage.REJECTED, Stage.SNOOZED, Stage.MERGED):
        raise NotPossible(f"“{into.words.name}” is {stage.value}. Take that back first, or choose another theme.")
    return {"into": into.id, "into_name": into.words.name, **({"once": True} if asked.given.get("once") else {})}


def _split(asked: Asked) -> dict[str, Any]:
    tickets = _members(asked, asked.theme)
    if len(tickets) == len(asked.theme.members):
        raise NotPossible("That is all of its tickets: rename the theme instead.")
    part = hashlib.sha256("|".join(["split", asked.theme.id, *tickets]).encode()).hexdigest()[:10]
    name = str(asked.given.get("part_name") or "")
    return {
        "tickets": tickets,
        "part": f"t-{part}",
        **({"part_name": line(name, NAME, "name")} if name else {}),
    }


def _move(asked: Asked) -> dict[str, Any]:
    """The log is that of the theme they leave, or, when they were in none, of the one they come to."""
    given = asked.given.get("into")
    into = _theme(asked, str(given)) if given else None
    if into is not None and into.id != asked.theme.id:
        tickets = _members(asked, asked.theme)
        return {"tickets": tickets, "into": into.id, "into_name": into.words.name}
    if into is None:
        return {
            "tickets": _members(asked, asked.theme),
            "into": None,
            "into_name": None,
        }
    return {"tickets": _loose(asked), "into": into.id, "into_name": into.words.name}


def _rename(asked: Asked) -> dict[str, Any]:
    to = line(str(asked.given.get("to") or ""), NAME, "name")
    if to == asked.theme.words.name:
        raise NotPossible("That is its name already.")
    return {"to": to}


def _edit(asked: Asked) -> dict[str, Any]:
    """Only what differs from what the draft says now: an untouched field stays the method's own."""
    words, item = asked.theme.words, asked.digest.item_of(asked.theme)
    given, made = asked.given, dict[str, Any]()
    for key, now in (
        ("title", words.title),
        ("problem", words.problem),
        ("user_story", words.user_story),
    ):
        if given.get(key) is not None and phrases.line(str(given[key])) != phrases.line(now):
            made[key] = line(str(given[key]), NAME if key == "title" else TEXT, key.replace("_", " "))
    if given.get("acceptance") is not None:
        criteria = lines(given["acceptance"])
        made |= {"acceptance": criteria} if criteria and criteria != [phrases.line(a) for a in words.acceptance] else {}
    if given.get("severity") is not None and _severity(str(given["severity"])) is not item.severity:
        made["severity"] = _severity(str(given["severity"])).value
    if given.get("notes_url"):
        made["notes_url"] = address(str(given["notes_url"]))
    if given.get("fields"):
        made["fields"] = {line(str(k), NAME, "field"): str(v)[:TEXT] for k, v in given["fields"].items()}
    if not made:
        raise NotPossible(UNCHANGED)
    return made


_WAYS: Mapping[Verdict, Callable[[Asked], dict[str, Any]]] = {
    Verdict.REJECT: _reject,
    Verdict.SNOOZE: _snooze,
    Verdict.MERGE: _merge,
    Verdict.SPLIT: _split,
    Verdict.MOVE: _move,
    Verdict.RENAME: _rename,
    Verdict.EDIT: _edit,
}


# --- details


def _theme(asked: Asked, theme_id: str) -> Theme:
    found = next(
        (t for t in (*asked.digest.themes, *asked.digest.further_themes) if t.id == theme_id),
        None,
    )
    if found is None:
        raise NotPossible("There is no such theme in this digest.")
    return found


def _ids(asked: Asked) -> tuple[list[str], dict[str, str]]:
    """The shown ids that were given, and the ticket's own id of everything that was read."""
    if asked.reading is None:
        raise NotPossible("The tickets of this digest are gone, so nothing can be moved in it.")
    given = list(dict.fromkeys(str(i).strip() for i in asked.given.get("tickets") or ()))
    if not given:
        raise NotPossible("Name the tickets.")
    own = {shown: ticket_id for ticket_id, shown in shown_ids(asked.reading.everything).items()}
    unknown = [i for i in given if i not in own]
    if unknown:
        raise NotPossible(f"{_some(unknown)} not read by this digest.")
    return given, own


def _members(asked: Asked, theme: Theme) -> list[str]:
    given, own = _ids(asked)
    elsewhere = [i for i in given if i not in theme.members]
    if elsewhere:
        raise NotPossible(f"{_some(elsewhere)} not in “{theme.words.name}”.")
    return sorted(own[i] for i in given)


def _loose(asked: Asked) -> list[str]:
    given, own = _ids(asked)
    left = {x.ticket_id for x in asked.digest.not_a_theme}
    taken = [i for i in given if i not in left]
    if taken:
        raise NotPossible(f"{_some(taken)} not under NOT A THEME. Move them from the theme that they are in.")
    return sorted(own[i] for i in given)


def _some(ids: list[str]) -> str:
    shown = ", ".join(phrases.clip(phrases.line(i), 40) for i in ids[:5])
    more = f" and {len(ids) - 5} more" if len(ids) > 5 else ""
    return f"{shown}{more} {'was' if len(ids) == 1 else 'were'}"


def _severity(given: str) -> Severity:
    try:
        return Severity(given.upper())
    except ValueError:
        raise NotPossible(f"“{given}” is no severity: {', '.join(Severity)}.") from None
