"""How far a grouping can be trusted: it is made again on parts of the batch, and what stays together is counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from bot.ports import Spread, Vectors, in_turn
from bot.synthesis.known import grouped
from bot.synthesis.lineage import Known

Labels = NDArray[np.intp]
Floats = NDArray[np.float64]

CORE = 0.8  # a ticket is of the core of its theme when it stays in it in this share of the resamples
_ROUNDS, _SHARE = 10, 0.8  # resamples, and the part of the batch that each is
_LARGEST = 2_000  # rows of one resample: what is measured is the method, not the machine


@dataclass(frozen=True, slots=True)
class Held:
    """`stability`: per group, mean Jaccard with its like; `stay`: per row, share of its resamples; `overall`: mean ARI.

    All are None or zeros when the batch is too small to be resampled.
    """

    stability: Floats | None
    stay: Floats
    overall: float | None


def resampled(
    vectors: Vectors,
    labels: Labels,
    known: Sequence[Known] = (),
    *,
    seed: int,
    spread: Spread = in_turn,
) -> Held:
    """Groups random parts of the batch and compares. Seeded: the same batch gives the same figures, wherever `spread`
    has the parts grouped."""
    n, groups = len(labels), int(labels.max(initial=-1)) + 1
    size = min(int(_SHARE * n), _LARGEST)
    if groups == 0 or size < 10:
        return Held(None if groups == 0 else np.ones(groups), (labels >= 0).astype(np.float64), None)
    random = np.random.default_rng(seed)
    draws = [np.sort(random.choice(n, size, replace=False)) for _ in range(_ROUNDS)]
    parts = spread(partial(grouped, known=known), [vectors[rows] for rows in draws])
    likeness, drawn, stayed = np.zeros((_ROUNDS, groups)), np.zeros(n), np.zeros(n)
    agreement = np.zeros(_ROUNDS)
    for r, (rows, again) in enumerate(zip(draws, parts, strict=True)):
        overlap = _overlap(labels[rows], again, groups)
        likeness[r] = overlap.max(axis=1, initial=0.0)
        match = overlap.argmax(axis=1) if overlap.shape[1] else np.full(groups, -2)
        inside = labels[rows] >= 0
        drawn[rows] += 1
        stayed[rows[inside]] += again[inside] == match[labels[rows[inside]]]
        agreement[r] = adjusted_rand(labels[rows], again)
    return Held(likeness.mean(axis=0), stayed / np.maximum(drawn, 1), float(agreement.mean()))


def _overlap(ours: Labels, again: Labels, groups: int) -> Floats:
    """Jaccard of each of our groups with each of the resample's; what was not drawn does not count."""
    others = int(again.max(initial=-1)) + 1
    both = np.zeros((groups, others))
    inside = (ours >= 0) & (again >= 0)
    np.add.at(both, (ours[inside], again[inside]), 1)
    size = (
        np.bincount(ours[ours >= 0], minlength=groups)[:, None]
        + np.bincount(again[again >= 0], minlength=others)[None, :]
    )
    return both / np.maximum(size - both, 1)


def adjusted_rand(a: Labels, b: Labels) -> float:
    """Adjusted Rand index (Hubert and Arabie 1985) of two groupings; the rows in no group are one group."""
    table = np.zeros((int(a.max(initial=-1)) + 2, int(b.max(initial=-1)) + 2))
    np.add.at(table, (a + 1, b + 1), 1)
    pairs = [float((x * (x - 1) / 2).sum()) for x in (table, table.sum(axis=1), table.sum(axis=0), np.array([len(a)]))]
    expected = pairs[1] * pairs[2] / pairs[3] if pairs[3] else 0.0
    most = (pairs[1] + pairs[2]) / 2
    return 1.0 if most == expected else (pairs[0] - expected) / (most - expected)
