"""`run --dry-run`: what a run would read and leave behind. Nothing is started, stored, written or sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from bot import phrases
from bot.commands.common import say, tell

if TYPE_CHECKING:
    from bot.digest import Reading
    from bot.runs import Request
    from bot.wiring import Wired


def rehearsed(wired: Wired, request: Request, folder: Path, *, as_json: bool) -> None:
    """Reads the files; of help desks it counts what is stored, since reading them would store. Raises Refused."""
    reading = _read(wired, request)
    left_out = Counter(why for _, why in reading.left_out)
    if as_json:
        told = {"window": reading.window.label, "sources": _sources(wired, request), "tickets": len(reading.tickets)}
        rejects = [{"where": r.where, "why": r.why} for r in reading.rejects]
        tell({"started": False, **told, "left_out": dict(left_out), "rejects": rejects})
        return
    say("Nothing was started, and nothing written. A run would")
    say(
        f"  read   {phrases.count(len(reading.tickets), 'ticket')} of {reading.window.label}, from "
        + _from(wired, request)
    )
    for why, number in left_out.most_common():
        say(f"         {number:,} left out: {why}")
    for reject in reading.rejects[:3]:
        say(f"         not readable: {reject.where}: {reject.why}")
    if len(reading.rejects) > 3:
        say(f"         and {len(reading.rejects) - 3:,} more rows that can't be read")
    say(f"  write  report.html, digest.md and digest.json into {folder}/, and the run into the database")
    slack = wired.config.slack
    say(f"  send   {f'the digest to {slack.channel}' if request.post and slack else 'nothing'}")


def _read(wired: Wired, request: Request) -> Reading:
    from bot.runs.reading import Asked, Unwatched, arranged, collect

    parts, window = wired.parts, request.window
    fresh = collect(parts.files(request), Unwatched())
    stored = []
    if request.desks and window and window.start and window.end:
        stored = parts.store.tickets.between(window.start, window.end)
    whole = replace(
        fresh, tickets=tuple(sorted({t.id: t for t in (*stored, *fresh.tickets)}.values(), key=lambda t: t.id))
    )
    named = window.label if window else None
    asked = Asked(named, request.areas, request.sources, tuple(parts.internal_domains))
    return arranged(whole, asked, parts.rules, window)


def _sources(wired: Wired, request: Request) -> list[str]:
    return [*(wired.parts.desks if request.desks else ()), *request.files]


def _from(wired: Wired, request: Request) -> str:
    named = list(_named(wired, request))
    first = "; a run reads on from there first" if request.desks and wired.parts.desks else ""
    return f"{', '.join(named)}{first}"


def _named(wired: Wired, request: Request) -> Iterator[str]:
    for name in wired.parts.desks if request.desks else ():
        place = wired.parts.store.tickets.place(name)
        read = f"as read up to {place.high_water:%Y-%m-%d %H:%M} UTC" if place and place.high_water else "not read yet"
        yield f"{phrases.source_name(name)} ({read})"
    if request.files:
        yield phrases.count(len(request.files), "file")
