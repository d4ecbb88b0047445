"""Any order of clicks, crashes, faults and clocks: one issue for an approval, one decision for a click, no lie shown.

Two replicas share a store. A crash drops all that a replica has in memory, at any boundary of its store or in the
middle of a vendor's call. The vendors keep a true record of what they made (bot.testing).
"""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bot.acts import Act, EffectState, Stage, Verdict
from bot.config import Config
from bot.decisions import Wish, decide, standings
from bot.domain import Digest
from bot.effects import Ledger
from bot.embedding import MiniLM
from bot.ports import Refused, Unavailable, Unknown
from bot.runs import Parts
from bot.serve import Service, Times
from bot.slack.board import Board
from bot.slack.clicks import Decider
from bot.slack.elements import Press
from bot.store import Store
from bot.testing import InMemoryChannel, InMemoryTracker, Trouble
from tests.crash.trap import Trap, Wrapped
from tests.digests import reading_of, sample_digest

WORKSPACE, HOME = "acme", "C0PRODUCT1"
PARTS = ("tickets", "runs", "effects", "decisions", "drawings", "inbox", "audit")
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
RUNS = ("monthly:2026-10", "manual:5f3a", "spike:late")
PEOPLE = ("U0DANA", "U0LEE", "U0SAM")  # Sam may not decide


class Killed(BaseException):
    """kill -9, as far as it can be had within a process."""


class Pitfall(Trap):
    """A trap that ends a replica, and can be set again."""

    mark: str | None = None

    def passes(self, mark: str) -> None:
        if mark == self.mark:
            self.mark = None
            raise Killed(mark)


PITFALLS = [
    "after inbox.waiting",
    "before decisions.write",
    "after decisions.write",
    "before inbox.answered",
    "before effects.begin",
    "after effects.begin",
    "before effects.done",
    "after effects.done",
    "before effects.look_again",
    "after effects.not_sent",
    "before effects.retry",
    "after effects.retry",
    "before effects.unsure",
    "before drawings.drawn",
    "after effects.plan",
]


HOW = ["done", "not done", "late", "done, killed", "not done, killed", "late, killed", "429", "no"]


def digest() -> Digest:
    whole = sample_digest(one_offs=3)
    themes = whole.themes[:2]
    return replace(whole, themes=themes, further_themes=(), items=tuple(whole.item_of(t) for t in themes))


DIGEST = digest()
THEMES = [t.id for t in DIGEST.themes]


class Replica:
    """One process of `serve`, driven by hand."""

    def __init__(self, url: str, now: Any, channel: InMemoryChannel, tracker: InMemoryTracker) -> None:
        self.real = Store.open(url, workspace=WORKSPACE, clock=now)
        self.pitfall = Pitfall()
        store: Any = Wrapped(self.real, "store", self.pitfall, PARTS)
        self.store: Store = store
        self.board = Board(store, channel, WORKSPACE, deciders=True)
        desk = Decider(store, channel, tracker, WORKSPACE, HOME, ("S0PMLEADS",))
        parts = Parts(store, {}, lambda _: [], MiniLM(), Config().rules)
        self.ledger = Ledger(store, {"slack": channel, "jira": tracker})
        self.service = Service(parts, self.ledger, Times("off", "UTC", 60), "a replica", [self.board], [desk])


class Groundswell(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="gs-machine-", dir=MEMORY))
        self.at, self.skew = datetime(2026, 11, 2, 12, tzinfo=UTC), timedelta()
        self.tracker, self.channel = InMemoryTracker("BILL"), InMemoryChannel(HOME)
        self.channel.groups = {"S0PMLEADS": frozenset(PEOPLE[:2])}
        self.replicas = [self.opened(), self.opened()]
        self.events: dict[str, dict[str, Any]] = {}

    def now(self) -> datetime:
        return self.at + self.skew

    def opened(self) -> Replica:
        return Replica(f"sqlite:///{self.folder / 'store.db'}", self.now, self.channel, self.tracker)

    def step(self, n: int, what: str) -> None:
        """A step of a replica, which may be its last."""
        try:
            getattr(self.replicas[n].service, what)()
        except Killed:
            self.crash(n)

    @property
    def store(self) -> Store:
        return self.replicas[0].real

    # --- what happens

    @initialize(second=st.booleans())
    def digested(self, second: bool) -> None:
        for key in RUNS[: 1 + second]:
            self.concluded(key)

    def concluded(self, key: str) -> None:
        runs, board = self.store.runs, self.replicas[0].board
        runs.ask(key, key.partition(":")[0], {})
        fence = runs.lease(key, "me", 60)
        assert fence is not None
        runs.freeze(key, fence, reading_of(DIGEST), Config().rules, {})
        runs.conclude(key, fence, DIGEST, {}, board.announce(DIGEST, key))
        runs.finish(key, fence)

    @precondition(lambda self: self.store.runs.get(RUNS[2]) is None)
    @rule()
    def another_run(self) -> None:
        self.concluded(RUNS[2])

    @rule(n=st.sampled_from([0, 1]), what=st.sampled_from(["answer_clicks", "send_due", "redraw"]))
    def works(self, n: int, what: str) -> None:
        self.step(n, what)

    @rule(n=st.sampled_from([0, 1]), seconds=st.sampled_from([0, 1, 6, 40, 400]))
    def tick(self, n: int, seconds: int) -> None:
        for what in ("answer_clicks", "send_due", "redraw"):
            self.step(n, what)
        self.time_passes(seconds)

    @rule(
        person=st.sampled_from(PEOPLE),
        action=st.sampled_from(["approve", "approve", "reject", "undo"]),
        theme=st.sampled_from(THEMES),
        run=st.sampled_from(RUNS),
    )
    def click(self, person: str, action: str, theme: str, run: str) -> None:
        if self.store.runs.digest(run) is not None:
            self.pressed(person, action, theme, run)

    def pressed(self, person: str, action: str, theme: str, run: str) -> None:
        payload = {
            "actions": [{"action_id": action, "value": Press(run, theme, 1).value}],
            "user": {"id": person},
            "channel": {"id": HOME},
        }
        event_id = f"event-{len(self.events)}"
        self.events[event_id] = payload
        self.store.inbox.receive(event_id, "click", payload)

    @precondition(lambda self: self.events)
    @rule(data=st.data())
    def redelivered(self, data: st.DataObject) -> None:
        event_id = data.draw(st.sampled_from(sorted(self.events)))
        self.store.inbox.receive(event_id, "click", self.events[event_id])

    @rule(verdict=st.sampled_from(list(Verdict)), theme=st.sampled_from(THEMES), n=st.sampled_from([0, 1]))
    def command(self, verdict: Verdict, theme: str, n: int) -> None:
        try:
            decide(self.replicas[n].store, self.tracker, WORKSPACE, Wish(verdict, theme, RUNS[0], "cli:ann"))
        except Killed:
            self.crash(n)

    @rule(n=st.sampled_from([0, 1]), data=st.data())
    def is_waited_for(self, n: int, data: st.DataObject) -> None:
        """A command attends to one effect, due or not."""
        pending = [e.act.key for e in self.store.effects.in_state(EffectState.PENDING) if e.act.after is None]
        if pending:
            self.attended(n, data.draw(st.sampled_from(pending)))

    def attended(self, n: int, key: str) -> None:
        try:
            self.replicas[n].ledger.attend(key)
        except Killed:
            self.crash(n)

    @rule(theme=st.sampled_from(THEMES), person=st.sampled_from(PEOPLE[:2]))
    def tries_again(self, theme: str, person: str) -> None:
        """Somebody looked in the tracker and found nothing, truly; or mended why it had refused."""
        now = standings(self.store, [theme])[theme]
        if now.stage not in (Stage.UNSURE, Stage.REFUSED) or now.effect_key is None:
            return
        if not self.tracker.made(now.effect_key) and not self.tracker.under_way:
            self.pressed(person, "retry", theme, RUNS[0])

    @rule(n=st.sampled_from([0, 1]))
    def crash(self, n: int) -> None:
        self.replicas[n].real.close()
        self.replicas[n] = self.opened()

    @rule(n=st.sampled_from([0, 1]), mark=st.sampled_from(PITFALLS))
    def crashes_at(self, n: int, mark: str) -> None:
        self.replicas[n].pitfall.mark = mark

    @rule(
        vendor=st.sampled_from(["tracker", "channel"]),
        how=st.sampled_from(HOW),
    )
    def sending_fails(self, vendor: str, how: str) -> None:
        fault: BaseException = Killed() if "killed" in how else Unknown("no answer")
        if how == "429":
            fault = Unavailable("too many requests", retry_after=7.0)
        elif how == "no":
            fault = Refused("a field is missing.")
        trouble = Trouble("do", fault, made=how.startswith("done"), late=how.startswith("late"))
        getattr(self, vendor).trouble.append(trouble)

    @rule(how=st.sampled_from(HOW), theme=st.sampled_from(THEMES), n=st.sampled_from([0, 1]), hidden=st.booleans())
    def approval_goes_wrong(self, how: str, theme: str, n: int, hidden: bool) -> None:
        self.sending_fails("tracker", how)
        self.pressed("U0DANA", "approve", theme, RUNS[0])
        self.tick(n, 0)
        if hidden:
            self.others_write(hidden=True)
        if key := standings(self.store, [theme])[theme].effect_key:
            self.attended(1 - n, key)  # somebody waits for it at a terminal, on another machine

    @rule(
        vendor=st.sampled_from(["tracker", "channel"]),
        call=st.sampled_from(["mark", "find", "twins", "update", "tell", "members"]),
        fault=st.sampled_from([Unavailable, Refused, Killed]),
    )
    def calling_fails(self, vendor: str, call: Any, fault: type[BaseException]) -> None:
        if call != "update" or fault is not Refused:  # refused for good (deleted, archived): it is not drawn any more
            getattr(self, vendor).trouble.append(Trouble(call, fault("just now")))

    @rule(hidden=st.booleans())
    def others_write(self, hidden: bool) -> None:
        self.tracker.others()
        self.tracker.things[-1].hidden = hidden

    @rule(seconds=st.sampled_from([1, 6, 40, 400, 700]))
    def time_passes(self, seconds: int) -> None:
        """What is under way arrives before anybody could take it for lost: the ledger's window is a promise."""
        self.arrives()
        self.at += timedelta(seconds=seconds)

    def arrives(self) -> None:
        self.tracker.arrive()
        self.channel.arrive()

    @precondition(lambda self: not self.tracker.under_way and not self.channel.under_way)
    @rule(seconds=st.sampled_from([-3_600, 3_600, 86_400]))
    def clock_jumps(self, seconds: int) -> None:
        """Not while a request is under way: no deadline of ours holds for a clock that jumps over it."""
        self.skew += timedelta(seconds=seconds)

    # --- what always holds

    @invariant()
    def nothing_is_made_twice(self) -> None:
        for place in (self.tracker, self.channel):
            made = Counter(thing.key for thing in place.things if thing.key)
            assert not [key for key, count in made.items() if count > 1]

    @invariant()
    def what_is_done_is_there(self) -> None:
        for effect in self.store.effects.in_state(EffectState.DONE):
            assert effect.receipt is not None
            if not effect.act.repeatable:
                assert [effect.receipt.ref] == self.place(effect.act).made(effect.act.key)

    @invariant()
    def what_is_approved_has_an_effect(self) -> None:
        for now in standings(self.store, THEMES).values():
            if now.stage not in (Stage.OPEN, Stage.REJECTED, Stage.SNOOZED, Stage.MERGED):
                assert now.effect_key is not None and self.store.effects.get(now.effect_key) is not None

    @invariant()
    def a_click_decides_once(self) -> None:
        logs = self.store.decisions.of(THEMES).values()
        by = Counter(d.payload["event"] for log in logs for d in log if "event" in d.payload)
        assert not [event for event, count in by.items() if count > 1]

    def place(self, act: Act) -> InMemoryTracker | InMemoryChannel:
        return self.tracker if act.kind.startswith("jira") else self.channel

    # --- how it ends

    def teardown(self) -> None:
        try:
            self.settled()
            self.what_is_over_was_not_made()
            self.the_channel_shows_what_is()
        finally:
            for replica in self.replicas:
                replica.real.close()
            shutil.rmtree(self.folder, ignore_errors=True)

    def settled(self) -> None:
        """No more trouble: it comes to rest, and everything that was made or shown before still holds."""
        for place in (self.tracker, self.channel):
            place.trouble.clear()
        for replica in self.replicas:
            replica.pitfall.mark = None
        for seconds in (1, *[60] * 12, *[4_000] * 30):
            self.tick(0, 0)
            self.tick(1, 0)
            self.nothing_is_made_twice()
            self.what_is_done_is_there()
            self.time_passes(seconds)
            if seconds > 60 and not self.waiting():
                return
        assert not self.waiting()

    def waiting(self) -> list[str]:
        pending = self.store.effects.in_state(EffectState.PENDING)
        alive = (EffectState.PENDING, EffectState.DONE)
        said = [e.act.kind for e in pending if e.act.after is None or self.state(e.act.after) in alive]
        return [
            *said,
            *(d.effect_key for d in self.store.drawings.due()),
            *(e.kind for e in self.store.inbox.waiting()),
        ]

    def state(self, key: str) -> EffectState | None:
        effect = self.store.effects.get(key)
        return effect.state if effect else None

    def what_is_over_was_not_made(self) -> None:
        for state in (EffectState.FAILED, EffectState.CANCELLED):
            for effect in self.store.effects.in_state(state):
                assert self.place(effect.act).made(effect.act.key) == [], f"{effect.act.kind} is {state} and there"
        duplicates = [e for e in self.store.audit.recent(1_000) if e.action == "duplicate found"]
        assert not duplicates

    def the_channel_shows_what_is(self) -> None:
        shown = self.channel.shown()
        for theme in THEMES:
            self.store.drawings.touch(theme)
        while self.replicas[0].service.redraw():
            pass
        assert self.channel.shown() == shown


Groundswell.TestCase.settings = settings(
    max_examples=40,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestGroundswell = Groundswell.TestCase
