"""Two months of one product, other tickets of the same problems: how alike are the centres of what recurs, and not?

    python bench/lineage.py [draws]

Sets `ALIKE` (bot.synthesis.lineage): from there on two months' groups are one theme. Texts are ThemeBench's pool, which
lies beside the repository; a month has some problems that the other has, and some of its own that are their neighbours.
"""

from __future__ import annotations

import random
import sys
import tempfile
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from bot import pipeline
from bot.config import Config
from bot.domain import AccountHint, Ticket
from bot.embedding import Cached, MiniLM
from bot.reading import Asked, Collected, Unwatched, arranged

BENCH = Path(__file__).resolve().parents[2] / "shared" / "bench"
SHARED, OWN, PURE = 9, 4, 0.7
Centre = tuple[str, tuple[float, ...]]  # what most of its tickets are about, and where it is


def main(draws: int) -> None:
    sys.path.insert(0, str(BENCH))
    import make_batches  # type: ignore[import-not-found]

    corpora = make_batches.load()
    embedder = Cached(MiniLM(), Path(tempfile.gettempdir()) / "groundswell-bench-lineage.db")
    for corpus in ("b77", "clinc"):
        same: list[float] = []
        other: list[float] = []
        wrong = {floor: [0, 0, 0] for floor in np.arange(0.5, 0.95, 0.04).round(2)}
        for seed in range(draws):
            intents = corpora[corpus][seed % len(corpora[corpus])]["intents"]
            first, second = two_months(intents, make_batches, random.Random(f"{corpus}{seed}"), embedder)
            for a in second:
                for b in first:
                    (same if a[0] == b[0] else other).append(float(np.dot(a[1], b[1])))
            told(first, second, wrong)
        print(f"\n{corpus}: {draws} pairs of months, {len(same)} pairs of one problem, {len(other)} of two")
        for name, found in (("one problem", same), ("two problems", other)):
            shown = "  ".join(f"{q}%: {np.percentile(found, q):.2f}" for q in (0, 1, 5, 25, 50, 75, 95, 99, 100))
            print(f"  {name:<13} {shown}")
        print("  floor    carried over   wrongly   of so many that recur")
        for floor, (right, false, due) in wrong.items():
            print(f"  {floor:.2f}   {right:>10}   {false:>10}   {due:>10}")


def two_months(
    intents: dict[str, list[str]], bench: object, rng: random.Random, embedder: Cached
) -> list[list[Centre]]:
    names = sorted(intents)
    near = bench.centroids(intents)  # type: ignore[attr-defined]
    shared = rng.sample(names, min(SHARED, len(names) - 2 * OWN))
    rest = [n for s in shared for n in bench.nearest(near, s) if n not in shared]  # type: ignore[attr-defined]
    rest = list(dict.fromkeys(rest)) + [n for n in names if n not in shared]
    own = list(dict.fromkeys(rest))[: 2 * OWN]
    texts = {n: rng.sample(intents[n], len(intents[n])) for n in (*shared, *own)}
    return [month([*shared, *own[part::2]], texts, part, rng, embedder) for part in (0, 1)]


def month(
    names: list[str], texts: dict[str, list[str]], part: int, rng: random.Random, embedder: Cached
) -> list[Centre]:
    """Half of each problem's texts belongs to each month; 8 to 24 of them come in."""
    at = datetime(2026, 9 + part, 1, tzinfo=UTC)
    tickets, gold = [], {}
    for name in names:
        for text in texts[name][part::2][: rng.randint(8, 24)]:
            key = f"{part}-{len(tickets)}"
            when = at + timedelta(hours=rng.randrange(24 * 28))
            tickets.append(
                Ticket("file", key, "", text, account=AccountHint(name=f"c{len(tickets) % 40}"), created_at=when)
            )
            gold[key] = name
    rules = Config().rules
    reading = arranged(Collected(tuple(sorted(tickets, key=lambda t: t.id))), Asked(), rules, None)
    made = pipeline.compose(reading, embedder, rules, Asked(), at, Unwatched())
    found = []
    for theme in (*made.digest.themes, *made.digest.further_themes):
        name, most = Counter(gold[m] for m in theme.members).most_common(1)[0]
        if most >= PURE * len(theme.members):
            found.append((name, made.centres[theme.id]))
    return found


def told(first: list[Centre], second: list[Centre], wrong: dict[float, list[int]]) -> None:
    from bot.synthesis import lineage

    known = [lineage.Known(f"t-{n}", frozenset({f"a{n}"}), c) for n, (_, c) in enumerate(first)]
    seen = [lineage.Seen(frozenset({f"b{n}"}), c) for n, (_, c) in enumerate(second)]
    named = {f"t-{n}": name for n, (name, _) in enumerate(first)}
    due = len({name for name, _ in first} & {name for name, _ in second})
    kept = lineage.ALIKE
    for floor, counts in wrong.items():
        lineage.ALIKE = floor
        carried = [
            (named[i], name) for i, (name, _) in zip(lineage.ids(seen, known), second, strict=True) if i in named
        ]
        counts[0] += sum(a == b for a, b in carried)
        counts[1] += sum(a != b for a, b in carried)
        counts[2] += due
    lineage.ALIKE = kept


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
