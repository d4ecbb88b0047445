"""The command tree. Thin: reads arguments, calls wiring and pipeline, prints. Heavy imports wait for their command."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from bot import __version__

if TYPE_CHECKING:
    from bot.config import Config
    from bot.domain import Digest
    from bot.pipeline import Run
    from bot.reading import Asked

app = typer.Typer(
    name="groundswell",
    help="From a month of support tickets to five to eight product themes, and one backlog item for each.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

WRONG_USE, FAILED, INTERRUPTED = 2, 1, 130

ConfigFile = Annotated[
    Path | None, typer.Option("--config", "-c", help="config.yaml; default: ./config.yaml where there is one.")
]
AsJson = Annotated[
    bool, typer.Option("--json", help="One JSON object on stdout (groundswell/v1), everything else on stderr.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")]
Out = Annotated[
    Path | None, typer.Option("--out", help="Folder for report.html, digest.md and digest.json (default: out/).")
]


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"groundswell {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


@app.command()
def run(  # noqa: PLR0913 - every argument is one option of the command
    window: Annotated[
        str | None,
        typer.Argument(
            help="7d, 30d, last-month, last-quarter, 2026-10, 2026-10-01..2026-10-31. Default for files: all rows."
        ),
    ] = None,
    tickets: Annotated[
        list[Path] | None,
        typer.Option("--tickets", "-t", help="CSV, TSV, JSON or JSONL with tickets; may be given several times."),
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option("--column", help="Where a header has an unusual name: --column body=Description."),
    ] = None,
    source: Annotated[list[str] | None, typer.Option("--source", help="Only tickets of this source.")] = None,
    area: Annotated[list[str] | None, typer.Option("--area", help="Only tickets of this product area.")] = None,
    out: Out = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    config: ConfigFile = None,
) -> None:
    """Read tickets, find what recurs, write the report. Sends nothing anywhere."""
    from bot.reading import Asked

    settings, now = _settings(config), datetime.now(UTC)
    asked = Asked(
        window=window,
        areas=tuple(area or ()),
        sources=tuple(source or ()),
        internal_domains=settings.customers.internal_domains,
        config_hash=settings.digest,
    )
    _digest(
        tickets or list(settings.sources.file.paths),
        _columns(column or []),
        asked,
        settings,
        now,
        out,
        as_json=as_json,
        quiet=quiet,
    )


@app.command()
def demo(
    month: Annotated[str, typer.Argument(help="2026-09 or 2026-10.")] = "2026-10",
    out: Out = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """The whole thing on bundled tickets of an invented product: no key, no network."""
    from bot.config import Config
    from bot.reading import Asked

    folder = Path(__file__).parent / "demo"
    paths = sorted(folder.glob(f"*-{month}.*"))
    if not paths:
        months = sorted({p.stem[-7:] for p in folder.glob("*-20*.*")})
        _fail(
            "demo.unknown_month",
            f"there is no demo data for {month!r}.",
            f"Choose one of {', '.join(months)}.",
            as_json=as_json,
        )
    settings = Config()
    asked = Asked(internal_domains=("lumenboard.example",), config_hash=settings.digest)
    _digest(paths, {}, asked, settings, datetime.now(UTC), out, as_json=as_json, quiet=quiet)


def _digest(  # noqa: PLR0913
    paths: list[Path],
    columns: dict[str, str],
    asked: Asked,
    settings: Config,
    now: datetime,
    out: Path | None,
    *,
    as_json: bool,
    quiet: bool,
) -> None:
    """Runs, writes the files and prints, for `run` and `demo` alike."""
    from bot import pipeline, wiring
    from bot.document import document
    from bot.ports import Refused
    from bot.progress import Shown

    began = time.monotonic()
    try:
        sources = wiring.ticket_files(paths, columns, settings, now)
        embedder = wiring.embedder(settings.output.cache or _cache())
        with Shown(quiet=quiet) as watch:
            made = pipeline.run(sources, embedder, settings.rules, asked, now, watch)
    except Refused as refused:
        _fail("refused", str(refused), as_json=as_json)
    except ValueError as error:
        _fail("wrong_use", str(error), as_json=as_json)
    told = document(made.digest, elapsed_s=round(time.monotonic() - began, 2))
    # With --json and no folder named, nothing is written: the answer is the output.
    folder = out if as_json else out or settings.output.dir
    if folder:
        _written(made, told, folder, as_json=as_json)
    if as_json:
        sys.stdout.write(json.dumps(told, ensure_ascii=False, indent=2) + "\n")
    else:
        _printed(made.digest, folder)


def _written(made: Run, told: dict[str, Any], folder: Path, *, as_json: bool) -> None:
    from bot import markdown, report

    files = {
        "digest.json": json.dumps(told, ensure_ascii=False, indent=2) + "\n",
        "digest.md": markdown.render(made.digest),
        "report.html": report.render(made.digest),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            unfinished = folder / f".{name}.part"
            unfinished.write_text(text, encoding="utf-8")
            unfinished.replace(folder / name)
    except OSError as error:
        _fail(
            "out.unwritable",
            f"{folder} can't be written: {error.strerror}.",
            "Nothing was lost: run again with another --out.",
            as_json=as_json,
        )


def _printed(digest: Digest, folder: Path | None) -> None:
    from rich.console import Console

    from bot.terminal import table

    console = Console(highlight=False)
    console.print(table(digest))
    if folder:
        console.print(
            f"\nReport   {folder / 'report.html'}\nText     {folder / 'digest.md'}, {folder / 'digest.json'}",
            markup=False,
        )


def _settings(path: Path | None) -> Config:
    from bot.config import load
    from bot.ports import Refused

    named = path or (Path(os.environ["GROUNDSWELL_CONFIG"]) if os.environ.get("GROUNDSWELL_CONFIG") else None)
    found = named or (Path("config.yaml") if Path("config.yaml").is_file() else None)
    try:
        return load(found, os.environ)
    except Refused as refused:
        _fail("config.invalid", str(refused), as_json="--json" in sys.argv)


def _columns(given: list[str]) -> dict[str, str]:
    pairs = [text.partition("=") for text in given]
    for field, _, header in pairs:
        if not field or not header:
            _fail(
                "wrong_use",
                f"--column {field!r} must be FIELD=HEADER, as in --column body=Description.",
                as_json="--json" in sys.argv,
            )
    return {field.strip(): header for field, _, header in pairs}


def _cache() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "groundswell" / "vectors.db"


def _fail(code: str, message: str, suggestion: str = "", *, as_json: bool) -> NoReturn:
    """One clear sentence on stderr (and the error envelope on stdout with --json), exit code 2."""
    from bot.document import failure

    if as_json:
        sys.stdout.write(json.dumps(failure(code, message, suggestion), ensure_ascii=False) + "\n")
    sys.stderr.write(f"groundswell: {message}{' ' + suggestion if suggestion else ''}\n")
    raise typer.Exit(WRONG_USE)


def main() -> None:
    """The entry point: a reader that went away (`| head`) is no error, Ctrl-C says so."""
    signal.signal(signal.SIGINT, _stopped)
    try:
        app()
        sys.stdout.flush()
    except OSError as error:
        if not isinstance(error, BrokenPipeError):
            sys.stderr.write(f"groundswell: the output can't be written: {error.strerror}\n")
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.exit(FAILED)


def _stopped(*_: object) -> NoReturn:
    """At once, wherever the run is: files appear whole or not at all, and the cache keeps what was embedded."""
    os.write(2, b"groundswell: stopped; nothing was sent, and no report was written\n")
    os._exit(INTERRUPTED)
