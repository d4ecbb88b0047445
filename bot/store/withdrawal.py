"""What is shown of withdrawn tickets, out of stored digests and of what was written from them. Counts stay.

A ticket's words stand in its quotes, in its line of the evidence, in the gist of a single report, in the problem that
is told in quotes, and in the messages and issues that were planned from all these.
"""

from __future__ import annotations

import html
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, select, update

from bot.digest import SINGLE
from bot.domain import Digest, LeftOver, Theme
from bot.store import schema
from bot.store.database import chunks
from bot.store.drawings import outdated

WITHDRAWN = "[withdrawn on request]"
_LEAST = 8  # characters: what is shorter ("Thanks!") is nobody's, and may stand in any sentence


def scrub(connection: Connection, ids: Sequence[str]) -> None:
    """Takes the words of `ids` out of every stored run, and has what shows them drawn anew."""
    shown: defaultdict[str, set[str]] = defaultdict(set)
    t = schema.run_ticket
    for some in chunks(ids):
        for row in connection.execute(select(t.c.run_key, t.c.shown).where(t.c.ticket_id.in_(some))):
            shown[row.run_key].add(row.shown)
    for run_key in sorted(shown):
        _scrub_run(connection, run_key, shown[run_key])
    for some in chunks(sorted(shown)):
        outdated(connection, schema.drawing.c.run_key.in_(some))


def _scrub_run(connection: Connection, run_key: str, gone: Collection[str]) -> None:
    digest, effect = schema.digest, schema.effect
    was = connection.scalars(select(digest.c.digest).where(digest.c.run_key == run_key)).one_or_none()
    if was is None:
        return
    now, pieces = without(was, gone)
    connection.execute(update(digest).where(digest.c.run_key == run_key).values(digest=now))
    planned = select(effect.c.key, effect.c.payload).where(effect.c.run_key == run_key).order_by(effect.c.key)
    for row in connection.execute(planned).all():
        kept = scrubbed(row.payload, pieces)
        if kept != row.payload:
            connection.execute(update(effect).where(effect.c.key == row.key).values(payload=kept))


def without(digest: Digest, gone: Collection[str]) -> tuple[Digest, frozenset[str]]:
    """The digest without the words of the tickets with the shown ids `gone`, and the words that it had of them."""
    pieces = frozenset(_pieces(digest, gone))
    kept = replace(
        digest,
        themes=tuple(_theme(t, gone, pieces) for t in digest.themes),
        further_themes=tuple(_theme(t, gone, pieces) for t in digest.further_themes),
        candidate_themes=tuple(_theme(t, gone, pieces) for t in digest.candidate_themes),
        not_a_theme=tuple(_left(left, gone) for left in digest.not_a_theme),
    )
    return kept, pieces


def scrubbed(value: Any, pieces: Iterable[str]) -> Any:
    """JSON with none of `pieces` in its texts, as they are or as markup escapes them."""
    if isinstance(value, str):
        for piece in sorted(pieces, key=len, reverse=True):
            value = value.replace(piece, WITHDRAWN).replace(html.escape(piece, quote=False), WITHDRAWN)
        return value
    if isinstance(value, dict):
        return {key: scrubbed(each, pieces) for key, each in value.items()}
    return [scrubbed(each, pieces) for each in value] if isinstance(value, list | tuple) else value


def _pieces(digest: Digest, gone: Collection[str]) -> Iterator[str]:
    for theme in (*digest.themes, *digest.further_themes, *digest.candidate_themes):
        yield from _worth_hiding(q.text for q in theme.quotes if q.ticket_id in gone)
        yield from _worth_hiding(e.quote for e in theme.evidence if e.ticket_id in gone)
    yield from _worth_hiding(
        x.detail.removeprefix(SINGLE) for x in digest.not_a_theme if x.ticket_id in gone and x.reason == "one-off"
    )
    yield from _worth_hiding(x.urgent for x in digest.not_a_theme if x.ticket_id in gone and x.urgent)


def _worth_hiding(texts: Iterable[str]) -> Iterator[str]:
    """Each as it is, and as it is told inside of a sentence (synthesis.words.problem)."""
    for text in texts:
        told = (text, " ".join(text.split()).strip(" \"“”'"))
        yield from (each for each in told if len(each) >= _LEAST and each != WITHDRAWN)


def _theme(theme: Theme, gone: Collection[str], pieces: Collection[str]) -> Theme:
    words = theme.words
    return replace(
        theme,
        quotes=tuple(replace(q, text=WITHDRAWN) if q.ticket_id in gone else q for q in theme.quotes),
        evidence=tuple(replace(e, quote=WITHDRAWN) if e.ticket_id in gone else e for e in theme.evidence),
        words=replace(
            words,
            problem=scrubbed(words.problem, pieces),
            title=scrubbed(words.title, pieces),
            user_story=scrubbed(words.user_story, pieces),
            acceptance=tuple(scrubbed(words.acceptance, pieces)),
        ),
    )


def _left(left: LeftOver, gone: Collection[str]) -> LeftOver:
    if left.ticket_id not in gone:
        return left
    left = replace(left, urgent=WITHDRAWN) if left.urgent else left
    return replace(left, detail=f"{SINGLE}{WITHDRAWN}") if left.reason == "one-off" else left
