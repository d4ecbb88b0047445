"""How far themes that were read hold in the embedding space: their centres are made again from parts of the batch."""

from __future__ import annotations

import numpy as np

from bot.ports import Vectors
from bot.synthesis import tree
from bot.synthesis.quality import Held, adjusted_rand
from bot.synthesis.reading.plan import NONE, Labels
from bot.synthesis.reading.space import likeness


def recentred(vectors: Vectors, labels: Labels, *, seed: int, rounds: int = 10, share: float = 0.8) -> Held:
    """As `quality.resampled`, for groups that the method did not make: a drawn ticket stays when the centre nearest to
    it, made of the drawn tickets without itself, is its own theme's. Tickets in no theme stay where they are."""
    space, n, groups = tree.centred(vectors), len(labels), int(labels.max(initial=NONE)) + 1
    size = int(share * n)
    if groups == 0 or size < 10:
        return Held(None if groups == 0 else np.ones(groups), (labels >= 0).astype(np.float64), None)
    random = np.random.default_rng(seed)
    likes, drawn, stayed, agreement = np.zeros((rounds, groups)), np.zeros(n), np.zeros(n), np.zeros(rounds)
    for r in range(rounds):
        rows = np.sort(random.choice(n, size, replace=False))
        ours = labels[rows]
        again = np.where(ours >= 0, likeness(space[rows], ours, groups).argmax(axis=1), NONE)
        same = (again == ours) & (ours >= 0)
        both = np.bincount(ours[same], minlength=groups)
        either = (
            np.bincount(ours[ours >= 0], minlength=groups) + np.bincount(again[again >= 0], minlength=groups) - both
        )
        likes[r] = both / np.maximum(either, 1)
        drawn[rows] += 1
        stayed[rows] += same
        agreement[r] = adjusted_rand(ours, again.astype(np.intp))
    return Held(likes.mean(axis=0), stayed / np.maximum(drawn, 1), float(agreement.mean()))
