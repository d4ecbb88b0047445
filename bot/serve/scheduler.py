"""The config's times -> runs. APScheduler is the ticker; that a month is run once is the database's business.

Every replica ticks (RELIABILITY section 0, point 3): a tick asks for the runs that are due, by key, and a key is made
once. Nothing is remembered here, so a missed tick, a restart or a jump of the clock costs nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from apscheduler.schedulers.background import BackgroundScheduler

from bot.domain import Window
from bot.window import between

CATCH_UP = 2  # months: a bot that was away for longer does not flood the channel with old digests
_TICK = 30  # seconds
_FOLLOW = 60  # minutes


def posting_time(schedule: str, year: int, month: int, timezone: str) -> datetime | None:
    """When in that month the digest of the month before is due; None when the schedule is off.

    The hour is of the workspace's zone. An hour that daylight saving skips is the one after it, and one that comes
    twice is its first (PEP 495, fold 0): a month has one posting time.
    """
    match = re.fullmatch(r"(first weekday|day (\d+)) (\d\d):(\d\d)", schedule)
    if match is None:
        return None
    first = date(year, month, 1)
    if match[2]:
        due = first.replace(day=int(match[2]))
    else:
        due = first + timedelta(days=(7 - first.weekday()) % 7 if first.weekday() > 4 else 0)
    return datetime.combine(due, time(int(match[3]), int(match[4])), ZoneInfo(timezone))


def due_months(
    schedule: str, now: datetime, timezone: str, started: date | None, since: datetime | None = None
) -> Iterator[Window]:
    """The closed months whose digest should exist by now, oldest first.

    `started`: the first day of the oldest month that was ever run; before it nothing was missed. None: this is the
    first start, and only last month is due. What was due before `since` is left alone; None: nothing is.
    """
    today = now.astimezone(ZoneInfo(timezone)).date()
    for back in range(CATCH_UP - 1, -1, -1):
        posted_in = _months_before(today.replace(day=1), back)
        at = posting_time(schedule, posted_in.year, posted_in.month, timezone)
        first = _months_before(posted_in, 1)
        missed = back == 0 or (started is not None and first >= started)
        if at is not None and at <= now and missed and (since is None or at >= since):
            yield between(first, posted_in - timedelta(days=1), timezone)


def next_post(schedule: str, now: datetime, timezone: str) -> datetime | None:
    """When the next digest is due, after `now`; None when the schedule is off."""
    first = now.astimezone(ZoneInfo(timezone)).date().replace(day=1)
    following = (first + timedelta(days=31)).replace(day=1)
    due = (posting_time(schedule, month.year, month.month, timezone) for month in (first, following))
    return next((at for at in due if at is not None and at > now), None)


def _months_before(first: date, months: int) -> date:
    for _ in range(months):
        first = (first - timedelta(days=1)).replace(day=1)
    return first


def ticking(
    tick: Callable[[], None], sync: Callable[[], None], sync_minutes: int, follow: Callable[[], None] | None = None
) -> BackgroundScheduler:
    """A started scheduler that calls `tick` every half minute, `sync` every `sync_minutes` and `follow` every hour,
    each at once as well.

    In memory, in every process; a job that is late runs once (`coalesce`), never beside itself (VENDORS 7).
    """
    scheduler = BackgroundScheduler(
        timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
    )
    now = datetime.now(ZoneInfo("UTC"))
    scheduler.add_job(tick, "interval", seconds=_TICK, next_run_time=now, id="tick")
    scheduler.add_job(sync, "interval", minutes=sync_minutes, next_run_time=now, id="sync")
    if follow is not None:
        scheduler.add_job(follow, "interval", minutes=_FOLLOW, next_run_time=now, id="follow")
    scheduler.start()
    return scheduler
