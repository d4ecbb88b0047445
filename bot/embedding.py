"""Owns how a text becomes a vector: the shipped sentence model, and the file in which vectors wait for the next run."""

from __future__ import annotations

import hashlib
import logging
import os
import sqlite3
import threading
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import cached_property, lru_cache, partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from bot.ports import Embedder, Progress, Refused, Spread, Vectors
from bot.spread import Threads

_WIDTH = 384
_TOKENS = 256  # what the model was trained to read; about 1,100 characters of English
_CHARACTERS = 8_000  # of a text before it is cut into tokens: a log of 1 MB must not cost a second
_AT_ONCE = 256  # texts between two moments at which what was made is saved
_BATCH = 16  # texts that are read in one go, between two moments at which work can be stopped and told of
_KEPT = 200_000  # vectors in a cache file, about 400 MB; the oldest make room
_PATIENCE = 10.0  # seconds to wait for another process to finish writing
# By its vector machines tell whether they round alike: of no customer, and long enough for every kind of sum in it.
_HAND = "The export of the monthly invoice to CSV stops at 10,000 rows, and nobody is told why. " * 4
_LOADING = threading.Lock()

_T = TypeVar("_T")
_Rows = dict[bytes, Vectors]
_log = logging.getLogger(__name__)


class MiniLM:
    """all-MiniLM-L6-v2 at 8 bits, from the package itself: no download, no key. How it is made: tools/build_model.py.

    Rows are of unit length, except that a text in which the model can read nothing (empty, or only characters outside
    its vocabulary) is all zeros, so that such texts are like nothing rather than like each other. Nothing is loaded
    before the first text. Each text goes through the network alone and on one thread: onnxruntime multiplies matrices
    of another height in another order, so side by side with others the last bits of a row depend on them (measured).
    """

    def __init__(self, threads: int | None = None, folder: Path | None = None, *, spread: Spread | None = None) -> None:
        """`spread`: where texts are read, in place of `threads` of this process; `folder`: of another model."""
        self._spread = spread or Threads(threads)
        self._folder = folder

    @property
    def id(self) -> str:
        """Of the files, of how much of a text is read, and of onnxruntime, whose releases round in different ways.

        Kinds of processors do too (a cosine of .9998): vectors are the same for ever on one machine, not on all.
        """
        told = f"{self._sums} {_TOKENS} {_CHARACTERS} {version('onnxruntime')}"
        return f"minilm-l6-v2-int8/{hashlib.sha256(told.encode()).hexdigest()[:8]}"

    def embed(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        """As the port says. Raises Refused when the model's files, or those of another machine that reads for this
        one, are not as they were shipped."""
        readable = [_readable(text) for text in texts]
        places = {text: place for place, text in enumerate(dict.fromkeys(readable))}
        rows = np.zeros((len(places), _WIDTH), dtype=np.float32)
        if places:
            done, work = 0, partial(_read, self._folder, _network(self._folder).hand)
            for batch in self._spread(work, [piece for _, piece in _pieces(list(places), _BATCH)]):
                rows[done : done + len(batch)] = batch
                done += len(batch)
                if progress:
                    progress(done, len(places))
        return rows[np.fromiter((places[text] for text in readable), dtype=np.intp, count=len(readable))]

    @cached_property
    def _sums(self) -> str:
        return _Shipped(self._folder).sums


class _Shipped:
    """The model's files, as they are in the package of whichever machine this is."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder or Path(__file__).parent / "model"

    @cached_property
    def sums(self) -> str:
        return self._content("SHA256SUMS").decode("utf-8", "replace")

    def file(self, name: str) -> bytes:
        content = self._content(name)
        if f"{hashlib.sha256(content).hexdigest()}  {name}" not in self.sums.splitlines():
            raise Refused(f"{self._folder / name} is not as it was shipped: install Groundswell again")
        return content

    def _content(self, name: str) -> bytes:
        try:
            return (self._folder / name).read_bytes()
        except OSError as error:
            raise Refused(
                f"{self._folder / name} can't be read ({error.strerror}): install Groundswell again"
            ) from error


class _Network:
    """The loaded model. onnxruntime and tokenizers are imported here, since they take longer than `--help` may."""

    def __init__(self, model: bytes, tokenizer: bytes) -> None:
        # onnxruntime 1.32 queues telemetry with a device id; only this, before the import, keeps it from doing so.
        os.environ["ORT_DISABLE_TELEMETRY"] = "1"
        import onnxruntime
        from tokenizers import Tokenizer

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3  # errors: its remarks on processors are not for people who run a digest
        self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self._tokenizer = Tokenizer.from_buffer(tokenizer)
        self._tokenizer.enable_truncation(_TOKENS)
        self._says_nothing = {self._tokenizer.token_to_id(token) for token in ("[CLS]", "[SEP]", "[UNK]")}
        self.hand = hashlib.sha256(self.read(_HAND).tobytes()).hexdigest()

    def read(self, text: str) -> Vectors:
        tokens = self._tokenizer.encode(text).ids
        if self._says_nothing.issuperset(tokens):
            return np.zeros(_WIDTH, dtype=np.float32)
        vectors: Vectors = self._session.run(None, {"ids": np.array([tokens], dtype=np.int64)})[0]
        return vectors.reshape(_WIDTH)


def _read(folder: Path | None, hand: str, texts: Sequence[str]) -> Vectors:
    """(len(texts), 384): the work on one batch, in whichever process of whichever machine. `hand`: of who asked."""
    network = _network(folder)
    if network.hand != hand:
        raise Refused(
            "a Dask worker reads texts into other vectors than this machine, so a digest would depend on who read what:"
            " give all of them the same groundswell[dask], onnxruntime and kind of processor"
        )
    return np.stack([network.read(text) for text in texts])


def _network(folder: Path | None) -> _Network:
    """One for the whole process, since it takes a third of a second to load; a fork loads its own."""
    with _LOADING:
        return _loaded(folder, os.getpid())


@lru_cache(maxsize=2)
def _loaded(folder: Path | None, _: int) -> _Network:
    shipped = _Shipped(folder)
    return _Network(shipped.file("model.onnx"), shipped.file("tokenizer.json"))


class Cached:
    """An embedder that asks `inner` only for texts it has not seen, and keeps the answers in one file.

    The vectors are the very same with the file, without it, or with half of it. The file holds hashes of texts and
    vectors, no text; but a vector tells something of its text, so only its owner may read it. Trouble with the file is
    told once and never stops a run: it goes on without. What was embedded before a crash is kept.
    """

    def __init__(
        self,
        inner: Embedder,
        path: Path,
        tell: Callable[[str], None] = _log.warning,
        keep: int = _KEPT,
        *,
        at_once: int = _AT_ONCE,
    ) -> None:
        """`keep`: vectors that the file holds; `at_once`: texts that `inner` gets, before what it made is saved."""
        self._inner, self._at_once = inner, at_once
        self._file = _VectorFile(path, tell, keep)

    @property
    def id(self) -> str:
        return self._inner.id

    def embed(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        if not texts:
            return self._inner.embed(texts)
        rows = _Gathered([_key(text) for text in texts])
        self._file.read(self.id, rows.left, rows.put)
        if progress and rows.known:
            progress(rows.known, rows.kinds)
        for _, piece in _pieces(rows.left, self._at_once):
            later = _after(progress, rows.known, rows.kinds) if progress else None
            made = self._inner.embed([texts[rows.place(key)] for key in piece], later)
            self._file.write(self.id, dict(zip(piece, made, strict=True)))
            for key, row in zip(piece, made, strict=True):
                rows.put(key, row)
        return rows.whole()


class _Gathered:
    """A row for each key, of which some are the same, in one array: a million rows apart would take twice the room."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._first: dict[bytes, int] = {}
        self._same = np.fromiter((self._first.setdefault(k, n) for n, k in enumerate(keys)), np.intp, len(keys))
        self._rows = np.zeros((0, 0), dtype=np.float32)
        self._has = np.zeros(len(keys), dtype=bool)

    @property
    def kinds(self) -> int:
        return len(self._first)

    @property
    def known(self) -> int:
        return int(self._has.sum())

    @property
    def left(self) -> list[bytes]:
        """The keys that have no row yet, in their order."""
        return [key for key, place in self._first.items() if not self._has[place]]

    def place(self, key: bytes) -> int:
        return self._first[key]

    def put(self, key: bytes, row: Vectors) -> None:
        if not len(self._rows):
            self._rows = np.zeros((len(self._same), len(row)), dtype=np.float32)
        self._rows[self._first[key]] = row
        self._has[self._first[key]] = True

    def whole(self) -> Vectors:
        again = np.flatnonzero(self._same != np.arange(len(self._same)))
        self._rows[again] = self._rows[self._same[again]]
        return self._rows


class _VectorFile:
    """One SQLite file of vectors by (model, hash of the text). The only thing here that touches the disk to write."""

    def __init__(self, path: Path, tell: Callable[[str], None], keep: int) -> None:
        self._path, self._tell, self._keep = path, tell, keep
        self._usable = True

    def read(self, model: str, keys: Sequence[bytes], found: Callable[[bytes, Vectors], None]) -> None:
        """Tells `found` of those that are there."""

        def told(file: sqlite3.Connection) -> None:
            for key, row in _found(file, model, keys):
                found(key, row)

        self._attempt(told, None)

    def write(self, model: str, rows: _Rows) -> None:
        self._attempt(lambda file: self._put(file, model, rows), None)

    def _put(self, file: sqlite3.Connection, model: str, rows: _Rows) -> None:
        packed = ((model, key, _pack(key, row)) for key, row in rows.items())
        file.executemany("INSERT OR REPLACE INTO vectors (model, text, vector) VALUES (?, ?, ?)", packed)
        file.execute("DELETE FROM vectors WHERE rowid <= (SELECT max(rowid) FROM vectors) - ?", (self._keep,))

    def _attempt(self, work: Callable[[sqlite3.Connection], _T], otherwise: _T) -> _T:
        """One transaction; a connection is never kept, so threads, forks and two processes at once are no matter."""
        if not self._usable:
            return otherwise
        try:
            with closing(self._open()) as file, file:
                return work(file)
        except (OSError, sqlite3.OperationalError) as error:  # no right to write, disk full, locked for too long
            self._usable = False
            self._tell(f"Going on without the vector cache {self._path}: {error}.")
        except sqlite3.DatabaseError as error:
            self._set_aside(error)
        return otherwise

    def _open(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        if not self._path.exists():
            os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600))
        file = sqlite3.connect(self._path, timeout=_PATIENCE)
        try:
            file.execute(
                "CREATE TABLE IF NOT EXISTS vectors"
                " (model TEXT NOT NULL, text BLOB NOT NULL, vector BLOB NOT NULL, PRIMARY KEY (model, text))"
            )
        except sqlite3.Error:
            file.close()
            raise
        return file

    def _set_aside(self, error: sqlite3.DatabaseError) -> None:
        """Renamed, not removed: the path may have been given by mistake. Its journal would spoil the next file."""
        aside = self._path.with_name(f"{self._path.name}.damaged")
        try:
            self._path.replace(aside)
            self._path.with_name(f"{self._path.name}-journal").unlink(missing_ok=True)
        except OSError:
            self._usable = False
        self._tell(f"The vector cache {self._path} is damaged ({error}): set aside as {aside.name}, and begun anew.")


def _after(progress: Progress, done: int, of: int) -> Progress:
    """What a part tells of itself, as part of the whole."""
    return lambda more, _: progress(done + more, of)


def _found(file: sqlite3.Connection, model: str, keys: Sequence[bytes]) -> Iterator[tuple[bytes, Vectors]]:
    file.execute("BEGIN")  # one lock for all look-ups instead of one for each
    for key in keys:
        found: Any = file.execute("SELECT vector FROM vectors WHERE model = ? AND text = ?", (model, key)).fetchone()
        row = _unpack(key, found[0]) if found else None
        if row is not None:
            yield key, row


def _pack(key: bytes, row: Vectors) -> bytes:
    numbers = row.astype("<f4").tobytes()
    return zlib.crc32(key + numbers).to_bytes(4, "little") + numbers


def _unpack(key: bytes, packed: object) -> Vectors | None:
    """None when a bit has fallen over: in the value, or in the index, which then leads to another text's vector."""
    if not isinstance(packed, bytes):
        return None
    numbers = packed[4:]
    if zlib.crc32(key + numbers) != int.from_bytes(packed[:4], "little"):
        return None
    return np.frombuffer(numbers, dtype="<f4").astype(np.float32)


def _key(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _readable(text: str) -> str:
    """What of a text the model gets to see: its beginning, with half characters (lone surrogates) replaced."""
    return text.strip()[:_CHARACTERS].encode("utf-8", "replace").decode("utf-8")


def _pieces(items: Sequence[_T], size: int) -> Iterator[tuple[int, Sequence[_T]]]:
    return ((start, items[start : start + size]) for start in range(0, len(items), size))
