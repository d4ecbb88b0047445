"""What customers ask for: "How do I ...", "Can I ...", "We need ...", "When will ...", "Cancel my order"."""

from __future__ import annotations

from dataclasses import replace

from bot.synthesis import english as en
from bot.synthesis.frames.phrase import MAX_WORDS, Frame, Phrase
from bot.synthesis.frames.shaping import AUXILIARIES, impersonal, nominal, starts, theirs, third, trimmed, verbal
from bot.synthesis.frames.stated import predicate_at, subject_end
from bot.synthesis.frames.sureness import whole_question

_OF_A_QUESTION = frozenset("for with from to of about".split())
# What only those who are asked can do: nobody wants steps to recommend a restaurant to himself.
_OURS = frozenset("provide give tell recommend suggest show send offer accept support advise play".split())
# Verbs that are nouns as well, and at the start of a request followed by a preposition are verbs.
_ORDERS = frozenset(
    "go search look check send transfer order text call sign log change switch book sync export import report".split()
)


_NUMBERED = frozenset("order invoice ticket case booking reference account shipment parcel request issue".split())
_NICE = "nice|great|good|helpful|useful|awesome|amazing|lovely|handy|fantastic|cool|perfect"
_FOR_A_THING = (
    f"it would be {_NICE} to have",
    f"it would be so|very|really {_NICE} to have",
    f"would be {_NICE} to have",
    "i|we would love|like|appreciate|prefer to have|see",
    "i|we would love|like|appreciate",
    "please add support for",
    "add support for",
    "please add",
    "add",
    "i|we need|want|require",
    "i|we wish to have",
    "need|want",
    "any plans for",
    "any plan for",
    "i|we wish|hope there was|were|is",
    "i|we am|are looking for",
    "i|we are missing|lacking",
    "i|we am missing|lacking",
    "missing",
)
_FOR_AN_ACT = (
    "i|we need|want|would you to",
    "i|we would like you to",
    f"it would be {_NICE} if i|we|you|users|people could|can",
    f"it would be {_NICE} to",
    f"would be {_NICE} to",
    f"would be {_NICE} if we|i|you could|can",
    "i|we would love|like|prefer to",
    "i|we really|just want|need|wish to",
    "i|we want|need|wish|try|have|tried|wanted|hope to",
    "i|we wish i|we could",
    "i|we am|are|was|were trying|attempting|hoping|looking|going|planning to",
    "i|we keep trying to",
    "allow us|me|users|customers|people to",
    "let us|me|users",
    "ability|option|possibility|way to",
    "the|an|a ability|option|possibility|way to",
    "any plans to",
    "trying to",
    "please allow us|me|users to",
    "need|want|wanting|needing to",
    "would like|love to",
    "i|we would like|love the|an ability|option to",
    "i|we need|want the|an|a ability|option|way to",
    "unable to",
    "not able to",
)
_ME = "i|we|you|one|users|customers|people|someone|u"


def how(tokens: list[str], low: list[str]) -> Phrase | None:
    cut = starts(
        low,
        f"how exactly do|can|could|should|would|might|must|did {_ME}",
        f"how do|can|could|should|would|might|must|did|may {_ME}",
        f"how {_ME} can|could|should",
        "how to",
        "how about to",
        f"what do|should|must|can {_ME} have|need to do to",
        f"what do|should|must|can {_ME} do to",
        "what should be done to",
        "what are|is the steps|process|procedure|way|method to|for",
        "what steps do|should|must i|we take to",
        "what is the best|right|correct|easiest|proper|fastest way to|of",
        "the steps|process|way to",
        "best|easiest way to",
        "a way to",
        f"where can|do|should|could {_ME} go to",
        f"where can|do|should|could|would {_ME}",
        "where to",
        "is there a|any way to",
        "is there a|any way for me|us to",
        f"is there a|any way {_ME} can|could",
        "is there anything|something i|we can|could do to",
        "instructions for|to|on",
        "help with",
        "trouble|difficulty|problems with",
    )
    if cut and low[cut - 1] in {"with", "for", "on", "of"} and not en.is_gerund(low[cut]):
        return None  # "instructions for return of goods": a thing
    return verbal(Frame.HOW, tokens[cut:]) if cut else None


def wish(tokens: list[str], low: list[str]) -> Phrase | None:
    cut = starts(low, *_FOR_A_THING)
    rest = low[cut:]
    if cut and len(rest) > 1 and low[cut - 1] == "for" and en.is_gerund(rest[0]):
        return verbal(Frame.WANT, tokens[cut:])  # "add support for sending ..."
    if cut and rest and rest[0] != "to" and rest[0] not in en.PRONOUNS:
        return nominal(Frame.ADD, tokens[cut:])
    cut = starts(low, *_FOR_AN_ACT)
    return verbal(Frame.WANT, tokens[cut:]) if cut else None


def may(tokens: list[str], low: list[str]) -> Phrase | None:
    cut = starts(
        low,
        f"can|could|may|should|might {_ME}",
        f"will|would {_ME} be able to",
        f"am|are|is {_ME} able|allowed|eligible|permitted|supposed|required to",
        "is it possible|ok|okay|allowed|feasible to",
        "is it possible for me|us|users to",
        f"is it possible that {_ME} can",
        f"do {_ME} have|need to",
        "would it be possible to",
        f"if {_ME} can|could",
        "if it is possible to",
        "whether i|we can|could",
        "are we|i able to",
    )
    phrase = verbal(Frame.MAY, tokens[cut:]) if cut else None
    return _yours(phrase) if phrase and {"you", "u"} & set(low[:cut]) else phrase


def _yours(phrase: Phrase) -> Phrase:
    ours = phrase.text.split()[0] in _OURS
    return replace(phrase, sure=not ours)


def question(tokens: list[str], low: list[str]) -> Phrase | None:
    """Direct questions of fact -> an indirect one: "when will my card arrive" -> "when the card will arrive"."""
    cut = starts(low, "what do|should|can|must i|we do", "what to do", "what am i supposed to do", "what happens")
    if cut and low[cut] in {"if", "when", "about", "after", "with"}:
        return _situation(tokens[cut:])
    cut = starts(low, "what is|are|was|were", "tell me", "show me", "give me")
    if (
        cut
        and len(low) > cut + 1
        and low[cut] in en.DETERMINERS | en.POSSESSIVES
        and not {"i", "we", "you"} & set(low[cut:])
    ):
        short = len(low) == cut + 2 and low[0] == "what"
        return _asked(["what"], low[1], tokens[cut:], []) if short else nominal(Frame.TOPIC, tokens[cut:])
    cut = starts(low, "are|is there")
    if cut and low[cut] in {"enough", "no", "still", "not"}:
        return _asked(["whether", "there"], low[0], [], tokens[cut:])
    cut = starts(low, "are|is there", "do you|u have|offer|provide", "have you got", "there is|are")
    if cut:
        return nominal(Frame.TOPIC, tokens[cut:])
    if low[0] in en.QUESTIONS - {"why"}:
        return _indirect(tokens, low)
    if low[0] in AUXILIARIES and len(low) > 2:
        return _whether(tokens, low)
    return None


def _situation(tokens: list[str]) -> Phrase | None:
    """ "What do I do if my card is stolen" -> "what to do if the card is stolen"."""
    own = trimmed(["what", "to", "do", *impersonal(tokens)])
    return Phrase(Frame.ASK, theirs(own), " ".join(own), sure=True) if len(own) > 4 else None


def _indirect(tokens: list[str], low: list[str]) -> Phrase | None:
    auxiliaries = en.BE | en.DO | en.HAVE | en.MODALS
    at = next((i for i, w in enumerate(low[:6]) if w in auxiliaries), None)
    if at is None or at + 1 >= len(low):
        return None
    opening, auxiliary, rest = tokens[:at], low[at], tokens[at + 1 :]
    lowered = [t.lower() for t in rest]
    end = subject_end(lowered, auxiliary)
    told = en.is_participle(lowered[0]) or en.is_gerund(lowered[0])
    if (len(opening) > 1 and told) or (auxiliary in en.BE and lowered[0] in en.PREPOSITIONS):
        end = 0  # "which currencies are supported", "what is on my list": the question word is the subject
    if end is None:
        if auxiliary not in en.BE or len(rest) > 5:
            return None
        end = len(rest) - (len(rest) > 2 and en.is_adjective(lowered[-1]))
        if end == len(rest) and not en.PREPOSITIONS.isdisjoint([*map(str.lower, opening), *lowered[:1]]):
            return None
    return _asked(opening, auxiliary, rest[:end], rest[end:])


def _asked(opening: list[str], auxiliary: str, subject: list[str], predicate: list[str]) -> Phrase | None:
    if [s.lower() for s in subject] in (["i"], ["we"], ["you"]):
        whose, own = (["we"], ["you"]) if subject[0].lower() == "you" else (["customers"], ["I"])
    else:
        whose = own = subject
    verb = [] if auxiliary in en.DO - {"did"} else [auxiliary]
    if auxiliary == "does" and predicate:
        predicate = [third(predicate[0].lower()), *predicate[1:]]
    auxiliary_own = ["am" if own == ["I"] and auxiliary in {"is", "are"} else v for v in verb]
    stays = not predicate or predicate[-1].lower() in _OF_A_QUESTION  # "what my card can be used for"
    words = trimmed([o.lower() for o in opening[:1]] + opening[1:] + whose + verb + predicate, keep_last=stays)
    own_words = [o.lower() for o in opening[:1]] + opening[1:] + own + auxiliary_own + predicate
    return (
        Phrase(Frame.ASK, theirs(words), " ".join(own_words[: len(words)]), sure=True)
        if 3 <= len(words) <= MAX_WORDS + 1 and whole_question([w.lower() for w in words])
        else None
    )


def _whether(tokens: list[str], low: list[str]) -> Phrase | None:
    auxiliary, rest = low[0], tokens[1:]
    end = subject_end(low[1:], auxiliary)
    if end is None or end == len(rest) or rest[0].lower() in {"it", "this", "that"} or en.is_gerund(rest[0].lower()):
        return None
    return _asked(["whether"], auxiliary, rest[:end], rest[end:])


def order(tokens: list[str], low: list[str]) -> Phrase | None:
    """An imperative: "cancel my order"."""
    second = low[1]
    if second not in en.DETERMINERS | en.POSSESSIVES and predicate_at(low) is not None:
        return None
    if not {"not", "no", "never"}.isdisjoint(low[2:]):
        return None  # "check in online not possible"
    if second[0].isdigit() and (not en.is_noun(low[0]) or low[0] in _NUMBERED):
        return None  # "Ref 548169", "Order #55008"
    doing = (
        second in en.DETERMINERS | en.POSSESSIVES
        or second[0].isdigit()
        or not en.is_noun(low[0])
        or (en.is_adjective(second) and not en.is_noun(second))
    )
    if (
        en.is_base(low[0])
        and (doing or (low[0] in _ORDERS and second in en.PREPOSITIONS))
        and second not in en.BE | en.DO | en.MODALS
    ):
        phrase = verbal(Frame.WANT, tokens)
        return _yours(phrase) if phrase else None
    return None


def topic(tokens: list[str], low: list[str]) -> Phrase | None:
    """A subject line: nouns without a verb."""
    if low[0] in en.SUBJECTS | en.QUESTIONS or any(w in en.BE | en.DO | en.MODALS | en.SUBJECTS for w in low):
        return None
    numbered = any(w.isdigit() and len(w) > 3 for w in low)  # one ticket's order number names no theme
    return nominal(Frame.TOPIC, tokens) if len(tokens) <= MAX_WORDS and not numbered else None
