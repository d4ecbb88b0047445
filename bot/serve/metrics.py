"""Figures -> Prometheus' text format, version 0.0.4. Pure; the format is 20 lines, its library has state of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from bot.store import Figure

TYPE = "text/plain; version=0.0.4; charset=utf-8"


def exposition(figures: Iterable[Figure]) -> str:
    """Figures of one name must stand together, as the format wants it."""
    return "\n".join(_lines(figures)) + "\n"


def _lines(figures: Iterable[Figure]) -> Iterator[str]:
    for name, group in groupby(figures, key=lambda f: f.name):
        some = list(group)
        yield f"# HELP {name} {some[0].help}"
        yield f"# TYPE {name} gauge"
        for figure in some:
            labels = ",".join(f'{key}="{_escaped(value)}"' for key, value in figure.labels.items())
            yield f"{name}{{{labels}}} {figure.value:g}" if labels else f"{name} {figure.value:g}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
