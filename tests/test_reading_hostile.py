"""Hostile tickets: they may spoil their own place, and nothing else, whatever the model behind does with them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from bot.synthesis.reading.orders import gives_orders
from tests import hostile, labelled
from tests.servers.openai import OpenAI, SimulatedReader, asked
from tests.test_reading import codes, digested, memberships, true_themes, whole

CORPUS = hostile.corpus()


@lru_cache(maxsize=1)
def _marks() -> tuple[str, ...]:
    return tuple(" ".join(text.split())[:40] for text in CORPUS)


class Obedient(SimulatedReader):
    """A reader that does what a ticket says, if it sees one of the corpus: the worst that a model could be."""

    def answer(self, material: Any, schema: Mapping[str, Any]) -> Any:
        told = super().answer(material, schema)
        said = [t["text"] if isinstance(t, dict) else t for t in _tickets(material)]
        if not any(gives_orders(text) for text in said):
            return told
        if "survey" in told:
            return {"survey": "", "groups": []}
        if "rows" in told:
            first = material["groups"][0]["group"]
            return {"rows": [{**row, "group": first} for row in told["rows"]]}
        return told | ({"same": True} if "same" in told else {})


def _tickets(material: Any) -> list[Any]:
    parts = [material, *material.get("groups", ()), *(material.get(k, {}) for k in "AB")]
    return [t for part in parts if isinstance(part, dict) for t in part.get("tickets", ())]


def _hostile_rows(texts: list[str]) -> list[dict[str, Any]]:
    return [
        {
            "id": f"X-{n:03}", "subject": "", "description": text, "account_id": f"acct_x{n}",
            "customer": f"Attacker {n}", "requester": f"a{n}@attacker{n}.example", "created_at": "2026-10-09T09:00:00Z",
        }
        for n, text in enumerate(texts)
    ]  # fmt: skip


def test_the_corpus_is_large_and_each_of_its_tickets_is_noticed() -> None:
    assert len(CORPUS) >= 240
    missed = [text for text in CORPUS if not gives_orders(text)]
    assert missed == []


def test_ordinary_tickets_are_not_taken_for_orders() -> None:
    assert [r["description"] for r in labelled.rows() if gives_orders(r["description"])] == []


@pytest.mark.parametrize("part", range(8))
def test_hostile_tickets_change_no_assignment_count_or_severity_of_others_even_with_an_obedient_model(
    tmp_path: Path, part: int
) -> None:
    texts = CORPUS[part::8]
    gold = [(text, None) for text in texts]
    with OpenAI(SimulatedReader(labelled.gold(gold))) as server:
        before = whole(digested(labelled.month(tmp_path), server))
    with OpenAI(Obedient(labelled.gold(gold))) as server:
        after = whole(digested(labelled.month(tmp_path, _hostile_rows(texts)), server))
        bodies = [r.json for r in server.sent("POST", "chat")]
    calm = {r["description"] for r in labelled.rows()}
    assert codes(after)[-1] == "read_by_model"
    ours = [{i for i in ids if i.startswith("T-")} for ids in memberships(after)]
    assert [ids for ids in ours if ids] == memberships(before)
    severe = {frozenset(t["ticket_ids"]) - {f"X-{n:03}" for n in range(99)}: i["severity"] for t, i in _items(after)}
    assert {k: v for k, v in severe.items() if k} == {
        frozenset(t["ticket_ids"]): i["severity"] for t, i in _items(before)
    }
    for body in bodies:
        said = {t["text"] if isinstance(t, dict) else t for t in _tickets(asked(body)[1])}
        assert said <= calm or not said & calm, "an order shares a question with others"


def _items(told: dict[str, Any]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    by_theme = {i["theme_id"]: i for i in told["backlog_items"]}
    return [(t, by_theme[t["id"]]) for t in told["themes"]]


def test_no_hostile_text_reaches_an_instruction_or_leaves_the_material_and_the_json_stays_whole(tmp_path: Path) -> None:
    texts = CORPUS[::3]
    with OpenAI(SimulatedReader(labelled.gold([(t, None) for t in texts]))) as server:
        told = whole(digested(labelled.month(tmp_path, _hostile_rows(texts)), server))
        bodies = [r.json for r in server.sent("POST", "chat")]
    instructions = {b["messages"][0]["content"] for b in bodies}
    assert len(instructions) <= 6
    for instruction in instructions:
        assert not any(mark in instruction for mark in _marks() if len(mark) > 20)
    for body in bodies:
        assert [m["role"] for m in body["messages"]] == ["system", "user"]
        assert isinstance(json.loads(body["messages"][1]["content"]), dict)
        assert not {"tools", "functions"} & body.keys()
    shown = [t["name"] + t["problem"] for t in told["themes"]] + [
        i["title"] + i["user_story"] for i in told["backlog_items"]
    ]
    assert not any("P0" in text or "G1" in text or "instruction" in text.lower() for text in shown)


def test_an_order_that_no_rule_notices_is_undone_by_the_other_readings(tmp_path: Path) -> None:
    """A model that obeys puts its whole question into one group: that is read again by itself, and falls apart."""
    quiet = [
        {**row, "id": f"Y-{n}", "description": f"zzobey {n} please"} for n, row in enumerate(_hostile_rows([""] * 3))
    ]

    class Sheep(SimulatedReader):
        def answer(self, material: Any, schema: Mapping[str, Any]) -> Any:
            told = super().answer(material, schema)
            if "rows" in told and any("zzobey" in t["text"] for t in material["tickets"]):
                return {"rows": [{**r, "group": material["groups"][0]["group"]} for r in told["rows"]]}
            return told

    gold = labelled.gold([(r["description"], None) for r in quiet])
    with OpenAI(Sheep(gold)) as server:
        told = whole(digested(labelled.month(tmp_path, quiet), server))
    found = [{i for i in ids if i.startswith("T-")} for ids in memberships(told)]
    assert all(len(a & b) >= 0.85 * len(a | b) for a, b in zip(found, true_themes(), strict=True))
