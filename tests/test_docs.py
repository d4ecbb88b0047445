"""What the documents say is there is there: files, commands, settings. What the README says to type can be typed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from bot.cli import app
from bot.config import Config
from tests.parsing import parsed, spoken
from tests.runs import ROOT

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), ROOT / "bench" / "README.md"])


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def blocks(path: Path, kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_every_command_in_every_document_exists_with_its_options(path: Path) -> None:
    for block in blocks(path, "console"):
        for words in spoken(block):
            try:
                parsed(words)
            except SystemExit as ended:  # --help, --version
                assert ended.code == 0
    inline = re.findall(r"`groundswell ([a-z][^`]*)`", path.read_text(encoding="utf-8"))
    known = {words[0] for words, _ in every_command()}
    for words in inline:
        assert words.split()[0].rstrip(",.:") in known, f"groundswell {words}"


@pytest.mark.parametrize("path", [ROOT / "SECURITY.md", ROOT / "README.md", ROOT / "docs" / "operate.md"], ids=name)
def test_every_file_that_is_named_is_there(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    named = re.findall(r"`((?:bot|connectors|tests|tools|deploy|docs|bench)/[\w./-]+)`", text)
    linked = [link for link in re.findall(r"\]\(([\w./-]+)(?:#[\w-]+)?\)", text) if not link.startswith("http")]
    missing = [n for n in named if not (ROOT / n).exists()] + [n for n in linked if not (path.parent / n).exists()]
    assert missing == []
    assert len(named) + len(linked) > 5


@pytest.mark.parametrize("path", [p for p in DOCUMENTS if p.name != "CONTRIBUTING.md"], ids=name)
def test_every_setting_that_is_named_is_one(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for stanza, key in re.findall(r"`(slack|jira|llm|retention|storage|server|network|schedule|output)\.(\w+)", text):
        field = Config.model_fields[stanza].annotation
        kinds = [field, *getattr(field, "__args__", ())]
        fields = {f for kind in kinds if hasattr(kind, "model_fields") for f in kind.model_fields}
        assert key in fields, f"{stanza}.{key}"


def every_command(command: Any = None, above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    command = command or get_command(app)
    for word, below in getattr(command, "commands", {}).items():
        yield (*above, word), below
        yield from every_command(below, (*above, word))


def test_every_command_explains_itself_and_each_of_its_options() -> None:
    found = list(every_command())
    assert len(found) > 25
    for words, command in found:
        assert len((command.help or "").split()) > 4, f"{words} does not say what it does"
        mute = [p.name for p in command.params if not getattr(p, "help", "") and p.name != "help"]
        assert mute == [], f"{words}: {mute}"
