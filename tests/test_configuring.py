"""`groundswell config`: every fault at once with its mend, where each value comes from, and no secret shown."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.config import Config, dotenv, load, read
from bot.ports import Refused
from tests.test_cli import groundswell

TOKEN = "xoxb-0123456789-abcdefghij-WXYZ"
FAULTY = """
workspace: {name: Acme, timezone: Berlin}
analysis: {show: 9, sed: 1}
slack: {channel: "#product", mode: http}
jira: {site: http://acme.atlassian.net, email: x@y.z, token: 1234567890123456789012345}
sources: {zendesk: {subdomain: acme, email: a@b.c}}
storage: {database: postgresql://me:s3cr3t-word@db.acme.com/x}
"""
NAMED = [
    "workspace.timezone: 'Berlin' is not a time zone",
    "sources.zendesk.token: not set",
    "analysis.show: Input should be less than or equal to 8 (found 9)",
    "unknown key 'analysis.sed', did you mean 'seed'?",
    "slack.token: not set",
    "slack.channel: String should match pattern",
    "jira.token: Input should be a valid string",
    "jira.project: not set",
    "jira.site: it must be https and public",
    "slack.signing_secret: slack.mode http needs it",
]


def written(folder: Path, text: str) -> Path:
    path = folder / "config.yaml"
    path.write_text(text)
    return path


def test_validate_names_ten_faults_of_one_config_each_with_a_mend(tmp_path: Path) -> None:
    written(tmp_path, FAULTY)
    done = groundswell("config", "validate", "--json", cwd=tmp_path)
    whole = json.loads(done.stdout)
    found = whole["meta"]["faults"]
    assert (done.returncode, whole["ok"], len(found)) == (2, False, len(NAMED))
    for said, fault in zip(NAMED, found, strict=True):
        assert said in fault["message"] and fault["mend"]
    assert "1234567890" not in done.stdout + done.stderr


def test_a_faulty_config_keeps_what_is_right_and_leaves_out_what_would_go_elsewhere(tmp_path: Path) -> None:
    found = read(written(tmp_path, FAULTY), {})
    assert (found.config.workspace.name, found.config.workspace.timezone) == ("Acme", "UTC")
    assert found.config.slack is None and found.config.jira is None and found.config.sources.zendesk is None
    assert found.config.storage.database.endswith("/x")


@pytest.mark.parametrize("text", ["version: 2", "slack: 3", "analysis: [1]", "sources: {zendesk: [x], file: 1}"])
def test_whatever_is_wrong_something_right_is_left(tmp_path: Path, text: str) -> None:
    found = read(written(tmp_path, text), {})
    assert found.faults and found.config == Config()


def test_a_fault_from_the_environment_names_its_variable(tmp_path: Path) -> None:
    done = groundswell("config", "validate", cwd=tmp_path, GROUNDSWELL_ANALYSYS__SHOW="8", GROUNDSWELL_JIRA__SITE="x")
    assert done.returncode == 2
    assert "unknown key 'analysys' in GROUNDSWELL_ANALYSYS" not in done.stdout  # the key above has no variable
    assert "did you mean 'analysis'?" in done.stdout and "in GROUNDSWELL_JIRA__SITE" in done.stdout


def test_show_tells_who_set_each_value_and_of_a_secret_nothing(tmp_path: Path) -> None:
    written(tmp_path, "workspace: {name: Acme}\nslack: {channel: C1}\nstorage: {database: 'postgresql://me:pw9@h/x'}\n")
    (tmp_path / ".env").write_text(f"GROUNDSWELL_SLACK__TOKEN='{TOKEN}'\nGROUNDSWELL_WORKSPACE__NAME=from-the-file\n")
    done = groundswell("config", "show", cwd=tmp_path, GROUNDSWELL_WORKSPACE__NAME="Globex")
    told = {line.split()[0]: line for line in done.stdout.splitlines()}
    assert "Globex" in told["workspace.name"] and told["workspace.name"].endswith("GROUNDSWELL_WORKSPACE__NAME")
    assert told["slack.token"].split()[1] == "****" and told["slack.token"].endswith("GROUNDSWELL_SLACK__TOKEN (.env)")
    assert told["slack.channel"].endswith("config.yaml") and "analysis.seed" not in told
    assert TOKEN[-4:] not in done.stdout and "xoxb" not in done.stdout and "pw9" not in done.stdout


def test_the_schema_knows_every_key_and_forbids_others(tmp_path: Path) -> None:
    told = json.loads(groundswell("config", "schema", cwd=tmp_path).stdout)
    assert set(told["properties"]) == set(Config.model_fields) and told["additionalProperties"] is False


# --- where tokens stand


def test_a_secret_can_stand_in_a_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    path = written(tmp_path, "slack: {channel: C1}")
    config = load(path, {"GROUNDSWELL_SLACK__TOKEN_FILE": str(tmp_path / "token")})
    assert config.slack is not None and config.slack.token.get_secret_value() == TOKEN
    with pytest.raises(Refused, match="GROUNDSWELL_SLACK__TOKEN_FILE names a file"):
        load(path, {"GROUNDSWELL_SLACK__TOKEN_FILE": str(tmp_path / "absent")})


def test_the_environment_goes_before_the_file_beside_the_config(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("# ours\nexport A='x y' \nB=1 # one\nC=\"it's\"\nnonsense\n")
    assert dotenv.beside(tmp_path, {"B": "2"}) == {"A": "x y", "B": "2", "C": "it's"}


def test_writing_keeps_everybody_elses_lines_and_lets_nobody_else_read(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("# theirs\nOTHER=1\nOURS=old\nODD LINE\n")
    path.chmod(0o644)
    assert list(dotenv.open_to_others(tmp_path)) == [path]
    dotenv.write(tmp_path, {"OURS": "new one", "MORE": TOKEN})
    assert path.read_text() == f"# theirs\nOTHER=1\nOURS='new one'\nODD LINE\nMORE={TOKEN}\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and not list(dotenv.open_to_others(tmp_path))
    assert [p.name for p in tmp_path.iterdir()] == [".env"]


@given(st.text(st.characters(exclude_characters="\n\r'\"", exclude_categories=["Cs", "Cc", "Zl", "Zp"])))
def test_what_is_written_is_read_back(value: str) -> None:
    assert dotenv.parsed(dotenv.updated("A=1\n", {"OURS": value})) == {"A": "1", "OURS": value}
