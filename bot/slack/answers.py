"""What is said to one person after a click, and the one line that a decision leaves in the thread. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from bot import phrases
from bot.acts import Message, Stage, Standing
from bot.domain import Theme
from bot.slack import rows, text
from bot.slack.elements import Words, link, moment, paragraph, rich, who, words

Kind = Literal["denied", "already", "stale", "closed", "not_saved", "impossible"]

_SAID: Mapping[Kind, str] = {
    "denied": "You can read themes here, but deciding is limited to a few people. Nothing was created.",
    "already": "Somebody decided that before, so nothing was done a second time.",
    "stale": "The draft changed since this was shown, so nothing was done. Please look at it again, then click.",
    "closed": "This digest is more than 90 days old and closed, so nothing was done. Please use a newer one.",
    "not_saved": "Not saved, nothing was done. Please click again in a moment.",
    "impossible": "That is not possible now, so nothing was done.",
}


def answer(kind: Kind, *, standing: Standing | None = None, group: str | None = None, why: str = "") -> Message:
    """For one person alone (ephemeral). `group`: who may approve, in words; `why`: a sentence in place of the usual."""
    if kind == "already" and standing is not None and standing.stage is not Stage.OPEN:
        return _already(standing)
    said = phrases.line(why) or _SAID[kind]
    if kind == "denied" and group:
        said = f"You can read themes here, but approving is limited to {phrases.line(group)}. Nothing was created."
    shown = text.padded(text.sentence("{}", said), "Nothing was done.")
    return Message(shown, [rich(paragraph(words(said, limit=600)))])


def _already(now: Standing) -> Message:
    verb = "marked this as not a theme" if now.stage is Stage.REJECTED else "approved this"
    ref = now.receipt.ref if now.receipt else ""
    shown: list[Words] = [who(now.actor), words(f" {verb}")]
    shown += [words(" on "), moment(now.at)] if now.at else []
    shown += [words(", so nothing was done a second time")]
    shown += [words(": "), link(now.receipt.url, ref)] if now.receipt else []
    made = f": {text.cut(text.escape(ref), 60)}" if ref else ""
    return Message(
        f"{text.mention(now.actor)} {verb} before, so nothing was done a second time{made}.",
        [rich(paragraph(*shown, words(".")))],
    )


def decided(standing: Standing, theme: Theme, by: str | None = None) -> Message:
    """The line in the thread. `by`: who did it, where the standing no longer says so (an undo leaves it open)."""
    shown, said = _told(standing, by)
    name = f"{theme.rank}. {text.plain(theme.words.name, 120)}"
    sentence = text.sentence(f"Theme {theme.rank}, {{}}: {said}", theme.words.name)
    return Message(
        text.padded(sentence, "Nothing else changed."), [rich(paragraph(words(name, bold=True), words("\n"), *shown))]
    )


def _told(now: Standing, by: str | None) -> tuple[list[Words], str]:
    if now.stage is Stage.OPEN:
        undone = [words("Undone"), *([words(" by "), who(by)] if by else []), words(": open again.")]
        return undone, f"undone{f' by {text.mention(by)}' if by else ''}, so it is open again."
    actor, ref = text.mention(now.actor), text.cut(text.escape(now.receipt.ref), 60) if now.receipt else ""
    if now.stage is Stage.CREATED:
        shown = [
            words("Approved by "),
            who(now.actor),
            *([words(": "), link(now.receipt.url, ref)] if now.receipt else []),
        ]
        return [*shown, words(".")], f"approved by {actor}{f': {ref}' if ref else ''}."
    return rows.state(now), {
        Stage.APPROVED: f"approved by {actor}; no issue tracker is configured.",
        Stage.REJECTED: f"marked not a theme by {actor}.",
        Stage.REFUSED: "Jira said no, and nothing was created. The reason is in the thread.",
        Stage.UNSURE: "please check Jira, the draft may or may not exist. Nothing is sent until you say so.",
        Stage.UNKNOWN: "Jira did not answer; the draft is being looked for and nothing is sent again.",
    }.get(now.stage, f"approved by {actor}; the Jira draft is being created.")
