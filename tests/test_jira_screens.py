"""What a project asks for, by the names that people use: looked up once, named before anything is sent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from bot.acts import Draft
from bot.domain import Kind, Severity
from bot.ports import Refused
from connectors.jira import Jira, adf, screens
from tests.contract.sinks import draft_of
from tests.servers.jira import Issue, JiraServer
from tests.test_jira import jira

META = r"/createmeta/"
TEAM: dict[str, Any] = {
    "name": "Team",
    "required": True,
    "schema": {"type": "option"},
    "allowedValues": [{"id": "1", "value": "Support"}, {"id": "2", "value": "Billing"}],
}


@pytest.fixture
def server() -> Iterator[JiraServer]:
    with JiraServer() as server:
        assert isinstance(server, JiraServer)
        yield server


def made(server: JiraServer, draft: Draft | None = None, sink: Jira | None = None, **settings: Any) -> Issue:
    sink = sink or jira(server, **settings)
    sink.do(sink.plan(draft or draft_of())[0])
    return server.issues[-1]


# --- priorities


def test_a_severity_becomes_the_priority_at_its_place_in_the_sites_own_order(server: JiraServer) -> None:
    assert made(server).fields["priority"] == {"id": "2"}  # P1 of five
    names = ["Blocker", "Major", "Minor"]
    server.screen["priority"]["allowedValues"] = [{"id": str(70 + n), "name": name} for n, name in enumerate(names)]
    screen = screens.read(jira(server)._wire, "BILL", "Bug", {"10004": "Bug"})
    assert [screens.priority(screen, s, {}) for s in Severity] == ["70", "70", "71", "71", "72"]


def test_a_configured_priority_goes_by_its_id_and_one_that_is_not_there_is_named(server: JiraServer) -> None:
    assert made(server, priorities={Severity.P1: "lowest"}).fields["priority"] == {"id": "5"}
    assert "priority" not in made(server, priorities={Severity.P0: "1"}).fields, "nothing is said of P1"
    assert "priority" not in made(server, priorities=None).fields
    with pytest.raises(Refused, match="no Priority “Urgent”; it has Highest, High"):
        made(server, priorities={Severity.P1: "Urgent"})
    assert len(server.issues) == 3


def test_without_a_priority_field_a_label_says_how_severe_it_is(server: JiraServer) -> None:
    del server.screen["priority"]
    assert "groundswell-sev-p1" in made(server).labels
    assert not [label for label in made(server, priorities=None).labels if "sev" in label]


# --- required fields


def test_a_missing_field_is_named_before_anything_is_sent(server: JiraServer) -> None:
    server.screen["customfield_7"] = TEAM
    server.screen["components"]["required"] = True
    sink = jira(server)
    for send in (sink.mark, sink.do):
        with pytest.raises(Refused) as refused:
            send(sink.plan(draft_of())[0])
        assert str(refused.value) == (
            "BILL requires Components and Team for Bug: give it with "
            'approve --field "Components=..." --field "Team=...", in Edit, or under jira.fields.'
        )
    assert server.sent("POST", "/issue$") == []


def test_a_field_is_given_by_its_name_in_the_settings_and_over_those_with_the_approval(server: JiraServer) -> None:
    server.screen["customfield_7"] = TEAM
    told = {"team": "support", "component": "Payments"}
    assert made(server, fields=told).fields["customfield_7"] == {"id": "1"}
    issue = made(server, draft_of(fields={"customfield_7": "Billing"}), fields=told)
    assert issue.fields["customfield_7"] == {"id": "2"} and issue.fields["components"] == [{"id": "20001"}]


def test_what_a_person_must_give_can_be_asked_for(server: JiraServer) -> None:
    server.screen["customfield_7"] = TEAM
    server.screen["customfield_8"] = {"name": "Area", "required": True}
    (team,) = jira(server, fields={"Area": "x"}).form(Kind.BUG)
    assert (team.name, team.key, team.required, team.kind) == ("Team", "customfield_7", True, "option")
    assert team.options == ("Support", "Billing")
    assert [f.name for f in jira(server).form()] == ["Team", "Area"], "each once, whatever the type"


def test_who_can_not_wait_is_told_what_is_known_and_after_a_refusal_it_is(server: JiraServer) -> None:
    server.screen["customfield_7"] = TEAM
    sink = jira(server)
    assert sink.form(wait=False) == [] and server.requests == []
    with pytest.raises(Refused):
        sink.mark(sink.plan(draft_of())[0])
    server.requests.clear()
    assert [f.name for f in sink.form(wait=False)] == ["Team"] and server.requests == []


@pytest.mark.parametrize(
    ("meta", "value", "sent"),
    [
        (TEAM, "billing", {"id": "2"}),
        (TEAM, "2", {"id": "2"}),
        (TEAM, {"value": "Support"}, {"value": "Support"}),
        ({**TEAM, "schema": {"type": "array", "items": "option"}}, "Billing, Support", [{"id": "2"}, {"id": "1"}]),
        ({"schema": {"type": "array", "items": "string"}}, ["a, b", "c"], ["a, b", "c"]),
        ({"schema": {"type": "number"}}, "4", 4),
        ({"schema": {"type": "number"}}, 0.5, 0.5),
        ({"schema": {"type": "date"}}, "2026-11-30", "2026-11-30"),
        ({"schema": {"type": "string", "custom": "com.atlassian:textfield"}}, "[x|javascript:1]", "[x|javascript:1]"),
        (
            {"schema": {"type": "string", "custom": "com.atlassian:textarea"}},
            "{code}",
            adf.document([adf.paragraph(adf.text("{code}"))]),
        ),
    ],
)
def test_a_value_is_what_its_field_takes(meta: Any, value: Any, sent: Any) -> None:
    screen = screens.Screen("BILL", "Bug", {"customfield_7": {"name": "Team", **meta}})
    assert screens.given(screen, {"Team": value}) == {"customfield_7": sent}


@pytest.mark.parametrize(
    ("schema", "value", "why"),
    [
        ({"type": "user"}, "Dana", "Team can't be given as text .*user.*make it optional"),
        ({"type": "array", "items": "user"}, "Dana", "can't be given as text"),
        ({"type": "option-with-child"}, "a", "can't be given as text"),
        ({"type": "number"}, "nan", "is a number, not “nan”"),
        ({"type": "date"}, "soon", "is a date like 2026-11-30"),
    ],
)
def test_a_value_that_no_text_can_be_is_refused_with_the_reason(schema: Any, value: str, why: str) -> None:
    screen = screens.Screen("BILL", "Bug", {"customfield_7": {"name": "Team", "schema": schema}})
    with pytest.raises(Refused, match=why):
        screens.given(screen, {"Team": value})


@pytest.mark.parametrize(
    ("name", "why"), [("Teem", "no field “Teem” on the create screen of Bug"), ("Team", "2 fields called “Team”")]
)
def test_a_name_that_is_nobodys_or_twos_is_refused(name: str, why: str) -> None:
    screen = screens.Screen("BILL", "Bug", {"customfield_7": TEAM, "customfield_8": TEAM})
    with pytest.raises(Refused, match=why):
        screens.given(screen, {name: "x"})


# --- asked once a day


def test_the_screen_is_asked_for_once_a_day_and_again_when_jira_refused_what_it_allows(server: JiraServer) -> None:
    sink = jira(server)
    for _ in range(3):
        made(server, sink=sink)
    assert len(server.sent("GET", META)) == 2, "the types, and the fields of one"
    server.screen["customfield_7"] = dict(TEAM)  # an administrator requires it from now on
    with pytest.raises(Refused, match="customfield_7: Team is required"):
        made(server, sink=sink)
    with pytest.raises(Refused, match="BILL requires Team for Bug"):
        made(server, sink=sink)
    server.screen["customfield_7"]["required"] = False  # and makes it optional again: nobody waits for a day to pass
    made(server, sink=sink)
    server.requests.clear()
    now = [0.0]
    kept = screens.Screens(sink._wire, "BILL", lambda: now[0])
    for now[0] in (0.0, 86_000.0, 87_000.0):
        kept.of("Bug")
    assert len(server.sent("GET", META)) == 4
