"""How a theme's row says where it stands, and what can be clicked there (SURFACES 1.7). Pure."""

from __future__ import annotations

from dataclasses import dataclass

from bot import phrases
from bot.acts import Stage, Standing
from bot.domain import Theme
from bot.phrases import count
from bot.slack import text
from bot.slack.elements import Block, Press, Words, actions, button, confirm, link, moment, who, words

UNDO_MINUTES = 10  # an approval; everything else can be undone at any time (SURFACES 1.8)
_LOOKING = (
    "⚠️ Jira did not answer, so the draft may or may not exist. Looking for it for up to 5 minutes. "
    "Nothing is sent again meanwhile."
)


@dataclass(frozen=True, slots=True)
class Offer:
    """What may be clicked: `decisions` False: nothing (nobody may decide, or the digest is closed). `tracker` False: an
    approval makes no issue, and its button doesn't say so."""

    decisions: bool = True
    tracker: bool = True


def state(now: Standing) -> list[Words]:
    """What stands under a theme once somebody decided; nothing while it is open."""
    if now.stage is Stage.OPEN:
        return []
    if now.stage is Stage.CREATING:
        return [words("Creating the Jira draft for "), who(now.actor), words(" …")]
    if now.stage is Stage.UNKNOWN:
        return [words(_LOOKING)]
    if now.stage is Stage.REFUSED:
        return [words("❌ Jira said no: "), words(_full_stop(now.error), bold=True), words(" Nothing was created.")]
    if now.stage is Stage.UNSURE:
        return _unsure(now)
    if now.stage is Stage.REJECTED:
        return [words("Marked not a theme by "), *_by(now), *_why(now)]
    if now.stage is Stage.APPROVED:
        told = ". No issue tracker is configured, so nothing was sent anywhere."
        return [words("✅ Approved by "), *_by(now), words(told)]
    return [words("✅ Approved by "), *_by(now), *_made(now)]


def _by(now: Standing) -> list[Words]:
    return [who(now.actor), *([words(", "), moment(now.at)] if now.at else [])]


def _made(now: Standing) -> list[Words]:
    if now.receipt is None:
        return []
    return [words(" · draft "), link(now.receipt.url, now.receipt.ref)]


def _why(now: Standing) -> list[Words]:
    return [words(f": {phrases.line(now.note)}", limit=200)] if now.note.strip() else []


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
    theme: Theme, now: Standing, press: Press, *, offer: Offer, tentative: bool, primary: bool = False
) -> list[Block]:
    """The row's buttons, in one actions block; none while something is under way.

    `primary` marks Approve (at most one button in a set may be: the digest's rows have none). The block_id names the
    theme, the revision and the decision it shows: Slack wants a new one whenever a message is updated
    (docs.slack.dev/reference/block-kit/blocks/actions-block).
    """
    buttons = _buttons(theme, now, press.value, tentative, offer.tracker) if offer.decisions else []
    if not buttons:
        return []
    if primary and now.stage is Stage.OPEN:
        buttons[0]["style"] = "primary"
    return [actions(f"act.{press.theme}.{press.revision}.{now.number}.{now.stage}", buttons)]


def _buttons(theme: Theme, now: Standing, value: str, tentative: bool, tracker: bool) -> list[Block]:
    about = theme.words.short
    undo = button("Undo", "undo", about, value)
    if now.stage is Stage.OPEN:
        label = "Approve to Jira" if tracker else "Approve"
        approve = _approve_anyway(theme, value, tracker) if tentative else button(label, "approve", about, value)
        return [approve, button("Not a theme", "reject", about, value)]
    if now.stage is Stage.REFUSED:
        return [button("Try again", "retry", about, value), undo]
    if now.stage is Stage.UNSURE:
        return [_create_it(about, value)]
    if now.stage is Stage.CREATED:
        return _created(about, now, value)
    if now.stage is Stage.REJECTED:
        return [button("Restore", "undo", about, value)]
    return [undo] if now.stage is Stage.APPROVED else []


def _approve_anyway(theme: Theme, value: str, tracker: bool) -> Block:
    asked = confirm(
        f"Approve on {count(theme.counts.tickets, 'ticket')}?",
        f"This theme rests on {phrases.size(theme)}, from a sample so small that it may be chance.",
        "Create draft" if tracker else "Approve",
        "Cancel",
    )
    return button("Approve anyway…", "approve", theme.words.short, value, confirm=asked)


def _create_it(about: str, value: str) -> Block:
    asked = confirm(
        "Create the draft now?",
        "Only if you looked and found none. If one exists, this makes a second issue.",
        "Create it",
        "Not yet",
    )
    return button("I checked, create it", "retry", about, value, confirm=asked)


def _created(about: str, now: Standing, value: str) -> list[Block]:
    ref = now.receipt.ref if now.receipt else "the issue"
    asked = confirm(
        f"Undo {ref}?",
        f"{ref} will be marked as withdrawn; nothing is deleted. The theme goes back to undecided. "
        f"This works for {UNDO_MINUTES} minutes after the approval.",
        "Undo",
        "Keep it",
    )
    undo = button("Undo", "undo", about, value, confirm=asked)
    url = text.address(now.receipt.url) if now.receipt else None
    return [button(f"Open {ref}", "open", "in Jira", value, url=url), undo] if url else [undo]
