"""Owns the figures of grouping: time over one n x n x 384 float32 product, peak memory, and a peer in the same run.

python bench/grouping.py                        9,700 vectors, grouping and its resamples
python bench/grouping.py 10000 30000 100000     how time and memory grow
python -m pip install bertopic                  (a peer, not a dependency), and then:
python bench/grouping.py --peer                 beside BERTopic's UMAP and HDBSCAN on the same vectors

The vectors are made: problems of unequal size around centres of their own, and a third that belongs nowhere. Each part
runs in a process of its own, so that its memory is its own.
"""

from __future__ import annotations

import argparse
import importlib.util
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bot.synthesis import quality, tree

DIM, NOWHERE = 384, 0.35
Vectors = NDArray[np.float32]


def made(n: int) -> Vectors:
    """(n, 384) unit rows, the same each time."""
    chance = np.random.default_rng(n)
    groups = max(3, n // 110)
    shared = chance.standard_normal(DIM)
    centres = chance.standard_normal((groups, DIM)) + 0.8 * shared
    share = chance.dirichlet(np.full(groups, 0.7))
    own = chance.choice(groups, n, p=share)
    rows = centres[own] + 0.9 * chance.standard_normal((n, DIM))
    lost = chance.random(n) < NOWHERE
    rows[lost] = 0.8 * shared + 1.3 * chance.standard_normal((int(lost.sum()), DIM))
    return tree.unit(rows.astype(np.float32))


def product(vectors: Vectors) -> str:
    """In blocks, so that the yardstick itself fits into memory."""
    for start in range(0, len(vectors), 8_192):
        vectors[start : start + 8_192] @ vectors.T
    return ""


def groundswell(vectors: Vectors) -> str:
    labels = tree.grouped(vectors)
    held = quality.resampled(vectors, labels, seed=0)
    sizes = np.bincount(labels[labels >= 0])
    return f"{(sizes >= tree.MIN_MEMBERS).sum()} groups, stability {held.overall or 0:.2f}"


def bertopic(vectors: Vectors) -> str:
    from bertopic import BERTopic

    topics, _ = BERTopic(min_topic_size=5, calculate_probabilities=False).fit_transform(
        [f"text {i}" for i in range(len(vectors))], vectors
    )
    return f"{len(set(topics)) - 1} groups"


def measured(work: Callable[[Vectors], str], file: Path) -> tuple[float, float, str]:
    """-> seconds, peak resident megabytes of the whole process (libraries and vectors included), what came out."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        found: tuple[float, float, str] = pool.apply(_alone, (work, file))
    return found


def _alone(work: Callable[[Vectors], str], file: Path) -> tuple[float, float, str]:
    vectors = np.load(file)
    work(vectors[:600])  # libraries load and threads start outside the clock
    start = time.perf_counter()
    said = work(vectors)
    return time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_000, said


def main() -> None:
    asked = argparse.ArgumentParser(description="Grouping beside one matrix product, and beside a peer.")
    asked.add_argument("sizes", nargs="*", type=int, default=[9_700])
    asked.add_argument("--peer", action="store_true", help="BERTopic on the same vectors")
    given = asked.parse_args()
    works: dict[str, Callable[[Vectors], str]] = {"one product": product, "groundswell": groundswell}
    if given.peer and importlib.util.find_spec("bertopic"):
        works["bertopic"] = bertopic
    elif given.peer:
        print("bertopic is left out: python -m pip install bertopic")
    for n in given.sizes:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "vectors.npy"
            np.save(file, made(n))
            found = {name: measured(work, file) for name, work in works.items()}
        unit = found["one product"][0]
        for name, (seconds, memory, said) in found.items():
            print(f"{n:>7,}  {name:<12} {seconds:8.2f} s  {seconds / unit:6.1f} x product  {memory:7.0f} MB  {said}")
        if "bertopic" in found:
            print(
                f"         groundswell takes 1/{found['bertopic'][0] / found['groundswell'][0]:.0f} of bertopic's time"
            )


if __name__ == "__main__":
    main()
