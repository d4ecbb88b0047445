"""The ledger: what is planned is done once, what is not known is looked for, what can't be known a person says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.acts import Absent, Act, Effect, EffectState, Found, Hint, Receipt, Sighting, Undecided, Verdict
from bot.effects import CALL, MARGIN, RECONCILE, RESTORED, VERIFY_AFTER, WINDOW, Ledger
from bot.ports import Refused, Unavailable, Unknown
from bot.store import Store
from bot.store.copying import backup, restore
from bot.store.opening import parsed
from tests.databases import WORKSPACE, Clock, Fresh, at_once
from tests.spine import PASSED, RUN, Scene, scene

CREATE = r"/rest/api/3/issue$"
S = EffectState


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Scene]:
    with scene(tmp_path) as there:
        there.conclude(post=False)
        yield there


def approved(here: Scene) -> str:
    here.decide(Verdict.APPROVE)
    return here.issue().act.key


# --- the ordinary way


def test_an_approved_draft_becomes_one_issue_with_its_links(here: Scene) -> None:
    key = approved(here)
    done = here.ledger.attend(key)
    assert done is not None and done.state is S.DONE and done.receipt is not None
    (issue,) = here.jira.issues
    assert done.receipt.ref == issue.key and issue.properties["groundswell"]["key"] == key
    here.settle()
    assert {e.state for e in here.store.effects.of_theme(here.theme())} == {S.DONE}
    assert issue.links


def test_what_is_done_is_never_attended_again(here: Scene) -> None:
    key = approved(here)
    for _ in range(3):
        here.ledger.attend(key)
        here.again().ledger.attend(key)
    assert len(here.jira.issues) == 1 and len(here.jira.sent("POST", CREATE)) == 1
    assert here.ledger.attend("no such key") is None


def test_links_wait_for_their_issue_and_go_nowhere_without_it(here: Scene) -> None:
    approved(here)
    link = next(e for e in here.store.effects.of_theme(here.theme()) if e.act.kind == "jira.links")
    waits = here.ledger.attend(link.act.key)
    assert waits is not None and (waits.state, waits.attempts) == (S.PENDING, 0)
    assert here.ledger.settle(link.act.key, patience=5) == waits  # at once: there is nothing to wait for
    assert here.jira.requests == []


def test_what_was_made_after_a_copy_is_found_when_the_copy_was_put_back(here: Scene, tmp_path: Path) -> None:
    here.settle()
    backup(parsed(here.store.url), tmp_path / "copy.db")
    approved(here)
    here.settle()
    before = len(here.jira.requests)
    restore(parsed(here.store.url), tmp_path / "copy.db")
    here.store.audit.write("cli:ops", RESTORED, "copy.db", {})
    key = approved(here)  # the copy knows of no approval
    here.settle()
    done = here.store.effects.get(key)
    (issue,) = here.jira.issues
    assert done is not None and done.state is S.DONE and done.receipt is not None and done.receipt.ref == issue.key
    assert {e.state for e in here.store.effects.of_theme(here.theme())} == {S.DONE}
    assert not [r for r in here.jira.requests[before:] if r.method == "POST" and r.path.endswith("/issue")]


# --- the other side is away, or says no


def test_no_connection_loses_nothing_and_comes_again_later_and_later(here: Scene) -> None:
    key = approved(here)
    here.jira.fail("refuse", "", times=1000, status=503)
    pauses = []
    for _ in range(5):
        waits = here.ledger.attend(key)
        assert waits is not None and waits.state is S.PENDING and not waits.sent and waits.next_at is not None
        pauses.append((waits.next_at - here.clock.at).total_seconds())
        here.clock.at = waits.next_at
    assert pauses == sorted(pauses) and pauses[-1] <= 900 * 1.2
    here.jira.faults.clear()
    here.ledger.attend(key)
    assert len(here.jira.issues) == 1


def test_the_time_that_the_other_side_asks_for_is_kept(here: Scene) -> None:
    key = approved(here)
    here.jira.fail("refuse", CREATE, method="POST", status=429, headers={"Retry-After": "240"})
    waits = here.ledger.attend(key)
    assert waits is not None and waits.next_at is not None and not waits.sent
    assert 240 <= (waits.next_at - here.clock.at).total_seconds() <= 300
    assert here.ledger.attend_due() == 0
    assert here.ledger.settle(key, patience=0.1) == waits  # an impatient command keeps to it, too
    assert len(here.jira.sent("POST", CREATE)) == 1
    here.clock.passes(300)
    here.settle()
    assert len(here.jira.issues) == 1


def test_a_refusal_is_final_until_a_person_acts_and_says_why(here: Scene) -> None:
    key = approved(here)
    here.jira.rights.discard("CREATE_ISSUES")
    failed = here.ledger.attend(key)
    assert failed is not None and failed.state is S.FAILED and "cannot create issues" in (failed.error or "")
    here.clock.passes(3600)
    here.settle()
    assert here.jira.issues == [] and len(here.jira.sent("POST", CREATE)) == 1


def test_one_effect_that_ends_in_a_bug_of_ours_keeps_no_other_waiting(here: Scene) -> None:
    here.store.effects.plan([Act("poison", "jira.nothing-we-know", "BILL", {})])
    key = approved(here)
    with pytest.raises(KeyError):
        here.ledger.attend_due()
    assert here.store.effects.get(key).state is S.DONE  # type: ignore[union-attr]


def test_an_effect_of_an_outlet_that_is_not_configured_any_more_is_kept(here: Scene) -> None:
    key = approved(here)
    alone = Ledger(here.store, {})
    kept = alone.attend(key)
    assert kept is not None and (kept.state, kept.error) == (S.PENDING, "jira is not configured")
    assert alone.attend_due() == 0
    here.clock.passes(901)
    here.settle()
    assert len(here.jira.issues) == 1


# --- nobody knows


@pytest.mark.parametrize("kind", ["lose", "fail", "html", "truncate", "hang"])
def test_an_answer_that_was_lost_is_looked_for_and_nothing_is_sent_meanwhile(here: Scene, kind: str) -> None:
    key = approved(here)
    here.jira.fail(kind, CREATE, method="POST", seconds=3.0)
    unknown = here.ledger.attend(key)
    assert unknown is not None and unknown.unknown
    for _ in range(3):
        here.ledger.attend(key)  # too early: a request may be on its way
    here.clock.at += PASSED
    found = here.ledger.attend(key)
    assert found is not None and found.state is S.DONE and found.receipt is not None
    assert [i.key for i in here.jira.issues] == [found.receipt.ref]
    assert len(here.jira.sent("POST", CREATE)) == 1


def test_a_request_that_never_arrived_is_sent_again_once_that_is_proven(here: Scene) -> None:
    here.decide(Verdict.APPROVE, here.theme(2))
    here.settle()  # a precedent: what this account makes, it can see
    key = approved(here)
    here.jira.fail("drop", CREATE, method="POST")
    assert here.ledger.attend(key).unknown  # type: ignore[union-attr]
    here.clock.at += PASSED
    looked = here.ledger.attend(key)
    assert looked is not None and looked.state is S.PENDING and not looked.sent
    done = here.ledger.attend(key)
    assert done is not None and done.state is S.DONE and done.attempts == 2
    assert len(here.jira.issues) == 2 and len(here.jira.sent("POST", CREATE)) == 3


def test_what_can_neither_be_found_nor_ruled_out_is_a_persons_to_say(here: Scene) -> None:
    """Another's issue that we may not read lies in the range: it may be ours."""
    key = approved(here)
    here.jira.fail("drop", CREATE, method="POST")
    here.ledger.attend(key)
    here.jira.foreign(hidden=True)
    here.jira.foreign()  # so that the gap is one
    states = []
    for _ in range(12):
        here.clock.passes(60)
        states.append(here.ledger.attend(key).state)  # type: ignore[union-attr]
    assert states[0] is S.PENDING and states[-1] is S.UNSURE
    assert states.index(S.UNSURE) <= RECONCILE / timedelta(minutes=1)
    here.clock.passes(86_400)
    here.settle()
    assert len(here.jira.sent("POST", CREATE)) == 1


def test_looking_goes_on_while_the_other_side_is_away(here: Scene) -> None:
    key = approved(here)
    here.jira.fail("lose", CREATE, method="POST")
    here.ledger.attend(key)
    here.jira.fail("refuse", "", times=1000, status=503)
    for _ in range(10):
        here.clock.passes(600)
        assert here.ledger.attend(key).unknown  # type: ignore[union-attr]
    here.jira.faults.clear()
    here.clock.passes(1200)
    assert here.ledger.attend(key).state is S.DONE  # type: ignore[union-attr]
    assert len(here.jira.issues) == 1


def test_a_link_of_unknown_outcome_is_simply_made_again(here: Scene) -> None:
    here.ledger.attend(approved(here))
    here.jira.fail("lose", "remotelink$", method="POST")
    for _ in range(3):
        here.settle()
        here.clock.at += PASSED
    here.settle()
    (issue,) = here.jira.issues
    links = [e for e in here.store.effects.of_theme(here.theme()) if e.act.kind == "jira.links"]
    assert {e.state for e in links} == {S.DONE} and len(issue.links) == len(links)


def test_who_was_frozen_between_the_mark_and_the_send_does_not_send(here: Scene) -> None:
    """The clock leaps while Jira answers the question for the mark."""
    key = approved(here)
    plain = here.jira.answer

    class Leaping(type(here.jira)):  # type: ignore[misc]
        def answer(self, request):  # type: ignore[no-untyped-def]
            if "search" in request.path or "bulkfetch" in request.path:
                here.clock.passes(3600)
            return plain(request)

    here.jira.__class__ = Leaping
    here.ledger.attend(key)
    assert here.jira.issues == [] and here.jira.sent("POST", CREATE) == []
    assert here.store.effects.get(key).state is S.PENDING  # type: ignore[union-attr]


# --- once more, some time later


def test_a_second_thing_with_the_same_mark_is_reported_once(here: Scene) -> None:
    key = approved(here)
    here.settle()
    assert list(here.ledger.verify()) == []  # too early
    (issue,) = here.jira.issues
    copy = here.jira.clone(issue.key)
    copy.properties.update(issue.properties)
    copy.creator = issue.creator
    here.clock.at += VERIFY_AFTER + timedelta(seconds=1)
    (duplicate,) = here.ledger.verify()
    assert duplicate.effect.act.key == key
    assert [r.ref for r in duplicate.made] == [issue.key, copy.key]
    assert list(here.ledger.verify()) == []


def test_verifying_asks_an_absent_vendor_once_and_again_later(here: Scene) -> None:
    here.decide(Verdict.APPROVE)
    here.decide(Verdict.APPROVE, here.theme(2))
    here.decide(Verdict.APPROVE, here.theme(3))
    here.settle()
    here.clock.at += VERIFY_AFTER + timedelta(seconds=1)
    here.jira.fail("refuse", "", times=1000, status=503)
    before = len(here.jira.requests)
    assert list(here.ledger.verify()) == []
    assert len(here.jira.requests) - before <= 3  # one look, with its own few retries of a read
    here.jira.faults.clear()
    assert list(here.ledger.verify()) == []
    checked = [e.verified_at for e in here.store.effects.of_run(RUN) if e.act.kind == "jira.issue"]
    assert len(checked) == 3 and None not in checked


# --- planned anew


def test_what_was_refused_goes_where_it_is_meant_to_go_now(here: Scene) -> None:
    here.conclude("monthly:2026-11", post=True)
    here.slack.rooms["C0PRODUCT1"].archived = True
    here.settle()
    (failed,) = here.store.effects.in_state(S.FAILED)
    assert failed.act.kind == "slack.digest" and "unarchive" in (failed.error or "")
    here.slack.rooms["C0PRODUCT1"].archived = False
    acts = [Act(e.act.key, e.act.kind, "C0PRIVATE1", e.act.payload, e.act.after)
            for e in here.store.effects.of_run("monthly:2026-11")]  # fmt: skip
    here.store.effects.replan(acts, run_key="monthly:2026-11")
    here.settle()
    assert here.slack.posted("C0PRODUCT1") == [] and len(here.slack.posted("C0PRIVATE1")) == 1
    (message,) = here.slack.posted("C0PRIVATE1")
    assert len(here.slack.thread(message["ts"], "C0PRIVATE1")) == len(acts) - 1


def test_planning_anew_leaves_alone_what_is_done_under_way_or_taken_back(here: Scene) -> None:
    keys = [approved(here)]
    for rank in (2, 3):
        here.decide(Verdict.APPROVE, here.theme(rank))
        keys.append(here.issue(here.theme(rank)).act.key)
    here.ledger.attend(keys[0])
    here.jira.fail("lose", CREATE, method="POST")
    here.ledger.attend(keys[1])
    here.decide(Verdict.UNDO, here.theme(3))
    before = [here.store.effects.get(k) for k in keys]
    here.store.effects.replan([Act(k, "jira.issue", "OTHER", {"changed": True}) for k in keys])
    assert [here.store.effects.get(k) for k in keys] == before


# --- every answer an outlet may give, on both databases


class Scripted:
    """A `bot.ports.Outlet` that answers as it is told, call by call; without an answer left, all goes well.

    An answer is what is returned, an exception that is raised, or something to do in the middle of the call.
    """

    def __init__(self) -> None:
        self.answers: dict[str, list[Any]] = {"mark": [], "do": [], "find": [], "twins": []}
        self.calls: list[tuple[str, str]] = []
        self.parents: list[str | None] = []
        self.hints: list[Hint] = []

    def told(self, name: str, *answers: Any) -> None:
        self.answers[name] += answers

    def sent(self) -> int:
        return sum(name == "do" for name, _ in self.calls)

    def _next(self, name: str, act: Act, otherwise: Any) -> Any:
        self.calls.append((name, act.key))
        answer = self.answers[name].pop(0) if self.answers[name] else otherwise
        if isinstance(answer, BaseException):
            raise answer
        return answer() or otherwise if callable(answer) else answer

    def mark(self, act: Act) -> Hint:
        return self._next("mark", act, {"highest": 41})  # type: ignore[no-any-return]

    def do(self, act: Act) -> Receipt:
        self.parents.append(act.parent)
        return self._next("do", act, Receipt(f"T-{act.key}", f"https://t/{act.key}"))  # type: ignore[no-any-return]

    def find(self, act: Act, hint: Hint) -> Sighting:
        self.hints.append(hint)
        return self._next("find", act, Undecided("nothing is to be seen"))  # type: ignore[no-any-return]

    def twins(self, act: Act) -> Sequence[Receipt]:
        return self._next("twins", act, [Receipt(f"T-{act.key}")])  # type: ignore[no-any-return]


@dataclass
class Small:
    """One effect "a", its ledger, and an outlet that is told what to answer."""

    store: Store
    clock: Clock
    outlet: Scripted = field(default_factory=Scripted)

    def __post_init__(self) -> None:
        self.ledger = Ledger(self.store, {"tool": self.outlet})
        self.plan("a")

    def plan(self, key: str, **more: Any) -> None:
        self.store.effects.plan([Act(key, "tool.thing", "PLACE", {"title": "t"}, **more)])

    def attend(self, key: str = "a", after: timedelta | float = 0.0) -> Effect:
        self.clock.at += after if isinstance(after, timedelta) else timedelta(seconds=after)
        effect = self.ledger.attend(key)
        assert effect is not None
        return effect

    def wait(self, effect: Effect) -> float:
        assert effect.next_at is not None
        return (effect.next_at - self.clock.at).total_seconds()


@pytest.fixture
def small(database: Fresh) -> Small:
    clock = Clock()
    return Small(database.open(clock=clock), clock)


@pytest.fixture
def quick(tmp_path: Path) -> Iterator[Small]:
    """The same on SQLite alone."""
    clock = Clock()
    store = Store.open(f"sqlite:///{tmp_path / 'store.db'}", workspace=WORKSPACE, clock=clock)
    yield Small(store, clock)
    store.close()


def test_a_send_is_marked_before_and_kept_with_its_receipt_after(small: Small) -> None:
    done = small.attend()
    assert (done.state, done.receipt) == (S.DONE, Receipt("T-a", "https://t/a"))
    assert (done.attempts, done.sent, done.hint, done.error) == (1, False, {"highest": 41}, None)
    assert small.outlet.calls == [("mark", "a"), ("do", "a")]


def test_what_is_away_is_tried_after_a_doubling_pause_up_to_a_quarter_of_an_hour(small: Small) -> None:
    pauses = []
    for _ in range(12):
        small.outlet.told("mark", Unavailable("away"))
        waits = small.attend()
        assert (waits.state, waits.sent, waits.attempts, waits.error) == (S.PENDING, False, 0, "away")
        pauses.append(small.wait(waits))
        small.clock.passes(pauses[-1])
    assert all(5 * 2**n <= pause <= 6 * 2**n for n, pause in enumerate(pauses[:8]))
    assert all(900 <= pause <= 1080 for pause in pauses[8:])
    assert small.outlet.sent() == 0
    assert small.attend().state is S.DONE


@pytest.mark.parametrize("where", ["mark", "do"])
@pytest.mark.parametrize(("asked", "least"), [(0.5, 0.5), (30.0, 30.0), (86_400.0, 900.0)])
def test_a_pause_that_is_asked_for_is_kept_within_reason(quick: Small, where: str, asked: float, least: float) -> None:
    quick.outlet.told(where, Unavailable("busy", retry_after=asked))
    waits = quick.attend()
    assert not waits.sent and least <= quick.wait(waits) <= least * 1.2
    assert quick.ledger.attend_due() == 0
    assert quick.attend(after=least * 1.2).state is S.DONE
    assert quick.outlet.sent() == (2 if where == "do" else 1)


@pytest.mark.parametrize(("where", "attempts"), [("mark", 0), ("do", 1)])
def test_a_refusal_ends_it_before_or_after_the_send(small: Small, where: str, attempts: int) -> None:
    small.outlet.told(where, Refused("It has no right."))
    failed = small.attend()
    assert (failed.state, failed.error, failed.attempts, failed.sent) == (S.FAILED, "It has no right.", attempts, False)
    small.attend(after=86_400)
    assert small.ledger.attend_due() == 0 and small.outlet.sent() == attempts


def test_an_unknown_outcome_is_first_looked_for_when_nothing_can_be_under_way(small: Small) -> None:
    small.outlet.told("do", Unknown("time-out"))
    unknown = small.attend()
    assert unknown.unknown and unknown.error == "time-out"
    assert small.wait(unknown) == (WINDOW + MARGIN).total_seconds()
    almost = WINDOW + MARGIN - timedelta(microseconds=1)
    assert small.attend(after=almost) == unknown and small.outlet.hints == []
    small.outlet.told("find", Found(Receipt("T-9")))
    found = small.attend(after=timedelta(microseconds=1))
    assert (found.state, found.receipt, small.outlet.hints) == (S.DONE, Receipt("T-9"), [{"highest": 41}])
    assert small.outlet.sent() == 1


def test_proven_absent_is_sent_again_at_once_and_asked_for_a_new_mark(small: Small) -> None:
    small.outlet.told("do", Unknown("cut off"))
    small.outlet.told("find", Absent())
    small.attend()
    looked = small.attend(after=PASSED)
    assert (looked.state, looked.sent, looked.attempts, looked.next_at) == (S.PENDING, False, 1, None)
    small.outlet.told("mark", {"highest": 57})
    done = small.attend()
    assert (done.state, done.attempts, done.hint) == (S.DONE, 2, {"highest": 57}) and small.outlet.sent() == 2


@pytest.mark.parametrize("seen", [Undecided("the index lags"), Refused("Reading is not allowed.")])
def test_only_after_its_time_of_looking_a_person_is_asked_and_nothing_is_sent_meanwhile(
    small: Small, seen: Undecided | Refused
) -> None:
    small.outlet.told("do", Unknown("time-out"))
    sent_at, now, waits = small.clock.at, small.attend(), []
    while now.state is S.PENDING:
        assert small.clock.at - sent_at < RECONCILE or not waits
        waits.append(small.wait(now))
        small.outlet.told("find", seen)
        now = small.attend(after=waits[-1])
    assert now.state is S.UNSURE and now.next_at is None
    assert now.error == (seen.why if isinstance(seen, Undecided) else str(seen))
    assert RECONCILE <= small.clock.at - sent_at <= 2 * RECONCILE
    assert waits == [35.0, 15.0, 45.0, 120.0, 300.0]
    assert small.ledger.attend_due() == 0 and small.outlet.sent() == 1


def test_while_nobody_answers_the_question_no_person_is_asked_and_nothing_is_sent(small: Small) -> None:
    small.outlet.told("do", Unknown("time-out"))
    now = small.attend()
    for _ in range(20):
        small.outlet.told("find", Unavailable("away", retry_after=600))
        now = small.attend(after=small.wait(now))
        assert now.unknown and 600 <= small.wait(now) <= 720
    assert small.outlet.sent() == 1
    small.outlet.told("find", Found(Receipt("T-9")))
    assert small.attend(after=small.wait(now)).state is S.DONE


def test_what_may_be_repeated_is_neither_marked_nor_looked_for(small: Small) -> None:
    small.plan("r", repeatable=True)
    small.outlet.told("do", Unknown("time-out"), Unknown("time-out"))
    assert small.attend("r").unknown and small.attend("r").unknown
    assert small.outlet.sent() == 1  # not before the first one can't be under way any more
    small.attend("r", after=PASSED)
    assert small.attend("r").unknown and small.outlet.sent() == 2
    small.attend("r", after=PASSED)
    assert small.attend("r").state is S.DONE
    assert small.outlet.calls == [("do", "r")] * 3


def test_what_hangs_on_another_is_sent_after_it_with_its_name(small: Small) -> None:
    small.plan("link", after="a", repeatable=True)
    assert small.attend("link").attempts == 0 and small.outlet.calls == []
    assert small.ledger.attend_due() == 1  # the parent alone
    assert small.ledger.attend_due() == 1
    assert small.outlet.parents == [None, "T-a"]


def test_a_bug_in_an_outlet_leaves_an_unknown_outcome_which_is_looked_for(small: Small) -> None:
    """It may have been raised after the request: nobody knows, so nothing is sent again."""
    small.outlet.told("do", KeyError("id"))
    with pytest.raises(KeyError):
        small.attend()
    small.outlet.told("find", Found(Receipt("T-9")))
    assert small.attend().unknown
    assert small.attend(after=PASSED).receipt == Receipt("T-9") and small.outlet.sent() == 1


@pytest.mark.parametrize("seen", [Found(Receipt("T-9")), Absent()])
def test_who_dies_in_the_middle_of_a_send_is_succeeded_by_one_who_looks_first(small: Small, seen: Sighting) -> None:
    small.outlet.told("do", KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        small.attend()
    successor = Small(small.store, small.clock, small.outlet)
    assert small.ledger.attend_due() == 0  # not due before it can be known
    small.outlet.told("find", seen)
    successor.attend(after=PASSED)
    assert successor.attend().state is S.DONE
    assert small.outlet.sent() == (1 if isinstance(seen, Found) else 2)


def test_an_outlet_that_is_not_configured_any_more_keeps_what_was_sent_unknown(small: Small) -> None:
    small.outlet.told("do", Unknown("time-out"))
    small.attend()
    small.clock.at += PASSED
    alone = Ledger(small.store, {"other": small.outlet})
    kept = alone.attend("a")
    assert kept is not None and kept.unknown and kept.error == "tool is not configured" and small.wait(kept) == 900
    small.outlet.told("find", Found(Receipt("T-9")))
    assert small.attend(after=900).receipt == Receipt("T-9") and small.outlet.sent() == 1


# --- rivals


@pytest.mark.parametrize("where", ["mark", "do"])
def test_a_rival_that_comes_in_the_middle_of_a_send_sends_nothing(small: Small, where: str) -> None:
    rival, seen = Ledger(small.store, {"tool": small.outlet}), []
    small.outlet.told(where, lambda: seen.append(rival.attend("a")))
    assert small.attend().state is S.DONE
    assert small.outlet.sent() == 1 and small.outlet.hints == []
    assert len(seen) == 1 and seen[0].state is (S.DONE if where == "mark" else S.PENDING)


def test_eight_ledgers_at_once_send_each_effect_once(database: Fresh) -> None:
    clock = Clock()
    bench = Small(database.open(clock=clock), clock)
    for n in range(5):
        bench.plan(f"e{n}")
    stores = [database.open(clock=clock) for _ in range(8)]
    at_once(8, lambda n: Ledger(stores[n], {"tool": bench.outlet}).attend_due())
    sent = Counter(key for name, key in bench.outlet.calls if name == "do")
    assert sent == dict.fromkeys(["a", *(f"e{n}" for n in range(5))], 1)
    assert len(bench.store.effects.in_state(S.DONE)) == 6


class Freezing(Clock):
    """A process's clock. Once `frozen` is due, time passes for all, and the rest of the world goes on meanwhile."""

    def __init__(self, world: Clock, due: Callable[[], bool], meanwhile: Callable[[], object], seconds: float) -> None:
        super().__init__()
        self.world, self.due, self.meanwhile, self.seconds, self.over = world, due, meanwhile, seconds, False

    def __call__(self) -> datetime:
        if not self.over and self.due():
            self.over = True
            self.world.passes(self.seconds)
            self.meanwhile()
        return self.world.at


@pytest.mark.parametrize("rivals", [0, 1, 2])
@pytest.mark.parametrize("seconds", [(WINDOW - CALL).total_seconds() + 1, 3600.0])
def test_who_is_frozen_between_its_beginning_and_its_send_sends_nothing(
    database: Fresh, rivals: int, seconds: float
) -> None:
    """Between the compare-and-set and the request: when it wakes up, a rival may have looked, and sent."""
    clock = Clock()
    world = Small(database.open(clock=clock), clock)
    world.outlet.told("find", Absent())

    def begun() -> bool:
        effect = world.store.effects.get("a")
        return effect is not None and effect.sent

    def meanwhile() -> None:
        for _ in range(rivals):
            world.ledger.attend("a")

    store = database.open(clock=Freezing(clock, begun, meanwhile, seconds))
    woken = Ledger(store, {"tool": world.outlet}).attend("a")
    rival_sent = rivals == 2 and seconds == 3600  # one look that proves it absent, then a send
    assert world.outlet.sent() == rival_sent
    assert woken is not None and not woken.sent and woken.state is (S.DONE if rival_sent else S.PENDING)
    assert world.attend(after=3600).state is S.DONE and world.outlet.sent() == 1


def test_short_of_its_last_moment_it_does_send(database: Fresh) -> None:
    clock = Clock()
    world = Small(database.open(clock=clock), clock)
    seconds = (WINDOW - CALL).total_seconds()
    store = database.open(clock=Freezing(clock, lambda: world.store.effects.get("a").sent, lambda: None, seconds))  # type: ignore[union-attr]
    done = Ledger(store, {"tool": world.outlet}).attend("a")
    assert done is not None and done.state is S.DONE and done.attempts == 1


# --- any world


_NUMBERS = count()
_FATES = ["done", "lost", "dropped", "late", "away", "refused", "dies before", "dies after", "bug"]


@dataclass
class World:
    """The other side: what it made, what it will make, and what happens to each request in turn."""

    clock: Clock
    fates: list[str]
    sights: list[str]
    made: list[str] = field(default_factory=list)
    late: list[datetime] = field(default_factory=list)
    sent: int = 0

    def mark(self, act: Act) -> Hint:
        return {}

    def do(self, act: Act) -> Receipt:
        self.sent += 1
        fate = self.fates.pop(0) if self.fates else "done"
        if fate == "away":
            raise Unavailable("away")
        if fate == "refused":
            raise Refused("No.")
        if fate == "dies before":
            raise KeyboardInterrupt
        if fate == "late":
            self.late.append(self.clock.at + WINDOW - timedelta(seconds=1))
        elif fate != "dropped":
            self.made.append(f"T-{len(self.made) + 1}")
        if fate == "dies after":
            raise KeyboardInterrupt
        if fate == "bug":
            raise KeyError("id")
        if fate != "done":
            raise Unknown("no answer")
        return Receipt(self.made[-1])

    def find(self, act: Act, hint: Hint) -> Sighting:
        self.arrive()
        sight = self.sights.pop(0) if self.sights else "clear"
        if sight == "away":
            raise Unavailable("away")
        if sight == "dim":
            return Undecided("the index lags")
        return Found(Receipt(self.made[0])) if self.made else Absent()

    def twins(self, act: Act) -> Sequence[Receipt]:
        return [Receipt(ref) for ref in self.made]

    def arrive(self) -> None:
        while self.late and self.late[0] <= self.clock.at:
            self.late.pop(0)
            self.made.append(f"T-{len(self.made) + 1}")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, Clock]]:
    clock = Clock()
    store = Store.open(f"sqlite:///{tmp_path_factory.mktemp('w') / 'store.db'}", workspace=WORKSPACE, clock=clock)
    yield store, clock
    store.close()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from(_FATES), max_size=4),
    st.lists(st.sampled_from(["clear", "dim", "away"]), max_size=6),
    st.lists(st.sampled_from([0.0, 1.0, 10.0, 36.0, 400.0]), min_size=3, max_size=12),
)
def test_in_no_world_two_things_are_made_and_none_is_lost(
    shared: tuple[Store, Clock], fates: list[str], sights: list[str], pauses: list[float]
) -> None:
    """Lost answers, late arrivals, deaths and bugs in any order; ledgers that are eager and others that are due."""
    store, clock = shared
    world = World(clock, list(fates), list(sights))
    key = f"w{next(_NUMBERS)}"
    store.effects.plan([Act(key, "tool.thing", "PLACE", {})], run_key="w")
    for pause in [*pauses, *[1200.0] * 14]:
        clock.passes(pause)
        world.arrive()
        try:
            now = Ledger(store, {"tool": world}).attend(key)
        except (KeyboardInterrupt, KeyError):
            continue
        assert now is not None and len(world.made) + len(world.late) <= 1
        if now.state is S.DONE:
            assert now.receipt == Receipt(world.made[0])
        elif now.state is S.FAILED:
            assert world.made == [] and "refused" in fates
        elif now.state is S.UNSURE:
            assert "dim" in sights
    now = store.effects.get(key)
    assert now is not None and now.state is not S.PENDING
    assert now.state is S.DONE or world.made == [] or now.state is S.UNSURE


# --- waiting for one, and verifying all


def test_a_command_that_waits_goes_from_look_to_look_until_it_is_known(quick: Small) -> None:
    quick.outlet.told("do", Unknown("time-out"))
    quick.outlet.told("find", Undecided("lags"), Found(Receipt("T-9")))
    naps: list[float] = []

    def nap(seconds: float) -> None:
        naps.append(seconds)
        quick.clock.passes(5)

    done = quick.ledger.settle("a", patience=60, sleep=nap)
    assert done is not None and done.receipt == Receipt("T-9")
    assert len(naps) == 10 and quick.outlet.sent() == 1  # 35 s until the first look, 15 s until the second
    assert quick.ledger.settle("unknown", patience=60, sleep=nap) is None


def test_a_step_that_ends_in_a_bug_is_told_after_all_others_had_theirs_and_only_as_many_as_asked(quick: Small) -> None:
    for key in "bcd":
        quick.plan(key)
    quick.outlet.told("mark", ValueError("ours"))
    with pytest.raises(ValueError, match="ours"):
        quick.ledger.attend_due(limit=3)
    states = {key: quick.store.effects.get(key).state for key in "abcd"}  # type: ignore[union-attr]
    assert states == {"a": S.PENDING, "b": S.DONE, "c": S.DONE, "d": S.PENDING}
    assert quick.ledger.attend_due() == 2  # "a" once more, and "d"


def test_verifying_passes_over_what_may_be_repeated_or_has_no_outlet_any_more(quick: Small) -> None:
    quick.plan("r", repeatable=True)
    quick.store.effects.plan([Act("gone", "fax.page", "PLACE", {})])
    quick.ledger.attend_due()
    Ledger(quick.store, {"fax": Scripted()}).attend("gone")
    quick.clock.at += VERIFY_AFTER
    assert list(quick.ledger.verify()) == []
    assert [call for call in quick.outlet.calls if call[0] == "twins"] == [("twins", "a")]
    assert quick.store.effects.unverified(quick.clock.at) == []


def test_of_a_thing_that_is_gone_or_alone_nothing_is_reported(quick: Small) -> None:
    quick.plan("b")
    quick.ledger.attend_due()
    quick.outlet.told("twins", [], [Receipt("T-b"), Receipt("T-b2")])
    quick.clock.at += VERIFY_AFTER
    (duplicate,) = quick.ledger.verify()
    assert duplicate.effect.act.key == "b" and [r.ref for r in duplicate.made] == ["T-b", "T-b2"]
    quick.outlet.told("twins", [Receipt("T-b"), Receipt("T-b2")])
    assert list(quick.ledger.verify()) == []  # reported once
