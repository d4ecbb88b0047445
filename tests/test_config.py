"""The config says what is wrong, where, and how to mend it; the example works as it stands and uncommented."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.config import Config, load
from bot.ports import Refused
from tests.runs import ROOT

EXAMPLE = ROOT / "config.example.yaml"


def test_the_example_is_the_defaults() -> None:
    assert load(EXAMPLE, {}) == Config()


def test_the_example_uncommented_is_valid_too(tmp_path: Path) -> None:
    text = re.sub(
        r"^(\s*)# ( *(?:severity_rules:|- \{severity|cache:))", r"\1\2", EXAMPLE.read_text(), flags=re.MULTILINE
    )
    path = tmp_path / "config.yaml"
    path.write_text(text)
    config = load(path, {})
    assert len(config.scoring.severity_rules or ()) == 3
    assert config.output.cache is not None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("analysis: {them: {}}", r"unknown key 'analysis\.them', did you mean 'theme'\?"),
        ("nonsense_key: 1", r"unknown key 'nonsense_key'.*known here: analysis"),
        ("analysis: {theme: {min_tickets: 4}}", r"analysis\.theme\.min_tickets.*5.*found 4"),
        ("analysis: {theme: {min_customers: 2}}", r"min_customers.*3"),
        ("analysis: {show: 9}", r"analysis\.show"),
        ("workspace: {timezone: Berlin}", r"'Berlin' is not a time zone, did you mean 'Europe/Berlin'\?$"),
        ("scoring: {severity_rules: [{severity: P0, about: x, words: '('}]}", r"not a regular expression"),
        ("- a list", r"must hold keys and values"),
        ("a: [", r"is not YAML"),
    ],
)
def test_a_fault_names_its_key_and_the_mend(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(text)
    with pytest.raises(Refused, match=said) as refused:
        load(path, {})
    assert str(path) in str(refused.value)


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("analysis: {show: 9, seed: x}\nworkspace: {nam: y}\n")
    with pytest.raises(Refused, match=r"(?s)(?=.*show)(?=.*seed)(?=.*nam)"):
        load(path, {})


def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("workspace: {timezone: UTC}\n")
    told = load(path, {"GROUNDSWELL_WORKSPACE__TIMEZONE": "Europe/London", "GROUNDSWELL_CONFIG": "x", "HOME": "/"})
    assert told.workspace.timezone == "Europe/London"


def test_an_empty_file_is_the_defaults(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("\ufeff# nothing yet\n", encoding="utf-8")
    assert load(path, {}) == Config()


def test_the_digest_of_a_config_changes_with_what_shapes_a_digest_only() -> None:
    plain = Config()
    assert plain.digest == Config.model_validate({"output": {"dir": "elsewhere"}}).digest
    assert plain.digest != Config.model_validate({"analysis": {"seed": 1}}).digest
