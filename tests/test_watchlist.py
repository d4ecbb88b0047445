"""The watch list: small groups that grew against their like, and what is back after its issue was done."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.domain import Course, Digest, LeftOver, Month, Trend
from bot.months.trends import History, Little, Past
from bot.months.watchlist import watched
from bot.report import render as report
from bot.report.document import document
from bot.report.markdown import render as markdown
from bot.slack.leftovers import left_over
from bot.verify import _grown
from tests import digests
from tests.test_trends import month

EAST, NORTH, NEAR = (1.0, 0.0), (0.0, 1.0), (0.8, 0.6)


def small(tickets: int, centre: tuple[float, ...] = EAST, name: str = "Time zone is wrong") -> Little:
    return Little(tickets, 2, centre, name, tuple(f"{name[0]}{n}" for n in range(tickets)))


def october(**more: object) -> Digest:
    return replace(digests.sample_digest(), warnings=(), window=month(10), **more)  # type: ignore[arg-type]


def september(*anecdotes: Little, whole: bool = True) -> History:
    return History((Past("m9", True, month(9), {}, whole, anecdotes),))


def said(now: list[Little], history: History) -> list[str]:
    return [w.message for w in watched(october(), now, history).watched]


def test_a_small_group_that_grew_against_its_like_is_told_with_both_counts() -> None:
    assert said([small(4, NEAR)], september(small(3))) == [
        "“Time zone is wrong”: 4 tickets from 2 customers, 3 in September 2026"
    ]


@pytest.mark.parametrize(
    ("now", "before"),
    [
        (small(3), september(small(3))),
        (small(3), september(small(4))),
        (small(12), september(small(11))),  # more, and by less than a fifth
        (small(4, NORTH), september(small(3))),  # another group
        (small(4, (*EAST, 0.0)), september(small(3))),  # a centre of another model
        (small(4, ()), september(small(3))),
        (small(4), september(small(3), whole=False)),
        (small(4), History()),
    ],
)
def test_what_did_not_grow_or_has_no_like_or_no_past_is_not_told(now: Little, before: History) -> None:
    assert said([now], before) == []


def test_as_many_in_a_shorter_window_is_no_growth() -> None:
    week = replace(month(10), end=datetime(2026, 10, 8, tzinfo=UTC))
    assert watched(replace(october(), window=week), [small(3)], september(small(3))).watched == ()
    assert len(watched(replace(october(), window=week), [small(4)], september(small(3))).watched) == 1


def test_each_like_counts_once_the_nearest_first_and_five_are_told() -> None:
    assert said([small(5, NEAR, "Far"), small(4, EAST, "Same")], september(small(3))) == [
        "“Same”: 4 tickets from 2 customers, 3 in September 2026"
    ]
    axes = [tuple(float(i == n) for i in range(7)) for n in range(7)]
    many = [small(4 + n, axis, f"{n}") for n, axis in enumerate(axes)]
    assert [m[:3] for m in said(many, september(*(small(3, axis) for axis in axes)))] == [
        f"“{n}”" for n in (6, 5, 4, 3, 2)
    ]


def with_watch() -> tuple[Digest, History]:
    digest = october()
    first, *others = digest.themes
    trend = Trend(Course.RETURNED, (Month("October 2026", 42, 31, 31.0),), returned_after="BILL-7")
    digest = replace(digest, themes=(replace(first, trend=trend), *others))
    loose = tuple(LeftOver(f"T{n}", "anecdote", "4 tickets, 2 customers: Time zone is wrong") for n in range(4))
    history = september(small(3))
    return watched(replace(digest, not_a_theme=loose), [small(4)], history), history


def test_what_is_back_after_its_issue_was_done_comes_first() -> None:
    digest, _ = with_watch()
    first = digest.themes[0]
    size = "42 tickets, 31 customers"
    assert digest.watched[0].message.startswith(f"“{first.words.name}” is back ({size}")
    assert digest.watched[0].message.endswith("), though BILL-7 was done")
    assert digest.watched[0].ticket_ids == first.members
    assert len(digest.watched) == 2


def test_every_renderer_lists_it() -> None:
    digest, _ = with_watch()
    message = digest.watched[1].message
    assert f"- {message} (T0, T1, T2, T3)" in markdown(digest)
    assert message in report(digest)
    assert "Watch list" in str(left_over(digest).blocks) and message in str(left_over(digest).blocks)
    assert document(digest)["data"]["watched"][1]["message"] == message
    assert "Watch list" not in markdown(replace(digest, watched=()))


def test_a_count_that_the_digest_before_does_not_bear_out_is_found() -> None:
    digest, history = with_watch()
    data = document(digest)["data"]
    assert list(_grown(data, digest.window, history)) == []
    told = data["watched"][1]
    data["watched"][1] = {**told, "message": told["message"].replace("3 in", "2 in")}
    assert len(list(_grown(data, digest.window, history))) == 1
