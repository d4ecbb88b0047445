"""From two help desks to a digest: `groundswell sync && groundswell run last-month`, as a person types it.

The stand-ins hold the demo's October, moved to last month. What must come out is known: bot/demo/gold.json.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.domain import Ticket
from bot.store import Store
from tests.runs import DEMO, ROOT, data, demo
from tests.servers.town import Town, last_month
from tests.test_cli import groundswell

GOLD: dict[str, Any] = json.loads((DEMO / "gold.json").read_text(encoding="utf-8"))["2026-10"]
MONTH = last_month(datetime.now(UTC))


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """Last month in Zendesk and Intercom; nothing to post to."""
    with Town() as made:
        made.fill(MONTH)
        path = made.config(tmp_path)
        told = {k: v for k, v in json.loads(path.read_text()).items() if k not in ("slack", "jira")}
        path.write_text(json.dumps(told))
        yield made


def _gold_keys(town: Town) -> dict[str, str]:
    """A shown id -> its id in the demo's files: the Intercom stand-in gives its own, in the order of the file."""
    rows = json.loads((DEMO / "intercom-2026-10.json").read_text(encoding="utf-8"))["conversations"]
    theirs = dict(zip(town.intercom.conversations, (str(r["id"]) for r in rows), strict=False))
    return {**{str(k): str(k) for k in town.zendesk.tickets}, **theirs}


def _digest(folder: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((folder / "out" / "digest.json").read_text(encoding="utf-8"))["data"]
    return told


def _stored(folder: Path) -> list[Ticket]:
    store = Store.open(f"sqlite:///{folder / 'groundswell.db'}", workspace="Lumenboard")
    try:
        return store.tickets.between(None, None)
    finally:
        store.close()


def test_the_digest_is_what_the_planted_tickets_imply_counts_exact(town: Town, tmp_path: Path) -> None:
    assert groundswell("sync", cwd=tmp_path).returncode == 0
    done = groundswell("run", "last-month", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    told, key = _digest(tmp_path), _gold_keys(town)
    assert told["totals"]["tickets_read"] == len(GOLD["labels"])
    assert sorted(key[r["ticket_id"]] for r in told["removed"]) == GOLD["removed"]
    kept = {key[t] for t in key} - set(GOLD["removed"])
    assert told["totals"]["customers"] + told["totals"]["unidentified_customers"] == len(
        {GOLD["customers"][t] for t in kept}
    )
    assert len(told["themes"]) == len(GOLD["themes"])
    for planted in GOLD["themes"]:
        want = set(planted["ticket_ids"])
        theme = max(told["themes"], key=lambda t: len(want & {key[i] for i in t["ticket_ids"]}))
        got = {key[i] for i in theme["ticket_ids"]}
        assert len(want & got) > 0.75 * len(want | got), planted["name"]
        assert theme["ticket_count"] == len(got)
        assert theme["customer_count"] + theme["unidentified_count"] == len({GOLD["customers"][i] for i in got})
        assert theme["by_source"] == _by_source(theme["ticket_ids"], town)
    # The same tickets out of files group the same way: how they came in decides nothing.
    from_files = {frozenset(t["ticket_ids"]) for t in data(demo())["themes"]}
    assert {frozenset(key[i] for i in t["ticket_ids"]) for t in told["themes"]} == from_files
    assert groundswell("verify", cwd=tmp_path).returncode == 0


def _by_source(ids: list[str], town: Town) -> dict[str, int]:
    chats = sum(i in town.intercom.conversations for i in ids)
    counted = {"intercom": chats, "zendesk": len(ids) - chats}
    return {source: n for source, n in counted.items() if n}


def test_copies_merges_and_the_systems_own_tickets_change_no_theme(town: Town, tmp_path: Path) -> None:
    """What an integration copies and what nobody wrote is read, removed with its reason, and counted nowhere else."""
    assert groundswell("run", "last-month", cwd=tmp_path).returncode == 0
    before = _digest(tmp_path)
    copies = _copied(town, 4)
    person = next(k for k, u in town.zendesk.users.items() if u["role"] == "end-user" and u["email"])
    at = MONTH + timedelta(days=3)
    town.zendesk.add_ticket(person, "Export", "The CSV export hangs again.", at=at, tags=["closed_by_merge"])
    town.zendesk.add_ticket(person, "SLA", "The SLA of ticket 12 was breached.", at=at, channel="rule")
    town.zendesk.edit(next(iter(town.zendesk.tickets)))  # so that the export has more to say
    assert groundswell("sync", "--since", f"{MONTH - timedelta(days=80):%Y-%m-%d}", cwd=tmp_path).returncode == 0
    assert groundswell("run", "last-month", "--again", cwd=tmp_path).returncode == 0
    after = _digest(tmp_path)
    reasons = [r["reason"] for r in after["removed"] if r not in before["removed"]]
    assert sorted(r.partition(": ")[0] for r in reasons) == ["merged", *["mirrored"] * 4, "system message"]
    assert {r.removeprefix("mirrored: ") for r in reasons if r.startswith("mirrored")} == copies
    assert after["totals"]["tickets_read"] == before["totals"]["tickets_read"] + 6
    for what in ("in_themes", "not_a_theme", "customers", "unidentified_customers"):
        assert after["totals"][what] == before["totals"][what], what
    assert [(t["ticket_count"], t["customer_count"]) for t in after["themes"]] == [
        (t["ticket_count"], t["customer_count"]) for t in before["themes"]
    ]
    assert "mirrored from another tool 4" in (tmp_path / "out" / "digest.md").read_text(encoding="utf-8")
    assert groundswell("verify", cwd=tmp_path).returncode == 0


def _copied(town: Town, how_many: int) -> set[str]:
    """Zendesk tickets that an integration made of Intercom conversations; the ids of those."""
    originals = set()
    for key, row in town.intercom.conversations.items():
        mail, body = row["source"]["author"]["email"], row["source"]["body"]
        if mail and len(body.split()) > 12 and len(originals) < how_many and not mail.endswith("@lumenboard.example"):
            user = next((k for k, u in town.zendesk.users.items() if u["email"] == mail), None)
            user = user or town.zendesk.add_user("Copied", mail)
            at = datetime.fromtimestamp(row["created_at"], UTC) + timedelta(minutes=5)
            town.zendesk.add_ticket(user, "Conversation from Intercom", f"{body}\n\nSent from the bridge.", at=at)
            originals.add(f"intercom:{key}")
    assert len(originals) == how_many
    return originals


# --- kill -9 and edits in the middle


def _begun(folder: Path, *args: str) -> subprocess.Popen[str]:
    code = "import sys; sys.argv[0] = 'groundswell'; from bot.cli import main; main()"
    known = {k: v for k, v in os.environ.items() if not k.startswith("GROUNDSWELL_")}
    home = {"HOME": str(folder), "XDG_CACHE_HOME": str(folder / "cache"), "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, "-c", code, *args],
        cwd=folder,
        env={**known, **home},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def _until(happened: Callable[[], bool], patience: float = 60.0) -> None:
    end = time.monotonic() + patience
    while not happened():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("source", "path", "skip"),
    [
        ("zendesk", "incremental/tickets/cursor", 0),
        ("zendesk", "incremental/tickets/cursor", 5),
        ("intercom", r"/conversations/\d+$", 30),
        ("intercom", "/conversations/search", 3),
    ],
)
def test_kill_9_in_mid_sync_loses_and_repeats_nothing(
    town: Town, tmp_path: Path, source: str, path: str, skip: int
) -> None:
    town.zendesk.page_limit = town.intercom.page_size = 12
    desk = town.zendesk if source == "zendesk" else town.intercom
    desk.fail("hang", path, skip=skip, seconds=30)
    process = _begun(tmp_path, "sync", "--source", source)
    _until(lambda: len(desk.sent("GET", path) + desk.sent("POST", path)) > skip)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    kept = {t.id for t in _stored(tmp_path)}
    assert bool(kept) == bool(skip)  # it was killed in the middle, and what came before is there
    desk.requests.clear()
    done = groundswell("sync", "--source", source, "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (told,) = json.loads(done.stdout)["data"]["sources"]
    stored = _stored(tmp_path)
    rows = town.zendesk.tickets if source == "zendesk" else town.intercom.conversations
    assert sorted(t.key for t in stored) == sorted(map(str, rows))
    assert told["tickets"] <= len(rows) - len(kept) + town.zendesk.page_limit  # at most a page is read twice
    assert _texts(stored) == _texts(_clean(town, tmp_path, source))


def _texts(tickets: list[Ticket]) -> dict[str, tuple[str, str]]:
    return {t.id: (t.subject, t.body) for t in tickets}


def _clean(town: Town, folder: Path, source: str) -> list[Ticket]:
    """What an undisturbed sync into a database of its own stores."""
    elsewhere = folder / "clean"
    elsewhere.mkdir()
    told = json.loads((folder / "config.yaml").read_text())
    told["storage"]["database"] = f"sqlite:///{elsewhere / 'groundswell.db'}"
    (elsewhere / "config.yaml").write_text(json.dumps(told))
    assert groundswell("sync", "--source", source, cwd=elsewhere).returncode == 0
    return _stored(elsewhere)


def test_a_ticket_edited_in_mid_run_stays_in_its_month_and_is_counted_once(town: Town, tmp_path: Path) -> None:
    edited = next(k for k, t in town.zendesk.tickets.items() if "export" in t["description"].lower())
    town.intercom.fail("hang", "/conversations/search", method="POST", seconds=3)
    process = _begun(tmp_path, "run", "last-month")
    _until(lambda: bool(town.intercom.sent("POST", "/conversations/search")))  # Zendesk was read; Intercom is not yet
    text = town.zendesk.tickets[edited]["description"]
    town.zendesk.edit(edited, description=f"{text} Edited meanwhile.", subject="Edited", raw_subject="Edited")
    town.zendesk.clock = lambda: datetime.now(UTC) + timedelta(minutes=3)  # what changed just now is shown at last
    _, told = process.communicate(timeout=120)
    assert process.returncode == 0, told
    first = _digest(tmp_path)
    assert _places(first).count(str(edited)) == 1
    assert first["totals"]["tickets_read"] == len(GOLD["labels"])
    assert groundswell("sync", cwd=tmp_path).returncode == 0
    (now,) = [t for t in _stored(tmp_path) if t.key == str(edited) and t.source == "zendesk"]
    assert now.subject == "Edited"
    assert groundswell("run", "last-month", cwd=tmp_path).returncode == 0
    assert _digest(tmp_path) == first  # asked again, it is what it was
    assert groundswell("run", "last-month", "--again", cwd=tmp_path).returncode == 0
    second = _digest(tmp_path)
    assert _places(second).count(str(edited)) == 1
    assert second["totals"]["tickets_read"] == first["totals"]["tickets_read"]


def _places(told: dict[str, Any]) -> list[str]:
    placed = [i for key in ("themes", "further_themes") for t in told[key] for i in t["ticket_ids"]]
    return placed + [x["ticket_id"] for key in ("not_a_theme", "removed") for x in told[key]]
