"""Config -> the running parts. The only module that knows which connector and which embedder stand behind a port."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from bot.config import Config
from bot.embedding import Cached, MiniLM
from bot.ports import Embedder, Refused, Source
from connectors import load

_VENDORS = ("zendesk", "intercom")


def embedder(cache: Path | None) -> Embedder:
    """The built-in model, behind a cache of vectors when there is a place for one."""
    model = MiniLM()
    return Cached(model, cache.expanduser()) if cache else model


def ticket_files(paths: Sequence[Path], columns: Mapping[str, str], config: Config, now: datetime) -> list[Source]:
    """One source for each file. Several files are told apart by name, so that their ids can't collide."""
    if not paths:
        raise Refused("no tickets to read: name a file with --tickets FILE, or under sources.file.paths in config.yaml")
    names = _names(paths)
    kind = load("file")
    return [
        kind(
            path,
            columns={**config.sources.file.columns, **columns},
            timezone=config.workspace.timezone,
            now=now,
            source=name,
        )
        for path, name in zip(paths, names, strict=True)
    ]


def _names(paths: Sequence[Path]) -> list[str]:
    """ "zendesk-2026-10.csv" is of zendesk; other files of several are named after themselves; one alone is "file"."""
    names: list[str] = []
    for path in paths:
        vendor = next((v for v in _VENDORS if path.stem.lower().startswith(v)), None)
        stem = path.stem.lower()
        options = [
            vendor or ("file" if len(paths) == 1 else stem),
            stem,
            f"{path.absolute().parent.name.lower()}-{stem}",
        ]
        numbered = (f"{stem}-{n}" for n in range(2, len(paths) + 2))
        names.append(next(name for name in (*options, *numbered) if name not in names))
    return names
