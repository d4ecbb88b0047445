"""What a help desk answers, written to files that may be shown: its shape as it came, and nothing of anybody in it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.redact.capture import Masking
from connectors.intercom import reading
from tests.servers.intercom import ADMIN, said
from tests.servers.town import Town
from tests.test_cli import groundswell

SECRET = re.compile(r"annabel|quigley|kryptonite|globex|4711|0815|\\+44 20|hunter2", re.IGNORECASE)
SAID = (
    "Annabel Quigley here, order 4711: <b>Kryptonite</b> export hangs. Call +44 20 7946 0815, mail annabel@globex.com."
)


@pytest.fixture
def town() -> Iterator[Town]:
    at = datetime.now(UTC) - timedelta(days=2)
    with Town() as made:
        org = made.zendesk.add_organization("Globex Quigley", "globex.com")
        ann = made.zendesk.add_user("Annabel Quigley", "annabel@globex.com", organization=org)
        made.zendesk.add_field("Kryptonite area", {"quigley_tag": "Globex things"})
        made.zendesk.add_brand("Globex Brand")
        key = made.zendesk.add_ticket(ann, "Kryptonite", SAID, at=at, tags=["globex"], fields={4711: "hunter2"})
        made.zendesk.comments[key][0]["html_body"] = f"<p>{SAID}</p>"
        company = made.intercom.add_company("Globex", website="https://globex.com")
        bob = made.intercom.add_contact("annabel@globex.com", "Annabel Quigley", companies=(company,))
        more = {"custom_attributes": {"Quigley VIP": "hunter2", "plan": "Kryptonite"}}
        parts = (said(ADMIN, "Dear Annabel, done."),)
        made.intercom.add_conversation(SAID, bob, at=int(at.timestamp()), parts=parts, **more)
        made.intercom.add_ticket("Kryptonite", SAID, bob)
        yield made


def _shape(told: Any) -> Any:
    if isinstance(told, dict):
        return [_shape(v) for v in told.values()]
    return [_shape(v) for v in told] if isinstance(told, list) else type(told).__name__


@pytest.mark.parametrize(
    ("source", "names"),
    [
        (
            "zendesk",
            {"users-me", "incremental-tickets-cursor", "search-export", "ticket-comments", "ticket-fields", "brands"},
        ),
        (
            "intercom",
            {
                "me",
                "conversations-search",
                "conversation-1",
                "contact",
                "contact-companies",
                "tickets-search",
                "conversations-deleted",
            },
        ),
    ],
)
def test_a_capture_holds_each_kind_of_answer_and_nobody_in_it(
    town: Town, tmp_path: Path, source: str, names: set[str]
) -> None:
    town.config(tmp_path)
    done = groundswell("capture", source, "--out", "shown", "--yes", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    files = {p.stem.removeprefix(f"{source}-"): p for p in (tmp_path / "shown").iterdir()}
    assert set(files) == names
    whole = "".join(p.read_text(encoding="utf-8") for p in files.values())
    assert not SECRET.search(whole), SECRET.search(whole)
    assert town.zendesk.token not in whole and town.intercom.token not in whole
    assert "declined" not in whole
    assert all(p.stat().st_mode & 0o077 == 0 for p in files.values())
    sent = (town.zendesk if source == "zendesk" else town.intercom).requests
    assert all(r.method == "GET" or (r.method == "POST" and r.path.endswith("/search")) for r in sent)


def test_nothing_is_read_or_written_before_a_person_agrees(town: Town, tmp_path: Path) -> None:
    town.config(tmp_path)
    done = groundswell("capture", "zendesk", "--out", "shown", cwd=tmp_path)
    assert done.returncode == 2
    assert "Nothing leaves this machine" in done.stderr
    assert not (tmp_path / "shown").exists()
    assert town.zendesk.requests == []


def test_what_the_token_may_not_read_is_told_in_its_file(town: Town, tmp_path: Path) -> None:
    town.config(tmp_path)
    town.zendesk.role = "agent"
    town.intercom.scopes.discard("tickets")
    for source in ("zendesk", "intercom"):
        assert groundswell("capture", source, "--out", "shown", "--yes", cwd=tmp_path).returncode == 0
    for name in ("zendesk-incremental-tickets-cursor", "intercom-tickets-search"):
        assert list(json.loads((tmp_path / "shown" / f"{name}.json").read_text())) == ["declined"]
    assert "results" in json.loads((tmp_path / "shown" / "zendesk-search-export.json").read_text())


def test_a_refused_token_is_said_and_nothing_written(town: Town, tmp_path: Path) -> None:
    path = town.config(tmp_path)
    path.write_text(path.read_text().replace(town.zendesk.token, "no-such-token"))
    done = groundswell("capture", "zendesk", "--out", "shown", "--yes", cwd=tmp_path)
    assert done.returncode != 0
    assert "401" in done.stderr
    assert not (tmp_path / "shown").exists() or not list((tmp_path / "shown").iterdir())


def test_a_masked_conversation_is_read_as_the_original_is(town: Town) -> None:
    """What a capture is for: our reading takes the same way through it."""
    key = next(iter(town.intercom.conversations))
    row = town.intercom.conversations[key]
    told = {**row, "conversation_parts": {"conversation_parts": row["conversation_parts"]["parts"]}}
    shown = Masking().masked(told)
    nobody = (reading.Requester(), reading.AccountHint())
    ours, theirs = (reading.conversation(t, "1", *nobody, None) for t in (told, shown))
    assert (ours.created_at, ours.status, len(ours.tags)) == (theirs.created_at, theirs.status, len(theirs.tags))
    assert len(ours.body) > 0 and bool(theirs.body)
    assert len(reading.customers_parts(told)) == len(reading.customers_parts(shown)) == 1
    assert _shape(told) == _shape(shown)


def test_the_same_id_is_the_same_number_everywhere_and_no_other() -> None:
    masking = Masking()
    first = masking.masked({"id": 4711, "requester_id": 815, "tags": [{"id": "4711"}]})
    second = masking.masked({"users": [{"id": 815}, {"id": 4712}]})
    assert first == {"id": 1, "requester_id": 2, "tags": [{"id": "1"}]}
    assert second == {"users": [{"id": 2}, {"id": 3}]}


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=20,
)


@given(_JSON)
def test_any_answer_keeps_its_shape(told: Any) -> None:
    assert _shape(Masking().masked(told)) == _shape(told)


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyzABCDEFäöü \n.,@+0123456789", min_size=1, max_size=200))
def test_no_letter_of_a_text_and_no_digit_is_kept(text: str) -> None:
    for field in ("body", "subject", "name", "email", "value", "", "url"):
        shown = Masking().masked({field or "any": text})[field or "any"]
        assert set(re.sub(r"\[[A-Z]+_\d+\]", "", shown)) <= set("x0 \n.,@+")
