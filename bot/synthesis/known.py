"""Known themes among a batch's tickets: one that no group of today goes on with takes what is left and like it. Pure.

Why not the known ones first, and the remainder clustered: measured so (bench/lineage.py), ThemeBench's score falls
by .056 (95 % interval .028 to .085). What is new lies nearest to a known neighbour and is swallowed by it, and what is
left over is cut out of its company. Groups found from nothing are as good as any that know the past; the past then
finds what the month alone was too thin to show (6 more of 249 themes that recurred, the score .0002 higher).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bot.ports import Vectors
from bot.synthesis import tree
from bot.synthesis.lineage import ALIKE, Known, Seen, firmness, likeness

Labels = NDArray[np.intp]


def grouped(vectors: Vectors, known: Sequence[Known] = ()) -> Labels:
    """As `tree.grouped`, beside the known themes of the past that are in this batch; `known` may be of any order.

    A theme may stand there more than once, each time with a centre of its own: one that is like any of them is its.
    """
    space = tree.seen(vectors)
    found = parted(space, resumed(space, tree.separated(space), known), known)
    return tree.ordered(tree.with_small(space, found))


def resumed(space: tree.Rows, labels: Labels, known: Sequence[Known]) -> Labels:
    """Groups of a centred batch -> the same and those of known themes; the thresholds are those of any member."""
    past = [k for k in known if k.past and len(k.centre) == space[:1].shape[-1]]
    free = _without_group(space, labels, sorted(past, key=lambda k: (k.theme_id, k.centre)))
    left = np.flatnonzero(labels < 0)
    if not free or not len(left):
        return labels
    theme = np.unique([k.theme_id for k in free], return_inverse=True)[1]
    found, centres = labels.copy(), _centres(free)
    for rows in tree.blocks(left):
        near = np.round(space[rows] @ centres.T, 6)
        taken = theme[near.argmax(axis=1)] + labels.max(initial=-1) + 1
        found[rows] = np.where(near.max(axis=1) >= tree.JOIN, taken, -1)
    large = tree.without_small(found, tree.MIN_MEMBERS)
    return tree.refined(space, large) if large.max(initial=-1) > labels.max(initial=-1) else labels


def parted(space: tree.Rows, labels: Labels, known: Sequence[Known]) -> Labels:
    """What a person split off a theme is cut from the group that goes on with it: each row to the nearer of the two."""
    past = sorted((k for k in known if k.past and len(k.centre) == space[:1].shape[-1]), key=lambda k: k.theme_id)
    for part in (k for k in past if k.part_of):
        whole = next((k for k in past if k.theme_id == part.part_of and not k.members & part.members), None)
        if whole is not None:
            labels = _cut_off(space, labels, part, whole)
    return labels


def apart(one: Known, other: Known) -> bool:
    """Whether their words tell them apart, more than those of two samples of one theme would."""
    return bool(_alike([one], [other])[0, 0] < ALIKE)


def _cut_off(space: tree.Rows, labels: Labels, part: Known, whole: Known) -> Labels:
    for group in range(int(labels.max(initial=-1)) + 1):
        rows = np.flatnonzero(labels == group)
        centre = tree.unit(space[rows].sum(axis=0, keepdims=True))[0]
        here = Known("", frozenset(map(str, rows)), tuple(map(float, centre)))
        if _alike([here], [part, whole]).max() < ALIKE:
            continue
        near = np.round(space[rows] @ _centres([part, whole]).T, 6)
        nearer = rows[near[:, 0] > near[:, 1]]
        if tree.MIN_SMALL <= len(nearer) < len(rows):
            labels = labels.copy()
            labels[nearer] = labels.max() + 1
    return labels


def _alike(some: Sequence[Known], others: Sequence[Known]) -> NDArray[np.float64]:
    return likeness([Seen(k.members, k.centre) for k in some], others)


def _without_group(space: tree.Rows, labels: Labels, past: Sequence[Known]) -> list[Known]:
    """Those of the themes that no group goes on with."""
    if not past or labels.max(initial=-1) < 0:
        return list(past)
    firm = np.sqrt([firmness(n) for n in np.bincount(labels[labels >= 0])])
    due = firm[:, None] * np.sqrt([firmness(len(k.members)) for k in past])[None, :]
    like = np.round(tree.unit(tree.sums_of(space, labels)) @ _centres(past).T / due, 6).max(axis=0)
    there = {k.theme_id for k, alike in zip(past, like, strict=True) if alike >= ALIKE}
    return [k for k in past if k.theme_id not in there]


def _centres(known: Sequence[Known]) -> Vectors:
    return np.array([k.centre for k in known], np.float32)
