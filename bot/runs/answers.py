"""Answers of a language model by the content of the question: the same month costs nothing twice."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol

from bot.ports import Answer, Progress, Question, Reader

_PIECE = 16  # questions after which answers are kept: what was paid for survives a crash


class Answers(Protocol):
    """Where answers wait, and the ledger of what they took. `key` is 64 hex; a response is JSON and may hold words of
    (masked) tickets; `cost` in USD. `bot.store` has one in the database."""

    def get(self, key: str) -> str | None: ...

    def keep(self, key: str, model: str, response: str, tokens_in: int, tokens_out: int, cost: float) -> None: ...


class Remembered:
    """Answers in memory, for one run or a test."""

    def __init__(self) -> None:
        self._kept: dict[str, str] = {}

    def get(self, key: str) -> str | None:
        return self._kept.get(key)

    def keep(self, key: str, model: str, response: str, tokens_in: int, tokens_out: int, cost: float) -> None:
        self._kept.setdefault(key, response)


class AnswerFile:
    """Answers in one SQLite file that only its owner may read. Trouble with the file never stops a run."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def get(self, key: str) -> str | None:
        try:
            with closing(self._open()) as file:
                found: Any = file.execute("SELECT response FROM answers WHERE key = ?", (key,)).fetchone()
        except (OSError, sqlite3.Error):
            return None
        return str(found[0]) if found else None

    def keep(self, key: str, model: str, response: str, tokens_in: int, tokens_out: int, cost: float) -> None:
        row = (key, model, response, tokens_in, tokens_out, cost)
        try:
            with closing(self._open()) as file, file:
                file.execute("INSERT OR IGNORE INTO answers VALUES (?, ?, ?, ?, ?, ?)", row)
        except (OSError, sqlite3.Error):
            return

    def _open(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        if not self._path.exists():
            os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600))
        file = sqlite3.connect(self._path, timeout=10)
        file.execute(
            "CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, model TEXT NOT NULL, response TEXT NOT NULL,"
            " tokens_in INTEGER NOT NULL, tokens_out INTEGER NOT NULL, cost REAL NOT NULL)"
        )
        return file


class Recalling:
    """A Reader that asks `inner` only what was not answered before. What failed is asked again next time."""

    def __init__(self, inner: Reader, answers: Answers) -> None:
        self._inner, self._answers = inner, answers

    @property
    def id(self) -> str:
        return self._inner.id

    def answer(self, questions: Sequence[Question], progress: Progress | None = None) -> Sequence[Answer]:
        keys = [_key(self.id, q) for q in questions]
        found = {k: kept for k in dict.fromkeys(keys) if (kept := self._kept(k)) is not None}
        missing = list({k: q for k, q in zip(keys, questions, strict=True) if k not in found}.items())
        for start in range(0, len(missing), _PIECE):
            piece = missing[start : start + _PIECE]
            for (key, _), answer in zip(piece, self._inner.answer([q for _, q in piece]), strict=True):
                found[key] = answer
                if answer.value is not None:
                    took = answer.usage
                    response = json.dumps(answer.value)
                    self._answers.keep(key, self.id, response, took.tokens_in, took.tokens_out, took.cost)
            if progress:
                progress(len(questions) - len(missing) + start + len(piece), len(questions))
        return [found[k] for k in keys]

    def _kept(self, key: str) -> Answer | None:
        kept = self._answers.get(key)
        try:
            return None if kept is None else Answer(json.loads(kept))
        except ValueError:  # half a file: ask again
            return None


def _key(reader: str, question: Question) -> str:
    told = (reader, question.instruction, question.material, json.dumps(question.schema, sort_keys=True))
    return hashlib.sha256("\x1f".join(told).encode("utf-8", "surrogatepass")).hexdigest()
