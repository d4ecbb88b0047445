"""`groundswell customers`: whom a digest counts, on what grounds, and nobody's address."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.runs import jsonl
from tests.test_cli import groundswell

_TOPICS = ("The CSV export hangs at 90 percent.", "Login fails with SSO.", "Where is my invoice?")


def _row(n: int, mail: str, company: str | None) -> dict[str, Any]:
    told = {"id": str(n), "subject": "", "body": f"{_TOPICS[n % 3]} ({n})", "created_at": "2026-10-05T10:00:00Z"}
    return {**told, "requester_email": mail, "company": company}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A run over a file: Acme by name, alias and domain; two people with private mail; an agent of ours."""
    rows = [
        _row(1, "ann.secret@acme.com", "Acme Foods Ltd"),
        _row(2, "ben.secret@acme.com", "ACME FOODS"),
        _row(3, "cleo.secret@acme.com", None),
        _row(4, "dora.secret@gmail.com", None),
        _row(5, "dora.secret+x@gmail.com", None),
        _row(6, "emil.secret@gmail.com", None),
        _row(7, "agent.secret@ours.example", None),
        _row(8, "fay.secret@globex.com", "Globex"),
        _row(9, "gus.secret@acmemedia.com", "Acme Media"),
    ]
    (tmp_path / "config.yaml").write_text('customers: {internal_domains: ["ours.example"]}\n', encoding="utf-8")
    done = groundswell("run", "--tickets", jsonl(tmp_path / "tickets.jsonl", rows), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    return tmp_path


def test_explain_tells_who_was_joined_on_what_ground_and_shows_no_address(home: Path) -> None:
    done = groundswell("customers", "explain", "acme foods", cwd=home)
    assert done.returncode == 0, done.stderr
    assert "3 tickets" in done.stdout
    assert "name         acmefoods" in done.stdout
    assert "domain       acme.com" in done.stdout
    assert done.stdout.count("a person at acme.com") == 3
    assert "secret" not in done.stdout
    told = json.loads(groundswell("customers", "explain", "Acme Foods", "--json", cwd=home).stdout)["data"]
    assert told["ticket_ids"] == ["file:1", "file:2", "file:3"]
    assert [(j["ground"], j["tickets"]) for j in told["joins"]] == [("name", 2), ("domain", 3)]
    by_domain_alone = [r for r in told["requesters"] if r["joined_on"] == ["domain acme.com"]]
    assert len(told["requesters"]) == 3 and len(by_domain_alone) == 1
    assert "secret" not in json.dumps(told)
    assert not any("@" in str(v) for r in told["requesters"] for v in r.values())


def test_list_has_every_customer_once_with_its_tickets(home: Path) -> None:
    told = json.loads(groundswell("customers", "list", "--json", cwd=home).stdout)["data"]["customers"]
    counted = sorted((c["name"], c["tickets"], c["identified"]) for c in told)
    people = [row for row in counted if row[0].startswith("a person")]
    assert [row for row in counted if row not in people] == [
        ("Acme Foods Ltd", 3, True),
        ("Acme Media", 1, True),
        ("Globex", 1, True),
        ("our own staff", 1, False),
    ]
    assert [row[1] for row in people] == [1, 2]
    assert sum(c["tickets"] for c in told) == 9
    shown = groundswell("customers", "list", cwd=home).stdout
    assert shown.startswith("6 customers of run ")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Globx", "Did you mean Globex?"),
        ("nothing like it", "customers list"),
        ("acme", "2 customers are called so"),
    ],
)
def test_a_name_that_names_nobody_or_several_says_what_to_do(home: Path, name: str, said: str) -> None:
    done = groundswell("customers", "explain", name, cwd=home)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stdout == ""


def test_a_customer_is_found_by_id_and_in_a_named_run(home: Path) -> None:
    told = json.loads(groundswell("customers", "list", "--json", cwd=home).stdout)["data"]
    key = told["of"].removeprefix("run ")
    media = next(c["id"] for c in told["customers"] if c["name"] == "Acme Media")
    done = groundswell("customers", "explain", media, "--run", key, cwd=home)
    assert done.returncode == 0
    assert "file:9" in done.stdout
    absent = groundswell("customers", "explain", media, "--run", "manual:0", cwd=home)
    assert absent.returncode == 2
    assert "groundswell history" in absent.stderr


def test_without_any_ticket_it_says_how_to_begin(tmp_path: Path) -> None:
    done = groundswell("customers", "list", cwd=tmp_path)
    assert done.returncode == 2
    assert "groundswell sync" in done.stderr
