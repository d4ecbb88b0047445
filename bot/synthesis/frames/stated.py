"""What customers state: "The export times out", "I was charged twice", "Why was my payment declined"."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bot.synthesis import english as en
from bot.synthesis.frames import sureness
from bot.synthesis.frames.phrase import Frame, Phrase
from bot.synthesis.frames.shaping import (
    AUXILIARIES,
    PARTICLES,
    bare,
    nominal,
    one_clause,
    theirs,
    third,
    trimmed,
    uncapitalised,
    without_adverbs,
)

_ANYBODY = frozenset({"someone", "somebody", "something", "nothing", "everything"})


def why(tokens: list[str], low: list[str]) -> Phrase | None:
    """ "Why was my card declined" -> the fault in it: "card was declined"."""
    if low[0] != "why" or len(low) < 3:
        return None
    if low[1] not in en.BE | en.DO | en.HAVE | en.MODALS:
        return oneself(tokens[1:], low[1:]) or fault(tokens[1:], low[1:])
    auxiliary, rest = low[1], tokens[2:]
    negated = bool(rest) and rest[0].lower() == "not"
    rest = rest[1:] if negated else rest
    end = subject_end([t.lower() for t in rest], auxiliary)
    if end is None or end >= len(rest):
        return None
    clause = rest[:end] + _conjugated(auxiliary, negated, rest[end:])
    lowered = [t.lower() for t in clause]
    if lowered[0] in en.FIRST_PERSON:
        return oneself(clause, lowered)
    return _clause(clause, end) if lowered[0] not in en.SUBJECTS else None


def _conjugated(auxiliary: str, negated: bool, predicate: list[str]) -> list[str]:
    """The predicate of a question, as a statement has it: "did get declined" -> "got declined"."""
    low = predicate[0].lower()
    if negated or low in {"not", "never"} or auxiliary not in en.DO:
        return [auxiliary, *(["not"] if negated else []), *predicate]
    inflected: dict[str, Callable[[str], str]] = {"did": en.past, "does": third}
    verb = inflected.get(auxiliary, str)(low)
    return [verb, *predicate[1:]]


def oneself(tokens: list[str], low: list[str]) -> Phrase | None:
    """ "I was charged twice" -> "was charged twice", about the customers."""
    if low[0] not in en.FIRST_PERSON or len(low) < 3:
        return None
    predicate = trimmed(one_clause(without_adverbs(tokens[1:])))
    lowered = [t.lower() for t in predicate]
    acting = _acting(predicate) if predicate else None
    if acting is None or (lowered[0] in en.BE and lowered[1] in en.PREPOSITIONS | PARTICLES):
        return None  # "we are back at the start" says what happened, not what is wrong
    if lowered[0] in {"have", "had", "got"} and len(lowered) > 2 and lowered[1] in en.DETERMINERS:
        return nominal(Frame.TOPIC, predicate[1:])
    remedy, can = _remedy(predicate, lowered), lowered[0] in {"can", "could"}
    return Phrase(
        Frame.SELF,
        theirs(_headline(predicate, lowered, acting)),
        " ".join(["I" if low[0] == "i" else low[0], *predicate]),
        "customers",
        theirs(acting),
        _negator(lowered) is not None,
        remedy,
        sure=bool(remedy) or sureness.passive(lowered) or can,
        state=can and not remedy,
        doing=theirs(_infinitive(predicate)),
    )


def _headline(predicate: list[str], lowered: list[str], acting: list[str]) -> list[str]:
    if lowered[:2] == ["can", "not"]:
        return ["can't", *predicate[2:]]
    if lowered[0] in {"can", "could"}:
        return predicate
    if lowered[0] in en.BE and len(lowered) > 2 and lowered[1] != "not":
        return predicate[1:]
    if lowered[0] in en.HAVE and len(lowered) > 3 and lowered[1] == "been":
        return predicate[2:]
    simple_past = en.is_finite(lowered[0]) and not en.is_base(lowered[0]) and lowered[0] not in {"got", "tried"}
    return predicate if simple_past else acting


def _remedy(predicate: list[str], lowered: list[str]) -> str:
    """ "have not received my card" -> "receive my card"; "can not log in" -> "log in"; "never came" -> "come"."""
    at = _negator(lowered)
    if at is None or len(lowered) < at + 2:
        return ""
    verb = lowered[at + 1]
    if at and lowered[0] in en.BE and not en.is_gerund(verb):
        return " ".join(["be", *predicate[at + 1 :]])
    return " ".join([en.base(verb), *predicate[at + 2 :]])


def _negator(lowered: Sequence[str]) -> int | None:
    """Where the predicate is denied: in front, or behind its auxiliary."""
    places = range(2 if lowered and lowered[0] in AUXILIARIES else 1)
    return next((i for i in places if lowered[i : i + 1] in (["not"], ["never"])), None)


def _infinitive(predicate: list[str]) -> list[str]:
    """A positive predicate as an infinitive: "was declined" -> "be declined", "keeps failing" -> "fail"."""
    low = [*(t.lower() for t in predicate), ""]
    first, rest = low[0], predicate[1:]
    if first in en.HAVE and low[1] == "been":
        return ["be", *rest[1:]]
    if first in en.BE:
        return ["be", *rest]
    if (first in en.HAVE and en.is_participle(low[1])) or (en.base(first) == "keep" and en.is_gerund(low[1])):
        return [en.base(low[1]), *rest[1:]]
    if first in {"can", "could"}:
        return ["be", "able", "to", *rest]
    return rest if first in en.DO | en.MODALS else [en.base(first), *rest]


def fault(tokens: list[str], low: list[str]) -> Phrase | None:
    """A declarative clause with a subject of its own."""
    at = predicate_at(low)
    return _clause(tokens, at) if at is not None else None


def predicate_at(low: list[str]) -> int | None:
    if low[0] in (en.PRONOUNS - _ANYBODY) | en.QUESTIONS | en.PREPOSITIONS | AUXILIARIES | {"there"} or (
        en.is_gerund(low[0]) and low[1:2] and (low[1] in en.CLOSED or low[1].isdigit())
    ):
        return None
    if (
        en.is_participle(low[0])
        and not en.is_base(low[0])
        and not en.is_noun(low[0])
        and low[1:2]
        and low[1] not in AUXILIARIES
    ):
        return None  # "received damaged vase" has no subject
    for i in range(1, min(len(low), 9)):
        word, before, after = low[i], low[i - 1], low[i + 1] if i + 1 < len(low) else ""
        if word in en.SUBJECTS:
            return None
        if word in AUXILIARIES and after in en.SUBJECTS:
            return None  # "... are they safe": a question behind something else
        if word in AUXILIARIES | {"never"} and before not in en.DETERMINERS | en.POSSESSIVES:
            return i
        if word == "not" and en.is_gerund(after):
            return i  # "mic not working"
        if before in en.DETERMINERS | en.POSSESSIVES | en.PREPOSITIONS or after in AUXILIARIES:
            continue
        if en.is_finite(word) and not en.is_noun(word) and not (en.is_participle(word) and not after):
            return i
        plural = before.endswith("s") and en.is_noun(before.removesuffix("s"))
        doubtful = en.is_noun(word) or en.is_adjective(word)
        verb = not doubtful or en.acts_after_noun(word, after, PARTICLES)
        if plural and en.is_base(word) and verb and not _verb_follows(low[i + 1 :]):
            return i
        if en.is_finite(word) and doubtful and verb and not plural and not AUXILIARIES.intersection(low[i + 2 :]):
            return i  # but not in "accented letters in the file are broken"
    return None


def _verb_follows(low: list[str]) -> bool:
    """Does an auxiliary of the same clause follow? "American Express top up does not work": "top" is no verb there."""
    end = next((i for i, w in enumerate(low) if w in en.QUESTIONS or w in {"if", "after", "while"}), len(low))
    return not AUXILIARIES.isdisjoint(low[:end])


def _clause(tokens: list[str], at: int) -> Phrase | None:
    tokens = [uncapitalised(tokens), *tokens[1:]]
    subject, predicate = tokens[:at], one_clause(without_adverbs(tokens[at:]))
    if subject[-1].lower() == "not" and len(subject) > 1 and en.is_participle(predicate[0].lower()):
        subject, predicate = subject[:-1], ["not", *predicate]  # "documents not generated"
    if predicate[0].lower() == "not":
        predicate = ["are" if subject[-1].lower().endswith("s") else "is", *predicate]
    whole = trimmed(bare(subject) + predicate)
    predicate = whole[len(bare(subject)) :]
    if not predicate or not bare(subject) or (len(predicate) < 2 and predicate[0].lower() in en.CLOSED):
        return None
    acting = _acting(predicate)
    if acting is None or bare(subject)[0].lower() in en.PRONOUNS - _ANYBODY:
        return None
    lowered = [t.lower() for t in predicate]
    remedy = _remedy(predicate, lowered)
    stopped = 1 if lowered[0] in en.HAVE else 0  # "has stopped working"
    if lowered[stopped + 1 :] and en.base(lowered[stopped]) == "stop" and en.is_gerund(lowered[stopped + 1]):
        acting, remedy = ["not", *predicate[stopped + 1 :]], _again(predicate[stopped + 1 :])
    own = " ".join(subject)
    if subject[0].lower() in en.DETERMINERS | en.POSSESSIVES:
        own = " ".join([subject[0].lower(), *subject[1:]])
    return Phrase(
        Frame.FAULT,
        theirs(whole),
        own,
        theirs(bare(subject)),
        theirs(acting),
        _negator(lowered) is not None,
        remedy,
        sure=sureness.statement(subject, predicate),
        state=not remedy and not sureness.acts(lowered),
        doing=theirs(_infinitive(predicate)),
    )


def _again(doing: list[str]) -> str:
    """ "syncing with the bank" -> "sync again with the bank"; "sending alerts" -> "send alerts again"."""
    rest = doing[1:]
    at = next((i for i, t in enumerate(rest) if t.lower() in en.PREPOSITIONS), len(rest))
    return " ".join([en.base(doing[0].lower()), *rest[:at], "again", *rest[at:]])


def _acting(predicate: list[str]) -> list[str] | None:
    """A predicate as a gerund phrase: "was declined" -> "being declined", "does not load" -> "not loading"."""
    low = [t.lower() for t in predicate]
    first, rest = low[0], predicate[1:]
    if first == "never" and rest:
        positive = _acting(rest)
        return ["never", *positive] if positive else None
    if rest and rest[0].lower() in {"not", "never"} and first not in AUXILIARIES:
        return None
    if rest and rest[0].lower() in {"not", "never"} and len(rest) > 1:
        positive = _acting([predicate[0], *rest[1:]])
        return [rest[0].lower(), *positive] if positive else None
    if rest and en.base(first) == "keep" and en.is_gerund(low[1]):
        return rest
    if first in en.BE:
        return (rest if rest and en.is_gerund(low[1]) else ["being", *rest]) if rest else None
    if first in en.HAVE and len(rest) > 1 and low[1] == "been":
        return rest[1:] if en.is_gerund(low[2]) else ["being", *rest[1:]]
    if first in en.HAVE and rest and en.is_participle(low[1]):
        return [en.gerund(en.base(low[1])), *rest[1:]]
    if first in {"can", "could"} and rest and en.is_base(low[1]):
        return ["being", "able", "to", *rest]
    if first in en.MODALS and rest and low[1] == "be":
        return _acting(["is", *rest[1:]])
    if first in en.DO | en.MODALS and rest:
        return [en.gerund(low[1]), *rest[1:]] if en.is_base(low[1]) or low[1] in {"be", "have"} else None
    if en.lemmas(first, "VERB"):
        return [en.gerund(en.base(first)), *rest]
    return None


def subject_end(low: Sequence[str], auxiliary: str) -> int | None:
    """Behind an auxiliary: where subject ends and predicate begins, by the verb form that auxiliary asks for."""
    if low and low[0] in en.SUBJECTS:
        return 1
    negation = next((i for i in range(1, min(len(low), 7)) if low[i] in {"not", "never"}), None)
    if negation is not None:
        return negation
    for i in range(1, min(len(low), 8)):
        if not (en.is_noun(low[i - 1]) or low[i - 1] in en.PRONOUNS) or low[i - 1] in en.DETERMINERS | en.POSSESSIVES:
            continue
        word = low[i]
        if word in en.ADVERBS:
            return i
        if auxiliary in en.DO | en.MODALS and en.is_base(word):
            return i
        if auxiliary in en.HAVE and (en.is_participle(word) or word == "been"):
            return i
        if auxiliary in en.BE and (en.is_participle(word) or en.is_gerund(word) or _stands_alone(low, i)):
            return i
    places = (
        i
        for i in range(1, min(len(low), 8))
        if auxiliary in en.BE and low[i] in en.PREPOSITIONS - en.QUESTIONS and en.is_noun(low[i - 1])
    )
    return next(places, None)


def _stands_alone(low: Sequence[str], i: int) -> bool:
    """An adjective that no noun follows is what is said of the subject: "the rate wrong when ..."."""
    after = low[i + 1] if i + 1 < len(low) else ""
    ends = not after or after in en.PREPOSITIONS
    return en.is_adjective(low[i]) and (ends or not (en.is_noun(low[i]) or en.is_noun(after)))
