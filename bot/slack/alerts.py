"""An alert -> the message that tells of it, and goes on telling until it is over (SURFACES 1.9). Pure.

Counts and names of areas and themes, never a ticket's text; a link to nothing but the run's digest.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot import phrases
from bot.acts import Message
from bot.phrases import count, number
from bot.slack import text
from bot.slack.elements import (
    Block,
    Words,
    actions,
    button,
    confirm,
    context,
    figures,
    header,
    link,
    moment,
    paragraph,
    rich,
    who,
    words,
)
from bot.slack.text import Theirs
from bot.spikes import Alert, Cause, Hour, Spike

RUN, DISMISS, MUTE, UNMUTE = "spike.run", "spike.dismiss", "spike.mute", "spike.unmute"  # action ids
MUTED_FOR = timedelta(days=7)
_YEAR = 8_766.0  # hours
_SHOWN = 12  # hours of the timeline


@dataclass(frozen=True, slots=True)
class RunOf:
    """What became of the run that was started from an alert. `url`: its digest's; `why`: of one that failed."""

    state: str = ""  # "running", "posted", "failed"
    url: str | None = None
    why: str = ""


def value(key: str) -> str:
    """What the buttons of an alert carry."""
    return json.dumps({"v": 1, "spike": key}, separators=(",", ":"))


def read(said: str) -> str | None:
    """The key of the alert; None for what none of its buttons says."""
    try:
        told: Any = json.loads(said)
    except ValueError:
        return None
    key = told.get("spike") if isinstance(told, dict) and told.get("v") == 1 else None
    return key if isinstance(key, str) else None


def alert(told: Alert, run: RunOf, zone: str, *, deciders: bool = True) -> Message:
    """The alert as it is now. `zone`: of the workspace. `deciders` False: nobody may click, so there are no buttons."""
    return Message(_headline(told), list(_blocks(told, run, zone, deciders)))


def _headline(told: Alert) -> str:
    lead = told.lead
    over = "Over: " if told.closed_at else "Spike: "
    said = [f"{over}{count(lead.tickets, 'ticket')} in {_span(lead)}", *_about(lead), f", {_times(lead)}."]
    return text.padded(text.sentence(*said), "Counts only; a run over them starts by a click.")


def _about(lead: Spike) -> list[str]:
    if lead.cause is Cause.AREA:
        return [" about ", Theirs(lead.name)]
    if lead.cause is Cause.THEME:
        return [" in the theme ", Theirs(lead.name)]
    return [" alike and like no known theme"] if lead.cause is Cause.WORDING else []


def _blocks(told: Alert, run: RunOf, zone: str, deciders: bool) -> Iterator[Block]:
    lead, here = told.lead, ZoneInfo(zone)
    yield header(_title(told))
    weeks = f"last {lead.weeks} weeks"
    yield figures(
        (
            (
                f"{'Its last' if told.closed_at else 'Last'} {_span(lead).removeprefix('an ')}",
                count(lead.tickets, "ticket"),
            ),
            (
                f"Usual then, on a {lead.start.astimezone(here):%A}",
                f"{_usual(lead.usual)} ({lead.low} to {lead.high}, {weeks})",
            ),
            ("Started", _clock(told.since, here, "about ")),
            ("Over since" if told.closed_at else "Counted until", _clock(told.closed_at or told.seen_at, here)),
        )
    )
    for spike in told.spikes[1:4]:
        yield rich(paragraph(*_within(spike)))
    if told.timeline:
        yield rich(paragraph(*_timeline(told, here)))
    yield context(f"{rarity(lead)}. Whole hours, {zone} time. Not checked: whether an incident is open already.")
    yield from _state(told, run, deciders)


def _title(told: Alert) -> str:
    lead = told.lead
    what = {
        Cause.TOTAL: "tickets",
        Cause.AREA: f"{text.plain(lead.name, 60)} tickets",
        Cause.THEME: f"{text.plain(lead.name, 80)}",
        Cause.WORDING: "new wording",
    }[lead.cause]
    return f"{'Over: ' if told.closed_at else 'Spike: '}{what}, {_times(lead)}"


def _times(lead: Spike) -> str:
    if lead.times is None:
        return "where none is usual"
    return f"{lead.times:.1f} times the usual {_usual(lead.usual)}"


def _usual(tickets: float) -> str:
    return f"{tickets:g}"


def _span(spike: Spike) -> str:
    return "an hour" if spike.hours == 1 else f"{spike.hours} hours"


def _within(spike: Spike) -> list[Words]:
    tail = f": {count(spike.tickets, 'ticket')} in {_span(spike)}, {_times(spike)}"
    if spike.cause is Cause.WORDING:
        return [words("New wording", bold=True), words(f"{tail}; alike, and like no known theme")]
    kind = "the theme " if spike.cause is Cause.THEME else ""
    return [words("Within it: ", bold=True), words(f"{kind}\u201c{text.plain(spike.name, 120)}\u201d{tail}")]


def _timeline(told: Alert, here: ZoneInfo) -> list[Words]:
    """Its hours, the latest of a long one; a peak that lies before them is told beside."""
    shown = told.timeline[-_SHOWN:]
    line = ", ".join(f"{hour.at.astimezone(here):%H:%M} {number(hour.tickets)}" for hour in shown)
    peak = max(told.timeline, key=lambda hour: hour.tickets)
    usual = f" (usual {_range(shown)})"
    most = f". Peak: {number(peak.tickets)} at {_clock(peak.at, here)}" if peak not in shown else ""
    span = "in the last three days" if told.timeline[0].at > told.since else "in all"
    all_of_it = f". {count(sum(hour.tickets for hour in told.timeline), 'ticket')} {span}"
    return [words("Hour by hour: ", bold=True), words(f"{line}{usual}{most}{all_of_it}", limit=900)]


def _range(hours: tuple[Hour, ...]) -> str:
    low, high = min(h.usual for h in hours), max(h.usual for h in hours)
    return _usual(low) if low == high else f"{_usual(low)} to {_usual(high)}"


def rarity(spike: Spike) -> str:
    """ "By chance alone this comes once in about 4 years of hourly checks"."""
    years = spike.once_in / _YEAR
    if years >= 100:
        return "By chance alone this comes less than once in 100 years of hourly checks"
    often = f"about {years:.0f} years" if years >= 1.5 else "about a year"
    return f"By chance alone this comes once in {often} of hourly checks"


def _clock(at: datetime, here: ZoneInfo, about: str = "") -> str:
    local = at.astimezone(here)
    return f"{local.day} {local:%b}, {about}{local:%H:%M}"


# --- what people said of it


def _state(told: Alert, run: RunOf, deciders: bool) -> Iterator[Block]:
    if run.state:
        yield rich(paragraph(*_running(told, run)))
    if told.dismissed_by:
        yield rich(paragraph(words("Expected, dismissed by "), who(told.dismissed_by), words(".")))
    if told.muted_until:
        quiet = f"{told.place or 'Alerts on all tickets'}: quiet until "
        muted = [
            words(text.plain(quiet, 100) + " "),
            moment(told.muted_until),
            words(", muted by "),
            who(told.muted_by),
        ]
        yield rich(paragraph(*muted, words(".")))
    shown = list(_buttons(told, run))
    if deciders and shown:
        yield actions(f"spike.{told.key}", shown)


def _running(told: Alert, run: RunOf) -> list[Words]:
    by: list[Words] = [who(told.run_by)] if told.run_by else [words("somebody")]
    if run.state == "posted":
        return [words("Run started by "), *by, words(": "), link(run.url, "open its digest"), words(".")]
    if run.state == "failed":
        return [words(f"The run failed: {phrases.line(run.why)} Nothing was posted.", limit=600)]
    return [words("Running, started by "), *by, words(". Its digest comes into this channel.")]


def _buttons(told: Alert, run: RunOf) -> Iterator[Block]:
    """After a decision the buttons give way to what was decided; what can be taken back, or tried again, stays."""
    about, said = told.place or "all tickets", value(told.key)
    if told.dismissed_by is None and run.state in ("", "failed"):
        again = "Run again" if run.state else "Run now"
        yield button(again, RUN, about, said, style="primary")
    if told.dismissed_by is None and not run.state and told.muted_until is None:
        yield button("Expected, dismiss", DISMISS, about, said)
        title, what = f"Mute for {MUTED_FOR.days} days?", "No alert comes for this until then. It can be taken back."
        yield button(f"Mute {MUTED_FOR.days} days", MUTE, about, said, confirm=confirm(title, what, "Mute", "Leave it"))
    if told.muted_until is not None:
        yield button("Unmute", UNMUTE, about, said)
