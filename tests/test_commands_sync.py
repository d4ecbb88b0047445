"""`groundswell sync`, `run`, `doctor` on the stand-ins: what is read, what is told, and the status of each fault."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.servers.town import Town
from tests.test_cli import groundswell

LAST = (datetime.now(UTC).replace(day=1) - timedelta(days=1)).replace(hour=9, minute=0, second=0, microsecond=0)


@pytest.fixture
def town() -> Iterator[Town]:
    """A few tickets of last month in both help desks."""
    with Town() as made:
        acme = made.zendesk.add_organization("Acme Foods", "acme.example")
        ann = made.zendesk.add_user("Ann", "ann@acme.example", organization=acme)
        for n in range(3):
            made.zendesk.add_ticket(ann, "Export", f"The CSV export hangs, part {n}.", at=LAST + timedelta(hours=n))
        bob = made.intercom.add_contact("bob@globex.example", "Bob")
        for n in range(2):
            at = int((LAST + timedelta(hours=n)).timestamp())
            made.intercom.add_conversation(f"Where is invoice {n}?", bob, at=at)
        yield made


def _config(town: Town, folder: Path, **more: Any) -> Path:
    """Reading alone: nothing to post to."""
    path = town.config(folder, **more)
    told = {k: v for k, v in json.loads(path.read_text()).items() if k not in ("slack", "jira")}
    path.write_text(json.dumps(told))
    return path


def _changed(path: Path, source: str, **changes: Any) -> None:
    told = json.loads(path.read_text())
    told["sources"][source].update(changes)
    path.write_text(json.dumps(told))


def test_sync_tells_what_it_read_and_how_far_it_is(town: Town, tmp_path: Path) -> None:
    _config(town, tmp_path)
    done = groundswell("sync", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "zendesk: 3 tickets stored, complete up to" in done.stdout
    assert "intercom: 2 tickets stored, complete up to" in done.stdout
    assert "Read zendesk" in done.stderr and "3 new or changed" in done.stderr
    told = json.loads(groundswell("sync", "--json", cwd=tmp_path).stdout)["data"]["sources"]
    assert [(s["source"], s["tickets"], s["stored"]) for s in told] == [("zendesk", 0, 3), ("intercom", 0, 2)]


def test_one_source_alone_and_further_back(town: Town, tmp_path: Path) -> None:
    _config(town, tmp_path)
    long_ago = datetime.now(UTC) - timedelta(days=200)
    ann = next(k for k, u in town.zendesk.users.items() if u["email"] == "ann@acme.example")
    town.zendesk.add_ticket(ann, "Old", "From long ago.", at=long_ago)
    assert (
        json.loads(groundswell("sync", "--source", "zendesk", "--json", cwd=tmp_path).stdout)["data"]["sources"][0][
            "stored"
        ]
        == 3
    )
    assert town.intercom.requests == []
    day = f"{long_ago - timedelta(days=1):%Y-%m-%d}"
    done = groundswell("sync", "--source", "Zendesk", "--since", day, cwd=tmp_path)
    assert "zendesk: 4 tickets stored" in done.stdout, done.stderr


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--source", "freshdesk"), "Configured are: zendesk, intercom."),
        (("--since", "yesteryear"), "2026-10-01"),
        (("--since", "2999-01-01"), "not a day in the past"),
    ],
)
def test_what_can_not_be_meant_is_said_before_anything_is_read(
    town: Town, tmp_path: Path, args: tuple[str, str], said: str
) -> None:
    _config(town, tmp_path)
    done = groundswell("sync", *args, cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert town.zendesk.requests == town.intercom.requests == []


def test_a_conversation_that_can_not_be_read_is_told_with_its_place(town: Town, tmp_path: Path) -> None:
    _config(town, tmp_path)
    odd = next(iter(town.intercom.conversations))
    town.intercom.conversations[odd].update(source=None, conversation_parts=None)
    done = groundswell("sync", "--source", "intercom", cwd=tmp_path)
    assert done.returncode == 0
    assert f"not readable: conversation {odd}" in done.stdout


def test_a_remark_of_the_source_is_told(town: Town, tmp_path: Path) -> None:
    _config(town, tmp_path)
    town.zendesk.role = "agent"
    done = groundswell("sync", "--source", "zendesk", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "The Zendesk token is not an admin's" in done.stdout


def test_a_refused_token_is_4_and_one_of_two_6(town: Town, tmp_path: Path) -> None:
    path = _config(town, tmp_path)
    _changed(path, "zendesk", token="wrong")
    refused = groundswell("sync", "--source", "zendesk", cwd=tmp_path)
    assert refused.returncode == 4
    assert "Zendesk refused the token (401)" in refused.stderr
    assert "sources.zendesk.token" in refused.stderr
    assert "wrong" not in refused.stderr + refused.stdout
    assert re.search(r"^  ✗ Read zendesk +could not be read", refused.stderr, re.MULTILINE)
    assert "✓" not in refused.stderr and refused.stderr.count("401") == 1  # said once
    partly = groundswell("sync", cwd=tmp_path)
    assert partly.returncode == 6
    assert "intercom: 2 tickets stored" in partly.stdout
    town.intercom.scopes.discard("conversations")
    assert groundswell("sync", "--json", cwd=tmp_path).returncode == 4


@pytest.mark.parametrize(
    ("kind", "more"), [("html", {}), ("refuse", {"status": 429, "headers": {"Retry-After": "100000"}})]
)
def test_an_unreachable_desk_is_5(town: Town, tmp_path: Path, kind: str, more: dict[str, Any]) -> None:
    _config(town, tmp_path)
    town.intercom.fail(kind, times=10_000, **more)
    done = groundswell("sync", "--source", "intercom", "--json", cwd=tmp_path)
    assert done.returncode == 5, done.stderr
    assert json.loads(done.stdout)["error"]["retryable"] is True


def test_a_dry_run_asks_no_help_desk_and_tells_how_far_each_was_read(town: Town, tmp_path: Path) -> None:
    _config(town, tmp_path)
    done = groundswell("run", "last-month", "--dry-run", cwd=tmp_path)
    assert done.returncode == 0 and "read   0 tickets of " in done.stdout, done.stderr
    assert "from Zendesk (not read yet), Intercom (not read yet); a run reads on from there first" in done.stdout
    assert town.zendesk.requests == [] and town.intercom.requests == [] and not (tmp_path / "out").exists()


def test_with_one_source_down_the_digest_comes_and_says_so_first(town: Town, tmp_path: Path) -> None:
    path = _config(town, tmp_path)
    _changed(path, "zendesk", token="wrong")
    done = groundswell("run", "last-month", cwd=tmp_path)
    assert done.returncode == 6, done.stderr
    told = json.loads((tmp_path / "out" / "digest.json").read_text())["data"]
    assert told["totals"]["tickets_read"] == 2
    assert told["warnings"][0]["code"] == "source_missing"
    assert "Zendesk" in told["warnings"][0]["message"] and "401" in told["warnings"][0]["message"]
    assert "Zendesk" in done.stderr.strip().splitlines()[-1]


def test_when_nothing_may_be_read_there_is_no_digest_and_the_status_is_4(town: Town, tmp_path: Path) -> None:
    path = _config(town, tmp_path)
    _changed(path, "zendesk", token="wrong")
    _changed(path, "intercom", token="wrong")
    done = groundswell("run", "last-month", cwd=tmp_path)
    assert done.returncode == 4
    assert "401" in done.stderr
    assert not (tmp_path / "out").exists()


# --- doctor


def _doctor(folder: Path, *names: str) -> tuple[int, list[dict[str, str]]]:
    done = groundswell("doctor", *names, "--json", cwd=folder)
    return done.returncode, json.loads(done.stdout)["data"]["findings"]


def test_doctor_finds_both_help_desks_well_and_writes_nothing_there(town: Town, tmp_path: Path) -> None:
    _config(town, tmp_path)
    status, found = _doctor(tmp_path, "zendesk", "intercom")
    assert status == 0
    assert {f["state"] for f in found if f["name"] in ("zendesk", "intercom")} == {"ok"}
    assert {r.method for r in town.zendesk.requests} == {"GET"}
    assert all(r.method == "GET" or r.path.endswith("/search") for r in town.intercom.requests)


@pytest.mark.parametrize(
    ("source", "wrong", "message", "mend"),
    [
        ("zendesk", {"token": "no-such-secret"}, "refused the token (401)", "sources.zendesk.token"),
        ("zendesk", {"scope": True}, "(403)", "scope read"),
        ("zendesk", {"address": True}, "(404)", "sources.zendesk.subdomain"),
        ("intercom", {"token": "no-such-secret"}, "does not know this access token (401)", "sources.intercom.token"),
        ("intercom", {"scope": True}, "read conversations", "Developer Hub"),
        ("intercom", {"region": "eu"}, "lives in region us", "sources.intercom.region to us"),
    ],
)
def test_doctor_names_the_fault_and_its_mend(
    town: Town, tmp_path: Path, source: str, wrong: dict[str, Any], message: str, mend: str
) -> None:
    path = _config(town, tmp_path)
    if wrong.pop("scope", False):
        town.intercom.scopes.discard("conversations")
        town.zendesk.fail("refuse", status=403, times=99)
    elif wrong.pop("address", False):
        town.zendesk.fail("refuse", status=404, times=99)
    else:
        _changed(path, source, **wrong)
    status, found = _doctor(tmp_path, source)
    assert status == 4
    (fault,) = [f for f in found if f["state"] == "fail"]
    assert (fault["name"], "no-such-secret" in json.dumps(found)) == (source, False)
    assert message in fault["message"]
    assert mend in fault["mend"]
