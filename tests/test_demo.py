"""The bundled months against their gold: the planted themes come out, with the severity a person would give."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.runs import DEMO, data, demo, faults

GOLD: dict[str, Any] = json.loads((DEMO / "gold.json").read_text(encoding="utf-8"))
MONTHS = sorted(GOLD)


def _found(month: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """(planted, found) pairs that share more than half of their tickets."""
    told = data(demo(month))
    pairs = []
    for planted in GOLD[month]["themes"]:
        want = set(planted["ticket_ids"])
        best = max(told["themes"], key=lambda t: len(want & set(t["ticket_ids"])))
        got = set(best["ticket_ids"])
        if len(want & got) > 0.5 * len(want | got):
            pairs.append((planted, best))
    return pairs


def _level(severity: str) -> int:
    return int(severity[1])


def _errors(month: str, constant: str | None = None) -> list[int]:
    """How many levels each planted theme's severity is off, as computed or if all had the same one."""
    items = {i["theme_id"]: constant or i["severity"] for i in data(demo(month))["backlog_items"]}
    return [abs(_level(items[t["id"]]) - _level(planted["severity"])) for planted, t in _found(month)]


@pytest.mark.parametrize("month", MONTHS)
def test_every_planted_theme_is_found_and_nothing_else(month: str) -> None:
    assert len(_found(month)) == len(GOLD[month]["themes"]) == len(data(demo(month))["themes"])


@pytest.mark.parametrize("month", MONTHS)
def test_counts_are_within_a_fifth_of_the_gold(month: str) -> None:
    for planted, found in _found(month):
        for what in ("ticket_count", "customer_count"):
            assert abs(found[what] - planted[what]) <= max(1, 0.2 * planted[what]), (planted["name"], what)


@pytest.mark.parametrize("month", MONTHS)
def test_severity_is_within_one_level_everywhere_and_exact_for_most(month: str) -> None:
    errors = _errors(month)
    assert max(errors) <= 1
    assert errors.count(0) > len(errors) / 2


@pytest.mark.parametrize("constant", ["P0", "P1", "P2", "P3", "P4"])
def test_a_constant_severity_would_fail(constant: str) -> None:
    errors = [e for month in MONTHS for e in _errors(month, constant)]
    assert max(errors) > 1 or errors.count(0) <= len(errors) / 2


@pytest.mark.parametrize("month", MONTHS)
def test_customers_are_put_together_as_planted(month: str) -> None:
    made = demo(month)
    who: dict[str, set[str]] = {}
    for ticket in made.reading.tickets:
        who.setdefault(made.reading.customers[ticket.id].id, set()).add(GOLD[month]["customers"][ticket.key])
    assert all(len(names) == 1 for names in who.values())
    assert len(who) == len({GOLD[month]["customers"][t.key] for t in made.reading.tickets})


@pytest.mark.parametrize("month", MONTHS)
def test_what_nobody_wrote_on_purpose_is_removed_and_nothing_else(month: str) -> None:
    assert sorted(r["ticket_id"] for r in data(demo(month))["removed"]) == GOLD[month]["removed"]


@pytest.mark.parametrize("month", MONTHS)
def test_the_digest_says_what_the_tickets_say(month: str) -> None:
    assert faults(demo(month)) == []


def test_loud_customers_make_anecdotes_not_themes() -> None:
    details = {x["detail"] for x in data(demo())["not_a_theme"] if x["reason"] == "anecdote"}
    assert any(re.match(r"6 tickets, 1 customer: (?i:.*rate limit)", d) for d in details)
    assert any(re.match(r"5 tickets, 1 customer: .*projection", d) for d in details)


def test_the_two_export_problems_stay_apart() -> None:
    names = [t["name"] for t in data(demo())["themes"]]
    assert sum("CSV" in name for name in names) == 2


@pytest.mark.parametrize("month", MONTHS)
def test_no_personal_data_of_the_demo_gets_into_the_document(month: str) -> None:
    told = json.dumps(data(demo(month)))
    for private in ("4111 1111", "DE89 3704", "203.0.113", "@", "+44 20 7946", "c0ffee"):
        assert private not in told


def test_titles_and_stories_are_well_formed() -> None:
    for item in data(demo())["backlog_items"]:
        assert 2 <= len(item["title"].split()) < 10
        assert item["title"].split()[0] in {"Fix", "Add", "Support", "Explain", "Clarify"}
        assert re.fullmatch(r"As an? \S.* I want .+ so that .+\.", item["user_story"])
