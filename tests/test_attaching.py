"""Evidence on an issue that exists: a click, one comment, the same one next month, and back within its limits."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.acts import EffectState, Message, Stage, Verdict
from bot.decisions import UNDO_WITHIN, Outcome, Result, standings
from bot.embedding import MiniLM
from bot.report import standings as words
from bot.slack import limits
from bot.tracking import Tracking
from tests.databases import at_once
from tests.spine import PASSED, RUN, Scene, buttons, scene

NEXT = "monthly:2026-11"
POSTED = r"/comment$"


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Scene]:
    with scene(tmp_path) as there:
        there.conclude(post=False)
        there.jira.existing("Exports stop for big tenants")
        yield there


def attach(here: Scene, issue: str = "BILL-1", **more: Any) -> Outcome:
    return here.decide(Verdict.ATTACH, payload={"issue": issue}, **more)


def comments(here: Scene, issue: str = "BILL-1") -> list[str]:
    found = here.jira._known(issue)
    return ["\n".join(_texts(c["body"])) for c in found.comments]


def _texts(node: dict[str, Any]) -> Iterator[str]:
    if node.get("type") == "text":
        yield node["text"]
    for child in node.get("content", []):
        yield from _texts(child)


def test_attaching_writes_one_comment_makes_no_issue_and_places_the_theme(here: Scene) -> None:
    outcome = attach(here)
    assert outcome.result is Result.DONE and here.stage() == "creating"
    here.settle()
    now = standings(here.store, [here.theme()])[here.theme()]
    assert (now.stage, now.attached) == (Stage.CREATED, "BILL-1")
    assert now.receipt and now.receipt.ref == "BILL-1" and "focusedCommentId" in str(now.receipt.url)
    assert len(comments(here)) == 1 and len(here.jira.issues) == 1
    assert here.jira.issues[0].links and "evidence for BILL-1 by cli:dana" in words.state(now)
    again = here.decide(Verdict.APPROVE)
    assert again.result is Result.ALREADY and "BILL-1" in again.message
    assert attach(here).result is Result.IMPOSSIBLE, "this month's evidence is there"


@pytest.mark.parametrize("wanted", ["", "bill-1", "BILL-0", "BILL-1/../2", "BILL-1#3"])
def test_what_is_no_key_goes_nowhere(here: Scene, wanted: str) -> None:
    assert attach(here, wanted).result is Result.IMPOSSIBLE and here.stage() == "open"


def test_of_an_approval_and_an_attachment_at_once_one_is_done(here: Scene) -> None:
    payloads = [{}, {"issue": "BILL-1"}] * 3
    ways = [Verdict.APPROVE, Verdict.ATTACH] * 3
    outcomes = at_once(6, lambda n: here.decide(ways[n], payload=payloads[n], actor=f"cli:p{n}"))
    assert [o.result for o in outcomes].count(Result.DONE) == 1
    here.settle()
    assert len(here.jira.issues) - 1 + len(comments(here)) == 1


def test_next_month_the_same_comment_says_the_new_months_evidence(here: Scene) -> None:
    attach(here)
    here.settle()
    here.clock.passes(30 * 86_400)
    here.conclude(NEXT, post=False)
    outcome = attach(here, "", run=NEXT, actor="cli:lee")
    assert outcome.result is Result.DONE
    here.settle()
    (told,) = comments(here)
    assert "Attached by lee" in told and f"run {NEXT}" in told
    assert attach(here, "BILL-9", run=NEXT).result is Result.IMPOSSIBLE


def test_next_month_an_approved_themes_evidence_goes_to_its_own_issue(here: Scene) -> None:
    here.decide(Verdict.APPROVE)
    here.settle()
    made = here.issue().receipt
    assert made is not None
    assert attach(here, made.ref).result is Result.IMPOSSIBLE, "the issue holds this month's"
    here.clock.passes(30 * 86_400)
    here.conclude(NEXT, post=False)
    assert attach(here, made.ref, run=NEXT).result is Result.DONE
    here.settle()
    assert len(comments(here, made.ref)) == 1 and len(here.jira.issues) == 2
    undone = here.decide(Verdict.UNDO, run=NEXT)
    assert undone.result is Result.DONE
    here.settle()
    assert comments(here, made.ref)[0].startswith("Withdrawn by dana")
    now = standings(here.store, [here.theme()])[here.theme()]
    assert (now.stage, now.attached) == (Stage.CREATED, "") and now.receipt == made
    labels = here.jira._known(made.ref).labels
    assert "groundswell-draft" in labels and "groundswell-withdrawn" not in labels, "the issue itself stands"


def test_an_undo_gives_back_what_the_comment_said_the_month_before(here: Scene) -> None:
    attach(here)
    here.settle()
    before = comments(here)
    here.clock.passes(30 * 86_400)
    here.conclude(NEXT, post=False)
    attach(here, "", run=NEXT)
    here.settle()
    assert comments(here) != before
    here.decide(Verdict.UNDO, run=NEXT)
    here.settle()
    assert comments(here) == before
    assert standings(here.store, [here.theme()])[here.theme()].attached == "BILL-1"


def test_a_comment_that_somebody_deleted_is_made_anew_the_month_after(here: Scene) -> None:
    attach(here)
    here.settle()
    here.jira.uncomment("BILL-1")
    here.clock.passes(30 * 86_400)
    here.conclude(NEXT, post=False)
    assert attach(here, "", run=NEXT).result is Result.DONE
    here.settle()
    (told,) = comments(here)
    assert f"run {NEXT}" in told and here.stage() == "created"
    assert len(here.jira.sent("POST", POSTED)) == 2
    here.decide(Verdict.UNDO, run=NEXT)
    here.settle()
    assert len(comments(here)) == 1 and f"run {RUN}" in comments(here)[0], "the new one says what the old one did"


def test_a_comment_deleted_between_the_click_and_the_change_is_made_anew_by_trying_again(here: Scene) -> None:
    attach(here)
    here.settle()
    here.clock.passes(30 * 86_400)
    here.conclude(NEXT, post=False)
    attach(here, "", run=NEXT)
    here.jira.uncomment("BILL-1")
    here.settle()
    assert here.stage() == "refused" and comments(here) == [], "without another click nothing is made anew"
    assert here.decide(Verdict.APPROVE, run=NEXT).result is Result.DONE
    here.settle()
    assert here.stage() == "created" and len(comments(here)) == 1


@pytest.mark.parametrize(
    "fault", [{"kind": "refuse", "status": 503}, {"kind": "refuse", "status": 403}, {"kind": "drop"}]
)
def test_a_comment_that_can_not_be_read_is_not_taken_for_deleted(here: Scene, fault: dict[str, Any]) -> None:
    """Nor one on an issue that is hidden: there the change is refused, and no second comment is made."""
    attach(here)
    here.settle()
    here.clock.passes(30 * 86_400)
    here.conclude(NEXT, post=False)
    here.jira.fail(**fault, path=POSTED, method="GET", times=1)
    attach(here, "", run=NEXT)
    here.settle()
    assert len(comments(here)) == 1 and len(here.jira.sent("POST", POSTED)) == 1
    here.jira._known("BILL-1").hidden = True
    assert "Trying again" not in here.decide(Verdict.ATTACH, run=NEXT).message
    here.settle()
    assert len(here.jira.sent("POST", POSTED)) == 1


def test_undone_unsent_nothing_is_written_and_undone_late_it_is_not(here: Scene) -> None:
    attach(here)
    assert here.decide(Verdict.UNDO).result is Result.DONE
    here.settle()
    assert comments(here) == [] and here.jira.issues[0].links == {} and here.stage() == "open"
    attach(here)
    here.settle()
    here.clock.passes(UNDO_WITHIN.total_seconds() + 1)
    assert here.decide(Verdict.UNDO).result is Result.IMPOSSIBLE and len(comments(here)) == 1


def test_attached_undone_and_attached_again_is_one_comment(here: Scene) -> None:
    for _ in range(3):
        attach(here)
        here.settle()
        assert here.decide(Verdict.UNDO).result is Result.DONE
        here.settle()
        assert len(comments(here)) == 1 and comments(here)[0].startswith("Withdrawn")
    attach(here)
    here.settle()
    (told,) = comments(here)
    assert told.startswith("Evidence from support tickets")


@pytest.mark.parametrize("kind", ["lose", "drop", "html"])
def test_whatever_is_lost_there_is_one_comment(here: Scene, kind: str) -> None:
    attach(here)
    here.jira.fail(kind, path=POSTED, method="POST")
    here.settle()
    assert here.stage() == "unknown"
    here.clock.passes(PASSED.total_seconds())
    again = here.again()
    again.settle()
    assert here.stage() == "created" and len(comments(here)) == 1
    assert len(here.jira.sent("POST", POSTED)) == (2 if kind == "drop" else 1)


def test_refused_nothing_is_written_and_it_is_tried_again_or_undone(here: Scene) -> None:
    here.jira.rights.discard("ADD_COMMENTS")
    attach(here)
    here.settle()
    assert here.stage() == "refused" and "nothing was written" in words.state(
        standings(here.store, [here.theme()])[here.theme()]
    )
    here.jira.rights.add("ADD_COMMENTS")
    assert here.decide(Verdict.APPROVE).result is Result.DONE, "as the button Try again does"
    here.settle()
    assert here.stage() == "created" and len(comments(here)) == 1 and len(here.jira.issues) == 1


def test_undone_after_a_refusal_the_theme_can_be_approved(here: Scene) -> None:
    assert attach(here, "BILL-77").result is Result.DONE
    here.settle()
    assert here.stage() == "refused", "there is no such issue"
    assert here.decide(Verdict.UNDO).result is Result.DONE
    here.decide(Verdict.APPROVE)
    here.settle()
    assert len(here.jira.issues) == 2 and here.kinds(EffectState.PENDING) == []


def test_without_a_tracker_nothing_is_attached(tmp_path: Path) -> None:
    with scene(tmp_path, tracker=False) as bare:
        bare.conclude(post=False)
        outcome = bare.decide(Verdict.ATTACH, payload={"issue": "BILL-1"}, run=RUN)
        assert outcome.result is Result.IMPOSSIBLE and "No issue tracker" in outcome.message


# --- in the channel


TEXT = "The job that writes the CSV is stopped by the gateway for big tenants. It hangs and no file is left."


@pytest.fixture
def shown(tmp_path: Path) -> Iterator[Scene]:
    """A digest in the channel, whose first theme is in the tracker already."""
    with scene(tmp_path) as there:
        there.jira.existing("CSV export of many rows runs into a time-out", TEXT)
        there.conclude()
        there.settle()
        assert there.sink is not None
        Tracking(there.store, there.sink, MiniLM()).reconcile_due()
        there.settle()
        yield there


def row(here: Scene, message: dict[str, Any] | None = None) -> str:
    blocks = (message or here.post)["blocks"]
    (found,) = [b for b in blocks if b.get("block_id", "").startswith(f"row.{here.theme()}.")]
    return json.dumps(found, ensure_ascii=False)


def test_the_row_says_what_exists_and_one_click_attaches_to_it(shown: Scene) -> None:
    assert "May be BILL-1" in row(shown) and "Attach to BILL-1" in buttons(shown.post, shown.theme())
    assert buttons(shown.post, shown.theme())[0] == "Approve to Jira", "it is beside Approve, which is still the first"
    shown.press("attach")
    shown.answer()
    shown.settle()
    assert len(comments(shown)) == 1 and len(shown.jira.issues) == 1
    assert "Evidence attached to " in row(shown) and "Attach to BILL-1" not in buttons(shown.post, shown.theme())
    assert any("evidence for BILL-1 by" in line for line in shown.lines())
    assert not [p for m in shown.slack.posted() for p in limits.problems(Message(m["text"], m["blocks"]))]


def test_the_next_digest_offers_this_months_evidence_to_the_same_issue_and_shows_its_status(shown: Scene) -> None:
    shown.press("attach")
    shown.answer()
    shown.settle()
    shown.jira.touch("BILL-1", status="In Progress")
    assert shown.sink is not None
    Tracking(shown.store, shown.sink, MiniLM()).follow()
    shown.settle()
    assert "status In Progress" in row(shown)
    shown.clock.passes(30 * 86_400)
    shown.conclude(NEXT)
    shown.settle()
    november = shown.slack.posted()[-1]
    assert "Attach 1 more ticket to BILL-1" in buttons(november, shown.theme())
    assert not [b for b in buttons(shown.slack.posted()[0], shown.theme()) if b.startswith("Attach")]
    shown.press("attach", message=november)
    shown.answer()
    shown.settle()
    assert len(comments(shown)) == 1 and f"run {NEXT}" in comments(shown)[0]
    assert not [b for b in buttons(shown.slack.posted()[-1], shown.theme()) if b.startswith("Attach")]


def test_to_an_issue_that_is_done_nothing_is_attached_by_a_click(shown: Scene) -> None:
    shown.jira.close("BILL-1")
    assert shown.sink is not None
    Tracking(shown.store, shown.sink, MiniLM()).follow()
    shown.settle()
    assert "Returned after BILL-1" in row(shown) and "a regression?" in row(shown)
    assert not [b for b in buttons(shown.post, shown.theme()) if b.startswith("Attach")]


def test_who_may_not_decide_attaches_nothing(shown: Scene) -> None:
    shown.press("attach", person="U0SAM")
    shown.answer()
    shown.settle()
    assert comments(shown) == [] and shown.stage() == "open"
