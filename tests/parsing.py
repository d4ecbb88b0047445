"""Whether a command line that a document or a deployment names is one that exists: parsed, not carried out."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from typing import Any

from typer.main import get_command

from bot.cli import app


def parsed(words: Sequence[str]) -> list[str]:
    """The names of the commands in `words` ("groundswell" left out). Raises what click raises for wrong use."""
    command: Any = get_command(app)
    names, rest, parent = [], list(words), None
    while True:
        context = command.make_context(command.name, rest, parent=parent, resilient_parsing=False)
        if not hasattr(command, "commands"):
            return names
        name, command, rest = command.resolve_command(context, [*context._protected_args, *context.args])
        names.append(name)
        parent = context


def spoken(text: str) -> Iterator[list[str]]:
    """The command lines that begin with groundswell, wherever they stand in a console block, without their remarks."""
    for line in text.splitlines():
        if match := re.match(r"\s*\$?\s*(?:(?:sudo|run:|-)\s+)*(?:\S*/)?groundswell\s+(.+)", line):
            yield shlex.split(re.split(r"\s[|>]\s?", match[1])[0], comments=True)
