"""The Jira sink against a stand-in: one issue or a person is asked, never two."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.acts import Absent, Act, Found, Undecided
from bot.ports import Refused, Unavailable, Unknown
from connectors.jira import Jira
from tests.contract.sinks import Place, SinkContract, draft_of, told_draft
from tests.servers.jira import EMAIL, TOKEN, JiraServer

CREATE = r"^/rest/api/3/issue$"
BY_KEY = r"/issue/bulkfetch$"
SEARCH = r"/search/jql$"


def jira(server: JiraServer, **more: Any) -> Jira:
    told: dict[str, Any] = {"site": server.url, "email": EMAIL, "token": TOKEN, "project": "BILL", "timeout": 1.0}
    return Jira(**{**told, "settle": 0.0, **more})


class JiraPlace(Place):
    writing, reading, token = CREATE, f"{BY_KEY}|{SEARCH}", TOKEN

    def __init__(self, server: JiraServer) -> None:
        self.server = self.jira = server

    def outlet(self, *, token: str | None = None, url: str | None = None) -> Jira:
        return jira(self.jira, token=token or TOKEN, site=url or self.server.url)

    def act(self) -> Act:
        return self.outlet().plan(told_draft())[0]

    def made(self) -> list[str]:
        return [issue.key for issue in self.jira.made(self.act().key)]

    def others(self, count: int) -> None:
        self.jira.foreign(count)

    def blind(self) -> None:
        self.jira.hide(self.jira.issues[-2].key)


class TestJira(SinkContract):
    @pytest.fixture
    def place(self) -> Iterator[Place]:
        with JiraServer() as server:
            assert isinstance(server, JiraServer)
            yield JiraPlace(server)


@pytest.fixture
def server() -> Iterator[JiraServer]:
    with JiraServer() as server:
        assert isinstance(server, JiraServer)
        yield server


def lost(server: JiraServer, sink: Jira) -> tuple[Act, Any]:
    """An issue was made, and its answer never came."""
    act = sink.plan(draft_of())[0]
    hint = sink.mark(act)
    server.fail("lose", path=CREATE)
    with pytest.raises(Unknown):
        sink.do(act)
    return act, hint


def unsent(server: JiraServer, sink: Jira) -> tuple[Act, Any]:
    """Nothing was made, and no answer says so."""
    act = sink.plan(draft_of())[0]
    hint = sink.mark(act)
    server.fail("drop", path=CREATE)
    with pytest.raises(Unknown):
        sink.do(act)
    return act, hint


# --- found


def test_an_issue_that_the_search_does_not_know_yet_is_found_by_its_number(server: JiraServer) -> None:
    server.index_lag = 300
    server.foreign(3)
    sink = jira(server, settle=120)
    act, hint = lost(server, sink)
    assert isinstance(sink.find(act, hint), Found)
    assert not server.sent("GET", SEARCH)[1:], "one search for the mark, none to find it"


def test_the_mark_counts_on_by_number_past_what_the_search_knows(server: JiraServer) -> None:
    server.foreign(2, later=-1_000)
    server.index_lag = 300
    server.foreign(250)
    assert jira(server).mark(jira(server).plan(draft_of())[0])["above"] == 252


def test_an_issue_whose_number_is_hidden_in_a_gap_is_found_by_its_label(server: JiraServer) -> None:
    sink = jira(server)
    act, hint = lost(server, sink)
    seen = sink.find(act, {**hint, "above": 50})  # as if the mark had been taken too high
    assert isinstance(seen, Found) and seen.receipt.ref == "BILL-1"
    assert seen.receipt.url == f"{server.url}/browse/BILL-1"


def test_an_issue_that_was_moved_to_another_project_at_once_is_found_under_its_new_key(server: JiraServer) -> None:
    sink = jira(server)
    act, hint = lost(server, sink)
    server.move("BILL-1", "PAY", 77)
    seen = sink.find(act, hint)
    assert isinstance(seen, Found) and seen.receipt.ref == "PAY-77"


def test_an_issue_whose_labels_were_edited_is_found_by_its_property(server: JiraServer) -> None:
    sink = jira(server)
    act, hint = lost(server, sink)
    server.issues[0].fields["labels"] = ["taken-on"]
    assert isinstance(sink.find(act, hint), Found)


def test_hundreds_of_issues_made_meanwhile_hide_nothing(server: JiraServer) -> None:
    sink = jira(server)
    act = sink.plan(draft_of())[0]
    hint = sink.mark(act)
    server.foreign(450)
    made = sink.do(act)
    server.index_lag = 300
    assert sink.find(act, hint) == Found(made)


# --- and not found


def test_a_clone_carries_the_label_and_is_not_taken_for_the_issue(server: JiraServer) -> None:
    sink = jira(server)
    act, hint = lost(server, sink)
    server.clone("BILL-1")
    assert sink.twins(act) == [sink.find(act, hint).receipt]  # type: ignore[union-attr]
    server.delete("BILL-1")
    seen = sink.find(act, hint)
    assert isinstance(seen, Undecided) and "BILL-2" in seen.why


def test_a_hidden_issue_is_never_taken_for_absent(server: JiraServer) -> None:
    sink = jira(server)
    act, hint = lost(server, sink)
    server.foreign(5)
    server.hide("BILL-1")
    assert isinstance(sink.find(act, hint), Undecided)


def test_a_deleted_issue_is_never_taken_for_absent(server: JiraServer) -> None:
    sink = jira(server)
    act, hint = lost(server, sink)
    server.foreign(5)
    server.delete("BILL-1")
    assert isinstance(sink.find(act, hint), Undecided)


def test_an_issue_hidden_as_the_last_one_of_a_quiet_project_is_never_taken_for_absent(server: JiraServer) -> None:
    server.foreign(5)
    sink = jira(server)
    act, hint = lost(server, sink)
    server.hide("BILL-6")
    seen = sink.find(act, hint)
    assert isinstance(seen, Undecided) and "made nothing here before" in seen.why


def test_an_issue_that_could_not_be_read_this_time_is_no_proof(server: JiraServer) -> None:
    sink = jira(server)
    act, hint = unsent(server, sink)
    server.foreign(3)
    server.broken.add("BILL-2")
    assert isinstance(sink.find(act, hint), Undecided)
    server.broken.clear()
    assert sink.find(act, hint) == Absent()


def test_the_newest_issue_of_all_that_could_not_be_read_this_time_is_no_proof(server: JiraServer) -> None:
    sink = jira(server)
    sink.do(sink.plan(draft_of(number=1))[0])
    act, hint = lost(server, sink)
    server.broken.add("BILL-2")
    server.index_lag = 300
    assert isinstance(sink.find(act, hint), Undecided)


def test_twins_on_further_pages_of_the_search_are_counted(server: JiraServer) -> None:
    sink = jira(server)
    act = sink.plan(draft_of())[0]
    made = [sink.do(act) for _ in range(3)]
    server.page = 1
    assert sink.twins(act) == made


def test_a_quiet_project_proves_absence_once_the_account_has_seen_an_issue_of_its_own(server: JiraServer) -> None:
    sink = jira(server)
    act, hint = unsent(server, sink)
    assert isinstance(sink.find(act, hint), Undecided)
    earlier = sink.do(sink.plan(draft_of(number=1))[0])
    act, hint = unsent(server, sink)
    assert sink.find(act, hint) == Absent()
    server.hide(earlier.ref)
    assert isinstance(sink.find(act, hint), Undecided)


def test_nothing_is_proven_while_the_request_may_still_be_under_way(server: JiraServer) -> None:
    sink = jira(server, settle=120)
    sink.do(sink.plan(draft_of(number=1))[0])
    act, hint = unsent(server, sink)
    server.foreign(2)
    seen = sink.find(act, hint)
    assert isinstance(seen, Undecided) and "too recently" in seen.why
    long_ago = datetime.fromisoformat(hint["at"]) - timedelta(seconds=121)
    assert sink.find(act, {**hint, "at": long_ago.isoformat()}) == Absent()


def test_a_witness_must_be_younger_than_the_request_could_be_old(server: JiraServer) -> None:
    sink = jira(server, settle=120)
    act, hint = unsent(server, sink)
    aged = {**hint, "at": (datetime.fromisoformat(hint["at"]) - timedelta(seconds=200)).isoformat()}
    server.foreign(1, later=-150)  # 50 s after the mark: ours may have been made after it
    assert isinstance(sink.find(act, aged), Undecided)
    server.foreign(1)
    assert sink.find(act, aged) == Absent()


def test_without_a_mark_nothing_is_proven(server: JiraServer) -> None:
    sink = jira(server)
    act, _ = unsent(server, sink)
    server.foreign(3)
    assert isinstance(sink.find(act, {}), Undecided)


def test_a_range_that_never_ends_is_not_read_for_ever(server: JiraServer) -> None:
    sink = jira(server)
    act, hint = unsent(server, sink)
    server.foreign(2_100)
    assert isinstance(sink.find(act, hint), Undecided)
    assert len(server.sent("POST", BY_KEY)) < 30


def test_put_again_and_again_through_every_fault_makes_one_issue_or_asks_a_person(server: JiraServer) -> None:
    """The ledger's protocol in short: send only what is new or proven absent."""
    server.foreign(2)
    faults = ["lose", "drop", "fail", "hang", "html", "truncate", "refuse"]
    for number, kind in enumerate(faults):
        sink, draft = jira(server), draft_of(generation=number + 1)
        act = sink.plan(draft)[0]
        hint: Any = sink.mark(act)
        server.fail(kind, path=CREATE, seconds=2.5)
        with pytest.raises(Unknown):
            sink.do(act)
        for _ in range(3):
            seen = jira(server).find(act, hint)
            if not isinstance(seen, Absent):
                break
            hint = sink.mark(act)
            sink.do(act)
        assert isinstance(seen, Found | Undecided)
        assert len(server.made(act.key)) == (1 if isinstance(seen, Found) else 0)


@pytest.mark.parametrize(("kind", "said"), [("refuse", "error 503"), ("html", "sign-in page"), ("hang", "in time")])
def test_an_unknown_outcome_says_what_came_instead_of_an_answer(server: JiraServer, kind: str, said: str) -> None:
    server.fail(kind, path=CREATE, seconds=2.5)
    with pytest.raises(Unknown, match=said):
        jira(server).do(jira(server).plan(draft_of())[0])


# --- what Jira says no to


def test_jiras_own_field_errors_are_told(server: JiraServer) -> None:
    sink = jira(server)
    sink.mark(sink.plan(draft_of())[0])
    server.screen["customfield_10042"] = {"name": "Team", "required": True}  # since it was asked for
    del server.screen["priority"]
    with pytest.raises(Refused, match="customfield_10042: Team is required") as refused:
        sink.do(sink.plan(draft_of())[0])
    assert "priority" in str(refused.value) and not server.issues


def test_a_project_that_is_not_there_is_refused_at_the_mark(server: JiraServer) -> None:
    sink = jira(server, project="NOPE")
    for send in (sink.mark, sink.do):
        with pytest.raises(Refused, match=r"NOPE|project"):
            send(sink.plan(draft_of())[0])


def test_no_right_to_create_is_refused(server: JiraServer) -> None:
    server.rights.discard("CREATE_ISSUES")
    with pytest.raises(Refused, match="cannot create issues"):
        jira(server).do(jira(server).plan(draft_of())[0])


def test_an_error_that_repeats_the_drafts_text_is_withheld() -> None:
    with JiraEcho() as echo:
        assert isinstance(echo, JiraEcho)
        sink = jira(echo)
        with pytest.raises(Refused) as refused:
            sink.do(sink.plan(told_draft())[0])
    assert "nightingale" not in str(refused.value) and "withheld" in str(refused.value)
    assert "priority: is invalid" in str(refused.value)
    assert "The label 'groundswell-theme-thm_01c4f1' is invalid" in str(refused.value)


class JiraEcho(JiraServer):
    """Answers with a field error that repeats what it was sent, as validators like to."""

    def _invalid(self, fields: Any) -> Iterator[tuple[str, str]]:
        yield "summary", f"The value '{fields['summary'][4:60]}' is invalid"
        yield "priority", "is invalid"
        yield "labels", f"The label '{fields['labels'][2]}' is invalid"


# --- time and addresses


def test_an_answer_that_drips_is_given_up_within_the_timeout() -> None:
    """Each piece comes in time, the whole never does: what the timeout of requests alone would wait for."""
    listener = socket.create_server(("127.0.0.1", 0))

    def drip() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65_536)
            connection.sendall(b"HTTP/1.1 201 Created\r\nContent-Length: 1000\r\n\r\n{")
            for _ in range(100):
                time.sleep(0.1)
                try:
                    connection.sendall(b" ")
                except OSError:
                    return

    threading.Thread(target=drip, daemon=True).start()
    sink = Jira(
        site=f"http://127.0.0.1:{listener.getsockname()[1]}", email=EMAIL, token=TOKEN, project="BILL", timeout=0.5
    )
    act = sink.plan(draft_of())[0]
    asked = replace(act, payload={k: v for k, v in act.payload.items() if k != "wanted"})  # nothing to look up before
    before = time.monotonic()
    with listener, pytest.raises(Unknown):
        sink.do(asked)
    assert time.monotonic() - before < 3


def test_a_handshake_that_fails_sends_nothing_and_promises_nothing_it_can_not_know(server: JiraServer) -> None:
    sink = jira(server, site=server.url.replace("http:", "https:"))
    with pytest.raises((Unavailable, Unknown), match=r"could not be trusted|broke off"):
        sink.do(sink.plan(draft_of())[0])
    assert not server.requests


@pytest.mark.parametrize("site", ["acme.atlassian.net", "ftp://acme.example", "https://me:secret@acme.example", ""])
def test_an_address_that_is_none_is_refused_without_repeating_it(site: str) -> None:
    with pytest.raises(ValueError, match=r"jira\.site") as refused:
        Jira(site=site, email=EMAIL, token=TOKEN, project="BILL")
    assert "secret" not in str(refused.value)


def test_making_one_touches_no_network(server: JiraServer) -> None:
    jira(server)
    assert not server.requests


def test_two_threads_may_use_one(server: JiraServer) -> None:
    sink = jira(server, timeout=5)
    acts = [sink.plan(draft_of(generation=n))[0] for n in range(1, 9)]
    threads = [threading.Thread(target=sink.do, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(len(server.made(act.key)) == 1 for act in acts)


# --- links and withdrawal


def test_remote_links_are_written_once_however_often_and_one_request_each(server: JiraServer) -> None:
    sink, draft = jira(server), draft_of()
    first, *rest = sink.plan(draft)
    links = [act for act in rest if act.kind == "jira.links"]
    made = sink.do(first)
    assert 10 < len(links) <= 20
    for link in (*links, *links):
        sink.do(replace(link, parent=made.ref))
    assert len(server.issues[0].links) == len(links)
    assert len(server.sent("POST", "/remotelink$")) == 2 * len(links)


def test_a_withdrawn_issue_says_so_in_its_labels_and_nothing_else_is_touched(server: JiraServer) -> None:
    sink, draft = jira(server, labels=["from-support"]), draft_of()
    made = sink.do(sink.plan(draft)[0])
    fields = dict(server.issues[0].fields)
    labelled, _ = sink.withdrawal(draft, made)
    sink.do(labelled)
    labels = server.issues[0].labels
    assert "groundswell-withdrawn" in labels and "groundswell-draft" not in labels and "from-support" in labels
    assert {**server.issues[0].fields, "labels": None} == {**fields, "labels": None}
    assert sink.twins(sink.plan(draft)[0]) == [made], "it is still found by its mark"


def test_a_withdrawal_without_the_right_to_edit_is_refused(server: JiraServer) -> None:
    sink, draft = jira(server), draft_of()
    made = sink.do(sink.plan(draft)[0])
    server.rights.discard("EDIT_ISSUES")
    with pytest.raises(Refused, match="permission to edit"):
        sink.do(sink.withdrawal(draft, made)[0])


@pytest.mark.parametrize("parent", [None, "", "BILL-1/../../user", "bill-1", "BILL-0"])
def test_an_act_on_an_issue_takes_nothing_but_a_key_into_its_address(server: JiraServer, parent: str | None) -> None:
    link = jira(server).plan(draft_of())[1]
    with pytest.raises(ValueError, match="no issue"):
        jira(server).do(replace(link, parent=parent))
    assert not server.requests
