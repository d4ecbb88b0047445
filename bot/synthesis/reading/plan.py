"""How much a language model may read, and what it has found: the values that the passes hand to each other."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.domain import Warned
from bot.ports import Answer
from bot.synthesis.needs import Ask

Labels = NDArray[np.intp]
Asking = Generator[Ask, Sequence[Answer], "Labels"]

NONE, UNREAD = -1, -2  # in a vote: the model found no group for it; it was not read, or its answer was no use


@dataclass(frozen=True, slots=True)
class Definition:
    """A group in words: what its tickets ask for, and which near neighbours are not meant."""

    name: str
    includes: str
    excludes: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """The limits of a reading. `tickets` None: all are read; else that many, and the rest is carried over.

    `view` and `lot` are tokens of tickets in one question: of the one that defines groups, of those that assign.
    `known`: definitions of earlier months, which keep their names and borders.
    """

    model: str
    tickets: int | None = None
    view: int = 60_000
    lot: int = 4_000
    known: tuple[Definition, ...] = ()


@dataclass(frozen=True, slots=True)
class Read:
    """What came of a reading. `labels`: a group for each ticket, NONE for none, largest group first.

    `followed` False: the reading failed or was not believed, `labels` are the measured method's, `remarks` say why.
    """

    labels: Labels
    followed: bool
    remarks: tuple[Warned, ...] = ()
    definitions: tuple[Definition, ...] = ()  # of the labels, in order
    shut_out: frozenset[int] = frozenset()  # tickets that give orders: they are shown to the model alone or not at all
