"""Subjects that a web form or a help desk writes ("Contact form", "Lumenboard support") say nothing of the problem.

No list knows them all. They give themselves away: one subject stands above tickets whose bodies have nothing in common.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bot.ports import Vectors
from bot.synthesis.clean import Cleaned, combined, folded, passages
from bot.synthesis.tree import centred

_OFTEN = 3  # tickets under one subject, below which nothing can be told
_IN_COMMON = 0.25  # mean cosine among bodies; in a theme it is .4 and more, among strangers about 0


def spoken(tickets: Sequence[Cleaned], vectors: Vectors) -> tuple[tuple[Cleaned, ...], Vectors]:
    """(tickets without the subjects of forms, one unit row for each); `vectors` are those of all their `passages`."""
    sizes = [len(passages(t)) for t in tickets]
    starts = np.cumsum([0, *sizes])[:-1].astype(np.intp)
    formal = _written_by_forms(tickets, vectors, starts)
    kept = np.ones(len(vectors), dtype=bool)
    kept[starts[sorted(formal)]] = False
    left = [n - (i in formal) for i, n in enumerate(sizes)]
    said = tuple(_without_subject(t) if i in formal else t for i, t in enumerate(tickets))
    return said, combined(vectors[kept], left)


def _written_by_forms(tickets: Sequence[Cleaned], vectors: Vectors, starts: NDArray[np.intp]) -> set[int]:
    """Positions of the tickets whose subject is a form's."""
    under: dict[str, list[int]] = defaultdict(list)
    for i, ticket in enumerate(tickets):
        if ticket.subject and ticket.body:
            under[folded(ticket.subject)].append(i)
    bodies = centred(vectors)
    return {
        i
        for same in under.values()
        if len(same) >= _OFTEN and _in_common(bodies[starts[same] + 1]) < _IN_COMMON
        for i in same
    }


def _in_common(rows: Vectors) -> float:
    """Mean cosine over all pairs of unit rows."""
    n = len(rows)
    together = float(np.square(rows.astype(np.float64).sum(axis=0)).sum())
    return (together - n) / (n * (n - 1))


def _without_subject(ticket: Cleaned) -> Cleaned:
    return replace(ticket, subject="", sentences=ticket.sentences[1:])
