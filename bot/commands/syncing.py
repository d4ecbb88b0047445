"""`sync`, `capture`: what help desks hold, into the database; and what they answer, for a report of a mismatch."""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.commands import papers
from bot.commands.common import (
    AWAY,
    PARTIAL,
    SIGN_IN,
    AsJson,
    ConfigFile,
    Quiet,
    Yes,
    agreed,
    fail,
    opened,
    say,
    settings,
    tell,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.config import Config
    from bot.ports import Source
    from bot.runs.sync import Synced
    from bot.store import Store

_EXAMPLES = 3  # rejects that are named for each source


def add_to(app: typer.Typer) -> None:
    app.command()(sync)
    app.command()(capture)


def sync(
    since: Annotated[
        str | None,
        typer.Option("--since", help="Read at least back to here: 2026-10-01, 90d, 2026-10. Default: nine weeks."),
    ] = None,
    source: Annotated[
        list[str] | None, typer.Option("--source", help="Only this help desk: zendesk, intercom.")
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    config: ConfigFile = None,
) -> None:
    """Read what is new in the help desks into the database. Reads only; interrupted, it goes on where it stopped."""
    told = settings(config)
    with opened(told, as_json=as_json, make=True) as store:
        desks = _desks(told, source or [], quiet=quiet, as_json=as_json)
        begin = _begin(since, store, told.workspace.timezone, as_json=as_json)
        came = _synced(store, desks, begin, quiet=quiet)
        failed = [one for one in came if one.fault]
        faults = " ".join(f"{one.source}: {one.fault}" for one in failed)
        if failed and len(failed) == len(came):
            status = SIGN_IN if all(one.refused for one in failed) else AWAY
            fail("sources.not_read", faults, as_json=as_json, status=status)
        if as_json:
            tell({"sources": [_row(one, store) for one in came]})
        else:
            _told(came, store)
        if failed:
            sys.stderr.write(f"groundswell: {faults}\n")
            raise typer.Exit(PARTIAL)


def capture(
    source: Annotated[str, typer.Argument(help="zendesk or intercom.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for the files; made where there is none.")],
    yes: Yes = False,
    as_json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """Write a few masked answers of a help desk to files, to report that they are not as expected. Sends nothing."""
    from bot.ports import Sampled
    from bot.redact.capture import Masking

    told = settings(config)
    with opened(told, as_json=as_json):
        desk = next(iter(_desks(told, [source], quiet=True, as_json=as_json).values()))
        assert isinstance(desk, Sampled), f"{source} has no samples"  # noqa: S101 - every help desk of ours has
        question = f"Read a few answers of {source} and write them, masked, into {out}? Nothing leaves this machine."
        agreed(question, yes, as_json=as_json)
        masking = Masking()
        files = [_written(out, f"{source.casefold()}-{name}.json", masking.masked(a)) for name, a in desk.samples()]
    if as_json:
        tell({"files": files})
        return
    for file in files:
        say(f"  {file}")
    say("Names, addresses and words are masked, ids numbered. Look through the files before you pass them on.")


def _written(folder: Path, name: str, answer: Any) -> str:
    """For the owner alone: masked or not, it is nobody else's before a person says so."""
    from bot.ports import Refused

    path = folder / name
    try:
        papers.write(path, json.dumps(answer, ensure_ascii=False, indent=2) + "\n")
    except OSError as error:
        raise Refused(f"{path} can't be written: {error.strerror}. Name another folder with --out.") from None
    return str(path)


def _desks(told: Config, named: Sequence[str], *, quiet: bool, as_json: bool) -> Mapping[str, Source]:
    """The configured help desks, or those of them that are named."""
    from bot import wiring

    def waits(why: str) -> None:
        if not quiet:
            sys.stderr.write(f"  … {why}\n")

    desks = wiring.desks(told, waits)
    if not desks:
        fail("no_help_desk", "no help desk is configured: see sources in config.example.yaml.", as_json=as_json)
    unknown = [name for name in named if name.casefold() not in desks]
    if unknown:
        known = f"Configured are: {', '.join(desks)}."
        fail("unknown_source", f"there is no help desk {unknown[0]!r} in the config.", known, as_json=as_json)
    return {n: desk for n, desk in desks.items() if not named or n in {name.casefold() for name in named}}


def _begin(since: str | None, store: Store, timezone: str, *, as_json: bool) -> datetime:
    """Where reading begins. A single day is said as in any other window, without its end."""
    from bot.runs.sync import BACKFILL
    from bot.window import GRAMMAR, window

    if since is None:
        return store.now() - BACKFILL
    starts = []
    for text in (since, f"{since}.."):
        with suppress(ValueError):
            starts.append(window(text, store.now(), timezone).start)
    if not starts or starts[0] is None:
        wrong = f"--since {since!r} is not a day in the past: write 2026-10-01, or as windows are written: {GRAMMAR}."
        fail("wrong_use", wrong, as_json=as_json)
    return starts[0]


def _synced(store: Store, desks: Mapping[str, Source], begin: datetime, *, quiet: bool) -> list[Synced]:
    """One after the other, each for itself: that one is away is no reason not to read the next."""
    from bot.commands.progress import Shown
    from bot.runs.sync import UNREAD
    from bot.runs.sync import sync as synced

    came = []
    with Shown(quiet=quiet) as watch:
        for name, desk in desks.items():
            step = f"Read {name}"
            one = synced(store, name, desk, begin, watch.step(step))
            watch.done(step, UNREAD if one.fault else _counted(one), well=not one.fault)
            came.append(one)
    return came


def _counted(one: Synced) -> str:
    parts = [f"{one.tickets:,} new or changed"]
    parts += [f"{one.tombstones:,} deleted"] if one.tombstones else []
    parts += [f"{one.rejects:,} not readable"] if one.rejects else []
    return ", ".join(parts)


def _told(came: Sequence[Synced], store: Store) -> None:
    """What there is now, and what a reader should know of it."""
    for one in came:
        place = store.tickets.place(one.source)
        until = f", complete up to {place.high_water:%Y-%m-%d %H:%M} UTC" if place and place.high_water else ""
        say(f"{one.source}: {store.tickets.count(one.source):,} tickets stored{until}")
        for reject in one.examples[:_EXAMPLES]:
            say(f"  not readable: {reject.where}: {reject.why}")
        if one.rejects > _EXAMPLES:
            say(f"  and {one.rejects - _EXAMPLES:,} more that could not be read")
        for warned in one.warnings:
            say(f"  {warned.message}")


def _row(one: Synced, store: Store) -> dict[str, Any]:
    place = store.tickets.place(one.source)
    return {
        "source": one.source,
        "tickets": one.tickets,
        "deleted": one.tombstones,
        "rejects": one.rejects,
        "examples": [{"where": r.where, "why": r.why} for r in one.examples],
        "warnings": [{"code": w.code, "message": w.message} for w in one.warnings],
        "stored": store.tickets.count(one.source),
        "complete_to": place.high_water.isoformat() if place and place.high_water else None,
        "fault": one.fault,
    }
