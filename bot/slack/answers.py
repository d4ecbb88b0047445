"""What is said to one person after a click, and the one line that a decision leaves in the thread. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Literal

from bot import phrases
from bot.acts import Decision, Message, Stage, Standing, Verdict
from bot.corrections.honoured import TAKEN_BACK, VERBS, what
from bot.domain import Digest, Theme
from bot.slack import rows, text
from bot.slack.elements import Words, bullets, context, link, member, moment, paragraph, rich, who, words
from bot.slack.text import Theirs

Kind = Literal["already", "stale", "closed", "not_saved", "impossible"]

_REMINDED = 5  # themes that a reminder names
_SAID: Mapping[Kind, str] = {
    "already": "Somebody decided that before, so nothing was done a second time.",
    "stale": "The draft changed since this was shown, so nothing was done. Please look at it again, then click.",
    "closed": "This digest is more than 90 days old and closed, so nothing was done. Please use a newer one.",
    "not_saved": "Not saved, nothing was done. Please click again in a moment.",
    "impossible": "That is not possible now, so nothing was done.",
}


def answer(kind: Kind, *, why: str = "") -> Message:
    """For one person alone (ephemeral). `why`: a sentence in place of the usual."""
    said = phrases.line(why) or _SAID[kind]
    shown = text.padded(text.sentence(Theirs(said)), "Nothing was done; please look at the digest again.")
    return Message(shown, [rich(paragraph(words(said, limit=600)))])


def denied(
    may: Collection[str], *, what: str = "deciding on themes", key: str = "slack.approvers", works: str = ""
) -> Message:
    """Who may, so that there is somebody to ask. `may`: ids of people and user groups; `key`: where they are named."""
    said = f"You can read everything here; {what} is limited to a few people."
    named = [x for x in (member(one) for one in sorted(may)[:_ASKED]) if x is not None]
    shown: list[Words] = [words(f"{said} ")]
    for n, one in enumerate(named):
        shown += [words(" or " if n == len(named) - 1 and n else ", " if n else "Ask "), one]
    shown += [words(". ")] if named else []
    end = f"Nothing was done. Whoever runs Groundswell can let you ({key} in its config).{works}"
    return Message(f"{said} {end}", [rich(paragraph(*shown, words(end)))])


def already(now: Standing, asked: Verdict, actor: str) -> Message:
    """What stands already, to who came second, or twice: by whom, since when, and what that means for their wish."""
    mine, again = now.actor == actor, asked in _SAME.get(now.stage, (Verdict.APPROVE, Verdict.ATTACH))
    verb = "attached its evidence" if now.attached else _VERBS.get(now.stage, "approved this")
    so = ", so nothing was done a second time" if again else f", so it can't be {_WISHED[asked]} now"
    shown: list[Words] = [words("You") if mine else who(now.actor), words(f" {verb}")]
    shown += [words(" on "), moment(now.at)] if now.at else []
    shown += [words(so), *_ref(now), words("." if again else f". {''.join(_way_out(now))}")]
    by = "You" if mine else text.mention(now.actor)
    made = [": ", Theirs(now.receipt.ref)] if now.receipt else []
    said = text.sentence(by, f" {verb} before{so}", *made, ".", *([] if again else [" ", *_way_out(now)]))
    return Message(said, [rich(paragraph(*shown))])


_ASKED = 5  # people and groups that are named; a list of twenty helps nobody
_SAME = {
    Stage.REJECTED: (Verdict.REJECT,),
    Stage.SNOOZED: (Verdict.SNOOZE,),
    Stage.MERGED: (Verdict.MERGE,),
}
_VERBS = {
    Stage.REJECTED: "marked this as not a theme",
    Stage.SNOOZED: "snoozed this",
    Stage.MERGED: "merged this into another theme",
}
_WISHED = {
    Verdict.APPROVE: "approved",
    Verdict.ATTACH: "attached to an issue",
    Verdict.EDIT: "edited here",
    Verdict.MERGE: "merged",
    Verdict.SNOOZE: "snoozed",
    Verdict.REJECT: "left out",
    Verdict.UNDO: "undone",
}


def _way_out(now: Standing) -> list[str]:
    if now.receipt:
        ref = Theirs(text.plain(now.receipt.ref, 40))
        return ["Change ", ref, f" itself, or undo within {rows.UNDO_MINUTES} minutes."]
    return [f"“{rows.TAKE_BACK.get(now.stage, 'Undo')}” on its row opens it again."]


_ATTACHED = {
    Stage.CREATED: "attached",
    Stage.REFUSED: "Jira said no, and nothing was written",
    Stage.UNSURE: "please check Jira, the comment may or may not be there",
    Stage.UNKNOWN: "Jira did not answer; the comment is being looked for",
}


def _ref(now: Standing) -> list[Words]:
    return [words(": "), link(now.receipt.url, now.receipt.ref)] if now.receipt else []


def decided(standing: Standing, theme: Theme) -> Message:
    """The line in the thread on what put a theme where it stands."""
    name = words(f"{theme.number}. {text.plain(theme.words.name, 120)}\n", bold=True)
    said = text.sentence(f"Theme {theme.number}, ", Theirs(theme.words.name), ": ", *_said(standing))
    return Message(text.padded(said, "Nothing else changed."), [rich(paragraph(name, *_shown(standing)))])


def changed(d: Decision, theme: Theme, undone: Decision | None = None, issue: str = "") -> Message:
    """The line on what was said of a theme beside: a name, an edit, moved tickets, or (`undone`) taken back.

    `issue`: what an approval had made.
    """
    name = words(f"{theme.number}. {text.plain(theme.words.name, 120)}\n", bold=True)
    verb = "undone" if undone else VERBS.get(d.verdict, d.verdict.value)
    told = TAKEN_BACK.get(undone.verdict, "") if undone else f"It {what(d)}."
    if undone and issue:
        told = f"{told} {phrases.heading(issue)} is marked as withdrawn."
    shown = [name, words(f"{verb.capitalize()} by "), who(d.actor), words(f". {told}", limit=400)]
    by = [f": {verb} by ", text.mention(d.actor), ". "]
    said = text.sentence(f"Theme {theme.number}, ", Theirs(theme.words.name), *by, Theirs(told))
    return Message(text.padded(said, "Nothing else changed."), [rich(paragraph(*shown))])


def reminder(d: Digest, themes: Sequence[Theme], url: str | None) -> Message:
    """What is urgent and undecided in a month's digest, to one of those who may decide; said once."""
    label, few = phrases.line(d.window.label), themes[:_REMINDED]
    verb = "has" if len(themes) == 1 else "have"
    found = f"{phrases.count(len(themes), 'urgent theme')} of {label} {verb} waited a week for a decision"
    head = [words(found, bold=True), words(". "), link(url, "Open the digest")]
    lines = [
        paragraph(
            words(f"{t.number}. {text.plain(t.words.name, 120)}"),
            words(f" ({d.item_of(t).severity}, {phrases.size(t)})"),
        )
        for t in few
    ]
    said = text.sentence(Theirs(found), ". First: ", Theirs(themes[0].words.name), ".")
    more = f"{phrases.count(len(themes) - len(few), 'more theme')} there. " if len(themes) > len(few) else ""
    small = f"{more}This is the only reminder for this digest; slack.remind: false in the config ends them."
    return Message(
        text.padded(said, "Open the digest to decide."), [rich(paragraph(*head), bullets(lines)), context(small)]
    )


def _shown(now: Standing) -> list[Words]:
    if now.attached:
        return rows.state(now)
    if now.stage is Stage.CREATED:
        return [words("Approved by "), who(now.actor), *_ref(now), words(".")]
    if now.stage is Stage.MERGED:
        return [words(f"Merged into {_into(now)} by "), who(now.actor), words(".")]
    return rows.state(now)


def _into(now: Standing) -> str:
    return f"“{phrases.heading(now.into_name)}”" if now.into_name else "another theme"


def _said(now: Standing) -> list[str]:
    """The same for `Message.text`, in parts."""
    actor = text.mention(now.actor)
    if now.attached:
        return [f"evidence for {now.attached} by ", actor, ": ", _ATTACHED.get(now.stage, "being written"), "."]
    if now.stage is Stage.CREATED:
        return ["approved by ", actor, *([": ", Theirs(now.receipt.ref)] if now.receipt else []), "."]
    if now.stage is Stage.MERGED:
        return ["merged into ", Theirs(_into(now)), " by ", actor, "."]
    told = {
        Stage.APPROVED: f"approved by {actor}; no issue tracker is configured.",
        Stage.REJECTED: f"marked not a theme by {actor}.",
        Stage.SNOOZED: f"snoozed by {actor}.",
        Stage.REFUSED: "Jira said no, and nothing was created. The reason is in the thread.",
        Stage.UNSURE: "please check Jira, the draft may or may not exist. Nothing is sent until you say so.",
        Stage.UNKNOWN: "Jira did not answer; the draft is being looked for and nothing is sent again.",
    }
    return [told.get(now.stage, f"approved by {actor}; the Jira draft is being created.")]
