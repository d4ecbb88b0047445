"""`db`, `health`: what keeps an installation well. Nothing leaves the machine."""

from __future__ import annotations

import http.client
import json
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.commands.common import FAILED, AsJson, ConfigFile, Yes, actor, agreed, fail, opened, say, settings, tell

_room = typer.Typer(help="The database: bring it up to date, copy it, put a copy back.", no_args_is_help=True)
_LET_GO = {"texts": "text", "answers": "answer", "clicks": "click", "sent": "sent message"}
_PATIENCE = 3.0  # seconds; a container's probe has five


def add_to(app: typer.Typer) -> None:
    for command in (migrate, backup, restore):
        _room.command()(command)
    app.add_typer(_room, name="db")
    app.command()(health)
    app.command()(retention)


def migrate(as_json: AsJson = False, config: ConfigFile = None) -> None:
    """Make the database, or bring it up to date; of a SQLite file a copy is kept first. Every command does it, too."""
    with opened(settings(config), as_json=as_json, make=True) as store:
        tell({"database": store.place}) if as_json else say(f"{store.place} is up to date")


def backup(
    into: Annotated[Path, typer.Argument(help="The file to write; it must not be there.")],
    as_json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """Copy the SQLite database while it is in use: whole, and for this user alone."""
    from bot.ports import Refused
    from bot.store.copying import backup as copy
    from bot.store.opening import parsed

    told = settings(config)
    try:
        copy(parsed(told.storage.database), into)
    except Refused as refused:
        fail("no_copy", str(refused), as_json=as_json, status=FAILED)
    tell({"copy": str(into), "bytes": into.stat().st_size}) if as_json else say(f"Copied to {into}")


def restore(
    copy: Annotated[Path, typer.Argument(help="A file that `db backup` wrote.")],
    yes: Yes = False,
    as_json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """Put a copy in the place of the SQLite database. Stop `serve` first; what was there is kept beside it."""
    from bot.effects import RESTORED
    from bot.ports import Refused
    from bot.store.copying import restore as put_back
    from bot.store.opening import parsed

    told = settings(config)
    agreed(f"Put {copy} in the place of the database?", yes, as_json=as_json)
    try:
        kept = put_back(parsed(told.storage.database), copy)
    except Refused as refused:
        fail("not_restored", str(refused), as_json=as_json, status=FAILED)
    with opened(told, as_json=as_json) as store:  # the ledger looks from now on for what the copy can't know
        store.audit.write(actor(), RESTORED, str(copy), {"kept": str(kept)})
    tell({"kept": str(kept)}) if as_json else say(f"{copy} is in place; what was there is {kept}")


def health(as_json: AsJson = False, config: ConfigFile = None) -> None:
    """Ask the `serve` of this config whether it does its work: exit 0 when it is ready, else 1."""
    told = settings(config)
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(told.server.host, told.server.host)  # noqa: S104 - not bound
    ready = _ready(host, told.server.port)
    if ready is None:
        mend = "Start groundswell serve, or look at its log."
        fail("not_serving", f"nobody answers at {host}:{told.server.port}.", mend, as_json=as_json, status=FAILED)
    if not all(ready.values()):
        parts = ", ".join(name for name, well in ready.items() if not well)
        fail("not_ready", f"not ready: {parts}.", "Look at its log.", as_json=as_json, status=FAILED)
    tell({"ready": ready}) if as_json else say("ready")


def retention(as_json: AsJson = False, config: ConfigFile = None) -> None:
    """Let go of what is older than `retention` says, now; `serve` does it every day. Counts and decisions stay."""
    told = settings(config)
    with opened(told, as_json=as_json) as store:
        from bot.phrases import count
        from bot.store import Kept

        gone = store.age(Kept(**told.retention.model_dump()))
        if as_json:
            tell({"gone": dict(gone)})
        else:
            say("Let go: " + ", ".join(count(gone[name], noun) for name, noun in _LET_GO.items()))


def _ready(host: str, port: int) -> dict[str, Any] | None:
    connection = http.client.HTTPConnection(host, port, timeout=_PATIENCE)
    try:
        connection.request("GET", "/readyz")
        told = json.loads(connection.getresponse().read())
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()
    return told if isinstance(told, dict) and told else None
