import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.synthesis.layout import ASPECT, discs, layout


def batch(groups: int, each: int, loose: int, seed: int = 3, dim: int = 32):
    rng = np.random.default_rng(seed)
    labels = np.array([g for g in range(groups) for _ in range(each)] + [-1] * loose, dtype=np.intp)
    centres = rng.normal(size=(max(groups, 1), dim))
    vectors = centres[labels.clip(min=0)] * (labels >= 0)[:, None] + 0.5 * rng.normal(size=(len(labels), dim))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32), labels


@pytest.mark.parametrize(
    ("groups", "each", "loose"), [(0, 0, 0), (0, 0, 1), (0, 0, 2), (1, 5, 0), (1, 5, 3), (2, 9, 1)]
)
def test_every_ticket_of_a_tiny_batch_gets_a_place_in_the_unit_square(groups, each, loose):
    spots = layout(*batch(groups, each, loose), seed=1)
    assert spots.shape == (groups * each + loose, 2)
    assert np.isfinite(spots).all()
    assert ((spots >= 0) & (spots <= 1)).all()


@settings(max_examples=40, deadline=None)
@given(
    labels=st.lists(st.integers(-1, 12), max_size=60),
    same=st.booleans(),
    seed=st.integers(0, 2**31),
)
def test_any_labels_on_any_vectors_even_all_alike_stay_in_the_unit_square(labels, same, seed):
    vectors = np.ones((len(labels), 8)) if same else np.random.default_rng(seed).normal(size=(len(labels), 8))
    spots = layout(vectors.astype(np.float32), np.array(labels, dtype=np.intp), seed=seed)
    assert spots.shape == (len(labels), 2)
    assert np.isfinite(spots).all()
    assert ((spots >= 0) & (spots <= 1)).all()


def test_vectors_of_nothing_but_zeros_do_not_break_the_map():
    assert np.isfinite(layout(np.zeros((6, 4), np.float32), np.array([0, 0, 0, 1, 1, -1]), seed=0)).all()


def test_the_same_batch_and_seed_give_the_same_picture():
    vectors, labels = batch(6, 20, 60)
    assert (layout(vectors, labels, seed=5) == layout(vectors, labels, seed=5)).all()
    assert (layout(vectors, labels, seed=5) != layout(vectors, labels, seed=6)).any()


@settings(max_examples=40, deadline=None)
@given(sizes=st.lists(st.integers(5, 2000), min_size=1, max_size=25), seed=st.integers(0, 99))
def test_discs_never_overlap_and_their_area_follows_their_tickets(sizes, seed):
    centroids = np.random.default_rng(seed).normal(size=(len(sizes), 16))
    centres, radii = discs(centroids, np.array(sizes, dtype=float))
    far = np.linalg.norm(centres[:, None] - centres[None], axis=2) + np.eye(len(sizes)) * 9
    assert (far > radii[:, None] + radii).all()
    order = np.argsort(sizes, kind="stable")
    assert (np.diff(radii[order]) >= -1e-12).all()


def test_hundreds_of_groups_shrink_until_they_fit():
    centres, radii = discs(np.random.default_rng(0).normal(size=(400, 8)), np.geomspace(5, 2000, 400))
    far = np.linalg.norm(centres[:, None] - centres[None], axis=2) + np.eye(400) * 9
    assert (far > radii[:, None] + radii).all()
    assert (radii > 0).all()


def test_groups_that_share_one_centroid_are_still_kept_apart():
    centres, radii = discs(np.ones((5, 16)), np.array([10.0, 20, 30, 40, 50]))
    far = np.linalg.norm(centres[:, None] - centres[None], axis=2) + np.eye(5) * 9
    assert (far > radii[:, None] + radii).all()


def test_themes_that_read_alike_stand_nearer_than_themes_that_do_not():
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(2, 48))
    centroids = [first, first + 0.3 * rng.normal(size=48), second, second + 0.3 * rng.normal(size=48)]
    labels = np.repeat(np.arange(4), 15)
    vectors = (np.array(centroids)[labels] + 0.2 * rng.normal(size=(60, 48))).astype(np.float32)
    spots = layout(vectors, labels, seed=1) * [ASPECT, 1]
    middle = [spots[labels == g].mean(axis=0) for g in range(4)]
    near = max(np.linalg.norm(middle[0] - middle[1]), np.linalg.norm(middle[2] - middle[3]))
    assert near < min(np.linalg.norm(middle[a] - middle[b]) for a in (0, 1) for b in (2, 3))


def test_the_most_typical_ticket_stands_nearer_the_middle_than_the_least():
    vectors, labels = batch(3, 40, 10)
    spots = layout(vectors, labels, seed=1)
    for group in range(3):
        inside = np.flatnonzero(labels == group)
        fit = vectors[inside] @ vectors[inside].mean(axis=0)
        middle = spots[inside].mean(axis=0)
        far = np.linalg.norm((spots[inside] - middle) * [ASPECT, 1], axis=1)
        assert far[fit.argmax()] < far[fit.argmin()]


def test_a_ticket_of_no_theme_never_lands_inside_a_themes_disc():
    vectors, labels = batch(5, 30, 200)
    spots = layout(vectors, labels, seed=2) * [ASPECT, 1]
    for group in range(5):
        own = spots[labels == group]
        middle = (own.min(axis=0) + own.max(axis=0)) / 2
        radius = np.ptp(own, axis=0).min() / 2
        assert (np.linalg.norm(spots[labels < 0] - middle, axis=1) > 0.8 * radius).all()


def test_ten_thousand_tickets_are_placed_without_two_on_the_same_spot():
    vectors, labels = batch(8, 800, 3600, dim=384)
    spots = layout(vectors, labels, seed=2)
    assert len(np.unique(spots.round(7), axis=0)) == len(spots)
