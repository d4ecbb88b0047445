"""`config show|validate|schema`: what is set, by whom, and what is wrong with it. Nothing outside is asked."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from bot.commands.common import WRONG_USE, AsJson, ConfigFile, fail, located, say, surroundings, tell

if TYPE_CHECKING:
    from bot.acts import Finding
    from bot.config import Read

_room = typer.Typer(help="The settings: what they are, who set them, and what is wrong.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    for command in (show, validate, schema):
        _room.command()(command)
    app.add_typer(_room, name="config")


def show(
    everything: Annotated[bool, typer.Option("--all", help="What nobody set, too.")] = False,
    as_json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """Show each setting with where it was set. No part of a secret is shown."""
    found = _read(config, as_json=as_json)
    rows = [(key, value, _by(key, found)) for key, value in _leaves(found.config.model_dump())]
    kept = [row for row in rows if everything or row[2] != "default"]
    if as_json:
        tell({"settings": [{"key": k, "value": v, "from": by} for k, v, by in kept]})
    else:
        for key, value, by in kept:
            say(f"{key:<34} {_short(value):<36} {by}")
        if not kept:
            say("Nothing is set: all defaults. See them with --all.")
    if found.faults:
        sys.stderr.write("groundswell: a stanza with a fault is not shown. See: groundswell config validate\n")
        raise typer.Exit(WRONG_USE)


def validate(as_json: AsJson = False, config: ConfigFile = None) -> None:
    """Say all that is wrong with the settings, with the mend for each. Exit 2 if anything is."""
    found = _read(config, as_json=as_json)
    path = located(config)
    if found.faults:
        _faulty(found.faults, str(path or "the environment"), as_json=as_json)
    if as_json:
        tell({"valid": True, "file": str(path) if path else None, "set": len(found.origins)})
    else:
        say(f"{path or 'The environment'} is valid.")


def schema() -> None:
    """Print the JSON schema of config.yaml, for editors that check as you type."""
    from bot.config import Config

    sys.stdout.write(json.dumps({"$schema": _DRAFT, **Config.model_json_schema()}, indent=2) + "\n")


_DRAFT = "https://json-schema.org/draft/2020-12/schema"


def _read(config: Any, *, as_json: bool) -> Read:
    from bot.config import read
    from bot.ports import Refused

    path = located(config)
    try:
        return read(path, surroundings(path))
    except Refused as refused:
        fail("config.invalid", str(refused), as_json=as_json)


def _faulty(faults: tuple[Finding, ...], where: str, *, as_json: bool) -> NoReturn:
    from bot.phrases import count
    from bot.report.document import failure

    told = f"{count(len(faults), 'fault')} in {where}"
    if not as_json:
        for fault in faults:
            say(f"{fault.message}\n    mend: {fault.mend}")
        fail("config.invalid", f"{told}.", as_json=False)
    whole = failure("config.invalid", f"{told}.", faults[0].mend)
    whole["meta"] = {"faults": [{"message": f.message, "mend": f.mend} for f in faults]}
    sys.stdout.write(json.dumps(whole, ensure_ascii=False) + "\n")
    raise typer.Exit(WRONG_USE)


def _by(key: str, found: Read) -> str:
    """Who set it: a file, a variable (perhaps of a whole table), or nobody."""
    above = [key.rsplit(".", n)[0] for n in range(key.count(".") + 1)]
    by = found.origins.get(key) or next((o for k in above if _variable(o := found.origins.get(k, ""))), "default")
    return f"{by} (.env)" if _variable(by) and by not in os.environ and f"{by}_FILE" not in os.environ else by


def _variable(origin: str) -> bool:
    return origin.startswith("GROUNDSWELL_")


def _leaves(told: Mapping[Any, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    from pydantic import SecretStr

    for key, value in told.items():
        path = f"{above}{key}"
        if isinstance(value, SecretStr):
            yield path, "****" if value.get_secret_value() else ""
        elif isinstance(value, Mapping) and value:
            yield from _leaves(value, f"{path}.")
        elif path == "storage.database":
            yield path, re.sub(r"(?<=:)[^:@/]+(?=@[^@]*$)", "****", str(value))
        else:
            yield path, list(value) if isinstance(value, tuple) else value


def _short(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)
