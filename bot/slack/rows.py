"""How a theme's row says where it stands, and what can be clicked there (SURFACES 1.7). Pure."""

from __future__ import annotations

from bot import phrases
from bot.acts import Stage, Standing
from bot.domain import Theme
from bot.phrases import number
from bot.slack.elements import Block, Press, Words, actions, button, confirm, link, moment, who, words

UNDO_MINUTES = 10  # an approval; everything else can be undone at any time (SURFACES 1.8)
_LOOKING = (
    "⚠️ Jira did not answer, so the draft may or may not exist. Looking for it for up to 5 minutes. "
    "Nothing is sent again meanwhile."
)


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
    said = phrases.clip(phrases.line(error or "no reason given"), 300)
    return said if said[-1] in ".!?…]" else f"{said}."


# --- what can be clicked


def controls(theme: Theme, now: Standing, press: Press, *, tentative: bool, primary: bool = False) -> list[Block]:
    """The row's buttons, in one actions block; none while something is under way.

    Its block_id names the theme, the revision and the decision it shows: Slack wants a new one whenever a message is
    updated (docs.slack.dev/reference/block-kit/blocks/actions-block).
    """
    about, value = theme.words.short, press.value
    buttons = {
        Stage.OPEN: _open,
        Stage.REFUSED: _refused,
        Stage.UNSURE: _ask_to_check,
        Stage.CREATED: _created,
        Stage.APPROVED: lambda *told: [button("Undo", "undo", about, value)],
        Stage.REJECTED: lambda *told: [button("Restore", "undo", about, value)],
    }.get(now.stage)
    if buttons is None:
        return []
    listed = buttons(theme, now, value)
    if now.stage is Stage.OPEN and tentative:
        listed[0] = _approve_anyway(theme, value)
    if primary and now.stage is Stage.OPEN:
        listed[0]["style"] = "primary"  # at most one in a set, so the digest's rows have none
    return [actions(f"act.{press.theme}.{press.revision}.{now.number}.{now.stage}", listed)]


def _open(theme: Theme, now: Standing, value: str) -> list[Block]:
    about = theme.words.short
    return [
        button("Approve to Jira", "approve", about, value),
        button("Not a theme", "reject", about, value),
    ]


def _approve_anyway(theme: Theme, value: str) -> Block:
    tickets, counted = number(theme.counts.tickets), phrases.size(theme)
    asked = confirm(
        f"Approve on {tickets} tickets?",
        f"This theme rests on {counted}, from a sample so small that it may be chance.",
        "Create draft",
        "Cancel",
    )
    return button("Approve anyway…", "approve", theme.words.short, value, confirm=asked)


def _refused(theme: Theme, now: Standing, value: str) -> list[Block]:
    about = theme.words.short
    return [button("Try again", "retry", about, value), button("Undo", "undo", about, value)]


def _ask_to_check(theme: Theme, now: Standing, value: str) -> list[Block]:
    asked = confirm(
        "Create the draft now?",
        "Only if you looked and found none. If one exists, this makes a second issue.",
        "Create it",
        "Not yet",
    )
    return [button("I checked, create it", "retry", theme.words.short, value, confirm=asked)]


def _created(theme: Theme, now: Standing, value: str) -> list[Block]:
    from_jira = now.receipt.ref if now.receipt else "the issue"
    asked = confirm(
        f"Undo {from_jira}?",
        f"{from_jira} will be marked as withdrawn; nothing is deleted. The theme goes back to undecided. "
        f"This works for {UNDO_MINUTES} minutes after the approval.",
        "Undo",
        "Keep it",
    )
    undo = button("Undo", "undo", theme.words.short, value, confirm=asked)
    address = link(now.receipt.url, from_jira).get("url") if now.receipt else None
    if address is None:
        return [undo]
    return [button(f"Open {from_jira}", "open", "in Jira", value, url=address), undo]
