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

_WITH_ITSELF = 0.74
_SURE = 0.92
_WITH_SPACE, _WITH_SPACE_IF_SURE = 0.82, 0.74  # from barely agreeing with itself to being sure
_TOGETHER = 0.45  # mean cosine of tickets to the rest of their theme
_SHORT, _LONG, _LESS = 60, 240, 0.35  # tokens; how much less the space says of long texts


@dataclass(frozen=True, slots=True)
class Trust:
    """`agreement` of two readings; `nearest`: tickets that lie nearest to their own theme; `together`: how near."""

    agreement: float
    nearest: float
    together: float
    followed: bool


def trust(agreement: float, labels: Labels, space: Vectors, texts: Sequence[str]) -> Trust:
    """`labels`: the settled ones; `space` is centred."""
    labels = _large(labels)
    inside = np.flatnonzero(labels >= 0)
    if not len(inside):
        return Trust(agreement, 0.0, 0.0, False)
    near = likeness(space, labels, int(labels.max()) + 1)[inside]
    nearest = float((near.argmax(axis=1) == labels[inside]).mean())
    together = float(near[np.arange(len(inside)), labels[inside]].mean())
    ease = _ease(texts)
    least = float(np.interp(agreement, (_WITH_ITSELF, _SURE), (_WITH_SPACE, _WITH_SPACE_IF_SURE)))
    followed = agreement >= _WITH_ITSELF and nearest >= ease * least and together >= ease * _TOGETHER
    return Trust(agreement, nearest, together, followed)


def _large(labels: Labels) -> Labels:
    """Without groups that can't become themes: the centre of three tickets says little."""
    sizes = np.bincount(labels[labels >= 0], minlength=int(labels.max(initial=-1)) + 1)
    number = np.where(sizes >= tree.MIN_MEMBERS, np.cumsum(sizes >= tree.MIN_MEMBERS) - 1, NONE)
    return np.where(labels >= 0, number[np.maximum(labels, 0)], NONE) if len(number) else labels


def _ease(texts: Sequence[str]) -> float:
    """1 for short texts, less for long ones: how much of what the limits ask the embedding space can tell."""
    usual = float(np.median([tokens(t) for t in texts])) if texts else 0.0
    return float(1 - _LESS * np.clip((usual - _SHORT) / (_LONG - _SHORT), 0, 1))
