"""Today's groups and the themes that are known: which theme is which. Pure.

A theme that was seen before keeps its id, so that one problem approved from the monthly digest, from a run by hand and
after a spike is one issue. Where windows overlap the tickets themselves tell; where they don't, what the tickets say.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

OVERLAP = 0.5  # of the smaller of two groups: then they are one theme, whatever else
# Cosine of two centres, each in the space of its own batch, from which two months tell of one theme. Measured with
# bench/lineage.py on 48 pairs of months: 2 of some 600 themes went on under another's id (near twins of a bank's
# problems), and 299 of 328 that recurred were known again; at 0.74 4 and 323, at 0.66 15 and 327.
ALIKE = 0.82


@dataclass(frozen=True, slots=True)
class Known:
    """A theme as an earlier run found it: its tickets' ids, and its centre (unit length, or empty when not kept)."""

    theme_id: str
    members: frozenset[str]
    centre: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """A group of today, likewise."""

    members: frozenset[str]
    centre: tuple[float, ...]


def ids(seen: Sequence[Seen], known: Sequence[Known]) -> list[str]:
    """A theme id for each group: a known one at most once, else a new one that its members name.

    The order of neither matters, even among equals: both are looked at in an order of their own.
    """
    order = sorted(range(len(seen)), key=lambda n: (sorted(seen[n].members), seen[n].centre))
    groups = [seen[n] for n in order]
    known = sorted(known, key=lambda k: (k.theme_id, sorted(k.members), k.centre))
    found: dict[int, str] = {}
    for likeness, floor in ((_overlap(groups, known), OVERLAP), (_cosine(groups, known), ALIKE)):
        _match(found, likeness, floor, known)
    taken = {k.theme_id for k in known} | set(found.values())
    named = {n: found.get(place) or _new(seen[n].members, taken) for place, n in enumerate(order)}
    return [named[n] for n in range(len(seen))]


def _match(found: dict[int, str], likeness: NDArray[np.float64], floor: float, known: Sequence[Known]) -> None:
    """One to one, the greatest likeness over all pairs together; a theme stands once for each run that had it."""
    themes = list(dict.fromkeys(k.theme_id for k in known if k.theme_id not in found.values()))
    open_groups = [n for n in range(len(likeness)) if n not in found]
    if not themes or not open_groups:
        return
    best = np.array(
        [[max(likeness[n][j] for j, k in enumerate(known) if k.theme_id == t) for t in themes] for n in open_groups]
    )
    rows, columns = linear_sum_assignment(np.where(best >= floor, best, 0.0), maximize=True)
    for row, column in zip(rows, columns, strict=True):
        if best[row, column] >= floor:
            found[open_groups[row]] = themes[column]


def _overlap(seen: Sequence[Seen], known: Sequence[Known]) -> NDArray[np.float64]:
    return np.array(
        [[len(s.members & k.members) / max(1, min(len(s.members), len(k.members))) for k in known] for s in seen]
    ).reshape(len(seen), len(known))


def _cosine(seen: Sequence[Seen], known: Sequence[Known]) -> NDArray[np.float64]:
    """Rounded, so that the last bits of a product can't turn an id."""
    cosines = np.zeros((len(seen), len(known)))
    for i, s in enumerate(seen):
        for j, k in enumerate(known):
            if s.centre and len(s.centre) == len(k.centre):
                cosines[i, j] = round(float(np.dot(s.centre, k.centre)), 6)
    return cosines


def _new(members: Collection[str], taken: set[str]) -> str:
    """Named by its members, so that two runs that find the same group at the same time give it the same id."""
    told = "|".join(sorted(members))
    made = _id(told)
    while made in taken:
        told += "|"
        made = _id(told)
    taken.add(made)
    return made


def _id(told: str) -> str:
    return f"t-{hashlib.sha256(told.encode()).hexdigest()[:10]}"
