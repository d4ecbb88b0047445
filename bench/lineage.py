"""Two months of one product, other tickets of the same problems: which themes go on under their id, and at what price?

    python bench/lineage.py [pairs of months]

Sets `ALIKE` (bot.synthesis.lineage), from which on two months' groups are one theme, and says whether knowing the past
makes the groups worse (bot.synthesis.known). Texts are ThemeBench's pool, which lies beside the repository. A month has
eight problems that the other has, and three of its own, some of them neighbours of those; half of the pairs also drift:
the words of the second month lie to one side of those of the first.
"""

from __future__ import annotations

import random
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bot.embedding import Cached, MiniLM
from bot.ports import Embedder, Vectors
from bot.synthesis import known, lineage, tree

BENCH = Path(__file__).resolve().parents[2] / "shared" / "bench"
SHARED, OWN, PURE = 8, 3, 0.7
SIZES = (5, 6, 7, 8, 10, 12, 15, 20, 25, 32, 40, 60)
Labels = NDArray[np.intp]


@dataclass(frozen=True)
class Month:
    """Texts, what each is about (None: no theme), and their vectors."""

    texts: tuple[str, ...]
    gold: tuple[str | None, ...]
    vectors: Vectors


def bench(name: str) -> ModuleType:
    sys.path.insert(0, str(BENCH))
    return __import__(name)


def drawn(corpus: str, seed: int, embedder: Embedder, *, drift: bool = False) -> tuple[Month, Month]:
    """A pair of months, always the same for a seed."""
    make = bench("make_batches")
    corpora = make.load()
    intents = corpora[corpus][seed % len(corpora[corpus])]["intents"]
    rng = random.Random(f"{corpus}{seed}")
    names = sorted(n for n in intents if len(intents[n]) >= 30)
    both = rng.sample(names, SHARED)
    like = make.centroids(intents)
    near = [n for s in both for n in make.nearest(like, s) if n in names and n not in both]
    own = list(dict.fromkeys(rng.sample(near, len(near))))[:OWN]
    rest = rng.sample(left := [n for n in names if n not in both and n not in own], len(left))
    own, rest = rng.sample([*own, *rest[:OWN]], 2 * OWN), rest[OWN:]
    halves = {n: _halves(intents[n], rng, embedder if drift and n in both else None) for n in names}
    oos = rng.sample(corpora["oos"], len(corpora["oos"]))
    months = []
    for m in (0, 1):
        rows = [(t, n) for n in (*both, *own[m::2]) for t in halves[n][m][: rng.choice(SIZES)]]
        rows += [(t, None) for n in rest[m * 3 : m * 3 + 3] for t in halves[n][m][: rng.choice((3, 4))]]
        rows += [(t, None) for n in rest[6:] for t in halves[n][m][: rng.choice((0, 1, 1, 2))]]
        rows += [(t, None) for t in oos[m * 400 :][: int(len(rows) * rng.uniform(0.05, 0.25))]]
        texts, gold = zip(*rng.sample(rows, len(rows)), strict=True)
        months.append(Month(texts, gold, embedder.embed(texts)))
    return months[0], months[1]


def _halves(texts: Sequence[str], rng: random.Random, drifting: Embedder | None) -> tuple[list[str], list[str]]:
    mixed = rng.sample(list(texts), len(texts))
    if drifting is None:
        return mixed[::2], mixed[1::2]
    vectors = drifting.embed(mixed)
    away = vectors - vectors.mean(axis=0)
    along = away @ np.linalg.svd(away, full_matrices=False)[2][0]
    order = np.argsort(along + np.array([rng.gauss(0, 1) for _ in mixed]) * along.std())
    ends = [mixed[i] for i in order]
    return tuple(rng.sample(part, len(part)) for part in (ends[: len(ends) // 2], ends[len(ends) // 2 :]))  # type: ignore[return-value]


def score(month: Month, labels: Labels) -> float:
    """ThemeBench's, every ticket being of a customer of its own."""
    ids = [str(i) for i in range(len(month.texts))]
    of: defaultdict[str, list[str]] = defaultdict(list)
    for i, name in zip(ids, month.gold, strict=True):
        if name:
            of[name].append(i)
    themes = sorted((_told(v, intent=n) for n, v in of.items()), key=lambda t: (-t["ticket_count"], t["intent"]))
    gold = {"labels": dict(zip(ids, month.gold, strict=True)), "customers": {i: i for i in ids}, "themes": themes}
    sets = [np.flatnonzero(labels == k) for k in range(labels.max(initial=-1) + 1)]
    large = sorted((s for s in sets if len(s) >= tree.MIN_MEMBERS), key=len, reverse=True)[:8]
    told = [_told([str(i) for i in rows]) for rows in large]
    inside = {i for t in told for i in t["ticket_ids"]}
    return float(
        bench("score").score(gold, {"themes": told, "not_a_theme": [i for i in ids if i not in inside]})["score"]
    )


def _told(ids: list[str], **more: str) -> dict:  # type: ignore[type-arg]
    return {"ticket_ids": ids, "ticket_count": len(ids), "customer_count": len(ids), **more}


def groups(month: Month, labels: Labels, mark: str) -> list[tuple[str | None, lineage.Seen]]:
    """(what it is about, where most of it is of one problem; the group) of each group of a theme's size."""
    space, made, total = tree.centred(month.vectors), [], Counter(month.gold)
    for label in range(labels.max(initial=-1) + 1):
        rows = np.flatnonzero(labels == label)
        if len(rows) >= tree.MIN_MEMBERS:
            name, most = Counter(month.gold[i] for i in rows).most_common(1)[0]
            jaccard = most / (len(rows) + total[name] - most)
            centre = tree.unit(space[rows].sum(axis=0)[None])[0]
            seen = lineage.Seen(frozenset(f"{mark}{i}" for i in rows), tuple(float(x) for x in centre))
            made.append((name if name and (jaccard >= 0.5 or most >= PURE * len(rows)) else None, seen))
    return made


def known_first(vectors: Vectors, past: Sequence[lineage.Known], floor: float) -> Labels:
    """What is not done: each ticket to the known theme that it is like, and the remainder clustered."""
    space = tree.centred(vectors)
    near = np.round(space @ np.array([k.centre for k in past], np.float32).T, 6)
    labels = tree.without_small(np.where(near.max(axis=1) >= floor, near.argmax(axis=1), -1), tree.MIN_MEMBERS)
    rest = np.flatnonzero(labels < 0)
    again = tree.separated(space[rest])
    labels[rest] = np.where(again >= 0, again + labels.max(initial=-1) + 1, -1)
    return tree.ordered(labels)


Way = Callable[[Vectors, Sequence[lineage.Known]], Labels]
WAYS: dict[str, Way] = {
    "from nothing": lambda v, _: tree.grouped(v),
    "the past in what is left (used)": known.grouped,
    "known first, from 0.40": lambda v, past: known_first(v, past, 0.40),
    "known first, from 0.55": lambda v, past: known_first(v, past, 0.55),
}


def main(pairs: int) -> None:
    embedder = Cached(MiniLM(), Path(tempfile.gettempdir()) / "groundswell-bench-lineage.db")
    scores: defaultdict[str, list[float]] = defaultdict(list)
    told: defaultdict[tuple[str, bool, float], list[int]] = defaultdict(lambda: [0, 0, 0])
    for corpus, seed, drift in [(c, s, d) for c in ("b77", "clinc") for s in range(pairs) for d in (False, True)]:
        first, second = drawn(corpus, seed, embedder, drift=drift)
        were = groups(first, tree.grouped(first.vectors), "a")
        past = [lineage.Known(f"t-{n}", s.members, s.centre, past=True) for n, (_, s) in enumerate(were)]
        for name, way in WAYS.items():
            labels = way(second.vectors, past)
            scores[name].append(score(second, labels))
            for floor in (0.86, 0.89, 0.92, 0.95):
                right, due, wrong = carried(were, groups(second, labels, "b"), past, floor)
                for n, x in enumerate((right, due, wrong)):
                    told[name, drift, floor][n] += x
    for name, found in scores.items():
        away = np.subtract(found, scores["from nothing"])
        draws = np.random.default_rng(0).choice(away, (4_000, len(away))).mean(axis=1)
        low, high = np.percentile(draws, (2.5, 97.5))
        print(f"{name:<32} score {np.mean(found):.4f}  {np.mean(away):+.4f} [{low:+.4f}, {high:+.4f}]")
    print("\n                                 drift   ALIKE   keep their id        under another's")
    for (name, drift, floor), (right, due, wrong) in told.items():
        print(f"{name:<32} {drift!s:<6} {floor:.2f}   {right:>4} of {due:>4} {right / due:.3f}   {wrong:>4}")


def carried(
    were: Sequence[tuple[str | None, lineage.Seen]],
    are: Sequence[tuple[str | None, lineage.Seen]],
    past: Sequence[lineage.Known],
    floor: float,
) -> tuple[int, int, int]:
    """-> (problems that keep their id, of how many with a theme in both months, themes under the id of another)."""
    kept, lineage.ALIKE = lineage.ALIKE, floor
    names = {k.theme_id: name for k, (name, _) in zip(past, were, strict=True)}
    pairs = [(n, names[i]) for (n, _), i in zip(are, lineage.ids([s for _, s in are], past), strict=True) if i in names]
    lineage.ALIKE = kept
    due = {n for n, _ in are if n} & {n for n, _ in were if n}
    return len({a for a, b in pairs if a and a == b}), len(due), sum(bool(a and b and a != b) for a, b in pairs)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 16)
