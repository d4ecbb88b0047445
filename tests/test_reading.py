"""Reading with a language model: passes, votes, trust, words; and what is left when the other side fails or lies."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import SecretStr

from bot import wiring
from bot.config import Config
from bot.llm import ChatModel, Endpoint, Prices, Purse
from bot.ports import Answer, Question, Refused
from bot.runs import pipeline
from bot.runs.answers import Recalling, Remembered
from bot.runs.pipeline import Mind, Run
from bot.runs.reading import Asked
from bot.synthesis import Plan
from bot.synthesis.clean import Cleaned
from bot.synthesis.reading import passes, prompts
from bot.synthesis.reading.carry import carried
from bot.synthesis.reading.plan import NONE, UNREAD, Definition
from bot.synthesis.reading.texts import LIMITS, fitting, lots, seen, visible
from bot.synthesis.reading.votes import majority
from bot.synthesis.reading.wording import Brief, wrongs
from bot.verify import problems
from tests import labelled
from tests.runs import NOW, data, embedder, jsonl
from tests.servers.openai import OpenAI, SimulatedReader, asked


def digested(
    batch: Path, server: OpenAI, *, cap: float | None = None, timeout: float = 5.0, plan: Plan | None = None
) -> Run:
    model = ChatModel(
        Endpoint(server.base_url, SecretStr("k"), timeout=timeout),
        Purse(cap, Prices()),
        "simulated",
        sleep=lambda s: None,
    )
    mind = Mind(model, plan or Plan(model.id))
    sources = wiring.ticket_files([batch], {}, Config(), NOW)
    return pipeline.run(sources, embedder(), Config().rules, Asked(), NOW, mind=mind)


def alone(batch: Path) -> Run:
    return pipeline.run(wiring.ticket_files([batch], {}, Config(), NOW), embedder(), Config().rules, Asked(), NOW)


def whole(made: Run) -> dict[str, Any]:
    """The digest's data, after every figure in it was counted again."""
    told = data(made)
    assert problems(told, made.reading.everything, made.reading.customers, made.digest.window, Config().rules) == []
    return told


def memberships(told: Mapping[str, Any]) -> list[set[str]]:
    return sorted((set(t["ticket_ids"]) for t in told["themes"]), key=sorted)


def codes(told: Mapping[str, Any]) -> list[str]:
    return [w["code"] for w in told["warnings"]]


@lru_cache(maxsize=1)
def true_themes() -> list[set[str]]:
    by_text = {r["description"]: r["id"] for r in labelled.rows()}
    return sorted(({by_text[t] for t in texts} for texts in labelled.THEMES.values()), key=sorted)


@pytest.fixture
def month(tmp_path: Path) -> Path:
    return labelled.month(tmp_path)


# --- a reader that reads rightly


def test_a_good_reader_finds_the_true_themes_and_words_them(month: Path) -> None:
    with OpenAI(SimulatedReader(labelled.gold())) as server:
        told = whole(digested(month, server))
    assert memberships(told) == true_themes()
    assert {t["made_by"] for t in told["themes"]} == {"simulated"}
    assert codes(told)[-1] == "read_by_model"
    assert "read 53 of 53 tickets; two readings agree on 100%" in told["warnings"][-1]["message"]
    texts = {r["id"]: r["description"] for r in labelled.rows()}
    assert all(q["text"] in texts[q["ticket_id"]] for t in told["themes"] for q in t["quotes"])


def test_no_plan_no_question_and_the_digest_is_the_methods(month: Path) -> None:
    told = whole(alone(month))
    assert {t["made_by"] for t in told["themes"]} == {"extractive"}
    assert not {"read_by_model", "model_not_used"} & set(codes(told))


def test_the_same_tickets_give_the_same_digest_and_cost_nothing_twice(month: Path) -> None:
    kept = Remembered()
    with OpenAI(SimulatedReader(labelled.gold(), 0.05)) as server:
        made = []
        for _ in range(2):
            model = ChatModel(Endpoint(server.base_url), Purse(None, Prices()), "simulated")
            reader = Recalling(model, kept)
            sources = wiring.ticket_files([month], {}, Config(), NOW)
            mind = Mind(reader, Plan(reader.id))
            made.append(data(pipeline.run(sources, embedder(), Config().rules, Asked(), NOW, mind=mind)))
            sent = len(server.sent("POST", "chat"))
    assert made[0] == made[1]
    assert model.spent.calls == 0
    assert sent > 4


def test_every_ticket_is_read_twice_and_under_local_numbers_only(month: Path) -> None:
    with OpenAI(SimulatedReader(labelled.gold())) as server:
        digested(month, server)
        bodies = [r.json for r in server.sent("POST", "chat")]
    told = [asked(b)[1] for b in bodies]
    induce = next(m for m in told if "groups" not in m)
    assigned = [t["text"] for m in told if "groups" in m and "tickets" in m for t in m["tickets"]]
    assert sorted(t["text"] for t in induce["tickets"]) == sorted(r["description"] for r in labelled.rows())
    assert set(assigned) >= {r["description"] for r in labelled.rows()}
    assert [t["i"] for t in induce["tickets"]] == list(range(1, 54))
    everything = json.dumps(bodies)
    assert not re.search(r"T-0\d\d|acct_|Firm [A-I]|@firm", everything)


def test_four_hundred_and_fifty_tokens_a_ticket_are_enough_for_tickets_of_sixty(tmp_path: Path) -> None:
    filler = (
        "We saw this on three machines this week and a restart did not help at all, our own admin looked at it too "
    )
    rows = [
        {**r, "description": f"{r['description']}. {filler}{n % 7 * 'and again '}from desk {n}."}
        for n, r in enumerate(labelled.rows())
    ]
    batch = jsonl(tmp_path / "long.jsonl", rows)
    gold = labelled.gold()
    with OpenAI(SimulatedReader(gold)) as server:
        model = ChatModel(Endpoint(server.base_url), Purse(None, Prices()), "simulated")
        sources = wiring.ticket_files([batch], {}, Config(), NOW)
        pipeline.run(sources, embedder(), Config().rules, Asked(), NOW, mind=Mind(model, Plan("simulated")))
    used = model.spent
    assert (used.tokens_in + used.tokens_out) / len(rows) <= 450


# --- a reader that errs


def _right(told: Mapping[str, Any]) -> int:
    """How many of the true themes were found, by more than half of what either holds."""
    found = memberships(told)
    return sum(any(len(t & f) / len(t | f) >= 0.5 for f in found) for t in true_themes())


def test_a_reader_that_is_wrong_in_thirty_of_a_hundred_is_noticed_told_and_does_no_harm(month: Path) -> None:
    without = data(alone(month))
    not_followed = 0
    for seed in range(6):
        with OpenAI(SimulatedReader(labelled.gold(), 0.3, seed=seed)) as server:
            told = whole(digested(month, server))
        said = [w["message"] for w in told["warnings"] if w["code"] == "model_not_used"]
        assert _right(told) >= _right(without) - 1
        if said:
            not_followed += 1
            assert memberships(told) == memberships(without)
            assert {t["made_by"] for t in told["themes"]} == {"extractive"}
            assert "was not followed (its two readings agree on" in said[0]
    assert not_followed >= 4


def test_a_reader_that_is_wrong_in_five_of_a_hundred_is_mended_by_the_other_readings(month: Path) -> None:
    right = 0
    for seed in range(4):
        with OpenAI(SimulatedReader(labelled.gold(), 0.05, seed=seed)) as server:
            right += _right(whole(digested(month, server)))
    assert right >= 0.9 * 4 * len(true_themes())


Lie = Callable[[dict[str, Any], random.Random], Any]


def _rows(body: dict[str, Any], choose: Callable[[int, list[str]], str]) -> Any:
    _, material, schema = asked(body)
    told = schema["properties"]["rows"]["items"]["properties"]
    groups = told["group"]["enum"]
    extra = {k: "" for k in told if k in ("about", "asks")}
    return {"rows": [{"i": t["i"], "group": choose(n, groups), **extra} for n, t in enumerate(material["tickets"])]}


def _grouping(body: dict[str, Any], groups: list[list[int]]) -> Any:
    told = [
        {"name": f"Problem {chr(65 + k)}", "includes": "x", "excludes": "", "tickets": g} for k, g in enumerate(groups)
    ]
    return {"survey": "", "groups": told}


def lying(kind: str) -> Callable[[dict[str, Any]], Any]:
    """A reader that keeps to every schema and says what is not so."""
    chance = random.Random(7)

    def reply(body: dict[str, Any]) -> Any:
        _, material, schema = asked(body)
        wanted = set(schema["properties"])
        n = len(material.get("tickets", ()))
        if "survey" in wanted:
            every = list(range(1, n + 1))
            shuffled = chance.sample(every, n)
            return _grouping(body, {
                "all in one": [every],
                "no group": [],
                "at random": [shuffled[k::6] for k in range(6)],
                "invented indices": [[i + 10_000 for i in every], [0, -1, -2, -3]],
                "doubled indices": [every, every],
                "everything unsure": [every[k::6] for k in range(6)],
                "rows missing": [shuffled[k::6] for k in range(6)],
                "rows doubled": [shuffled[k::6] for k in range(6)],
            }[kind])  # fmt: skip
        if "rows" in wanted:
            if kind == "at random":
                return _rows(body, lambda _, groups: chance.choice(groups))
            if kind == "everything unsure":
                return _rows(body, lambda _, groups: groups[-1])
            whole = _rows(body, lambda _, groups: groups[0])
            if kind == "rows missing":
                return {"rows": whole["rows"][::3]}
            if kind == "rows doubled":
                return {"rows": whole["rows"] * 2}
            return whole
        if "same" in wanted:
            return {"difference": "", "same": True}
        return {"items": []}

    return reply


KINDS = (
    "all in one", "no group", "at random", "invented indices", "doubled indices", "everything unsure", "rows missing",
    "rows doubled",
)  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_a_reader_that_lies_leaves_the_methods_digest_and_says_so(month: Path, kind: str) -> None:
    with OpenAI(lying(kind)) as server:
        told = whole(digested(month, server))
    assert memberships(told) == memberships(data(alone(month)))
    assert "model_not_used" in codes(told)


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("drop", {}), ("lose", {}), ("html", {}), ("truncate", {}), ("refuse", {"status": 500}),
        ("refuse", {"status": 429}), ("refuse", {"status": 429, "headers": {"Retry-After": "900"}}),
        ("refuse", {"status": 401}), ("refuse", {"status": 400}), ("hang", {"seconds": 0.5}), ("fail", {"status": 502}),
    ],
)  # fmt: skip
def test_an_endpoint_that_is_dead_or_slow_leaves_a_whole_digest_that_says_so(month: Path, kind: str, more: Any) -> None:
    with OpenAI(SimulatedReader(labelled.gold())) as server:
        server.fail(kind, "chat", times=10_000, **more)
        told = whole(digested(month, server, timeout=0.1 if kind == "hang" else 5.0))
    assert memberships(told) == memberships(data(alone(month)))
    (said,) = [w["message"] for w in told["warnings"] if w["code"] == "model_not_used"]
    assert said.startswith("The language model could not be used (")


@pytest.mark.parametrize("after", [1, 2, 3, 4, 5])
def test_an_endpoint_that_dies_on_the_way_leaves_a_whole_digest(month: Path, after: int) -> None:
    with OpenAI(SimulatedReader(labelled.gold(), 0.05)) as server:
        server.fail("refuse", "chat", times=10_000, status=503, skip=after)
        told = whole(digested(month, server))
    assert told["totals"]["tickets_read"] == 53
    assert {"read_by_model", "model_not_used"} & set(codes(told))


def test_answers_without_words_leave_extractive_words_marked_so(month: Path) -> None:
    reader = SimulatedReader(labelled.gold())

    def wordless(body: dict[str, Any]) -> Any:
        return {"items": []} if "items" in asked(body)[2]["properties"] else reader(body)

    with OpenAI(wordless) as server:
        told = whole(digested(month, server))
    assert memberships(told) == true_themes()
    assert {t["made_by"] for t in told["themes"]} == {"extractive"}


def test_the_cost_cap_leaves_a_whole_digest_and_says_so(month: Path) -> None:
    for cap in (0.0, 0.05, 0.1, 0.15):
        with OpenAI(SimulatedReader(labelled.gold())) as server:
            told = whole(digested(month, server, cap=cap))
        assert told["totals"]["tickets_read"] == 53
        if cap == 0.0:
            assert "cost cap" in next(w["message"] for w in told["warnings"] if w["code"] == "model_not_used")


def test_a_small_context_gets_half_of_the_view(tmp_path: Path) -> None:
    rows = [{**r, "id": f"{r['id']}-{k}"} for k in range(3) for r in labelled.rows()]
    for n, r in enumerate(rows):
        r["description"] += f" on board {chr(97 + n % 26)}{chr(97 + n // 26)}"
    batch = jsonl(tmp_path / "three.jsonl", rows)
    reader = SimulatedReader(labelled.gold())

    def small(body: dict[str, Any]) -> Any:
        from tests.servers.base import Answer as Raw

        if len(asked(body)[1].get("tickets", ())) > 100:
            return Raw(
                400, {"error": {"message": "maximum context length is 4096 tokens", "code": "context_length_exceeded"}}
            )
        return reader(body)

    with OpenAI(small) as server:
        told = whole(digested(batch, server))
    assert codes(told)[-1] == "read_by_model", told["warnings"]
    assert len(told["themes"]) == 7  # the small group is a theme when it comes three times


# --- growth


def test_a_reading_budget_is_kept_and_the_rest_carried_over_with_its_agreement_told(tmp_path: Path) -> None:
    rows = [{**r, "id": f"{r['id']}-{k}"} for k in range(8) for r in labelled.rows()]
    for n, r in enumerate(rows):
        r["description"] += f" {'please look at it soon ' * (n % 3)}on board {chr(97 + n % 26)}{chr(97 + n // 26)}"
    batch = jsonl(tmp_path / "many.jsonl", rows)
    with OpenAI(SimulatedReader(labelled.gold())) as server:
        told = whole(digested(batch, server, plan=Plan("simulated", tickets=120)))
        shown = {t["text"] for r in server.sent("POST", "chat") for t in asked(r.json)[1].get("tickets", ())}
    assert len(shown) <= 120
    message = next(w["message"] for w in told["warnings"] if w["code"] == "read_by_model")
    read, agreement = re.search(r"read (\d+) of 424 .* held-back tenth (\d+)%", message).groups()  # type: ignore[union-attr]
    assert int(read) <= 120
    assert int(agreement) >= 70
    assert len(told["themes"]) >= 6


def test_carrying_over_leaves_read_tickets_alone_and_strangers_out() -> None:
    random_ = np.random.default_rng(0)
    centres = np.eye(16, dtype=np.float32)[:3]
    rows = np.concatenate(
        [c + 0.1 * random_.standard_normal((40, 16)) for c in centres] + [random_.standard_normal((20, 16))]
    )
    space = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    truth = np.array([0] * 40 + [1] * 40 + [2] * 40 + [NONE] * 20)
    read = list(range(0, 140, 2))
    labels = np.where(np.isin(np.arange(140), read), truth, NONE)
    made = carried(space, labels, read, 3)
    assert np.array_equal(made.labels[read], truth[read])
    assert (made.labels[:120] == truth[:120]).mean() > 0.97
    assert made.agreement > 0.8


# --- checks, one by one

DEFINITIONS = [Definition("Exports stop", "x"), Definition("Invites missing", "x")]
TEXTS = [f"ticket number {n}" for n in range(6)]


def _assigned(*values: Any) -> tuple[dict[int, int], int]:
    """-> (votes, questions asked) when the answers are `values` in turn."""
    going = passes.assigned([range(6)], TEXTS, DEFINITIONS, 10_000)
    need, asked_, answers = next(going), 0, list(values)
    while True:
        asked_ += len(need.questions)
        try:
            need = going.send([Answer(answers.pop(0) if answers else None) for _ in need.questions])
        except StopIteration as finished:
            return finished.value, asked_


def _answer(*pairs: tuple[int, str]) -> dict[str, Any]:
    return {"rows": [{"i": i, "group": g, "about": ""} for i, g in pairs]}


def test_every_index_counts_once_and_the_others_are_asked_again() -> None:
    first = _answer((1, "G1"), (2, "G2"), (2, "G1"), (9, "G1"), (0, "G2"), (-1, "G1"), (4, "none"), (5, "unsure"))
    votes, questions = _assigned(first, _answer((1, "G2"), (2, "G1")))
    assert questions == 2
    assert votes == {0: 0, 1: 1, 2: 0, 3: NONE, 4: UNREAD, 5: UNREAD}


def test_without_any_answer_nothing_is_guessed() -> None:
    votes, questions = _assigned()
    assert questions == 1
    assert set(votes.values()) == {UNREAD}


def test_a_ticket_that_is_listed_in_two_groups_is_in_neither() -> None:
    going = passes.induced(range(8), [f"t{n}" for n in range(8)])
    next(going)
    groups = [
        {"name": "A", "includes": "", "excludes": "", "tickets": [1, 2, 3, 4, 4]},
        {"name": "B", "includes": "", "excludes": "", "tickets": [4, 5, 6, 7, 99, 0]},
        {"name": "", "includes": "", "excludes": "", "tickets": [8]},
    ]
    with pytest.raises(StopIteration) as finished:
        going.send([Answer({"survey": "", "groups": groups})])
    made = finished.value.value
    assert [d.name for d in made.definitions] == ["A", "B"]
    assert made.placed == {0: 0, 1: 0, 2: 0, 3: UNREAD, 4: 1, 5: 1, 6: 1, 7: NONE}


def test_the_instruction_holds_nothing_of_a_ticket_and_every_schema_is_strict() -> None:
    definition = {"G1": Definition("name", "includes")}
    ticket = [{"i": 1, "text": "CANARY"}]
    questions = [
        prompts.induce(ticket, [Definition("k", "CANARY")], least=3),
        prompts.induce(ticket, [], least=3, again=True),
        prompts.assign(ticket, definition),
        prompts.decide(ticket, definition),
        prompts.same(*[prompts.Side(definition["G1"], ["CANARY"], few) for few in (True, False)]),
        prompts.word({"G1": {"name": "n", "tickets": ticket}}, {"G1": ["CANARY"]}),
    ]
    for question in questions:
        assert "CANARY" not in question.instruction
        assert "CANARY" in question.material
        assert json.loads(question.material)
        assert "{" not in question.instruction
        for part in _objects(question):
            assert part["additionalProperties"] is False
            assert part["required"] == list(part["properties"])


def _objects(question: Question) -> list[Any]:
    found: list[Any] = []
    todo: list[Any] = [question.schema]
    while todo:
        part = todo.pop()
        if part.get("type") == "object":
            found.append(part)
            todo += part["properties"].values()
        todo += [part["items"]] if "items" in part else []
    return found


def test_votes_go_by_weight_and_unread_has_none() -> None:
    a, b, c = np.array([0, 1, NONE, UNREAD]), np.array([1, 1, 0, UNREAD]), np.array([UNREAD, 0, NONE, UNREAD])
    assert majority([a, b, c], [1, 1, 1.5]).tolist() == [0, 1, NONE, NONE]
    assert majority([a, b]).tolist() == [1, 1, 0, NONE]


# --- what is shown


def test_what_nobody_sees_is_not_sent() -> None:
    assert visible("pay\u200bment \u202eevil\u202c \x00x\n\ty \U000e0041\U000e0042") == "payment evil x y"


def test_long_tickets_are_cut_so_that_all_fit_and_small_lots_stay_small() -> None:
    tickets = [Cleaned("", f"word{n} " * 400, ()) for n in range(100)]
    texts = fitting(tickets, 20_000)
    assert max(map(len, texts)) <= LIMITS[2] + 2
    assert all(t.endswith("…") for t in texts)
    assert max(len(lot) for lot in lots(range(100), texts, 1_000)) < 12
    assert sorted(r for lot in lots(range(100), texts, 1_000) for r in lot) == list(range(100))
    assert seen(Cleaned("Export", "It hangs", ())) == "Export: It hangs"


# --- words

BRIEF = Brief(
    Definition("CSV export stops", "x"),
    ("The CSV export of board 12 stops halfway", "Half of the 5000 rows are missing"),
    "The CSV export of board 12 stops halfway Half of the 5000 rows are missing",
)
ITEM: dict[str, Any] = {
    "group": "G1",
    "name": "CSV export stops halfway",
    "problem": "Customers export a large table and the file breaks off. They can't trust what they download.",
    "title": "Fix CSV exports that stop halfway",
    "user_story": "As a board owner, I want whole CSV files so that I can work with all of my rows.",
    "acceptance": ["A table of 5000 rows is exported whole.", "A failed export says so."],
    "severity": "P2",
    "severity_reason": "exports do not work as they should",
    "near_misses": ["slow charts"],
    "citations": [{"i": 1, "quote": "The CSV export of board 12 stops halfway"}, {"i": 2, "quote": "rows are missing"}],
}


def test_words_that_keep_to_the_rules_pass() -> None:
    assert list(wrongs(ITEM, BRIEF)) == []


WRONGS: dict[str, dict[str, Any]] = {
    "an invented number": {"problem": "Customers wait 40 minutes for a file. They can't work."},
    "a count": {"problem": "14 customers can't export. They are angry."},
    "a count in words": {"problem": "Three customers can't export. They are angry."},
    "most": {"problem": "Most customers can't export their tables. They are angry."},
    "a share": {"problem": "Half of the tickets tell of it. They are angry."},
    "a ticket number": {"name": "Export of ticket 12"},
    "a number in the title": {"title": "Fix the 99 exports that stop"},
    "a number in a near miss": {"near_misses": ["export 77"]},
    "a number in the reason": {"severity_reason": "P1 for 9 firms"},
    "a link": {"acceptance": ["See https://evil.example for more.", "It works."]},
    "a bare link": {"problem": "Customers should visit evil.com now. They can't export."},
    "an address": {"acceptance": ["Write to a@evil.example about it.", "It works."]},
    "markup": {"name": "<b>Export</b> stops halfway"},
    "slack markup": {"title": "Fix *all* the exports now"},
    "a placeholder": {"problem": "The customer [EMAIL_1] can't export. They wait."},
    "an invented quote": {"problem": "Customers say “the export is a disaster for us”. They wait."},
    "a title without a verb": {"title": "The CSV exports that stop halfway"},
    "a long title": {"title": "Fix all of the CSV exports that stop halfway for our customers"},
    "a short title": {"title": "Fix exports"},
    "no story": {"user_story": "Customers want whole files."},
    "a story without why": {"user_story": "As a board owner, I want whole CSV files."},
    "one sentence": {"problem": "Customers export a large table and the file breaks off."},
    "three sentences": {"problem": "Customers export a table. The file breaks off. They can't trust it."},
    "an essay": {"problem": f"Customers export {'very ' * 90}large tables. They wait."},
    "no acceptance": {"acceptance": []},
    "another language": {
        "problem": "Die Kunden können ihre großen Tabellen nicht exportieren. Die Datei bricht mittendrin ab.",
        "user_story": "As a Besitzer, I want ganze Dateien für meine Tabellen so that ich damit arbeiten kann.",
    },
    "no citation": {"citations": []},
    "an index that is not there": {"citations": [{"i": 3, "quote": "rows are missing"}]},
    "index zero": {"citations": [{"i": 0, "quote": "rows are missing"}]},
    "a quote of another ticket": {"citations": [{"i": 1, "quote": "rows are missing"}]},
    "a quote with a changed word": {"citations": [{"i": 2, "quote": "rows are lost"}]},
    "a quote with a changed number": {"citations": [{"i": 1, "quote": "The CSV export of board 13 stops halfway"}]},
    "a quote of nothing": {"citations": [{"i": 1, "quote": " "}]},
}  # fmt: skip


@pytest.mark.parametrize("change", WRONGS.values(), ids=WRONGS.keys())
def test_words_that_break_a_rule_are_told_and_refused(change: dict[str, Any]) -> None:
    found = list(wrongs({**ITEM, **change}, BRIEF))
    assert found
    assert not any(text in " ".join(found) for text in BRIEF.shown)


def _with_item(change: dict[str, Any]) -> Callable[[dict[str, Any]], Any]:
    reader = SimulatedReader(labelled.gold())

    def reply(body: dict[str, Any]) -> Any:
        told = reader(body)
        if "items" in told:
            told = {"items": [{**item, **change} for item in told["items"]]}
        return told

    return reply


@pytest.mark.parametrize("what", ["an invented number", "an invented quote", "a link", "a quote with a changed word"])
def test_words_that_stay_wrong_after_one_repair_are_replaced_and_marked(month: Path, what: str) -> None:
    with OpenAI(_with_item(WRONGS[what])) as server:
        told = whole(digested(month, server))
        repairs = [m for m in (asked(r.json)[1] for r in server.sent("POST", "chat")) if "refused_before" in m]
    assert {t["made_by"] for t in told["themes"]} == {"extractive"}
    assert memberships(told) == true_themes()
    assert repairs


def test_a_models_view_of_severity_decides_nothing_and_is_shown_beside(month: Path) -> None:
    with OpenAI(_with_item({"severity": "P0", "severity_reason": "everything is lost"})) as server:
        told = whole(digested(month, server))
    assert {i["severity"] for i in told["backlog_items"]} <= {"P2", "P3", "P4"}
    assert {i["suggested_severity"] for i in told["backlog_items"]} == {"P0"}


# --- privacy

CANARIES = {
    "id": "CANARY-ID-1", "subject": "Export of canary.subject@mail.example", "account_id": "acct_canaryacct",
    "customer": "Canaryfirm Ltd", "requester": "Canarina Canarsky <canarina@canaryhost.example>",
    "tags": ["canarytag"], "url": "https://desk.example/canaryurl", "status": "canarystatus", "priority": "canaryprio",
}  # fmt: skip


def test_nothing_but_masked_subjects_and_bodies_leaves(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = (
        "The CSV export stops. Call +49 30 901820 or write canary.body@mail.example, card 4111 1111 1111 1111, "
        "IBAN DE89 3704 0044 0532 0130 00, from 203.0.113.77, token sk-live-canary0123456789abcdefABCDEF, "
        "password: hunter2canary. Canarina Canarsky"
    )
    batch = labelled.month(tmp_path, [{**CANARIES, "description": secret, "created_at": "2026-10-03T09:00:00Z"}])
    with OpenAI(SimulatedReader(labelled.gold([(secret, "export_stops")]))) as server:
        with caplog.at_level(0):
            made = digested(batch, server)
        sent = "\n".join(json.dumps(r.json) + json.dumps(dict(r.headers)) for r in server.requests).lower()
    told = json.dumps(data(made)).lower()
    for canary in ("canary", "901820", "4111 1111", "de89", "203.0.113.77", "hunter2"):
        assert canary not in sent, canary
    for canary in ("canary.body", "canary.subject", "canaryhost", "4111 1111", "hunter2", "canarina"):
        assert canary not in told, canary
        assert canary not in caplog.text.lower()
        assert canary not in "".join(capsys.readouterr()).lower()
    assert "[email_1]" in sent


def test_a_hosted_endpoint_is_refused_until_text_may_leave() -> None:
    told = {"llm": {"use": True, "model": "m", "base_url": "https://api.example.com/v1", "api_key": "canary-key"}}
    with pytest.raises(Refused, match="send_text_out") as refused:
        wiring.mind(Config.model_validate(told), Remembered())
    assert "canary-key" not in str(refused.value)
    told["llm"]["send_text_out"] = "allow"
    assert wiring.mind(Config.model_validate(told), Remembered()) is not None
    assert "canary-key" not in repr(Config.model_validate(told))
