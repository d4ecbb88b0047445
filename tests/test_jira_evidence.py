"""All tickets of a draft as a file on its issue: safe to open, attached once."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import replace

import pytest

from bot.acts import Absent, Act, Found, Undecided
from bot.ports import Refused, Unavailable, Unknown
from connectors.jira import Jira, evidence
from tests.contract.sinks import draft_of
from tests.digests import large_digest
from tests.servers.jira import JiraServer
from tests.test_jira import jira

ATTACH = r"/attachments$"


@pytest.fixture
def server() -> Iterator[JiraServer]:
    with JiraServer() as server:
        assert isinstance(server, JiraServer)
        yield server


def ready(server: JiraServer, sink: Jira | None = None) -> tuple[Jira, Act]:
    """An issue that is made, and the act that attaches its table."""
    sink = sink or jira(server)
    first, *rest = sink.plan(draft_of())
    made = sink.do(first)
    (act,) = (a for a in rest if a.kind == "jira.evidence")
    return sink, replace(act, parent=made.ref)


def rows(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


def test_every_ticket_is_in_the_file_with_its_link_and_without_its_text(server: JiraServer) -> None:
    draft = draft_of(large_digest())
    sink = jira(server)
    first, *rest = sink.plan(draft)
    made = sink.do(first)
    sink.do(replace(next(a for a in rest if a.kind == "jira.evidence"), parent=made.ref))
    (file,) = server.issues[0].attachments
    head, *told = rows(file["text"])
    assert head == ["ticket", "link", "date", "source", "fit"]
    assert [row[0] for row in told] == list(draft.theme.members) and len(told) > 100
    urls = {e.ticket_id: e.url for e in draft.theme.evidence}
    assert told[1][1] == urls[told[1][0]] and told[1][1].startswith("https://")
    assert not any(q.text in file["text"] for q in draft.theme.quotes)
    assert file["filename"].startswith("evidence-") and file["filename"].endswith(".csv")


@pytest.mark.parametrize("said", ["=HYPERLINK(1)", "+1", "-1+2", "@SUM(1)", "\t=1", "\r=1", "＝1"])
def test_no_cell_is_a_formula_to_a_spreadsheet(said: str) -> None:
    draft = draft_of()
    tickets = (replace(draft.theme.evidence[0], ticket_id=said, source=said, url=said), *draft.theme.evidence[1:])
    theme = replace(draft.theme, evidence=tickets, members=(said, *draft.theme.members[1:]))
    row = rows(evidence.table(replace(draft, theme=theme)))[1]
    assert row[0][0] == row[3][0] == "'" and row[1] == "", "and what is no address is no link"


def test_a_lost_answer_is_looked_for_on_the_issue_and_never_sent_again_blindly(server: JiraServer) -> None:
    sink, act = ready(server)
    hint = sink.mark(act)
    server.fail("lose", path=ATTACH)
    with pytest.raises(Unknown):
        sink.do(act)
    seen = jira(server).find(act, hint)
    assert isinstance(seen, Found) and len(server.issues[0].attachments) == 1
    assert jira(server).do(act) == seen.receipt and len(server.sent("POST", ATTACH)) == 1


def test_a_request_that_came_to_nothing_is_absent_only_once_it_can_not_be_under_way(server: JiraServer) -> None:
    sink, act = ready(server, jira(server, settle=120))
    hint = sink.mark(act)
    server.fail("drop", path=ATTACH)
    with pytest.raises(Unknown):
        sink.do(act)
    assert isinstance(sink.find(act, hint), Undecided)
    assert jira(server).find(act, hint) == Absent()


@pytest.mark.parametrize("kind", ["html", "truncate", "fail", "hang"])
def test_an_answer_that_can_not_be_read_is_unknown(server: JiraServer, kind: str) -> None:
    sink, act = ready(server, jira(server, timeout=0.2))
    server.fail(kind, path=ATTACH, seconds=0.5)
    with pytest.raises(Unknown):
        sink.do(act)


def test_too_many_requests_waits_and_no_right_is_refused_with_the_mend(server: JiraServer) -> None:
    sink, act = ready(server)
    server.fail("refuse", path=ATTACH, status=429, headers={"Retry-After": "7"})
    with pytest.raises(Unavailable) as away:
        sink.do(act)
    assert away.value.retry_after == 7
    server.rights.discard("CREATE_ATTACHMENTS")
    with pytest.raises(Refused, match="give the account CREATE_ATTACHMENTS"):
        sink.do(act)
    assert server.issues[0].attachments == []


def test_two_files_of_one_act_are_twins(server: JiraServer) -> None:
    sink, act = ready(server)
    first = sink.do(act)
    again = evidence.attach(sink._wire, act, "BILL-1")  # what a process frozen in mid-request would do
    assert list(sink.twins(act)) == [first, again]


def test_what_hung_on_a_deleted_issue_has_no_twins_and_a_wrong_token_is_no_deletion(server: JiraServer) -> None:
    sink, act = ready(server)
    sink.do(act)
    with pytest.raises(Refused, match="token"):
        jira(server, token="of-somebody-else").twins(act)
    server.delete("BILL-1")
    assert sink.twins(act) == []
