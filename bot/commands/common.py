"""What all commands share: the config, the store, how a fault is said, and how a person is asked."""

from __future__ import annotations

import json
import os
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

if TYPE_CHECKING:
    from bot.config import Config
    from bot.store import Store

FAILED, WRONG_USE, SIGN_IN, AWAY, PARTIAL, BUSY, INTERRUPTED = 1, 2, 4, 5, 6, 75, 130

ConfigFile = Annotated[
    Path | None, typer.Option("--config", "-c", help="config.yaml; default: ./config.yaml where there is one.")
]
AsJson = Annotated[
    bool, typer.Option("--json", help="One JSON object on stdout (groundswell/v1), everything else on stderr.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Don't ask: this is meant.")]
RunKey = Annotated[
    str | None, typer.Option("--run", help="Key of a run, as `groundswell history` shows it; default: the newest.")
]


def settings(path: Path | None) -> Config:
    """The config, or exit 2 with all that is wrong in it."""
    from bot.config import load
    from bot.ports import Refused

    found = located(path)
    try:
        return load(found, surroundings(found))
    except Refused as refused:
        fail("config.invalid", str(refused), as_json="--json" in sys.argv)


def located(path: Path | None) -> Path | None:
    """The config file: the one that is named, by option or environment, else ./config.yaml where there is one."""
    named = path or (Path(os.environ["GROUNDSWELL_CONFIG"]) if os.environ.get("GROUNDSWELL_CONFIG") else None)
    return named or (Path("config.yaml") if Path("config.yaml").is_file() else None)


def surroundings(config: Path | None) -> dict[str, str]:
    """The environment, over the `.env` beside the config. Raises Refused when that can't be read."""
    from bot.config import dotenv

    return dotenv.beside(config.parent if config else Path(), os.environ)


@contextmanager
def opened(config: Config, *, as_json: bool = False, make: bool = False) -> Iterator[Store]:
    """The database, for the length of one command; what can't be done is one sentence and an exit code.

    Where there is no file yet, only a command that reads tickets may `make` it: to any other it is as if there were an
    empty one, and nothing is left behind in a folder that may be the wrong one.
    """
    from bot.commands import logs
    from bot.ports import Refused, Unavailable

    logs.to_stderr()
    with ExitStack() as until:
        try:
            yield _store(config, until, make=make)
        except Refused as refused:
            fail("refused", str(refused), as_json=as_json)
        except Unavailable as away:
            fail("unavailable", str(away), "Nothing was lost: try again later.", as_json=as_json, status=AWAY)


def _store(config: Config, until: ExitStack, *, make: bool) -> Store:
    from bot import wiring
    from bot.store.opening import absent

    missing = None if make else absent(config.storage.database)
    if missing is not None:
        sys.stderr.write(f"groundswell: there is no database at {missing} yet\n")
        folder = until.enter_context(tempfile.TemporaryDirectory(prefix="groundswell-"))
        config = config.model_copy(update={"storage": type(config.storage)(database=f"sqlite:///{folder}/empty.db")})
    store = wiring.store(config)
    until.callback(store.close)
    return store


def cache() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "groundswell" / "vectors.db"


def owner() -> str:
    """Names this process in a lease."""
    return f"{socket.gethostname()}:{os.getpid()}"


def actor() -> str:
    """Who decides, when it is the command: the login name, as the audit shows it."""
    import getpass

    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):  # a container's user may have no name
        return f"cli:uid-{os.getuid()}"


def agreed(question: str, yes: bool, *, as_json: bool = False) -> None:
    """Asks on a terminal; elsewhere nothing that leaves the machine is guessed: exit 2 without --yes."""
    if yes:
        return
    if not sys.stdin.isatty() or as_json:
        fail("not_confirmed", f"{question} Nothing was done.", "Say --yes if it is meant.", as_json=as_json)
    if not typer.confirm(question, err=True):
        raise typer.Exit(WRONG_USE)


def tell(told: dict[str, Any], error: dict[str, Any] | None = None) -> None:
    """The one object on stdout that --json promises; `ok` is false with an `error`, as in `report.document.failure`."""
    from bot.report.document import SCHEMA

    whole = {"ok": error is None, "schema": SCHEMA, "data": told, "error": error, "meta": {}}
    sys.stdout.write(json.dumps(whole, ensure_ascii=False, indent=2, default=str) + "\n")


def say(line: str = "") -> None:
    sys.stdout.write(line + "\n")


def fail(code: str, message: str, suggestion: str = "", *, as_json: bool, status: int = WRONG_USE) -> NoReturn:
    """One clear sentence on stderr (and the error envelope on stdout with --json), and the exit status."""
    from bot.report.document import failure

    if as_json:
        told = failure(code, message, suggestion, retryable=status in (AWAY, BUSY))
        sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
    sys.stderr.write(f"groundswell: {message}{' ' + suggestion if suggestion else ''}\n")
    raise typer.Exit(status)
