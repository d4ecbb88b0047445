"""Is a reading followed? It must agree with itself, and its themes must hold together where nobody asked the model.

The limits were set on ThemeBench's dev batches with simulated readers, whose themes are the true ones: every reading
without errors passes there by a margin, and with 30 % of errors few do. Of long texts the embedding space knows less
(true themes of dev-long: nearest centres agree on 43 to 81 %), so it asks less.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bot.ports import Vectors
from bot.synthesis import tree
from bot.synthesis.reading.plan import NONE, Labels
from bot.synthesis.reading.space import likeness
from bot.synthesis.reading.texts import tokens

_WITH_ITSELF, _SURE = 0.74, 0.92  # agreement of two readings: the least, and from where the limits below are lowest
_NEAREST = (0.82, 0.74)  # of the tickets lie nearest to their own theme: with the least agreement, and when sure
_TOGETHER = (0.84, 0.72)  # of the method's own cohesion (true themes: .83 to 1.04 of it on dev, .74 to .83 on dev-long)
_SHORT, _LONG, _LESS = 60, 240, 0.35  # tokens; how much less the space says of long texts


@dataclass(frozen=True, slots=True)
class Trust:
    """`agreement` of two readings; `nearest`: tickets that lie nearest to their own theme; `together`: how near."""

    agreement: float
    nearest: float
    together: float
    followed: bool


def trust(agreement: float, labels: Labels, method: Labels, space: Vectors, texts: Sequence[str]) -> Trust:
    """`labels`: the settled ones; `method`: the measured method's; `space` is centred."""
    nearest, together = _standing(labels, space)
    _, usual = _standing(method, space)
    least, lowest = (float(np.interp(agreement, (_WITH_ITSELF, _SURE), limits)) for limits in (_NEAREST, _TOGETHER))
    followed = agreement >= _WITH_ITSELF and nearest >= _ease(texts) * least and together >= lowest * usual > 0
    return Trust(agreement, nearest, together, followed or (agreement >= _SURE and usual == 0 and together > 0))


def _standing(labels: Labels, space: Vectors) -> tuple[float, float]:
    """(share of grouped tickets that lie nearest to their own centre, mean cosine to it)."""
    labels = _large(labels)
    inside = np.flatnonzero(labels >= 0)
    if not len(inside):
        return 0.0, 0.0
    near = likeness(space, labels, int(labels.max()) + 1)[inside]
    nearest = float((near.argmax(axis=1) == labels[inside]).mean())
    return nearest, float(near[np.arange(len(inside)), labels[inside]].mean())


def _large(labels: Labels) -> Labels:
    """Without groups that can't become themes: the centre of three tickets says little."""
    sizes = np.bincount(labels[labels >= 0], minlength=int(labels.max(initial=-1)) + 1)
    number = np.where(sizes >= tree.MIN_MEMBERS, np.cumsum(sizes >= tree.MIN_MEMBERS) - 1, NONE)
    return np.where(labels >= 0, number[np.maximum(labels, 0)], NONE) if len(number) else labels


def _ease(texts: Sequence[str]) -> float:
    """1 for short texts, less for long ones: how much of what the limits ask the embedding space can tell."""
    usual = float(np.median([tokens(t) for t in texts])) if texts else 0.0
    return float(1 - _LESS * np.clip((usual - _SHORT) / (_LONG - _SHORT), 0, 1))
