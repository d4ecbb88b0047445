"""`doctor --live`: each connection does its work once, and nothing stays behind without its place being said."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer import Exit

from bot.acts import Finding
from bot.commands.proving import agreed_on
from bot.config import load
from bot.ports import Proven
from connectors.intercom import Intercom
from connectors.zendesk import Zendesk
from tests.servers.base import Answer
from tests.servers.slack import CHANNEL
from tests.servers.town import Town
from tests.test_cli import groundswell
from tests.test_jira import jira
from tests.test_slack_channel import slack

KEY = "5f" * 32
NOW = datetime.now(UTC)


@pytest.fixture
def town() -> Iterator[Town]:
    with Town() as made:
        yield made


def _slack(town: Town) -> Finding:
    (found,) = slack(town.slack).prove(KEY)
    return found


def _jira(town: Town) -> Finding:
    (found,) = jira(town.jira).prove(KEY)
    return found


# --- the channel


@pytest.mark.parametrize("kind", ["", "lose", "html", "truncate", "fail"])
def test_the_trial_message_is_posted_and_deleted_whatever_becomes_of_the_answer(town: Town, kind: str) -> None:
    if kind:
        town.slack.fail(kind, "chat.postMessage")
    found = _slack(town)
    assert (found.state, town.slack.posted()) == ("ok", [])
    (sent,) = town.slack.sent("POST", "chat.postMessage")
    assert KEY[:16] in json.dumps(sent.form)
    assert len(town.slack.sent("POST", "chat.delete")) == 1


def test_a_message_that_can_not_be_deleted_is_named_with_its_place(town: Town) -> None:
    town.slack.fail("refuse", "chat.delete", times=9)
    found = _slack(town)
    (left,) = town.slack.posted()
    assert found.state == "fail" and f"p{left['ts'].replace('.', '')}" in found.message
    assert len(town.slack.sent("POST", "chat.delete")) == 3  # what is the same done twice is tried again


def test_a_message_that_may_stand_is_said_where_nothing_can_be_read(town: Town) -> None:
    town.slack.fail("lose", "chat.postMessage")
    town.slack.fail("refuse", "conversations.history", times=9)
    found = _slack(town)
    assert found.state == "fail" and CHANNEL in found.message and "not known" in found.message
    assert "Look in the channel" in found.mend


def test_a_post_that_is_refused_writes_nothing(town: Town) -> None:
    town.slack.rooms[CHANNEL].archived = True
    found = _slack(town)
    assert (found.state, town.slack.posted(), town.slack.sent("POST", "chat.delete")) == ("fail", [], [])
    assert "archived" in found.message + found.mend


# --- the tracker


@pytest.mark.parametrize("kind", ["", "lose", "html", "truncate", "fail"])
def test_the_trial_issue_is_made_and_deleted_whatever_becomes_of_the_answer(town: Town, kind: str) -> None:
    town.jira.rights.add("DELETE_ISSUES")
    if kind:
        town.jira.fail(kind, r"/issue$", method="POST")
    found = _jira(town)
    assert (found.state, town.jira.issues) == ("ok", [])
    (sent,) = town.jira.sent("POST", r"/issue$")
    assert sent.json["fields"]["labels"] == ["groundswell-doctor", f"groundswell-op-{KEY[:16]}"]


@pytest.mark.parametrize("kind", ["lose", "fail"])
def test_an_issue_that_is_gone_is_gone_though_nobody_said_so(town: Town, kind: str) -> None:
    town.jira.rights.add("DELETE_ISSUES")
    town.jira.fail(kind, r"/issue/", method="DELETE")
    assert (_jira(town).state, town.jira.issues) == ("ok", [])


def test_without_the_right_to_delete_the_issue_is_labelled_and_named(town: Town) -> None:
    found = _jira(town)
    (left,) = town.jira.issues
    assert found.state == "warn" and f"{town.jira.url}/browse/{left.key}" in found.message
    assert {"groundswell-doctor", "groundswell-withdrawn"} <= set(left.labels)


def test_an_issue_that_can_be_neither_deleted_nor_labelled_is_a_fault_with_its_place(town: Town) -> None:
    town.jira.rights.discard("EDIT_ISSUES")
    found = _jira(town)
    assert found.state == "fail" and f"/browse/{town.jira.issues[0].key}" in found.message


def test_an_issue_that_may_be_there_is_said_with_what_finds_it(town: Town) -> None:
    town.jira.fail("refuse", r"/issue$", method="POST")  # nothing was made, and nobody can know
    found = _jira(town)
    assert found.state == "fail" and f'labels = "groundswell-op-{KEY[:16]}"' in found.mend


# --- the sources


def _zendesk(town: Town) -> Proven:
    return Zendesk(subdomain="acme", token=town.zendesk.token, email=town.zendesk.email, base_url=town.zendesk.url,
                   now=lambda: NOW)  # fmt: skip


def _intercom(town: Town) -> Proven:
    return Intercom(token=town.intercom.token, base_url=town.intercom.url, now=lambda: NOW)


def _filled(town: Town) -> None:
    yesterday = NOW - timedelta(days=1)
    ann = town.zendesk.add_user("Ann", "ann@acme.example")
    bob = town.intercom.add_contact("bob@globex.example", "Bob")
    for n in range(3):
        town.zendesk.add_ticket(ann, "Export", f"It hangs, part {n}.", at=yesterday)
        town.intercom.add_conversation(f"Where is invoice {n}?", bob, at=int(yesterday.timestamp()))


@pytest.mark.parametrize("source", [_zendesk, _intercom])
def test_a_page_of_a_source_is_told_with_how_many_and_the_latest(town: Town, source: Callable[[Town], Proven]) -> None:
    (nothing, *_) = source(town).prove(KEY)
    assert (nothing.state, "None of" in nothing.message) == ("warn", True)
    _filled(town)
    found, *more = source(town).prove(KEY)
    assert (found.state, more) == ("ok", [])
    assert "3 tickets, the latest change of" in found.message
    wrote = [r for s in (town.zendesk, town.intercom) for r in s.requests if r.method not in ("GET", "POST")]
    assert source(town).writes == "" and not wrote


def test_what_a_page_holds_and_can_not_be_taken_is_a_warning(town: Town) -> None:
    _filled(town)
    next(iter(town.zendesk.tickets.values()))["created_at"] = "yesterday"
    odd = next(iter(town.intercom.conversations))
    town.intercom.conversations[odd].update(source=None, conversation_parts=None)
    for source, where in ((_zendesk, "Zendesk ticket"), (_intercom, f"conversation {odd}")):
        (found,) = source(town).prove(KEY)
        assert found.state == "warn" and "2 tickets" in found.message and f"1 not taken ({where}" in found.message
        assert "groundswell capture" in found.mend


@pytest.mark.parametrize("answer", [Answer(401, {}), Answer(403, {}), Answer(200, b"<html>Sign in</html>")])
def test_a_source_that_can_not_be_read_is_a_finding_and_no_crash(town: Town, answer: Answer) -> None:
    for server in (town.zendesk, town.intercom):
        server.answer = lambda _: answer  # type: ignore[method-assign, assignment]
    for source in (_zendesk(town), _intercom(town)):
        assert [f.state for f in source.prove(KEY)] == ["fail"]


# --- the command


def _doctor(folder: Path, *args: str) -> tuple[int, list[dict[str, Any]], str]:
    done = groundswell("doctor", "--live", "--json", *args, cwd=folder)
    return done.returncode, (json.loads(done.stdout)["data"] or {"findings": []})["findings"], done.stderr


def test_nothing_is_written_unless_it_is_meant_and_then_nothing_stays(town: Town, tmp_path: Path) -> None:
    _filled(town)
    town.jira.rights.add("DELETE_ISSUES")
    town.config(tmp_path)
    status, _, said = _doctor(tmp_path)
    assert status == 2 and f"posts a message in {CHANNEL} and deletes it; makes an issue" in said
    assert town.slack.requests == town.jira.requests == town.zendesk.requests == []
    town.intercom.scopes.discard("conversations")
    status, found, said = _doctor(tmp_path, "--yes", "zendesk", "intercom", "slack", "jira")
    live = {f["name"]: f["state"] for f in found if f["name"].endswith(" live")}
    assert (status, live) == (4, {"zendesk live": "ok", "slack live": "ok", "jira live": "ok", "intercom live": "skip"})
    assert f"posts a message in {CHANNEL} and deletes it" in said
    assert (town.slack.posted(), town.jira.issues) == ([], [])


def test_of_sources_alone_nothing_is_asked_since_nothing_is_written(town: Town, tmp_path: Path) -> None:
    config = load(town.config(tmp_path), {})
    assert set(agreed_on(config, ("zendesk", "intercom"), yes=False, as_json=True)) == {"zendesk", "intercom"}
    with pytest.raises(Exit):
        agreed_on(config, ("jira",), yes=False, as_json=True)
