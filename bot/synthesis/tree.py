"""Vectors -> groups: a merge tree cut where its groups stand out most, then refined (DESIGN section 7).

Everything that decides is rounded (similarities to 1e-6), so that the low bits of a matrix product, which differ with
the number of threads, can't turn a result. Large batches are sampled, grouped, and the rest assigned.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.sparse import csr_matrix

from bot.ports import Vectors

Labels = NDArray[np.intp]
Floats = NDArray[np.float32]

MIN_MEMBERS = 5  # a group smaller than this is an anecdote, see `small`
MIN_SMALL = 3
JOIN, KEEP = 0.40, 0.32  # leave-one-out cosine at which a ticket joins a group, and down to which it stays
SMALL_CUT = 0.60  # anecdotes have few members to prove themselves: 93 % are one problem (bench/README.md)
# What holds for a group that only a second look finds (bench/README.md): it is a good part of what was left, for chance
# makes groups of five among hundreds of strangers; it holds together; it is no splinter of a group found before.
_PART, _HOLDS, _SPLINTER = 0.08, 0.44, JOIN
_CUTS = np.round(np.arange(0.55, 0.826, 0.025), 3)
_USUAL_CUT, _PRIOR = 0.69, 30.0
_SAMPLE = 2_500
_BLOCK = 8_192
_ROUNDS = 3


def grouped(vectors: Vectors) -> Labels:
    """-> a label for each row: 0 is the largest group, -1 is none. Groups have at least three members.

    Rows should come in a canonical order: it breaks ties. A row of zeros (no text) is in no group.
    """
    space = seen(vectors)
    return ordered(with_small(space, separated(space)))


@dataclass(frozen=True, slots=True)
class Space:
    """The centred rows of a large batch, made whenever they are looked at: kept, they would double what it takes."""

    vectors: Vectors
    origin: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.vectors)

    def __getitem__(self, rows: slice | NDArray[np.intp]) -> Vectors:
        return centred(self.vectors[rows], self.origin)


Rows = Vectors | Space  # both give (rows, dim) for a slice or for positions


def seen(vectors: Vectors) -> Rows:
    """`centred` for a batch of any size; the same rows, to the bit."""
    return centred(vectors) if len(vectors) <= _BLOCK else Space(vectors, vectors.mean(axis=0, dtype=np.float64))


def blocks(rows: NDArray[np.intp]) -> Iterator[NDArray[np.intp]]:
    """Positions in pieces, so that what is made of them fits into memory however many there are."""
    return (rows[start : start + _BLOCK] for start in range(0, len(rows), _BLOCK))


def separated(space: Rows) -> Labels:
    """The groups of at least five of a centred batch, in no promised order; all else is -1."""
    everything = np.arange(len(space), dtype=np.intp)
    return _large(space, everything) if len(space) > _SAMPLE else _once_more(space, _cut(space[everything]))


def centred(vectors: Vectors, origin: NDArray[np.float64] | None = None) -> Vectors:
    """Half of the batch's mean subtracted: a shared topic ("my card") hides the difference between problems."""
    mean = vectors.mean(axis=0, dtype=np.float64) if len(vectors) and origin is None else origin
    if mean is None:
        return vectors
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.where(lengths > 0, unit(vectors - 0.5 * mean.astype(np.float32)), 0).astype(np.float32)


def unit(rows: Vectors) -> Vectors:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows / np.where(lengths > 1e-9, lengths, 1)).astype(np.float32)


def compared(vectors: Vectors, others: Vectors, groups: Sequence[Sequence[int]]) -> tuple[Vectors, Vectors]:
    """Other texts (names) in the space of a batch, and the centres of some of its groups there."""
    space = centred(vectors)
    if not groups or not len(others):
        return others, np.zeros((0, space.shape[-1]), np.float32)
    centres = np.array([space[list(rows)].sum(axis=0) for rows in groups], np.float32)
    return centred(others, vectors.mean(axis=0, dtype=np.float64)), unit(centres)


def fit(vectors: Vectors, labels: Labels) -> Floats:
    """Leave-one-out cosine of each row to the centre of its own group; 0 for rows in none."""
    space = seen(vectors)
    result = np.zeros(len(space), dtype=np.float32)
    if labels.max(initial=-1) >= 0:
        sums = sums_of(space, labels)
        for rows in blocks(np.flatnonzero(labels >= 0)):
            result[rows] = _own(space[rows], labels[rows], sums)
    return result


def ordered(labels: Labels) -> Labels:
    """The same groups, numbered by size, then by their first row."""
    kinds, first, sizes = np.unique(labels[labels >= 0], return_index=True, return_counts=True)
    rows = np.flatnonzero(labels >= 0)
    order = sorted(range(len(kinds)), key=lambda k: (-sizes[k], rows[first[k]]))
    number = np.full(labels.max(initial=-1) + 2, -1, dtype=np.intp)
    for new, k in enumerate(order):
        number[kinds[k]] = new
    return number[labels]


def _cut(space: Vectors) -> Labels:
    """The whole tree of a small batch, cut where silhouette and number of groups are best together."""
    if len(space) < 2:
        return np.full(len(space), -1, dtype=np.intp)
    merges = linkage(_distances(space), "average")
    options = [refined(space, _flat(merges, cut, MIN_MEMBERS)) for cut in _CUTS]
    worth = np.array([_silhouette(space, labels) for labels in options])
    spread = worth.max() - worth.min()
    score = worth - _PRIOR * spread * (_CUTS - _USUAL_CUT) ** 2
    return options[int(np.argmax(np.round(score, 6)))]


def _once_more(space: Rows, labels: Labels) -> Labels:
    """A second look at what no group took: one problem told in many words ("no rice", "you forgot the dessert") hides
    behind groups that stand out more, since one cut is made for all."""
    left = _told(space, labels)
    if len(left) < MIN_MEMBERS:
        return labels
    found = _firm(space[left], _cut(space[left]), unit(sums_of(space, labels)))
    result = labels.copy()
    result[left] = np.where(found >= 0, found + labels.max(initial=-1) + 1, -1)
    return result


def _firm(rows: Vectors, found: Labels, known: Vectors) -> Labels:
    """Those of the groups for which enough speaks; `known` are the centres of the groups that were found before."""
    if found.max(initial=-1) < 0:
        return found
    sums, sizes = sums_of(rows, found), np.bincount(found[found >= 0])
    own = np.where(found >= 0, _own(rows, np.maximum(found, 0), sums), 0)
    holds = np.bincount(np.maximum(found, 0), weights=own, minlength=len(sizes)) / sizes
    near = np.round(unit(sums) @ known.T, 6).max(axis=1, initial=-1.0)
    firm = (sizes >= _PART * len(rows)) & (holds >= _HOLDS) & (near <= _SPLINTER)
    return np.where((found >= 0) & firm[np.maximum(found, 0)], found, -1).astype(np.intp)


def _told(space: Rows, labels: Labels) -> NDArray[np.intp]:
    """Rows in no group, of tickets that have a text."""
    loose = np.flatnonzero(labels < 0)
    return np.concatenate([loose[:0], *(r[np.abs(space[r]).sum(axis=1) > 0] for r in blocks(loose))])


def _distances(space: Vectors) -> NDArray[np.float64]:
    """Condensed cosine distances, rounded."""
    upper = np.triu_indices(len(space), 1)
    near: NDArray[np.float64] = (space @ space.T)[upper].astype(np.float64)
    return np.asarray(np.round(np.maximum(1.0 - near, 0.0), 6))


def _flat(merges: NDArray[np.float64], cut: float, least: int) -> Labels:
    found = fcluster(merges, cut, "distance").astype(np.intp) - 1
    large = np.bincount(found) >= least
    return np.where(large[found], (np.cumsum(large) - 1)[found], -1).astype(np.intp)


def sums_of(space: Rows, labels: Labels) -> Vectors:
    """(groups, dim) sums of each group's rows, in float64 and row by row: the same on any number of threads."""
    groups = np.arange(int(labels.max()) + 1)
    total = np.zeros((len(groups), space[:1].shape[-1]))
    for rows in blocks(np.flatnonzero(labels >= 0)):
        # What was added up so far goes first, as a row like the others: so the blocks are no matter to the rounding.
        into, taken = np.concatenate([groups, labels[rows]]), np.arange(len(groups) + len(rows))
        belongs = csr_matrix((np.ones(len(taken)), (into, taken)), shape=(len(groups), len(taken)))
        total = np.asarray(belongs @ np.concatenate([total, space[rows]]))
    return total.astype(np.float32)


def _own(rows: Vectors, labels: Labels, sums: Vectors) -> Floats:
    """Cosine to the own centre with the row itself left out of it: a row is otherwise always near its own centre."""
    others = unit(sums[labels] - rows)
    near: Floats = np.einsum("ij,ij->i", rows, others)
    return np.round(near, 6)


def _likeness(space: Vectors, labels: Labels, sums: Vectors) -> Floats:
    """(rows, groups) cosine to every centre, leave-one-out for the own one."""
    near = np.round(space @ unit(sums).T, 6)
    inside = np.flatnonzero(labels >= 0)
    near[inside, labels[inside]] = _own(space[inside], labels[inside], sums)
    return near


def refined(space: Rows, labels: Labels) -> Labels:
    """Rows move to their nearest centre, keep their group, or drop out; groups that get too small dissolve."""
    for _ in range(_ROUNDS):
        if labels.max(initial=-1) < 0:
            return labels
        sums, moved = sums_of(space, labels), labels.copy()
        for rows in blocks(np.arange(len(labels), dtype=np.intp)):
            moved[rows] = _moved(space[rows], labels[rows], sums)
        moved = without_small(moved, MIN_MEMBERS)
        if np.array_equal(moved, labels):
            break
        labels = moved
    return labels


def _moved(rows: Vectors, labels: Labels, sums: Vectors) -> Labels:
    near = _likeness(rows, labels, sums)
    own = np.where(labels >= 0, near[np.arange(len(labels)), np.maximum(labels, 0)], -1.0)
    kept = np.where(own >= KEEP, labels, -1)
    return np.where(near.max(axis=1) >= JOIN, near.argmax(axis=1), kept).astype(np.intp)


def without_small(labels: Labels, least: int) -> Labels:
    if labels.max(initial=-1) < 0:
        return labels
    large = np.bincount(labels[labels >= 0], minlength=int(labels.max()) + 1) >= least
    number = np.where(large, np.cumsum(large) - 1, -1)
    return np.where(labels >= 0, number[np.maximum(labels, 0)], -1).astype(np.intp)


def _silhouette(space: Vectors, labels: Labels) -> float:
    """Mean over groups of the mean leave-one-out silhouette to centres, times the root of the number of groups."""
    groups = int(labels.max(initial=-1)) + 1
    if groups == 0:
        return 0.0
    inside = labels >= 0
    rows, own_labels = space[inside], labels[inside]
    near = _likeness(rows, own_labels, sums_of(space, labels))
    at = np.arange(len(rows))
    own = 1.0 - near[at, own_labels]
    near[at, own_labels] = -9.0
    rival = 1.0 - near.max(axis=1) if groups > 1 else np.ones(len(rows))
    value = (rival - own) / np.maximum(np.maximum(own, rival), 1e-9)
    means = np.bincount(own_labels, weights=value) / np.bincount(own_labels)
    return float(means.mean() * np.sqrt(groups))


def with_small(space: Rows, labels: Labels) -> Labels:
    """Among what is left, groups of three and four that stand out: anecdotes, which are told together."""
    left = _told(space, labels)
    if not MIN_SMALL <= len(left) <= _SAMPLE:
        return labels
    small = _flat(linkage(_distances(space[left]), "average"), SMALL_CUT, MIN_SMALL)
    result = labels.copy()
    result[left] = np.where(small >= 0, small + labels.max(initial=-1) + 1, -1)
    return result


def _large(space: Rows, rows: NDArray[np.intp]) -> Labels:
    """Sample, group, assign the rest above the floor; then once more on what fits nowhere, where small themes hide."""
    labels = _by_sample(space, rows)
    left = np.flatnonzero(labels < 0)
    if len(left) >= MIN_MEMBERS:
        again = _by_sample(space, rows[left]) if len(left) > _SAMPLE else _cut(space[rows[left]])
        labels[left] = np.where(again >= 0, again + labels.max(initial=-1) + 1, -1)
    return labels


def _by_sample(space: Rows, rows: NDArray[np.intp]) -> Labels:
    """Evenly spaced rows of the canonical order are the sample: no randomness, and spread over the whole batch."""
    chosen = np.unique(np.linspace(0, len(rows) - 1, min(_SAMPLE, len(rows))).astype(np.intp))
    sample = space[rows[chosen]]
    sampled = _cut(sample)
    labels = np.full(len(rows), -1, dtype=np.intp)
    if sampled.max(initial=-1) < 0:
        return labels
    centres = unit(sums_of(sample, sampled))
    for places in blocks(np.arange(len(rows), dtype=np.intp)):
        near = np.round(space[rows[places]] @ centres.T, 6)
        labels[places] = np.where(near.max(axis=1) >= JOIN, near.argmax(axis=1), -1)
    labels[chosen] = sampled
    return without_small(labels, MIN_MEMBERS)
