"""Deciding: the fold, who comes first, what can be taken back, and what an approval is bound to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.acts import Act, Decision, Effect, EffectState, Receipt, Stage, Verdict
from bot.decisions import CLOSED_AFTER, UNDO_WITHIN, Result, already, drafted, resend, standing
from tests.databases import WORKSPACE, at_once
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
def test_the_fold_is_the_same_read_at_once_or_line_by_line(verdicts: list[Verdict]) -> None:
    log = [line(n, v, f"k{n}" if v is Verdict.APPROVE else None) for n, v in enumerate(verdicts, 1)]
    now = standing("t", log, {})
    assert now.number == len(log)
    undone = [n for n, v in enumerate(verdicts) if v is Verdict.UNDO and n and verdicts[n - 1] is Verdict.APPROVE]
    assert now.generation == 1 + len(undone)
    assert (now.stage is Stage.OPEN) == (not verdicts or verdicts[-1] is Verdict.UNDO)


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
    assert {e.act.kind for e in effects} == {"jira.issue", "jira.links"}
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
    here.jira.screen["components"]["required"] = True
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
