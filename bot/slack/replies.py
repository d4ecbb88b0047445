"""What `/themes` answers, to the caller alone (SURFACES 1.10, payloads 11 and 13 to 16). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot import phrases
from bot.acts import Message
from bot.domain import Window
from bot.slack import text
from bot.slack.elements import (
    Block,
    Words,
    actions,
    bullets,
    button,
    context,
    link,
    moment,
    paragraph,
    rich,
    who,
    words,
)
from bot.slack.grammar import MOST_RUNS, Misread, RunOrder
from bot.slack.progress import Going
from bot.slack.text import Theirs

AGAIN, CONFIRM, ANEW, COMMANDS = "cmd.nearest", "cmd.confirm", "cmd.anew", "cmd.help"  # action ids; values are commands
POST = "run.post"  # its value is the run's key
_EXAMPLES = ("run 30d", "run 2026-10-01..2026-10-31", "run 7d --source zendesk --area billing")
_HELP = {
    "run": ("run [30d|last-month|2026-10-01..2026-10-31] [--source zendesk] [--area billing] [--private] [--dry-run]",
            "reads, and posts a digest of its own; the month's stays as it is"),
    "status": ("status", "what is running, what is next, what waits for somebody"),
    "history": (f"history [1 to {MOST_RUNS}]", "past runs and what became of them"),
    "help": ("help [command]", "this, or more on one command"),
}  # fmt: skip
_MORE = {
    "run": (
        "Windows: 7d, 2w, 30d, last-month, last-quarter, 2026-10, 2026-10-01..2026-10-31, 2026-10-01.. (until today). "
        "Both days count, in the workspace's time zone. Without one: the last 7 days.",
        "--source and --area take names, several with commas; area:\"Sign in\" works, too. Any order.",
        "--private sends the digest to you alone; decisions are made in the channel.",
        "--dry-run starts nothing, and says what would be read.",
        "The same question asked twice at once is one run.",
    ),
    "status": ("It shows the sources with their age, themes nobody has decided on, and writes that need a look.",),
    "history": (f"Up to {MOST_RUNS} runs; 3 if you don't say how many.",),
    "help": ("help run, for example.",),
}  # fmt: skip


# --- what can't be done


def misread(why: Misread) -> Message:
    """Three commands that work, and the nearest one as a button."""
    offered = [button(f"/themes {why.nearest}", AGAIN, "what you probably meant", why.nearest)] if why.nearest else []
    offered.append(button("All commands", COMMANDS, "help", "help"))
    examples = list(dict.fromkeys([*([why.nearest] if why.nearest else []), *_EXAMPLES]))
    said = text.sentence(Theirs(str(why)), " Nothing was started. Try: /themes run 30d")
    return _message(said, [words(f"{why}\nTry one of:")], examples[:3], offered)


def impossible(why: str) -> Message:
    said = text.sentence(Theirs(why))
    return _message(text.padded(said, "Nothing was started."), [words(f"{why}\nThese work:")], _EXAMPLES)


# --- run


def started(label: str, home: str, *, private: bool) -> Message:
    where: Words = words("your messages with me") if private else {"type": "channel", "channel_id": home}
    said = f"Started: {text.escape(label)}. Progress is in {'your messages with me' if private else 'the channel'}."
    shown = [words("Started: "), words(label, bold=True), words(". Progress is in "), where, words(".")]
    if private:
        shown.append(words(" Only you see its digest; to decide on its themes, run it for the channel."))
    return Message(text.padded(said, "Every day in it counts."), [rich(paragraph(*shown))])


def joined(run: Going) -> Message:
    said = f"Already running, {run.where}, started by {text.mention(run.by or 'the schedule')}. You need not ask again."
    shown = [words(f"Already running, {run.where}, started by "), who(run.by or "the schedule"), words(": ")]
    return Message(said, [rich(paragraph(*shown, words(run.label, bold=True), words(".")))])


def posted_before(label: str, at: datetime, url: str | None, order: RunOrder) -> Message:
    """The days are in a digest that the channel has: another would say the same once more, with rows of its own."""
    offered = [button("Run it again", ANEW, order.window.label, order.typed)]
    said = f"The digest of {text.escape(label)} is in the channel already. Nothing was started."
    shown = [
        words("The digest of "),
        words(label, bold=True),
        words(" is in the channel already, made "),
        moment(at),
    ]
    shown += [
        words(". Nothing was started. "),
        link(url, "Open it"),
        words(" to decide on its themes. Another run reads what came since, "),
    ]
    shown.append(words("and posts a digest of its own beside it."))
    return Message(said, [rich(paragraph(*shown)), actions("cmd", offered)])


def done_before(label: str, at: datetime, url: str | None) -> Message:
    """The same question was answered minutes ago."""
    said = f"That was asked and answered a moment ago: {text.escape(label)}. Nothing was started."
    shown = [
        words("That was answered at "),
        moment(at),
        words(f": {label}. "),
        link(url, "Open the digest"),
        words("."),
    ]
    return Message(said, [rich(paragraph(*shown))])


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a run would take. `tickets`: those of the window that are stored by now; `seconds` from earlier runs, None
    where there were none; `usd`: the most that a language model may cost, None where none is used."""

    tickets: int
    seconds: float | None
    usd: float | None

    @property
    def told(self) -> str:
        time = (
            f"about {_span(self.seconds)} by the pace of earlier runs" if self.seconds is not None else "time not known"
        )
        cost = (
            f"up to {self.usd:.2f} USD for the language model" if self.usd is not None else "no language model, no cost"
        )
        return f"{phrases.count(self.tickets, 'ticket')} stored so far; {time}; {cost}"


def confirm(order: RunOrder, estimate: Estimate) -> Message:
    offered = [button("Start it", CONFIRM, order.window.label, order.typed, style="primary")]
    said = f"That is a large run: {text.escape(order.window.label)}, {estimate.told}. Start it?"
    shown = [
        words("That is a large run: "),
        words(echo(order.window), bold=True),
        words(f"\n{estimate.told}.\nStart it?"),
    ]
    return Message(text.cut(said, text.LONGEST), [rich(paragraph(*shown)), actions("cmd", offered)])


def dry(order: RunOrder, sources: Iterable[str], estimate: Estimate) -> Message:
    told = ", ".join(phrases.source_name(s) for s in sources) or "no source"
    areas = f"; areas {', '.join(order.areas)}" if order.areas else ""
    said = text.sentence(f"Nothing was started. It would read {text.escape(order.window.label)} of ", Theirs(told), ".")
    shown = [words("Nothing was started. It would read "), words(echo(order.window), bold=True)]
    return Message(text.padded(said, "Ask without --dry-run to start it."), [
        rich(paragraph(*shown, words(f"\nof {told}{areas}.\n{estimate.told}."))),
    ])  # fmt: skip


def echo(window: Window) -> str:
    """The whole window in words, with both of its days and the zone."""
    return phrases.window_days(window)


def rival(label: str, run_key: str, note: str | None, url: str | None, owner: str | None) -> Message:
    """In place of a month's digest. `note`: what else is posted there, in words; `url`: where another digest stands."""
    other = phrases.line(note or "") or "another Groundswell digest stands in this channel"
    asked = f" Ask {phrases.line(owner)}, who answers for this one." if owner else ""
    said = text.sentence(f"The digest of {text.escape(label)} is ready and was not posted: ", Theirs(other), ".")
    shown = [words(f"The digest of {label} is ready and was not posted", bold=True), words(": "), link(url, other)]
    shown.append(words(f". Two that count a little differently would cost the trust in both.{asked}"))
    offered = button("Post it anyway", POST, f"the digest of {label}", run_key)
    return Message(said, [rich(paragraph(*shown)), actions(f"rival|{run_key}"[:255], [offered])])


def planned(label: str) -> Message:
    said = f"The digest of {text.escape(label)} is being posted to the channel now."
    return Message(said, [rich(paragraph(words(f"The digest of {label} is being posted to the channel now.")))])


# --- status, history, help


@dataclass(frozen=True, slots=True)
class Kept:
    """A help desk, when it was read last, and what is wrong with it."""

    source: str
    read_at: datetime | None
    fault: str | None


@dataclass(frozen=True, slots=True)
class Past:
    """A run that is done."""

    label: str
    at: datetime
    tickets: int
    themes: int
    decided: int
    url: str | None


@dataclass(frozen=True, slots=True)
class Status:
    """`waiting`: the digest whose themes people decide on now, which need not be the newest. `unsure`: how many writes
    a person must look at. `backlog`: why the tracker could not be asked what exists."""

    running: Sequence[Going]
    last: Past | None
    waiting: Past | None
    next_at: datetime | None
    sources: Sequence[Kept]
    unsure: int
    version: str
    now: datetime
    backlog: str | None = None


def status(told: Status) -> Message:
    """What runs, what was last, what is next; then what needs somebody."""
    now = f"{phrases.count(len(told.running), 'run')} under way" if told.running else "idle"
    last, next_at = told.last, told.next_at
    said = [f"Groundswell: {now}", f"last run: {text.escape(last.label)}" if last else "there was no run yet"]
    said += [_undecided(told.waiting)] if told.waiting else []
    said += [f"{phrases.count(told.unsure, 'write')} to look at"] if told.unsure else []
    lines = [paragraph(words(f"{r.label}: {r.where}, started by "), who(r.by or "the schedule")) for r in told.running]
    lines += [paragraph(words("Last run: "), *_past(last))] if last else []
    lines += [paragraph(words(_undecided(told.waiting)))] if told.waiting else []
    lines.append(
        paragraph(words("Next digest: "), moment(next_at)) if next_at else paragraph(words("No digest is scheduled"))
    )
    if told.unsure:
        lines.append(
            paragraph(
                words(f"{phrases.count(told.unsure, 'write')} may or may not have arrived: "),
                _code("groundswell effects --unsure"),
            )
        )
    if told.backlog:
        said.append("the tracker could not be asked what exists")
        why = f"What exists in the tracker is not known: {phrases.line(told.backlog)}"
        lines.append(paragraph(words(why, limit=300)))
    head = paragraph(words(now.capitalize(), bold=True))
    about = " · ".join([*(_age(s, told.now) for s in told.sources), f"version {told.version}"])
    shown = text.padded(text.cut(", ".join(said) + ".", text.LONGEST), "Ask /themes history for more.")
    return Message(shown, [rich(head, bullets(lines)), context(about)])


def _undecided(month: Past) -> str:
    left, label = month.themes - month.decided, phrases.line(month.label)
    if not left:
        return f"Every theme of {label} is decided"
    return f"{phrases.count(left, 'theme')} of {label} {'waits' if left == 1 else 'wait'} for a decision"


def history(runs: Sequence[Past]) -> Message:
    if not runs:
        return _message(
            "There is no digest yet, so there is nothing to tell of.",
            [words("There is no digest yet. Begin with:")],
            _EXAMPLES,
        )
    told = ", ".join(f"{text.escape(r.label)} {phrases.count(r.themes, 'theme')}" for r in runs[:3])
    said = text.cut(f"The last {phrases.count(len(runs), 'run') if len(runs) > 1 else 'run'}: {told}.", text.LONGEST)
    head = paragraph(words("Last runs", bold=True))
    return Message(text.padded(said, "Newest first."), [rich(head, bullets(paragraph(*_past(r)) for r in runs))])


def usage(about: str | None) -> Message:
    """`about` one of grammar.VERBS, or None: all."""
    if about is None:
        head = "Groundswell reads support tickets and proposes backlog items. It creates nothing without a click."
        lines = [paragraph(_code(f"/themes {typed}"), words(f" {does}")) for typed, does in _HELP.values()]
    else:
        typed, does = _HELP[about]
        head = f"/themes {about}: {does}."
        lines = [paragraph(_code(f"/themes {typed}")), *(paragraph(words(line)) for line in _MORE[about])]
    small = "Slack may turn -- into a long dash; both work. source:zendesk works, too."
    said = f"Groundswell commands: {', '.join(_HELP)}." if about is None else head
    return Message(
        text.padded(said, "Type one after /themes."), [rich(paragraph(words(head)), bullets(lines)), context(small)]
    )


# --- details


def _message(said: str, head: Sequence[Words], commands: Iterable[str], offered: Sequence[Block] = ()) -> Message:
    lines = bullets(paragraph(_code(f"/themes {command}")) for command in commands)
    more = [actions("cmd", offered)] if offered else []
    return Message(text.padded(said, "Nothing was started."), [rich(paragraph(*head), lines), *more])


def _past(run: Past) -> list[Words]:
    counts = f"{phrases.count(run.tickets, 'ticket')}, {phrases.count(run.themes, 'theme')}, {run.decided:,} decided"
    return [link(run.url, run.label), words(", "), moment(run.at), words(f", {counts}")]


def _code(said: str) -> Words:
    return {"type": "text", "text": phrases.clip(phrases.line(said), 400), "style": {"code": True}}


def _age(kept: Kept, now: datetime) -> str:
    name = phrases.source_name(kept.source)
    if kept.fault:
        return f"{name} can't be read: {text.plain(kept.fault, 160)}"
    if kept.read_at is None:
        return f"{name} was not read yet"
    return f"{name} read {_span(max(0.0, (now - kept.read_at).total_seconds()))} ago"


def _span(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if seconds < 5400:
        return f"{round(seconds / 60)} min"
    return f"{round(seconds / 3600)} h" if seconds < 172_800 else f"{round(seconds / 86_400)} days"
