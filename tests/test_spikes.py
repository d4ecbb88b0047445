"""Spikes: what the same hours of earlier weeks don't explain is told, once a place, with its chance; all else isn't."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from bot.spikes import CALM, HOUR, WEEKS, Alert, Cause, Check, Past, Rule, Series, Spike, by_place, chance, followed
from bot.spikes.novelty import Centre, Written, series

BEGIN = datetime(2026, 8, 31, tzinfo=UTC)  # a Monday
NINTH = BEGIN + timedelta(weeks=WEEKS)
ZONE = "Europe/London"


def desk(
    add: Callable[[datetime], float] = lambda at: 0, *, volume: float = 120, seed: int = 3, weeks: int = WEEKS + 1
) -> dict[datetime, int]:
    """An office's tickets by the hour, twice as many on Mondays, few on weekends, more scatter than a Poisson's."""
    rng = np.random.default_rng(seed)
    shape = np.array([0.5] * 8 + [8.0] * 10 + [1.5] * 6)
    days = rng.gamma(25, 1 / 25, weeks * 7)
    weekdays = (2.0, 1.1, 1.0, 1.0, 0.9, 0.3, 0.2)
    return {
        (at := BEGIN + n * HOUR): int(
            rng.poisson(volume * weekdays[at.weekday()] * shape[at.hour] / shape.sum() * days[n // 24] + add(at))
        )
        for n in range(weeks * 168)
    }


USUAL = Rule()


def seen(counts: dict[datetime, int], end: datetime, rule: Rule = USUAL, **more: Any) -> list[Spike]:
    known = {at: n for at, n in counts.items() if at < end}
    return Check(end, BEGIN, "UTC", rule).spikes([replace(Series(Cause.TOTAL, "", "", known), **more)])


def when_seen(counts: dict[datetime, int], start: datetime, hours: int) -> int | None:
    """Hours from `start` to the first check that sees something."""
    return next((n for n in range(1, hours + 1) if seen(counts, start + n * HOUR)), None)


WEDNESDAY = NINTH + timedelta(days=2, hours=10)


def test_a_burst_is_seen_within_the_hour_and_says_how_rare_it_is() -> None:
    counts = desk(lambda at: 60 if at == WEDNESDAY else 0)
    (spike,) = seen(counts, WEDNESDAY + HOUR)
    assert spike.start == WEDNESDAY and spike.hours == 1 and spike.tickets == counts[WEDNESDAY]
    assert spike.weeks == 8 and spike.low <= spike.usual <= spike.high < spike.tickets / 3
    assert spike.once_in > 24 * 365 and spike.times is not None and spike.times > 3


def test_a_slow_rise_that_no_single_hour_shows_is_seen_by_a_longer_window() -> None:
    quiet = desk(volume=12)
    slow = {at: n + (2 if at >= WEDNESDAY else 0) for at, n in quiet.items()}
    found = [s for n in range(1, 30) for s in seen(slow, WEDNESDAY + n * HOUR)]
    assert found and found[0].hours >= 6
    assert not any(seen(quiet, WEDNESDAY + n * HOUR) for n in range(1, 30))


def test_nothing_is_seen_in_four_ordinary_weeks_of_checks_with_their_monday_peaks() -> None:
    counts = desk(weeks=12)
    assert [at for n in range(4 * 168) if seen(counts, at := NINTH - timedelta(weeks=1) + n * HOUR)] == []


def test_a_holiday_and_the_full_day_after_it_are_no_spike_and_make_none_a_week_later() -> None:
    tuesday = NINTH + timedelta(days=1)
    counts = desk(weeks=WEEKS + 2)
    for n in range(24):
        counts[tuesday + n * HOUR] //= 6
        counts[tuesday + (24 + n) * HOUR] = round(1.7 * counts[tuesday + (24 + n) * HOUR])
    assert not any(seen(counts, tuesday + n * HOUR) for n in range(72))
    assert not any(seen(counts, tuesday + timedelta(weeks=1) + n * HOUR) for n in range(48))


def test_old_tickets_that_are_imported_with_their_own_dates_are_no_spike() -> None:
    counts = desk()
    for n in range(1, 8):
        counts[WEDNESDAY - timedelta(days=n * 5, hours=3)] += 400
    assert not any(seen(counts, WEDNESDAY + n * HOUR) for n in range(24))


def test_a_spike_of_last_month_does_not_hide_this_months() -> None:
    before = WEDNESDAY - timedelta(weeks=3)
    counts = desk(lambda at: 60 if at in (WEDNESDAY, before) else 0)
    assert seen(counts, WEDNESDAY + HOUR)


def test_the_floors_are_the_rules_own() -> None:
    counts = desk(lambda at: 60 if at == WEDNESDAY else 0)
    (spike,) = seen(counts, WEDNESDAY + HOUR)
    assert seen(counts, WEDNESDAY + HOUR, Rule(min_tickets=spike.tickets + 40)) == []
    assert seen(counts, WEDNESDAY + HOUR, Rule(factor=40.0)) == []


def test_without_four_weeks_to_compare_nothing_is_said_and_neither_of_an_area_that_is_new() -> None:
    counts = desk(lambda at: 60 if at == WEDNESDAY else 0)
    at, all_of_them = WEDNESDAY + HOUR, Series(Cause.TOTAL, "", "", counts)
    assert Check(at, at - timedelta(weeks=3), ZONE, Rule()).spikes([all_of_them]) == []
    assert Check(at, at - timedelta(weeks=5), ZONE, Rule()).spikes([all_of_them]) != []
    young = Series(Cause.AREA, "beta", "beta", {WEDNESDAY: 60})
    assert Check(at, BEGIN, ZONE, Rule()).spikes([Series(Cause.TOTAL, "", "", desk()), young]) == []


def test_the_same_hour_is_the_same_by_the_clock_on_the_wall_across_the_end_of_summer_time() -> None:
    """Five past eight in London is 07:05 UTC in summer and 08:05 in winter: compared by UTC it would be a spike."""
    eight = {BEGIN + timedelta(weeks=w, days=2, hours=7): 20 for w in range(WEEKS)}  # 08:00 in summer time
    eight[NINTH + timedelta(days=2, hours=8)] = 70
    at = NINTH + timedelta(days=2, hours=9)
    local = Check(at, BEGIN, ZONE, Rule()).past(Series(Cause.TOTAL, "", "", eight), 1)
    assert local == Past(70, (20,) * 8)
    assert Check(at, BEGIN, "UTC", Rule()).past(Series(Cause.TOTAL, "", "", eight), 1) == Past(70, (0,) * 8)


def test_what_is_over_is_not_told_as_if_it_went_on() -> None:
    counts = desk(lambda at: 900 if at == WEDNESDAY else 0)
    assert seen(counts, WEDNESDAY + HOUR) and not seen(counts, WEDNESDAY + 12 * HOUR)


@pytest.mark.parametrize(("tickets", "weeks"), [(15, (5,) * 8), (4, (0, 1, 0, 0, 1, 0, 0, 0)), (60, (20,) * 8)])
def test_the_chance_is_the_share_of_windows_that_come_out_so_when_nothing_is_the_matter(
    tickets: int, weeks: tuple[int, ...]
) -> None:
    """Drawn, not computed: a negative binomial is a Poisson whose rate is a gamma."""
    past, rng = Past(tickets, weeks), np.random.default_rng(1)
    wide = 0.2 + (1 / past.level + 0.2) * 1.3 / 8
    drawn = rng.poisson(rng.gamma(1 / wide, past.level * wide, 400_000))
    assert chance(past, 0.2) == pytest.approx(float((drawn >= tickets).mean()), rel=0.1)


# --- from spikes to alerts


def spike(cause: Cause, place: str, tickets: int, usual: float = 10.0, end: datetime = WEDNESDAY) -> Spike:
    return Spike(cause, place, place, end - 3 * HOUR, end, tickets, usual, 5, 15, 8, 50_000.0)


def test_all_tickets_together_are_no_news_where_an_area_explains_them() -> None:
    total, area = spike(Cause.TOTAL, "", 80, 40.0), spike(Cause.AREA, "auth", 45)
    assert list(by_place([total, area])) == ["auth"]
    assert set(by_place([spike(Cause.TOTAL, "", 300, 40.0), area])) == {"", "auth"}
    assert by_place([total, replace(area, place="Auth")], {"auth"}) == {}  # muted: and not told of as a total instead


def test_a_theme_within_an_area_is_told_in_the_areas_alert_behind_it() -> None:
    theme, area = spike(Cause.THEME, "auth", 30, 1.0), spike(Cause.AREA, "auth", 45)
    assert by_place([theme, area]) == {"auth": (area, theme)}


def test_an_alert_follows_its_spike_closes_when_it_is_calm_and_opens_again_within_the_day() -> None:
    first = followed(None, "auth", (spike(Cause.AREA, "auth", 40),), WEDNESDAY)
    assert first is not None and first.key.startswith("auth-") and first.key.endswith(f"@{WEDNESDAY:%Y-%m-%dT%H}")
    assert first.since == WEDNESDAY - 3 * HOUR and first.closed_at is None
    later = followed(first, "auth", (spike(Cause.AREA, "auth", 90, end=WEDNESDAY + HOUR),), WEDNESDAY + HOUR)
    assert later is not None and later.lead.tickets == 90 and later.key == first.key and later.since == first.since
    assert followed(later, "auth", (), later.seen_at + CALM - HOUR) == later
    closed = followed(later, "auth", (), later.seen_at + CALM)
    assert closed is not None and closed.closed_at == later.seen_at
    again = followed(closed, "auth", (spike(Cause.AREA, "auth", 50, end=WEDNESDAY + 9 * HOUR),), WEDNESDAY + 9 * HOUR)
    assert again is not None and again.key == first.key and again.closed_at is None
    assert followed(None, "auth", (), WEDNESDAY) is None


def test_a_dismissed_alert_is_left_alone_until_it_is_over() -> None:
    first = followed(None, "", (spike(Cause.TOTAL, "", 40),), WEDNESDAY)
    assert isinstance(first, Alert) and first.key.startswith("all-")
    gone = replace(first, dismissed_by="slack:U0DANA")
    assert followed(gone, "", (spike(Cause.TOTAL, "", 90, end=WEDNESDAY + HOUR),), WEDNESDAY + HOUR) == gone


# --- wording that no theme explains


def near(centre: np.ndarray, rows: int, rng: np.random.Generator) -> np.ndarray:
    some = centre + rng.normal(0, 0.04, (rows, len(centre)))
    return (some / np.linalg.norm(some, axis=1, keepdims=True)).astype(np.float32)


def test_tickets_alike_and_like_no_known_theme_are_a_series_and_those_of_a_theme_are_its_own() -> None:
    rng = np.random.default_rng(5)
    known, fresh = np.eye(64)[0], np.eye(64)[1]
    strangers = np.concatenate([near(np.eye(64)[2 + n % 60], 1, rng) for n in range(120)])
    vectors = np.concatenate([strangers, near(known, 12, rng), near(fresh, 20, rng), np.zeros((3, 64), np.float32)])
    days = [WEDNESDAY - timedelta(weeks=n % 9, hours=1) for n in range(120)]
    at = [*days, *[WEDNESDAY - HOUR] * 12, *[WEDNESDAY - 2 * HOUR] * 20, *[WEDNESDAY - HOUR] * 3]
    written = [Written(a, "auth" if n >= 132 else "") for n, a in enumerate(at)]
    theme = Centre("t-1", "Known", tuple(known))
    other_space = Centre("t-2", "Of another embedder", (1.0, 0.0))
    made = series(written, vectors, [other_space, theme], WEDNESDAY, 15)
    assert [(s.cause, s.name, s.place) for s in made] == [(Cause.THEME, "Known", ""), (Cause.WORDING, "", "auth")]
    assert sum(made[0].counts.values()) == 12 + sum(n % 60 == 60 for n in range(120))
    assert made[1].counts == {WEDNESDAY - 2 * HOUR: 20} and made[1].tries > 20
    total = Series(Cause.TOTAL, "", "", desk())
    told = Check(WEDNESDAY, BEGIN, "UTC", Rule()).spikes([total, *made])
    assert [s.cause for s in told] == [Cause.WORDING]
    assert series(written, vectors, [theme], WEDNESDAY, 21)[1:] == []


def test_wording_that_comes_every_week_is_not_new() -> None:
    rng = np.random.default_rng(6)
    often = near(np.eye(32)[0], 9 * 16, rng)
    others = np.concatenate([near(np.eye(32)[1 + n % 31], 1, rng) for n in range(200)])
    at = [WEDNESDAY - timedelta(weeks=n // 16, hours=2) for n in range(9 * 16)] + [
        WEDNESDAY - timedelta(weeks=n % 9, hours=3) for n in range(200)
    ]
    (found,) = series([Written(a, "") for a in at], np.concatenate([often, others]), [], WEDNESDAY, 15)
    total = Series(Cause.TOTAL, "", "", desk())
    assert sum(found.counts.values()) == 9 * 16
    assert Check(WEDNESDAY, BEGIN, "UTC", Rule()).spikes([total, found]) == []
