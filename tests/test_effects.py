"""The ledger: what is planned is done once, what is not known is looked for, what can't be known a person says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.acts import Act, EffectState, Verdict
from bot.effects import RECONCILE, VERIFY_AFTER, Ledger
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
    here.jira.screen["components"]["required"] = True
    failed = here.ledger.attend(key)
    assert failed is not None and failed.state is S.FAILED and "Components" in (failed.error or "")
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
    here.jira.fail(kind, CREATE, method="POST", seconds=1.5)
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
