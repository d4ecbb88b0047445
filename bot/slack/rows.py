"""How a theme's row says where it stands, and what can be clicked there (SURFACES 1.7). Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot import phrases
from bot.acts import REASONS, Stage, Standing
from bot.corrections.honoured import ending
from bot.domain import Theme
from bot.phrases import count
from bot.slack import text
from bot.slack.elements import Block, Press, Words, actions, button, confirm, link, menu, moment, who, words
from bot.tracker.existing import NOTHING, Existing, line, takes

UNDO_MINUTES = 10  # an approval; everything else can be undone at any time (SURFACES 1.8)
LINKBACK = "linkback"  # the action that lists which tickets are told of the issue
COPY = "copy"  # the action that opens the item as Markdown: for who has no tracker, or one that says no
_REFUSED = re.compile(r"Jira refused it \((\w+)\): ")  # how connectors.jira begins with what Jira said
_LOOKING = (
    "⚠️ Jira did not answer, so the draft may or may not exist. Looking for it for up to 5 minutes. "
    "Nothing is sent again meanwhile."
)


@dataclass(frozen=True, slots=True)
class Offer:
    """What may be clicked: `decisions` False: nothing, and `why_not` says why in a sentence. `tracker` False: an
    approval makes no issue, and its button doesn't say so. `at`: the moment of drawing; None: no time is over.
    `copy` False: no way to the item as Markdown, for want of room. `existing`: theme id -> what the tracker has of it.
    """

    decisions: bool = True
    tracker: bool = True
    at: datetime | None = None
    copy: bool = True
    existing: Mapping[str, Existing] = field(default_factory=dict)
    linkback: Mapping[str, int] = field(default_factory=dict)  # theme id -> tickets that may be told of its issue
    why_not: str = ""

    def is_late(self, now: Standing) -> bool:
        """The time in which an issue can be taken back is over."""
        if now.stage is not Stage.CREATED or now.at is None or self.at is None:
            return False
        return self.at - now.at > timedelta(minutes=UNDO_MINUTES)


def state(now: Standing, offer: Offer | None = None) -> list[Words]:
    """What stands under a theme once somebody decided; nothing while it is open."""
    if now.stage is Stage.OPEN:
        return []
    if now.attached:
        return _attached(now)
    if now.stage is Stage.CREATING:
        return [words("Creating the Jira draft for "), who(now.actor), words(" …")]
    if now.stage is Stage.UNKNOWN:
        return [words(_LOOKING)]
    if now.stage is Stage.REFUSED:
        return [*_said_no(now.error or ""), words(" Nothing was created.")]
    if now.stage is Stage.UNSURE:
        return _unsure(now)
    if now.stage is Stage.REJECTED:
        return [
            words("Marked not a theme by "),
            *_by(now),
            *_why(now),
            words(". Tickets like these are left out of later digests."),
        ]
    if now.stage is Stage.SNOOZED:
        return [words("💤 Snoozed by "), *_by(now), words(f", {_ending(now)}")]
    if now.stage is Stage.MERGED:
        into = f"“{phrases.clip(phrases.line(now.into_name), 80)}”" if now.into_name else "another theme"
        return [words(f"Merged into {into} by "), *_by(now)]
    if now.stage is Stage.APPROVED:
        told = ". No issue tracker is configured, so nothing was sent anywhere."
        return [words("✅ Approved by "), *_by(now), words(told)]
    late = [words(" · Change it in Jira")] if offer and offer.is_late(now) else []
    return [words("✅ Approved by "), *_by(now), *_made(now), *late]


def _said_no(error: str) -> list[Words]:
    """Once: some of what the tracker's connector says begins with who said it."""
    told = _REFUSED.match(error)
    said = error[told.end() :] if told else error
    who_said = "" if error.startswith("Jira ") else "Jira said no: "
    who_said = f"Jira said no ({told.group(1)}): " if told else who_said
    return [words(f"❌ {who_said}"), words(_full_stop(said), bold=True)]


def _attached(now: Standing) -> list[Words]:
    """The same of evidence that goes to an issue that exists."""
    if now.stage is Stage.CREATED:
        url = now.receipt.url if now.receipt else None
        return [words("✅ Evidence attached to "), link(url, now.attached), words(" by "), *_by(now)]
    if now.stage is Stage.REFUSED:
        return [*_said_no(now.error or ""), words(" Nothing was written.")]
    if now.stage is Stage.UNSURE:
        asked = f" whether the comment on {now.attached} is there. Nothing is sent until you say so."
        return [words("⚠️ Please check Jira", bold=True), words(asked)]
    if now.stage is Stage.UNKNOWN:
        return [words(f"⚠️ Jira did not answer; looking for the comment on {now.attached}. Nothing is sent meanwhile.")]
    return [words(f"Attaching the evidence to {now.attached} for "), who(now.actor), words(" …")]


def fact(theme: Theme, now: Standing, offer: Offer) -> str:
    """What the tracker has of the theme: an issue that may be the same, or how its own stands."""
    return line(theme, now, offer.existing.get(theme.id, NOTHING))


def existing(theme: Theme, now: Standing, offer: Offer) -> list[Words]:
    """The same, to be shown."""
    said = fact(theme, now, offer)
    lead = "" if now.stage is not Stage.OPEN else "🔎 "
    return [words(f"{lead}{said}", limit=250)] if said else []


def _by(now: Standing) -> list[Words]:
    return [who(now.actor), *([words(", "), moment(now.at)] if now.at else [])]


def _made(now: Standing) -> list[Words]:
    if now.receipt is None:
        return []
    return [words(" · draft "), link(now.receipt.url, now.receipt.ref)]


def merged(theme: Theme, now: Standing, into: Theme) -> list[Words]:
    """What stands in place of a theme that was merged into another."""
    together = f"{into.number}. {text.plain(into.words.name, 80)}"
    said = [words(text.plain(theme.words.name, 80), bold=True), words("\nMerged into "), words(together, bold=True)]
    return [*said, words(" by "), *_by(now), words(f": {phrases.size(into)} together")]


def _why(now: Standing) -> list[Words]:
    told = ", ".join(said for said in (REASONS.get(now.reason, ""), phrases.line(now.note)) if said)
    return [words(f": {told}", limit=200)] if told else []


def _ending(now: Standing) -> str:
    return ending({"until": now.until.isoformat() if now.until else None, "growth": now.growth})


def _unsure(now: Standing) -> list[Words]:
    """Whoever looks in Jira needs the label to look for."""
    label = f" (label groundswell-op-{now.effect_key[:16]})" if now.effect_key else ""
    found = f" {_full_stop(now.error)}" if now.error else ""
    return [
        words("⚠️ Please check Jira", bold=True),
        words(f": I could not find out whether the draft{label} exists.{found} Nothing is sent until you say so."),
    ]


def _full_stop(error: str | None) -> str:
    said = phrases.clip(phrases.line(error or ""), 300) or "no reason given"
    return said if said[-1] in ".!?…]" else f"{said}."


# --- what can be clicked


def controls(
    theme: Theme, now: Standing, press: Press, *, offer: Offer, tentative: bool, whole: bool = False
) -> list[Block]:
    """The row's buttons, in one actions block; none while something is under way.

    `whole`: each choice has a button of its own, and Approve is marked primary (at most one in a set may be; the
    digest's rows have none, and a menu for the rarer choices). In a row the block's id alone says what it is about.
    """
    buttons = _buttons(theme, now, press.value if whole else None, tentative, offer) if offer.decisions else []
    if offer.decisions and now.stage is Stage.OPEN:
        choices = (*_MENU, _COPY) if offer.copy and not offer.tracker else _MENU
        buttons += _choices(choices, theme.words.short, press.value) if whole else [menu("more", choices)]
    found = offer.existing.get(theme.id, NOTHING)
    issue = takes(now, found) if offer.decisions else ""
    if issue:
        buttons.insert(now.stage is Stage.OPEN, _attach(issue, found.news, theme, now, press))
    link_back = offer.linkback.get(theme.id, 0) if offer.decisions and now.stage is Stage.CREATED else 0
    if link_back:
        buttons.append(_link_back(link_back, theme.words.short, press.value if whole else None))
    if not buttons:
        return []
    if whole and now.stage is Stage.OPEN:
        buttons[0]["style"] = "primary"
    shown = f"{now.stage}+{issue}" if issue else f"{now.stage}"
    return [actions(press.block_id(now.number, f"{shown}+{link_back}" if link_back else shown), buttons)]


def _attach(issue: str, news: int, theme: Theme, now: Standing, press: Press) -> Block:
    label = f"Attach to {issue}" if now.stage is Stage.OPEN else f"Attach {count(news, 'more ticket')} to {issue}"
    return button(label, "attach", theme.words.short, replace(press, issue=issue).value)


def _link_back(tickets: int, about: str, value: str | None) -> Block:
    """Three dots in a row, a button of its own in the thread."""
    label = f"Link back on {count(tickets, 'ticket')}…"
    return menu("more", ((label, LINKBACK),)) if value is None else button(label, LINKBACK, about, value)


# Those that open a window end in an ellipsis (SURFACES 1.4).
_MENU = (("Merge…", "merge"), ("Snooze…", "snooze"), ("Not a theme…", "not_a_theme"))
_COPY = ("Copy as Markdown…", COPY)


def _choices(choices: Sequence[tuple[str, str]], about: str, value: str | None) -> list[Block]:
    return [button(label, action, about, value) for label, action in choices]


def _buttons(theme: Theme, now: Standing, value: str | None, tentative: bool, offer: Offer) -> list[Block]:
    about = theme.words.short
    if now.stage is Stage.OPEN:
        label = "Approve to Jira" if offer.tracker else "Approve"
        approve = _approve_anyway(theme, value, offer.tracker) if tentative else button(label, "approve", about, value)
        return [approve, button("Edit…", "edit", about, value)]
    if now.stage is Stage.REFUSED:
        fix = [] if now.attached else [button("Fix and retry…", "edit", about, value)]
        again = [button("Try again", "retry", about, value), button("Undo", "undo", about, value)]
        return [*fix, *again, *_choices([_COPY] * offer.copy, about, value)]
    if now.stage is Stage.UNSURE:
        return [_write_it(about, value) if now.attached else _create_it(about, value)]
    if now.stage is Stage.CREATED:
        return _created(about, now, value, late=offer.is_late(now))
    if now.stage in TAKE_BACK:
        copy = _choices([_COPY] * offer.copy, about, value) if now.stage is Stage.APPROVED else []
        return [*copy, button(TAKE_BACK[now.stage], "undo", about, value)]
    return []


TAKE_BACK = {
    Stage.APPROVED: "Undo",
    Stage.REJECTED: "Restore",
    Stage.SNOOZED: "Bring back",
    Stage.MERGED: "Split again",
}


def _approve_anyway(theme: Theme, value: str | None, tracker: bool) -> Block:
    asked = confirm(
        f"Approve on {count(theme.counts.tickets, 'ticket')}?",
        f"This theme rests on {phrases.size(theme)}, from a sample so small that it may be chance.",
        "Create draft" if tracker else "Approve",
        "Cancel",
    )
    return button("Approve anyway…", "approve", theme.words.short, value, confirm=asked)


def _create_it(about: str, value: str | None) -> Block:
    asked = confirm(
        "Create the draft now?",
        "Only if you looked and found none. If one exists, this makes a second issue.",
        "Create it",
        "Not yet",
    )
    return button("I checked, create it", "retry", about, value, confirm=asked)


def _write_it(about: str, value: str | None) -> Block:
    said = "It is written only if it isn't there."
    asked = confirm("Write the comment now?", said, "Write it", "Not yet")
    return button("I checked, write it", "retry", about, value, confirm=asked)


def _created(about: str, now: Standing, value: str | None, *, late: bool) -> list[Block]:
    ref = now.receipt.ref if now.receipt else "the issue"
    done = f"{ref} will be marked as withdrawn; nothing is deleted. The theme goes back to undecided."
    if now.attached:
        done = f"The comment on {ref} will say what it said before, or that it was withdrawn; nothing is deleted."
    asked = confirm(
        f"Undo {ref}?",
        f"{done} This works for {UNDO_MINUTES} minutes after the approval.",
        "Undo",
        "Keep it",
    )
    undo = [] if late else [button("Undo attaching" if now.attached else "Undo", "undo", about, value, confirm=asked)]
    url = text.address(now.receipt.url) if now.receipt else None
    return [button(f"Open {ref}", "open", "in Jira", value, url=url), *undo] if url else undo
