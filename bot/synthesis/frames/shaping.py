"""Words of a clause -> words that read well alone: shortened, impersonal, in the form that a frame asks for."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.synthesis import english as en
from bot.synthesis.frames.phrase import MAX_WORDS, Frame, Phrase
from bot.synthesis.frames.sureness import noun_phrase, whole_question

AUXILIARIES = en.BE | en.HAVE | en.DO | en.MODALS


_LOOSE = frozenset(
    "please thanks thank asap anymore etc hi there yesterday today tomorrow tonight lately recently"
    " soon anyway anyways".split()
)


_COUNTRIES = ("US",)  # no "us"


PARTICLES = frozenset("out up down off in on back over away through".split())


def starts(low: Sequence[str], *openings: str) -> int:
    """The length of the first opening that the words start with, else 0. `a|b` in an opening is either word."""
    for opening in openings:
        parts = [part.split("|") for part in opening.split()]
        if len(low) > len(parts) and all(w in p for w, p in zip(low, parts, strict=False)):
            return len(parts)
    return 0


def verbal(frame: Frame, tokens: list[str]) -> Phrase | None:
    """A verb phrase in the infinitive behind a frame; adverbs in front of it are dropped."""
    while tokens and tokens[0].lower() in en.ADVERBS | {"please", "go", "about"} and len(tokens) > 1:
        tokens = tokens[1:]
    if len(tokens) > 2 and tokens[0].lower() in {"try", "go"} and tokens[1].lower() in {"and", "to"}:
        tokens = tokens[2:]  # "try and confirm"
    if len(tokens) > 2 and tokens[1].lower() in {"me", "us"}:
        tokens = [tokens[0], *tokens[2:]]  # "find me a recipe"
    if not tokens:
        return None
    tokens = [tokens[0], *(t for t in tokens[1:] if t.lower() != "please")]
    first = tokens[0].lower()
    if first in {"be", "have", "do", "know", "see", "find", "understand", "help", "ask", "get"} and len(tokens) < 3:
        return None
    if en.is_gerund(first) and not en.is_base(first):
        tokens = [en.base(first), *tokens[1:]]
    elif not (en.is_base(first) or first in {"have", "be", "do"}):
        return None
    else:
        tokens = [first, *tokens[1:]]
    own = trimmed(_one_act(impersonal(tokens)))
    if not whole_question([t.lower() for t in own]):
        return None
    return Phrase(frame, theirs(own), " ".join(own), sure=True) if len(own) > 1 else None


def nominal(frame: Frame, tokens: list[str]) -> Phrase | None:
    own = trimmed(bare(tokens))
    if not own or own[0].lower() in (en.CLOSED - {"no"}) | {"got", "get", "received"} or len(own) > MAX_WORDS:
        return None
    own[0] = uncapitalised(own)
    kept = trimmed(tokens)
    sure = noun_phrase(own, announced=frame is Frame.ADD)
    return Phrase(frame, theirs(own), " ".join([uncapitalised(kept), *kept[1:]]), sure=sure)


def _one_act(tokens: list[str]) -> list[str]:
    """ "alert the bank and let them know" -> "alert the bank"; "Visa and Mastercard" stays."""
    low = [*(t.lower() for t in tokens), ""]
    for i in range(2, len(tokens) - 1):
        if (
            low[i] in {"and", "or", "then"}
            and en.is_base(low[i + 1])
            and (not en.is_noun(low[i + 1]) or low[i + 2] in en.CLOSED | {""})
        ):
            return tokens[:i]
    return tokens


def third(verb: str) -> str:
    if verb in {"have", "do", "go"}:
        return {"have": "has", "do": "does", "go": "goes"}[verb]
    if re.search(r"(?:s|x|z|ch|sh)$", verb):
        return verb + "es"
    return re.sub(r"([^aeiou])y$", r"\1ie", verb) + "s"


def bare(tokens: list[str]) -> list[str]:
    """Without articles and possessives in front; "no sound" keeps its "no"."""
    while tokens and tokens[0].lower() in (en.DETERMINERS | en.POSSESSIVES) - {"no"}:
        tokens = tokens[1:]
    return tokens


def uncapitalised(tokens: list[str]) -> str:
    """The first word of a sentence in lower case, unless it is a name: unknown to the lexicon, or among capitals."""
    first = tokens[0]
    name = any(t[:1].isupper() and not t.isupper() for t in tokens[1:4])
    known = (
        any(en.lemmas(first.lower(), pos) for pos in ("NOUN", "VERB", "ADJ", "ADV"))
        or first.lower() in en.CLOSED | en.PRONOUNS | en.THINGS
    )
    return first.lower() if known and not name and first[1:].islower() else first


def without_adverbs(tokens: list[str]) -> list[str]:
    """Filler adverbs out of the verb group; the ones that change the meaning stay."""
    fillers = {
        "just",
        "also",
        "already",
        "really",
        "even",
        "simply",
        "now",
        "currently",
        "recently",
        "actually",
        "suddenly",
        "still",
        "always",
        "usually",
        "constantly",
        "often",
    }
    head = [t for t in tokens[:4] if t.lower() not in fillers]
    return head + tokens[4:]


def one_clause(predicate: list[str]) -> list[str]:
    """What follows "and" or a clause about the writer is another story; "while I was editing" -> "while editing"."""
    predicate = impersonal(predicate)
    low = [t.lower() for t in predicate]
    ends = (i for i in range(2, len(low)) if low[i] in {"and", "or", "but", "so"} or low[i] in en.SUBJECTS)
    cut = next(ends, len(low))
    return predicate[:cut]


def impersonal(tokens: list[str]) -> list[str]:
    """ "when I try to save" -> "when trying to save"; left as it is where no gerund can be made."""
    low = [t.lower() for t in tokens]
    for i in range(len(low) - 2):
        if low[i] not in {"when", "while", "whenever", "after", "before"} or low[i + 1] not in en.FIRST_PERSON | {
            "you"
        }:
            continue
        if low[i + 2] in en.BE and i + 3 < len(low) and en.is_gerund(low[i + 3]):
            return tokens[: i + 1] + tokens[i + 3 :]
        if en.lemmas(low[i + 2], "VERB") and low[i + 2] not in AUXILIARIES:
            return [*tokens[: i + 1], en.gerund(en.base(low[i + 2])), *tokens[i + 3 :]]
    return tokens


def theirs(tokens: Sequence[str]) -> str:
    """Possessives of the writer become "the"; a name speaks of all customers."""
    words: list[str] = []
    for i, token in enumerate(tokens):
        low = token.lower() if token not in _COUNTRIES else token
        if i == 0 and low in {"my", "our", "your", "the", "a", "an"}:
            continue
        if low == "own" and i and tokens[i - 1].lower() in en.POSSESSIVES:
            continue  # "my own page" -> "the page"
        verb = "are" if low == "am" and words[-1:] == ["they"] else token
        swapped = "the" if low in {"my", "our", "your", "ur"} else verb
        words.append({"i": "they", "me": "customers", "us": "customers", "im": "they are"}.get(low, swapped))
    return " ".join(words)


def trimmed(tokens: list[str], *, keep_last: bool = False) -> list[str]:
    """At most MAX_WORDS words, cut in front of a preposition where one stands; no dangling function word at the end."""
    tokens = list(tokens)
    if len(tokens) > MAX_WORDS:
        cut = next(
            (i for i in range(MAX_WORDS, 3, -1) if tokens[i].lower() in en.PREPOSITIONS | en.SUBJECTS | en.QUESTIONS),
            MAX_WORDS,
        )
        tokens = tokens[:cut]
    loose = (en.CLOSED | en.ADVERBS | _LOOSE) - PARTICLES
    while not keep_last and len(tokens) > 1 and tokens[-1].lower() in loose:
        tokens.pop()
    return tokens
