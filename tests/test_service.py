"""What `serve` does over and over: months asked for once, failures tried again, no fault that stops the others."""

from __future__ import annotations

import json
import logging
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import structlog

from bot.acts import Act, EffectState, Finding, Verdict
from bot.commands import logs
from bot.domain import AccountHint, Page, Ticket
from bot.ports import Progress, Refused, Unavailable, Vectors
from bot.runs import SYNC, Parts, monthly_key
from bot.serve import Service, Times
from bot.serve.scheduler import ticking
from bot.synthesis.rules import Rules
from tests.spine import Scene, scene

NOVEMBER = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
OCTOBER = "monthly:2026-10"
CANARY = "canary-4711 told us a secret"


@dataclass
class HelpDesk:
    """A source of the test's own: what it hands over, or how it fails."""

    tickets: list[Ticket] = field(default_factory=list)
    fault: Exception | None = None
    asked: list[datetime | None] = field(default_factory=list)

    def check(self) -> Sequence[Finding]:
        return []

    def pages(self, cursor: str | None = None, *, since: datetime | None = None) -> Iterator[Page]:
        self.asked.append(since)
        if self.fault is not None:
            raise self.fault
        yield Page(tuple(self.tickets), cursor="c", high_water=NOVEMBER)


class Hashed:
    """An embedder that is quick: every text has a direction of its own."""

    id = "hashed"

    def embed(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        rows = [np.frombuffer(sha256(t.encode()).digest(), dtype=np.uint8).astype(np.float32) - 127 for t in texts]
        return np.stack([r / np.linalg.norm(r) for r in rows]) if rows else np.zeros((0, 32), dtype=np.float32)


class Broken(Hashed):
    def embed(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        raise ZeroDivisionError(CANARY)


def october(number: int = 6) -> list[Ticket]:
    at = datetime(2026, 10, 5, 12, tzinfo=UTC)
    return [
        Ticket("zendesk", str(n), f"Problem {n}", f"Thing {n} does not work", account=AccountHint(f"c{n}"),
               created_at=at + timedelta(days=n))
        for n in range(number)
    ]  # fmt: skip


@dataclass
class Staged:
    here: Scene
    desk: HelpDesk
    service: Service

    def another(self, embedder: Any = None, **parts: Any) -> Service:
        return serving(self.here, self.desk, embedder or Hashed(), **parts)

    def runs(self) -> list[tuple[str, str]]:
        return [(r.key, r.state.value) for r in reversed(self.here.store.runs.recent()) if r.kind != SYNC]

    def until_quiet(self) -> None:
        while self.service.carry_on_one():
            pass


def serving(here: Scene, desk: HelpDesk, embedder: Any, **parts: Any) -> Service:
    told: dict[str, Any] = {
        "store": here.store,
        "desks": {"zendesk": desk},
        "files": lambda _: [],
        "embedder": embedder,
        "rules": Rules(),
        "announce": here.board.announce,
    }
    times = Times("first weekday 09:00", "UTC", 60)
    return Service(Parts(**{**told, **parts}), here.ledger, times, "me:1", [here.board], [here.desk])


@pytest.fixture
def staged(tmp_path: Path) -> Iterator[Staged]:
    with scene(tmp_path) as here:
        here.clock.at = NOVEMBER
        desk = HelpDesk(october())
        yield Staged(here, desk, serving(here, desk, Hashed()))


# --- months


def test_a_month_that_is_due_is_read_and_posted_once_however_often_it_ticks(staged: Staged) -> None:
    for _ in range(3):
        staged.service.tick()
        staged.until_quiet()
        staged.here.settle()
    assert staged.runs() == [(OCTOBER, "DONE")] and monthly_key(datetime(2026, 10, 1, tzinfo=UTC)) == OCTOBER
    assert len(staged.here.slack.posted()) == 1 and len(staged.desk.asked) == 1
    assert "6 tickets" in str(staged.here.post["text"])


def test_before_it_is_time_nothing_is_asked_for(staged: Staged) -> None:
    staged.here.clock.at = NOVEMBER.replace(hour=8)
    staged.service.tick()
    assert staged.runs() == []


def test_two_replicas_that_tick_together_make_one_digest(staged: Staged) -> None:
    other = staged.another()
    staged.service.tick()
    other.tick()
    threads = [threading.Thread(target=s.carry_on_one) for s in (staged.service, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    staged.here.settle()
    assert staged.runs() == [(OCTOBER, "DONE")] and len(staged.here.slack.posted()) == 1


def test_with_nothing_to_read_nothing_is_posted_about_nothing(staged: Staged) -> None:
    staged.another(desks={}).tick()
    assert staged.runs() == []


def test_a_month_without_a_ticket_is_said_to_be_one(staged: Staged) -> None:
    staged.desk.tickets = []
    staged.service.tick()
    staged.until_quiet()
    staged.here.settle()
    assert staged.runs() == [(OCTOBER, "DONE")]
    assert staged.here.post["text"] == "No support tickets in October 2026. Zendesk answered."


# --- failures


@pytest.mark.parametrize("fault", [Unavailable("Zendesk did not answer"), Refused("Zendesk refused the token (401)")])
def test_a_month_of_which_nothing_could_be_read_fails_and_is_tried_again_until_it_works(
    staged: Staged, fault: Exception
) -> None:
    """Through a whole day: a quarter of an hour is nothing to give a month up for."""
    staged.desk.fault = fault
    staged.service.tick()
    staged.until_quiet()
    run = staged.here.store.runs.get(OCTOBER)
    assert run is not None and run.state == "FAILED" and str(fault) in (run.error or "")
    assert run.error is not None and "there is no digest" in run.error
    for _ in range(40):
        staged.here.clock.passes(31 * 60)
        staged.service.tick()
        staged.until_quiet()
    assert staged.here.slack.posted() == [] and len(staged.desk.asked) == 41
    staged.desk.fault = None
    staged.here.clock.passes(16 * 60)
    staged.service.tick()
    staged.until_quiet()
    staged.here.settle()
    assert staged.runs() == [(OCTOBER, "DONE")] and len(staged.here.slack.posted()) == 1


def test_a_failed_month_is_not_hurried_and_after_three_days_is_left_to_people(staged: Staged) -> None:
    staged.desk.fault = Unavailable("away")
    for pause in (0, 60, 600):
        staged.here.clock.passes(pause)
        staged.service.tick()
        staged.until_quiet()
    assert len(staged.desk.asked) == 1
    staged.here.clock.at += timedelta(days=3, minutes=1)
    staged.service.tick()
    staged.until_quiet()
    assert len(staged.desk.asked) == 1


def test_a_run_that_ends_in_a_bug_of_ours_is_given_up_after_a_few_attempts_and_says_so(staged: Staged) -> None:
    broken = staged.another(Broken())
    broken.tick()
    for _ in range(5):
        with pytest.raises(ZeroDivisionError):
            broken.carry_on_one()
    assert not broken.carry_on_one()
    run = staged.here.store.runs.get(OCTOBER)
    assert run is not None and run.state == "FAILED" and "given up after 5" in (run.error or "")
    staged.here.clock.passes(16 * 60)
    staged.service.tick()  # mended since: what was given up is not given up for ever
    staged.until_quiet()
    assert staged.runs() == [(OCTOBER, "DONE")]


def test_a_run_that_another_process_works_on_is_left_alone(staged: Staged) -> None:
    staged.service.tick()
    assert staged.here.store.runs.lease(OCTOBER, "other:2", 60) is not None
    assert not staged.service.carry_on_one()
    staged.here.clock.passes(61)
    assert staged.service.carry_on_one()
    assert staged.runs() == [(OCTOBER, "DONE")]


# --- syncs


def test_the_help_desks_are_read_once_for_each_slot_of_time(staged: Staged) -> None:
    staged.service.sync()
    staged.another().sync()
    staged.until_quiet()
    staged.service.sync()
    staged.until_quiet()
    assert len(staged.desk.asked) == 1
    staged.here.clock.passes(3600)
    staged.service.sync()
    staged.until_quiet()
    assert len(staged.desk.asked) == 2 and staged.here.slack.posted() == []


def test_a_digest_is_still_the_newest_after_a_month_of_syncs(staged: Staged) -> None:
    staged.service.tick()
    staged.until_quiet()
    for _ in range(210):
        staged.here.clock.passes(3600)
        staged.service.sync()
    newest = staged.here.store.runs.latest(but=SYNC)
    assert newest is not None and newest.key == OCTOBER
    assert [r.key for r in staged.here.store.runs.recent(5, but=SYNC)] == [OCTOBER]


# --- one fault and the others


def test_a_click_that_can_not_be_answered_keeps_no_other_waiting(staged: Staged) -> None:
    staged.here.conclude("monthly:2026-09")
    staged.here.settle()
    staged.here.store.inbox.receive("poison", "click", {"actions": [{"value": '{"v":1,"run":"r","theme":"t","rev":1}',
                                    "action_id": "approve"}], "user": {"id": "U0DANA"},
                                    "channel": {"id": "C0PRODUCT1"}})  # fmt: skip
    with staged.here.store._database.writing() as connection:  # a digest that a newer version wrote
        connection.exec_driver_sql("INSERT INTO digest (run_key, digest) SELECT 'r', '{}' WHERE 0")
    theme = staged.here.theme(1, "monthly:2026-09")
    staged.here.slack.fail("refuse", "usergroups", status=503, times=9)
    staged.here.press("approve", "U0LEE", theme)  # whose right can't be read just now
    staged.here.press("reject", "U0DANA", staged.here.theme(2, "monthly:2026-09"))
    assert staged.service.answer_clicks() == 2
    assert len(staged.here.store.inbox.waiting()) == 1
    staged.here.slack.faults.clear()
    assert staged.service.answer_clicks() == 1 and staged.here.store.inbox.waiting() == []
    assert staged.here.stage(theme) == "creating"


def test_a_duplicate_is_noted_in_the_audit(staged: Staged) -> None:
    staged.here.conclude("monthly:2026-09", post=False)
    theme = staged.here.theme(1, "monthly:2026-09")
    staged.here.decide(Verdict.APPROVE, theme, run="monthly:2026-09")
    staged.service.send_due()
    (issue,) = staged.here.jira.issues
    copy = staged.here.jira.clone(issue.key)
    copy.properties.update(issue.properties)
    staged.here.clock.passes(11 * 60)
    for _ in range(3):
        staged.service.send_due()
        staged.here.clock.passes(61)
    found = [e for e in staged.here.store.audit.recent() if e.action == "duplicate found"]
    assert [e.detail for e in found] == [{"made": [issue.key, copy.key]}]


def test_it_is_ready_when_the_store_answers_and_the_scheduler_ticks(staged: Staged) -> None:
    assert staged.service.ready() == {"database": True, "scheduler": False}
    staged.service.tick()
    assert staged.service.ready() == {"database": True, "scheduler": True}
    staged.here.clock.passes(181)
    assert staged.service.ready() == {"database": True, "scheduler": False}


# --- as long as the process lives


@dataclass
class Living:
    """A service that serves in a thread; what it logs is in `said`."""

    service: Service
    said: Log
    over: threading.Event = field(default_factory=threading.Event)
    closed: list[str] = field(default_factory=list)

    def __enter__(self) -> Living:
        self.thread = threading.Thread(
            target=self.service.serve, args=(self.over, [lambda: self.closed.append("door")])
        )
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> float:
        began = time.monotonic()
        self.over.set()
        self.service.wake()
        self.thread.join(20)
        assert not self.thread.is_alive()
        return time.monotonic() - began

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.said.getvalue().splitlines()]


@dataclass
class Log:
    """What was logged to stderr so far."""

    capsys: pytest.CaptureFixture[str]
    text: str = ""

    def getvalue(self) -> str:
        self.text += self.capsys.readouterr().err
        return self.text


@pytest.fixture
def logged(capsys: pytest.CaptureFixture[str]) -> Iterator[Log]:
    before = logging.getLogger().handlers[:]
    logs.to_stderr()
    yield Log(capsys)
    logging.getLogger().handlers[:] = before
    structlog.reset_defaults()


def eventually(happened: Any, patience: float = 10.0) -> None:
    until = time.monotonic() + patience
    while not happened():
        assert time.monotonic() < until, "it never happened"
        time.sleep(0.02)


def test_serving_ticks_reads_posts_and_ends_when_it_is_told_to(staged: Staged, logged: Log) -> None:
    with Living(staged.service, logged) as living:
        eventually(staged.here.slack.posted)
        assert living.end() < 5
    assert living.closed == ["door"] and staged.runs()[0] == (OCTOBER, "DONE")


def test_a_bug_in_a_run_is_told_by_kind_and_place_without_a_word_of_a_ticket(staged: Staged, logged: Log) -> None:
    with Living(staged.another(Broken()), logged) as living:
        eventually(lambda: "ZeroDivisionError" in logged.getvalue())
    told = next(line for line in living.lines() if line["event"] == "run failed")
    assert told["level"] == "error" and any("test_service.py" in frame for frame in json.loads(told["at"]))
    assert CANARY not in logged.getvalue() and "does not work" not in logged.getvalue()


def test_a_poisoned_effect_is_told_and_the_rest_goes_out(staged: Staged, logged: Log) -> None:
    staged.here.store.effects.plan([Act("poison", "jira.nothing-we-know", "BILL", {"text": CANARY})])
    with Living(staged.service, logged) as living:
        eventually(staged.here.slack.posted)
    assert any(line["event"] == "round failed" and line["error"] == "KeyError" for line in living.lines())
    assert CANARY not in logged.getvalue()
    assert staged.here.store.effects.get("poison").state is EffectState.PENDING  # type: ignore[union-attr]


def test_a_database_that_is_locked_for_a_while_is_a_remark_and_no_traceback(
    tmp_path: Path, staged: Staged, logged: Log
) -> None:
    staged.here.store._database.engine.dispose()
    path = staged.here.store.url.removeprefix("sqlite:///")
    locked, gave_up = threading.Event(), threading.Event()
    quick = staged.service._guarded(lambda: staged.here.store.inbox.receive("e", "click", {}))

    def lock() -> None:
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")
        locked.set()
        assert gave_up.wait(20)
        connection.execute("ROLLBACK")
        connection.close()

    holder = threading.Thread(target=lock)
    holder.start()
    assert locked.wait(5)
    quick()  # gives up after 0.8 s
    gave_up.set()
    holder.join()
    (line,) = [json.loads(line) for line in logged.getvalue().splitlines()]
    assert (line["event"], line["level"]) == ("job waits", "warning") and "locked" in line["why"]
    quick()
    assert len(staged.here.store.inbox.waiting()) == 1


def test_a_job_of_the_schedulers_that_fails_is_told_by_us_alone(staged: Staged, logged: Log) -> None:
    called = threading.Event()

    def bad() -> None:
        called.set()
        raise KeyError(CANARY)

    scheduler = ticking(staged.service._guarded(bad), lambda: None, 60)
    try:
        assert called.wait(5)
        eventually(lambda: "job failed" in logged.getvalue())
    finally:
        scheduler.shutdown()
    (line,) = [json.loads(line) for line in logged.getvalue().splitlines()]
    assert (line["event"], line["job"], line["error"]) == ("job failed", "bad", "KeyError")
    assert CANARY not in logged.getvalue()


def test_what_another_library_logs_is_told_by_who_and_where_since_it_may_quote_anything(logged: Log) -> None:
    logging.getLogger("slack_bolt.App").warning(f"Unhandled request ({CANARY})")
    logging.getLogger("slack_sdk").info("chatter")
    (line,) = [json.loads(line) for line in logged.getvalue().splitlines()]
    assert (line["logger"], line["level"]) == ("slack_bolt.App", "warning") and "test_service" in line["where"]
    assert CANARY not in logged.getvalue()


def test_who_ends_in_the_middle_of_a_run_hands_it_over_at_once(staged: Staged, logged: Log) -> None:
    reached, go = threading.Event(), threading.Event()

    class Slow(Hashed):
        def embed(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
            reached.set()
            go.wait(30)
            return super().embed(texts)

    with Living(staged.another(Slow()), logged) as living:
        assert reached.wait(10)
        assert living.end() < 8
        run = staged.here.store.runs.get(OCTOBER)
        assert run is not None and (run.state, run.step) == ("WAITING", "frozen")
        assert staged.service.carry_on_one()  # another process, with no lease to wait for
        go.set()
    eventually(lambda: not any(t.name == "runs" for t in threading.enumerate()))
    staged.here.settle()
    assert staged.runs() == [(OCTOBER, "DONE")] and len(staged.here.slack.posted()) == 1


def test_each_line_about_a_run_names_it_with_its_kind_and_its_step(staged: Staged) -> None:
    staged.desk.fault = Refused("no right")
    with structlog.testing.capture_logs() as said:
        staged.service.tick()
        staged.until_quiet()
        staged.desk.fault = None
        staged.here.clock.passes(16 * 60)
        staged.service.tick()
        staged.until_quiet()
    told = [(line["event"], line.get("step")) for line in said if line.get("run") == OCTOBER]
    assert told == [("run goes on", "begin"), ("run failed", "begin"), ("run goes on", "begin"), ("run ended", None)]
    assert {line["kind"] for line in said if line.get("run") == OCTOBER} == {"monthly"}
