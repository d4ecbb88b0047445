"""A theme's course over the months: told from what earlier digests counted, hidden where it can't be told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import phrases
from bot.acts import Decision, Verdict
from bot.domain import Course, Digest, Theme, Warned, Window
from bot.months import trends
from bot.months.trends import History, Past, Was
from bot.report import render as report
from bot.report.document import document
from bot.report.drawing import month_line
from bot.report.markdown import render as markdown
from bot.slack.leftovers import left_over
from bot.verify import _told_trends, _trends
from tests import digests

NAMES = {8: "August", 9: "September", 10: "October", 7: "July", 6: "June", 5: "May", 4: "April"}


def month(number: int) -> Window:
    start = datetime(2026, number, 1, tzinfo=UTC)
    return Window(start, datetime(2026, number + 1, 1, tzinfo=UTC), "UTC", f"{NAMES[number]} 2026")


def past(number: int, monthly: bool = True, whole: bool = True, **themes: int) -> Past:
    found = {f"t-{i}": Was(i.upper(), n, frozenset(f"c{k}" for k in range(n))) for i, n in themes.items()}
    return Past(f"m{number}{monthly}", monthly, month(number), found, whole)


def told(now: dict[str, int], *pasts: Past, warned: tuple[str, ...] = (), **more: object) -> dict[str, object]:
    counted = {f"t-{i}": (n, min(n, 3)) for i, n in now.items()}
    return dict(trends.of(counted, month(10), warned, History(pasts, **more)))  # type: ignore[arg-type]


def said(now: int, *pasts: Past, **more: object) -> str:
    """Of theme a in October."""
    trend = trends.of({"t-a": (now, 3)}, month(10), (), History(pasts, **more))["t-a"]  # type: ignore[arg-type]
    return phrases.trend(replace(digests.sample_digest().themes[0], trend=trend))


def test_each_course_is_said_in_words_with_both_counts() -> None:
    assert said(104, past(9, a=74)) == "up 41% (74 to 104)"
    assert said(40, past(9, a=74)) == "down 46% (74 to 40)"
    assert said(79, past(9, a=75)) == "about the same (75 to 79)"
    assert said(29, past(9, a=20)) == "unclear: too few to tell (20 to 29)"  # 45 % more, and it may be chance


def test_the_column_of_a_table_has_both_counts_wherever_there_are_two() -> None:
    def cell(now: int, *pasts: Past) -> str:
        return phrases.went(trends.of({"t-a": (now, 3)}, month(10), (), History(pasts))["t-a"])

    assert cell(104, past(9, a=74)) == "74 → 104, up 41%"
    assert cell(5, past(9, a=8)) == "8 → 5, unclear"
    assert cell(79, past(9, a=75)) == "75 → 79, same"
    assert cell(9, past(9, b=9)) == "new"


def test_a_theme_that_was_never_seen_is_new_and_one_that_was_away_returns_after_the_last_month_that_had_it() -> None:
    assert said(9, past(9, b=9)) == "new this month"
    assert said(9, past(8, a=9), past(9, b=9)) == "returned after August"
    assert said(79, past(9, a=75)) == "about the same (75 to 79)"


def test_growth_is_per_day_so_that_a_short_window_shrinks_nothing() -> None:
    week = Window(datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 10, 8, tzinfo=UTC), "UTC", "1 to 7 October 2026")
    found = trends.of({"t-a": (20, 9)}, week, (), History((past(9, a=80),)))["t-a"]
    assert (found.course, found.change) == (Course.CONTINUED, round((20 / 7) / (80 / 30) - 1, 4))
    fast = trends.of({"t-a": (60, 9)}, week, (), History((past(9, a=80),)))["t-a"]
    assert phrases.trend(replace(digests.sample_digest().themes[0], trend=fast)) == (
        "up 221% per day (80 in 30 days to 60 in 7)"
    )


def test_a_change_is_told_only_where_it_is_a_fifth_and_more_than_chance() -> None:
    assert trends.course(12, 31, 8, 31)[0] is Course.CONTINUED  # half as many again, and as likely as not
    assert trends.course(1_150, 31, 1_000, 31)[0] is Course.CONTINUED  # no chance, and too little to matter
    assert trends.course(30, 31, 12, 31)[0] is Course.GREW
    assert trends.course(12, 31, 30, 31)[0] is Course.SHRANK
    # fewer than 3 of 10 with a fair coin, and half of 3: 56 + 60 of 1,024; twice that
    assert trends.chance(3, 30, 7, 30) == pytest.approx(2 * 116 / 1_024)


@given(st.integers(1, 200), st.integers(1, 200), st.floats(1, 60), st.floats(1, 60))
def test_the_test_of_chance_is_a_probability_and_the_same_from_both_sides(now, then, days, before) -> None:  # type: ignore[no-untyped-def]
    assert 0 < trends.chance(now, days, then, before) <= 1
    assert trends.chance(now, days, then, before) == pytest.approx(trends.chance(then, before, now, days))


@pytest.mark.parametrize("code", ["small_sample", "source_missing"])
def test_a_trend_is_hidden_with_few_tickets_or_a_missing_source_now_or_in_the_window_before(code: str) -> None:
    assert told({"a": 9}, past(9, a=9)) != {}
    assert told({"a": 9}, past(9, a=9), warned=(code,)) == {}
    assert told({"a": 9}, past(8, a=9), past(9, whole=False, a=9)) == {}
    assert told({"a": 9}) == {}
    assert trends.of({"t-a": (9, 3)}, Window(None, None, "UTC", "dates not known"), (), History((past(9, a=9),))) == {}


def test_six_months_at_most_without_those_that_counted_a_part_and_from_the_first_that_had_it() -> None:
    pasts = [past(n, whole=n != 7, a=n) if n != 5 else past(5, b=3) for n in (4, 5, 6, 7, 8, 9)]
    found = trends.of({"t-a": (9, 3)}, month(10), (), History(tuple(pasts)))["t-a"]
    assert [m.label for m in found.months] == ["June 2026", "August 2026", "September 2026", "October 2026"]
    assert len(trends.apart([(True, month(n)) for n in (4, 5, 6, 7, 8, 9)])) == trends.MOST - 1


def test_the_same_days_count_once_and_the_monthly_run_counts() -> None:
    by_hand = replace(past(9, monthly=False, a=50), run_key="by hand")
    within = Window(month(9).start, month(9).start + timedelta(days=9), "UTC", "1 to 9 September 2026")  # type: ignore[operator]
    part = Past("part", False, within, {"t-a": Was("A", 3, frozenset())})
    found = trends.of({"t-a": (60, 3)}, month(10), (), History((by_hand, part, past(9, a=60), by_hand)))["t-a"]
    assert found.previous == 60
    assert len(found.months) == 2
    overlapping = replace(by_hand, window=replace(month(9), end=month(10).end))
    assert trends.of({"t-a": (60, 3)}, month(10), (), History((overlapping,))) == {}


def decided(verdict: Verdict, theme: str, **payload: object) -> Decision:
    return Decision(theme, 1, verdict, "cli:dana", datetime(2026, 11, 2, tzinfo=UTC), "run", payload=payload)


def test_what_was_merged_since_is_counted_together_and_no_customer_twice() -> None:
    merged = trends.bound(History((past(9, a=20, b=30),)), [decided(Verdict.MERGE, "t-b", into="t-a")])
    found = trends.of({"t-a": (52, 9)}, month(10), (), merged)["t-a"]
    assert (found.course, found.previous, found.merged_from) == (Course.CONTINUED, 50, ("B",))
    assert found.months[0].customers == 30  # the 20 of A are among them
    assert trends.of({"t-a": (52, 9)}, month(10), (), replace(merged, merged={}))["t-a"].course is Course.GREW


def test_of_a_theme_that_was_split_neither_part_is_said_to_have_shrunk() -> None:
    parted = trends.bound(History((past(9, a=60),)), [decided(Verdict.SPLIT, "t-a", part="t-z", tickets=["x"])])
    found = trends.of({"t-a": (20, 9), "t-z": (40, 9)}, month(10), (), parted)
    assert (found["t-a"].course, found["t-a"].change) == (Course.CONTINUED, None)
    assert (found["t-z"].course, found["t-z"].split_from) == (Course.NEW, "A")
    assert trends.of({"t-a": (20, 9)}, month(10), (), parted)["t-a"].course is Course.SHRANK  # the part is not here
    later = replace(parted, pasts=(past(9, a=60, z=40),))
    assert trends.of({"t-a": (20, 9), "t-z": (40, 9)}, month(10), (), later)["t-a"].course is Course.SHRANK


def test_what_comes_back_after_its_issue_was_done_says_so() -> None:
    assert (
        said(9, past(8, a=9), past(9, b=9), done={"t-a": "BILL-7"}) == "returned after August, though BILL-7 was done"
    )
    assert said(9, past(9, a=9), done={"t-a": "BILL-7"}) == "about the same (9 to 9)"


def with_trends() -> tuple[Digest, History]:
    digest = replace(digests.sample_digest(), warnings=())
    first, second, *_ = digest.themes
    history = History(
        (
            Past("m8", True, month(8), {second.id: Was("old", 10, frozenset("ab"))}),
            Past("m9", True, month(9), {first.id: Was("old name", 20, frozenset("abc"))}),
        )
    )
    return trends.trended(replace(digest, window=month(10)), history), history


def test_every_renderer_says_it_in_words() -> None:
    digest, _ = with_trends()
    first: Theme = digest.themes[0]
    words = phrases.trend(first)
    assert words.startswith("up ")
    assert f"(20 to {first.counts.tickets})" in words
    assert f"; {words})" in markdown(digest)
    page = report(digest)
    assert words in page
    assert f'aria-label="September 2026: 20, October 2026: {first.counts.tickets}"' in page
    assert page.count("<polyline") == 2
    assert phrases.trend(digest.themes[1]) == "returned after August"
    assert not any(arrow in page + markdown(digest) for arrow in "↑↓▲▼→")


def test_a_window_is_named_in_short_by_its_months() -> None:
    labels = ("October 2026", "1 to 30 October 2026", "28 September to 3 October 2026")
    assert [phrases.month_short(label) for label in labels] == ["Oct", "Oct", "Sep–Oct"]


def test_a_line_stands_as_high_as_its_counts() -> None:
    assert month_line([0, 5, 10]) == ((0, 34.0), (100, 18.0), (200, 2.0))
    assert month_line([0, 0]) == ((0, 34.0), (100, 34.0))


def test_a_changed_figure_of_a_trend_is_found_and_without_history_it_is_said_to_be_unchecked() -> None:
    digest, history = with_trends()
    data = document(digest)["data"]
    assert _trends(data, digest.window, history) == []
    for key, value in (("course", "shrank"), ("previous", 21), ("change", 0.1), ("merged_from", ["x"])):
        trend = {**data["themes"][0]["trend"], key: value}
        wrong = {**data, "themes": [{**data["themes"][0], "trend": trend}, *data["themes"][1:]]}
        assert len(_trends(wrong, digest.window, history)) == 1, key
    assert _told_trends(data) == (
        f"{len(digest.themes) + len(digest.further_themes)} trends can't be checked: the digests before are not here",
    )


def test_no_trend_is_told_where_a_warning_stands() -> None:
    digest, history = with_trends()
    again = trends.trended(replace(digest, warnings=(Warned("small_sample", "Few."),)), history)
    assert all(t.trend is None for t in (*again.themes, *again.further_themes))
    assert left_over(again) == left_over(digest)
