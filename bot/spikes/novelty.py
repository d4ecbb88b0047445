"""Where tickets of the last day belong: to a theme that is known, or to wording that no known theme explains. Pure.

Vectors come in as an argument, in any order; what comes out are series of counts, which `bot.spikes` judges.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from bot.ports import Vectors
from bot.spikes import DAY, Cause, Series, hour
from bot.synthesis.tree import JOIN, centred, unit

NEAR = 0.5  # cosine of two tickets of one problem (the median; strangers are at 0, one in a thousand at .3: bench)
_MOST = 3  # groups of new wording that are told of at once
_MOST_TICKETS = 4_000  # of the last day that are compared with each other
_NONE = -1


@dataclass(frozen=True, slots=True)
class Written:
    """A ticket for what is counted here: when it was created, and its area, "" for none."""

    at: datetime
    area: str


@dataclass(frozen=True, slots=True)
class Centre:
    """Where a known theme's tickets lie; `at` is of unit length, in the space of its run."""

    theme_id: str
    name: str
    at: tuple[float, ...]


def series(
    written: Sequence[Written], vectors: Vectors, known: Sequence[Centre], end: datetime, least: int
) -> list[Series]:
    """A series for each known theme, and for each group of at least `least` tickets of the last day like no theme.

    `written` are the tickets of the last 24 hours before `end` and of the same hours of earlier weeks, with one row of
    `vectors` each. A row of zeros (no text) is like nothing. The area of most of a series' tickets is its place.
    """
    space = centred(vectors)
    belongs = _nearest(space, known)
    recent = np.array([w.at >= end - DAY for w in written], dtype=bool)
    themes = [
        _series(Cause.THEME, k.name, written, np.flatnonzero(belongs == n), recent)
        for n, k in enumerate(known)
        if (belongs == n).any()
    ]
    free = np.flatnonzero(recent & (belongs == _NONE) & (np.abs(space).sum(axis=1) > 0))[-_MOST_TICKETS:]
    groups = list(_groups(space, free, belongs == _NONE, least))
    return themes + [_series(Cause.WORDING, "", written, rows, recent, max(1, len(free))) for rows in groups]


def _nearest(space: Vectors, known: Sequence[Centre]) -> NDArray[np.intp]:
    """The position of each row's theme among `known`; a centre of another embedder's space explains nothing."""
    usable = [n for n, k in enumerate(known) if len(k.at) == space.shape[-1]]
    belongs = np.full(len(space), _NONE, dtype=np.intp)
    if usable and len(space):
        near = np.round(space @ np.array([known[n].at for n in usable], np.float32).T, 6)
        best = near.argmax(axis=1)
        belongs = np.where(near.max(axis=1) >= JOIN, np.array(usable, dtype=np.intp)[best], _NONE)
    return belongs


def _groups(
    space: Vectors, free: NDArray[np.intp], unexplained: NDArray[np.bool_], least: int
) -> Iterator[NDArray[np.intp]]:
    """Rows, of today and of earlier weeks, around the ticket with most neighbours; then around the next one."""
    near = space[free] @ space[free].T >= NEAR
    left = np.ones(len(free), dtype=bool)
    for _ in range(_MOST):
        neighbours = (near & left & left[:, None]).sum(axis=1)
        if not len(free) or neighbours.max() < least / 2:
            return
        around = near[int(neighbours.argmax())] & left
        centre = unit(space[free[around]].sum(axis=0, keepdims=True))[0]
        like = np.round(space @ centre, 6) >= JOIN
        if like[free].sum() >= least:
            yield np.flatnonzero(like & unexplained)
        left &= ~(around | like[free])


def _series(
    cause: Cause,
    name: str,
    written: Sequence[Written],
    rows: NDArray[np.intp],
    recent: NDArray[np.bool_],
    tries: int = 1,
) -> Series:
    areas = Counter(written[i].area for i in rows if recent[i])
    area, most = areas.most_common(1)[0] if areas else ("", 0)
    place = area if 2 * most > areas.total() else ""
    counts: Mapping[datetime, int] = Counter(hour(written[i].at) for i in rows)
    return Series(cause, name, place, counts, whole=False, tries=tries)
