"""A theme's evidence on an issue that exists: one comment, whatever is lost, changed by each month's click."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.acts import Absent, Act, Draft, Found, Undecided
from bot.ports import Refused, Unavailable, Unknown
from connectors.jira import Jira, adf, comment
from tests.contract.sinks import LOST, NOT_DONE, draft_of, told_draft
from tests.digests import large_digest
from tests.servers.jira import TOKEN, Issue, JiraServer
from tests.test_jira import jira

POSTED = r"/issue/[A-Z0-9-]+/comment$"


@pytest.fixture
def server() -> Iterator[JiraServer]:
    with JiraServer() as server:
        assert isinstance(server, JiraServer)
        server.existing("Exports stop")
        yield server


def first(sink: Jira, draft: Draft | None = None, number: int = 1) -> Act:
    return sink.attach(draft or draft_of(), "BILL-1", number)[0]


def said(issue: Issue) -> str:
    (one,) = issue.comments
    return "\n".join(n["text"] for n in nodes(one["body"]) if n.get("type") == "text")


def nodes(node: dict) -> Iterator[dict]:  # type: ignore[type-arg]
    yield node
    for child in node.get("content", []):
        yield from nodes(child)


def test_the_comment_holds_counts_quotes_and_links(server: JiraServer) -> None:
    sink, draft = jira(server), draft_of()
    made = sink.do(first(sink, draft))
    assert made.ref.startswith("BILL-1#") and made.url and "focusedCommentId" in made.url
    told = said(server.issues[0])
    theme = draft.theme
    assert f"{theme.counts.tickets}, " in told and str(theme.counts.customers) in told
    assert all(q.text in told for q in theme.quotes) and "U0DANA (slack)" in told
    body = server.issues[0].comments[0]["body"]
    marks = [m["attrs"]["href"] for n in nodes(body) for m in n.get("marks", ()) if m["type"] == "link"]
    assert marks and set(marks) <= {e.url for e in theme.evidence}


def test_a_large_theme_fits_and_hostile_words_are_text(server: JiraServer) -> None:
    draft = draft_of(large_digest())
    words = replace(draft.theme.words, problem="{code} [x|javascript:alert(1)] @all " + "y" * 30_000)
    hostile = replace(draft, theme=replace(draft.theme, words=words))
    body = first(jira(server), hostile).payload["body"]
    assert adf.size(body) <= 30_000
    marked = [m for n in nodes(body) for m in n.get("marks", ())]
    assert "{code} [x|javascript:alert(1)] @all" in json.dumps(body) and "javascript" not in json.dumps(marked)


@pytest.mark.parametrize("fault", LOST, ids=lambda f: f"{f['kind']}-{f.get('status', '')}")
def test_a_lost_answer_is_unknown_and_the_comment_is_found_and_sent_once(server: JiraServer, fault: dict) -> None:  # type: ignore[type-arg]
    sink = jira(server, timeout=0.3)
    act = first(sink)
    hint = json.loads(json.dumps(sink.mark(act)))
    server.fail(**{**fault, **({"seconds": 0.6} if fault["kind"] == "hang" else {})}, path=POSTED, method="POST")
    with pytest.raises(Unknown):
        sink.do(act)
    seen = jira(server).find(act, hint)
    assert isinstance(seen, Found)
    assert jira(server).do(act) == seen.receipt, "sent again by a person's word, it looks first"
    assert len(server.sent("POST", POSTED)) == 1 and len(server.issues[0].comments) == 1


@pytest.mark.parametrize("fault", NOT_DONE, ids=lambda f: f"{f['kind']}-{f.get('status', '')}")
def test_what_came_to_nothing_is_absent_only_once_it_can_not_be_under_way(server: JiraServer, fault: dict) -> None:  # type: ignore[type-arg]
    sink = jira(server, settle=120)
    act = first(sink)
    hint = sink.mark(act)
    server.fail(**fault, path=POSTED, method="POST")
    with pytest.raises(Unknown):
        sink.do(act)
    assert isinstance(sink.find(act, hint), Undecided)
    assert jira(server).find(act, hint) == Absent()


def test_who_quotes_our_comment_made_none_and_of_two_the_first_is_first(server: JiraServer) -> None:
    sink = jira(server)
    act = first(sink)
    made = sink.do(act)
    copy = {"id": "99999", "author": {"accountId": "lee"}, "body": server.issues[0].comments[0]["body"]}
    server.issues[0].comments.append(copy)
    assert list(sink.twins(act)) == [made]
    again = comment.write(sink._wire, act, "BILL-1")  # what a process frozen in mid-request would do
    assert list(sink.twins(act)) == [made, again]


def test_it_is_found_behind_many_others_and_a_refusal_to_read_is_no_proof(server: JiraServer) -> None:
    sink = jira(server)
    act = first(sink)
    hint = sink.mark(act)
    server.page = 10
    for n in range(25):
        server.touch("BILL-1", comment=f"me too {n}")
    made = sink.do(act)
    assert sink.find(act, hint) == Found(made)
    for path in (POSTED, "/properties$", "/properties/groundswell$"):
        server.fail("refuse", path=path, method="GET", status=403)
        assert isinstance(sink.find(act, hint), Undecided)
    server.fail("html", path=POSTED, method="GET")
    with pytest.raises(Unavailable):
        sink.find(act, hint)


def test_next_month_changes_the_same_comment_and_links_each_ticket_once(server: JiraServer) -> None:
    sink, october = jira(server), draft_of()
    made, *links = sink.attach(october, "BILL-1", 1)
    where = sink.do(made)
    november = replace(october, run_key="monthly:2026-11", approved_at=october.approved_at + timedelta(days=30))
    november = replace(november, window=replace(november.window, label="November 2026"))
    change, *more = sink.renew(november, made, 2)
    assert change.repeatable and change.after == made.key and {a.key for a in more} == {a.key for a in links}
    for act in (*links, change):
        sink.do(replace(act, parent=where.ref))
    assert "November 2026" in said(server.issues[0]) and "October 2026" not in said(server.issues[0]).split("Impact")[0]
    assert len(server.issues[0].links) == len(links) > 0
    assert list(sink.twins(made)) == [where], "it is still the one that the first click made"
    change = replace(change, parent=where.ref)
    assert sink.do(change) == where and sink.find(change, {}) == Found(where)


def test_an_older_change_that_comes_late_changes_nothing(server: JiraServer) -> None:
    sink, october = jira(server), draft_of()
    made = first(sink, october)
    where = sink.do(made)
    days = [replace(october, approved_at=october.approved_at + timedelta(days=n)) for n in (1, 2)]
    old, new = (replace(sink.renew(d, made, n)[0], parent=where.ref) for n, d in enumerate(days, 2))
    sink.do(new)
    before = said(server.issues[0])
    assert sink.do(old) == where and said(server.issues[0]) == before


def test_taken_back_it_says_so_or_what_it_said_the_month_before(server: JiraServer) -> None:
    sink, october = jira(server), draft_of()
    made = first(sink, october)
    where = sink.do(made)
    was = said(server.issues[0])
    later = replace(october, approved_at=october.approved_at + timedelta(minutes=5))
    sink.do(replace(sink.detach(later, made, 2, None), parent=where.ref))
    assert said(server.issues[0]).startswith("Withdrawn by U0DANA") and "timed out" not in said(server.issues[0])
    later = replace(october, approved_at=october.approved_at + timedelta(minutes=9))
    sink.do(replace(sink.detach(later, made, 3, made), parent=where.ref))
    assert said(server.issues[0]) == was and list(sink.twins(made)) == [where]


def test_too_many_requests_waits_no_right_is_refused_and_a_deleted_comment_is_not_made_again(
    server: JiraServer,
) -> None:
    sink = jira(server)
    act = first(sink)
    server.fail("refuse", path=POSTED, method="POST", status=429, headers={"Retry-After": "7"})
    with pytest.raises(Unavailable):
        sink.do(act)
    server.rights.discard("ADD_COMMENTS")
    with pytest.raises(Refused, match="403"):
        sink.do(act)
    server.rights.add("ADD_COMMENTS")
    where = sink.do(act)
    server.issues[0].comments.clear()
    with pytest.raises(Refused, match="404"):
        sink.do(replace(sink.renew(draft_of(), act, 2)[0], parent=where.ref))
    assert server.issues[0].comments == []


def test_neither_token_nor_text_is_in_a_message(server: JiraServer) -> None:
    sink = jira(server)
    act = first(sink, told_draft())
    for status in (400, 403, 413):
        server.fail("refuse", path=POSTED, method="POST", status=status)
        with pytest.raises(Refused) as no:
            sink.do(act)
        assert "nightingale" not in str(no.value) and TOKEN not in str(no.value)


def test_a_plan_is_pure_and_each_decision_has_an_act_of_its_own(server: JiraServer) -> None:
    sink = jira(server)
    assert sink.attach(draft_of(), "BILL-1", 1) == sink.attach(draft_of(), "BILL-1", 1) and not server.requests
    keys = {first(sink, number=n).key for n in (1, 2)} | {sink.attach(draft_of(), "BILL-2", 1)[0].key}
    assert len(keys) == 3
