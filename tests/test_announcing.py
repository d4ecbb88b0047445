"""The first line of `serve`: a message that is sent at once is told at once, and so is what is missing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from bot.commands.announcing import announced
from bot.config import Config
from bot.domain import Window
from bot.effects import Ledger
from bot.runs import Parts, Request, ask
from bot.serve import Service, Times
from bot.store import Store
from bot.synthesis.rules import Rules
from bot.window import between
from tests.databases import Clock, migrated_file
from tests.test_service import Hashed, HelpDesk, october

LATER = datetime(2026, 12, 1, 9, tzinfo=UTC)
OCTOBER = between(date(2026, 10, 1), date(2026, 10, 31), "UTC")
SEPTEMBER = between(date(2026, 9, 1), date(2026, 9, 30), "UTC")
WHOLE = Config.model_validate(
    {
        "sources": {"intercom": {"token": "t" * 30}, "file": {"paths": ["a.csv"]}},
        "slack": {"channel": "C0PRODUCT1", "token": "xoxb-1", "app_token": "xapp-1"},
        "jira": {"site": "https://acme.atlassian.net", "email": "b@acme.com", "token": "t", "project": "BILL"},
    }
)


def said(told: Config, due: list[Window], passed: list[Window] | None = None) -> list[str]:
    return list(announced(told, due, passed or [], LATER))


def test_a_digest_that_is_posted_at_once_is_told_with_its_channel_and_the_next_with_its_day() -> None:
    (line,) = said(WHOLE, [OCTOBER])
    assert line == (
        "serving; October 2026 is due and is posted to C0PRODUCT1 now; "
        "next digest 1 December 2026 09:00 (first weekday 09:00, UTC); "
        "Intercom read every 60 minutes, 1 ticket file, Slack channel C0PRODUCT1, Jira project BILL"
    )
    assert "September 2026 and October 2026 are due and are posted to" in said(WHOLE, [SEPTEMBER, OCTOBER])[0]
    assert "due" not in said(WHOLE, [])[0] and "now" not in said(WHOLE, [])[0]


def test_nothing_to_read_and_nowhere_to_post_are_warned_of() -> None:
    first, *warned = said(Config(), [])
    assert "no source, no Slack, no Jira" in first
    assert ["nothing is read" in warned[0], "nothing is posted" in warned[1], len(warned)] == [True, True, 2]


def test_a_month_that_is_left_alone_is_told_with_the_command_that_posts_it() -> None:
    assert said(WHOLE, [], [OCTOBER])[1].endswith("to have it: groundswell run 2026-10 --post")


# --- which months those are


@pytest.fixture
def clock() -> Clock:
    return Clock(datetime(2026, 11, 25, 12, tzinfo=UTC))


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[Store]:
    """Made three weeks after October was due."""
    with closing(Store.open(migrated_file(tmp_path), workspace="Acme", clock=clock)) as opened:
        yield opened


def begun(store: Store, *, catch_up: bool) -> Service:
    parts = Parts(store, {"zendesk": HelpDesk(october())}, lambda _: [], Hashed(), Rules())
    return Service(parts, Ledger(store, {}), Times("first weekday 09:00", "UTC", 60, catch_up=catch_up), "me:1")


def test_a_first_start_asks_for_what_it_said_it_would(store: Store) -> None:
    service = begun(store, catch_up=True)
    assert ([w.label for w in service.due()], service.passed_over()) == (["October 2026"], [])
    assert service.next_due() == LATER
    service.tick()
    assert service.due() == [] and [r.key for r in store.runs.recent()] == ["monthly:2026-10"]


def test_without_catching_up_what_was_due_before_the_database_is_left_alone_and_what_comes_is_not(
    store: Store, clock: Clock
) -> None:
    service = begun(store, catch_up=False)
    service.tick()
    assert (store.runs.recent(), service.due()) == ([], [])
    assert [w.label for w in service.passed_over()] == ["October 2026"]
    clock.at = LATER + timedelta(minutes=1)
    assert ([w.label for w in service.due()], service.passed_over()) == (["November 2026"], [])
    service.tick()
    assert [r.key for r in store.runs.recent()] == ["monthly:2026-11"]


def test_a_month_that_somebody_ran_by_hand_is_not_told_again(store: Store) -> None:
    service = begun(store, catch_up=False)
    ask(store, "manual:1", "manual", Request(OCTOBER))
    while service.carry_on_one():
        pass
    assert store.runs.latest() is not None and service.passed_over() == []
