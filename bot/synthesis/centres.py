"""Where groups of tickets lie among all tickets of their batch: for groups that people made. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np

from bot.domain import Ticket
from bot.ports import Vectors
from bot.synthesis import tree
from bot.synthesis.clean import cleaned, passages
from bot.synthesis.forms import spoken
from bot.synthesis.noise import why_noise


def centres(
    tickets: Sequence[Ticket], embed: Callable[[Sequence[str]], Vectors], groups: Mapping[str, Collection[str]]
) -> dict[str, tuple[float, ...]]:
    """Centre by group (unit length, in the batch's own space), as `synthesize` would have it for the same members.

    `groups`: ids of tickets by group; a group with none of them among `tickets` has no centre.
    """
    kept = sorted((t for t in tickets if why_noise(t) is None), key=lambda t: t.id)
    clean = cleaned([(t.subject, t.body) for t in kept])
    _, vectors = spoken(clean, embed(tuple(p for c in clean for p in passages(c))))
    space, place = tree.centred(vectors), {t.id: row for row, t in enumerate(kept)}
    rows = {name: [place[i] for i in sorted(ids) if i in place] for name, ids in groups.items()}
    return {
        name: tuple(round(float(x), 5) for x in tree.unit(np.sum(space[r], axis=0, keepdims=True))[0])
        for name, r in rows.items()
        if r
    }
