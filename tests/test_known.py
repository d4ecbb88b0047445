"""Months of made vectors in which it is known what is born, dies, parts, joins, drifts, swells or thins."""

from __future__ import annotations

import importlib.util
import sys
from collections import Counter
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import pytest

from bot.ports import Vectors
from bot.synthesis import tree
from bot.synthesis.known import apart as known_apart
from bot.synthesis.known import grouped
from bot.synthesis.lineage import Known, Seen, ids
from tests.runs import ROOT, embedder

DIM, NOISE = 96, 0.13
TICKETS = (5, 7, 9, 12, 16, 24, 40, 60)


@dataclass
class Planted:
    """Two months, and for each the theme of every row ("" for none). `heir`: theme of the second -> of the first."""

    vectors: list[Vectors] = field(default_factory=list)
    gold: list[list[str]] = field(default_factory=list)
    heir: dict[str, str] = field(default_factory=dict)


def planted(seed: int) -> Planted:
    """Twelve themes go on, a little elsewhere and of any size; two die and two are born, neighbours of one that goes on
    and of one that died. What is one theme of two sides in the first month is two in the second, and the other way
    round: the larger inherits."""
    chance = np.random.default_rng(seed)
    on = {f"s{n}": direction(chance) for n in range(12)}
    first = {**on, "dead0": direction(chance), "dead1": direction(chance)}
    second = {name: turned(centre, 0.35, chance) for name, centre in on.items()}
    second |= {"born0": turned(on["s0"], 1.2, chance), "born1": turned(first["dead1"], 0.8, chance)}
    made = Planted(heir={**{name: name for name in on}, "larger": "one", "both": "here"})
    sizes = [dict(zip(names, map(int, chance.choice(TICKETS, size=14)), strict=True)) for names in (first, second)]
    one, both = direction(chance), direction(chance)
    parts = [
        [
            *first.items(),
            ("one", one),
            ("one", turned(one, 0.5, chance)),
            ("here", both),
            ("there", turned(both, 1.1, chance)),
        ],
        [
            *second.items(),
            ("larger", one),
            ("smaller", turned(one, 1.1, chance)),
            ("both", both),
            ("both", turned(both, 0.5, chance)),
        ],
    ]
    for of, part in zip(sizes, parts, strict=True):
        counts = [of.get(name, 0) for name, _ in part[:14]] + [24, 10, 24, 10]
        made.vectors.append(rows([centre for _, centre in part], counts, chance))
        made.gold.append([name for (name, _), n in zip(part, counts, strict=True) for _ in range(n)] + [""] * 40)
    return made


def direction(chance: np.random.Generator) -> Vectors:
    return tree.unit(chance.standard_normal((1, DIM)))[0]


def turned(centre: Vectors, angle: float, chance: np.random.Generator) -> Vectors:
    """By so many radians, to somewhere."""
    aside = direction(chance)
    aside = tree.unit((aside - (aside @ centre) * centre)[None])[0]
    return np.asarray(np.cos(angle) * centre + np.sin(angle) * aside, np.float32)


def rows(centres, sizes, chance: np.random.Generator) -> Vectors:  # type: ignore[no-untyped-def]
    parts = [c + NOISE * chance.standard_normal((n, DIM)) for c, n in zip(centres, sizes, strict=False)]
    return tree.unit(np.vstack([*parts, chance.standard_normal((40, DIM))]).astype(np.float32))


def found(vectors: Vectors, gold: list[str], known: list[Known], month: str) -> list[tuple[str, Seen]]:
    """(what most of its tickets are, the group) for each group of a size to be a theme."""
    labels, space = grouped(vectors, known), tree.centred(vectors)
    made = []
    for label in range(int(labels.max(initial=-1)) + 1):
        inside = np.flatnonzero(labels == label)
        if len(inside) >= tree.MIN_MEMBERS:
            centre = tree.unit(space[inside].sum(axis=0)[None])[0]
            told = Counter(gold[i] for i in inside).most_common(1)[0][0]
            made.append((told, Seen(frozenset(f"{month}{i}" for i in inside), tuple(map(float, centre)))))
    return made


def carried(seed: int, answer=ids) -> tuple[int, int, int]:  # type: ignore[no-untyped-def]
    """-> (themes under their own id, of how many that are found in both months, themes under the id of another)."""
    made, _, known, second = months(seed)
    given = list(zip([name for name, _ in second], answer([s for _, s in second], known), strict=True))
    old = {k.theme_id for k in known}
    due = {name for name, _ in second if f"t-{made.heir.get(name)}" in old}
    right = {name for name, i in given if i == f"t-{made.heir.get(name)}"}
    return len(right), len(due), sum(i in old and i != f"t-{made.heir.get(name)}" for name, i in given)


@cache
def months(seed: int):  # type: ignore[no-untyped-def]
    made = planted(seed)
    first = found(made.vectors[0], made.gold[0], [], "a")
    known = [Known(f"t-{name}", s.members, s.centre, past=True) for name, s in first]
    return made, first, known, found(made.vectors[1], made.gold[1], known, "b")


SEEDS = range(4)


def test_of_what_goes_on_at_least_95_of_100_keep_their_id_and_nothing_takes_anothers() -> None:
    right, due, wrong = np.sum([carried(seed) for seed in SEEDS], axis=0)
    assert due >= 0.9 * 14 * len(SEEDS)
    assert right >= 0.95 * due, f"{right} of {due}"
    assert wrong == 0


def test_all_new_and_all_one_are_seen_through() -> None:
    right, due, _ = np.sum([carried(s, lambda seen, known: [f"n{i}" for i in range(len(seen))]) for s in SEEDS], axis=0)
    assert right < 0.95 * due
    _, _, wrong = np.sum([carried(s, lambda seen, known: [known[0].theme_id] * len(seen)) for s in SEEDS], axis=0)
    assert wrong > 0


def thin(seed: int, spread: float) -> tuple[Vectors, Vectors]:
    """A batch of three plain groups, and six rows around a centre that are hardly like each other; the centre."""
    chance = np.random.default_rng(seed)
    centre = direction(chance)
    plain = [direction(chance) for _ in range(3)]
    batch = rows(plain, (20, 20, 20), chance)
    scattered = [turned(centre, spread, chance) for _ in range(6)]
    return np.vstack([batch, scattered]).astype(np.float32), centre


@pytest.fixture
def batch() -> tuple[Vectors, Known]:
    vectors, centre = thin(3, 1.02)
    return vectors, Known("t-1", frozenset(map(str, range(30))), tuple(map(float, centre)), past=True)


def test_a_known_theme_is_found_in_tickets_that_alone_would_be_none(batch: tuple[Vectors, Known]) -> None:
    vectors, known = batch
    assert (tree.grouped(vectors)[-6:] == -1).all()
    again = grouped(vectors, [known])
    assert len(set(again[-6:])) == 1
    assert again[-1] >= 0
    assert (again[:60] == tree.grouped(vectors)[:60]).all()


def test_what_was_found_in_the_same_days_or_by_another_model_shapes_nothing(batch: tuple[Vectors, Known]) -> None:
    vectors, known = batch
    same_days = Known(known.theme_id, known.members, known.centre)
    other_model = Known(known.theme_id, known.members, (*known.centre, 0.0), past=True)
    assert (grouped(vectors, [same_days, other_model]) == tree.grouped(vectors)).all()


def test_a_theme_with_two_pasts_takes_what_is_like_either_into_one_group() -> None:
    """As after two themes were merged: each side brings its own tickets, and they are counted together."""
    chance = np.random.default_rng(5)
    vectors, one = thin(3, 1.0)
    other = turned(one, 0.85, chance)
    both = np.vstack([vectors, [turned(other, 1.0, chance) for _ in range(6)]]).astype(np.float32)
    pasts = [Known("t-1", frozenset("abcde"), tuple(map(float, c)), past=True) for c in (one, other)]
    assert set(tree.grouped(both)[-12:]) == {-1}
    assert (grouped(both, pasts)[-12:] == 3).sum() >= 10
    assert all((grouped(both, [past])[-12:] == 3).sum() < 8 for past in pasts)


BENCH = ROOT.parent / "shared" / "bench"


@pytest.mark.skipif(not BENCH.is_dir(), reason="ThemeBench is not beside this repository (../shared/bench)")
def test_knowing_the_past_makes_no_month_worse_on_themebench() -> None:
    """Months of the same intents with other tickets; all 48 pairs, and what is worse: bench/lineage.py."""
    spec = importlib.util.spec_from_file_location("bench_lineage", ROOT / "bench" / "lineage.py")
    assert spec and spec.loader
    sys.modules["bench_lineage"] = bench = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(bench)
    first, second = bench.drawn("b77", 1, embedder())
    were = bench.groups(first, tree.grouped(first.vectors), "a")
    past = [Known(f"t-{n}", s.members, s.centre, past=True) for n, (_, s) in enumerate(were)]
    alone, used, *known_first = [bench.score(second, way(second.vectors, past)) for way in bench.WAYS.values()]
    assert used >= alone - 0.002
    assert max(known_first) < alone - 0.05  # what would be noticed


# --- what people split


def month_of(one: Vectors, other: Vectors, sizes: tuple[int, int], seed: int) -> Vectors:
    """One theme of two sides, in the company of eight others."""
    chance = np.random.default_rng(seed)
    others = [direction(np.random.default_rng(1000 + n)) for n in range(8)]
    rows = [cloud(one, sizes[0], chance), cloud(other, sizes[1], chance), *(cloud(o, 12, chance) for o in others)]
    return np.concatenate(rows)


def cloud(centre: Vectors, size: int, chance: np.random.Generator) -> Vectors:
    return tree.unit((centre + chance.normal(scale=NOISE, size=(size, DIM))).astype(np.float32))


def centre_of(space: Vectors, rows: slice) -> tuple[float, ...]:
    return tuple(map(float, tree.unit(space[rows].sum(axis=0, keepdims=True))[0]))


@pytest.mark.parametrize(("apart", "cut"), [(0.5, True), (0.0, False)])
def test_a_split_binds_the_next_month_where_the_words_of_the_two_can_be_told_apart(apart: float, cut: bool) -> None:
    chance = np.random.default_rng(3)
    one = direction(chance)
    other = turned(one, apart, chance) if apart else one
    first, second = (month_of(one, other, (20, 12), seed) for seed in (1, 2))
    space = tree.centred(first)
    whole = Known("t-one", frozenset(map(str, range(20))), centre_of(space, slice(0, 20)), past=True)
    part = Known(
        "t-part", frozenset(map(str, range(20, 32))), centre_of(space, slice(20, 32)), past=True, part_of="t-one"
    )
    together = grouped(second)
    assert {*together[:32]} - {-1} == {together[0]}, "the month alone does not tell them apart"
    assert known_apart(part, whole) is cut
    labels = grouped(second, [whole, part] if cut else [whole])
    sides = [Counter(labels[rows]).most_common(1)[0] for rows in (slice(0, 20), slice(20, 32))]
    assert sides[0][1] >= 18 and sides[1][1] >= 9
    assert bool(sides[0][0] != sides[1][0]) is cut
    assert np.array_equal(labels[32:] >= 0, together[32:] >= 0), "nobody else's group changes"
