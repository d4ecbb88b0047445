"""The command tree. Heavy imports wait for their command, so that `groundswell --help` answers at once."""

from __future__ import annotations

import os
import signal
import sys
from typing import Annotated, NoReturn

import typer

from bot import __version__
from bot.commands import (
    asking,
    attaching,
    beginning,
    configuring,
    correcting,
    customers,
    deciding,
    keeping,
    linking,
    looking,
    measuring,
    running,
    serving,
    signalling,
    spiking,
    syncing,
    undoing,
)
from bot.commands.common import FAILED, INTERRUPTED

app = typer.Typer(
    name="groundswell",
    help="From a month of support tickets to five to eight product themes, and one backlog item for each.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


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


for room in (
    beginning,
    running,
    syncing,
    looking,
    deciding,
    undoing,
    attaching,
    linking,
    correcting,
    measuring,
    signalling,
    serving,
    spiking,
    configuring,
    keeping,
    asking,
    customers,
):
    room.add_to(app)


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
    """At once, wherever the run is: files appear whole or not at all, and what was embedded or stored stays."""
    os.write(2, b"groundswell: stopped; nothing was sent, and no report was written\n")
    os._exit(INTERRUPTED)
