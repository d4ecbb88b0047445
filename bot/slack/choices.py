"""The windows in which people decide: edit, merge, snooze, not a theme; and what was filled in. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot import phrases
from bot.acts import REASONS, Field, Stage, Standing, Verdict
from bot.corrections.entered import ASLEEP, GROWTH, NAME, TEXT, NotPossible, address, line, lines
from bot.domain import BacklogItem, Digest, Severity, Theme
from bot.slack import text
from bot.slack.elements import Press
from bot.slack.windows import Block, View, field, modal, options, told

VERDICTS = {
    "edit": Verdict.EDIT,
    "merge": Verdict.MERGE,
    "snooze": Verdict.SNOOZE,
    "not_a_theme": Verdict.REJECT,
}
_SEVERITIES = {  # as the rules mean them (bot.synthesis.severity, and severity.rules in the config)
    Severity.P0: "P0: lost data, money taken wrongly, or a breach",
    Severity.P1: "P1: customers are blocked",
    Severity.P2: "P2: something does not work as it should",
    Severity.P3: "P3: minor, or a request: nothing is broken",
    Severity.P4: "P4: a question, or cosmetic",
}
_LATER = "An issue that is there already is not changed by this; its row then offers to attach the tickets it lacks."
_MONTH = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Shown:
    """What a window is drawn from. `needed`: fields that the tracker wants from a person."""

    press: Press
    theme: Theme
    item: BacklogItem
    digest: Digest
    stands: Mapping[str, Standing]
    needed: tuple[Field, ...] = ()


def view(action: str, shown: Shown) -> View | None:
    """None where there is nothing to choose from."""
    return _VIEWS[action](shown)


def errors(view: View, now: datetime, timezone: str) -> dict[str, str]:
    """What can't be taken as it was filled in: block_id -> a sentence, shown beside it."""
    action = str(view.get("callback_id", "")).removeprefix("theme.")
    if action == "edit":
        return _edit_errors(view)
    return _snooze_errors(view, now, timezone) if action == "snooze" else {}


# --- what they show


def _edit(s: Shown) -> View:
    words, refused = s.theme.words, s.stands[s.theme.id].stage is Stage.REFUSED
    about = f"From theme {s.theme.number}: {phrases.size(s.theme)}. Counts and ticket links are filled in for you."
    blocks = [
        _remark(about),
        field("title", "Title", _input(words.title, NAME)),
        field("problem", "Problem", _input(words.problem, TEXT, several=True)),
        field("user_story", "Story", _input(words.user_story, TEXT, several=True)),
        field(
            "acceptance",
            "Acceptance criteria",
            _input("\n".join(words.acceptance), TEXT, several=True),
            hint="One per line.",
            optional=True,
        ),
        field("severity", "Severity", _chosen(s.item.severity.value, [(k.value, v) for k, v in _SEVERITIES.items()])),
        *(_needed(one) for one in s.needed),
        field(
            "notes_url",
            "Discovery notes",
            {"type": "plain_text_input", "max_length": 2000},
            hint="A link to the interviews or research it was reviewed against. It travels into the issue.",
            optional=True,
        ),
        field("approve", "After saving", _approve_too(refused), optional=True),
    ]
    return modal("theme.edit", "Edit draft", "Save", blocks, s.press.value)


def _needed(one: Field) -> Block:
    """A field that the tracker requires: a list where it has one, else a line of text."""
    element: Block = {"type": "plain_text_input", "max_length": 250}
    if one.options:
        element = {"type": "static_select", "options": options([(o, o) for o in one.options[:100]])}
    return field(f"field.{one.key}"[:255], one.name, element, optional=not one.required)


def _approve_too(refused: bool) -> Block:
    both = options([("approve", "Approve it, too: create the draft issue")])
    return {"type": "checkboxes", "options": both, **({"initial_options": both} if refused else {})}


def _merge(s: Shown) -> View | None:
    """None where there is nothing to merge it into."""
    closed = (Stage.REJECTED, Stage.SNOOZED, Stage.MERGED)
    others = [t for t in s.digest.themes if t.id != s.theme.id and s.stands[t.id].stage not in closed]
    if not others:
        return None
    pairs = [(t.id, f"{t.number}. {text.plain(t.words.name, 45)} ({_into(t, s.stands[t.id])})") for t in others]
    keep = options([("keep", "Keep them together in later digests")])
    blocks = [
        _remark(f"“{text.plain(s.theme.words.name, 120)}” ({phrases.size(s.theme)}) joins the theme you pick."),
        field("into", "Merge into", {"type": "static_select", "options": options(pairs)}),
        *([_remark(_LATER)] if any(s.stands[t.id].receipt for t in others) else []),
        field("keep", "Remember this", {"type": "checkboxes", "options": keep, "initial_options": keep}, optional=True),
    ]
    return modal("theme.merge", "Merge themes", "Merge", blocks, s.press.value)


def _into(theme: Theme, now: Standing) -> str:
    """Whoever merges into a theme that is in an issue should know: the issue learns of it by a click of its own."""
    issue = f", in {now.receipt.ref}" if now.receipt else ", approved" if now.stage is not Stage.OPEN else ""
    return f"{phrases.count(theme.counts.tickets, 'ticket')}{issue}"


def _not_a_theme(s: Shown) -> View:
    why = [(key, f"{said[0].upper()}{said[1:]}") for key, said in REASONS.items()]
    blocks = [
        _remark(
            f"“{text.plain(s.theme.words.name, 120)}” and tickets like these are left out of later digests. "
            "You can restore it."
        ),
        field("reason", "Why is it not a theme?", {"type": "radio_buttons", "options": options(why)}),
        field("note", "Note", {"type": "plain_text_input", "max_length": 500}, optional=True),
    ]
    return modal("theme.not_a_theme", "Not a theme", "Leave out", blocks, s.press.value)


def _snooze(s: Shown) -> View:
    dated = s.digest.window.days is not None
    pairs = [("grows", "When it grows by 50%, or after 3 months")] if dated else []
    pairs += [("month", "In a month"), ("quarter", "In 3 months"), ("date", "On a date")]
    blocks = [
        _remark(f"“{text.plain(s.theme.words.name, 120)}” is counted and not shown among the themes until it wakes."),
        field("until", "Bring it back", _chosen(pairs[0][0], pairs)),
        field("date", "Date", {"type": "datepicker"}, optional=True, hint="Only for “On a date”."),
    ]
    return modal("theme.snooze", "Snooze theme", "Snooze", blocks, s.press.value)


_VIEWS: Mapping[str, Callable[[Shown], View | None]] = {
    "edit": _edit,
    "merge": _merge,
    "not_a_theme": _not_a_theme,
    "snooze": _snooze,
}


def _remark(said: str) -> Block:
    return {"type": "section", "text": {"type": "plain_text", "text": text.plain(said, 3000), "emoji": False}}


def _input(now: str, most: int, *, several: bool = False) -> Block:
    shown = phrases.visible(now)[:most]
    return {
        "type": "plain_text_input",
        "initial_value": shown,
        "max_length": most,
        **({"multiline": True} if several else {}),
    }


def _chosen(now: str, pairs: list[tuple[str, str]]) -> Block:
    shown = options(pairs)
    return {"type": "radio_buttons", "options": shown, "initial_option": next(o for o in shown if o["value"] == now)}


# --- what can't be taken as it was filled in


def _edit_errors(view: View) -> dict[str, str]:
    wrong: dict[str, str] = {}
    checks: Mapping[str, Callable[[str], object]] = {
        "title": lambda said: line(said, NAME, "title"),
        "problem": lambda said: line(said, TEXT, "problem"),
        "user_story": lambda said: line(said, TEXT, "story"),
        "acceptance": lambda said: lines(said.splitlines()),
        "notes_url": lambda said: address(said) if said.strip() else None,
    }
    for block_id, check in checks.items():
        try:
            check(str(told(view, block_id) or ""))
        except NotPossible as why:
            wrong[block_id] = str(why)
    return wrong


def _snooze_errors(view: View, now: datetime, timezone: str) -> dict[str, str]:
    if told(view, "until") != "date":
        return {}
    day = told(view, "date")
    if not day:
        return {"date": "Choose the date on which it comes back."}
    return {} if _midnight(day, timezone) > now else {"date": "That date has passed. Choose one that is still to come."}


def _midnight(day: str, timezone: str) -> datetime:
    return datetime.combine(datetime.fromisoformat(day).date(), time(), ZoneInfo(timezone))


# --- what was sent off


@dataclass(frozen=True, slots=True)
class Sent:
    """A window that somebody sent off. `approve`: the draft is approved as well, once it is saved."""

    verdict: Verdict
    press: Press
    payload: Mapping[str, Any]
    note: str = ""
    approve: bool = False


def sent(view: View, now: datetime, timezone: str) -> Sent | None:
    """None for what is no window of ours."""
    action = str(view.get("callback_id", "")).removeprefix("theme.")
    press = Press.read(str(view.get("private_metadata", "")))
    if action not in VERDICTS or press is None:
        return None
    if action == "edit":
        approve = "approve" in (told(view, "approve") or [])
        return Sent(VERDICTS[action], press, _edited(view), approve=approve)
    if action == "merge":
        once = "keep" not in (told(view, "keep") or [])
        return Sent(VERDICTS[action], press, {"into": told(view, "into"), **({"once": True} if once else {})})
    if action == "not_a_theme":
        return Sent(VERDICTS[action], press, {"reason": told(view, "reason")}, note=str(told(view, "note") or ""))
    return Sent(VERDICTS[action], press, _bound(view, now, timezone))


def _edited(view: View) -> dict[str, Any]:
    payload: dict[str, Any] = {k: told(view, k) for k in ("title", "problem", "user_story", "severity", "notes_url")}
    payload["acceptance"] = str(told(view, "acceptance") or "").splitlines()
    blocks = view.get("state", {}).get("values", {})
    names = {b["block_id"]: b["label"]["text"] for b in view.get("blocks", ()) if b.get("type") == "input"}
    given = {names[i]: value for i in blocks if i.startswith("field.") and (value := told(view, i))}
    return {**payload, **({"fields": given} if given else {})}


def _bound(view: View, now: datetime, timezone: str) -> dict[str, Any]:
    choice = told(view, "until")
    ends: Mapping[str, Callable[[], dict[str, Any]]] = {
        "grows": lambda: {"growth": GROWTH, "until": now + ASLEEP},
        "month": lambda: {"until": now + _MONTH},
        "quarter": lambda: {"until": now + ASLEEP},
        "date": lambda: {"until": _midnight(str(told(view, "date")), timezone)},
    }
    return ends.get(str(choice), ends["quarter"])()
