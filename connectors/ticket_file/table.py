"""What reading makes of a file before anybody knows what its columns mean: rows, each with its place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bot.domain import Reject, Warned


@dataclass(frozen=True, slots=True)
class Row:
    """One row: header -> value, and its place in the file, as people say it."""

    number: int
    unit: str
    values: dict[str, Any]

    @property
    def where(self) -> str:
        return f"{self.unit} {self.number}"


@dataclass(frozen=True, slots=True)
class Table:
    """`named`: the file itself names its columns, so that people know them by these headers."""

    headers: tuple[str, ...]
    rows: tuple[Row, ...]
    rejects: tuple[Reject, ...] = ()
    warnings: tuple[Warned, ...] = ()
    named: bool = True
