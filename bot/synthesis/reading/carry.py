"""What was read carries over to what was not: nearest theme in the embedding space, down to a floor learnt on the read.

How well that does is measured on a tenth of the read tickets that are held back, never on those it was learnt from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.ports import Vectors
from bot.synthesis import tree
from bot.synthesis.reading.plan import NONE, Labels
from bot.synthesis.reading.space import ALIKE, likeness

Floats = NDArray[np.float32]

_FLOORS = np.round(np.arange(0.16, 0.61, 0.02), 2)
_SHRUNK = 0.7  # towards no change: few tickets are read for each theme
_HELD_BACK = 10  # every tenth


@dataclass(frozen=True, slots=True)
class Carried:
    """Labels for all rows, and the share of the held-back ones on which carrying over agrees with reading."""

    labels: Labels
    agreement: float


def carried(space: Vectors, labels: Labels, read: Sequence[int], groups: int) -> Carried:
    """`labels` of the `read` rows stay; every other row gets its nearest theme, or NONE. `space` is centred."""
    rows = np.array(sorted(read), dtype=np.intp)
    held = rows[::_HELD_BACK]
    agreement = float((_predicted(space, labels, np.setdiff1d(rows, held), groups)[held] == labels[held]).mean())
    everywhere = _predicted(space, labels, rows, groups)
    everywhere[rows] = labels[rows]
    return Carried(everywhere, agreement)


def _predicted(space: Vectors, labels: Labels, learnt: NDArray[np.intp], groups: int) -> Labels:
    only = np.full(len(labels), NONE, dtype=np.intp)
    only[learnt] = labels[learnt]
    near = likeness(_told_apart(space, only), only, groups)
    return _above(near, _floor(near[learnt], labels[learnt]))


def _told_apart(space: Vectors, labels: Labels) -> Vectors:
    """The space with less of what varies inside of themes: 1 % more of 9,000 tickets come out right, of 1,000 read."""
    rows = np.flatnonzero(labels >= 0)
    if not len(rows):
        return space
    groups, place = np.unique(labels[rows], return_inverse=True)
    means = np.array([space[rows[place == g]].mean(axis=0) for g in range(len(groups))])
    inside = (space[rows] - means[place]).astype(np.float64)
    spread = inside.T @ inside / len(rows)
    level = float(np.trace(spread)) / len(spread) or 1.0
    narrowed = (1 - _SHRUNK) * spread + _SHRUNK * level * np.eye(len(spread))
    return tree.unit((space @ np.linalg.cholesky(np.linalg.inv(narrowed))).astype(np.float32))


def _above(near: Floats, floor: float) -> Labels:
    return np.where(near.max(axis=1) >= floor, near.argmax(axis=1), NONE).astype(np.intp)


def _floor(near: Floats, labels: Labels) -> float:
    """The similarity below which a ticket is in no theme: where most of the read tickets come out as they were read."""
    right = [float((_above(near, float(floor)) == labels).mean()) for floor in _FLOORS]
    return float(_FLOORS[int(np.argmax(np.round(right, 6)))])


def uncertain(space: Vectors, labels: Labels, unread: Sequence[int], size: int, groups: int) -> list[int]:
    """The `size` unread rows whose theme is least clear: two are near, or none is clearly near or far."""
    if size <= 0 or not len(unread) or groups == 0:
        return []
    near = np.sort(likeness(space, labels, groups)[list(unread)], axis=1)
    second = near[:, -2] if groups > 1 else np.zeros(len(near), dtype=np.float32)
    floor = ALIKE
    doubt = np.minimum(near[:, -1] - second, np.abs(near[:, -1] - floor))
    return sorted(unread[i] for i in np.argsort(np.round(doubt, 6), kind="stable")[:size])
