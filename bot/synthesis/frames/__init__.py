"""A customer's sentence -> the phrase in it that can name a problem, with the grammar for a title and a story.

A sentence is read by the frame it is written in ("How do I ...", "Why was my ...", "I can not ...", "The ... fails").
The frame says which part is the problem itself and how that part fits behind "Fix", "Explain how to" or "I want". A
sentence that fits no frame gives no phrase: another customer will have said it in a way that does.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from bot.synthesis import english as en
from bot.synthesis.frames.asked import how, may, order, question, topic, wish
from bot.synthesis.frames.clauses import TOKEN, clauses, quiet
from bot.synthesis.frames.particulars import general
from bot.synthesis.frames.phrase import MAX_WORDS, Frame, Phrase, capitalised
from bot.synthesis.frames.shaping import theirs, trimmed, uncapitalised
from bot.synthesis.frames.stated import fault, oneself, why

__all__ = ["MAX_WORDS", "Frame", "Phrase", "capitalised", "general", "named", "phrases"]


def phrases(sentence: str) -> Iterator[Phrase]:
    """Every phrase of a sentence that a frame recognises, in the order of the sentence."""
    for clause in clauses(sentence):
        tokens = [token for token, _ in groupby(TOKEN.findall(quiet(clause)))]  # "the the"
        if 1 < len(tokens) <= 30 and not any(t.startswith("[") or "XX" in t or "@" in t for t in tokens):
            phrase = _read(tokens)
            if phrase is not None:
                yield phrase


def named(name: str) -> Phrase:
    """A name, whoever gave it, as a phrase to build on: what it reads as, else its words as they stand."""
    first, _, rest = name.partition(" ")
    low = first.lower()
    if rest and en.is_gerund(low) and not en.lemmas(low, "NOUN") and not en.is_adjective(low):
        text = f"{en.base(low)} {rest}"
        return Phrase(Frame.HOW, text, text, sure=True)
    whole = next((p for p in phrases(name) if p.name.lower() == name.lower()), None)
    told = uncapitalised(name.split() or [name])
    return whole or Phrase(Frame.TOPIC, f"{told} {rest}".strip(), f"{told} {rest}".strip())


def _read(tokens: list[str]) -> Phrase | None:
    while len(tokens) > 2 and tokens[0].lower() in en.ADVERBS | {"about", "regarding"}:
        tokens = tokens[1:]
    low = [t.lower() for t in tokens]
    if low[0] in {"if", "whether"} and len(tokens) > 3:
        return _sounded(_whether_statement(tokens[1:]))
    for reader in (how, wish, may, question, why, oneself, order, fault, topic):
        phrase = reader(tokens, low)
        if phrase is not None:
            return _sounded(phrase)
    return None


def _sounded(phrase: Phrase | None) -> Phrase | None:
    return phrase if phrase is not None and _sound(phrase) else None


def _whether_statement(tokens: list[str]) -> Phrase | None:
    """ "... if there is a tracking number" -> "whether there is a tracking number"."""
    own = trimmed(["whether", *tokens])
    return Phrase(Frame.ASK, theirs(own), " ".join(own), sure=True) if 4 <= len(own) <= MAX_WORDS + 1 else None


def _sound(phrase: Phrase) -> bool:
    """Long enough to be specific, short enough to be a name, and about something."""
    words = phrase.text.split()
    low = [w.lower() for w in words]
    stray = {"i", "we", "you", "me", "us", "it", "he", "she", "they", "them", "im", "this", "that", "u"}
    return 2 <= len(words) <= MAX_WORDS + 1 and bool(en.content(phrase.text)) and not stray & set(low[:1] + low[-1:])
