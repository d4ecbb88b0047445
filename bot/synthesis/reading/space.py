"""What the embedding space says of a reading: which tickets lie oddly, who is whose neighbour, what is a spread sample.

Everything that decides is rounded to 1e-6, as in `tree`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bot.ports import Vectors
from bot.synthesis import tree
from bot.synthesis.reading.plan import Labels

Floats = NDArray[np.float32]

ALIKE = tree.JOIN
_BLOCK = 2_048


def likeness(space: Vectors, labels: Labels, groups: int) -> Floats:
    """(rows, groups) cosine to the centre of each group, a row being left out of its own; `space` is centred.

    -1 for a group that has no (other) row.
    """
    inside = np.flatnonzero(labels >= 0)
    sums = np.zeros((groups, space.shape[1]), dtype=np.float64)
    np.add.at(sums, labels[inside], space[inside].astype(np.float64))
    sizes = np.bincount(labels[inside], minlength=groups)
    near = np.where(sizes > 0, space @ tree.unit(sums.astype(np.float32)).T, -1.0).astype(np.float32)
    rest = sums[labels[inside]] - space[inside]
    own = np.einsum("ij,ij->i", space[inside], tree.unit(rest.astype(np.float32)))
    near[inside, labels[inside]] = np.where(sizes[labels[inside]] > 1, own, -1.0)
    return np.asarray(np.round(near, 6))


def spread(labels: Labels, rows: Sequence[int], size: int) -> list[int]:
    """`size` of the rows, of every group and of the ungrouped in proportion, in their own order."""
    if size >= len(rows):
        return list(rows)
    by_group = sorted(rows, key=lambda row: (int(labels[row]), row))
    picked = np.unique(np.linspace(0, len(rows) - 1, size).round().astype(int))
    return sorted(by_group[i] for i in picked)


def in_company(space: Vectors, rows: Sequence[int], others: int) -> list[int]:
    """The rows that are like at least `others` more of them; `space` is centred."""
    kept: list[int] = []
    piece = space[list(rows)]
    for start in range(0, len(rows), _BLOCK):
        near = np.round(piece[start : start + _BLOCK] @ piece.T, 6) >= ALIKE
        enough = near.sum(axis=1) > others  # each is like itself
        kept += [rows[start + i] for i in np.flatnonzero(enough).tolist()]
    return kept
