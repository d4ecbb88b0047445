"""Which tickets and which of their sentences speak for a theme. Nothing that is not verbatim passes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from bot.domain import Customer, Quote, Ticket

LONGEST_QUOTE = 280
_LINE = 90
_A_SENTENCE = 8  # words; chat has no full stops
PLACEHOLDER = re.compile(r"\[[A-Z]+_\d+\]")


def verbatim(quote: str, ticket: Ticket) -> bool:
    """Is the quote, character for character, in the ticket's (redacted) text?"""
    return bool(quote.strip()) and (quote in ticket.body or quote in ticket.subject)


def quotable(sentences: Iterable[str], ticket: Ticket) -> Iterator[str]:
    """The sentences of a ticket that can be shown: verbatim, of a readable length, cut at a word if too long."""
    for sentence in sentences:
        text = sentence.strip()
        if len(text) > LONGEST_QUOTE:
            text = text[:LONGEST_QUOTE].rsplit(None, 1)[0]
        if len(text) >= 2 and verbatim(text, ticket):
            yield text


def best_sentence(
    sentences: Sequence[str], ticket: Ticket, weight: Mapping[str, float], stems: Sequence[Sequence[str]]
) -> str:
    """The sentence that says most of what the theme is about; "" when the ticket has none that can be quoted.

    `weight` tells how much a stem says about the theme; `stems` are the stems of each sentence.
    """
    scored = []
    for position, (sentence, words) in enumerate(zip(sentences, stems, strict=True)):
        for text in quotable([sentence], ticket):
            about = sum(weight.get(w, 0.0) for w in set(words)) / (4 + len(set(words))) ** 0.5
            masked = 0.5 if PLACEHOLDER.search(text) else 1.0
            broken = 0.8 if "\n" in text else 1.0
            # A subject line ("Guest access") says less than the sentence it announces.
            whole = 1.0 if text[-1] in ".?!…" or len(text.split()) >= _A_SENTENCE else 0.4
            scored.append((about * masked * broken * whole, -position, text))
    return max(scored)[2] if scored else ""


def gist(sentences: Sequence[str], ticket: Ticket) -> str:
    """What a ticket is about, in its own words and in one line: the subject that says something, else its opening."""
    for text in quotable(sentences, ticket):
        line = " ".join(text.split())
        return line if len(line) <= _LINE else line[:_LINE].rsplit(None, 1)[0]
    return ""


def quotes(
    candidates: Sequence[tuple[Ticket, str, frozenset[str]]], customers: Mapping[str, Customer], most: int = 3
) -> tuple[Quote, ...]:
    """Up to `most` quotes from different customers that don't say the same again; candidates come nearest first."""
    chosen: list[tuple[Quote, frozenset[str], str]] = []
    for strict in (True, False):
        for ticket, text, words in candidates:
            who = customers[ticket.id].id
            taken = any(q.ticket_id == ticket.id or q.text.lower() == text.lower() for q, _, _ in chosen)
            again = strict and any(c == who or _alike(words, w) for _, w, c in chosen)
            if text and not taken and not again and len(chosen) < most:
                chosen.append((Quote(ticket.id, text), words, who))
    return tuple(q for q, _, _ in chosen)


def _alike(a: frozenset[str], b: frozenset[str]) -> bool:
    return len(a & b) > 0.8 * max(1, min(len(a), len(b)))
