"""Every description against Atlassian's own JSON schema of its document format.

Needs Node and two packages in a cache outside of the tree: without them it skips and says so; where
GROUNDSWELL_REQUIRE_RIG=1 it fetches them, and a skip is a failure.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.acts import Draft
from bot.domain import Course, Month, Trend
from connectors.jira import Jira
from tests.contract.sinks import draft_of
from tests.digests import HOSTILE as HOSTILE_LINE
from tests.digests import large_digest, sample_digest, small_digest, with_text
from tests.test_jira_draft import HOSTILE, fields

SCHEMA, AJV = "57.7.22", "6.12.6"  # ajv 6 is the last that reads draft-04, in which the schema is written
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / f"groundswell-adf-{SCHEMA}"
VALIDATE = """
const [cache, schema, documents] = process.argv.slice(1);
const Ajv = require(cache + '/node_modules/ajv');
const ajv = new Ajv({schemaId: 'id', meta: false, jsonPointers: true, logger: false});
ajv.addMetaSchema(require(cache + '/node_modules/ajv/lib/refs/json-schema-draft-04.json'));
const valid = ajv.compile(require(schema));
const wrong = require(documents).map(d => valid(d) ? null : ajv.errorsText(valid.errors.slice(0, 3)));
console.log(JSON.stringify(wrong));
"""


def _required() -> bool:
    return os.environ.get("GROUNDSWELL_REQUIRE_RIG") == "1"


def _unavailable(reason: str) -> None:
    if _required():
        pytest.fail(f"Atlassian's schema is required but {reason}", pytrace=False)
    pytest.skip(f"Atlassian's schema: {reason}")


@pytest.fixture(scope="module")
def schema() -> Path:
    path = CACHE / "package" / "dist" / "json-schema" / "v1" / "full.json"
    if not shutil.which("node") or not shutil.which("npm"):
        _unavailable("Node and npm are not here")
    if not path.exists() or not (CACHE / "node_modules" / "ajv").exists():
        if not _required():  # never download behind a developer's back
            _unavailable(f"it is not in {CACHE}; run once with GROUNDSWELL_REQUIRE_RIG=1")
        _fetch(path.relative_to(CACHE))
    return path


def _fetch(member: Path) -> None:
    """The schema's file alone of its package, whose dependencies nobody needs here, and a validator."""
    CACHE.mkdir(parents=True, exist_ok=True)
    for command in (
        ["npm", "pack", f"@atlaskit/adf-schema@{SCHEMA}"],
        ["npm", "install", "--prefix", CACHE, "--ignore-scripts", "--no-audit", "--no-fund", f"ajv@{AJV}"],
    ):
        subprocess.run(command, cwd=CACHE, check=True, capture_output=True, timeout=120)
    (packed,) = CACHE.glob("*.tgz")
    with tarfile.open(packed) as archive:
        archive.extract(str(member), CACHE, filter="data")


def faults(schema: Path, tmp_path: Path, documents: list[Any]) -> list[str | None]:
    file = tmp_path / "documents.json"
    file.write_text(json.dumps(documents), encoding="utf-8")
    done = subprocess.run(
        ["node", "-e", VALIDATE, CACHE, schema, file], capture_output=True, text=True, check=True, timeout=120
    )
    return list(json.loads(done.stdout))


def drafts() -> list[Draft]:
    plain = sample_digest(one_offs=3)
    themes = [draft_of(plain, number) for number in range(len(plain.themes))]
    told = [draft_of(with_text(text)) for text in (*HOSTILE, HOSTILE_LINE)]
    bare = themes[0].theme
    bare = replace(bare, quotes=(), evidence=(), members=(), words=replace(bare.words, acceptance=()))
    trend = Trend(Course.GREW, (Month("September 2026", 29, 20, 30.0), Month("October 2026", 42, 31, 31.0)), 29, 0.45)
    whole = replace(
        draft_of(small_sample=True, edited_by=("cli:dana",), notes_url="https://notes.acme.example/1"),
        theme=replace(themes[0].theme, trend=trend),
    )
    return [whole, *themes, *told, draft_of(small_digest()), draft_of(large_digest()), replace(themes[0], theme=bare)]


def test_every_description_is_valid_by_atlassians_schema(schema: Path, tmp_path: Path) -> None:
    documents = [fields(draft, inline_links=most)["description"] for draft in drafts() for most in (0, 100, 100_000)]
    assert [fault for fault in faults(schema, tmp_path, documents) if fault] == []
    assert len(documents) > 60


def test_every_comment_is_valid_too_also_one_that_was_withdrawn(schema: Path, tmp_path: Path) -> None:
    sink = Jira(site="http://127.0.0.1:1", email="a@b.c", token="t", project="BILL")
    gone = [sink.detach(draft, sink.attach(draft, "BILL-1", 1)[0], 2, None) for draft in drafts()[:2]]
    made = [sink.attach(draft, "BILL-1", 1)[0] for draft in drafts()[::4]]
    documents = [act.payload["body"] for act in (*made, *gone)]
    assert [fault for fault in faults(schema, tmp_path, documents) if fault] == []


def test_the_schema_refuses_what_is_no_document(schema: Path, tmp_path: Path) -> None:
    """So that the test above can fail."""

    def doc(*content: Any) -> Any:
        return {"version": 1, "type": "doc", "content": list(content)}

    empty = {"type": "paragraph", "content": [{"type": "text", "text": ""}]}
    wrong = [doc(empty), doc({"type": "paragraf"}), {"type": "doc"}, "text", doc({"type": "panel", "content": []})]
    assert all(faults(schema, tmp_path, wrong))
