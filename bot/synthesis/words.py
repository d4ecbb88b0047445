"""Extractive words for a theme, without a language model: name, problem, title, user story.

Every phrase comes from a customer's sentence (`frames` reads them); what is ours is the choice and the few words around
it. A name must pick out its own theme: its vector has to lie nearest to that theme's centre (measured, see tests and
bench/words.py), and the words in it must be the ones that many of the theme's tickets and few others use.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bot.domain import Kind, Words
from bot.ports import Vectors
from bot.synthesis import english as en
from bot.synthesis.evidence import PLACEHOLDER
from bot.synthesis.frames import Frame, Phrase, capitalised, phrases

MADE_BY = "extractive"
_CANDIDATES = 24  # names embedded for each theme: the cost of naming grows with this, not with the batch
_READ = 60  # nearest members that are read for names
_COMMON = 0.25  # a word in this share of the tickets is the theme's
_TITLE_WORDS = 9  # METHOD: under 10

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
        uses: Counter[str] = Counter()
        read = list(tickets)
        for sentences in read:
            uses.update({w for s in sentences for w in en.content(s)})
        return cls(len(read), uses)


def shares(material: Material) -> dict[str, float]:
    """stem -> the share of the theme's tickets that use it."""
    inside = _inside(material)
    return {word: uses / len(material.sentences) for word, uses in inside.items()}


def _inside(material: Material) -> Counter[str]:
    inside: Counter[str] = Counter()
    for sentences in material.sentences:
        inside.update({w for s in sentences for w in en.content(s)})
    return inside


def weights(material: Material, vocabulary: Vocabulary) -> dict[str, float]:
    """stem -> how much it says about this theme: the share of its tickets that use it, by how rare it is elsewhere."""
    inside = _inside(material)
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
    share = shares(material)
    for sentences in material.sentences[:_READ]:
        for phrase in {p.name.lower(): p for s in sentences for p in phrases(s)}.values():
            key = phrase.name.lower()
            uses[key] += 1
            score = _lexical(phrase, weight, share) + _FITS[material.kind][phrase.frame]
            if key not in best or best[key].score < score:
                best[key] = Candidate(phrase, score)
    found = [
        Candidate(c.phrase, c.score + 0.1 * math.log(uses[k]))
        for k, c in best.items()
        if title_of(c.phrase, _kind(c.phrase, material))
    ]
    found.sort(key=lambda c: (-c.score, c.name.lower(), c.name))
    return found[:_CANDIDATES] or [_by_words(material, weight)]


def _lexical(phrase: Phrase, weight: Mapping[str, float], share: Mapping[str, float]) -> float:
    """How much of the theme the phrase says in few words. A word of one ticket only ("kenya") names that ticket."""
    words = set(en.content(phrase.text))
    total = sum(sorted(weight.values(), reverse=True)[:4]) or 1.0
    covered = sum(weight.get(w, 0.0) for w in words) / total
    foreign = sum(max(0.0, _COMMON - share.get(w, 0.0)) / _COMMON for w in words)
    length = len(phrase.name.split())
    odd = 0.12 * len(re.findall(r"\b(?:they|them|their|you)\b", phrase.name.lower()))
    odd += 0.2 * sum(1 for w in phrase.name.split() if any(c.isdigit() for c in w) and en.stem(w.lower()) not in weight)
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
    kind = _kind(phrase, material)
    return Words(
        name=candidate.name,
        short=short(candidate.name),
        kind=kind,
        problem=problem(quotes),
        title=title_of(phrase, kind) or " ".join(f"{_VERB[kind]} {phrase.text}".split()[:_TITLE_WORDS]),
        user_story=_story(phrase, kind, material),
        acceptance=_ACCEPTANCE[kind],
        made_by=MADE_BY,
    )


# What customers do themselves: nothing to fix in the product, but something to explain.
_OWN_ACTS = frozenset(
    "losing forgetting misplacing breaking damaging dropping leaving moving entering typing sending"
    " deleting changing traveling travelling ordering buying".split()
)
# What befalls customers outside the product: a stolen phone is no bug of ours either.
_MISHAP = re.compile(
    r"\b(?:phone|wallet|purse|card|bag|luggage|passport|laptop|device|keys?|mobile|handset"
    r"|customers) (?:being|getting|having been) (?:stolen|lost|mugged|robbed|misplaced|damaged)\b",
    re.IGNORECASE,
)


def _kind(phrase: Phrase, material: Material) -> Kind:
    """The kind, seen again in the light of the chosen phrase: "How do I freeze my card" is no bug."""
    asks = phrase.frame in (Frame.HOW, Frame.MAY, Frame.WANT, Frame.ASK) and material.share < 0.9
    own = (phrase.frame is Frame.SELF and phrase.acting.split(" ")[0] in _OWN_ACTS) or bool(
        _MISHAP.search(f"{phrase.subject} {phrase.acting}")
    )
    return Kind.HOW_TO if material.kind is Kind.BUG and (asks or own or phrase.frame is Frame.ASK) else material.kind


_VERB = {Kind.BUG: "Fix", Kind.REQUEST: "Support", Kind.HOW_TO: "Explain"}
_ACCEPTANCE: Mapping[Kind, tuple[str, ...]] = {
    Kind.BUG: (
        "What the example tickets describe can no longer be reproduced.",
        "A customer who meets the problem again is told what happened and what to do next.",
    ),
    Kind.REQUEST: (
        "A customer from the example tickets can do what they asked for, without a workaround.",
        "The release note and the help page tell customers where to find it.",
    ),
    Kind.HOW_TO: (
        "A customer from the example tickets finds the answer in the product or the help pages.",
        "Support can answer with one link.",
    ),
}


def title_of(phrase: Phrase, kind: Kind) -> str:
    """A verb-led title of at most nine words, "" when the phrase doesn't fit behind the kind's verb."""
    made = [t for t in _titles(phrase, kind) if t]
    fitting = (t for t in made if len(t.split()) <= _TITLE_WORDS)
    return next(fitting, "") or next(filter(None, map(_shortened, made)), "")


def _shortened(title: str) -> str:
    """A long title up to the preposition that opens its last part: "... sending customers back (to the login page)"."""
    words = title.split()
    ends = [i for i in range(4, _TITLE_WORDS + 1) if words[i].lower() in en.PREPOSITIONS]
    return " ".join(words[: ends[-1]]) if ends and words[ends[-1] - 1].lower() not in en.CLOSED else ""


def _titles(phrase: Phrase, kind: Kind) -> tuple[str, ...]:
    text, doing = phrase.text, phrase.name[:1].lower() + phrase.name[1:]
    acts = phrase.frame in (Frame.HOW, Frame.MAY, Frame.WANT)
    clause = f"{phrase.subject} {phrase.acting}"
    if kind is Kind.BUG:
        if phrase.frame in (Frame.FAULT, Frame.SELF):
            return (f"Fix {clause}",)
        return (f"Fix {doing if acts else text}",) if phrase.frame is not Frame.ASK else ()
    if kind is Kind.REQUEST:
        if acts:
            return (f"Add a way to {text}", f"Support {doing}")
        return (f"Add {text}",) if phrase.frame in (Frame.ADD, Frame.TOPIC) else ()
    if acts:
        return (f"Explain how to {text}", f"Explain {doing}")
    if phrase.frame is Frame.SELF:
        return (f"Explain what to do after {phrase.acting}",) if not phrase.negated else (f"Explain {phrase.acting}",)
    if phrase.frame is Frame.FAULT:
        return (f"Explain what to do when {text}", f"Explain {clause}")
    return (f"Clarify {text}",)


def _story(phrase: Phrase, kind: Kind, material: Material) -> str:
    return f"As a {_role(material)}, I want {_wanted(phrase, kind)} so that {_purpose(material, kind)}."


def _wanted(phrase: Phrase, kind: Kind) -> str:
    acts = phrase.frame in (Frame.HOW, Frame.MAY, Frame.WANT)
    if phrase.frame is Frame.ASK:
        return f"to know {phrase.own}"
    if kind is Kind.HOW_TO and acts:
        return f"clear steps to {phrase.own}"
    if acts:
        return f"to {phrase.own}" if kind is Kind.REQUEST else f"to be able to {phrase.own}"
    if phrase.frame is Frame.FAULT and kind is Kind.HOW_TO:
        return f"to know what to do when {_definite(phrase.own)}{phrase.text.removeprefix(phrase.subject)}"
    if phrase.frame is Frame.FAULT:
        return f"{_definite(phrase.own)} to {phrase.remedy or f'stop {phrase.acting}'}"
    if phrase.frame is Frame.SELF:
        return (
            f"to {phrase.remedy or f'stop {phrase.acting}'}"
            if kind is Kind.BUG
            else f"to know what to do after {phrase.acting}"
        )
    if kind is Kind.REQUEST:
        return phrase.own
    return f"a clear answer on {phrase.own}" if kind is Kind.HOW_TO else f"{_definite(phrase.own)} to be fixed"


def _definite(noun: str) -> str:
    """ "map widget" -> "the map widget"; plurals, names and what has an article or a possessive stay."""
    words = noun.split()
    bare = words[0].lower() not in en.DETERMINERS | en.POSSESSIVES | en.PRONOUNS
    name = len(words) == 1 and words[0][:1].isupper()
    return f"the {noun}" if bare and not name and not words[-1].lower().endswith("s") else noun


_ROLE = re.compile(
    r"\b(?:as an?|i am an?|i'm an?) ((?:workspace |account |it |team |project |site |store |shop "
    r"|system |security )?(?:admin(?:istrator)?|owner|developer|manager|analyst|accountant|engineer"
    r"|designer|marketer|freelancer|student|teacher|seller|merchant|agent))\b",
    re.IGNORECASE,
)


def _role(material: Material) -> str:
    """The role that customers give themselves, when at least two do; else "customer"."""
    roles = Counter(
        r.lower()
        for sentences in material.sentences
        for r in {m.group(1) for s in sentences for m in _ROLE.finditer(s)}
    )
    best = min(roles.items(), key=lambda p: (-p[1], p[0]), default=("customer", 0))
    return best[0] if best[1] >= 2 and best[0][0] not in "aeiou" else "customer"


_PURPOSES = {
    Kind.BUG: "I can rely on it in my daily work",
    Kind.REQUEST: "I do not need a workaround",
    Kind.HOW_TO: "I can get it done without writing to support",
}
_SO_THAT = re.compile(r"\bso (?:that )?((?:i|we) can [a-z][^.,;:?!\n()\[\]\"]{8,70})", re.IGNORECASE)


def _purpose(material: Material, kind: Kind) -> str:
    """What customers say they want it for ("so that we can ..."), in the nearest ticket that says it; else by kind."""
    for sentences in material.sentences[:_READ]:
        for sentence in sentences:
            found = _SO_THAT.search(sentence)
            if (
                found
                and 4 <= len(found.group(1).split()) <= 12
                and not re.search(
                    r"\b(?:close (?:this|the ticket|my ticket)|help|you|your|ticket|check|investigate)\b",
                    found.group(1),
                    re.IGNORECASE,
                )
            ):
                said = re.sub(r"^we\b", "I", found.group(1).strip(), flags=re.IGNORECASE)
                return re.sub(r"^i\b", "I", said)
    return _PURPOSES[kind]


def problem(quotes: Sequence[str]) -> str:
    """Two sentences in the customers' own language: what the most typical ticket says, and one that adds to it."""
    said = [re.sub(r"\s+", " ", q).strip(" \"“”'") for q in quotes]
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
