"""`groundswell init`: six questions at most, each token tried at once, secrets in `.env` alone."""

from __future__ import annotations

import os
import pty
import re
import select
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot import extras
from bot.cli import app
from bot.config import load, starting
from bot.ports import Refused
from tests.runs import ROOT, jsonl
from tests.servers.jira import EMAIL
from tests.servers.slack import CHANNEL, TOKEN
from tests.servers.town import Town
from tests.test_bad_input import tickets
from tests.test_cli import groundswell


@pytest.fixture
def town() -> Iterator[Town]:
    with Town() as made:
        yield made


def around(town: Town) -> dict[str, str]:
    """Where the vendors are in a test; nobody types that."""
    return {
        "GROUNDSWELL_NETWORK__ALLOW_PRIVATE": "true",
        "GROUNDSWELL_SOURCES__ZENDESK__BASE_URL": town.zendesk.url,
        "GROUNDSWELL_SLACK__BASE_URL": town.slack.base_url,
    }


def asked(town: Town, folder: Path, answers: list[str]) -> tuple[int, str]:
    """The command on a terminal; each answer is typed when a question stands there. Its status, and all it said."""
    main, other = pty.openpty()
    code = "import sys; sys.argv[0] = 'groundswell'; from bot.cli import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, "init", "--no-dry-run"],
        cwd=folder,
        env={**os.environ, **around(town), "PYTHONPATH": str(ROOT), "TERM": "dumb", "COLUMNS": "500"},
        stdin=other,
        stdout=other,
        stderr=other,
    )
    os.close(other)
    said, until, new = "", time.monotonic() + 60, ""
    while time.monotonic() < until:
        if select.select([main], [], [], 0.1)[0]:
            try:
                new += (piece := os.read(main, 4096).decode())
            except OSError:  # the other end is closed
                break
            said += piece
        if answers and new.rstrip(" ").endswith(":") and new.endswith(": "):
            os.write(main, f"{answers.pop(0)}\n".encode())
            new = ""
    os.close(main)
    return process.wait(10), said


def test_a_wrong_answer_of_any_kind_is_asked_again_and_no_other_is_lost(town: Town, tmp_path: Path) -> None:
    login = f"{town.zendesk.email}/token:{town.zendesk.token}"
    project = f"{town.jira.url}/browse/{town.jira.project}"
    slack = f"{TOKEN} xapp-1-A-2-b"
    tickets = ["no-such-file.csv", "lumenboard.zendesk.com", "", login]
    channel = ["#product", CHANNEL, "", slack]
    tracker = ["https://acme", f"{town.jira.url}/browse/WRONG", "back", project, EMAIL]
    logins = [f"{EMAIL}:no-such-token", f"{EMAIL}:{town.jira.token}"]
    status, said = asked(town, tmp_path, [*tickets, *channel, *tracker, *logins])
    assert status == 0, said
    counts = {w: said.count(f"{w}") for w in ("Where are your", "Zendesk token,", "Slack channel for", "Slack tokens,")}
    assert set(counts.values()) == {2} and said.count("Jira project for") == 3 and said.count("Jira login,") == 4, said
    wrong = ["no-such-file.csv is not there", "zendesk.token: not set", "slack.channel: ", "slack.token: not set"]
    wrong += ["names no Jira project", "a mail address without its token", "(401)", "jira works"]
    assert [w for w in wrong if w not in said] == []
    config, env = (tmp_path / "config.yaml").read_text(), tmp_path / ".env"
    secrets = [town.zendesk.token, TOKEN, "xapp-1-A-2-b", town.jira.token, "no-such-token"]
    assert not any(secret in said + config for secret in secrets) and "WRONG" not in config
    assert all(secret in env.read_text() for secret in secrets[:4]) and stat.S_IMODE(env.stat().st_mode) == 0o600
    assert "0 failures" in said and "Nobody may approve yet" in said and "posts last month's digest at once" in said
    assert not [r for r in town.slack.requests + town.jira.requests if "chat.post" in r.path or r.method == "PUT"]


def test_an_option_without_its_secret_is_named_and_what_it_was_given_is_not_shown(tmp_path: Path) -> None:
    done = groundswell("init", "--intercom", "us", "--intercom-token", "s3cr3t", cwd=tmp_path)
    assert done.returncode == 2 and "--intercom-token names no environment variable" in done.stderr
    assert "s3cr3t" not in done.stderr
    done = groundswell("init", "--intercom", "us", "--intercom-token", "-", cwd=tmp_path)
    assert done.returncode == 2 and "--intercom-token found no line on stdin" in done.stderr


def test_where_nobody_can_be_asked_again_a_wrong_answer_ends_it(tmp_path: Path) -> None:
    done = groundswell("init", "--jira", "acme", "--no-dry-run", cwd=tmp_path)
    assert (done.returncode, done.stderr.count("names no Jira project")) == (2, 1)
    assert not (tmp_path / "config.yaml").exists()


def test_a_token_that_does_not_work_ends_with_four_and_nothing_is_written(town: Town, tmp_path: Path) -> None:
    args = ["--zendesk", "lumenboard", "--zendesk-email", town.zendesk.email, "--zendesk-token", "HELD"]
    done = groundswell("init", *args, cwd=tmp_path, **around(town), HELD="no-such-secret")
    assert (done.returncode, done.stdout) == (4, "")
    assert "401" in done.stderr and "mend: " in done.stderr and "no-such-secret" not in done.stderr
    assert [p.name for p in tmp_path.iterdir() if p.name != "cache"] == []


def test_a_config_that_is_there_stays_unless_it_is_meant(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("mine: 1\n")
    file = jsonl(tmp_path / "t.jsonl", tickets(40))
    refused = CliRunner().invoke(app, ["init", "--tickets", str(file), "--config", str(tmp_path / "config.yaml")])
    assert refused.exit_code == 2 and "--force" in refused.output
    assert (tmp_path / "config.yaml").read_text() == "mine: 1\n"
    done = groundswell("init", "--tickets", file, "--force", "--no-dry-run", cwd=tmp_path)
    assert done.returncode == 0 and "0 failures" in done.stdout
    assert load(tmp_path / "config.yaml", {}).sources.file.paths == (file,)


def test_answers_may_be_written_as_people_write_them() -> None:
    assert starting.where("https://Acme.zendesk.com/agent") == ("zendesk", "acme")
    assert starting.where("intercom EU") == ("intercom", "eu")
    assert starting.where("~/export.csv") == ("file", "~/export.csv")
    part = starting.zendesk("acme", "bot@acme.com/token:s3c")
    assert part.told == {"sources": {"zendesk": {"subdomain": "acme", "email": "bot@acme.com"}}}
    assert starting.secrets([part]) == {"GROUNDSWELL_SOURCES__ZENDESK__TOKEN": "s3c"}
    assert "email" not in starting.zendesk("acme.zendesk.com", "an-oauth-token").told["sources"]["zendesk"]
    jira = starting.jira("https://acme.atlassian.net/jira/software/c/projects/bill/boards/1", "b@a.c:t")
    assert jira.told == {"jira": {"site": "https://acme.atlassian.net", "email": "b@a.c", "project": "BILL"}}
    with pytest.raises(Refused, match="browse/BILL"):
        starting.jira("acme", None)


def test_a_missing_extra_is_told_as_the_exact_command_that_installs_it() -> None:
    assert re.fullmatch(r"\S*python\S* -m pip install 'zenpy>=2[\d.]+'", extras.command("zendesk"))
    assert "psycopg[binary]" in extras.command("postgres")


@pytest.mark.parametrize(
    ("answers", "next_"),
    [
        (["--tickets", "t.csv"], ["groundswell run"]),
        ([], ["groundswell run --tickets FILE"]),
    ],
)
def test_the_last_line_is_a_command_that_works_with_what_was_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answers: list[str], next_: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.csv").write_text("id,description\n1,It hangs\n")
    ended = CliRunner().invoke(app, ["init", *answers, "--no-dry-run"], input="\n\n\n")

    assert ended.exit_code == 0, ended.output
    said = ended.stdout.partition("\nNext")[2].splitlines()
    assert [line.strip() for line in said if line.strip()] == next_
    assert "1 place" in ended.output and "1 places" not in ended.output
