"""ThemeBench with a SIMULATED reader behind a local endpoint: error rate x size -> score, F1, calls, tokens.

    python bench/reader.py                         all dev batches, 0 to 30 % of errors
    python bench/reader.py --only b77-120 --errors 0 5 --stubborn
    python bench/reader.py --batches ../shared/bench/speed --tickets 1000

The reader is simulated: it knows the gold and errs as told (tests/servers/openai.py). The figures say what the passes,
votes and checks make of a reader of a given quality, not how good any real model is.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
sys.dont_write_bytecode = True

from bot import wiring  # noqa: E402
from bot.config import Config  # noqa: E402
from bot.embedding import Cached, MiniLM  # noqa: E402
from bot.llm import ChatModel, Endpoint, Prices, Purse  # noqa: E402
from bot.ports import Embedder  # noqa: E402
from bot.report.document import document  # noqa: E402
from bot.runs import pipeline  # noqa: E402
from bot.runs.reading import Asked  # noqa: E402
from bot.synthesis import Plan  # noqa: E402
from tests.servers.openai import OpenAI, SimulatedReader, gold_of  # noqa: E402

BENCH = ROOT.parent / "shared" / "bench"
SMALL = Prices(0.15, 0.60)  # USD for a million tokens: what small hosted models cost
NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)


def scorer() -> Any:
    spec = importlib.util.spec_from_file_location("themebench_score", BENCH / "score.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def told(batch: Path, embedder: Embedder, mind: pipeline.Mind | None = None) -> dict[str, Any]:
    sources = wiring.ticket_files([batch], {}, Config(), NOW)
    made = pipeline.run(sources, embedder, Config().rules, Asked(), NOW, mind=mind)
    return document(made.digest)


def read(batch: Path, embedder: Embedder, errors: float, args: argparse.Namespace) -> Mapping[str, float]:
    reader = SimulatedReader(gold_of(batch), errors, seed=args.seed, stubborn=args.stubborn)
    with OpenAI(reader) as server:
        purse = Purse(None, SMALL)
        model = ChatModel(Endpoint(server.base_url, timeout=60), purse, "simulated")
        made = told(batch, embedder, pipeline.Mind(model, Plan(model.id, tickets=args.tickets)))
    gold = json.loads(batch.with_name(f"{batch.stem}.gold.json").read_text())
    score = scorer().score(gold, made)
    assert score["integrity"]["ok"], (batch, score["integrity"])
    used = purse.spent
    followed = all(w["code"] != "model_not_used" for w in made["data"]["warnings"])
    if args.verbose:
        print(batch.stem, errors, round(score["score"], 3), [w["message"] for w in made["data"]["warnings"]][-1])
    return {
        "score": score["score"],
        "f1": score["theme_f1"],
        "calls": used.calls,
        "per ticket": (used.tokens_in + used.tokens_out) / gold["n"],
        "usd": used.cost,
        "followed": float(followed),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batches", type=Path, default=BENCH / "dev")
    parser.add_argument("--only", default="", help="batches whose name holds this")
    parser.add_argument("--errors", type=int, nargs="+", default=[0, 5, 10, 20, 30], help="per cent")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--tickets", type=int, help="reading budget")
    parser.add_argument("--stubborn", action="store_true", help="the same text is always misread in the same way")
    parser.add_argument("--verbose", action="store_true")
    args = parser.parse_args()
    embedder = Cached(MiniLM(), Path(tempfile.gettempdir()) / "groundswell-bench" / "vectors.db")
    sizes: dict[int, list[Path]] = defaultdict(list)
    for batch in sorted(args.batches.glob("*.jsonl")):
        if args.only in batch.stem:
            sizes[int(batch.stem.split("-")[1])].append(batch)
    print("SIMULATED reader;", "stubborn errors" if args.stubborn else "each request errs anew")
    print(f"{'n':>6} {'errors':>6} {'score':>6} {'F1':>6} {'method':>6} {'worse':>5} {'followed':>8}"
          f" {'calls':>6} {'tok/ticket':>10} {'USD':>7}")  # fmt: skip
    for n, batches in sorted(sizes.items()):
        table(n, batches, embedder, args)


def table(n: int, batches: Sequence[Path], embedder: Embedder, args: argparse.Namespace) -> None:
    alone = []
    for batch in batches:
        gold = json.loads(batch.with_name(f"{batch.stem}.gold.json").read_text())
        alone.append(scorer().score(gold, told(batch, embedder))["score"])
    for errors in args.errors:
        rows = [read(batch, embedder, errors / 100, args) for batch in batches]
        mean = {k: float(np.mean([r[k] for r in rows])) for k in rows[0]}
        worse = sum(r["score"] < a - 1e-9 for r, a in zip(rows, alone, strict=True))
        print(f"{n:>6} {errors:>5}% {mean['score']:>6.3f} {mean['f1']:>6.3f} {np.mean(alone):>6.3f} {worse:>5}"
              f" {mean['followed']:>8.0%} {mean['calls']:>6.0f} {mean['per ticket']:>10.0f} {mean['usd']:>7.4f}",
              flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
