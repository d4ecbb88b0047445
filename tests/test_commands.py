"""The commands around a digest: one object on stdout, one sentence on stderr, exit codes, and no write unasked."""

from __future__ import annotations

import json
import logging
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest
import structlog
from click.testing import Result
from typer.testing import CliRunner

from bot.acts import EffectState
from bot.cli import app
from bot.config import load
from bot.runs import SYNC
from bot.store import Store
from bot.wiring import store as store_of
from tests.runs import DEMO, ROOT, jsonl
from tests.servers.jira import EMAIL, JiraServer
from tests.servers.jira import TOKEN as JIRA_TOKEN
from tests.servers.slack import CHANNEL, TOKEN, SlackServer
from tests.servers.town import Town, last_month
from tests.test_bad_input import tickets

CREATE = r"/rest/api/3/issue$"
FILES = [str(p) for p in sorted(DEMO.glob("*-2026-10.*"))]
S = EffectState


@dataclass
class Desk:
    """A folder with a config and a database; `says` runs a command there."""

    folder: Path
    cache: Path
    jira: JiraServer
    slack: SlackServer

    def configure(self, **more: Any) -> None:
        told = {
            "workspace": {"name": "Lumenboard"},
            "sources": {"file": {"paths": FILES}},
            "customers": {"internal_domains": ["lumenboard.example"]},
            "slack": {"token": TOKEN, "channel": CHANNEL, "base_url": self.slack.base_url, "approvers": ["U0DANA"]},
            "jira": {"site": self.jira.url, "email": EMAIL, "token": JIRA_TOKEN, "project": self.jira.project},
            "storage": {"database": f"sqlite:///{self.folder / 'groundswell.db'}"},
            "output": {"dir": str(self.folder / "out"), "cache": str(self.cache)},
            "network": {"allow_private": True},
            **more,
        }
        (self.folder / "config.yaml").write_text(json.dumps({k: v for k, v in told.items() if v is not None}))

    def says(self, *args: str) -> Result:
        words = [*args, "--config", str(self.folder / "config.yaml")]
        before, sys.argv = sys.argv, ["groundswell", *words]
        try:
            return CliRunner().invoke(app, words)
        finally:
            sys.argv = before

    def told(self, *args: str, status: int = 0) -> Any:
        """The envelope, checked; its data, or its error."""
        said = self.says(*args, "--json")
        assert said.exit_code == status, said.output
        whole = json.loads(said.stdout)  # one object and nothing beside it
        assert set(whole) == {"ok", "schema", "data", "error", "meta"} and whole["schema"] == "groundswell/v1"
        assert whole["ok"] == (whole["error"] is None) == (whole["data"] is not None) == (status in (0, 6))
        return whole["data"] if whole["ok"] else whole["error"]

    def store(self) -> Store:
        return store_of(load(self.folder / "config.yaml", {}))

    def sql(self, statement: str, *values: Any) -> list[Any]:
        connection = sqlite3.connect(self.folder / "groundswell.db")
        with connection:
            rows = connection.execute(statement, values).fetchall()
        connection.close()
        return rows

    def effects(self) -> dict[str, str]:
        return dict(self.sql("SELECT kind, state FROM effect ORDER BY number DESC"))


@pytest.fixture(autouse=True)
def interrupts() -> Iterator[None]:
    """Commands take SIGINT and the log over, as their processes may."""
    before, handlers = signal.getsignal(signal.SIGINT), logging.getLogger().handlers[:]
    yield
    signal.signal(signal.SIGINT, before)
    logging.getLogger().handlers[:] = handlers
    structlog.reset_defaults()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's October, run once with the command; each test gets a copy of the database."""
    folder = tmp_path_factory.mktemp("made")
    with JiraServer() as jira, SlackServer() as slack:
        desk = Desk(folder, folder / "vectors.db", cast("JiraServer", jira), cast("SlackServer", slack))
        desk.configure()
        said = desk.says("run")
        assert said.exit_code == 0, said.output
        assert jira.requests == [] and slack.requests == []  # nothing leaves without being asked for
    return folder


@pytest.fixture
def desk(tmp_path: Path, made: Path) -> Iterator[Desk]:
    shutil.copy(made / "groundswell.db", tmp_path / "groundswell.db")
    with JiraServer() as jira, SlackServer() as slack:
        desk = Desk(tmp_path, made / "vectors.db", cast("JiraServer", jira), cast("SlackServer", slack))
        desk.configure()
        yield desk


def run_key(desk: Desk) -> str:
    return str(desk.sql("SELECT key FROM run")[0][0])


# --- looking


def test_list_shows_each_theme_and_where_it_stands_by_tickets_or_by_backlog(desk: Desk) -> None:
    told = desk.told("list")["themes"]
    assert [t["rank"] for t in told] == list(range(1, 8)) and {t["stage"] for t in told} == {"open"}
    assert [t["ticket_count"] for t in told] == sorted((t["ticket_count"] for t in told), reverse=True)
    backlog = desk.told("list", "--backlog")["themes"]
    assert [t["backlog_rank"] for t in backlog] == list(range(1, 8)) and backlog != told
    plain = desk.says("list").stdout
    assert all(t["name"] in plain and t["id"] in plain for t in told)
    assert desk.says("list", "--backlog").stdout.index(backlog[0]["title"]) < 200


def test_show_knows_a_theme_by_its_number_and_by_its_id(desk: Desk) -> None:
    by_rank = desk.told("show", "2")["theme"]
    assert desk.told("show", by_rank["id"])["theme"] == by_rank
    assert len(by_rank["ticket_ids"]) == by_rank["ticket_count"] and by_rank["decisions"] == []
    plain = desk.says("show", "2").stdout
    assert by_rank["name"] in plain and "In customers' words" in plain and by_rank["ticket_ids"][0] in plain


@pytest.mark.parametrize("args", [["show", "99"], ["approve", "t-none", "--yes"], ["reject", "0"], ["undo", "x"]])
def test_a_theme_that_is_not_there_is_wrong_use(desk: Desk, args: list[str]) -> None:
    error = desk.told(*args, status=2)
    assert error["code"] == "no_theme" and "groundswell list" in error["suggestion"]


@pytest.mark.parametrize("args", [["list"], ["show", "1"], ["approve", "1", "--yes"], ["verify"], ["post", "--yes"]])
def test_before_the_first_digest_each_command_says_how_to_begin(tmp_path: Path, args: list[str], desk: Desk) -> None:
    (tmp_path / "groundswell.db").unlink()
    error = desk.told(*args, status=2)
    assert (error["code"], error["suggestion"]) == ("no_run", "Begin with: groundswell run")
    assert desk.told("history")["runs"] == []
    assert "groundswell run" in desk.says("history").stdout


def test_a_run_that_is_not_there_is_named(desk: Desk) -> None:
    for args in (["list", "--run", "manual:none"], ["verify", "manual:none"], ["post", "manual:none", "--yes"]):
        assert "'manual:none'" in desk.told(*args, status=2)["message"]


def test_history_tells_runs_and_no_syncs_and_the_newest_digest_is_found_behind_hundreds_of_them(desk: Desk) -> None:
    with closing(desk.store()) as store:
        for n in range(250):
            store.runs.ask(f"{SYNC}:{n}", SYNC, {})
        store.runs.ask("manual:failed", "manual", {})
        fence = store.runs.lease("manual:failed", "me", 60)
        assert fence is not None
        store.runs.fail("manual:failed", fence, "No source could be read.")
    runs = desk.told("history")["runs"]
    assert [r["key"] for r in runs] == ["manual:failed", run_key(desk)]
    assert [r["state"] for r in runs] == ["FAILED", "DONE"] and runs[0]["error"] == "No source could be read."
    assert "October 2026" in desk.says("history").stdout or "7 themes" in desk.says("history").stdout
    assert len(desk.told("history", "--limit", "1")["runs"]) == 1
    assert len(desk.told("list")["themes"]) == 7
    assert desk.told("post", "--yes")["run"] == run_key(desk)


# --- deciding


def test_an_approval_asks_and_where_nobody_can_be_asked_it_does_nothing(desk: Desk) -> None:
    for args in (["approve", "1"], ["approve", "1", "--json"]):
        said = desk.says(*args)
        assert said.exit_code == 2 and "Nothing was done. Say --yes if it is meant." in said.stderr
    assert desk.jira.requests == [] and desk.told("list")["themes"][0]["stage"] == "open"


def test_an_approval_shows_what_it_writes_and_then_the_issue_with_its_tickets(desk: Desk) -> None:
    said = desk.says("approve", "1", "--yes", "--note", "at last")
    (issue,) = desk.jira.issues
    assert said.exit_code == 0, said.output
    assert issue.fields["summary"] in said.stderr and "groundswell-draft" in said.stderr
    assert f"Issue    {issue.key}  {desk.jira.url}/browse/{issue.key}" in said.stdout
    assert "Tickets  http" in said.stdout and issue.links
    shown = desk.told("show", "1")["theme"]
    assert shown["issue"] == {"key": issue.key, "url": f"{desk.jira.url}/browse/{issue.key}"}
    assert [(d["verdict"], d["note"]) for d in shown["decisions"]] == [("approve", "at last")]
    assert shown["actor"].startswith("cli:")


def test_a_preview_of_an_issue_shows_what_is_written_by_its_approval_and_asks_nobody(desk: Desk) -> None:
    out = desk.folder / "issue.html"
    said = desk.says("preview", "jira", "1", "--out", str(out))
    assert said.exit_code == 0 and desk.jira.requests == [], said.output
    desk.told("approve", "1", "--yes")
    (issue,) = desk.jira.issues
    assert issue.fields["summary"] in said.stdout and issue.fields["summary"] in out.read_text(encoding="utf-8")
    assert all(label in said.stdout for label in issue.labels)
    acts = re.findall(r"^\d\. (Make|Link|Attach|Move)", said.stdout, re.MULTILINE)
    assert acts == ["Make", "Link", "Attach", "Move"]
    assert {"jira.issue", "jira.links", "jira.evidence", "jira.triage"} <= set(desk.effects())
    assert issue.attachments[0]["filename"] in said.stdout and issue.status == "To triage"
    assert desk.says("preview", "jira", "99").exit_code == 2 and desk.says("preview", "fax").exit_code == 2


def test_a_field_that_the_project_requires_is_named_and_can_be_given_with_the_approval(desk: Desk) -> None:
    desk.jira.screen["customfield_7"] = {"name": "Team", "required": True, "allowedValues": [{"id": "1", "value": "A"}]}
    said = desk.says("approve", "1", "--yes")
    assert said.exit_code == 1 and "requires Team for" in said.stderr and '--field "Team=..."' in said.stderr
    assert desk.says("approve", "1", "--yes", "--field", "Team").exit_code == 2
    assert desk.jira.issues == [] and desk.told("list")["themes"][0]["stage"] == "refused"
    assert desk.says("approve", "1", "--yes", "--field", "Team=a").exit_code == 0
    (issue,) = desk.jira.issues
    assert issue.fields["customfield_7"] == {"id": "1"} and len(desk.jira.sent("POST", CREATE)) == 1


def test_an_approval_as_json_is_one_object(desk: Desk) -> None:
    told = desk.told("approve", "1", "--yes")
    assert (told["outcome"], told["theme"]["stage"]) == ("done", "created")
    assert told["theme"]["issue"]["key"] == desk.jira.issues[0].key


def test_a_second_approval_is_told_and_not_even_asked_about(desk: Desk) -> None:
    desk.told("approve", "1", "--yes")
    said = desk.says("approve", "1")
    assert said.exit_code == 2 and desk.jira.issues[0].key in said.stderr and "--yes" not in said.stderr
    assert desk.told("approve", "1", "--yes", status=2)["code"] == "already"
    assert len(desk.jira.issues) == 1


def test_what_the_tracker_refuses_is_an_exit_of_one_with_its_own_words(desk: Desk) -> None:
    desk.jira.screen["components"]["required"] = True
    said = desk.says("approve", "1", "--yes")
    assert said.exit_code == 1 and "Components" in said.stderr and "Traceback" not in said.output
    assert len([line for line in said.stderr.splitlines() if line.startswith("groundswell:")]) == 1
    desk.jira.screen["components"]["required"] = False
    assert desk.told("approve", "1", "--yes")["theme"]["stage"] == "created"
    assert len(desk.jira.issues) == 1 and set(desk.effects().values()) == {"DONE"}


def test_what_the_tracker_refuses_is_an_error_object_with_json(desk: Desk) -> None:
    desk.jira.screen["components"]["required"] = True
    said = desk.says("approve", "1", "--yes", "--json")
    assert said.exit_code == 1
    whole = json.loads(said.stdout)
    assert whole["ok"] is False and "Components" in whole["error"]["message"]


def test_a_tracker_that_asks_to_wait_is_not_waited_for_and_the_approval_is_kept(desk: Desk) -> None:
    desk.jira.fail("refuse", CREATE, method="POST", status=429, headers={"Retry-After": "300"}, times=9)
    began = time.monotonic()
    error = desk.told("approve", "1", "--yes", status=5)
    assert time.monotonic() - began < 20 and error["retryable"] and "never sent twice" in error["message"]
    assert desk.effects()["jira.issue"] == "PENDING" and desk.jira.issues == []
    assert desk.told("show", "1")["theme"]["stage"] == "creating"


def test_a_rejection_needs_no_yes_since_nothing_leaves_and_an_undo_restores(desk: Desk) -> None:
    assert desk.told("reject", "3", "--note", "our own outage")["theme"]["stage"] == "rejected"
    assert "our own outage" in desk.says("list").stdout
    assert desk.told("undo", "3")["theme"]["stage"] == "open"
    assert desk.jira.requests == []


def test_an_undo_without_a_theme_names_the_newest_decision_and_takes_back_that_one(desk: Desk) -> None:
    assert "nothing to undo" in desk.told("undo", status=2)["message"]
    names = {t["number"]: t["name"] for t in desk.told("list")["themes"]}
    desk.told("reject", "3", "--reason", "known")
    desk.told("merge", "5", "2")

    assert "6 themes" in desk.says("history").stdout, "as many as the list has"
    asked = desk.told("undo", status=2)
    assert asked["code"] == "not_confirmed"
    assert f"“{names[5]}” stays a part of “{names[2]}”, merged by" in asked["message"]
    assert names[5] not in str(desk.told("list")["themes"])
    assert "stand apart again" in desk.told("undo", "--yes")["message"]
    assert {t["number"]: t["name"] for t in desk.told("list")["themes"]} == names
    assert f"“{names[3]}” is left out" in desk.told("undo", status=2)["message"], "then the one before is the newest"


def test_where_a_theme_has_nothing_to_undo_what_may_be_meant_is_named(desk: Desk) -> None:
    names = {t["number"]: t["name"] for t in desk.told("list")["themes"]}
    merged = next(t["id"] for t in desk.told("list")["themes"] if t["number"] == 5)
    desk.told("merge", "5", "2")

    into, other = (desk.told("undo", n, status=2) for n in ("2", "1"))
    assert into["message"] == f"There is nothing to undo of “{names[2]}”."
    assert f"groundswell undo {merged}" in into["suggestion"]
    assert f"“{names[5]}” stays a part" in other["suggestion"] and "groundswell undo" in other["suggestion"]
    assert desk.says("undo", merged).exit_code == 0


def test_a_split_says_which_part_is_a_theme_still(desk: Desk) -> None:
    theme = desk.told("show", "1")["theme"]
    ids, few = theme["ticket_ids"], len(theme["ticket_ids"]) - 3

    two = " ".join(desk.says("split", "1", *ids[:2]).stdout.split())
    assert "What was split off, 2 tickets, is below the rule for a theme: it is not shown as one." in two
    assert "What is left" not in two and "groundswell undo" in two
    desk.says("undo", "--yes")
    most = " ".join(desk.says("split", "1", *ids[:few], "--name", "Nearly all").stdout.split())
    assert "They are theme 8 now: Nearly all." in most
    assert f"What is left of “{theme['name']}” is below the rule for a theme" in most


def test_an_undo_of_an_issue_asks_and_marks_it_as_withdrawn(desk: Desk) -> None:
    desk.told("approve", "1", "--yes")
    (issue,) = desk.jira.issues
    assert desk.told("undo", "1", status=2)["code"] == "not_confirmed"
    assert "groundswell-withdrawn" not in issue.labels
    said = desk.says("undo", "1", "--yes")
    assert said.exit_code == 0 and issue.key in said.stdout
    assert "groundswell-withdrawn" in issue.labels and len(desk.jira.issues) == 1


def test_without_a_tracker_an_approval_is_kept_and_says_that_nothing_was_sent(desk: Desk) -> None:
    desk.configure(jira=None)
    said = desk.says("approve", "1", "--yes")
    assert said.exit_code == 0 and "nothing was sent anywhere" in said.stdout
    desk.configure()
    assert desk.told("list")["themes"][0]["stage"] == "approved" and desk.jira.requests == []


# --- posting


def test_a_digest_is_posted_once_however_often_it_is_said(desk: Desk) -> None:
    assert desk.told("post", status=2)["code"] == "not_confirmed"
    assert desk.slack.posted() == []
    first = desk.told("post", "--yes")
    assert desk.told("post", "--yes") == first and first["posted"][0].startswith("https://")
    assert len(desk.slack.posted()) == 1 and len(desk.slack.thread(desk.slack.posted()[0]["ts"])) == 8


def test_run_asks_before_it_posts_and_posts_what_was_made_before(desk: Desk) -> None:
    assert desk.says("run", "--post").exit_code == 2 and desk.slack.requests == []
    said = desk.says("run", "--post", "--yes")
    assert said.exit_code == 0 and "Posted" in said.stdout and "asked before" in said.stderr
    assert desk.says("run", "--post", "--yes").exit_code == 0
    assert len(desk.slack.posted()) == 1
    desk.told("approve", "1", "--yes")  # and its row is drawn anew, though it was posted later
    assert desk.jira.issues[0].key in str(desk.slack.posted()[0]["blocks"])


def test_an_archived_channel_is_said_with_its_mend_and_posting_again_works(desk: Desk) -> None:
    desk.slack.rooms[CHANNEL].archived = True
    error = desk.told("post", "--yes", status=1)
    assert "unarchive it or set slack.channel" in error["message"]
    desk.slack.rooms[CHANNEL].archived = False
    desk.told("post", "--yes")
    assert len(desk.slack.posted()) == 1


def test_after_another_channel_was_configured_the_digest_goes_there(desk: Desk) -> None:
    desk.slack.rooms[CHANNEL].archived = True
    desk.told("post", "--yes", status=1)
    desk.configure(slack={"token": TOKEN, "channel": "C0PRIVATE1", "base_url": desk.slack.base_url})
    desk.told("post", "--yes")
    assert desk.slack.posted() == [] and len(desk.slack.posted("C0PRIVATE1")) == 1


def test_posting_a_digest_sends_nothing_to_the_tracker_that_was_refused_or_taken_back(desk: Desk) -> None:
    desk.jira.screen["components"]["required"] = True
    desk.told("approve", "1", "--yes", status=1)
    desk.told("approve", "2", "--yes", status=1)
    desk.told("undo", "2")
    desk.jira.screen["components"]["required"] = False
    desk.told("post", "--yes")
    assert desk.jira.issues == []


def test_without_a_channel_there_is_nowhere_to_post(desk: Desk) -> None:
    desk.configure(slack=None)
    assert desk.told("post", "--yes", status=2)["code"] == "slack.not_configured"
    assert desk.told("run", "--post", "--yes", status=2)["code"] == "slack.not_configured"


# --- what nobody knows


def unsure(desk: Desk) -> str:
    """The marker of an issue whose outcome is unknown, as serve would leave it after five minutes."""
    desk.jira.fail("refuse", CREATE, method="POST", status=429, headers={"Retry-After": "300"})
    desk.told("approve", "1", "--yes", status=5)
    desk.jira.faults.clear()
    with closing(desk.store()) as store:
        (effect,) = (e for e in store.effects.in_state(S.PENDING) if e.act.kind == "jira.issue")
        store.effects.begin(effect.act.key, effect.attempts, {}, store.now())
        store.effects.unsure(effect.act.key, "the search shows nothing")
        return effect.act.marker


def test_what_is_unsure_is_listed_and_adopted_by_its_key(desk: Desk) -> None:
    marker = unsure(desk)
    (row,) = desk.told("effects", "--unsure")["effects"]
    assert (row["marker"], row["state"], row["error"]) == (marker, "UNSURE", "the search shows nothing")
    assert marker in desk.says("effects", "--unsure").stdout and marker in desk.says("effects").stdout
    told = desk.told("effects", "--resolve", marker, "--adopt", "BILL-12")
    assert (told["effect"]["state"], told["effect"]["ref"]) == ("DONE", "BILL-12")
    assert desk.told("show", "1")["theme"]["issue"]["url"] == f"{desk.jira.url}/browse/BILL-12"
    assert desk.says("effects", "--unsure").stdout == "Nothing is unsure.\n"


@pytest.mark.parametrize("ref", ["BILL", "BILL-0", "bill-1", "BILL-1/../../x", "12", ""])
def test_what_is_adopted_must_look_like_a_key(desk: Desk, ref: str) -> None:
    marker = unsure(desk)
    desk.told("effects", "--resolve", marker, "--adopt", ref, status=2)
    assert desk.effects()["jira.issue"] == "UNSURE"


def test_what_is_sent_again_is_asked_about_since_it_may_be_a_second_one(desk: Desk) -> None:
    marker = unsure(desk)
    assert desk.told("effects", "--resolve", marker, "--resend", status=2)["code"] == "not_confirmed"
    assert desk.jira.issues == []
    told = desk.told("effects", "--resolve", marker, "--resend", "--yes")
    assert told["effect"]["ref"] == desk.jira.issues[0].key and len(desk.jira.issues) == 1


def test_a_resolution_says_one_thing_about_one_effect(desk: Desk) -> None:
    marker = unsure(desk)
    for args in ([], ["--adopt", "BILL-1", "--resend", "--yes"]):
        assert desk.told("effects", "--resolve", marker, *args, status=2)["code"] == "wrong_use"
    assert desk.told("effects", "--resolve", "0" * 16, "--resend", status=2)["code"] == "no_effect"


# --- counting again


def test_a_stored_digest_is_borne_out_by_its_evidence(desk: Desk) -> None:
    assert desk.told("verify") == {"run": run_key(desk), "problems": [], "unchecked": []}
    said = desk.says("verify")
    assert re.search(r"every number, id and quote counted again from \d+ tickets; 7 themes, 2\d quotes", said.stdout)


def changed(desk: Desk, change: Any) -> None:
    """Somebody edits the database file."""
    (stored,) = desk.sql("SELECT digest FROM digest")[0]
    digest = json.loads(stored)
    change(digest)
    desk.sql("UPDATE digest SET digest = ?", json.dumps(digest))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d["themes"][0]["counts"].update(tickets=99), "ticket_count is 99"),
        (lambda d: d["themes"][0]["counts"].update(customers=1), "customer_count is 1"),
        (lambda d: d["themes"][1]["members"].__setitem__(0, "999999"), "'999999' was never read"),
        (lambda d: d["themes"][2]["quotes"][0].update(text="I love it, says everybody"), "not verbatim"),
        (lambda d: d["items"][0].update(impact=9000), "impact is 9000"),
        (lambda d: d["items"][0].update(severity="P0", severity_reason="because"), "severity is P0"),
        (lambda d: d["totals"].update(customers=5), "customers is 5"),
        (lambda d: d["not_a_theme"].pop(), "is nowhere"),
        (lambda d: d["warnings"].append({"code": "small_sample", "message": "Only 1 ticket."}), "warnings are"),
    ],
)
def test_a_number_an_id_or_a_quote_that_was_changed_in_the_store_is_found(desk: Desk, change: Any, said: str) -> None:
    changed(desk, change)
    done = desk.says("verify", "--json")
    assert done.exit_code == 1
    told = json.loads(done.stdout)["data"]
    assert any(said in problem for problem in told["problems"])
    assert said in desk.says("verify").stdout


def test_evidence_that_was_changed_in_the_store_is_found_too(desk: Desk) -> None:
    quote = json.loads(desk.sql("SELECT digest FROM digest")[0][0])["themes"][0]["quotes"][0]
    ((ticket_id,),) = desk.sql("SELECT ticket_id FROM run_ticket WHERE shown = ?", quote["ticket_id"])
    desk.sql("UPDATE text SET body = 'something else', subject = '' WHERE ticket_id = ?", ticket_id)
    assert desk.says("verify").exit_code == 1


def test_texts_that_were_withdrawn_since_are_said_and_no_wolf_is_cried(desk: Desk) -> None:
    digest = json.loads(desk.sql("SELECT digest FROM digest")[0][0])
    shown = [q["ticket_id"] for t in digest["themes"][:2] for q in t["quotes"]]
    shown += [x["ticket_id"] for x in digest["not_a_theme"] if x["reason"] == "one-off"][:2]
    marks = ", ".join("?" * len(shown))
    ids = [row[0] for row in desk.sql(f"SELECT ticket_id FROM run_ticket WHERE shown IN ({marks})", *shown)]
    with closing(desk.store()) as store:
        assert store.tickets.erase(ids) == len(ids)
    told = desk.told("verify")
    assert told["problems"] == []
    assert told["unchecked"][0] == f"{len(ids)} tickets without text since, with 6 quotes"
    said = desk.says("verify").stdout
    assert "every number and id counted again" in said and "can't be checked any more" in said
    changed(desk, lambda d: d["themes"][0]["counts"].update(tickets=99))
    assert desk.says("verify").exit_code == 1  # numbers still are


def test_a_digest_whose_evidence_is_gone_can_not_be_verified_and_that_is_said(desk: Desk) -> None:
    for table in ("run_ticket", "run_customer", "run_frame"):
        desk.sql(f"DELETE FROM {table}")
    assert desk.told("verify", status=1)["code"] == "verify.no_evidence"


# --- running


def test_the_same_question_is_one_run_and_another_question_another(desk: Desk) -> None:
    first = run_key(desk)
    assert desk.told("list")["run"] == first
    said = desk.says("run", "--json")
    assert json.loads(said.stdout)["meta"]["run_id"] == first and "--again" in said.stderr
    for more in (["--source", "zendesk"], ["2026-10-01..2026-10-15"], ["--area", "Export"]):
        assert json.loads(desk.says("run", *more, "--json").stdout)["meta"]["run_id"] != first
    again = json.loads(desk.says("run", "--again", "--json").stdout)
    assert again["meta"]["run_id"] == f"{first}.2"
    assert again["data"] == json.loads(said.stdout)["data"]  # theme ids and all
    assert json.loads(desk.says("run", "--again", "--json").stdout)["meta"]["run_id"] == f"{first}.3"


def test_another_file_under_the_same_name_is_another_question(desk: Desk, tmp_path: Path) -> None:
    keys = []
    for seed in (1, 2):
        file = jsonl(tmp_path / "tickets.jsonl", tickets(20, seed=seed))
        keys.append(json.loads(desk.says("run", "--tickets", str(file), "--json").stdout)["meta"]["run_id"])
    assert keys[0] != keys[1]


def test_a_run_that_another_process_is_at_is_an_exit_of_75(desk: Desk) -> None:
    with closing(desk.store()) as store:
        asked = json.loads(desk.sql("SELECT asked FROM run")[0][0])
        store.runs.ask(f"{run_key(desk)}.2", "manual", asked)
        assert store.runs.lease(f"{run_key(desk)}.2", "other:1", 60) is not None
        error = desk.told("run", "--again", status=75)
    assert error["code"] == "busy" and error["retryable"]


def test_a_run_that_failed_is_taken_up_again_by_the_same_command(desk: Desk, tmp_path: Path) -> None:
    desk.configure(sources={"file": {"paths": [str(tmp_path / "broken.csv")]}})
    (tmp_path / "broken.csv").write_text("")
    desk.told("run", status=2)
    desk.told("run", status=2)
    assert [r["state"] for r in desk.told("history")["runs"]] == ["FAILED", "DONE"]


def test_ctrl_c_gives_the_run_back_so_that_the_next_command_need_not_wait(tmp_path: Path) -> None:
    rows = [{**row, "id": f"{n}-{row['id']}"} for n in range(30) for row in tickets(60, seed=n)]
    file = jsonl(tmp_path / "many.jsonl", rows)
    code = "import sys; sys.argv[0] = 'groundswell'; from bot.cli import main; main()"
    command = [sys.executable, "-c", code, "run", "--tickets", str(file)]
    env = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, cwd=tmp_path, env=env, stderr=subprocess.PIPE, text=True) as started:
        assert started.stderr is not None
        assert "Read tickets" in started.stderr.readline()
        started.send_signal(signal.SIGINT)
        _, said = started.communicate(timeout=60)
    assert started.returncode == 130 and "stopped" in said and "Traceback" not in said
    connection = sqlite3.connect(tmp_path / "data" / "groundswell.db")
    assert connection.execute("SELECT state, lease_until FROM run").fetchall() == [("WAITING", None)]
    connection.close()


# --- help desks


@pytest.fixture(scope="module")
def town() -> Iterator[Town]:
    with Town() as there:
        there.fill(last_month(datetime.now(UTC)))
        yield there


def at_town(town: Town, folder: Path, made: Path, **wrong: dict[str, Any]) -> Desk:
    desk = Desk(folder, made / "vectors.db", town.jira, town.slack)
    told = json.loads(town.config(folder).read_text())
    for name, more in wrong.items():
        told["sources"][name] |= more
    desk.configure(**{k: v for k, v in told.items() if k not in ("output", "storage")})
    return desk


def test_sync_tells_what_each_help_desk_brought(town: Town, tmp_path: Path, made: Path) -> None:
    desk = at_town(town, tmp_path, made)
    rows = {r["source"]: r for r in desk.told("sync")["sources"]}
    assert set(rows) == {"zendesk", "intercom"} and all(r["tickets"] > 30 and r["fault"] is None for r in rows.values())
    again = {r["source"]: r["tickets"] for r in desk.told("sync")["sources"]}
    assert sum(again.values()) < 10  # from where it stopped


def test_one_refused_help_desk_makes_a_part_and_all_refused_a_matter_of_signing_in(
    town: Town, tmp_path: Path, made: Path
) -> None:
    desk = at_town(town, tmp_path, made, intercom={"token": "wrong"})
    rows = {r["source"]: r for r in desk.told("sync", status=6)["sources"]}
    assert rows["zendesk"]["fault"] is None and rows["intercom"]["fault"]
    said = desk.says("run", "--json")
    whole = json.loads(said.stdout)
    assert said.exit_code == 6 and whole["ok"]
    assert whole["data"]["warnings"][0]["code"] == "source_missing"
    assert whole["data"]["warnings"][0]["message"].startswith("Intercom is missing; counts are of Zendesk only. ")
    both = at_town(town, tmp_path, made, intercom={"token": "wrong"}, zendesk={"token": "wrong"})
    assert both.told("sync", status=4)["code"] == "sources.not_read"
    assert "no digest" in both.told("run", "30d", status=4)["message"]
    (tmp_path / "groundswell.db").unlink()
    assert "no digest" in both.told("run", status=4)["message"]


def test_without_a_help_desk_there_is_nothing_to_sync(desk: Desk) -> None:
    assert desk.told("sync", status=2)["code"] == "no_help_desk"


def test_doctor_finds_what_is_wrong_and_ends_with_four(desk: Desk) -> None:
    assert {f["state"] for f in desk.told("doctor", "slack", "jira")["findings"]} <= {"ok", "warn"}
    desk.configure(jira={"site": desk.jira.url, "email": EMAIL, "token": "wrong", "project": "BILL"})
    said = desk.says("doctor", "jira", "--json")
    assert said.exit_code == 4
    found = json.loads(said.stdout)["data"]["findings"]
    assert any(f["state"] == "fail" and f["mend"] for f in found) and "wrong" not in said.output


# --- the database


def test_a_database_of_another_workspace_is_refused_in_one_sentence(desk: Desk) -> None:
    desk.configure(workspace={"name": "Another"})
    for args in (["list"], ["history"], ["approve", "1", "--yes"]):
        error = desk.told(*args, status=2)
        assert error["code"] == "refused" and "workspace" in error["message"]


def test_a_database_that_is_locked_is_an_exit_of_five_and_nothing_is_lost(desk: Desk) -> None:
    holder = sqlite3.connect(desk.folder / "groundswell.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    try:
        error = desk.told("reject", "1", status=5)
    finally:
        holder.execute("ROLLBACK")
        holder.close()
    assert error["retryable"] and "locked" in error["message"]
    assert desk.told("reject", "1")["theme"]["stage"] == "rejected"


def test_a_preview_is_written_and_sends_nothing(desk: Desk) -> None:
    said = desk.says("preview", "slack", "--out", str(desk.folder / "preview.html"))
    assert said.exit_code == 0 and "Approve to Jira" in (desk.folder / "preview.html").read_text()
    assert desk.slack.requests == []
    assert desk.says("preview", "jira").exit_code == 2


# --- evidence on an issue that exists


EXISTS = "CSV export of many rows runs into a time-out"
SAYS = "The job that writes the CSV is stopped by the gateway for big tenants. It hangs and no file is left."


def test_attach_finds_the_issue_asks_and_writes_one_comment(desk: Desk) -> None:
    there = desk.jira.existing(EXISTS, SAYS)
    theme = next(str(t["rank"]) for t in desk.told("list")["themes"] if "export" in t["name"].casefold())
    asked = desk.says("attach", theme)
    assert asked.exit_code == 2 and "--yes" in asked.stderr and there.comments == []
    done = desk.says("attach", theme, "--yes")
    assert done.exit_code == 0 and f"Comment  {there.key}" in done.stdout and len(there.comments) == 1
    assert f"evidence for {there.key} by cli:" in desk.says("list").stdout
    told = desk.told("show", theme)["theme"]
    assert told["existing"]["matches"][0]["key"] == there.key and told["issue"]["key"] == there.key
    assert desk.says("show", theme, "--customers").exit_code == 2, "it is not done yet"
    assert desk.says("undo", theme, "--yes").exit_code == 0 and len(there.comments) == 1


def test_attach_without_a_sure_issue_wants_a_key_and_a_dead_tracker_is_said(desk: Desk) -> None:
    none = desk.says("attach", "1", "--yes")
    assert none.exit_code == 2 and "attach THEME BILL-123" in none.stderr
    assert desk.says("attach", "1", "BILL-404", "--yes").exit_code == 1, "there is no such issue"
