"""Expected deflection comes with arithmetic that a reader can follow."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import Window
from bot.synthesis.impact import deflection, impact

START = datetime(2026, 10, 1, tzinfo=UTC)


def of_days(days: float) -> Window:
    return Window(START, START + timedelta(days=days), "UTC", "test")


def test_tickets_are_scaled_to_thirty_days() -> None:
    made = deflection(31, 24, of_days(31))
    assert (made.low, made.high, made.per) == (23, 30, "30 days")
    assert made.arithmetic == (
        "31 tickets in 31 days × 30/31 = 30; 24 of the 31 stay in the theme in at least 80 % of"
        " resamples: 24 × 30/31 = 23"
    )


@pytest.mark.parametrize("window", [Window(None, None, "UTC", "none"), of_days(2)])
def test_without_a_week_of_dates_nothing_is_scaled(window: Window) -> None:
    made = deflection(9, 7, window)
    assert (made.low, made.high, made.per) == (7, 9, "batch")
    assert "not scaled" in made.arithmetic


@given(st.integers(5, 5000), st.integers(0, 6000), st.floats(7, 400))
def test_the_range_is_a_range(tickets: int, core: int, days: float) -> None:
    made = deflection(tickets, core, of_days(days))
    assert 0 <= made.low <= made.high


def test_impact_is_customers_times_weight() -> None:
    assert impact(11, 5) == 55
