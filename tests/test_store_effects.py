"""The ledger's rows: compare-and-set, one winner, and no outcome that is forgotten."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from bot.acts import Act, Effect, EffectState, Receipt
from bot.store import Store
from tests.databases import Clock, Fresh, at_once, in_processes
from tests.tickets import NOON

SOON = NOON + timedelta(seconds=30)
S = EffectState


def act(key: str, **more: object) -> Act:
    return Act(**{"key": key, "kind": "jira.issue", "target": "BILL", "payload": {"title": "t"}, **more})


def planned(store: Store, *acts: Act, **of: str) -> None:
    store.effects.plan(acts, **of)


# --- planning and reading


def test_an_act_is_planned_once_and_stays_as_it_was_planned(database: Fresh) -> None:
    clock = Clock()
    store = database.open(clock=clock)
    first = act("a", payload={"b": 1, "a": [True, None, "é"]}, repeatable=True, after="p")
    planned(store, first, run_key="run", theme_id="theme")
    clock.passes(60)
    planned(store, replace(first, payload={}, target="OTHER"), run_key="another")
    expected = Effect(first, S.PENDING, run_key="run", theme_id="theme", updated_at=NOON.replace(hour=12))
    assert store.effects.get("a") == expected
    assert list(store.effects.get("a").act.payload) == ["b", "a"]  # the order of a message's parts is theirs


def test_effects_are_found_by_run_theme_and_state_in_the_order_they_were_planned(database: Fresh) -> None:
    store = database.open()
    planned(store, act("z"), act("a"), run_key="r1", theme_id="t1")
    planned(store, act("m"), run_key="r1", theme_id="t2")
    planned(store, act("n"), run_key="r2", theme_id="t1")
    keys = lambda effects: [e.act.key for e in effects]  # noqa: E731
    assert keys(store.effects.of_run("r1")) == ["z", "a", "m"]
    assert keys(store.effects.of_theme("t1")) == ["z", "a", "n"]
    store.effects.failed("a", 0, "no")
    assert keys(store.effects.in_state(S.FAILED)) == ["a"]
    assert keys(store.effects.in_state(S.PENDING)) == ["z", "m", "n"]
    assert store.effects.get("unknown") is None and store.effects.of_run("unknown") == []


def test_what_is_due_is_pending_has_waited_and_knows_what_it_hangs_on(database: Fresh) -> None:
    store = database.open(clock=Clock())
    planned(store, act("post"), act("reply", after="post"), act("later"), act("orphan", after="nothing"))
    store.effects.not_sent("later", 0, SOON, "busy")
    due = lambda now: [(e.act.key, e.act.parent) for e in store.effects.due(now)]  # noqa: E731
    assert due(NOON) == [("post", None)]
    assert due(SOON) == [("post", None), ("later", None)]
    store.effects.begin("post", 0, {}, SOON)
    store.effects.done("post", Receipt("17.5"))
    assert due(NOON) == [("reply", "17.5")]
    assert store.effects.get("reply").act.parent == "17.5"
    assert [e.act.key for e in store.effects.due(SOON, limit=1)] == ["later"], "what hangs on nothing goes before"


# --- driving


def test_a_send_from_its_beginning_to_its_end(database: Fresh) -> None:
    clock = Clock()
    store = database.open(clock=clock)
    planned(store, act("a"))
    clock.passes(1)
    assert store.effects.begin("a", 0, {"highest": 41}, SOON)
    sent = store.effects.get("a")
    assert (sent.attempts, sent.sent, sent.hint, sent.send_deadline) == (1, True, {"highest": 41}, SOON)
    assert sent.unknown and sent.updated_at == clock.at
    store.effects.look_again("a", SOON, "not found yet")
    store.effects.look_again("a", SOON, "still not found")
    looked = store.effects.get("a")
    assert (looked.looks, looked.next_at, looked.error) == (2, SOON, "still not found")
    clock.passes(1)
    store.effects.done("a", Receipt("BILL-1", "https://jira/BILL-1"))
    done = store.effects.get("a")
    assert (done.state, done.receipt) == (S.DONE, Receipt("BILL-1", "https://jira/BILL-1"))
    assert not done.sent and done.error is None and done.next_at is None and done.updated_at == clock.at
    clock.passes(1)
    store.effects.done("a", Receipt("BILL-2"))
    store.effects.unsure("a", "?")
    store.effects.look_again("a", SOON, "?")
    assert not store.effects.failed("a", 1, "?") and not store.effects.not_sent("a", 1, None, "?")
    assert not store.effects.retry("a") and not store.effects.cancel("a")
    assert store.effects.get("a") == done


def test_a_sent_effect_is_not_due_before_it_is_to_be_looked_for(database: Fresh) -> None:
    store = database.open()
    planned(store, act("a"))
    store.effects.not_sent("a", 0, NOON, "busy")
    assert store.effects.begin("a", 0, {}, SOON, SOON + timedelta(seconds=5))
    assert store.effects.due(SOON) == []
    assert [e.act.key for e in store.effects.due(SOON + timedelta(seconds=5))] == ["a"]


def test_tries_that_came_to_nothing_are_counted_until_the_next_send(database: Fresh) -> None:
    store = database.open()
    planned(store, act("a"))
    for _ in range(3):
        store.effects.not_sent("a", 0, SOON, "no connection")
    assert store.effects.get("a").looks == 3
    store.effects.begin("a", 0, {}, SOON)
    assert store.effects.get("a").looks == 0


def test_an_attempt_that_is_over_can_say_nothing_any_more(database: Fresh) -> None:
    store = database.open()
    planned(store, act("a"))
    store.effects.begin("a", 0, {}, SOON)
    assert store.effects.not_sent("a", 1, SOON, "429")
    assert store.effects.begin("a", 1, {}, SOON)
    assert not store.effects.not_sent("a", 1, None, "late news of the first")
    assert not store.effects.failed("a", 1, "late news of the first")
    now = store.effects.get("a")
    assert now.sent and now.attempts == 2 and now.error == "429"


def test_nothing_is_begun_twice_nor_after_it_is_over(database: Fresh) -> None:
    store = database.open()
    planned(store, act("a"), act("b"), act("c"))
    assert store.effects.begin("a", 0, {}, SOON)
    assert not store.effects.begin("a", 0, {}, SOON)
    assert not store.effects.begin("a", 1, {}, SOON)  # sent, outcome unknown: look first
    assert not store.effects.begin("unknown", 0, {}, SOON)
    store.effects.cancel("b")
    assert not store.effects.begin("b", 0, {}, SOON)
    store.effects.failed("c", 0, "no right")
    assert not store.effects.begin("c", 0, {}, SOON)


def test_what_failed_or_is_unsure_is_sent_again_by_a_persons_word(database: Fresh) -> None:
    store = database.open()
    planned(store, act("a"), act("b"))
    assert not store.effects.retry("a")
    store.effects.begin("a", 0, {}, SOON)
    store.effects.failed("a", 1, "field X is required")
    assert store.effects.retry("a", {"title": "new", "x": 1})
    again = store.effects.get("a")
    assert (again.state, again.sent, again.attempts, again.error) == (S.PENDING, False, 1, None)
    assert again.act.payload == {"title": "new", "x": 1}
    store.effects.begin("b", 0, {}, SOON)
    store.effects.unsure("b", "can't tell")
    assert store.effects.get("b").state is S.UNSURE
    assert store.effects.retry("b") and not store.effects.retry("b")
    assert store.effects.get("b").act.payload == {"title": "t"}
    assert not store.effects.begin("b", 0, {}, SOON) and store.effects.begin("b", 1, {}, SOON)


def test_an_unsure_effect_can_still_turn_out_to_be_done(database: Fresh) -> None:
    store = database.open()
    planned(store, act("a"))
    store.effects.begin("a", 0, {}, SOON)
    store.effects.unsure("a", "can't tell")
    store.effects.done("a", Receipt("BILL-7"))
    assert store.effects.get("a").receipt == Receipt("BILL-7")


def test_what_was_refused_or_not_sent_is_planned_anew_and_nothing_else(database: Fresh) -> None:
    store = database.open()
    planned(store, act("fresh"), act("refused"), act("sent"), act("done"), act("unsure"), act("cancelled"))
    store.effects.not_sent("fresh", 0, SOON, "busy")
    store.effects.failed("refused", 0, "no such project")
    for key in ("sent", "done", "unsure"):
        store.effects.begin(key, 0, {}, SOON)
    store.effects.done("done", Receipt("X-1"))
    store.effects.unsure("unsure", "can't tell")
    store.effects.cancel("cancelled")
    keys = ("fresh", "refused", "sent", "done", "unsure", "cancelled", "new")
    before = {key: store.effects.get(key) for key in keys}
    store.effects.replan([act(key, target="MENDED", payload={"title": "mended"}) for key in keys])
    for key in ("fresh", "refused", "new"):
        now = store.effects.get(key)
        assert (now.state, now.next_at, now.error, now.looks) == (S.PENDING, None, None, 0)
        assert (now.act.target, now.act.payload) == ("MENDED", {"title": "mended"})
    for key in ("sent", "done", "unsure", "cancelled"):
        assert store.effects.get(key) == before[key]


def test_only_what_is_surely_unsent_can_be_cancelled(database: Fresh) -> None:
    store = database.open()
    planned(store, act("fresh"), act("sent"), act("back"))
    assert store.effects.cancel("fresh") and not store.effects.cancel("fresh")
    store.effects.begin("sent", 0, {}, SOON)
    assert not store.effects.cancel("sent")
    store.effects.begin("back", 0, {}, SOON)
    store.effects.not_sent("back", 1, None, "429")
    assert store.effects.cancel("back")
    assert [e.act.key for e in store.effects.in_state(S.CANCELLED)] == ["fresh", "back"]


def test_what_is_done_is_verified_once_some_time_later(database: Fresh) -> None:
    clock = Clock()
    store = database.open(clock=clock)
    planned(store, act("a"), act("b"), act("open"))
    for key in "ab":
        store.effects.begin(key, 0, {}, SOON)
        store.effects.done(key, Receipt(key))
        clock.passes(60)
    assert [e.act.key for e in store.effects.unverified(NOON)] == ["a"]
    assert [e.act.key for e in store.effects.unverified(clock.at)] == ["a", "b"]
    store.effects.verified("a", clock.at)
    assert store.effects.get("a").verified_at == clock.at
    assert [e.act.key for e in store.effects.unverified(clock.at)] == ["b"]


# --- many at once


def test_of_twenty_threads_one_begins_an_effect(database: Fresh) -> None:
    store = database.open()
    for n in range(5):
        planned(store, act(f"a{n}"))
        won = at_once(20, lambda who, n=n: store.effects.begin(f"a{n}", 0, {"who": who}, SOON))
        assert won.count(True) == 1
        assert store.effects.get(f"a{n}").hint == {"who": won.index(True)}


def test_of_twenty_processes_one_begins_an_effect_and_one_takes_a_run(database: Fresh) -> None:
    """Each opens its own store, as replicas do."""
    store = database.open()
    planned(store, act("a"), act("b"))
    store.runs.ask("leased", "manual", {})

    def rival(who: int, ready) -> tuple[bool, bool, int | None, bool]:
        mine = Store.open(database.url, workspace="acme")
        ready()
        told = (
            mine.effects.begin("a", 0, {}, SOON),
            mine.runs.ask("asked", "manual", {"who": who})[1],
            mine.runs.lease("leased", f"p{who}", 60),
            mine.effects.cancel("b") if who % 2 else mine.effects.begin("b", 0, {}, SOON),
        )
        mine.close()
        return told

    begun, new, fences, either = zip(*in_processes(20, rival), strict=True)
    assert begun.count(True) == 1 and new.count(True) == 1 and either.count(True) == 1
    assert [f for f in fences if f is not None] == [1]
    assert store.runs.get("leased").owner == f"p{fences.index(1)}"


def test_an_act_planned_by_many_at_once_is_one_effect(database: Fresh) -> None:
    store = database.open()
    at_once(20, lambda n: planned(store, act("a", payload={"by": n}), act(f"own{n}")))
    assert len(store.effects.in_state(S.PENDING)) == 21


# --- any order of calls


class Rivals(RuleBasedStateMachine):
    """Three ledgers with views of their own, old ones among them, beside a model of what must come of it.

    The outside world is part of the model: what was begun may arrive until somebody is certain that it did not. The
    invariant that matters: nothing is begun while an earlier attempt may still arrive.
    """

    store: Store
    numbers = itertools.count()

    def __init__(self) -> None:
        super().__init__()
        self.key = f"effect{next(Rivals.numbers)}"
        planned(self.store, act(self.key))
        self.state, self.attempts, self.in_flight, self.looks = S.PENDING, 0, False, 0
        self.seen = dict.fromkeys(range(3), 0)

    @rule(who=st.integers(0, 2))
    def looks_at_it(self, who: int) -> None:
        self.seen[who] = self.store.effects.get(self.key).attempts

    @rule(who=st.integers(0, 2))
    def begins(self, who: int) -> None:
        won = self.store.effects.begin(self.key, self.seen[who], {}, SOON)
        assert won == (self.state is S.PENDING and not self.in_flight and self.seen[who] == self.attempts)
        if won:
            self.attempts, self.in_flight, self.looks = self.attempts + 1, True, 0

    @rule(who=st.integers(0, 2), number=st.integers(0, 4))
    def is_certain_that_nothing_was_made(self, who: int, number: int) -> None:
        won = self.store.effects.not_sent(self.key, number, None, "no")
        assert won == (self.state is S.PENDING and number == self.attempts)
        self.in_flight, self.looks = self.in_flight and not won, self.looks + won

    @rule(number=st.integers(0, 4))
    def is_refused(self, number: int) -> None:
        if self.store.effects.failed(self.key, number, "no"):
            assert self.state is S.PENDING and number == self.attempts
            self.state, self.in_flight = S.FAILED, False

    @rule()
    def looks_for_it(self) -> None:
        self.store.effects.look_again(self.key, SOON, "not yet")
        self.looks += self.state is S.PENDING and self.in_flight

    @rule()
    def gives_up_looking(self) -> None:
        self.store.effects.unsure(self.key, "can't tell")
        self.state = S.UNSURE if self.state is S.PENDING else self.state

    @rule()
    def finds_it(self) -> None:
        self.store.effects.done(self.key, Receipt("X-1"))
        if self.state in (S.PENDING, S.UNSURE):
            self.state, self.in_flight = S.DONE, False

    @rule()
    def a_person_says_again(self) -> None:
        again = self.store.effects.retry(self.key)
        assert again == (self.state in (S.FAILED, S.UNSURE))
        if again:
            self.state, self.in_flight, self.looks = S.PENDING, False, 0

    @rule()
    def a_person_undoes_it(self) -> None:
        undone = self.store.effects.cancel(self.key)
        assert undone == (self.state is S.PENDING and not self.in_flight)
        self.state = S.CANCELLED if undone else self.state

    @invariant()
    def the_row_says_what_is_known(self) -> None:
        now = self.store.effects.get(self.key)
        assert (now.state, now.attempts, now.looks) == (self.state, self.attempts, self.looks)
        assert now.unknown == (self.state is S.PENDING and self.in_flight)
        assert (now.receipt is not None) == (self.state is S.DONE)


def test_no_order_of_calls_sends_what_may_still_arrive(database: Fresh) -> None:
    shared = database.open()

    class Here(Rivals):
        store = shared

    run_state_machine_as_test(Here, settings=settings(max_examples=40, stateful_step_count=25, deadline=None))


@pytest.mark.parametrize("moment", ["begin", "done", "failed"])
def test_time_comes_from_the_store(database: Fresh, moment: str) -> None:
    clock = Clock()
    store = database.open(clock=clock)
    planned(store, act("a"))
    clock.passes(5)
    calls = {
        "begin": lambda: store.effects.begin("a", 0, {}, SOON),
        "done": lambda: store.effects.done("a", Receipt("x")),
        "failed": lambda: store.effects.failed("a", 0, "no"),
    }
    calls[moment]()
    assert store.effects.get("a").updated_at == clock.at
