"""Jira, Productboard and Dovetail behind one approval: one click, three places, and none holds up the tracker."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bot import wiring
from bot.acts import EffectState, Stage, Verdict
from bot.config import Config, Read
from bot.decisions import Result
from bot.doctor import looks
from bot.domain import Digest, Theme
from bot.ports import Backlog, Formed, Pictured, Unavailable
from bot.tracker.sinks import Sinks
from connectors.dovetail import Dovetail
from tests.chains import Chain
from tests.contract.sinks import draft_of
from tests.digests import sample_digest
from tests.servers import dovetail as dt
from tests.servers import productboard as pb
from tests.spine import RUN
from tests.test_productboard import productboard

S = EffectState


def test_one_approval_makes_the_issue_then_the_feature_and_the_doc_with_their_evidence_and_a_second_one_nothing(
    chain: Chain,
) -> None:
    theme = chain.approve()
    chain.settle()
    (issue,) = chain.scene.jira.issues
    (feature,) = chain.productboard.of("feature")
    (doc,) = chain.dovetail.docs
    made = {e.receipt.ref for e in chain.scene.store.effects.of_theme(theme) if e.receipt}
    assert {issue.key, feature.id, doc.id} <= made
    assert chain.productboard.notes and chain.dovetail.data
    assert {e.state for e in chain.scene.store.effects.of_theme(theme)} == {S.DONE}
    sent = [len(server.requests) for server in (chain.scene.jira, chain.productboard, chain.dovetail)]
    assert chain.decide(Verdict.APPROVE, theme) is Result.ALREADY
    chain.settle()
    assert sent == [len(server.requests) for server in (chain.scene.jira, chain.productboard, chain.dovetail)]


def test_a_productboard_that_is_away_holds_up_neither_jira_nor_dovetail(chain: Chain) -> None:
    chain.productboard.fail("refuse", times=10_000, status=503)
    theme = chain.approve()
    for _ in range(30):
        chain.ledger.attend_due()
    assert len(chain.scene.jira.issues) == 1 and len(chain.dovetail.docs) == 1
    assert chain.scene.stage(theme) == Stage.CREATED
    (feature,) = chain.effects(theme, "productboard.feature")
    assert feature.state is S.PENDING and "Productboard answered with error 503" in str(feature.error)


def test_one_that_gives_no_answer_is_left_alone_for_half_a_minute_and_its_notes_wait_for_no_time_out(
    chain: Chain,
) -> None:
    now = [1_000.0]
    sinks = Sinks(chain.scene.sink, {"productboard": productboard(chain.productboard)}, lambda: now[0])  # type: ignore[arg-type]
    feature, *rest = [a for a in sinks.plan(draft_of()) if a.kind.startswith("productboard")]
    made = sinks.do(feature)
    notes = [replace(note, parent=made.ref) for note in rest]
    chain.productboard.fail("drop", times=1)
    with pytest.raises(Unavailable):
        sinks.mark(notes[0])
    asked = len(chain.productboard.requests)
    for note in notes:
        with pytest.raises(Unavailable, match="a moment ago") as away:
            sinks.do(note)
        assert away.value.retry_after == 30.0
    assert len(chain.productboard.requests) == asked
    assert sinks.do(next(iter(sinks.plan(draft_of())))), "the tracker goes on meanwhile"
    now[0] += 30.0
    assert sinks.do(notes[0])


def test_a_new_issue_goes_before_what_hangs_on_an_older_one(chain: Chain) -> None:
    chain.approve()
    chain.ledger.attend_due()
    assert len(chain.scene.store.effects.due(chain.scene.store.now())) > 3
    assert chain.decide(Verdict.APPROVE, chain.scene.theme(6)) is Result.DONE
    assert chain.scene.store.effects.due(chain.scene.store.now(), 1)[0].act.kind == "jira.issue"


def test_a_token_that_ended_is_told_with_its_mend_and_jira_stands(chain: Chain) -> None:
    chain.productboard.fail("refuse", times=10_000, status=401)
    theme = chain.approve()
    chain.settle()
    (feature,) = chain.effects(theme, "productboard.feature")
    assert feature.state is S.FAILED and "GROUNDSWELL_PRODUCTBOARD__TOKEN" in str(feature.error)
    assert chain.scene.stage(theme) == Stage.CREATED
    assert chain.decide(Verdict.UNDO, theme) is Result.DONE
    assert not chain.effects(theme, "productboard.withdraw"), "there is nothing to take back, nor to wait for"
    assert chain.effects(theme, "dovetail.withdraw")


def test_an_approval_that_is_undone_before_anything_was_sent_ends_all_of_it(chain: Chain) -> None:
    theme = chain.approve()
    assert chain.decide(Verdict.UNDO, theme) is Result.DONE
    chain.settle()
    assert not chain.scene.jira.issues and not chain.productboard.requests and not chain.dovetail.requests
    assert {e.state for e in chain.scene.store.effects.of_theme(theme)} == {S.CANCELLED}


def test_an_undo_reaches_all_of_them_as_a_mark(chain: Chain) -> None:
    theme = chain.approve()
    chain.settle()
    assert chain.decide(Verdict.UNDO, theme) is Result.DONE
    chain.settle()
    assert "groundswell-withdrawn" in chain.scene.jira.issues[0].labels
    assert chain.productboard.of("feature")[0].fields["name"].startswith("Withdrawn: ")
    assert chain.dovetail.docs[0].told["title"].startswith("Withdrawn: ")
    assert chain.productboard.notes and chain.dovetail.data


def with_a_new_ticket(digest: Digest, theme_id: str) -> Digest:
    """Another month: of one theme the last ticket is a new one, of a customer who never wrote before."""

    def changed(t: Theme) -> Theme:
        last = replace(t.evidence[-1], ticket_id="NEW-1", customer="Newcomer", url=None)
        return replace(t, members=(*t.members[:-1], "NEW-1"), evidence=(*t.evidence[:-1], last))

    return replace(digest, themes=tuple(changed(t) if t.id == theme_id else t for t in digest.themes))


def test_attached_evidence_goes_beside_the_tracker_once_and_a_later_month_adds_what_is_new(chain: Chain) -> None:
    theme, there = chain.scene.theme(7), chain.scene
    there.jira.existing("Exports stop for big tenants")
    assert chain.decide(Verdict.ATTACH, theme, payload={"issue": "BILL-1"}) is Result.DONE
    chain.settle()
    (feature,), (doc,) = chain.productboard.of("feature"), chain.dovetail.docs
    notes, data = len(chain.productboard.notes), len(chain.dovetail.data)
    assert len(there.jira.issues) == 1 and notes and data
    assert chain.effects(theme, "productboard.feature")[0].act.parent.startswith("BILL-1#")  # type: ignore[union-attr]
    there.conclude("monthly:2026-11", with_a_new_ticket(sample_digest(one_offs=3), theme), post=False)
    assert chain.decide(Verdict.ATTACH, theme, run="monthly:2026-11", payload={"issue": "BILL-1"}) is Result.DONE
    chain.settle()
    assert chain.productboard.of("feature") == [feature] and chain.dovetail.docs == [doc]
    assert len(chain.dovetail.data) == data + 1 and len(chain.productboard.notes) == notes + 1
    assert len(there.jira.issues[0].comments) == 1


def test_undoing_what_was_attached_marks_what_stands_beside_only_with_the_last_of_it(chain: Chain) -> None:
    theme, there = chain.scene.theme(7), chain.scene
    there.jira.existing("Exports stop for big tenants")
    there.conclude("monthly:2026-11", post=False)
    for run in (RUN, "monthly:2026-11"):
        assert chain.decide(Verdict.ATTACH, theme, run=run, payload={"issue": "BILL-1"}) is Result.DONE
        chain.settle()
    names = lambda: [f.fields["name"] for f in chain.productboard.of("feature")]  # noqa: E731
    assert chain.decide(Verdict.UNDO, theme, run="monthly:2026-11") is Result.DONE
    chain.settle()
    assert not names()[0].startswith("Withdrawn: ")
    assert chain.decide(Verdict.UNDO, theme) is Result.DONE
    chain.settle()
    assert names()[0].startswith("Withdrawn: ") and chain.dovetail.docs[0].told["title"].startswith("Withdrawn: ")
    assert chain.decide(Verdict.APPROVE, theme) is Result.DONE
    chain.settle()
    assert [n.startswith("Withdrawn: ") for n in names()] == [True, False], "a new approval is made anew"


def test_what_stands_beside_hangs_on_the_issue_and_its_own_on_itself(chain: Chain) -> None:
    plan = chain.sinks.plan(draft_of())
    by_key = {act.key: act for act in plan}
    parents = {act.kind: by_key[act.after].kind if act.after else None for act in plan}
    assert parents["jira.issue"] is None
    assert parents["productboard.feature"] == parents["dovetail.doc"] == "jira.issue"
    assert parents["productboard.note"] == "productboard.feature"
    assert parents["dovetail.transcript"] == "dovetail.doc"


def test_the_tracker_does_all_that_it_does_alone(chain: Chain) -> None:
    assert isinstance(chain.sinks, Backlog) and isinstance(chain.sinks, Formed) and isinstance(chain.sinks, Pictured)
    alone, plan = chain.scene.sink, chain.sinks.plan(draft_of())
    assert alone is not None
    assert chain.sinks.page(plan) == alone.page(alone.plan(draft_of()))
    assert list(chain.sinks.text(plan))[-2:][0].startswith("Then, beside it: 1 x productboard.feature, ")
    assert {f.name.split()[0] for f in chain.sinks.check()} >= {"jira", "productboard", "dovetail"}


def told(chain: Chain, **more: object) -> Config:
    return Config.model_validate(
        {
            "jira": {"site": chain.scene.jira.url, "email": "b@a.c", "token": "t", "project": "BILL"},
            "productboard": {"token": pb.TOKEN, "base_url": chain.productboard.base_url},
            "dovetail": {
                "token": dt.TOKEN,
                "base_url": chain.dovetail.base_url,
                "project": dt.PROJECT,
                "channel": dt.CHANNEL,
            },
            "network": {"allow_private": True},
            **more,
        }
    )


def test_the_config_puts_them_behind_one_sink_and_reads_tickets_as_the_run_read_them(chain: Chain) -> None:
    config = told(chain)
    parts = wiring.wired(config, chain.scene.store, cache=None)
    assert isinstance(parts.sink, Sinks)
    theme = chain.scene.theme()
    made = chain.scene.store.runs.digest(RUN)
    assert made is not None
    shown = next(t for t in made.themes if t.id == theme).evidence[0].ticket_id
    tail = wiring.beside(config, chain.scene.store.runs.ticket)["dovetail"]
    assert isinstance(tail, Dovetail)
    ticket = tail.transcripts(RUN, shown)
    assert ticket is not None and (ticket.subject or ticket.body)
    assert not isinstance(wiring.sink(told(chain, productboard=None, dovetail=None)), Sinks)


def test_doctor_looks_at_each_by_its_name_and_one_fault_hides_no_other(chain: Chain, tmp_path: Path) -> None:
    chain.productboard.fail("refuse", times=100, status=401)
    found = looks(Read(told(chain), (), {}), tmp_path, ["productboard", "dovetail"])
    (board,), tail = found["productboard"](), found["dovetail"]()
    assert board.state == "fail" and "GROUNDSWELL_PRODUCTBOARD__TOKEN" in board.mend
    assert [f.name for f in tail] == ["dovetail", "dovetail token"] and {f.state for f in tail} == {"ok"}
    assert pb.TOKEN not in repr((board, found, told(chain))) and dt.TOKEN not in repr((tail, told(chain)))


def test_what_stands_beside_jira_needs_jira(chain: Chain) -> None:
    with pytest.raises(ValueError, match="productboard stands beside Jira"):
        told(chain, jira=None)
