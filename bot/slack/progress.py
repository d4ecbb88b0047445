"""What the channel shows of a run while it goes on, when it is over, and when it failed (SURFACES 1.11). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot import phrases
from bot.acts import Message
from bot.slack import text
from bot.slack.elements import Block, Words, actions, button, context, link, moment, paragraph, rich, who, words
from bot.slack.text import Theirs

STEPS = ("Read the help desks", "Choose and mask the tickets", "Find the themes", "Post the digest")
SILENT = 60.0  # seconds without a change after which it is said what the run waits for
RETRY, WITHOUT = "run.retry", "run.without"  # action ids; the values are a run's key, and "key|source,source"


@dataclass(frozen=True, slots=True)
class Going:
    """A run as the store knows it. `label`: its window; `by`: who asked, None for the schedule; `step` is 1 to 4.

    `silent`: seconds since it last got on. `attempt` counts from 1. `private`: it is for who asked alone.
    """

    key: str
    label: str
    by: str | None
    asked_at: datetime
    step: int = 1
    doing: str | None = None
    waits: str | None = None
    silent: float = 0.0
    attempt: int = 1
    private: bool = False

    @property
    def where(self) -> str:
        return f"step {self.step} of {len(STEPS)}"

    @property
    def reference(self) -> str:
        """What to tell whoever looks into the log."""
        return self.key.partition(":")[2] or self.key


def going(run: Going) -> Message:
    """One line for each step; within the one that is under way, what it is at."""
    lines = [words(f"\n{_mark(n, run.step)} {name}{_at(run) if n == run.step else ''}") for n, name in _numbered()]
    waits = _waiting(run)
    said = f"Themes run, {text.escape(run.label)}: {run.where}, {STEPS[run.step - 1].lower()}."
    told = [f"{run.where.capitalize()}", *([waits] if waits else []), *_attempts(run), f"reference {run.reference}"]
    return Message(text.padded(said, "It takes a few minutes."), [rich(_title(run, lines)), context(" · ".join(told))])


def finished(run: Going, found: tuple[int, int], url: str | None, trouble: str = "") -> Message:
    """One line with a link to the digest. `found`: how many tickets, how many themes; `trouble`: why it could not be
    posted."""
    if trouble:
        more: list[Words] = [words(f". The digest is not in Slack: {phrases.line(trouble)}")]
    else:
        more = [words(". "), link(url, "Open the digest"), words(".")]
    more += [words(" Only you see it; to decide on its themes, run it for the channel.")] if run.private else []
    said = text.sentence(
        f"Themes run, {text.escape(run.label)}: {told(*found)}. ",
        Theirs(f"Not in Slack: {trouble}" if trouble else "The digest is posted."),
    )
    shown = [words(f"Themes run, {phrases.line(run.label)}", bold=True), words(f": {told(*found)}"), *more]
    return Message(text.padded(said, "Every number in it is computed."), [rich(paragraph(*shown))])


def told(tickets: int, themes: int) -> str:
    if not tickets:
        return "no tickets in these days"
    return f"{phrases.count(themes, 'theme')} found" if themes else "no problem recurs often enough to be a theme"


def posting(run: Going, themes: int) -> Message:
    """Found, and on its way."""
    said = f"Themes run, {text.escape(run.label)}: {phrases.count(themes, 'theme')} found, the digest is being posted."
    return Message(said, [rich(paragraph(words(f"Themes run, {phrases.line(run.label)}", bold=True), words(
        f": {phrases.count(themes, 'theme')} found; the digest is being posted.")))])  # fmt: skip


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a run failed, in a sentence of ours, and when it is tried again by itself.

    `faulty` sources could not be read; `others`: there are sources without a fault, so that it can do without them.
    """

    why: str
    again_at: datetime | None = None
    faulty: Sequence[str] = ()
    others: bool = False


def failed(run: Going, failure: Failure, *, buttons: bool = True) -> Message:
    """What happened, what was not done, the next step, a short reference (SURFACES 1.11); no text of a ticket."""
    why = phrases.line(failure.why) or "It ended in an error of ours; the log says which."
    shown = [words(f"\n❌ {why}", limit=900), *_next(failure)]
    said = text.sentence(f"Themes run, {text.escape(run.label)}, failed: ", Theirs(why), " Nothing was posted.")
    blocks = [rich(_title(run, shown))]
    blocks.append(context(f"Nothing was posted and nothing was sent to Jira · reference {run.reference}"))
    if buttons:
        blocks.append(actions(f"run.failed|{run.key}|{run.attempt}", list(_offers(run, failure))))
    return Message(said, blocks)


def _offers(run: Going, failure: Failure) -> list[Block]:
    shown = [button("Retry", RETRY, run.label, run.key, style="primary")]
    if failure.faulty and failure.others:
        label = f"Run without {' and '.join(map(phrases.source_name, failure.faulty))}"
        shown.append(button(label, WITHOUT, run.label, f"{run.key}|{','.join(failure.faulty)}"))
    return shown


def _next(failure: Failure) -> list[Words]:
    told: list[Words] = [words("\nNext step: ", bold=True)]
    if failure.again_at is not None:
        told += [words("none is needed if this passes by itself: it is tried again at "), moment(failure.again_at)]
        told.append(words(" and on, for three days. Else: "))
    names = " ".join(failure.faulty)
    told.append({"type": "text", "text": f"groundswell doctor {names}".strip(), "style": {"code": True}})
    return [*told, words(" says what to mend; then press Retry.")]


def _title(run: Going, lines: Sequence[Words]) -> Block:
    by: list[Words] = [words(", started by "), who(run.by)] if run.by else [words(", asked for by the schedule")]
    return paragraph(
        words(f"Themes run, {phrases.line(run.label)}", bold=True), *by, words(" at "), moment(run.asked_at), *lines
    )


def _numbered() -> Sequence[tuple[int, str]]:
    return list(enumerate(STEPS, 1))


def _mark(number: int, now: int) -> str:
    return "✅" if number < now else "⏳" if number == now else "▫️"


def _at(run: Going) -> str:
    return f": {text.plain(run.doing, 120)}" if run.doing else ""


def _waiting(run: Going) -> str:
    if run.silent < SILENT and not run.waits:
        return ""
    minutes = int(run.silent // 60)
    since = f"nothing new for {minutes} min: " if minutes else ""
    why = text.plain(run.waits, 200) if run.waits else "it is still at this step"
    return f"{since}{why}"


def _attempts(run: Going) -> list[str]:
    return [f"begun {run.attempt} times, it goes on after its last whole step"] if run.attempt > 1 else []
