"""Where tickets stand on the map: themes as discs that never overlap, related ones near, the rest around them.

The picture shows likeness, not measurement: a disc's area is its number of tickets, the way to its middle is how
typical a ticket is. Classical scaling (Torgerson 1952) places the discs; pushing apart keeps them readable.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

ASPECT = 1.7  # width / height of the frame in which a disc is round; the unit square is that frame, squeezed
_GAP = 0.085  # between discs, in heights: room for a label
_GOLDEN = np.pi * (3 - np.sqrt(5))  # Vogel 1979: seeds at this angle fill a disc evenly


def layout(vectors: NDArray[np.float32], labels: NDArray[np.intp], *, seed: int) -> Floats:
    """Positions in the unit square, one row per vector. `labels` < 0 is no group. Same input, same picture."""
    if len(vectors) == 0:
        return np.zeros((0, 2))
    rng = np.random.default_rng(seed)
    groups = np.unique(labels[labels >= 0])
    if len(groups) == 0:
        return _into_square(_scaled(_unit(vectors)) + rng.normal(0, 1e-3, (len(vectors), 2)))
    units = _unit(vectors)
    centroids = _unit(np.stack([units[labels == g].mean(axis=0) for g in groups]))
    sizes = np.array([np.count_nonzero(labels == g) for g in groups], dtype=np.float64)
    centres, radii = discs(centroids, sizes)
    spots = np.zeros((len(vectors), 2))
    for g, centroid, centre, radius in zip(groups, centroids, centres, radii, strict=True):
        inside = np.flatnonzero(labels == g)
        spots[inside] = centre + radius * _seeds(units[inside] @ centroid, rng)
    loose = np.flatnonzero(labels < 0)
    spots[loose] = _around(units[loose] @ centroids.T, centres, radii, rng)
    return _into_square(spots)


def discs(centroids: Floats, sizes: Floats) -> tuple[Floats, Floats]:
    """Centre and radius of each group's disc in a frame ASPECT x 1. Discs shrink until none touches another."""
    covered = 0.4 * min(1.0, float(np.sqrt(sizes.sum() / 150)))  # of the frame; a handful of tickets is no huge disc
    radii = np.sqrt(sizes / sizes.sum() * ASPECT * covered / np.pi).clip(0.02, 0.34)
    centres = _pushed_apart(_scaled(centroids), radii)
    return centres, radii * min(1.0, 0.99 * _room(centres, radii))  # hundreds of groups: small, but never overlapping


def _pushed_apart(centres: Floats, radii: Floats) -> Floats:
    centres = centres.copy()
    reach = radii[:, None] + radii + _GAP * min(1.0, float(radii.mean()) / 0.06)
    low, high = radii[:, None], np.array([ASPECT, 1.0]) - radii[:, None]
    for _ in range(min(150, 10 + 2_000_000 // len(radii) ** 2)):  # at most about a third of a second
        between = centres[:, None] - centres[None]
        far = np.linalg.norm(between, axis=2)
        np.fill_diagonal(far, np.inf)
        overlap = np.maximum(reach - far, 0)
        if not overlap.any():
            break
        # two discs on one spot part along fixed directions, never by chance
        ways = np.where(far[..., None] > 1e-9, between / np.maximum(far, 1e-9)[..., None], _fixed_ways(len(radii)))
        centres = np.clip(centres + 0.3 * (overlap[..., None] * ways).sum(axis=1), low, high)
    return centres


def _fixed_ways(n: int) -> Floats:
    rows, columns = np.triu_indices(n, 1)
    angle = np.zeros((n, n))
    angle[rows, columns] = _GOLDEN * np.arange(1, len(rows) + 1)
    angle[columns, rows] = angle[rows, columns] + np.pi
    return np.stack([np.cos(angle), np.sin(angle)], axis=2)


def _room(centres: Floats, radii: Floats) -> float:
    """By how much all discs could grow before two of them touch."""
    far = np.linalg.norm(centres[:, None] - centres[None], axis=2)
    np.fill_diagonal(far, np.inf)
    return float((far / (radii[:, None] + radii)).min())


def _seeds(fit: Floats, rng: np.random.Generator) -> Floats:
    """The nearest ticket in the middle, the others around it like seeds in a sunflower, a little shaken."""
    rank = np.empty(len(fit))
    rank[np.argsort(-fit, kind="stable")] = np.arange(len(fit))
    far = np.sqrt((rank + 0.5) / len(fit))
    spots = np.stack([far * np.cos(_GOLDEN * rank), far * np.sin(_GOLDEN * rank)], axis=1)
    shaken = spots + rng.normal(0, 0.28 / np.sqrt(len(fit)), spots.shape)
    return np.asarray(shaken / np.maximum(np.linalg.norm(shaken, axis=1, keepdims=True), 1))


def _around(likeness: Floats, centres: Floats, radii: Floats, rng: np.random.Generator) -> Floats:
    """Tickets of no theme: between the themes they are most like, spread over the ground no disc covers."""
    n = len(likeness)
    ground = _free_ground(4 * n + 400, centres, radii, rng)
    pull = np.exp(8 * (likeness - likeness.max(axis=1, keepdims=True)))
    wanted: Floats = (pull @ centres) / pull.sum(axis=1, keepdims=True) + rng.normal(0, 0.25, (n, 2)) * [ASPECT, 1]
    if len(ground) == 0:
        return wanted
    # By columns, then by height within one: a cheap matching that keeps left left and up up (exact is cubic in n).
    chosen = ground[np.sort(rng.permutation(len(ground))[:n])] if len(ground) >= n else np.resize(ground, (n, 2))
    spots = np.empty((n, 2))
    strips = max(1, round(np.sqrt(n / 2)))
    ours, theirs = np.argsort(wanted[:, 0], kind="stable"), np.argsort(chosen[:, 0], kind="stable")
    for mine, free in zip(np.array_split(ours, strips), np.array_split(theirs, strips), strict=True):
        spots[mine[np.argsort(wanted[mine, 1], kind="stable")]] = chosen[free[np.argsort(chosen[free, 1])]]
    return spots


def _free_ground(n: int, centres: Floats, radii: Floats, rng: np.random.Generator) -> Floats:
    """About `n` evenly spread spots in the frame and a rim around it, without those on a disc."""
    steps = np.arange(n)
    # the R2 sequence (Roberts 2018) is even without being a grid
    even = np.stack([steps * 0.7548776662466927 % 1, steps * 0.5698402909980532 % 1], axis=1)
    spots = even * [ASPECT + 0.1, 1.1] - 0.05 + rng.normal(0, 0.006, (n, 2))
    far = np.linalg.norm(spots[:, None] - centres[None], axis=2)
    return np.asarray(spots[(far > radii + 0.02).all(axis=1)])


def _scaled(points: Floats) -> Floats:
    """Rows in the frame ASPECT x 1, like ones near: their two widest directions, each filling its side."""
    centred = np.asarray(points - points.mean(axis=0), dtype=np.float64)
    if len(points) <= centred.shape[1]:
        left, lengths, _ = np.linalg.svd(centred, full_matrices=False)
        flat = (left * lengths)[:, :2]
    else:
        flat = centred @ np.linalg.eigh(centred.T @ centred)[1][:, ::-1][:, :2]
    flat = np.pad(flat, ((0, 0), (0, 2 - flat.shape[1])))
    signs = np.sign(flat[np.abs(flat).argmax(axis=0), [0, 1]])  # eigenvectors come with either sign
    flat = flat * np.where(signs == 0, 1, signs)
    span = np.ptp(flat, axis=0)
    unit = (flat - flat.min(axis=0)) / np.where(span > 1e-12, span, 1)
    return np.asarray(np.where(span > 1e-12, unit, 0.5) * [ASPECT, 1.0])


def _into_square(spots: Floats) -> Floats:
    """The frame fitted to the unit square with a margin; one scale for both sides, so that discs stay round."""
    low, span = spots.min(axis=0), np.ptp(spots, axis=0)
    scale = 0.92 * min(ASPECT / max(float(span[0]), 1e-9), 1 / max(float(span[1]), 1e-9), 1.6)
    middle = (spots - low - span / 2) * scale
    return np.asarray(middle / [ASPECT, 1.0] + 0.5)


def _unit(rows: NDArray[np.floating]) -> Floats:
    wide = np.asarray(rows, dtype=np.float64)
    return np.asarray(wide / np.maximum(np.linalg.norm(wide, axis=1, keepdims=True), 1e-12))
