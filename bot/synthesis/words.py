"""Extractive words for a theme, without a language model: name, problem, title, user story.

Every phrase comes from a customer's sentence (`frames` reads them); what is ours is the choice and the few words around
it. A name must pick out its own theme: its vector has to lie nearest to that theme's centre (measured, see tests and
bench/words.py), and the words in it must be the ones that many of the theme's tickets and few others use.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bot.domain import Kind, Words
from bot.ports import Vectors
from bot.synthesis import english as en
from bot.synthesis.criteria import criteria
from bot.synthesis.drafting import kind_of, plain_title, story, title_of
from bot.synthesis.evidence import PLACEHOLDER
from bot.synthesis.frames import Frame, Phrase, capitalised, general, named, phrases

MADE_BY = "extractive"
_CANDIDATES = 24  # names embedded for each theme: the cost of naming grows with this, not with the batch
_READ = 60  # nearest members that are read for names
_COMMON = 0.25  # a word in this share of the tickets is the theme's
_UNSURE = 0.08  # a phrase whose grammar is in doubt is taken only where it says more

# How well a frame's title and story read for a kind. Only the order matters: chosen by reading 300 names aloud.
_FITS: Mapping[Kind, Mapping[Frame, float]] = {
    Kind.BUG: {
        Frame.FAULT: 0.30,
        Frame.SELF: 0.20,
        Frame.TOPIC: 0.12,
        Frame.ADD: -0.05,
        Frame.WANT: -0.05,
        Frame.HOW: -0.05,
        Frame.MAY: -0.15,
        Frame.ASK: -0.20,
    },
    Kind.REQUEST: {
        Frame.ADD: 0.28,
        Frame.WANT: 0.28,
        Frame.MAY: 0.20,
        Frame.HOW: 0.18,
        Frame.TOPIC: 0.10,
        Frame.FAULT: -0.10,
        Frame.SELF: -0.15,
        Frame.ASK: -0.20,
    },
    Kind.HOW_TO: {
        Frame.HOW: 0.25,
        Frame.MAY: 0.20,
        Frame.WANT: 0.18,
        Frame.ASK: 0.16,
        Frame.TOPIC: 0.10,
        Frame.ADD: 0.02,
        Frame.FAULT: -0.02,
        Frame.SELF: -0.08,
    },
}


@dataclass(frozen=True, slots=True)
class Material:
    """What a theme offers for naming: its members' own sentences, nearest member first, and their kind."""

    sentences: tuple[tuple[str, ...], ...]
    kind: Kind
    share: float = 1.0  # of the tickets that are of that kind


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """How often stems stand in the tickets of a batch: the ground that a theme's words stand out from."""

    tickets: int
    uses: Mapping[str, int]

    @classmethod
    def of(cls, tickets: Iterable[Sequence[str]]) -> Vocabulary:
        read = list(tickets)
        return cls(len(read), en.uses(read))


def shares(material: Material) -> dict[str, float]:
    """stem -> the share of the theme's tickets that use it."""
    inside = en.uses(material.sentences)
    return {word: uses / len(material.sentences) for word, uses in inside.items()}


def weights(material: Material, vocabulary: Vocabulary) -> dict[str, float]:
    """stem -> how much it says about this theme: the share of its tickets that use it, by how rare it is elsewhere."""
    inside = en.uses(material.sentences)
    n, rest = len(material.sentences), max(1, vocabulary.tickets - len(material.sentences))
    result = {}
    for word, uses in inside.items():
        share = uses / n
        elsewhere = (max(0, vocabulary.uses.get(word, 0) - uses) + 0.5) / rest
        if uses > 1:
            result[word] = share * max(0.0, math.log(share / elsewhere))
    return result


@dataclass(frozen=True, slots=True)
class Candidate:
    phrase: Phrase
    score: float  # by words and frame; the vectors come later

    @property
    def name(self) -> str:
        return self.phrase.name


def candidates(material: Material, weight: Mapping[str, float]) -> list[Candidate]:
    """The phrases worth embedding, best first. At least one: without a readable phrase its words name the theme."""
    best: dict[str, Candidate] = {}
    uses: Counter[str] = Counter()
    share, read = shares(material), _reader(material)
    for sentences in material.sentences[:_READ]:
        for phrase in {p.name.lower(): p for s in sentences for p in read(s)}.values():
            key = phrase.name.lower()
            uses[key] += 1
            score = _lexical(phrase, weight, share) + _fit(phrase, material.kind)
            if key not in best or best[key].score < score:
                best[key] = Candidate(phrase, score)
    found = [
        Candidate(c.phrase, c.score + 0.1 * math.log(uses[k]))
        for k, c in best.items()
        if title_of(c.phrase, kind_of(c.phrase, material.kind, material.share))
    ]
    found.sort(key=lambda c: (-c.score, c.name.lower(), c.name))
    return found[:_CANDIDATES] or [_by_words(material, weight)]


def _reader(material: Material) -> Callable[[str], Iterator[Phrase]]:
    """Reads a sentence for names, without the particulars that no other ticket of the theme has."""
    uses = Counter(w for ticket in material.sentences for w in {w.lower() for s in ticket for w in en.WORD.findall(s)})
    enough = max(2.0, _COMMON * len(material.sentences))
    return lambda sentence: phrases(general(sentence, lambda word: uses[word] >= enough))


# "The mail comes hours (after the message)": a span of time that stood before what it is measured from.
_CUT_SHORT = re.compile(
    r"\b(?!tak|last|wait|need|requir|spend|los|wast)\w+ (?:seconds|minutes|hours|days|weeks|months|years)$",
    re.IGNORECASE,
)


def _fit(phrase: Phrase, kind: Kind) -> float:
    """How well it reads for the kind; what customers did themselves ("we paid for seats") is seldom what is wrong."""
    own = phrase.frame is Frame.SELF and not phrase.sure and kind is Kind.BUG
    own |= phrase.frame is Frame.FAULT and phrase.doing.partition(" ")[0] in en.WISHES  # "the auditor needs access"
    return _FITS[kind][phrase.frame] - (0.45 if own else 0.0) - (0.0 if phrase.sure else _UNSURE)


def _lexical(phrase: Phrase, weight: Mapping[str, float], share: Mapping[str, float]) -> float:
    """How much of the theme the phrase says in few words. A word of one ticket only ("kenya") names that ticket."""
    words = set(en.content(phrase.text))
    total = sum(sorted(weight.values(), reverse=True)[:4]) or 1.0
    covered = sum(weight.get(w, 0.0) for w in words) / total
    foreign = sum(max(0.0, _COMMON - share.get(w, 0.0)) / _COMMON for w in words)
    length = len(phrase.name.split())
    odd = 0.12 * len(re.findall(r"\b(?:they|them|their|you)\b", phrase.name.lower()))
    odd += 0.2 * sum(1 for w in phrase.name.split() if any(c.isdigit() for c in w) and en.stem(w.lower()) not in weight)
    odd += 0.5 * bool(_CUT_SHORT.search(phrase.name))
    return min(covered, 1.2) - 0.22 * foreign - 0.06 * abs(length - 5) - odd


def _by_words(material: Material, weight: Mapping[str, float]) -> Candidate:
    """No sentence could be read (another language, ciphers): the shortest telling piece of the nearest ticket."""
    for sentences in material.sentences:
        for sentence in sentences:
            words = sentence.split()
            if PLACEHOLDER.search(sentence):
                continue  # "Password of [EMAIL_1]" is nobody's name for a problem
            if len(words) > 1 or (len(sentence) > 1 and not sentence.isascii()):
                text = _undangling(words[:7])[:60].strip(" .,;:!?-")
                if text:
                    return Candidate(Phrase(Frame.TOPIC, f"“{text}”", f"“{text}”"), 0.0)
    top = " ".join(w for w, _ in sorted(weight.items(), key=lambda p: (-p[1], p[0]))[:3])
    return Candidate(Phrase(Frame.TOPIC, top or "unreadable text", top or "unreadable text"), 0.0)


def chosen(options: Sequence[Sequence[Candidate]], vectors: Sequence[Vectors], centres: Vectors) -> list[Candidate]:
    """For each theme the candidate that says most of it and least of the others.

    `vectors[i]` holds the names' vectors of theme i, `centres` one row per theme, all of unit length in the batch's
    space. A name nearer to another theme is taken only when no candidate of its theme lies nearest to its own.
    """
    picked: list[Candidate] = []
    taken: set[str] = set()
    for i, (names, rows) in enumerate(zip(options, vectors, strict=True)):
        near = rows @ centres.T
        own = near[:, i]
        rival = np.max(np.delete(near, i, axis=1), axis=1) if near.shape[1] > 1 else np.zeros(len(names))
        margin = own - rival
        score = np.array([c.score for c in names]) + 2.8 * own + 0.8 * np.minimum(margin, 0.3)
        score = score - 5.0 * (margin <= 0.02) - 10.0 * np.array([c.name.lower() in taken for c in names])
        best = max(range(len(names)), key=lambda j: (round(float(score[j]), 6), -j))
        picked.append(names[best])
        taken.add(names[best].name.lower())
    return picked


def words(candidate: Candidate, material: Material, quotes: Sequence[str]) -> Words:
    """The chosen phrase -> everything that is worded about a theme."""
    phrase = candidate.phrase
    kind = kind_of(phrase, material.kind, material.share)
    return Words(
        name=candidate.name,
        short=short(candidate.name),
        kind=kind,
        problem=problem(quotes),
        title=title_of(phrase, kind) or plain_title(candidate.name, kind),
        user_story=story(phrase, kind, material.sentences),
        acceptance=criteria(candidate.name, phrase, kind, material.sentences),
        made_by=MADE_BY,
    )


def renamed(said: Words, name: str, tickets: Sequence[Sequence[str]]) -> Words:
    """The words of a theme that goes by another name: title, story and criteria follow it where they are the method's.

    `tickets`: the sentences of its tickets. What a model or a person has worded stays.
    """
    named_so = replace(said, name=name, short=short(name))
    if said.made_by != MADE_BY:
        return named_so
    phrase = named(name)
    return replace(
        named_so,
        title=title_of(phrase, said.kind) or plain_title(name, said.kind),
        user_story=story(phrase, said.kind, tickets),
        acceptance=criteria(name, phrase, said.kind, tickets),
    )


def problem(quotes: Sequence[str]) -> str:
    """Two sentences in the customers' own language: what the most typical ticket says, and one that adds to it."""
    said = [re.sub(r"\s+", " ", q).strip() for q in quotes]
    if not said:
        return ""
    first = f"Customers write: {_quoted(said[0])}"
    return f"{first} Another: {_quoted(said[1])}" if len(said) > 1 else first


def _quoted(sentence: str) -> str:
    """A full stop that the customer did not write stands outside of the quotation marks."""
    return f"“{sentence}”" if sentence[-1:] in ".?!…" else f"“{sentence}”."


def short(name: str) -> str:
    """The name cut to about 32 characters at a word, for a map or a chart."""
    words = name.split()
    while len(" ".join(words)) > 32 and len(words) > 2:
        words.pop()
    return capitalised(_undangling(words) if len(words) < len(name.split()) else name)


def _undangling(words: Sequence[str]) -> str:
    """Without the function words that a cut leaves at the end ("back to the")."""
    kept = list(words)
    while len(kept) > 2 and kept[-1].lower() in en.CLOSED:
        kept.pop()
    return " ".join(kept)
