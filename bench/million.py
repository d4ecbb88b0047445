"""Owns the figures of a large batch: a million cached vectors, grouped in one process: time, memory, what is found.

python bench/million.py              1,000,000 vectors; the cache's file takes 2 GB in the temporary folder
python bench/million.py 100000       fewer

The vectors are made: 100 planted problems whose sizes follow Zipf's law, and three in ten rows of none; real tickets
are harder to tell apart. They stand in the cache's own file (SQLite, float32), and are read back as a run reads them.
One process is measured: reading, grouping, fit and resamples, with the interpreter and the libraries (ru_maxrss, which
Linux tells in kilobytes).
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bot.embedding import Cached
from bot.ports import Progress, Vectors
from bot.synthesis import known, quality, tree

DIM, PROBLEMS, NOWHERE, PIECE = 384, 100, 0.3, 20_000
TOGETHER = 0.55  # cosine of a row to its problem's middle, beside what all tickets share


class Made:
    """An embedder that makes the rows of texts "0", "1", ...: the same each time, for each number alone."""

    id = "made"

    def __init__(self) -> None:
        chance = np.random.default_rng(1)
        self._shared = tree.unit(chance.standard_normal((1, DIM)).astype(np.float32))
        self._centres = tree.unit(chance.standard_normal((PROBLEMS, DIM)).astype(np.float32))
        share = 1 / np.arange(1, PROBLEMS + 1)
        self._until = np.cumsum(share / share.sum())

    def embed(self, texts: object, progress: Progress | None = None) -> Vectors:
        numbers = [int(text) for text in texts]  # type: ignore[attr-defined]
        return self.rows(numbers[0], len(numbers))

    def planted(self, n: int) -> NDArray[np.intp]:
        """The problem of each row, -1 for those of none."""
        return np.concatenate([self._drawn(start, min(PIECE, n - start))[0] for start in range(0, n, PIECE)])

    def rows(self, start: int, n: int) -> Vectors:
        own, chance = self._drawn(start, n)
        noise = tree.unit(chance.standard_normal((n, DIM)).astype(np.float32))
        middle = np.where((own >= 0)[:, None], self._centres[own], 0) * TOGETHER
        return tree.unit(0.4 * self._shared + middle + np.sqrt(1 - TOGETHER**2) * noise)

    def _drawn(self, start: int, n: int) -> tuple[NDArray[np.intp], np.random.Generator]:
        chance = np.random.default_rng((2, start))
        own = np.searchsorted(self._until, chance.random(n)).clip(max=PROBLEMS - 1)
        return np.where(chance.random(n) < NOWHERE, -1, own).astype(np.intp), chance


class Nobody:
    """All vectors are in the cache: whoever is asked for more shows that they are not."""

    id = Made.id

    def embed(self, texts: object, progress: Progress | None = None) -> Vectors:
        raise AssertionError("a vector was not in the cache")


def filled(path: Path, n: int) -> None:
    cache = Cached(Made(), path, keep=2 * n, at_once=PIECE)
    for start in range(0, n, PIECE):
        cache.embed([str(i) for i in range(start, min(n, start + PIECE))])


def grouped(path: Path, n: int, into: Path) -> Iterator[tuple[str, float]]:
    """Seconds of each part."""
    start = time.perf_counter()
    vectors = Cached(Nobody(), path, keep=2 * n).embed([str(i) for i in range(n)])
    yield "read from the cache", time.perf_counter() - start
    start = time.perf_counter()
    labels = known.grouped(vectors)
    yield "grouped", time.perf_counter() - start
    start = time.perf_counter()
    fit, held = tree.fit(vectors, labels), quality.resampled(vectors, labels, seed=0)
    yield "fit and ten resamples", time.perf_counter() - start
    assert len(labels) == len(fit) == len(held.stay) == n
    np.save(into, labels)


def alone(path: Path, n: int, into: Path) -> tuple[dict[str, float], float]:
    """In a process of its own -> (seconds by part, peak resident megabytes)."""
    told = dict(grouped(path, n, into))
    return told, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_000


def found(labels: NDArray[np.intp], planted: NDArray[np.intp]) -> str:
    table = np.zeros((planted.max() + 2, labels.max() + 2), dtype=np.int64)
    np.add.at(table, (planted + 1, labels + 1), 1)
    assert table.sum() == len(labels), "a row is counted twice, or not at all"
    sizes, in_groups = table.sum(axis=1)[1:], table[1:, 1:]
    most = in_groups.max(axis=1, initial=0)
    whole = (most > sizes / 2) & (most > table.sum(axis=0)[1:][in_groups.argmax(axis=1)] / 2)
    lost = sizes[~whole].max(initial=0)
    noise = table[0, 1:].sum() / max(table[0].sum(), 1)
    index = quality.adjusted_rand(planted, labels)
    told = (
        f"{labels.max() + 1} groups; {whole.sum()} of {PROBLEMS} planted problems found (more than half of it, and of"
    )
    told += f" the group); the largest that is not has {lost:,} rows ({lost / len(labels):.2%}); adjusted Rand index"
    return f"{told} {index:.3f}; {noise:.1%} of what belongs nowhere is in a group"


def main() -> None:
    asked = argparse.ArgumentParser(description="A large batch of cached vectors, grouped in one process.")
    asked.add_argument("n", nargs="?", type=int, default=1_000_000)
    n = asked.parse_args().n
    with tempfile.TemporaryDirectory() as folder:
        path, into = Path(folder) / "vectors.db", Path(folder) / "labels.npy"
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            pool.apply(filled, (path, n))
        print(
            f"{n:,} vectors, {path.stat().st_size / 1e9:.2f} GB in the cache; load {os.getloadavg()[0]:.1f}", flush=True
        )
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            told, memory = pool.apply(alone, (path, n, into))
        for part, seconds in told.items():
            print(f"{part:<24} {seconds:7.1f} s")
        print(f"{'peak memory':<24} {memory:7.0f} MB; load {os.getloadavg()[0]:.1f}")
        print(found(np.load(into), Made().planted(n)))


if __name__ == "__main__":
    main()
