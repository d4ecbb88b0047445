"""What the method asks for from outside. Whoever drives it can cache, batch, price or stop; the method stays pure."""

from __future__ import annotations

from dataclasses import dataclass

from bot.ports import Question


@dataclass(frozen=True, slots=True)
class Embed:
    """One vector for each text, in order. `what` says it for a progress bar."""

    texts: tuple[str, ...]
    what: str


@dataclass(frozen=True, slots=True)
class Ask:
    """One answer of the language model for each question, in order. They don't depend on each other."""

    questions: tuple[Question, ...]
    what: str
