"""What is in the project already: found by words, read by key, and judged; nothing is ever written."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from bot.acts import Fate
from bot.ports import Backlog, Refused, Unavailable
from connectors.jira import backlog
from tests.servers.jira import JiraServer
from tests.test_jira import jira

MARCH = datetime(2026, 3, 3, 9, tzinfo=UTC)


@pytest.fixture
def server() -> Iterator[JiraServer]:
    with JiraServer() as server:
        assert isinstance(server, JiraServer)
        yield server


def test_issues_that_hold_one_of_the_words_come_with_their_text_and_fate(server: JiraServer) -> None:
    old = server.existing("Export job killed", "Big tenants get no file.")
    done = server.existing("File names with dots")
    no = server.existing("Another file format")
    server.existing("Nothing of the sort")
    server.close(done.key, at=MARCH.timestamp())
    server.close(no.key, "Done", resolution="Won't do")
    found = {i.key: i for i in jira(server).similar(["export", "FILE"])}
    assert list(found) == [no.key, done.key, old.key], "the newest first"
    assert found[old.key].text == "Big tenants get no file." and found[old.key].url.endswith(f"/browse/{old.key}")
    assert [found[i.key].fate for i in (old, done, no)] == [Fate.OPEN, Fate.DONE, Fate.DECLINED]
    assert found[done.key].resolved_at == MARCH and found[no.key].resolution == "Won't do"
    assert {r.method for r in server.requests} == {"POST"} and len(server.issues) == 4, "asked, and nothing written"


@pytest.mark.parametrize("word", ['x" OR project = SECRET', "file*", "(file)", "-file", 'fi"le', "file\\"])
def test_no_word_can_leave_its_quotes(server: JiraServer, word: str) -> None:
    jql = backlog.query(["BILL"], [word, "ok!"])
    inside = jql.removeprefix('project in ("BILL") AND (').removesuffix(") ORDER BY updated DESC")
    assert inside and inside == inside.replace("\\", "") and inside.count('"') == 2
    assert jira(server).similar([word]) == []


def test_nothing_to_ask_for_asks_nothing(server: JiraServer) -> None:
    assert jira(server).similar(["?", "a"]) == [] and server.requests == []


def test_what_an_undo_withdrew_is_no_issue_to_be_had(server: JiraServer) -> None:
    server.existing("Export again", labels=["groundswell-withdrawn"])
    assert jira(server).similar(["export"]) == []


def test_pages_are_read_to_a_bound(server: JiraServer) -> None:
    server.page = 40
    for n in range(130):
        server.existing(f"Export {n}")
    assert len(jira(server).similar(["export"])) == 100
    assert len(server.requests) == 3


def test_issues_are_read_by_key_also_under_a_key_they_had_and_the_hidden_are_missing(server: JiraServer) -> None:
    moved, hidden, plain = (server.existing(f"Issue {n}") for n in range(3))
    old = moved.key
    server.move(moved.key, "PLAT", 7)
    server.hide(hidden.key)
    server.touch(plain.key, status="In Progress")
    told = jira(server).issues([old, hidden.key, plain.key, "not a key"])
    assert [(i.key, i.status) for i in told] == [(old, "To Do"), (plain.key, "In Progress")]


@pytest.mark.parametrize("kind", ["html", "truncate", "drop", "refuse"])
def test_a_jira_that_is_away_is_unavailable(server: JiraServer, kind: str) -> None:
    for path, ask in (
        (r"/search/jql$", lambda j: j.similar(["export"])),
        (r"/bulkfetch$", lambda j: j.issues(["A1-1"])),
    ):
        server.fail(kind, path=path)
        with pytest.raises(Unavailable):
            ask(jira(server))


def test_a_wrong_token_is_refused(server: JiraServer) -> None:
    with pytest.raises(Refused, match="token"):
        jira(server, token="of-somebody-else").similar(["export"])


def test_it_is_a_backlog_to_the_core_and_a_wrong_project_is_named(server: JiraServer) -> None:
    assert isinstance(jira(server), Backlog)
    with pytest.raises(ValueError, match="look_in"):
        jira(server, look_in=["not a key"])


def test_a_description_of_any_shape_is_read_as_text() -> None:
    node = {"type": "doc", "content": [{"type": "bulletList", "content": [
        {"type": "listItem", "content": [{"type": "paragraph", "content": [
            {"type": "text", "text": "One "}, {"type": "text", "text": "line", "marks": [{"type": "strong"}]}]}]}]},
        {"type": "rule"}, "odd", {"type": "paragraph", "content": [{"type": "text", "text": "Two"}]}]}  # fmt: skip
    assert list(backlog._told(node)) == ["One line", "Two"] and list(backlog._told(None)) == []
