"""A draft's status: put where a project triages, closed when it is undone, and a person is never overruled."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from bot.acts import Absent, Act, Found, Undecided
from bot.ports import Unavailable, Unknown
from connectors.jira import Jira
from tests.contract.sinks import draft_of
from tests.servers.jira import JiraServer
from tests.test_jira import jira

MOVE = r"/transitions$"


@pytest.fixture
def server() -> Iterator[JiraServer]:
    with JiraServer() as server:
        assert isinstance(server, JiraServer)
        yield server


def drafted(server: JiraServer, **settings: Any) -> tuple[Jira, Act, Act]:
    """A made issue, the act that moves it to triage, and the one that closes it."""
    sink, draft = jira(server, **settings), draft_of()
    first, *rest = sink.plan(draft)
    made = sink.do(first)
    (triage,) = (replace(a, parent=made.ref) for a in rest if a.kind == "jira.triage")
    _, close = sink.withdrawal(draft, made)
    return sink, triage, close


def moved(server: JiraServer) -> int:
    return len(server.sent("POST", MOVE))


# --- to triage


def test_a_draft_is_moved_to_the_status_of_triage_whatever_the_case_of_its_letters(server: JiraServer) -> None:
    sink, triage, _ = drafted(server, status="to TRIAGE")
    assert sink.do(triage).ref == "BILL-1 in To triage" and server.issues[0].status == "To triage"


def test_where_drafts_are_to_stay_nothing_is_planned() -> None:
    sink = Jira(site="https://acme.example", email="a@b.c", token="t", project="BILL", status=None)
    assert "jira.triage" not in {act.kind for act in sink.plan(draft_of())}


def no_such_status(server: JiraServer) -> None:
    del server.workflow["To triage"]


def no_right(server: JiraServer) -> None:
    server.rights.discard("TRANSITION_ISSUES")


def refused(server: JiraServer) -> None:
    server.fail("refuse", path=MOVE, method="POST", status=403)


def taken_on(server: JiraServer) -> None:
    server.touch("BILL-1", status="In Progress")


def no_draft_any_more(server: JiraServer) -> None:
    server.issues[0].fields["labels"].remove("groundswell-draft")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (no_such_status, r"left in To Do: the workflow, or the account's rights, offer no move to To triage"),
        (no_right, r"left in To Do: .*offer no move"),
        (refused, r"left in To Do: Jira refused it \(403\)"),
        (taken_on, r"left in In Progress: somebody has moved it or taken it on"),
        (no_draft_any_more, r"left in To Do: somebody has moved it or taken it on"),
    ],
)
def test_where_it_can_not_or_must_not_be_moved_nothing_fails_and_it_is_said(
    server: JiraServer, spoil: Any, said: str
) -> None:
    sink, triage, _ = drafted(server)
    spoil(server)
    before = server.issues[0].status
    assert re.search(said, sink.do(triage).ref)
    assert server.issues[0].status == before


def test_a_lost_answer_is_looked_for_and_a_person_who_moved_it_meanwhile_has_the_last_word(server: JiraServer) -> None:
    sink, triage, _ = drafted(server)
    hint = sink.mark(triage)
    server.fail("lose", path=MOVE, method="POST")
    with pytest.raises(Unknown):
        sink.do(triage)
    seen = jira(server).find(triage, hint)
    assert isinstance(seen, Found) and seen.receipt.ref == "BILL-1 in To triage" and moved(server) == 1
    server.workflow["Backlog"] = "new"
    server.touch("BILL-1", status="Backlog")
    seen = jira(server).find(triage, hint)
    assert isinstance(seen, Found) and "left in Backlog" in seen.receipt.ref


def test_a_move_that_came_to_nothing_is_absent_only_once_it_can_not_be_under_way(server: JiraServer) -> None:
    sink, triage, _ = drafted(server, settle=120)
    hint = sink.mark(triage)
    server.fail("drop", path=MOVE, method="POST")
    with pytest.raises(Unknown):
        sink.do(triage)
    assert isinstance(sink.find(triage, hint), Undecided) and jira(server).find(triage, hint) == Absent()


@pytest.mark.parametrize("kind", ["html", "fail"])
def test_an_answer_that_can_not_be_read_is_unknown_and_a_wait_is_kept(server: JiraServer, kind: str) -> None:
    sink, triage, _ = drafted(server)
    server.fail("refuse", path=MOVE, method="POST", status=429, headers={"Retry-After": "9"})
    with pytest.raises(Unavailable) as away:
        sink.do(triage)
    assert away.value.retry_after == 9
    server.fail(kind, path=MOVE, method="POST")
    with pytest.raises(Unknown):
        sink.do(triage)


# --- undone


def test_an_undone_draft_that_nobody_touched_is_closed_as_not_to_be_done(server: JiraServer) -> None:
    sink, triage, close = drafted(server)
    sink.do(triage)
    assert sink.do(close).ref == "BILL-1 in Won't Do" and server.issues[0].status == "Won't Do"
    assert sink.do(close).ref == "BILL-1 in Won't Do" and moved(server) == 2


def test_a_site_that_closes_with_a_resolution_is_told_that_it_won_t_be_done(server: JiraServer) -> None:
    server.workflow = {"To Do": "new", "Closed": "done"}
    server.resolutions = ["Fixed", "Won\u2019t Do"]
    sink, _, close = drafted(server)
    assert sink.do(close).ref == "BILL-1 in Closed" and server.issues[0].fields["resolution"] == {"id": "2"}


def test_without_a_way_to_say_that_it_won_t_be_done_it_is_not_called_done(server: JiraServer) -> None:
    server.workflow = {"To Do": "new", "Done": "done"}
    sink, _, close = drafted(server)
    assert "left in To Do: the workflow" in sink.do(close).ref and server.issues[0].status == "To Do"


@pytest.mark.parametrize("by", [{"status": "In Progress"}, {"comment": "On it."}])
def test_an_issue_that_somebody_touched_is_only_labelled(server: JiraServer, by: dict[str, str]) -> None:
    sink, draft = jira(server), draft_of()
    made = sink.do(sink.plan(draft)[0])
    server.touch(made.ref, **by)
    labels, close = sink.withdrawal(draft, made)
    sink.do(labels)
    assert "somebody else changed it" in sink.do(close).ref and moved(server) == 0
    assert "groundswell-withdrawn" in server.issues[0].labels


def test_what_others_did_and_can_not_be_read_whole_counts_as_touched(server: JiraServer) -> None:
    sink, _, close = drafted(server)
    server.issues[0].history = []
    shown = server._issue

    def cut(request: Any, issue: Any) -> Any:
        answer = shown(request, issue)
        return replace(answer, body={k: v for k, v in answer.body.items() if k != "changelog"})

    server.routes.insert(0, ("GET", r"/rest/api/3/issue/([^/]+)", lambda r: cut(r, server.issues[0])))
    assert "left in To Do" in sink.do(close).ref and moved(server) == 0
