"""Whether a fix worked, on replayed months: said where it did, and never where a season or a quiet desk did it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain import Measured, Worked
from bot.months import outcomes
from bot.months.outcomes import calibrated, of, record
from bot.synthesis.impact import deflection
from tests.replays import FIXED, FLOOR, Story, counts, done, history, month

SEASON = (1.0, 1.1, 1.0, 0.9, 0.7, 0.6, 0.55)
OVERALL = (1.0, 1.0, 1.0, 1.0, 0.5, 0.5, 0.5)
SEEDS = range(60)


def looked(story: Story, seed: int, months: int = 3, high: float | None = 30, low: float | None = 20) -> Measured:
    periods = counts(story, seed)[: 4 + months]
    (found,) = of(periods[-1], (), history(periods[:-1], done(high, low)), FLOOR)
    return found


def verdicts(story: Story, months: int = 3) -> list[Worked]:
    return [looked(story, seed, months).worked for seed in SEEDS]


def test_a_known_drop_is_found_at_three_months_and_its_interval_holds_the_truth() -> None:
    told = [looked(Story(left=0.3), seed) for seed in SEEDS]
    assert sum(m.worked is Worked.LIKELY for m in told) >= 57
    assert sum((m.low or 0) <= 21 * 30 / 30.5 <= (m.high or 0) for m in told) >= 48  # four in five (PEERS 2.1)


@pytest.mark.parametrize("moved", [(1.0,) * 7, SEASON, OVERALL], ids=["no change", "a season", "an overall fall"])
def test_no_effect_is_said_where_nothing_was_fixed(moved: tuple[float, ...]) -> None:
    told = verdicts(Story(moved=moved))
    assert told.count(Worked.LIKELY) <= 4  # 60 draws, one in forty by chance
    assert told.count(Worked.NONE) >= 50


def test_a_drop_is_found_in_a_falling_season_too() -> None:
    assert verdicts(Story(left=0.2, moved=SEASON, rates=(60, 34, 28, 22, 40, 30, 25))).count(Worked.LIKELY) >= 54


def test_each_of_the_three_months_is_measured_and_then_no_more() -> None:
    assert [looked(Story(left=0.1), 1, n).days for n in (1, 2, 3)] == [31, 61, 92]
    periods = counts(Story(left=0.1), 1)
    old = replace(done(), at=done().at - timedelta(days=40))
    assert of(periods[-1], (), history(periods[:-1], old), FLOOR) == ()


def test_the_month_in_which_it_was_done_is_neither_before_nor_after() -> None:
    told, periods = looked(Story(left=0.0, scatter=0), 3, 1), counts(Story(left=0.0, scatter=0), 3)
    assert told.before == sum(p.themes[FIXED][1] for p in periods[:3])
    assert (told.after, told.at_least) == (FLOOR - 1, True)  # it is not among the themes any more: at most four
    assert "actual at least" in told.message and "at most" in told.message


@pytest.mark.parametrize("story", [
    Story(left=0.0, rates=(6, 34, 28, 22)),  # a theme that could go away by chance
    Story(left=0.0, rates=(30, 34)),  # one other theme is no control
    Story(left=0.0, rates=(30, 2, 1, 1)),
])  # fmt: skip
def test_too_few_is_said_and_never_a_success(story: Story) -> None:
    told = [looked(story, seed, 1) for seed in range(20)]
    assert {m.worked for m in told} == {Worked.TOO_FEW} and {m.fewer for m in told} == {None}
    assert told[0].message.endswith("too few to judge")


def test_nothing_is_said_of_a_part_of_the_tickets() -> None:
    periods = counts(Story(left=0.1), 1)
    assert of(periods[-1], ("source_missing",), history(periods[:-1], done()), FLOOR) == ()


def test_what_is_said_names_forecast_actual_control_verdict_and_what_is_new() -> None:
    told = looked(Story(left=0.2, new=12, scatter=0), 5)
    assert told.since == ("A new one",)
    assert told.message.startswith("“Theme 0” (BILL-12, done 14 July 2026): forecast up to 30 fewer a month, actual ")
    assert "untouched themes " in told.message and ": likely effect. New since then: “A new one”" in told.message


def test_a_theme_that_was_fixed_itself_is_no_control_for_another() -> None:
    periods = counts(Story(left=0.2, rates=(30, 40, 20, 20), scatter=0), 2)
    gone = [replace(p, themes={**p.themes, "t-1": ("Theme 1", 5)}) if n > 3 else p for n, p in enumerate(periods)]
    both = history(gone[:-1], done(30, 20), replace(done(), theme_id="t-1"))
    fixed = next(m for m in of(gone[-1], (), both, FLOOR) if m.theme_id == FIXED)
    (alone,) = of(gone[-1], (), history(gone[:-1], done(30, 20)), FLOOR)
    assert fixed.worked is Worked.LIKELY and fixed.others is not None and fixed.others > -0.25
    assert alone.worked is not Worked.LIKELY  # its own fix took the other along


def test_a_merged_theme_is_measured_under_its_new_name() -> None:
    periods = counts(Story(left=0.2), 4)
    merged = replace(history(periods[:-1], replace(done(30), theme_id="t-old")), merged={"t-old": FIXED})
    (found,) = of(periods[-1], (), merged, FLOOR)
    assert (found.theme_id, found.worked) == (FIXED, Worked.LIKELY)


# --- the record


def fixes(n: int, left: float) -> list[Measured]:
    """Each a fix of its own, measured three times as the months go by."""
    return [replace(looked(Story(left=left), seed, m), issue=f"A-{seed}") for seed in range(n) for m in (1, 2, 3)]


def test_the_record_counts_each_issue_once_by_its_longest_measurement() -> None:
    kept = record(fixes(4, 0.3))
    assert kept is not None and (kept.outcomes, kept.forecast) == (4, 120)
    assert kept.factor == 1.0 and "corrected from 5 on" in outcomes.recorded(kept)


def test_from_five_outcomes_on_forecasts_are_corrected_and_the_arithmetic_says_so() -> None:
    kept = record(fixes(6, 0.5))
    assert kept is not None and 0.35 <= kept.factor <= 0.65
    plain = deflection(31, 20, month(5))
    told = calibrated(plain, kept)
    assert (told.low, told.high) == (round(plain.low * kept.factor), round(plain.high * kept.factor))
    assert told.arithmetic.startswith(
        plain.arithmetic + f"; × {kept.factor:g}, what came about of 6 measured forecasts"
    )
    assert calibrated(plain, record(fixes(4, 0.5))) == plain


def test_what_few_tickets_say_is_no_part_of_the_record() -> None:
    assert record([looked(Story(left=0.0, rates=(6, 34, 28, 22)), 1, 1)]) is None


def test_a_corrected_forecast_errs_less_than_the_same_as_last_month() -> None:
    kept = record(fixes(6, 0.5))
    ours = naive = 0.0
    for seed in range(100, 140):
        periods = counts(Story(left=0.5), seed)
        last, came = periods[2].themes[FIXED][1], periods[5].themes.get(FIXED, ("", 2))[1]
        expected = calibrated(deflection(last, last, periods[2].window), kept)
        ours += abs(last - expected.high - came)
        naive += abs(last - came)
    assert ours < 0.6 * naive
