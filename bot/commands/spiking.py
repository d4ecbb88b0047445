"""`spike check`: what the hourly check sees, at once and on the terminal."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.commands.common import AWAY, FAILED, AsJson, ConfigFile, Yes, agreed, cache, fail, opened, say, settings, tell

if TYPE_CHECKING:
    from bot.runs.lookout import Sight
    from bot.spikes import Alert, Past, Series, Spike
    from bot.wiring import Wired

_room = typer.Typer(help="More tickets than usual: what is seen, and what is told of it.", no_args_is_help=True)
_PATIENCE = 30.0  # seconds for Slack to take the alerts


def add_to(app: typer.Typer) -> None:
    _room.command()(check)
    app.add_typer(_room, name="spike")


@_room.callback()
def _root() -> None:
    """With a callback a room of one command keeps that command's name."""


def check(
    post: Annotated[bool, typer.Option("--post", help="Tell Slack of what is seen, as `serve` would.")] = False,
    yes: Yes = False,
    as_json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """Hold the last hours against the same hours of the last eight weeks. Sends nothing without --post."""
    from bot import wiring

    told = settings(config)
    with opened(told, as_json=as_json) as store:
        wired = wiring.wired(told, store, cache=told.output.cache or cache())
        if post and wired.alertboard is None:
            fail("slack.not_configured", "there is no slack stanza in the config.", as_json=as_json)
        if post and not told.spikes.enabled:
            fail("spikes.off", "spikes.enabled is false in the config.", as_json=as_json)
        sight = wired.lookout.look()
        if not as_json:
            _say(sight)
        kept: list[Alert] = []
        if post and told.slack is not None:
            agreed(f"Tell channel {told.slack.channel} of what is seen?", yes, as_json=as_json)
            kept = wired.lookout.keep(sight)
        if as_json:
            tell({**_told(sight), "alerts": [a.key for a in kept]})
        _send(wired, kept, as_json)


def _send(wired: Wired, kept: list[Alert], as_json: bool) -> None:
    """Sees the alerts into the channel; what Slack can't take now is kept for `serve`."""
    board = wired.alertboard
    if board is None:
        return
    for alert in kept:
        effect = wired.ledger.settle(board.act(alert).key, patience=_PATIENCE, sleep=time.sleep)
        if effect is not None and effect.receipt is None:
            why = f"the alert {alert.key} is not in Slack: {effect.error or 'no answer yet'}"
            fail("not_posted", f"{why}.", as_json=False, status=FAILED if effect.state == "FAILED" else AWAY)
        if not as_json:
            say(f"Alert    {alert.key}, {(effect and effect.receipt and effect.receipt.url) or 'in Slack'}")
    board.redraw()


def _say(sight: Sight) -> None:
    for remark in sight.remarks:
        say(remark)
    if sight.since is None:
        return
    say(f"Whole hours until {sight.check.end:%Y-%m-%d %H:%M} UTC, complete since {sight.since:%Y-%m-%d}.\n")
    say(f"{'last 24 hours':<44}{'tickets':>8}{'usual':>7}  range")
    for one in sight.series:
        past = sight.check.past(one, 24)
        if past is not None and (past.tickets or past.usual):
            say(f"{_name(one):<44}{past.tickets:>8,}{past.usual:>7g}  {_range(past)}")
    say("" if sight.spikes else "\nNo spike.")
    for spike in sight.spikes:
        say(f"SPIKE  {_line(spike)}")


def _line(spike: Spike) -> str:
    from bot.slack.alerts import rarity

    hours = "hour" if spike.hours == 1 else f"{spike.hours} hours"
    return f"{_name(spike)}: {spike.tickets:,} tickets in the last {hours}, usual {spike.usual:g}. {rarity(spike)}."


def _name(of: Series | Spike) -> str:
    from bot.phrases import heading

    named = {"total": "all tickets", "wording": "new wording, like no known theme"}
    return named.get(of.cause) or heading(f"{of.cause} {of.name}")[:42]


def _range(past: Past) -> str:
    return f"{min(past.weeks)} to {max(past.weeks)}, {len(past.weeks)} weeks"


def _told(sight: Sight) -> dict[str, Any]:
    spikes = [
        {
            "cause": s.cause,
            "name": s.name,
            "area": s.place or None,
            "start": s.start.isoformat(),
            "end": s.end.isoformat(),
            "tickets": s.tickets,
            "usual": s.usual,
            "range": [s.low, s.high],
            "weeks": s.weeks,
            "by_chance_once_in_hours": round(s.once_in),
        }
        for s in sight.spikes
    ]
    end = sight.check.end.isoformat() if sight.since else None
    return {"until": end, "spikes": spikes, "remarks": list(sight.remarks)}
