"""Which theme is which: over overlapping windows, over months without a common ticket, one to one, in any order."""

from __future__ import annotations

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.synthesis.lineage import ALIKE, OVERLAP, Known, Seen, firmness, ids, likeness


def at(degrees: float) -> tuple[float, ...]:
    """A centre in a plane: the cosine of two is that of the angle between them."""
    return (math.cos(math.radians(degrees)), math.sin(math.radians(degrees)))


FLOOR = math.degrees(math.acos(ALIKE * firmness(3)))  # of two groups of three tickets
NEAR, FAR = FLOOR - 1, FLOOR + 1


def known(theme: str, members: str, centre: tuple[float, ...] = ()) -> Known:
    return Known(theme, frozenset(members), centre)


def seen(members: str, centre: tuple[float, ...] = ()) -> Seen:
    return Seen(frozenset(members), centre)


def test_a_window_that_overlaps_is_told_by_its_tickets_whatever_the_centres_say() -> None:
    assert ids([seen("abcxy", at(90))], [known("t-1", "abcd", at(0))]) == ["t-1"]
    assert OVERLAP <= 0.5
    assert ids([seen("abxyz", at(90))], [known("t-1", "abcd", at(0))]) == ["t-1"]  # half of the smaller
    assert ids([seen("axyzw", at(90))], [known("t-1", "abcd", at(0))]) != ["t-1"]


def test_months_without_a_common_ticket_are_told_by_what_the_tickets_say() -> None:
    assert ids([seen("uvw", at(NEAR))], [known("t-1", "abc", at(0))]) == ["t-1"]
    assert ids([seen("uvw", at(FAR))], [known("t-1", "abc", at(0))]) != ["t-1"]


def test_a_centre_of_few_tickets_is_known_to_be_off() -> None:
    few, many = "abcde", [f"n{i}" for i in range(60)]
    between = at(math.degrees(math.acos(0.75)))
    assert ids([seen("uvwxy", between)], [known("t-1", few, at(0))]) == ["t-1"]
    assert ids([Seen(frozenset(many), between)], [Known("t-1", frozenset(map(str.upper, many)), at(0))]) != ["t-1"]
    assert 0.5 < firmness(5) == firmness(3) < firmness(60) < 1


def test_a_theme_is_carried_on_by_one_group_the_most_like_it() -> None:
    found = ids([seen("uvw", at(20)), seen("xyz", at(5))], [known("t-1", "abc", at(0))])
    assert found[1] == "t-1" and found[0].startswith("t-") and found[0] != "t-1"


def test_all_pairs_together_count_not_the_first_that_comes() -> None:
    """By itself each group is nearest to t-1; together they share the two known themes."""
    both = [known("t-1", "abc", at(0)), known("t-2", "def", at(30))]
    assert ids([seen("uvw", at(14)), seen("xyz", at(-5))], both) == ["t-2", "t-1"]


def test_a_theme_that_was_split_keeps_its_id_in_the_larger_part() -> None:
    first, second = ids([seen("abcdef"), seen("gh")], [known("t-1", "abcdefghij")])
    assert {first, second} > {"t-1"}


def test_what_is_alike_over_months_stays_found_though_the_last_month_lacked_it() -> None:
    """Every run that had a theme speaks for it: here the older one is the nearer."""
    rows = [known("t-1", "abc", at(0)), known("t-1", "klm", at(80))]
    assert ids([seen("uvw", at(3))], rows) == ["t-1"]


def test_centres_of_another_model_say_nothing() -> None:
    assert ids([seen("uvw", at(0))], [known("t-1", "abc", (1.0, 0.0, 0.0))]) != ["t-1"]
    assert ids([seen("uvw")], [known("t-1", "abc", at(0))]) != ["t-1"]


def test_nothing_known_and_nothing_seen_are_no_trouble() -> None:
    assert ids([], [known("t-1", "abc", at(0))]) == []
    (new,) = ids([seen("abc", at(0))], [])
    assert new.startswith("t-") and len(new) == 12


def test_two_runs_that_find_the_same_group_at_the_same_time_call_it_the_same() -> None:
    assert ids([seen("abc", at(0))], []) == ids([seen("abc", at(70))], [])
    assert ids([seen("abc")], []) != ids([seen("abd")], [])


def test_a_new_group_never_takes_the_id_of_a_theme_that_is_known_by_the_same_tickets_once() -> None:
    (first,) = ids([seen("abc", at(0))], [])
    other = known(first, "xyz", at(90))  # the theme went on with other tickets
    assert ids([seen("abc", at(0))], [other]) != [first]


NAMES = st.sampled_from(["t-1", "t-2", "t-3"])
MEMBERS = st.frozensets(st.sampled_from("abcdefgh"), min_size=1, max_size=5)
CENTRES = st.one_of(st.just(()), st.sampled_from([at(d) for d in range(0, 180, 15)]))
KNOWN = st.lists(st.builds(Known, NAMES, MEMBERS, CENTRES), max_size=6)


@st.composite
def groups(draw: st.DrawFn) -> list[Seen]:
    """Groups share no ticket."""
    letters = draw(st.permutations("abcdefghijkl"))
    cuts = sorted(draw(st.sets(st.integers(1, 11), max_size=4)))
    parts = [letters[a:b] for a, b in zip([0, *cuts], [*cuts, 12], strict=True)]
    return [Seen(frozenset(p), draw(CENTRES)) for p in parts]


@settings(max_examples=300)
@given(groups(), KNOWN, st.randoms(use_true_random=False))
def test_the_order_of_groups_and_of_what_is_known_does_not_matter(found, rows, random) -> None:  # type: ignore[no-untyped-def]
    expected = dict(zip(found, ids(found, rows), strict=True))
    again, mixed = random.sample(found, len(found)), random.sample(rows, len(rows))
    assert dict(zip(again, ids(again, mixed), strict=True)) == expected


@settings(max_examples=300)
@given(groups(), KNOWN)
def test_no_id_is_given_twice_and_each_known_one_is_deserved(found: list[Seen], rows: list[Known]) -> None:
    given_ids = ids(found, rows)
    assert len(set(given_ids)) == len(found)
    for group, theme_id in zip(found, given_ids, strict=True):
        kin = [k for k in rows if k.theme_id == theme_id]
        overlap = [len(group.members & k.members) / min(len(group.members), len(k.members)) for k in kin]
        close = kin and likeness([group], kin).max() >= ALIKE
        assert not kin or max(overlap) >= OVERLAP or close
