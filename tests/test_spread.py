"""Work that is spread over threads or a Dask cluster of real processes: the same to the bit, whoever is killed."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from bot import __version__, embedding, wiring
from bot.config import Config
from bot.embedding import MiniLM
from bot.ports import Progress, Refused, Spread, in_turn
from bot.report.document import document
from bot.runs import pipeline
from bot.runs.reading import Asked, Unwatched
from bot.spread import Threads
from bot.spread.cluster import Cluster, Patience, _Task, _version
from tests.clusters import LocalDask
from tests.runs import DEMO, NOW, ROOT

TICKETS = DEMO / "zendesk-2026-10.csv"
SECRET = "a customer's own words"


@pytest.fixture(scope="module")
def dask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalDask]:
    """Two workers; the tests stand in the order in which they take it apart."""
    with LocalDask(2, tmp_path_factory.mktemp("certificates")) as made:
        yield made


@pytest.fixture(scope="module")
def alone(dask: LocalDask) -> str:
    """The digest as one thread makes it, while the workers start."""
    return digest_hash(Threads(1), in_turn)


def digest_hash(texts: Spread, parts: Spread, watch: Unwatched | None = None) -> str:
    sources = wiring.ticket_files([TICKETS], {}, Config(), NOW)
    made = pipeline.run(sources, MiniLM(spread=texts), Config().rules, Asked(), NOW, watch, spread=parts)
    assert len(made.digest.themes) >= 2
    return hashlib.sha256(json.dumps(document(made.digest), sort_keys=True, default=str).encode()).hexdigest()


def cluster(dask: LocalDask, told: list[str], patience: Patience | None = None) -> Cluster:
    return Cluster(dask.address, in_turn, dask.certificates, tell=told.append, patience=patience or Patience())


class Killing(Unwatched):
    """Kills a worker when the first batch is there and others are not."""

    def __init__(self, dask: LocalDask) -> None:
        self._dask, self.steps = dask, 0

    def step(self, name: str) -> Progress:
        return self._kill if name == "Embed" else super().step(name)

    def _kill(self, done: int, of: int) -> None:
        if self._dask.workers[0].process.poll() is None:
            self.steps = done
            assert done < of, "too late: all was done"
            self._dask.workers[0].kill()


def square(piece: int) -> int:
    return piece * piece


def slowly(piece: int) -> int:
    time.sleep(0.05)
    return piece * piece


def broken(piece: str) -> str:
    raise LookupError("a fault of the work itself")


def test_two_threads_make_the_digest_of_one(alone: str) -> None:
    assert digest_hash(Threads(2), Threads(2)) == alone


def test_pieces_keep_their_order_and_what_goes_wrong_comes_out_as_it_is(dask: LocalDask) -> None:
    dask.ready()
    told: list[str] = []
    for spread in (in_turn, Threads(3), cluster(dask, told)):
        assert list(spread(square, range(20))) == [n * n for n in range(20)]
        assert list(spread(square, [])) == []
        with pytest.raises(LookupError, match="a fault of the work itself"):
            list(spread(broken, [SECRET] * 3))
    assert not told
    assert SECRET not in dask.said()


def test_who_stops_in_the_middle_leaves_nothing_behind(dask: LocalDask) -> None:
    for spread in (Threads(2), cluster(dask, [])):
        results = spread(square, range(50))
        assert next(iter(results)) == 0
        results.close()  # type: ignore[attr-defined]
    assert list(cluster(dask, [])(square, [5, 6])) == [25, 36]


def test_a_cluster_with_a_worker_killed_on_the_way_makes_the_same_digest(dask: LocalDask, alone: str) -> None:
    told: list[str] = []
    both, killing = cluster(dask, told), Killing(dask)
    assert [f.state for f in both.check()] == ["ok"]
    assert digest_hash(both, both, killing) == alone
    assert killing.steps and dask.workers[0].process.returncode == -9
    assert not told, "the other worker should have done it all"


def test_who_has_no_certificate_is_not_let_in(dask: LocalDask) -> None:
    told: list[str] = []
    stranger = Cluster(dask.address.replace("tls", "tcp"), in_turn, tell=told.append, patience=Patience(connect=0.5))
    assert list(stranger(square, [2, 3])) == [4, 9]
    assert len(told) == 1 and "2 of 2 pieces are done on this machine" in told[0]


def test_without_any_worker_what_is_left_is_done_here_and_told(dask: LocalDask) -> None:
    """The last worker goes while it works, and the scheduler after it."""
    told: list[str] = []
    results = iter(cluster(dask, told, Patience(connect=1.0, piece=1.5))(slowly, range(20)))
    assert next(results) == 0
    dask.workers[1].kill()
    assert list(results) == [n * n for n in range(1, 20)]
    dask.scheduler.kill()
    nobody = cluster(dask, told, Patience(connect=0.3))
    assert list(nobody(square, [2, 3])) == [4, 9]
    assert len(told) == 2 and "of 20 pieces are done on this machine" in told[0]
    (found,) = nobody.check()
    assert found.state == "warn" and dask.address in found.message and found.mend


def test_another_version_on_a_worker_is_refused() -> None:
    assert _Task(square, 3, _version())() == 9
    with pytest.raises(Refused, match=rf"has Groundswell {__version__} \(.{{8}}\), and this is 0\.0\.1\. Install"):
        _Task(square, 3, "0.0.1")()


def test_a_worker_that_rounds_in_another_way_is_refused() -> None:
    with pytest.raises(Refused, match="kind of processor"):
        embedding._read(None, "the hand of another machine", ["a text"])


def test_nothing_of_a_piece_shows() -> None:
    assert SECRET not in repr(_Task(broken, SECRET, ""))


def test_without_the_extra_the_command_that_installs_it_is_told() -> None:
    code = "import sys; sys.modules['distributed'] = None\n"
    code += "from bot.spread.cluster import Cluster\nfrom bot.ports import in_turn, Refused\n"
    code += "try: list(Cluster('tcp://127.0.0.1:1', in_turn)(abs, [1, 2]))\nexcept Refused as why: print(why)"
    told = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "compute.backend dask needs distributed" in told and "-m pip install 'dask[distributed]" in told


def test_help_waits_for_none_of_it() -> None:
    code = "import sys; from bot import wiring; from bot.config import Config\n"
    code += "wiring.embedder(None, Config()); wiring.spread(Config())\n"
    code += "print(sorted({'joblib', 'dask', 'distributed'} & set(sys.modules)))"
    told = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert told.strip() == "[]"
