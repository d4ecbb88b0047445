"""Many people, several processes and three runs agree on one theme: one issue."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.acts import EffectState, Verdict
from bot.config import Config
from bot.decisions import Result, Wish, decide
from bot.digest import Reading
from bot.domain import Window
from bot.effects import Ledger
from bot.store import Store
from connectors.jira import Jira
from tests.crash.life import SHORT, WORKSPACE
from tests.crash.world import jira
from tests.databases import Fresh, at_once, in_processes
from tests.digests import sample_digest
from tests.servers.jira import JiraServer

RUNS = {"monthly:2026-10": "monthly", "manual:5f3a": "manual", "spike:export:2026-10-05": "spike"}
DIGEST = sample_digest(one_offs=3)
THEME = DIGEST.themes[0].id
PROCESSES, EACH = 3, 34


@pytest.fixture
def server() -> Iterator[JiraServer]:
    with JiraServer() as server:
        assert isinstance(server, JiraServer)
        yield server


def in_three_runs(store: Store) -> None:
    for key, kind in RUNS.items():
        store.runs.ask(key, kind, {})
        fence = store.runs.lease(key, "me", 60)
        assert fence is not None
        window = Window(datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC), "UTC", key)
        store.runs.freeze(key, fence, Reading((), (), (), (), window, {}), Config().rules, {})
        store.runs.conclude(key, fence, DIGEST, {}, [])
        store.runs.finish(key, fence)


def approved(store: Store, sink: Jira, number: int) -> Result:
    wish = Wish(Verdict.APPROVE, THEME, list(RUNS)[number % 3], f"cli:person-{number}")
    return decide(store, sink, WORKSPACE, wish).result


def settled(store: Store, sink: Jira) -> None:
    """Sends what is due, as every process does, until nothing is."""
    ledger = Ledger(store, {"jira": sink}, SHORT)
    for effect in store.effects.of_theme(THEME):
        ledger.settle(effect.act.key, patience=20)


def test_a_hundred_approvals_at_once_from_three_processes_and_three_runs_make_one_issue(
    database: Fresh, server: JiraServer
) -> None:
    in_three_runs(database.open())

    def process(number: int, ready: Callable[[], object]) -> Counter[Result]:
        store, sink = Store.open(database.url, workspace=WORKSPACE), jira(server.url)
        ready()
        results = at_once(EACH, lambda n: approved(store, sink, number * EACH + n))
        settled(store, sink)
        store.close()
        return Counter(results)

    told: Counter[Result] = sum(in_processes(PROCESSES, process), Counter())
    assert told == {Result.DONE: 1, Result.ALREADY: PROCESSES * EACH - 1}
    one_issue(database, server)


def test_one_theme_approved_from_a_monthly_a_manual_and_a_spike_run_is_one_issue(
    database: Fresh, server: JiraServer
) -> None:
    store = database.open()
    in_three_runs(store)
    results = [approved(store, jira(server.url), number) for number in range(3)]
    settled(store, jira(server.url))
    assert results == [Result.DONE, Result.ALREADY, Result.ALREADY]
    one_issue(database, server)


def one_issue(database: Fresh, server: JiraServer) -> None:
    store = database.open()
    effects: list[Any] = [e for e in store.effects.of_theme(THEME) if e.act.kind == "jira.issue"]
    assert [e.state for e in effects] == [EffectState.DONE]
    assert [issue.key for issue in server.issues] == [effects[0].receipt.ref]
    assert len(server.sent("POST", "/rest/api/3/issue$")) == 1
    assert len(store.decisions.of([THEME])[THEME]) == 1
