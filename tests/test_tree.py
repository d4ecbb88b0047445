"""Grouping on vectors whose groups are known: found, refined, measured, and the same on every path."""

from __future__ import annotations

import numpy as np
import pytest

from bot.ports import Vectors
from bot.synthesis import quality, tree


def cloud(
    sizes: list[int], *, nowhere: int = 0, spread: float = 0.7, seed: int = 1, dim: int = 96
) -> tuple[Vectors, list[int]]:
    """Rows around one centre for each size, and `nowhere` rows around none (label -1), shuffled."""
    chance = np.random.default_rng(seed)
    shared = chance.standard_normal(dim)
    centres = chance.standard_normal((len(sizes), dim)) + 0.6 * shared
    rows, labels = [], []
    for label, size in enumerate(sizes):
        rows.append(centres[label] + spread * chance.standard_normal((size, dim)))
        labels += [label] * size
    rows.append(0.6 * shared + 1.5 * chance.standard_normal((nowhere, dim)))
    labels += [-1] * nowhere
    order = chance.permutation(len(labels))
    return tree.unit(np.concatenate(rows)[order].astype(np.float32)), [labels[i] for i in order]


@pytest.mark.parametrize("sizes", [[30, 20, 10, 6], [5, 5, 5], [60], [400, 300, 200, 50, 7]])
def test_groups_that_stand_apart_are_found_whole(sizes: list[int]) -> None:
    space, truth = cloud(sizes, nowhere=40)
    found = tree.grouped(space)
    assert quality.adjusted_rand(found, np.array(truth)) > 0.95


def test_a_large_batch_is_sampled_and_the_groups_are_the_same() -> None:
    sizes = [900, 700, 500, 300, 200, 60, 20]
    space, truth = cloud(sizes, nowhere=900)
    assert len(space) > 2_500
    found = tree.grouped(space)
    assert quality.adjusted_rand(found, np.array(truth)) > 0.9
    assert sum(n >= 5 for n in np.bincount(found[found >= 0])) >= len(sizes)


def test_strangers_are_in_no_group() -> None:
    space, _ = cloud([], nowhere=200)
    assert (tree.grouped(space) >= 0).mean() < 0.1


def beside_twins(strangers: int) -> Vectors:
    """Six groups that lie two and two, so that one cut for all must be strict; nine loose rows (48 to 56)."""
    chance = np.random.default_rng(2)

    def around(centre: Vectors, near: float, n: int) -> Vectors:
        rows = chance.normal(size=(n, 384))
        return centre * np.sqrt(near) + rows / np.linalg.norm(rows, axis=1, keepdims=True) * np.sqrt(1 - near)

    nothing = np.zeros(384)
    rows = []
    for _ in range(3):
        base = around(nothing, 0, 1)[0]
        for _ in range(2):
            centre = around(base, 0.8, 1)[0]
            rows.append(around(centre / np.linalg.norm(centre), 0.6, 8))
    rows += [around(around(nothing, 0, 1)[0], 0.3, 9), around(nothing, 0, strangers)]
    return tree.unit(np.concatenate(rows).astype(np.float32))


def test_a_second_look_finds_a_loose_group_behind_those_that_stand_out() -> None:
    loose = tree.grouped(beside_twins(14))[48:57]
    assert len(set(loose)) == 1
    assert loose[0] >= 0


def test_labels_are_numbered_by_size_and_begin_at_nought() -> None:
    space, _ = cloud([8, 30, 15], nowhere=10)
    found = tree.grouped(space)
    sizes = np.bincount(found[found >= 0])
    assert list(sizes) == sorted(sizes, reverse=True)
    assert sizes.min() >= tree.MIN_SMALL


@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_next_to_nothing_makes_no_group(n: int) -> None:
    space, _ = cloud([], nowhere=n)
    assert list(tree.grouped(space)) == [-1] * n


def test_equal_rows_are_one_group_and_empty_rows_are_in_none() -> None:
    same = np.tile(tree.unit(np.ones((1, 96), np.float32)), (7, 1))
    other, _ = cloud([20], seed=4)
    space = np.concatenate([same, np.zeros((6, 96), np.float32), other])
    found = tree.grouped(space)
    assert len(set(found[:7])) == 1
    assert set(found[7:13]) == {-1}


def test_every_member_is_nearer_to_its_group_than_the_floor() -> None:
    space, _ = cloud([40, 25, 12], nowhere=60)
    found = tree.grouped(space)
    fit = tree.fit(space, found)
    large = np.isin(found, np.flatnonzero(np.bincount(found[found >= 0]) >= tree.MIN_MEMBERS))
    assert fit[large].min() >= tree.KEEP - 0.1  # refinement stops after three rounds


def test_what_stands_apart_is_stable_and_strangers_are_not() -> None:
    space, _ = cloud([40, 30, 20], nowhere=30)
    held = quality.resampled(space, tree.grouped(space), seed=0)
    assert held.overall is not None
    assert held.overall > 0.85
    noise, _ = cloud([], nowhere=150, spread=1.0)
    forced = np.arange(150) % 3
    shaky = quality.resampled(noise, forced, seed=0)
    assert shaky.stability is not None
    assert shaky.stability.max() < 0.5


def test_a_large_batch_is_looked_at_in_blocks_and_gives_the_same_to_the_bit() -> None:
    vectors, planted = cloud([6_000, 4_000, 3_000, 2_000], nowhere=3_000)
    whole, lazy, labels = tree.centred(vectors), tree.seen(vectors), np.array(planted)
    assert isinstance(lazy, tree.Space) and not isinstance(tree.seen(vectors[:8_000]), tree.Space)
    rows = np.array([17_999, 3, 8_192, 3])
    assert np.array_equal(lazy[rows], whole[rows]) and np.array_equal(lazy[8_190:8_195], whole[8_190:8_195])
    assert np.array_equal(tree.sums_of(lazy, labels), tree.sums_of(whole, labels))
    inside = labels >= 0
    together = np.array([whole[labels == k].astype(np.float64).sum(axis=0) for k in range(4)])
    assert np.allclose(tree.sums_of(lazy, labels), together, rtol=1e-5, atol=1e-3)
    moved = tree.refined(lazy, np.where(inside, labels, 0))
    assert np.array_equal(moved, tree.refined(whole, np.where(inside, labels, 0)))
    assert (moved[inside] == labels[inside]).mean() > 0.99 and (moved[~inside] < 0).mean() > 0.5


def test_resamples_are_seeded() -> None:
    space, _ = cloud([40, 30, 20], nowhere=30)
    labels = tree.grouped(space)
    one, two = (quality.resampled(space, labels, seed=5) for _ in range(2))
    assert np.array_equal(one.stay, two.stay)
    assert one.overall == two.overall


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ([0, 0, 1, 1], [1, 1, 0, 0], 1.0),
        ([0, 0, 0, 0], [0, 0, 0, 0], 1.0),
        ([0, 0, 1, 1], [0, 1, 0, 1], -0.5),
        ([0, 0, 1, 2], [0, 0, 1, 1], 0.5714),
    ],
)
def test_adjusted_rand_is_hubert_and_arabies(a: list[int], b: list[int], expected: float) -> None:
    assert quality.adjusted_rand(np.array(a), np.array(b)) == pytest.approx(expected, abs=1e-3)
