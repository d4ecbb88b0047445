"""The stanzas of what Groundswell talks to: no secret is ever shown, no address is reached that nobody allowed."""

from __future__ import annotations

import json
import re
import traceback
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.config import Config, load
from bot.config.connections import is_public
from bot.ports import Refused
from tests.runs import ROOT

EXAMPLE = ROOT / "config.example.yaml"
SECRET = "s3cr3t-value-nobody-sees"
TOKENS = {
    "GROUNDSWELL_SOURCES__ZENDESK__TOKEN": SECRET,
    "GROUNDSWELL_SOURCES__INTERCOM__TOKEN": SECRET,
    "GROUNDSWELL_SLACK__TOKEN": SECRET,
    "GROUNDSWELL_SLACK__APP_TOKEN": SECRET,
    "GROUNDSWELL_SLACK__SIGNING_SECRET": SECRET,
    "GROUNDSWELL_JIRA__TOKEN": SECRET,
}
WHOLE: dict[str, Any] = {
    "sources": {"zendesk": {"subdomain": "acme", "email": "bot@acme.com"}, "intercom": {}},
    "slack": {"channel": "C0PRODUCT1", "approvers": ["U0DANA"]},
    "jira": {"site": "https://acme.atlassian.net", "email": "bot@acme.com", "project": "BILL"},
}


def written(folder: Path, told: Any) -> Path:
    path = folder / "config.yaml"
    path.write_text(told if isinstance(told, str) else json.dumps(told), encoding="utf-8")
    return path


def refusal(path: Path, environment: dict[str, str] | None = None) -> str:
    with pytest.raises(Refused) as refused:
        load(path, environment or {})
    told = "".join(traceback.format_exception(refused.value))  # what a crash report would hold
    assert SECRET not in told and SECRET not in repr(refused.value)
    return str(refused.value)


# --- the example


def uncommented(text: str, stanza: str) -> str:
    """The example with one commented stanza switched on, its comment lines up to the first that is none."""
    lines, on = [], False
    for line in text.splitlines():
        begins = re.match(rf"^( *)# {stanza}:", line)
        depth = re.match(r"^( *)# ", line)
        if begins:
            on = True
        elif on and (depth is None or not re.match(r"^ *#  ", line)):
            on = False
        lines.append(re.sub(r"^( *)# ", r"\1", line, count=1) if on else line)
    return "\n".join(lines)


STANZAS = ["zendesk", "intercom", "slack", "jira", "schedule", "storage", "retention", "server", "network", "llm"]


@pytest.mark.parametrize("stanza", STANZAS)
def test_each_stanza_of_the_example_works_when_its_marks_are_taken_out(tmp_path: Path, stanza: str) -> None:
    text = uncommented(EXAMPLE.read_text(), stanza)
    told = yaml.safe_load(text)
    there = told["sources"] if stanza in ("zendesk", "intercom") else told
    assert set(there[stanza]), "nothing was uncommented"
    tokens = {k: v for k, v in TOKENS.items() if f"_{stanza.upper()}__" in k}
    config = load(written(tmp_path, text), tokens)
    found = getattr(config.sources if stanza in ("zendesk", "intercom") else config, stanza)
    assert found is not None


def test_the_whole_example_switched_on_names_every_key_there_is(tmp_path: Path) -> None:
    text = EXAMPLE.read_text()
    for stanza in STANZAS:
        text = uncommented(text, stanza)
    config = load(written(tmp_path, text), TOKENS)
    told = yaml.safe_load(text)
    reachable_in_tests_alone = {"base_url"}
    for name in ("slack", "jira", "schedule", "storage", "retention", "server", "network"):
        keys = set(type(getattr(config, name)).model_fields) - {"token", "app_token", "signing_secret"}
        assert keys - reachable_in_tests_alone <= set(told[name]), f"{name} has keys that the example doesn't show"
    for name in ("zendesk", "intercom"):
        keys = set(type(getattr(config.sources, name)).model_fields) - {"token"}
        assert keys - reachable_in_tests_alone <= set(told["sources"][name])


def test_the_example_holds_no_token_and_says_where_each_comes_from() -> None:
    text = EXAMPLE.read_text()
    for name in ("GROUNDSWELL_SOURCES__ZENDESK__TOKEN", "GROUNDSWELL_SOURCES__INTERCOM__TOKEN"):
        assert name in text
    for name in ("SLACK__TOKEN", "SLACK__APP_TOKEN", "SLACK__SIGNING_SECRET", "JIRA__TOKEN"):
        assert f"GROUNDSWELL_{name}" in text
    assert not re.search(r"^\s*#?\s*(token|app_token|signing_secret): ", text, flags=re.MULTILINE)


# --- secrets


def test_a_token_comes_from_the_environment_and_stays_the_text_it_is(tmp_path: Path) -> None:
    config = load(written(tmp_path, WHOLE), {**TOKENS, "GROUNDSWELL_JIRA__TOKEN": "0123456789"})
    assert config.jira is not None and config.slack is not None
    assert config.jira.token.get_secret_value() == "0123456789"
    assert config.slack.token.get_secret_value() == SECRET


def test_no_secret_stands_in_the_repr_the_json_or_the_hash_of_a_config(tmp_path: Path) -> None:
    told = {**WHOLE, "storage": {"database": f"postgresql://me:{SECRET}@db.acme.com/groundswell"}}
    config = load(written(tmp_path, told), TOKENS)
    assert SECRET not in repr(config) and SECRET not in str(config)
    assert SECRET not in config.model_dump_json(exclude={"storage"})
    other = load(written(tmp_path, told), {**TOKENS, "GROUNDSWELL_SLACK__TOKEN": "another"})
    assert config.digest == other.digest


@pytest.mark.parametrize(
    "told",
    [
        {"slack": {"token": [SECRET], "channel": "C1"}},
        {"slack": {"token": {"xoxb": SECRET}, "channel": "C1"}},
        {"slack": {"token": SECRET, "channel": "no id", "signing_secret": SECRET}},
        {"slack": {"token": SECRET, "chanel": "C1"}},
        {"slack": {"token": SECRET, "channel": "C1", "mode": "http"}},
        {"slack": {"token": SECRET, "channel": "C1", "base_url": f"https://me:{SECRET}@slack.example/"}},
        {"slack": [SECRET]},
        {
            "jira": {
                "site": f"https://me:{SECRET}@acme.atlassian.net",
                "email": "b@a.c",
                "token": "t",
                "project": "BILL",
            }
        },
        {"jira": {"site": f"ftp://{SECRET}", "email": "b@a.c", "token": "t", "project": "BILL"}},
        {"jira": {"site": f"https://[{SECRET}", "email": "b@a.c", "token": "t", "project": "BILL"}},
        {"sources": {"zendesk": {"subdomain": "acme", "token": 12, "api_key": SECRET}}},
        {"llm": {"model": "m", "api_key": [SECRET]}},
    ],
)
def test_a_fault_beside_a_secret_says_what_is_wrong_and_not_the_secret(tmp_path: Path, told: Any) -> None:
    said = refusal(written(tmp_path, told))
    assert any(part in said for part in ("slack", "jira", "zendesk", "llm"))


@pytest.mark.parametrize(
    "text",
    [
        f"slack:\n  token: {SECRET}: oops: [\n",
        f"slack: {{token: {SECRET}, channel: C1\n",
        f"slack:\n\ttoken: {SECRET}\n",
        f'slack:\n  token: "{SECRET}\n',
        f"jira:\n  token: &{SECRET} {SECRET}\n  email: *other-{SECRET[:6]}\n  x: @{SECRET}\n",
    ],
)
def test_a_config_that_is_no_yaml_is_told_by_line_and_not_by_what_stands_there(tmp_path: Path, text: str) -> None:
    said = refusal(written(tmp_path, text))
    assert re.search(r"config\.yaml is not YAML in line \d, column \d+: ", said)


def test_a_token_that_is_missing_is_named_by_its_key(tmp_path: Path) -> None:
    said = refusal(written(tmp_path, WHOLE))
    for key in ("sources.zendesk.token", "sources.intercom.token", "slack.token", "jira.token"):
        assert f"{key}: not set" in said


def test_http_without_a_signing_secret_is_refused_since_anybody_could_click(tmp_path: Path) -> None:
    told = {"slack": {"token": "t", "channel": "C1", "mode": "http"}}
    assert "signing_secret" in refusal(written(tmp_path, told))
    assert "signing_secret" in refusal(written(tmp_path, told), {"GROUNDSWELL_SLACK__SIGNING_SECRET": ""})
    load(written(tmp_path, told), {"GROUNDSWELL_SLACK__SIGNING_SECRET": SECRET})


# --- addresses

PRIVATE = [
    "http://acme.atlassian.net",
    "https://localhost",
    "https://localhost.",
    "https://LOCALHOST:8443",
    "https://intranet",
    "https://jira.corp.internal",
    "https://printer.local",
    "https://127.0.0.1",
    "https://127.1",
    "https://2130706433",
    "https://0x7f.1",
    "https://10.1.2.3",
    "https://172.16.0.9/latest",
    "https://192.168.0.9:8080",
    "https://[::1]",
    "https://[::ffff:127.0.0.1]",
    "https://[fd12::1]",
]


@pytest.mark.parametrize("url", PRIVATE)
def test_an_address_that_only_this_machine_or_network_knows_is_refused_unless_it_is_allowed(
    tmp_path: Path, url: str
) -> None:
    assert not is_public(url)
    told = {"jira": {"site": url, "email": "b@a.c", "token": "t", "project": "BILL"}}
    assert "allow_private" in refusal(written(tmp_path, told))
    allowed = load(written(tmp_path, {**told, "network": {"allow_private": True}}), {})
    assert allowed.jira is not None and allowed.jira.site == url.rstrip("/")


@pytest.mark.parametrize("stanza", ["sources.zendesk", "sources.intercom", "slack"])
def test_every_base_url_is_held_to_that(tmp_path: Path, stanza: str) -> None:
    told = json.loads(json.dumps(WHOLE))
    there = told
    for part in stanza.split("."):
        there = there[part]
    there["base_url"] = "http://127.0.0.1:1"
    said = refusal(written(tmp_path, told), TOKENS)
    assert f"{stanza}.base_url" in said


@pytest.mark.parametrize("url", ["https://acme.atlassian.net", "https://jira.acme.com:8443/jira", "https://8.8.8.8"])
def test_a_public_address_is_taken_as_it_is(url: str) -> None:
    assert is_public(url)


# --- times


@pytest.mark.parametrize("said", ["first weekday 09:00", "day 1 00:00", "day 28 23:59", "off"])
def test_a_schedule_that_every_month_has_is_taken(said: str) -> None:
    assert Config.model_validate({"schedule": {"monthly": said}}).schedule.monthly == said


@pytest.mark.parametrize("said", ["day 29 09:00", "day 0 09:00", "first monday 09:00", "09:00", "day 3 24:00", ""])
def test_a_schedule_that_some_month_lacks_is_refused_with_the_grammar(tmp_path: Path, said: str) -> None:
    assert "first weekday 09:00" in refusal(written(tmp_path, {"schedule": {"monthly": said}}))
