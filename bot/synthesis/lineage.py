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
# Likeness of two centres, each in the space of its own batch, from which two months tell of one theme. Measured with
# bench/lineage.py (its README says the figures): below, what is new goes on under a neighbour's id.
ALIKE = 0.92
# Length of the mean of a theme's unit rows, by which a centre made of few tickets is known to be off: without that,
# small themes that recur look like strangers (the bare cosine at 0.82 kept 92 % of the ids). Fitted on the same pairs;
# what is seen in a group is more (median 0.73), since members are chosen for being near, and would correct too little.
_SPREAD = 0.6
_LEAST = 5  # tickets: a centre of fewer is not believed to be further off


@dataclass(frozen=True, slots=True)
class Known:
    """A theme as an earlier run found it: its tickets' ids, and its centre (unit length, or empty when not kept).

    A theme stands once for each run that had it. `past`: that run's window was over when this one's begins. `part_of`:
    the theme from which a person split it off. `name`: what that run called it.
    """

    theme_id: str
    members: frozenset[str]
    centre: tuple[float, ...]
    past: bool = False
    part_of: str | None = None
    name: str = ""


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
    for like, floor in ((_overlap(groups, known), OVERLAP), (likeness(groups, known), ALIKE)):
        _match(found, like, floor, known)
    taken = {k.theme_id for k in known} | set(found.values())
    named = {n: found.get(place) or _new(seen[n].members, taken) for place, n in enumerate(order)}
    return [named[n] for n in range(len(seen))]


def _match(found: dict[int, str], like: NDArray[np.float64], floor: float, known: Sequence[Known]) -> None:
    """One to one, the greatest likeness over all pairs together; a theme stands once for each run that had it."""
    themes = list(dict.fromkeys(k.theme_id for k in known if k.theme_id not in found.values()))
    open_groups = [n for n in range(len(like)) if n not in found]
    if not themes or not open_groups:
        return
    best = np.array(
        [[max(like[n][j] for j, k in enumerate(known) if k.theme_id == t) for t in themes] for n in open_groups]
    )
    rows, columns = linear_sum_assignment(np.where(best >= floor, best, 0.0), maximize=True)
    for row, column in zip(rows, columns, strict=True):
        if best[row, column] >= floor:
            found[open_groups[row]] = themes[column]


def _overlap(seen: Sequence[Seen], known: Sequence[Known]) -> NDArray[np.float64]:
    return np.array(
        [[len(s.members & k.members) / max(1, min(len(s.members), len(k.members))) for k in known] for s in seen]
    ).reshape(len(seen), len(known))


def likeness(seen: Sequence[Seen], known: Sequence[Known]) -> NDArray[np.float64]:
    """(groups, known) cosines of the centres, over what two samples of one theme of those sizes would have.

    The correction for attenuation (Spearman 1904). 0 where a centre is missing, or of another model. Rounded, so that
    the last bits of a product can't turn an id.
    """
    alike = np.zeros((len(seen), len(known)))
    for i, s in enumerate(seen):
        for j, k in enumerate(known):
            if s.centre and len(s.centre) == len(k.centre):
                due = (firmness(len(s.members)) * firmness(len(k.members))) ** 0.5
                alike[i, j] = round(float(np.dot(s.centre, k.centre)) / due, 6)
    return alike


def firmness(tickets: int) -> float:
    """How much of a centre of so many tickets is its theme's, 0 to 1; the rest is the chance of which ones came."""
    n = max(tickets, _LEAST)
    return (n - _SPREAD**-2) / (n - 1)


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
