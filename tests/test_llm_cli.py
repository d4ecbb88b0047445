"""`run --llm`, `--estimate` and `llm sample`, as a person calls them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from bot.cli import app
from bot.verify import problems
from tests import labelled
from tests.servers.openai import OpenAI, SimulatedReader, asked


@pytest.fixture
def server() -> Iterator[OpenAI]:
    with OpenAI(SimulatedReader(labelled.gold())) as running:
        assert isinstance(running, OpenAI)
        yield running


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("CACHE", "DATA", "STATE", "CONFIG"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))


def called(*arguments: str, url: str | None = None, **env: str) -> Result:
    settings = {"GROUNDSWELL_LLM__BASE_URL": url, "GROUNDSWELL_LLM__MODEL": "simulated"} if url else {}
    return CliRunner().invoke(app, list(arguments), env={**settings, **env})


def test_run_with_llm_makes_a_digest_that_says_who_read_and_worded_it(tmp_path: Path, server: OpenAI) -> None:
    month = labelled.month(tmp_path)
    result = called("run", "--llm", "--tickets", str(month), "--json", "--quiet", url=server.base_url)
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["meta"]["drafter"] == "simulated"
    assert len(told["data"]["themes"]) == len(labelled.THEMES)
    assert any(w["code"] == "read_by_model" for w in told["data"]["warnings"])
    sent = len(server.sent("POST", "chat"))
    again = called("run", "--llm", "--again", "--tickets", str(month), "--json", "--quiet", url=server.base_url)
    assert json.loads(again.stdout)["data"] == told["data"]
    assert len(server.sent("POST", "chat")) == sent, "the same month was paid for twice"


def test_without_the_flag_nothing_is_asked(tmp_path: Path, server: OpenAI) -> None:
    result = called("run", "--tickets", str(labelled.month(tmp_path)), "--json", "--quiet", url=server.base_url)
    assert json.loads(result.stdout)["meta"]["drafter"] == "extractive"
    assert not server.requests


def test_an_estimate_sends_nothing_and_brackets_what_a_run_then_takes(tmp_path: Path, server: OpenAI) -> None:
    month = labelled.month(tmp_path)
    told = json.loads(called("run", "--estimate", "--tickets", str(month), "--json", url=server.base_url).stdout)[
        "data"
    ]
    assert not server.requests
    assert told["tickets"] == 53
    called("run", "--llm", "--tickets", str(month), "--json", "--quiet", url=server.base_url)
    calls = len(server.sent("POST", "chat"))
    assert told["calls"][0] <= calls + 3
    assert calls <= told["calls"][1]
    assert 0 < told["usd"][0] < told["usd"][1] < told["cap_usd"]
    plain = called("run", "--estimate", "--tickets", str(month), url=server.base_url)
    assert "53 tickets to be read by simulated; nothing was sent" in plain.stdout


def test_a_sample_shows_the_very_text_that_a_run_would_send(tmp_path: Path, server: OpenAI) -> None:
    month = labelled.month(tmp_path)
    shown = json.loads(called("llm", "sample", "-t", str(month), "-n", "500", "--json", url=server.base_url).stdout)[
        "data"
    ]
    assert not server.requests
    called("run", "--llm", "--tickets", str(month), "--json", "--quiet", url=server.base_url)
    first = server.sent("POST", "chat")[0].json
    assert first["messages"][0]["content"] == shown["instruction"]
    assert asked(first)[1] == shown["material"]


def test_a_sample_is_masked(tmp_path: Path) -> None:
    row: dict[str, Any] = {
        **labelled.rows()[0],
        "id": "S",
        "description": "Write to canary@mail.example please, export hangs",
    }
    month = labelled.month(tmp_path, [row])
    out = called("llm", "sample", "-t", str(month), "-n", "500").stdout
    assert "canary" not in out
    assert "[EMAIL_1]" in out


def test_a_hosted_endpoint_is_refused_with_the_mend_and_nothing_is_sent(tmp_path: Path) -> None:
    result = called("run", "--llm", "--tickets", str(labelled.month(tmp_path)), url="https://api.example.com/v1")
    assert result.exit_code == 2
    assert "llm.send_text_out" in result.stderr


def test_llm_without_a_model_says_how_to_name_one(tmp_path: Path) -> None:
    result = called("run", "--llm", "--tickets", str(labelled.month(tmp_path)))
    assert result.exit_code == 2
    assert "GROUNDSWELL_LLM__MODEL" in result.stderr


def test_a_dead_endpoint_leaves_a_whole_digest(tmp_path: Path) -> None:
    month = labelled.month(tmp_path)
    result = called("run", "--llm", "--tickets", str(month), "--json", "--quiet", url="http://127.0.0.1:9/v1")
    told = json.loads(result.stdout)["data"]
    assert result.exit_code == 0
    assert told["totals"]["tickets_read"] == 53
    assert any(w["code"] == "model_not_used" for w in told["warnings"])


@pytest.mark.parametrize("fault", ["refuse", "html", "drop"])
def test_an_embeddings_endpoint_that_fails_has_a_stand_by(tmp_path: Path, server: OpenAI, fault: str) -> None:
    server.fail(fault, "embeddings", times=99)
    result = called(
        "run", "--tickets", str(labelled.month(tmp_path)), "--json", "--quiet", url=server.base_url,
        GROUNDSWELL_ANALYSIS__EMBEDDER="endpoint", GROUNDSWELL_LLM__EMBEDDING_MODEL="vectors",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["meta"]["embedder"].startswith("minilm")
    assert any(w["code"] == "embedder_not_used" for w in told["data"]["warnings"])


def test_figures_and_words_of_a_read_digest_that_were_changed_are_found_out(tmp_path: Path, server: OpenAI) -> None:
    from bot.config import Config
    from tests.test_reading import data, digested

    made = digested(labelled.month(tmp_path), server)
    reading, rules = made.reading, Config().rules

    def faults(change: Any) -> list[str]:
        told = data(made)
        change(told)
        return problems(told, reading.everything, reading.customers, made.digest.window, rules)

    assert faults(lambda told: None) == []
    changes = [
        lambda t: t["themes"][0].update(ticket_count=99),
        lambda t: t["themes"][0].update(name="Export stops for 12 customers"),
        lambda t: t["themes"][0].update(problem="It took 4711 minutes. They wait."),
        lambda t: t["themes"][0].update(problem="Most customers wait. They wait."),
        lambda t: t["themes"][0].update(near_misses=["the other 77"]),
        lambda t: t["themes"][0]["quotes"][0].update(text="never said"),
        lambda t: t["themes"][0]["ticket_ids"].append("T-999"),
        lambda t: t["themes"][0]["ticket_ids"].pop(),
        lambda t: t["backlog_items"][0].update(severity="P0"),
        lambda t: t["backlog_items"][0].update(impact=1),
    ]
    assert all(faults(change) for change in changes)
