"""The evidence chain: from a theme to each tool, and from a ticket back; as the store has it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bot.acts import Act, Effect, EffectState, Receipt, Verdict
from bot.cli import app
from bot.decisions import Result
from bot.tracker.chain import links, onwards
from connectors.markup import text
from tests.chains import Chain
from tests.contract.sinks import draft_of
from tests.databases import WORKSPACE

S = EffectState


@pytest.fixture(autouse=True)
def config(tmp_path: Path) -> None:
    told = {"workspace": {"name": WORKSPACE}, "storage": {"database": f"sqlite:///{tmp_path / 'store.db'}"}}
    (tmp_path / "config.yaml").write_text(json.dumps(told))


def says(folder: Path, *args: str, status: int = 0) -> str:
    words = ["show", *args, "--evidence", "--config", str(folder / "config.yaml")]
    before, sys.argv = sys.argv, ["groundswell", *words]
    try:
        said = CliRunner().invoke(app, words)
    finally:
        sys.argv = before
    assert said.exit_code == status, said.output
    return said.stdout


def test_the_chain_is_walked_from_the_theme_to_every_tool_and_back_from_a_ticket(chain: Chain, tmp_path: Path) -> None:
    theme = chain.approve()
    chain.settle()
    made = chain.scene.store.runs.digest("monthly:2026-10")
    assert made is not None
    found = next(t for t in made.themes if t.id == theme)
    (issue,), (doc,), (feature,) = chain.scene.jira.issues, chain.dovetail.docs, chain.productboard.of("feature")
    onward = says(tmp_path, theme)
    assert all(row.ticket_id in onward for row in found.evidence)
    assert f"Jira          {issue.key}  {chain.scene.jira.url}/browse/{issue.key}" in onward
    assert f"Productboard  {feature.id}  https://acme.productboard.com/" in onward
    assert f"{len(chain.productboard.notes)} notes" in onward
    assert f"Dovetail      {doc.id}" in onward and f"{len(chain.dovetail.data)} transcripts" in onward
    back = says(tmp_path, found.members[0])
    linked = next(e for e in made.themes[0].evidence if e.url)
    assert says(tmp_path, str(linked.url)) == says(tmp_path, linked.ticket_id)
    assert back.startswith(f"{found.members[0]} is in 1 theme\n") and theme in back
    assert issue.key in back and feature.id in back and doc.id in back
    refs = (issue.key, f"{chain.scene.jira.url}/browse/{issue.key}", feature.id, doc.id,
            f"https://acme.productboard.com/entity-detail/features/{feature.id}", f"https://dovetail.com/docs/{doc.id}/",
            chain.productboard.notes[0].id)  # fmt: skip
    for ref in refs:
        whence = says(tmp_path, ref)
        assert whence.startswith(f"{ref} was made for 1 theme\n") and whence.endswith(onward), ref
    assert json.loads(says(tmp_path, issue.key, "--json"))["data"]["themes"][0]["theme"] == theme
    for wrong in ("BILL-9999", f"{issue.key}0", "https://dovetail.com/docs/none", "%", "_"):
        says(tmp_path, wrong, status=2)
    told: Any = json.loads(says(tmp_path, found.members[0], "--json"))["data"]
    assert [link["tool"] for link in told["themes"][0]["chain"]] == ["Jira", "Productboard", "Dovetail"]


def test_a_theme_that_nobody_approved_and_a_ticket_in_no_theme_say_so(chain: Chain, tmp_path: Path) -> None:
    assert "nothing yet: nobody approved it" in says(tmp_path, "1")
    made = chain.scene.store.runs.digest("monthly:2026-10")
    assert made is not None
    says(tmp_path, made.not_a_theme[0].ticket_id, status=2)


def test_what_was_refused_or_waits_beside_jira_is_said_in_its_place(chain: Chain) -> None:
    chain.productboard.fail("refuse", times=10_000, status=401)
    theme = chain.approve()
    chain.settle()
    found = {link.tool: link for link in links(chain.scene.store.effects.of_theme(theme))}
    assert found["Productboard"].state is S.FAILED and found["Dovetail"].state is S.DONE
    lines = list(onwards(draft_of().theme, list(found.values())))
    at = next(n for n, line in enumerate(lines) if line.startswith("  Productboard"))
    assert "refused; 0 of " in lines[at] and "GROUNDSWELL_PRODUCTBOARD__TOKEN" in lines[at + 1]


def test_what_was_taken_back_is_said_and_a_later_approval_stands_in_its_place(chain: Chain) -> None:
    theme = chain.approve()
    chain.settle()
    assert chain.decide(Verdict.UNDO, theme) is Result.DONE
    chain.settle()
    effects = chain.scene.store.effects.of_theme(theme)
    assert all(link.withdrawn for link in links(effects)) and len(links(effects)) == 3
    again = Effect(Act("k2", "jira.issue", "BILL", {}), S.DONE, receipt=Receipt("BILL-99"))
    jira = links([*effects, again])[0]
    assert jira.ref == "BILL-99" and not jira.withdrawn and jira.parts == ()


def test_words_in_a_payload_are_those_that_a_withdrawal_looks_for() -> None:
    """`bot.store.withdrawal` knows a ticket's words as they are and as HTML without escaped quotation marks."""
    assert text('We can\'t say "no" & <b>') == 'We can\'t say "no" &amp; &lt;b&gt;'
