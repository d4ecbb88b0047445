"""What exists already is found after the digest, kept with the run, and read back; a dead tracker holds nothing up."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.acts import Fate, Issue, Likeness, Match, Verdict
from bot.embedding import MiniLM
from bot.tracker import backlog, existing
from bot.tracking import AGAIN, FRESH, Tracking
from tests.digests import sample_digest
from tests.spine import RUN, Scene

TEXT = (
    "The job that writes the CSV is stopped by the gateway for big tenants. It hangs and no file is left. "
    "Exports of many rows must be streamed."
)


@pytest.fixture(scope="module")
def model() -> MiniLM:
    return MiniLM()


def tracking(here: Scene, model: MiniLM) -> Tracking:
    assert here.sink is not None
    return Tracking(here.store, here.sink, model)


def test_a_theme_whose_issue_exists_is_kept_with_the_run_and_its_row_drawn_anew(here: Scene, model: MiniLM) -> None:
    there = here.jira.existing("CSV export of many rows runs into a time-out", TEXT)
    here.jira.existing("Exports of the marketing site's fonts", "Which typefaces may be exported.")
    assert not here.store.drawings.due()
    assert tracking(here, model).reconcile_due() == 1
    found = here.store.tracked.matches(RUN)
    (match, *_) = found[here.theme()]
    assert (match.issue.key, match.likeness) == (there.key, Likeness.SAME) and match.issue.text == ""
    assert here.store.drawings.due(), "what the channel shows is out of date"
    assert tracking(here, model).reconcile_due() == 0, "each run once"
    assert {r.method for r in here.jira.requests} <= {"POST"} and len(here.jira.issues) == 2


def test_a_dead_tracker_is_said_and_asked_again_later_and_never_for_good(here: Scene, model: MiniLM) -> None:
    here.jira.fail("refuse", path="/search/jql", times=100)
    assert tracking(here, model).reconcile_due() == 0
    looked = here.store.tracked.looked(RUN)
    assert looked and looked.fault and "503" in looked.fault and len(here.jira.requests) == 1
    assert tracking(here, model).reconcile_due() == 0 and len(here.jira.requests) == 1, "not at once"
    here.clock.passes(AGAIN.total_seconds())
    here.jira.faults.clear()
    assert tracking(here, model).reconcile_due() == 1
    now = here.store.tracked.looked(RUN)
    assert now is not None and now.fault is None
    here.conclude("monthly:2026-11")
    here.clock.passes(FRESH.total_seconds() + 1)
    assert tracking(here, model).reconcile_due() == 0


def test_what_changed_is_read_back_and_drawn(here: Scene, model: MiniLM) -> None:
    there = here.jira.existing("CSV export of many rows runs into a time-out", TEXT)
    tracking(here, model).reconcile_due()
    here.settle()
    assert tracking(here, model).follow() == 0 and not here.store.drawings.due()
    here.jira.touch(there.key, status="In Progress")
    assert tracking(here, model).follow() == 1 and here.store.drawings.due()
    assert here.store.tracked.issues([there.key])[there.key].status == "In Progress"


# --- the judgement


def issue(key: str = "BILL-7", **more: object) -> Issue:
    return replace(Issue(key, f"https://acme.example/browse/{key}", "CSV export stops", status="To Do"), **more)


def test_the_words_to_look_for_are_the_themes_own_and_hold_no_sign() -> None:
    for theme in sample_digest().themes:
        asked = backlog.words(theme)
        assert 3 <= len(asked) <= 12 and all(word.isalpha() and word == word.casefold() for word in asked)
    assert {"csv", "export", "workspaces"} <= set(backlog.words(sample_digest().themes[0]))


def test_issues_that_are_not_alike_are_not_kept_and_the_likest_comes_first(model: MiniLM) -> None:
    theme = sample_digest().themes[0]
    near = issue("BILL-1", summary="CSV export of many rows runs into a time-out", text=TEXT)
    far = issue("BILL-2", summary="Paint the office", text="Green would be nice.")
    bare = issue("BILL-3", summary="CSV export times out on large workspaces")
    found = backlog.matches(theme, [far, bare, near], model)
    assert {m.issue.key for m in found} == {"BILL-1", "BILL-3"} and found[0].score >= found[1].score
    assert backlog.matches(theme, [], model) == []


def test_it_is_said_what_became_of_it() -> None:
    theme = sample_digest().themes[0]

    def said(**more: object) -> str:
        return existing.told(theme, [Match(issue(**more), Likeness.SAME, 0.6)])

    march = datetime(2026, 3, 3, tzinfo=UTC)
    assert said() == "May be BILL-7 (CSV export stops), To Do: attach this evidence there?"
    done = said(fate=Fate.DONE, resolved_at=march)
    assert done == "Returned after BILL-7 (CSV export stops), done on 3 Mar 2026: a regression?"
    dated = [e for e in theme.evidence if e.created_at]
    late = max(e.created_at for e in dated if e.created_at)
    customers = {e.customer for e in theme.evidence if e.customer and e.created_at and e.created_at > march}
    declined = said(fate=Fate.DECLINED, resolved_at=march)
    assert declined == (
        f"BILL-7 (CSV export stops) was declined on 3 Mar 2026; {len(customers)} customers since, in this digest"
    )
    assert said(fate=Fate.DECLINED, resolved_at=late + timedelta(days=1)).endswith("2026")
    assert existing.told(theme, [Match(issue(), Likeness.RELATED, 0.33)]) == ""


def test_evidence_is_offered_to_an_open_issue_alone() -> None:
    same = [Match(issue(), Likeness.SAME, 0.6)]
    assert existing.open_one(same) == issue()
    assert existing.open_one([Match(issue(fate=Fate.DONE), Likeness.SAME, 0.6), *same]) is None, "the likest decides"
    assert existing.open_one([Match(issue(), Likeness.RELATED, 0.33)]) is None


# --- what a theme ended in


def ended(here: Scene, model: MiniLM) -> str:
    """The first theme's issue, made, and known to be done."""
    here.decide(Verdict.APPROVE)
    here.settle()
    made = here.issue().receipt
    assert made is not None
    here.jira.close(made.ref)
    tracking(here, model).follow()
    return made.ref


def test_when_the_issue_is_done_what_was_forecast_and_counted_is_kept_once(here: Scene, model: MiniLM) -> None:
    key = ended(here, model)
    digest = here.store.runs.digest(RUN)
    assert digest is not None
    theme, item = digest.themes[0], digest.item_of(digest.themes[0])
    (outcome,) = here.store.tracked.outcomes()
    assert (outcome.theme_id, outcome.key, outcome.known_at) == (theme.id, key, here.clock.at)
    assert outcome.resolved_at is not None and outcome.reopened_at is None
    told = outcome.forecast
    assert (told["low"], told["high"], told["per"]) == (item.deflection.low, item.deflection.high, item.deflection.per)
    assert told["months"][-1]["ticket_count"] == theme.counts.tickets
    here.clock.passes(3600)
    tracking(here, model).follow()
    assert here.store.tracked.outcomes() == [outcome], "a later look changes nothing of it"


def test_a_reopened_issue_has_no_return_after_it_and_an_older_digest_says_what_it_knew(
    here: Scene, model: MiniLM
) -> None:
    key, then = ended(here, model), here.clock.at
    assert here.store.tracked.ended(then) == {here.theme(): key}
    assert here.store.tracked.ended(then - timedelta(seconds=1)) == {}
    here.clock.passes(3600)
    here.jira.touch(key, status="In Progress")
    tracking(here, model).follow()
    assert here.store.tracked.ended(here.clock.at) == {} and here.store.tracked.ended(then) == {here.theme(): key}


def test_an_issue_that_a_theme_only_resembles_promised_nothing(here: Scene, model: MiniLM) -> None:
    there = here.jira.existing("CSV export of many rows runs into a time-out", TEXT)
    tracking(here, model).reconcile_due()
    here.jira.close(there.key)
    assert tracking(here, model).follow() == 1 and here.store.tracked.outcomes() == []


def test_customers_to_tell_are_those_of_the_tickets_each_once(here: Scene) -> None:
    theme = sample_digest().themes[0]
    done = issue(fate=Fate.DONE, resolved_at=datetime(2026, 3, 3, tzinfo=UTC))
    told = list(existing.to_tell(theme, done))
    customers = {e.customer or "Not identified" for e in theme.evidence}
    assert [line.partition(":")[0] for line in told[: len(customers)]] == sorted(customers)
    assert "nothing is sent" in " ".join(told) and "3 Mar 2026" in " ".join(told)
    assert not any(q.text in " ".join(told) for q in theme.quotes)
