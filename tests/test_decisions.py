"""Deciding: the fold, who comes first, what can be taken back, and what an approval is bound to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.acts import Act, Decision, Effect, EffectState, Receipt, Stage, Verdict
from bot.corrections.fold import HOLDS
from bot.decisions import (
    CLOSED_AFTER,
    UNDO_WITHIN,
    Outcome,
    Result,
    Wish,
    already,
    decide,
    drafted,
    resend,
    standing,
    standings,
)
from bot.domain import Digest
from bot.ports import Sink
from bot.store import Store
from bot.synthesis.rules import Rules
from connectors.jira import Jira
from tests.databases import WORKSPACE, Clock, Fresh, at_once
from tests.digests import reading_of, sample_digest, small_digest
from tests.spine import PASSED, Scene, scene

CREATE = r"/rest/api/3/issue$"
S = EffectState
NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Scene]:
    with scene(tmp_path) as there:
        there.conclude(post=False)
        yield there


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Scene]:
    """No tracker is configured."""
    with scene(tmp_path, tracker=False) as there:
        there.conclude(post=False)
        yield there


# --- the fold


def line(number: int, verdict: Verdict, effect: str | None = None) -> Decision:
    return Decision(
        "t", number, verdict, f"cli:p{number}", NOON, "r", payload={"effect": effect, "generation": 1} if effect else {}
    )


def an_effect(state: EffectState, *, sent: bool = False) -> Effect:
    receipt = Receipt("BILL-1") if state is S.DONE else None
    return Effect(Act("k", "jira.issue", "BILL", {}), state, sent=sent, receipt=receipt, error="said so")


@pytest.mark.parametrize(
    ("effect", "stage"),
    [
        (None, Stage.CREATING),
        (an_effect(S.PENDING), Stage.CREATING),
        (an_effect(S.PENDING, sent=True), Stage.UNKNOWN),
        (an_effect(S.DONE), Stage.CREATED),
        (an_effect(S.FAILED), Stage.REFUSED),
        (an_effect(S.UNSURE), Stage.UNSURE),
    ],
)
def test_an_approval_stands_where_its_effect_stands(effect: Effect | None, stage: Stage) -> None:
    now = standing("t", [line(1, Verdict.APPROVE, "k")], {"k": effect} if effect else {})
    assert (now.stage, now.actor, now.effect_key, now.generation) == (stage, "cli:p1", "k", 1)
    assert now.receipt == (Receipt("BILL-1") if stage is Stage.CREATED else None)


def test_an_undo_opens_the_theme_and_raises_the_generation_of_what_was_approved_alone() -> None:
    undone = standing("t", [line(1, Verdict.APPROVE, "k"), line(2, Verdict.UNDO)], {"k": an_effect(S.DONE)})
    assert (undone.stage, undone.generation, undone.number, undone.receipt) == (Stage.OPEN, 2, 2, None)
    restored = standing("t", [line(1, Verdict.REJECT), line(2, Verdict.UNDO)], {})
    assert (restored.stage, restored.generation) == (Stage.OPEN, 1)


@given(st.lists(st.sampled_from(Verdict), max_size=12))
def test_the_fold_is_that_of_a_stack_from_which_each_undo_takes_the_last(verdicts: list[Verdict]) -> None:
    log = [line(n, v, f"k{n}" if v is Verdict.APPROVE else None) for n, v in enumerate(verdicts, 1)]
    stack: list[Verdict] = []
    given_up = 0
    for verdict in verdicts:
        if verdict is not Verdict.UNDO:
            stack.append(verdict)
        elif stack:
            last = stack.pop()
            given_up += last is Verdict.APPROVE or (last is Verdict.ATTACH and not {*stack} & {*HOLDS})
    now = standing("t", log, {})
    places = {
        Verdict.APPROVE: Stage.CREATING,
        Verdict.ATTACH: Stage.APPROVED,  # without an effect, as here, it is a decision alone
        Verdict.REJECT: Stage.REJECTED,
        Verdict.SNOOZE: Stage.SNOOZED,
        Verdict.MERGE: Stage.MERGED,
    }
    assert now.stage is next((places[v] for v in reversed(stack) if v in places), Stage.OPEN)
    assert (now.number, now.generation) == (len(log), 1 + given_up)


# --- one decides


def test_who_comes_second_is_told_who_was_first_and_nothing_is_done_twice(here: Scene) -> None:
    first = here.decide(Verdict.APPROVE, actor="slack:U0DANA")
    second = here.decide(Verdict.APPROVE, actor="slack:U0LEE")
    assert (first.result, second.result) == (Result.DONE, Result.ALREADY)
    assert "slack:U0DANA" in second.message and second.standing.actor == "slack:U0DANA"
    here.settle()
    assert len(here.jira.issues) == 1
    assert here.jira.issues[0].key in here.decide(Verdict.REJECT).message


def test_of_ten_people_at_once_one_approves(here: Scene) -> None:
    outcomes = at_once(10, lambda n: here.decide(Verdict.APPROVE, actor=f"cli:p{n}"))
    won = [o for o in outcomes if o.result is Result.DONE]
    assert len(won) == 1 and {o.result for o in outcomes} == {Result.DONE, Result.ALREADY}
    assert {o.standing.actor for o in outcomes} == {won[0].standing.actor}
    here.settle()
    assert len(here.jira.issues) == 1


def test_one_click_decides_once_however_often_it_is_delivered(here: Scene) -> None:
    first = here.decide(Verdict.APPROVE, event="click-1")
    here.decide(Verdict.UNDO, event="click-2")
    again = here.decide(Verdict.APPROVE, event="click-1")
    assert first.result is again.result is Result.DONE
    assert [d.verdict for d in here.store.decisions.of([here.theme()])[here.theme()]] == ["approve", "undo"]
    assert here.stage() == "open"


def test_the_same_theme_in_two_digests_is_one_issue(here: Scene) -> None:
    here.conclude("manual:0123456789ab", post=False)
    here.decide(Verdict.APPROVE)
    assert here.decide(Verdict.APPROVE, run="manual:0123456789ab").result is Result.ALREADY
    here.settle()
    assert len(here.jira.issues) == 1


# --- what can't be


def test_a_digest_decides_nothing_any_more_when_it_is_too_old(here: Scene) -> None:
    here.clock.at += CLOSED_AFTER
    assert here.decide(Verdict.REJECT).result is Result.DONE
    here.clock.passes(1)
    outcome = here.decide(Verdict.APPROVE, here.theme(2))
    assert (outcome.result, here.stage(here.theme(2))) == (Result.STALE, "open")
    assert "90 days" in outcome.message


def test_another_revision_than_the_one_that_was_seen_decides_nothing(here: Scene) -> None:
    assert here.decide(Verdict.APPROVE, revision=2).result is Result.STALE
    assert here.decide(Verdict.APPROVE, revision=1).result is Result.DONE


@pytest.mark.parametrize("verdict", list(Verdict))
def test_what_is_in_no_digest_is_not_decided(here: Scene, verdict: Verdict) -> None:
    assert here.decide(verdict, "t-0000000000").result is Result.IMPOSSIBLE
    assert here.decide(verdict, run="manual:none").result is Result.IMPOSSIBLE
    assert here.store.audit.recent() == []


def test_nothing_decided_is_nothing_to_undo(here: Scene) -> None:
    assert here.decide(Verdict.UNDO).result is Result.IMPOSSIBLE


# --- taking back


def test_what_was_not_sent_is_taken_back_whole(here: Scene) -> None:
    here.decide(Verdict.APPROVE)
    assert here.decide(Verdict.UNDO).result is Result.DONE
    here.clock.passes(86_400)
    here.settle()
    assert here.jira.requests == []
    effects = here.store.effects.of_theme(here.theme())
    assert {e.act.kind for e in effects} >= {"jira.issue", "jira.links", "jira.evidence"}
    assert {e.state for e in effects} == {S.CANCELLED}  # no link waits for an issue that nobody makes


def test_after_an_undo_another_approval_makes_an_issue_of_its_own(here: Scene) -> None:
    here.decide(Verdict.APPROVE)
    here.settle()
    here.decide(Verdict.UNDO)
    here.settle()
    here.decide(Verdict.APPROVE, actor="cli:lee")
    here.settle()
    old, new = here.jira.issues
    assert "groundswell-withdrawn" in old.labels and "groundswell-draft" not in old.labels
    assert "groundswell-draft" in new.labels and here.store.effects.in_state(S.PENDING) == []
    assert old.properties["groundswell"]["generation"] == 1 and new.properties["groundswell"]["generation"] == 2


def test_an_approval_can_be_undone_for_ten_minutes_and_a_rejection_always(here: Scene) -> None:
    here.decide(Verdict.APPROVE)
    here.decide(Verdict.REJECT, here.theme(2))
    here.settle()
    here.clock.at += UNDO_WITHIN + timedelta(seconds=1)
    late = here.decide(Verdict.UNDO)
    assert late.result is Result.IMPOSSIBLE and here.jira.issues[0].key in late.message
    assert here.decide(Verdict.UNDO, here.theme(2)).result is Result.DONE


def test_what_is_under_way_or_unsure_can_not_be_undone(here: Scene) -> None:
    here.decide(Verdict.APPROVE)
    here.jira.fail("lose", CREATE, method="POST")
    here.ledger.attend(here.issue().act.key)
    assert here.decide(Verdict.UNDO).result is Result.IMPOSSIBLE
    here.store.effects.unsure(here.issue().act.key, "nobody knows")
    assert here.decide(Verdict.UNDO).result is Result.IMPOSSIBLE
    assert here.stage() == "unsure"


def test_without_a_tracker_nothing_that_was_made_is_said_to_be_withdrawn(here: Scene) -> None:
    here.decide(Verdict.APPROVE)
    here.settle()
    outcome = here.again(tracker=False).decide(Verdict.UNDO)
    assert outcome.result is Result.IMPOSSIBLE and here.jira.issues[0].key in outcome.message
    assert here.stage() == "created"


def test_a_refused_approval_that_is_undone_is_never_sent_again(here: Scene) -> None:
    here.jira.rights.remove("CREATE_ISSUES")
    here.decide(Verdict.APPROVE)
    here.settle()
    assert here.stage() == "refused"
    assert here.decide(Verdict.UNDO).result is Result.DONE
    here.jira.rights.add("CREATE_ISSUES")
    here.settle()
    assert here.jira.issues == []
    assert {e.state for e in here.store.effects.of_theme(here.theme())} == {S.CANCELLED}
    here.decide(Verdict.APPROVE)
    here.settle()
    assert len(here.jira.issues) == 1


# --- again, after somebody mended it


def test_what_was_refused_is_approved_again_with_what_would_be_written_now(here: Scene) -> None:
    """Another project, as a person would configure it: the mark is taken there, and so is the issue."""
    here.jira.project = "PLAT"  # BILL is gone
    here.decide(Verdict.APPROVE)
    here.settle()
    assert here.stage() == "refused"
    mended = here.again()
    outcome = mended.decide(Verdict.APPROVE, actor="cli:lee")
    assert outcome.result is Result.DONE
    mended.settle()
    (issue,) = here.jira.issues
    assert issue.key.startswith("PLAT-") and here.issue().act.target == "PLAT"
    assert here.stage() == "created" and here.kinds(S.PENDING) == []


def test_a_refusal_that_lasts_says_so_again_and_makes_no_loop(here: Scene) -> None:
    here.jira.rights.discard("CREATE_ISSUES")
    here.decide(Verdict.APPROVE)
    for _ in range(3):
        here.settle()
        assert here.stage() == "refused"
        here.decide(Verdict.APPROVE)
    here.settle()
    assert len(here.jira.sent("POST", CREATE)) == 4


def test_of_what_nobody_knows_a_person_says_that_it_is_not_there(here: Scene) -> None:
    assert resend(here.store, here.theme(), "cli:dana") is None
    here.decide(Verdict.APPROVE)
    here.jira.fail("drop", CREATE, method="POST")
    here.ledger.attend(here.issue().act.key)
    here.store.effects.unsure(here.issue().act.key, "nobody knows")
    assert here.decide(Verdict.APPROVE).result is Result.ALREADY  # an approval alone is not that word
    outcome = resend(here.store, here.theme(), "cli:dana")
    assert outcome is not None and outcome.result is Result.DONE
    here.clock.at += PASSED
    here.settle()
    assert here.stage() == "created" and len(here.jira.issues) == 1
    assert [e.action for e in here.store.audit.recent()][:1] == ["resent"]


# --- without a tracker


def test_an_approval_without_a_tracker_is_kept_and_a_tracker_that_comes_later_sends_nothing_old(bare: Scene) -> None:
    outcome = bare.decide(Verdict.APPROVE)
    assert outcome.result is Result.DONE and bare.stage() == "approved"
    later = bare.again(tracker=True)
    for _ in range(3):
        later.settle()
        later.clock.passes(86_400)
    assert bare.jira.requests == [] and later.store.effects.of_theme(later.theme()) == []
    assert later.decide(Verdict.APPROVE).result is Result.ALREADY
    assert later.decide(Verdict.UNDO).result is Result.DONE  # whoever wants the issue now says so
    later.decide(Verdict.APPROVE)
    later.settle()
    assert len(bare.jira.issues) == 1


# --- what would be written


def test_what_is_shown_before_an_approval_is_what_is_written_by_it(here: Scene) -> None:
    shown = drafted(here.store, here.sink, WORKSPACE, "monthly:2026-10", here.theme(), "cli:dana")
    assert here.store.effects.of_theme(here.theme()) == []
    here.decide(Verdict.APPROVE)
    planned = [replace(e.act, parent=None) for e in here.store.effects.of_theme(here.theme())]
    assert planned == shown
    assert drafted(here.store, None, WORKSPACE, "monthly:2026-10", here.theme(), "cli:dana") == []
    assert drafted(here.store, here.sink, WORKSPACE, "monthly:2026-10", "t-none", "cli:dana") == []


def test_each_stage_has_words_for_who_comes_second(here: Scene) -> None:
    here.decide(Verdict.APPROVE)
    now = here.decide(Verdict.APPROVE).standing
    for stage in Stage:
        said = already(replace(now, stage=stage))
        assert said.endswith(".") and (stage is Stage.OPEN or "cli:dana" in said)


# --- every stage and every verdict, on both databases


@dataclass
class Table:
    """A store in which runs have shown the sample's themes; what a tracker did is written down by hand."""

    store: Store
    clock: Clock
    sink: Sink | None
    theme: str = ""

    def __post_init__(self) -> None:
        self.theme = self.theme or sample_digest(one_offs=3).themes[0].id

    def shown(self, run: str = "r1", digest: Digest | None = None) -> None:
        made = digest or sample_digest(one_offs=3)
        self.store.runs.ask(run, "monthly", {})
        fence = self.store.runs.lease(run, "me", 60)
        assert fence is not None
        self.store.runs.freeze(run, fence, reading_of(made), Rules(), {"known": []})
        made = replace(made, making=replace(made.making, made_at=self.clock.at))
        self.store.runs.conclude(run, fence, made, {}, ())

    def decide(self, verdict: Verdict, run: str = "r1", **more: object) -> Outcome:
        wish = Wish(**{"verdict": verdict, "theme_id": self.theme, "run_key": run, "actor": "cli:dana", **more})  # type: ignore[arg-type]
        return decide(self.store, self.sink, WORKSPACE, wish)

    @property
    def stage(self) -> Stage:
        return standings(self.store, [self.theme])[self.theme].stage

    def issues(self) -> list[Effect]:
        return [e for e in self.store.effects.of_theme(self.theme) if e.act.kind == "jira.issue"]

    def log(self) -> list[Decision]:
        return self.store.decisions.of([self.theme])[self.theme]

    # what becomes of the newest issue

    def begins(self) -> bool:
        last = self.issues()[-1]
        return self.store.effects.begin(last.act.key, last.attempts, {}, self.clock.at + timedelta(seconds=30))

    def created(self) -> None:
        if self.begins():
            self.store.effects.done(self.issues()[-1].act.key, Receipt("BILL-7", "https://jira/BILL-7"))

    def refused(self) -> None:
        if self.begins():
            last = self.issues()[-1]
            self.store.effects.failed(last.act.key, last.attempts, "no right")

    def unsure(self) -> None:
        if self.begins():
            self.store.effects.unsure(self.issues()[-1].act.key, "nobody knows")


def tracker(project: str = "BILL") -> Jira:
    """The real one, whose planning is pure: nobody is at that address, and nobody is asked."""
    return Jira(site="http://127.0.0.1:9", email="bot@acme.example", token="t", project=project)


@pytest.fixture
def table(database: Fresh) -> Table:
    clock = Clock(NOON)
    made = Table(database.open(clock=clock), clock, tracker())
    made.shown()
    return made


def _approved_without(table: Table) -> None:
    table.sink, later = None, table.sink
    table.decide(Verdict.APPROVE)
    table.sink = later


def _then(what: Callable[[Table], object] | None = None) -> Callable[[Table], object]:
    def go(table: Table) -> None:
        table.decide(Verdict.APPROVE)
        if what:
            what(table)

    return go


_WAYS: dict[Stage, Callable[[Table], object]] = {
    Stage.OPEN: lambda table: None,
    Stage.APPROVED: _approved_without,
    Stage.CREATING: _then(),
    Stage.UNKNOWN: _then(Table.begins),
    Stage.UNSURE: _then(Table.unsure),
    Stage.REFUSED: _then(Table.refused),
    Stage.CREATED: _then(Table.created),
    Stage.REJECTED: lambda table: table.decide(Verdict.REJECT),
    Stage.SNOOZED: lambda table: table.decide(Verdict.SNOOZE),
    Stage.MERGED: lambda table: table.decide(Verdict.MERGE, payload={"into": INTO}),
}
INTO = sample_digest(one_offs=3).themes[6].id  # nobody decides on it
_DONE, _ALREADY, _CANT = Result.DONE, Result.ALREADY, Result.IMPOSSIBLE
_GIVEN: dict[Verdict, dict[str, object]] = {
    Verdict.MERGE: {"into": INTO},
    Verdict.RENAME: {"to": "What we call it"},
    Verdict.EDIT: {"title": "What we will do"},
}
_PLACING = (Verdict.REJECT, Verdict.SNOOZE, Verdict.MERGE)


def _comes_of(stage: Stage, verdict: Verdict) -> tuple[Result, Stage]:
    """Said once more in the plainest way: a theme is placed once; what may be at the tracker stays as it was sent."""
    if stage is Stage.OPEN:
        placed = {
            Verdict.APPROVE: Stage.CREATING,
            Verdict.REJECT: Stage.REJECTED,
            Verdict.SNOOZE: Stage.SNOOZED,
            Verdict.MERGE: Stage.MERGED,
        }
        return (_CANT, stage) if verdict is Verdict.UNDO else (_DONE, placed.get(verdict, stage))
    if verdict is Verdict.UNDO:
        return (_CANT, stage) if stage in (Stage.UNKNOWN, Stage.UNSURE) else (_DONE, Stage.OPEN)
    if stage is Stage.REFUSED:
        again = {Verdict.APPROVE: (_DONE, Stage.CREATING), Verdict.EDIT: (_DONE, stage), Verdict.RENAME: (_DONE, stage)}
        return again.get(verdict, (_CANT, stage))
    if verdict is Verdict.RENAME and stage is not Stage.MERGED:
        return _DONE, stage
    return _ALREADY, stage


@pytest.mark.parametrize("verdicts", [list(Verdict)[:3], [Verdict.UNDO, Verdict.MERGE, Verdict.RENAME, Verdict.EDIT]])
@pytest.mark.parametrize("stage", list(Stage))
def test_what_comes_of_each_verdict_in_each_stage(table: Table, stage: Stage, verdicts: list[Verdict]) -> None:
    for theme, verdict in zip(sample_digest(one_offs=3).themes, verdicts, strict=False):
        one = replace(table, theme=theme.id)
        _WAYS[stage](one)
        assert one.stage is stage
        before = (one.log(), one.store.effects.of_theme(theme.id), one.store.audit.recent())
        outcome = one.decide(verdict, actor="cli:lee", payload=_GIVEN.get(verdict, {}))
        result, then = _comes_of(stage, verdict)
        assert (outcome.result, one.stage, outcome.standing.stage) == (result, then, then), (verdict, outcome.message)
        assert outcome.message.endswith(".")
        if result is not Result.DONE:
            assert before == (one.log(), one.store.effects.of_theme(theme.id), one.store.audit.recent())


def test_one_theme_approved_from_three_runs_is_one_issue(table: Table) -> None:
    for run in ("r2", "r3"):
        table.shown(run)
    outcomes = at_once(3, lambda n: table.decide(Verdict.APPROVE, f"r{n + 1}", actor=f"cli:p{n}"))
    assert sorted(o.result for o in outcomes) == [Result.ALREADY, Result.ALREADY, Result.DONE]
    (issue,) = table.issues()
    winner = next(n for n, o in enumerate(outcomes) if o.result is Result.DONE)
    assert (table.log()[0].run_key, table.log()[0].actor, issue.run_key) == (
        f"r{winner + 1}",
        f"cli:p{winner}",
        f"r{winner + 1}",
    )


def test_of_an_approval_and_a_rejection_at_once_one_stands(table: Table) -> None:
    verdicts = [Verdict.APPROVE, Verdict.REJECT] * 4
    outcomes = at_once(8, lambda n: table.decide(verdicts[n], actor=f"cli:p{n}"))
    (won,) = (n for n, o in enumerate(outcomes) if o.result is Result.DONE)
    assert {o.result for n, o in enumerate(outcomes) if n != won} == {Result.ALREADY}
    assert table.stage is (Stage.CREATING if verdicts[won] is Verdict.APPROVE else Stage.REJECTED)
    assert len(table.log()) == 1 and len(table.issues()) == (verdicts[won] is Verdict.APPROVE)


def test_one_click_delivered_to_eight_at_once_decides_once(table: Table) -> None:
    outcomes = at_once(8, lambda n: table.decide(Verdict.APPROVE, event="click-1"))
    assert {o.result for o in outcomes} == {Result.DONE} and len({o.standing.number for o in outcomes}) == 1
    assert len(table.log()) == len(table.issues()) == 1


def test_of_an_undo_and_a_send_at_once_the_undo_is_done_or_is_told_that_it_came_too_late(table: Table) -> None:
    for theme in sample_digest(one_offs=3).themes[:6]:
        one = replace(table, theme=theme.id)
        one.decide(Verdict.APPROVE)
        undone, begun = at_once(2, lambda n, one=one: one.begins() if n else one.decide(Verdict.UNDO))
        assert (undone.result is Result.DONE) != begun
        assert undone.result in (Result.DONE, Result.IMPOSSIBLE)
        assert one.stage is (Stage.UNKNOWN if begun else Stage.OPEN)


def test_an_undo_counts_its_ten_minutes_to_the_last_moment(table: Table) -> None:
    table.decide(Verdict.APPROVE)
    table.created()
    table.clock.at += UNDO_WITHIN + timedelta(microseconds=1)
    assert table.decide(Verdict.UNDO).result is Result.IMPOSSIBLE and len(table.log()) == 1
    table.clock.at -= timedelta(microseconds=1)
    outcome = table.decide(Verdict.UNDO)
    assert outcome.result is Result.DONE and "BILL-7" in outcome.message
    (withdrawal,) = (e for e in table.store.effects.of_theme(table.theme) if e.act.kind == "jira.withdraw")
    assert withdrawal.act.parent == "BILL-7" and withdrawal.state is S.PENDING


def test_each_generation_has_keys_of_its_own_and_nothing_of_an_old_one_comes_to_life(table: Table) -> None:
    for generation in (1, 2, 3):
        outcome = table.decide(Verdict.APPROVE)
        assert outcome.standing.generation == generation and outcome.effect_key == table.issues()[-1].act.key
        table.decide(Verdict.UNDO)
    effects = table.store.effects.of_theme(table.theme)
    assert len({e.act.key for e in effects}) == len(effects) and len(table.issues()) == 3
    assert {e.state for e in effects} == {S.CANCELLED}
    table.decide(Verdict.REJECT)
    table.decide(Verdict.UNDO)
    assert standings(table.store, [table.theme])[table.theme].generation == 4  # a rejection makes no issue


def test_a_refused_approval_keeps_its_key_and_its_approver_when_it_is_tried_again(table: Table) -> None:
    table.decide(Verdict.APPROVE, actor="cli:dana")
    table.refused()
    (was,) = table.issues()
    table.sink = tracker("PLAT")
    outcome = table.decide(Verdict.APPROVE, actor="cli:lee")
    (now,) = table.issues()
    assert outcome.effect_key == now.act.key == was.act.key
    assert (now.state, now.act.target, now.error, now.attempts) == (S.PENDING, "PLAT", None, 1)
    assert outcome.standing.actor == "cli:dana" and len(table.log()) == 1
    assert "dana" in repr(now.act.payload) and "lee" not in repr(now.act.payload)
    table.refused()
    table.sink = None
    assert table.decide(Verdict.APPROVE).result is Result.IMPOSSIBLE
    assert table.stage is Stage.REFUSED


def test_an_old_digest_takes_no_verdict_and_a_newer_one_with_the_same_theme_does(table: Table) -> None:
    table.decide(Verdict.REJECT)
    table.clock.at += CLOSED_AFTER + timedelta(seconds=1)
    for verdict in set(Verdict) - {Verdict.UNDO}:
        assert table.decide(verdict).result is Result.STALE
    assert len(table.log()) == 1 and table.stage is Stage.REJECTED
    assert table.decide(Verdict.UNDO).result is Result.DONE  # what still binds can be taken back at any time
    table.shown("r2")
    assert table.decide(Verdict.REJECT, "r2").result is Result.DONE


def test_where_a_theme_stands_is_the_same_for_all_that_are_asked_for_together(table: Table) -> None:
    themes = [t.id for t in sample_digest(one_offs=3).themes]
    replace(table, theme=themes[1]).decide(Verdict.REJECT, note="not ours")
    table.decide(Verdict.APPROVE)
    table.created()
    told = standings(table.store, [*themes, "t-unknown"])
    assert [s.stage for s in told.values()] == [Stage.CREATED, Stage.REJECTED, *[Stage.OPEN] * 6]
    assert told[themes[1]].note == "not ours" and told[themes[0]].receipt == Receipt("BILL-7", "https://jira/BILL-7")


# --- any order of what people and trackers do


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Table]:
    clock = Clock(NOON)
    store = Store.open(f"sqlite:///{tmp_path_factory.mktemp('d') / 'store.db'}", workspace=WORKSPACE, clock=clock)
    yield Table(store, clock, tracker())
    store.close()


_NUMBERS = count()
_STEPS = ["approve", "reject", "undo", "begins", "created", "refused", "unsure", "resend", "late"]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(_STEPS), max_size=14))
def test_no_order_of_clicks_and_answers_makes_two_issues_of_one_approval(shared: Table, steps: list[str]) -> None:
    """Each approval that is a line of the log has one issue effect of its own, and at most one of all is alive."""
    table = replace(shared, theme=f"t-{next(_NUMBERS)}")
    run = f"run of {table.theme}"
    table.shown(run, _alone(table.theme))
    for step in steps:
        _step(table, step, run)
        log, issues = table.log(), table.issues()
        assert [d.number for d in log] == list(range(1, len(log) + 1))
        approvals = [d.payload["effect"] for d in log if d.verdict is Verdict.APPROVE]
        assert [e.act.key for e in issues] == approvals  # each its own, in order, and none that nobody approved
        now = standings(table.store, [table.theme])[table.theme]
        assert now.generation == 1 + sum(d.verdict is Verdict.UNDO and _undoes_approval(log, d) for d in log)
        alive = [e for e in issues if e.state not in (S.DONE, S.CANCELLED)]
        assert [e.act.key for e in alive] in ([], [now.effect_key])


def _alone(theme_id: str) -> Digest:
    """A digest of one theme with that id."""
    small = small_digest()
    (theme,), (item,) = small.themes, small.items
    return replace(small, themes=(replace(theme, id=theme_id),), items=(replace(item, theme_id=theme_id),))


def _undoes_approval(log: list[Decision], undo: Decision) -> bool:
    return log[undo.number - 2].verdict is Verdict.APPROVE


def _step(table: Table, step: str, run: str) -> None:
    if step in list(Verdict):
        table.decide(Verdict(step), run)
    elif step == "late":
        table.clock.passes(UNDO_WITHIN.total_seconds() / 2 + 1)
    elif step == "resend":
        resend(table.store, table.theme, "cli:lee")
    elif table.issues():
        getattr(table, step)()
