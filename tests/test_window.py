"""One grammar for the time a run looks at."""

from datetime import UTC, datetime

import pytest

from bot.window import spanning, window

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "start", "end", "label"),
    [
        ("7d", "2026-11-18", "2026-11-25", "18 to 24 November 2026"),
        ("2w", "2026-11-11", "2026-11-25", "11 to 24 November 2026"),
        ("last-month", "2026-10-01", "2026-11-01", "October 2026"),
        ("last-quarter", "2026-07-01", "2026-10-01", "1 July to 30 September 2026"),
        ("2026-10", "2026-10-01", "2026-11-01", "October 2026"),
        ("2026-10-01..2026-10-31", "2026-10-01", "2026-11-01", "October 2026"),
        ("2025-12-20..2026-01-10", "2025-12-20", "2026-01-11", "20 December 2025 to 10 January 2026"),
        ("2026-11-20..", "2026-11-20", "2026-11-25", "20 to 24 November 2026"),
    ],
)
def test_a_window_is_whole_days_with_both_ends_in_it(text: str, start: str, end: str, label: str) -> None:
    made = window(text, NOW, "UTC")
    assert made.start is not None
    assert made.end is not None
    assert (made.start.date().isoformat(), made.end.date().isoformat(), made.label) == (start, end, label)


@pytest.mark.parametrize(
    "text", ["", "0d", "yesterday", "2026-13", "2026-10-31..2026-10-01", "9999999d", "2026-02-30..2026-03-01"]
)
def test_what_is_no_window_is_refused_with_the_grammar(text: str) -> None:
    with pytest.raises(ValueError, match="last-month"):
        window(text, NOW, "UTC")


def test_a_day_begins_in_the_zone_of_the_workspace() -> None:
    made = window("2026-10", NOW, "America/New_York")
    assert made.holds(datetime(2026, 11, 1, 3, 59, tzinfo=UTC))
    assert not made.holds(datetime(2026, 10, 1, 3, 59, tzinfo=UTC))


def test_the_default_for_a_file_spans_its_tickets() -> None:
    made = spanning([datetime(2026, 10, 31, 23, 59, tzinfo=UTC), None, datetime(2026, 10, 1, tzinfo=UTC)], "UTC")
    assert (made.label, made.days) == ("October 2026", 31.0)
    assert spanning([None], "UTC").days is None
