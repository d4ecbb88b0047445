"""Owns the embedder's figures: texts per CPU-second beside the same network in fp32, load time, memory, likeness.

python bench/embedding.py                    the shipped model alone
python -m pip install onnx safetensors       (build inputs, not dependencies), and then:
python bench/embedding.py                    beside fp32 of the same graph, from the shipped weights
python bench/embedding.py --weights DIR      beside the original weights, with the cosine to them
"""

from __future__ import annotations

import argparse
import importlib.util
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

ROOT = Path(__file__).resolve().parent.parent
MODEL = ROOT / "bot" / "model"
LENGTHS = {12: 120, 60: 40, 256: 10}  # tokens -> texts in a round
ROUNDS = 5
TOPICS = ("export to CSV", "the invoice", "single sign-on", "a webhook", "the mobile app", "our seats", "the dashboard")
FAULTS = ("times out", "shows the wrong total", "is missing since Tuesday", "asks for a password again", "is too slow")
ASKS = (
    "Please help.",
    "Is there a workaround?",
    "This blocks our month end.",
    "We pay for this.",
    "Can you add an option?",
)

Ids = NDArray[np.int64]
Read = Callable[[Ids], NDArray[np.float32]]


def loaded(model: bytes) -> Read:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return lambda ids: session.run(None, {"ids": ids})[0]


def per_second(models: dict[str, Read], tokens: int) -> dict[str, float]:
    """Texts per CPU-second. The models take turns and the best round counts, so a busy machine slows all alike."""
    ids = np.random.default_rng(tokens).integers(1_000, 30_000, (1, tokens))
    best = dict.fromkeys(models, float("inf"))
    for _ in range(ROUNDS):
        for name, read in models.items():
            start = time.process_time()
            for _ in range(LENGTHS[tokens]):
                read(ids)
            best[name] = min(best[name], time.process_time() - start)
    return {name: LENGTHS[tokens] / seconds for name, seconds in best.items()}


def texts(count: int) -> list[str]:
    """Complaints of one to twenty sentences, the same each time."""
    chance = random.Random(20)
    say = lambda: f"{chance.choice(TOPICS).capitalize()} {chance.choice(FAULTS)}. {chance.choice(ASKS)}"  # noqa: E731
    return [" ".join(say() for _ in range(chance.choice((1, 1, 2, 3, 5, 20)))) for _ in range(count)]


def in_fp32(weights: Path | None) -> bytes:
    """The same graph in fp32, from the original weights or else from the shipped ones."""
    sys.path.insert(0, str(ROOT))
    from tools import build_model

    if weights:
        model = build_model.build(build_model.read_weights(weights), build_model.in_full)
    else:
        model = build_model.unpacked(MODEL / "model.onnx")
    return model.SerializeToString()


def likeness(shipped: Read, other: Read) -> NDArray[np.float32]:
    tokenizer = Tokenizer.from_file(str(MODEL / "tokenizer.json"))
    tokenizer.enable_truncation(256)
    batches = [np.array([tokenizer.encode(text).ids]) for text in texts(300)]
    return np.array([shipped(ids)[0] @ other(ids)[0] for ids in batches])


def memory() -> float:
    """Resident megabytes; Linux only, like the figure that is asked for."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6


def load_shipped() -> Read:
    before, start = memory(), time.perf_counter()
    read = loaded((MODEL / "model.onnx").read_bytes())
    read(np.full((1, 256), 2_000))
    took, more = time.perf_counter() - start, memory() - before
    print(f"shipped model: loaded and one long text read in {took:.2f} s, {more:.0f} MB more in memory")
    return read


def main() -> None:
    asked = argparse.ArgumentParser(description="Speed of the embedder beside plain onnxruntime fp32, in one run.")
    asked.add_argument("--weights", type=Path, help="folder of the original model.safetensors")
    weights = asked.parse_args().weights
    models = {"shipped": load_shipped()}
    if importlib.util.find_spec("onnx") and importlib.util.find_spec("safetensors"):
        models["fp32"] = loaded(in_fp32(weights))
    else:
        print("fp32 is left out: python -m pip install onnx safetensors")
    print("tokens   " + "  ".join(f"{name:>8}" for name in models) + "   texts per CPU-second")
    for tokens in LENGTHS:
        found = per_second(models, tokens)
        ratio = f"   {found['shipped'] / found['fp32']:.2f} x fp32" if "fp32" in found else ""
        print(f"{tokens:>6}   " + "  ".join(f"{found[name]:8.1f}" for name in models) + ratio)
    if "fp32" in models:
        cosines, of = likeness(models["shipped"], models["fp32"]), "original" if weights else "shipped"
        print(f"cosine to fp32 of the {of} weights: {cosines.mean():.5f}, least {cosines.min():.5f}")


if __name__ == "__main__":
    main()
