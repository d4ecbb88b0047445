"""The file `.env` beside the config: tokens that stand in no other file. The real environment goes before it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from bot.ports import Refused

NAME = ".env"
_LINE = re.compile(r"""\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*?)\s*$""")


def parsed(text: str) -> dict[str, str]:
    """NAME=value, one a line; a value may stand in quotes, and ends without them at " #"."""
    return {match[1]: _plain(match[2]) for line in text.splitlines() if (match := _LINE.match(line))}


def updated(text: str, values: Mapping[str, str]) -> str:
    """`text` with these names set: each in its old place or at the end, and every other line as it was."""
    left = dict(values)
    lines = []
    for line in text.splitlines():
        match = _LINE.match(line)
        known = match is not None and match[1] in values
        if not known:
            lines.append(line)
        elif match and match[1] in left:  # of a name that stands twice, one line stays
            lines.append(f"{match[1]}={_quoted(left.pop(match[1]))}")
    return "\n".join([*lines, *(f"{name}={_quoted(value)}" for name, value in left.items())]) + "\n"


def beside(folder: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """The environment, over what the `.env` of `folder` says. Raises Refused when that can't be read."""
    path = folder / NAME
    if not path.is_file():
        return dict(environment)
    try:
        return {**parsed(path.read_text(encoding="utf-8-sig")), **environment}
    except OSError as error:
        raise Refused(f"{path} can't be read: {error.strerror}. Make it readable for this user.") from None
    except UnicodeDecodeError:
        raise Refused(f"{path} is no text: write it as NAME=value, one a line.") from None


def write(folder: Path, values: Mapping[str, str]) -> Path:
    """Sets names in the `.env` of `folder`, for this user alone (mode 600), whole or not at all. Raises Refused."""
    path, partial = folder / NAME, folder / f"{NAME}.part"
    try:
        before = path.read_text(encoding="utf-8-sig") if path.exists() else ""
        partial.unlink(missing_ok=True)
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(updated(before, values))
        partial.replace(path)
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"{path} can't be written ({type(error).__name__}): nothing of it was changed.") from None
    return path


def open_to_others(folder: Path) -> Iterator[Path]:
    """The files with tokens in them that other users of this machine may read."""
    path = folder / NAME
    if path.is_file() and path.stat().st_mode & 0o077:
        yield path


def _plain(value: str) -> str:
    quote = value[:1]
    if quote in ("'", '"') and (end := value.find(quote, 1)) > 0:
        return value[1:end]
    return re.split(r"\s#", value, maxsplit=1)[0].rstrip()


def _quoted(value: str) -> str:
    """As `parsed` reads it back. Raises Refused for what holds a line's end or both kinds of quotes: no token does."""
    if "\n" in value or "\r" in value or ("'" in value and '"' in value):
        raise Refused("a value for .env must be one line without quotes in it")
    if re.fullmatch(r"[\w./:@%+=,-]*", value):
        return value
    return f'"{value}"' if "'" in value else f"'{value}'"
