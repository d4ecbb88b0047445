"""Words of erased tickets in places that name no ticket: a model's answers, and clicks that wait with their message."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, select, update

from bot.store import schema
from bot.store.database import chunks
from bot.store.withdrawal import WITHDRAWN

_RUN = 5  # words in a row that two texts share by being of one origin; a shorter text is looked for whole
_LEAST = 3  # words: what is shorter is nobody's

Runs = frozenset[tuple[str, ...]]


def runs_of(connection: Connection, ids: Sequence[str]) -> Runs:
    """What these tickets' texts would be known by; asked for before the texts go."""
    t = schema.text
    rows = (
        row
        for some in chunks(ids)
        for row in connection.execute(select(t.c.subject, t.c.body).where(t.c.ticket_id.in_(some)))
    )
    return runs_in(part for row in rows for part in row)


def runs_in(texts: Iterable[str]) -> Runs:
    return frozenset(run for text in texts for run in _runs(text))


def forget(connection: Connection, gone: Runs) -> None:
    """Empties answers with such words (they are asked for again when needed), and takes them out of waiting clicks."""
    if not gone:
        return
    lengths = {len(run) for run in gone}
    a, i = schema.answer, schema.inbox
    for key, response in connection.execute(select(a.c.key, a.c.response)).all():
        if _shares(response, gone, lengths):
            connection.execute(update(a).where(a.c.key == key).values(response=""))
    for number, payload in connection.execute(select(i.c.number, i.c.payload).where(i.c.answered_at.is_(None))).all():
        kept = _without(payload, gone, lengths)
        if kept != payload:
            connection.execute(update(i).where(i.c.number == number).values(payload=kept))


def _without(value: Any, gone: Runs, lengths: Collection[int]) -> Any:
    if isinstance(value, str):
        return WITHDRAWN if _shares(value, gone, lengths) else value
    if isinstance(value, dict):
        return {key: _without(each, gone, lengths) for key, each in value.items()}
    return [_without(each, gone, lengths) for each in value] if isinstance(value, list) else value


def _shares(text: str, gone: Runs, lengths: Collection[int]) -> bool:
    return any(run in gone for length in lengths for run in _windows(_words(text), length))


def _runs(text: str) -> Iterator[tuple[str, ...]]:
    words = _words(text)
    if len(words) >= _LEAST:
        yield from _windows(words, min(_RUN, len(words)))


def _windows(words: Sequence[str], length: int) -> Iterator[tuple[str, ...]]:
    return (tuple(words[at : at + length]) for at in range(len(words) - length + 1))


def _words(text: str) -> list[str]:
    """Without escapes of JSON and marks of markup, which stand between words in one place and not in another."""
    return re.findall(r"[^\W_]+", re.sub(r"\\[nrt]|\\u[0-9a-f]{4}|&\w+;", " ", text).casefold())
