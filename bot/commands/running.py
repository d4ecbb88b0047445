"""`run`, `demo`: tickets in, a digest out. Nothing leaves the machine unless `--post` says so."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.commands import asking, papers, planning, rehearsing
from bot.commands import files as filed
from bot.commands.attaching import tracked
from bot.commands.common import (
    BUSY,
    INTERRUPTED,
    PARTIAL,
    SIGN_IN,
    WRONG_USE,
    AsJson,
    ConfigFile,
    Quiet,
    Yes,
    agreed,
    cache,
    fail,
    opened,
    owner,
    say,
    settings,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.domain import Digest, Window
    from bot.report import Tracked
    from bot.runs import Request
    from bot.runs.reading import Watch
    from bot.wiring import Wired

Out = Annotated[
    Path | None, typer.Option("--out", help="Folder for report.html, digest.md and digest.json (default: out/).")
]
Words = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[WINDOW] [FILE]...",
        help="7d, 30d, last-month, last-quarter, 2026-10, 2026-10-01..2026-10-31. "
        "Default: last month of the help desks; all rows of files. A file is the same as with --tickets.",
        show_default=False,
    ),
]
DayFirst = Annotated[
    bool | None,
    typer.Option(
        "--day-first/--month-first",
        help="What 03/04 means in the files, where their dates don't tell.",
        show_default=False,
    ),
]


def add_to(app: typer.Typer) -> None:
    app.command()(run)
    app.command()(demo)


def run(  # noqa: PLR0913 - every argument is one option of the command
    words: Words = None,
    tickets: Annotated[
        list[Path] | None,
        typer.Option(
            "--tickets",
            "-t",
            help="CSV, TSV, JSON or JSONL with tickets; may be given several times. Then help desks are not read.",
        ),
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option("--column", help="Where a header has an unusual name: --column body=Description."),
    ] = None,
    day_first: DayFirst = None,
    source: Annotated[list[str] | None, typer.Option("--source", help="Only tickets of this source.")] = None,
    area: Annotated[list[str] | None, typer.Option("--area", help="Only tickets of this product area.")] = None,
    post: Annotated[bool, typer.Option("--post", help="Post the digest to the Slack channel of the config.")] = False,
    yes: Yes = False,
    llm: Annotated[bool, typer.Option("--llm", help="Let the language model of the config read the tickets.")] = False,
    estimate: Annotated[
        bool, typer.Option("--estimate", help="Send nothing: tell what reading would take, in tokens and money.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Tell what it would read and write; start, store and send nothing.")
    ] = False,
    again: Annotated[bool, typer.Option("--again", help="Read anew what was asked for before.")] = False,
    out: Out = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    config: ConfigFile = None,
) -> None:
    """Read tickets, find what recurs, write the report. Sends nothing anywhere without --post."""
    told = asking.with_model(settings(config), llm=llm or estimate, as_json=as_json)
    columns = _columns(column or [])
    window, named = filed.sorted_out(words or [])
    named = [*(tickets or []), *named]
    files = tuple(str(p.absolute()) for p in named or told.sources.file.paths)  # another process may go on with it
    if post and told.slack is None:
        fail("slack.not_configured", "--post needs a slack stanza in config.yaml.", as_json=as_json)
    if post and not dry_run:
        agreed(f"Post the digest to channel {told.slack and told.slack.channel}?", yes, as_json=as_json)
    with opened(told, as_json=as_json, make=not dry_run) as store:
        from bot import wiring
        from bot.digest import FIRST

        wired = wiring.wired(told, store, cache=told.output.cache or cache())
        known = filed.said(store, files, columns, day_first)
        request = _request(wired, window, files, known, not named, tuple(source or ()), tuple(area or ()), post)
        if known.at is not None and not quiet:
            sys.stderr.write(f"groundswell: {filed.told(known)}\n")
        if dry_run:
            rehearsing.rehearsed(wired, request, out or told.output.dir, as_json=as_json)
            return
        if estimate:
            asking.estimated(wired, request, as_json=as_json)
            return
        if not (again or post) and planning.summed(wired, request, as_json=as_json, quiet=quiet):
            return
        began = time.monotonic()
        made = _carried(wired, request, again=again, as_json=as_json, quiet=quiet)
        took = round(time.monotonic() - began, 2)
        _shown(made, told.output.dir, out, took, as_json=as_json, tracked=tracked(store, made))
        if post:
            _posted(wired, made.making.run_id, as_json=as_json)
        if any(warned.code == FIRST for warned in made.warnings):
            sys.stderr.write(f"groundswell: {made.warnings[0].message}\n")
            raise typer.Exit(PARTIAL)


def demo(
    month: Annotated[str, typer.Argument(help="2026-09 or 2026-10.")] = "2026-10",
    out: Out = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """The whole thing on bundled tickets of an invented product: no key, no network."""
    from bot import wiring
    from bot.commands.progress import Shown
    from bot.config import Config
    from bot.runs import pipeline
    from bot.runs.reading import Asked

    folder = Path(__file__).parent.parent / "demo"
    paths = sorted(folder.glob(f"*-{month}.*"))
    if not paths:
        months = sorted({p.stem[-7:] for p in folder.glob("*-20*.*")})
        unknown = f"there is no demo data for {month!r}."
        fail("demo.unknown_month", unknown, f"Choose one of {', '.join(months)}.", as_json=as_json)
    told, now, began = Config(), datetime.now(UTC), time.monotonic()
    asked = Asked(internal_domains=("lumenboard.example",), config_hash=told.digest)
    sources = wiring.ticket_files(paths, {}, told, now)
    with Shown(quiet=quiet) as watch:
        made = pipeline.run(sources, wiring.embedder(told.output.cache or cache()), told.rules, asked, now, watch)
    _shown(made.digest, told.output.dir, out, round(time.monotonic() - began, 2), as_json=as_json)


def _request(  # noqa: PLR0913
    wired: Wired,
    window: str | None,
    files: tuple[str, ...],
    said: filed.Said,
    desks: bool,
    sources: tuple[str, ...],
    areas: tuple[str, ...],
    post: bool,
) -> Request:
    from bot.runs import Request

    reads_desks = desks and bool(wired.parts.desks)
    if not files and not reads_desks:
        from bot.ports import Refused

        raise Refused(
            "no tickets to read: name a file with --tickets FILE, or a source under sources in config.yaml "
            "(see config.example.yaml)"
        )
    period = _window(window or ("last-month" if reads_desks else None), wired)
    columns = tuple(sorted(said.columns.items()))
    asked = Request(period, areas, sources, files, columns, reads_desks, post)
    return replace(asked, day_first=said.day_first, headers=said.headers)


def _window(text: str | None, wired: Wired) -> Window | None:
    from bot.ports import Refused
    from bot.window import window

    try:
        return window(text, wired.parts.store.now(), wired.parts.rules.timezone) if text else None
    except ValueError as error:
        raise Refused(str(error)) from None


def _carried(wired: Wired, request: Request, *, again: bool, as_json: bool, quiet: bool) -> Digest:
    """The digest of the request: as it is stored, or made now."""
    from bot import current, runs
    from bot.commands.progress import Shown

    parts = wired.parts
    key = runs.manual_key(request, parts, wired.contents(request))
    if again:
        key = runs.another(parts.store, key)
    asked = runs.ask(parts.store, key, "manual", request)
    if asked.state == "DONE" and (made := current.digest(parts.store, key)) is not None:
        if not quiet:
            sys.stderr.write(f"groundswell: asked before, shown as it is stored ({key}); --again reads anew\n")
        return made
    with Shown(quiet=quiet) as watch:
        fresh = _made(wired, key, request, watch, as_json=as_json)
    if fresh is None:
        fail("busy", f"{key} is being made by another process.", "Ask again in a minute.", as_json=as_json, status=BUSY)
    return fresh


def _made(wired: Wired, key: str, request: Request, watch: Watch, *, as_json: bool) -> Digest | None:
    """Ctrl-C gives the run back before it ends the process: the next one need not wait for a dead one's lease."""
    from bot import runs
    from bot.ports import Refused

    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return runs.carry_on(wired.parts, key, owner(), watch)
    except KeyboardInterrupt:
        os.write(2, b"\ngroundswell: stopped; what was read is kept, and the same command goes on from there\n")
        os._exit(INTERRUPTED)  # a model's threads would keep an ordinary exit waiting
    except Refused as refused:
        status = WRONG_USE if request.files else SIGN_IN  # of help desks: a token, a right
        fail("refused", str(refused), as_json=as_json, status=status)


def _posted(wired: Wired, run_key: str, *, as_json: bool) -> None:
    """Sends the posts of a run now; what can't be sent stays due, and `serve` or `groundswell post` goes on with it."""
    from bot.commands.sending import posted

    ended = posted(wired, run_key)
    for line in () if as_json else ended.made:
        say(line)
    if ended.status:  # with --json the digest stands on stdout already
        fail("not_posted", " ".join(ended.faults), as_json=False, status=ended.status)


def _shown(
    made: Digest,
    usual: Path,
    out: Path | None,
    elapsed_s: float,
    *,
    as_json: bool,
    tracked: Mapping[str, Tracked] | None = None,
) -> None:
    """Writes the files and prints. With --json and no folder named, no file is written: the answer is the output."""
    from bot.report.document import document

    told = document(made, elapsed_s=elapsed_s)
    folder = out if as_json else out or usual
    if folder:
        _written(made, told, folder, tracked, as_json=as_json)
    if as_json:
        sys.stdout.write(json.dumps(told, ensure_ascii=False, indent=2) + "\n")
    else:
        _printed(made, folder)


def _written(
    made: Digest, told: dict[str, Any], folder: Path, tracked: Mapping[str, Tracked] | None, *, as_json: bool
) -> None:
    from bot import report
    from bot.report import markdown

    files = {
        "digest.json": json.dumps(told, ensure_ascii=False, indent=2) + "\n",
        "digest.md": markdown.render(made),
        "report.html": report.render(made, tracked),
    }
    try:
        before = papers.held(folder)
        for name, text in files.items():
            papers.write(folder / name, text)
    except OSError as error:
        why = f"{folder} can't be written: {error.strerror}."
        fail("out.unwritable", why, "Nothing was lost: run again with another --out.", as_json=as_json)
    if before and before != papers.held(folder):
        sys.stderr.write(f"groundswell: overwritten in {folder}/: the report of {before}; --out keeps them apart\n")


def _printed(digest: Digest, folder: Path | None) -> None:
    from rich.console import Console

    from bot.report.terminal import table

    console = Console(highlight=False)
    console.print(table(digest))
    if folder:
        console.print(
            f"\nReport   {folder / 'report.html'}\nText     {folder / 'digest.md'}, {folder / 'digest.json'}",
            markup=False,
        )


def _columns(given: list[str]) -> dict[str, str]:
    pairs = [text.partition("=") for text in given]
    for field, _, header in pairs:
        if not field or not header:
            wrong = f"--column {field!r} must be FIELD=HEADER, as in --column body=Description."
            fail("wrong_use", wrong, as_json="--json" in sys.argv)
    return {field.strip(): header for field, _, header in pairs}
