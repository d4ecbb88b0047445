"""The Jira sink against Atlassian's own description of REST v3, served by Prism: is each request what it asks for?

Prism keeps no state and checks less than Jira does (VENDORS 4.4), so this says that paths, parameters and bodies are
those of the description; what Jira does with them is the stand-in's part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from bot.acts import Absent, Act, Finding, Sighting
from bot.domain import Kind
from bot.ports import Refused
from connectors.jira import Jira, comment, moves
from tests.contract.sinks import draft_of

HINT = {"project": "EX", "above": 0, "at": "2026-11-02T09:14:00+00:00"}


@pytest.fixture
def jira(rig: dict[str, str]) -> Jira:
    """The description's example project requires an assignee."""
    given = {"assignee": {"accountId": "5b10a2844c20165700ede21g"}}
    return Jira(site=rig["jira"], email="a@b.c", token="t", project="ED", timeout=20, settle=0, fields=given)


def test_a_create_with_fields_and_property_is_taken_and_its_key_read(jira: Jira) -> None:
    made = jira.do(jira.plan(draft_of())[0])
    assert made.ref == "ED-24"  # the description's example
    assert made.url and made.url.endswith("/browse/ED-24")


def test_a_remote_link_and_a_change_of_labels_are_taken(jira: Jira, rig: dict[str, str]) -> None:
    draft = draft_of()
    first, link = jira.plan(draft)[:2]
    made = jira.do(first)
    assert jira.do(replace(link, parent=made.ref)).ref == "ED-24#10000"
    assert jira.do(jira.withdrawal(draft, made)[0]).ref == "ED-24"


def test_a_table_of_tickets_is_taken_as_a_file(jira: Jira) -> None:
    """By a description of which this one fault is mended (tests.contract.mended)."""
    table = next(a for a in jira.plan(draft_of()) if a.kind == "jira.evidence")
    made = jira._wire.attach("issue/ED-24/attachments", str(table.payload["name"]), b"ticket,link\n")
    assert made.data[0]["id"], "the description's example"
    unnamed = jira._wire._exchange(
        "POST", "issue/ED-24/attachments", None, None, {"other": ("a.csv", b"x", "text/csv")}
    )
    assert getattr(unnamed, "status_code", None) == 422, "so that this can fail"


def test_a_move_is_offered_and_taken(jira: Jira) -> None:
    steps = moves._steps(jira._wire, "ED-24")
    assert [(s["id"], s["to"]["name"]) for s in steps] == [("2", "In Progress"), ("711", "Closed")]
    jira._wire.write("POST", "issue/ED-24/transitions", {"transition": {"id": steps[0]["id"]}})


def test_what_exists_is_asked_by_words_and_by_key(jira: Jira) -> None:
    """The examples' issue has a key and few fields: it is read, and is nobody's."""
    found = jira.similar(["export", "csv"])
    assert [i.key for i in found] == ["ED-1"] and found[0].url.endswith("/browse/ED-1")
    assert {i.key for i in jira.issues(["EX-1", "EX-2"])} <= {"EX-1", "EX-2"}


def test_a_comment_with_a_property_is_taken_read_back_and_changed(jira: Jira) -> None:
    """Prism checks each body against the description's Comment."""
    made, *links = jira.attach(draft_of(), "ED-24", 1)
    assert jira.mark(made)["at"]
    where = jira.do(made)
    assert where.ref.startswith("ED-24#") and where.ref.partition("#")[2].isdecimal()
    assert comment._property(jira._wire, "10000") == {}, "the example's property is another's"
    assert jira.do(replace(jira.renew(draft_of(), made, 2)[0], parent=where.ref)) == where
    assert jira.do(replace(links[0], parent=where.ref)).ref == "ED-24#10000"
    assert isinstance(jira.find(made, {"at": HINT["at"]}), Absent), "the examples' comments are not ours"


def test_what_the_example_project_requires_is_named(rig: dict[str, str]) -> None:
    bare = Jira(
        site=rig["jira"], email="a@b.c", token="t", project="ED", timeout=20, issue_types=dict.fromkeys(Kind, "Bug")
    )
    assert [(f.name, f.key, f.required) for f in bare.form()] == [("Assignee", "assignee", True)]
    with pytest.raises(Refused, match="ED requires Assignee for Bug"):
        bare.mark(bare.plan(draft_of())[0])


def test_the_mark_the_looks_and_the_twins_are_read(jira: Jira) -> None:
    act = jira.plan(draft_of())[0]
    hint = jira.mark(act)
    assert set(hint) == {"project", "above", "at"}
    seen: Sighting = jira.find(act, HINT)
    assert not hasattr(seen, "receipt"), "the examples are nobody's drafts"
    assert list(jira.twins(act)) == []


def test_what_hangs_on_an_issue_is_looked_up_on_it(jira: Jira) -> None:
    draft = draft_of()
    first, link = jira.plan(draft)[:2]
    made = jira.do(first)
    table = next(a for a in jira.plan(draft) if a.kind == "jira.evidence")
    acts: list[Act] = [replace(link, parent=made.ref), replace(table, parent=made.ref), jira.withdrawal(draft, made)[0]]
    hints = [jira.mark(act) for act in acts]
    seen = [jira.find(act, hint) for act, hint in zip(acts, hints, strict=True)]
    assert [type(s).__name__ for s in seen] == ["Absent", "Absent", "Absent"]


def test_check_reads_every_page_it_names(jira: Jira) -> None:
    """The examples are of a project called EX, that requires an assignee, and name one right: faults."""
    found: Sequence[Finding] = jira.check()
    assert found[0].state == "ok" and "Signed in" in found[0].message
    said = " ".join(f.message for f in found)
    assert "EX" in said and "CREATE_ISSUES" in said


@pytest.mark.parametrize(
    "spoil",
    [
        lambda payload: {**payload, "object": {"url": "https://acme.example/1"}},
        lambda payload: {**payload, "object": None},
    ],
)
def test_prism_refuses_what_the_description_does(jira: Jira, spoil: Any) -> None:
    """So that the tests above can fail."""
    link = jira.plan(draft_of())[1]
    with pytest.raises(Refused):
        jira.do(replace(link, parent="ED-24", payload=spoil(link.payload)))
