"""What of a ticket a language model gets to see, and how many tokens that is."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from bot.synthesis.clean import Cleaned

LIMITS = (1_600, 1_000, 600, 320)  # characters of a ticket: the first at which all of them fit the view
_FRAME = 8  # tokens that JSON puts around a ticket
_UNSEEN = frozenset(("Cc", "Cf", "Co", "Cs", "Cn"))  # controls, invisible and undefined characters
_BLANK = re.compile(r"\s+")


def tokens(text: str) -> int:
    """An estimate that errs upwards: four characters of Latin script, one or two of any other."""
    wide = sum(1 for c in text if ord(c) > 0x2FF)
    return (len(text) - wide) // 4 + wide + 1


def seen(ticket: Cleaned, limit: int = LIMITS[0]) -> str:
    """A ticket's own (redacted) words in one line, without characters that nobody sees, cut at a word."""
    text = f"{ticket.subject}: {ticket.body}" if ticket.subject and ticket.body else ticket.subject or ticket.body
    return cut(visible(text), limit)


def visible(text: str) -> str:
    """Invisible characters are for machines: they hide orders from people, and break words that rules look for."""
    spaced = _BLANK.sub(" ", text)
    return "".join(c for c in spaced if unicodedata.category(c) not in _UNSEEN).strip()


def cut(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    return (text[:limit].rsplit(" ", 1)[0] or text[:limit]) + " …"


def cost(text: str) -> int:
    """Tokens of a ticket within a question."""
    return tokens(text) + _FRAME


def fitting(tickets: Sequence[Cleaned], view: int) -> tuple[str, ...]:
    """All tickets as they are shown: as much of each as lets all of them fit into `view` tokens, where that can be."""
    texts: tuple[str, ...] = ()
    for limit in LIMITS:
        texts = tuple(seen(t, limit) for t in tickets)
        if sum(map(cost, texts)) <= view:
            break
    return texts


def numbered(rows: Sequence[int], texts: Sequence[str]) -> list[Mapping[str, Any]]:
    """Tickets under local indices 1, 2, 3 ...: the only names that a model ever sees."""
    return [{"i": n, "text": texts[row]} for n, row in enumerate(rows, 1)]


def lots(rows: Sequence[int], texts: Sequence[str], size: int) -> list[list[int]]:
    """Rows in order, in pieces of at most `size` tokens (one ticket at least)."""
    pieces: list[list[int]] = []
    room = 0
    for row in rows:
        need = cost(texts[row])
        if not pieces or need > room:
            pieces.append([])
            room = size
        pieces[-1].append(row)
        room -= need
    return pieces
