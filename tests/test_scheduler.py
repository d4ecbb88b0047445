"""When a month's digest is due: zones, clocks that change, restarts, and what was missed."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.serve.scheduler import due_months, posting_time, ticking

FIRST = "first weekday 09:00"


@pytest.mark.parametrize(
    ("year", "month", "day"),
    [
        (2026, 11, 2),  # the 1st is a Sunday
        (2026, 8, 3),  # a Saturday
        (2026, 9, 1),  # a Tuesday
        (2027, 1, 1),  # a Friday, and a holiday in many places: a weekday all the same
        (2024, 2, 1),  # of a leap year
        (2024, 6, 3),
    ],
)
def test_the_first_weekday_is_monday_to_friday(year: int, month: int, day: int) -> None:
    due = posting_time(FIRST, year, month, "Europe/Berlin")
    assert due == datetime(year, month, day, 9, tzinfo=ZoneInfo("Europe/Berlin"))


@given(
    st.integers(2020, 2040),
    st.integers(1, 12),
    st.sampled_from(["UTC", "Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe", "Pacific/Kiritimati"]),
)
def test_every_month_has_one_posting_time_on_a_weekday_of_its_first_three_days(
    year: int, month: int, zone: str
) -> None:
    due = posting_time("first weekday 09:00", year, month, zone)
    assert due is not None and due.utcoffset() is not None
    assert due.weekday() < 5 and 1 <= due.day <= 3 and (due.year, due.month) == (year, month)
    assert due.astimezone(UTC).astimezone(ZoneInfo(zone)).hour == 9


@pytest.mark.parametrize(
    ("said", "month", "zone", "utc"),
    [
        ("day 1 09:00", 7, "Europe/Berlin", "2026-07-01T07:00"),
        ("day 1 09:00", 1, "Europe/Berlin", "2026-01-01T08:00"),
        ("day 1 09:00", 1, "Australia/Lord_Howe", "2025-12-31T22:00"),  # +11
        ("day 1 09:00", 7, "Australia/Lord_Howe", "2026-06-30T22:30"),  # +10:30: half an hour of summer time
        ("day 1 00:00", 3, "America/Sao_Paulo", "2026-03-01T03:00"),
    ],
)
def test_the_hour_is_of_the_workspaces_zone_summer_and_winter(said: str, month: int, zone: str, utc: str) -> None:
    due = posting_time(said, 2026, month, zone)
    assert due is not None and due.astimezone(UTC) == datetime.fromisoformat(utc).replace(tzinfo=UTC)


def test_an_hour_that_the_clocks_skip_or_repeat_comes_once(zone: str = "Europe/Berlin") -> None:
    skipped = posting_time("day 28 02:30", 2027, 3, zone)  # 28 March 2027: 2:00 becomes 3:00
    assert skipped is not None
    assert skipped.astimezone(UTC).astimezone(ZoneInfo(zone)) == datetime(2027, 3, 28, 3, 30, tzinfo=ZoneInfo(zone))
    twice = posting_time("day 27 02:30", 2024, 10, zone)  # 27 October 2024: 3:00 becomes 2:00 again
    assert twice is not None and twice.astimezone(UTC) == datetime(2024, 10, 27, 0, 30, tzinfo=UTC)  # the first of two


def windows(now: str, started: date | None = None, schedule: str = FIRST, zone: str = "Europe/Berlin") -> list[str]:
    return [w.label for w in due_months(schedule, datetime.fromisoformat(now), zone, started)]


def test_a_first_start_makes_last_month_alone_and_only_when_it_is_time() -> None:
    assert windows("2026-11-02T08:59+01:00") == []
    assert windows("2026-11-02T09:00+01:00") == ["October 2026"]
    assert windows("2026-11-25T12:00+01:00") == ["October 2026"]
    assert windows("2026-11-01T12:00+01:00") == []  # a Sunday


def test_what_was_missed_while_it_was_off_is_made_up_for_but_never_more_than_two_months() -> None:
    since_june = date(2026, 6, 1)
    assert windows("2026-11-25T12:00+01:00", since_june) == ["September 2026", "October 2026"]
    assert windows("2026-11-01T12:00+01:00", since_june) == ["September 2026"]
    assert windows("2026-11-25T12:00+01:00", date(2026, 10, 1)) == ["October 2026"]  # before October nothing ever ran


def test_whether_it_is_time_is_asked_where_the_workspace_is() -> None:
    """At 23:30 UTC on the 31st it is the 1st in Auckland, and the 31st in Berlin as in New York."""
    now = "2026-08-31T23:30+00:00"
    assert windows(now, schedule="day 1 09:00", zone="Pacific/Auckland") == ["August 2026"]
    assert windows(now, schedule="day 1 09:00", zone="America/New_York") == ["July 2026"]


def test_the_window_is_the_calendar_month_as_the_workspace_has_it() -> None:
    (window,) = due_months(FIRST, datetime(2026, 11, 3, tzinfo=UTC), "America/Sao_Paulo", None)
    assert window.start is not None and window.end is not None
    assert window.start.astimezone(UTC) == datetime(2026, 10, 1, 3, tzinfo=UTC)
    assert window.end.astimezone(UTC) == datetime(2026, 11, 1, 3, tzinfo=UTC)
    (berlin,) = due_months(FIRST, datetime(2026, 11, 3, tzinfo=UTC), "Europe/Berlin", None)
    assert berlin.days == 31  # though the clocks change in it
    (leap,) = due_months(FIRST, datetime(2028, 3, 3, tzinfo=UTC), "Europe/Berlin", None)
    assert (leap.label, leap.days) == ("February 2028", 29)


def test_an_instant_on_the_boundary_belongs_to_one_month() -> None:
    zone = ZoneInfo("Australia/Lord_Howe")
    months = [
        next(iter(due_months("day 1 00:00", datetime(2026, m, 2, tzinfo=zone), str(zone), None))) for m in (4, 5, 6)
    ]
    for at in (datetime(2026, 4, 1, tzinfo=zone), datetime(2026, 5, 1, tzinfo=zone)):
        for moment in (at - timedelta(microseconds=1), at):
            assert sum(w.holds(moment.astimezone(UTC)) for w in months) == 1


def test_switched_off_nothing_is_ever_due() -> None:
    assert windows("2026-11-25T12:00+01:00", date(2020, 1, 1), schedule="off") == []
    assert posting_time("off", 2026, 11, "UTC") is None


@given(st.integers(0, 50_000), st.sampled_from([None, 1, 4]))
def test_later_never_takes_back_what_was_due_this_month(hours: int, back: int | None) -> None:
    now = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=hours)
    started = None if back is None else (now - timedelta(days=31 * back)).date().replace(day=1)
    later = now + timedelta(days=1)
    if (now.year, now.month) == (later.year, later.month):
        due = [w.start for w in due_months(FIRST, now, "UTC", started)]
        assert set(due) <= {w.start for w in due_months(FIRST, later, "UTC", started)}
        assert due == sorted(due) and len(due) <= 2


def test_the_ticker_calls_both_at_once_and_one_failure_stops_nothing() -> None:
    ticked, synced = threading.Event(), threading.Event()
    calls: list[str] = []

    def tick() -> None:
        calls.append("tick")
        ticked.set()

    scheduler = ticking(tick, synced.set, 60)
    try:
        assert ticked.wait(5) and synced.wait(5)
        jobs = {job.id: job.trigger.interval for job in scheduler.get_jobs()}
        assert jobs == {"tick": timedelta(seconds=30), "sync": timedelta(minutes=60)}
        assert all(job.coalesce and job.max_instances == 1 for job in scheduler.get_jobs())
    finally:
        scheduler.shutdown()


def test_no_zone_of_the_machine_gets_into_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server in Kathmandu has the same months as one in UTC."""
    monkeypatch.setenv("TZ", "Asia/Kathmandu")
    assert windows("2026-04-01T07:00+00:00") == ["March 2026"]
    assert windows("2026-04-01T06:59+00:00") == []  # 08:59 in Berlin


def test_what_became_of_issues_is_read_every_hour_and_at_once_where_a_tracker_is_there() -> None:
    followed = threading.Event()
    scheduler = ticking(lambda: None, lambda: None, 60, followed.set)
    try:
        assert followed.wait(5)
        assert scheduler.get_job("follow").trigger.interval == timedelta(minutes=60)
    finally:
        scheduler.shutdown()
