"""What `check` finds of a Jira project, and the mend for each fault."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bot.domain import Kind, Severity
from tests.servers.jira import JiraServer
from tests.test_jira import jira


@pytest.fixture
def server() -> Iterator[JiraServer]:
    with JiraServer() as server:
        assert isinstance(server, JiraServer)
        yield server


def test_a_project_in_order_is_ok_and_says_who_is_signed_in(server: JiraServer) -> None:
    found = jira(server, priorities={Severity.P0: "Highest", Severity.P1: "2"}, components=["Payments"]).check()
    assert {f.state for f in found} == {"ok"}
    assert "groundswell-bot" in found[0].message and "BILL" in found[-1].message


def test_it_is_said_which_priority_each_severity_gets(server: JiraServer) -> None:
    assert "P0 is Highest, P1 is High, P2 is Medium" in jira(server).check()[-1].message
    assert "P0 is" not in jira(server, priorities=None).check()[-1].message


def test_a_workflow_without_the_status_of_triage_is_a_warning_with_those_it_has(server: JiraServer) -> None:
    del server.workflow["To triage"]
    (warned,) = [f for f in jira(server).check() if f.state == "warn"]
    assert "Bug and Story and Task in BILL have no status 'To triage'" in warned.message
    assert "Set jira.status to one of To Do, In Progress, Done, Won't Do, or off" in warned.mend
    assert "warn" not in {f.state for f in jira(server, status=None).check()}


def without(right: str) -> Callable[[JiraServer], None]:
    return lambda server: server.rights.discard(right)


def on_screen(name: str, meta: dict[str, Any] | None) -> Callable[[JiraServer], None]:
    def change(server: JiraServer) -> None:
        if meta is None:
            del server.screen[name]
        else:
            server.screen[name] = meta

    return change


def server_edition(server: JiraServer) -> None:
    server.deployment = "Server"


def no_tasks(server: JiraServer) -> None:
    del server.types["10002"]


def nothing(server: JiraServer) -> None:
    return None


FAULTS: list[tuple[Callable[[JiraServer], None], dict[str, Any], str, str]] = [
    (nothing, {"token": "wrong"}, "sign-in", "Make a new one"),
    (nothing, {"project": "NOPE"}, "NOPE can't be seen", r"jira\.project"),
    (without("BROWSE_PROJECTS"), {}, "can't be seen", "browse"),
    (without("CREATE_ISSUES"), {}, "may not create issues in BILL", "give it CREATE_ISSUES"),
    (server_edition, {}, "Jira Server", "Cloud"),
    (no_tasks, {}, "no issue type 'Task'; it has Bug, Story", r"jira\.issue_types"),
    (nothing, {"issue_types": {Kind.BUG: "Defect"}}, "no issue type 'Defect'", r"jira\.issue_types"),
    (on_screen("labels", None), {}, "'labels' is not on the create screen", "Add 'labels'"),
    (nothing, {"priorities": {Severity.P0: "Urgent"}}, "no Priority “Urgent”; it has Highest", r"jira\.priorities"),
    (
        on_screen("customfield_10042", {"name": "Team", "required": True}),
        {},
        r"requires 'Team' \(customfield_10042\)",
        r"jira\.fields \(customfield_10042",
    ),
    (nothing, {"fields": {"customfield_1": "x"}}, "no field “customfield_1” on the create screen", "leave it out"),
    (nothing, {"fields": {"component": "Rockets"}}, "no Components “Rockets”; it has Payments", "Mend jira.fields"),
]


@pytest.mark.parametrize(("spoil", "settings", "message", "mend"), FAULTS)
def test_each_fault_is_named_with_its_mend(
    server: JiraServer, spoil: Callable[[JiraServer], None], settings: dict[str, Any], message: str, mend: str
) -> None:
    spoil(server)
    failed = [f for f in jira(server, **settings).check() if f.state == "fail"]
    assert {f.name for f in failed} == {"jira"}
    assert any(re.search(message, f.message) and re.search(mend, f.mend) for f in failed), failed


def test_a_required_field_with_a_default_or_a_configured_value_is_none(server: JiraServer) -> None:
    server.screen["customfield_1"] = {"name": "Team", "required": True, "hasDefaultValue": True}
    server.screen["customfield_2"] = {"name": "Area", "required": True}
    found = jira(server, fields={"customfield_2": {"value": "x"}}).check()
    assert {f.state for f in found} == {"ok"}


def test_what_a_draft_can_do_without_is_a_warning(server: JiraServer) -> None:
    server.rights -= {"LINK_ISSUES", "EDIT_ISSUES", "CREATE_ATTACHMENTS", "ADD_COMMENTS", "TRANSITION_ISSUES"}
    del server.screen["priority"]
    warned = [f for f in jira(server).check() if f.state == "warn"]
    assert len([f for f in warned if re.search("_(ISSUES|ATTACHMENTS|COMMENTS)", f.message)]) == 5
    assert "groundswell-sev-p1" in warned[-1].message and all(f.mend for f in warned)
    assert "ok" in {f.state for f in jira(server).check()}


def test_all_pages_of_the_create_screen_are_read(server: JiraServer) -> None:
    for n in range(450):
        server.screen[f"customfield_{n}"] = {"name": f"Field {n}"}
    server.screen["customfield_last"] = {"name": "Last", "required": True}
    assert any("customfield_last" in f.message for f in jira(server).check())
