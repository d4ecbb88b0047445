"""A customer's sentence -> the phrase in it that can name a problem, with the grammar for a title and a story.

A sentence is read by the frame it is written in ("How do I ...", "Why was my ...", "I can not ...", "The ... fails").
The frame says which part is the problem itself and how that part fits behind "Fix", "Explain how to" or "I want". A
sentence that fits no frame gives no phrase: another customer will have said it in a way that does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.synthesis import english as en

MAX_WORDS = 9
_AUXILIARIES = en.BE | en.HAVE | en.DO | en.MODALS
_ANYBODY = frozenset({"someone", "somebody", "something", "nothing", "everything"})
_LOOSE = frozenset(
    "please thanks thank asap anymore etc hi there yesterday today tomorrow tonight lately recently"
    " soon anyway anyways".split()
)
# Verbs that are nouns as well, and at the start of a request followed by a preposition are verbs.
_ORDERS = frozenset(
    "go search look check send transfer order text call sign log change switch book sync export import report".split()
)
_PARTICLES = frozenset("out up down off in on back over away through".split())
_TOKEN = re.compile(r"\[[A-Z]+_\d+\]|[^\W_][\w'’./+&%#@-]*[\w%+#]|[^\W_]|[$€£]\d[\d.,]*")
_CLAUSE = re.compile(
    r"[.?!;:\n\r()\"“”|]+(?:\s|$)|\s[-–—>]+\s|\n|,\s"
    r"|\s(?:but|because|however|although|though|and then|so that|so i|and i|and we|and it|since|even though)\s",
    re.IGNORECASE,
)
# Mail is typed without full stops: a capital in mid-line that opens a sentence opens a clause.
_RUN_ON = re.compile(
    r"(?<=[a-z0-9]) (?=(?:Please|Let|Could|Can|Thanks|Thank|We|This|That|Sorry|Ref|It|Is|Are|Do|Does"
    r"|How|What|Why|When|Where|Any|Also|And|But|So|There|Hi|Hello|Sent|Get|Our|My|The|They|You|If)\b)"
)
_ADDRESS = re.compile(
    r"^(?:(?:hi|hello|hey|dear|good (?:morning|afternoon|evening|day)|thanks|thank you|ok|okay|so"
    r"|well|also|and|but|oh|um|yes|no|"
    r"please|pls|plz|kindly|just|actually|unfortunately|currently|recently|today|now|then|again|anyway|hence|therefore|"
    r"urgent|question|quick question|feature request|request|bug|issue|problem|idea|suggestion|update"
    r"|re|fwd|fw)\b[\s,.:!-]*)+",
    re.IGNORECASE,
)
_ASKING = re.compile(
    r"^(?:(?:can|could|would|will) (?:you|u|someone|anyone|somebody|anybody) (?:please |kindly "
    r"|possibly )?(?:help me (?:to )?(?:understand|find out|figure out|see|know)|tell (?:me|us)"
    r"|explain(?: to (?:me|us))?|"
    r"let (?:me|us) know|advise(?: me| us)?(?: on)?|clarify|confirm|look into|check|find out"
    r"|help (?:me|us)(?: with| to| out with)?|assist (?:me|us)?(?: with| in)?|inform me"
    r"|walk me through)"
    r"|(?:please )?(?:tell (?:me|us)|explain(?: to (?:me|us))?|let (?:me|us) know|advise(?: me"
    r"| us)?(?: on)?|clarify|help (?:me|us)(?: with| to)?|help|assist with)"
    r"|i (?:would|want|need|had|'d)(?: like| love)? to (?:know|find out|understand|ask(?: you)?|learn"
    r"|see|check|inquire|enquire)(?: about)?|i (?:am|was) (?:just )?(?:wondering|curious"
    r"|asking)(?: about)?"
    r"|i (?:just )?wonder(?:ed)?|do (?:you|u) (?:happen to )?know|(?:do (?:you|u) have )?any idea"
    r"|i (?:do|did) not (?:understand|know|see|get)(?= (?:why|how|what|when|where|if|whether))"
    r"|(?:i|we) (?:think|believe|guess|noticed|notice|see|saw|found|find|feel|understand|hear"
    r"|heard)(?: that)? (?=(?:i|we|my|our|the|it|this|there|a|an|someone|somebody|no)\b)|it (?:seems"
    r"|looks|appears)(?: that| like| as if| as though)?|there is (?:a|an|some) (?:problem|issue"
    r"|bug)(?: with| in| where| when)?"
    r"|(?:i|we) (?:have|had|got|am having|are having|am facing|face|are facing|keep having"
    r"|am experiencing|are experiencing|have been having)(?: a| an| some| another)? (?:problems?"
    r"|issues?|trouble|difficult(?:y|ies)|questions?|concerns?)(?: with| about| regarding| in| on)?"
    r"|(?:i|we) need (?:some |your |a little )?(?:help|assistance|info|information|advice|support"
    r"|clarification)(?: with| on| about| regarding| to| in)?|(?:i am|we are|not"
    r"|am not) (?:quite )?(?:sure|certain)(?= (?:why|how|what|when|where|if|whether))"
    r"|what (?:is|was) the (?:reason|problem|issue|deal)(?: for| with| that| why)?"
    r"|what happened(?: to| with)?|how come|any (?:update|news|info|information)(?: on| about)?"
    r"|for some reason|as of (?:now|today)|the (?:problem"
    r"|issue) is(?: that)?)\b\s*,?\s*(?:that\s+(?=(?:i|we|my|our|the)\b))?",
    re.IGNORECASE,
)


class Frame(StrEnum):
    """How a customer put it, by what can stand behind it."""

    HOW = "how"  # "How do I X": X is a verb phrase
    MAY = "may"  # "Can I X", "Is it possible to X"
    WANT = "want"  # "I want to X", "Cancel X"
    ADD = "add"  # "We need a dark mode": a noun phrase
    ASK = "ask"  # an indirect question: "when the card will arrive"
    FAULT = "fault"  # a clause with its own subject: "CSV exports time out"
    SELF = "self"  # a clause about the writer: "was charged twice"
    TOPIC = "topic"  # a noun phrase


@dataclass(frozen=True, slots=True)
class Phrase:
    """`text` is the part that matters. For FAULT and SELF, `subject` and `acting` ("timing out on ...") split it.

    `own` keeps the writer's possessives ("my card"), for the user story; `text` says "the card".
    """

    frame: Frame
    text: str
    own: str
    subject: str = ""
    acting: str = ""
    negated: bool = False
    remedy: str = ""  # what the writer wants instead, as an infinitive: "receive my card"

    @property
    def name(self) -> str:
        if self.frame in (Frame.HOW, Frame.MAY, Frame.WANT):
            first, _, rest = self.text.partition(" ")
            return capitalised(f"{en.gerund(first.lower())} {rest}".strip())
        return capitalised(self.text)


def capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]


def clauses(sentence: str) -> Iterator[str]:
    """The clauses of a sentence, without address and politeness."""
    parts = (piece for part in _CLAUSE.split(en.expanded(sentence)) for piece in _RUN_ON.split(part or ""))
    for part in parts:
        text = part.strip(" ,.-–—*•>\t")
        for _ in range(3):
            shorter = _ASKING.sub("", _ADDRESS.sub("", text)).strip(" ,.-")
            if shorter == text:
                break
            text = shorter
        if text:
            yield text


def phrases(sentence: str) -> Iterator[Phrase]:
    """Every phrase of a sentence that a frame recognises, in the order of the sentence."""
    for clause in clauses(sentence):
        tokens = _TOKEN.findall(_quiet(clause))
        if 1 < len(tokens) <= 30 and not any(t.startswith("[") or "XX" in t or "@" in t for t in tokens):
            phrase = _read(tokens)
            if phrase is not None:
                yield phrase


def _quiet(clause: str) -> str:
    """A shouted clause in lower case; any other one as it is."""
    letters = [c for c in clause if c.isalpha()]
    shouting = len(letters) > 12 and sum(c.isupper() for c in letters) > 0.6 * len(letters)
    return clause.lower() if shouting else clause


def _read(tokens: list[str]) -> Phrase | None:
    while len(tokens) > 2 and tokens[0].lower() in en.ADVERBS | {"about", "regarding"}:
        tokens = tokens[1:]
    low = [t.lower() for t in tokens]
    if low[0] in {"if", "whether"} and len(tokens) > 3:
        return _sounded(_whether_statement(tokens[1:]))
    for reader in (_how, _wish, _may, _question, _why, _self, _order, _fault, _topic):
        phrase = reader(tokens, low)
        if phrase is not None:
            return _sounded(phrase)
    return None


def _sounded(phrase: Phrase | None) -> Phrase | None:
    return phrase if phrase is not None and _sound(phrase) else None


def _whether_statement(tokens: list[str]) -> Phrase | None:
    """ "... if there is a tracking number" -> "whether there is a tracking number"."""
    own = _trimmed(["whether", *tokens])
    return Phrase(Frame.ASK, _theirs(own), " ".join(own)) if 4 <= len(own) <= MAX_WORDS + 1 else None


def _sound(phrase: Phrase) -> bool:
    """Long enough to be specific, short enough to be a name, and about something."""
    words = phrase.text.split()
    low = [w.lower() for w in words]
    stray = {"i", "we", "you", "me", "us", "it", "he", "she", "they", "them", "im", "this", "that", "u"}
    return 2 <= len(words) <= MAX_WORDS + 1 and bool(en.content(phrase.text)) and not stray & set(low[:1] + low[-1:])


def _starts(low: Sequence[str], *openings: str) -> int:
    """The length of the first opening that the words start with, else 0. `a|b` in an opening is either word."""
    for opening in openings:
        parts = [part.split("|") for part in opening.split()]
        if len(low) > len(parts) and all(w in p for w, p in zip(low, parts, strict=False)):
            return len(parts)
    return 0


_ME = "i|we|you|one|users|customers|people|someone|u"


def _how(tokens: list[str], low: list[str]) -> Phrase | None:
    cut = _starts(
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
    return _verbal(Frame.HOW, tokens[cut:]) if cut else None


def _wish(tokens: list[str], low: list[str]) -> Phrase | None:
    nice = "nice|great|good|helpful|useful|awesome|amazing|lovely|handy|fantastic|cool|perfect"
    cut = _starts(
        low,
        f"it would be {nice} to have",
        f"it would be so|very|really {nice} to have",
        f"would be {nice} to have",
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
    rest = low[cut:]
    if cut and len(rest) > 1 and low[cut - 1] == "for" and en.is_gerund(rest[0]):
        return _verbal(Frame.WANT, tokens[cut:])  # "add support for sending ..."
    if cut and rest and rest[0] != "to" and rest[0] not in en.PRONOUNS:
        return _nominal(Frame.ADD, tokens[cut:])
    cut = _starts(
        low,
        "i|we need|want|would you to",
        "i|we would like you to",
        f"it would be {nice} if i|we|you|users|people could|can",
        f"it would be {nice} to",
        f"would be {nice} to",
        f"would be {nice} if we|i|you could|can",
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
    return _verbal(Frame.WANT, tokens[cut:]) if cut else None


def _may(tokens: list[str], low: list[str]) -> Phrase | None:
    cut = _starts(
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
    return _verbal(Frame.MAY, tokens[cut:]) if cut else None


def _verbal(frame: Frame, tokens: list[str]) -> Phrase | None:
    """A verb phrase in the infinitive behind a frame; adverbs in front of it are dropped."""
    while tokens and tokens[0].lower() in en.ADVERBS | {"please", "go", "about"} and len(tokens) > 1:
        tokens = tokens[1:]
    if len(tokens) > 2 and tokens[0].lower() in {"try", "go"} and tokens[1].lower() in {"and", "to"}:
        tokens = tokens[2:]  # "try and confirm"
    if len(tokens) > 2 and tokens[1].lower() in {"me", "us"}:
        tokens = [tokens[0], *tokens[2:]]  # "find me a recipe"
    if not tokens:
        return None
    first = tokens[0].lower()
    if first in {"be", "have", "do", "know", "see", "find", "understand", "help", "ask", "get"} and len(tokens) < 3:
        return None
    if en.is_gerund(first) and not en.is_base(first):
        tokens = [en.base(first), *tokens[1:]]
    elif not (en.is_base(first) or first in {"have", "be", "do"}):
        return None
    else:
        tokens = [first, *tokens[1:]]
    own = _trimmed(_one_act(_impersonal(tokens)))
    return Phrase(frame, _theirs(own), " ".join(own)) if len(own) > 1 else None


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


def _nominal(frame: Frame, tokens: list[str]) -> Phrase | None:
    own = _trimmed(_bare(tokens))
    if not own or own[0].lower() in en.CLOSED | {"got", "get"} or len(own) > MAX_WORDS:
        return None
    own[0] = _uncapitalised(own)
    kept = _trimmed(tokens)
    return Phrase(frame, _theirs(own), " ".join([_uncapitalised(kept), *kept[1:]]))


def _question(tokens: list[str], low: list[str]) -> Phrase | None:
    """Direct questions of fact -> an indirect one: "when will my card arrive" -> "when the card will arrive"."""
    cut = _starts(low, "what do|should|can|must i|we do", "what to do", "what am i supposed to do", "what happens")
    if cut and low[cut] in {"if", "when", "about", "after", "with"}:
        return _situation(tokens[cut:])
    cut = _starts(low, "what is|are|was|were", "tell me", "show me", "give me")
    if (
        cut
        and len(low) > cut + 1
        and low[cut] in en.DETERMINERS | en.POSSESSIVES
        and not {"i", "we", "you"} & set(low[cut:])
    ):
        short = len(low) == cut + 2 and low[0] == "what"
        return _asked(["what"], low[1], tokens[cut:], []) if short else _nominal(Frame.TOPIC, tokens[cut:])
    cut = _starts(low, "are|is there")
    if cut and low[cut] in {"enough", "no", "still", "not"}:
        return _asked(["whether", "there"], low[0], [], tokens[cut:])
    cut = _starts(low, "are|is there", "do you|u have|offer|provide", "have you got", "there is|are")
    if cut:
        return _nominal(Frame.TOPIC, tokens[cut:])
    if low[0] in en.QUESTIONS - {"why"}:
        return _indirect(tokens, low)
    if low[0] in _AUXILIARIES and len(low) > 2:
        return _whether(tokens, low)
    return None


def _situation(tokens: list[str]) -> Phrase | None:
    """ "What do I do if my card is stolen" -> "what to do if the card is stolen"."""
    own = _trimmed(["what", "to", "do", *_impersonal(tokens)])
    return Phrase(Frame.ASK, _theirs(own), " ".join(own)) if len(own) > 4 else None


def _indirect(tokens: list[str], low: list[str]) -> Phrase | None:
    auxiliaries = en.BE | en.DO | en.HAVE | en.MODALS
    at = next((i for i, w in enumerate(low[:6]) if w in auxiliaries), None)
    if at is None or at + 1 >= len(low):
        return None
    opening, auxiliary, rest = tokens[:at], low[at], tokens[at + 1 :]
    lowered = [t.lower() for t in rest]
    end = _subject_end(lowered, auxiliary)
    if len(opening) > 1 and (en.is_participle(lowered[0]) or en.is_gerund(lowered[0])):
        end = 0  # "which currencies are supported": the question word is the subject
    if end is None:
        if auxiliary not in en.BE or len(rest) > 5:
            return None
        end = len(rest)
    return _asked(opening, auxiliary, rest[:end], rest[end:])


def _asked(opening: list[str], auxiliary: str, subject: list[str], predicate: list[str]) -> Phrase | None:
    if [s.lower() for s in subject] in (["i"], ["we"], ["you"]):
        theirs, own = (["we"], ["you"]) if subject[0].lower() == "you" else (["customers"], ["I"])
    else:
        theirs = own = subject
    third = auxiliary == "does" and bool(predicate)
    verb = [] if auxiliary in en.DO - {"did"} else [auxiliary]
    if third:
        predicate = [_third(predicate[0].lower()), *predicate[1:]]
    auxiliary_own = ["am" if own == ["I"] and auxiliary in {"is", "are"} else v for v in verb]
    words = _trimmed(
        [o.lower() for o in opening[:1]] + opening[1:] + theirs + verb + predicate, keep_last=not predicate
    )
    own_words = [o.lower() for o in opening[:1]] + opening[1:] + own + auxiliary_own + predicate
    return (
        Phrase(Frame.ASK, _theirs(words), " ".join(own_words[: len(words)]))
        if 3 <= len(words) <= MAX_WORDS + 1
        else None
    )


def _whether(tokens: list[str], low: list[str]) -> Phrase | None:
    auxiliary, rest = low[0], tokens[1:]
    end = _subject_end(low[1:], auxiliary)
    if end is None or end == len(rest) or rest[0].lower() in {"it", "this", "that"} or en.is_gerund(rest[0].lower()):
        return None
    return _asked(["whether"], auxiliary, rest[:end], rest[end:])


def _third(verb: str) -> str:
    if verb in {"have", "do", "go"}:
        return {"have": "has", "do": "does", "go": "goes"}[verb]
    if re.search(r"(?:s|x|z|ch|sh)$", verb):
        return verb + "es"
    return re.sub(r"([^aeiou])y$", r"\1ie", verb) + "s"


def _subject_end(low: Sequence[str], auxiliary: str) -> int | None:
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
    return en.is_adjective(low[i]) and (not en.is_noun(low[i]) or not after or after in en.PREPOSITIONS)


def _why(tokens: list[str], low: list[str]) -> Phrase | None:
    """ "Why was my card declined" -> the fault in it: "card was declined"."""
    if low[0] != "why" or len(low) < 3:
        return None
    if low[1] not in en.BE | en.DO | en.HAVE | en.MODALS:
        return _self(tokens[1:], low[1:]) or _fault(tokens[1:], low[1:])
    auxiliary, rest = low[1], tokens[2:]
    negated = bool(rest) and rest[0].lower() == "not"
    rest = rest[1:] if negated else rest
    end = _subject_end([t.lower() for t in rest], auxiliary)
    if end is None or end >= len(rest):
        return None
    clause = rest[:end] + _conjugated(auxiliary, negated, rest[end:])
    lowered = [t.lower() for t in clause]
    if lowered[0] in en.FIRST_PERSON:
        return _self(clause, lowered)
    return _clause(clause, end) if lowered[0] not in en.SUBJECTS else None


def _conjugated(auxiliary: str, negated: bool, predicate: list[str]) -> list[str]:
    """The predicate of a question, as a statement has it: "did get declined" -> "got declined"."""
    low = predicate[0].lower()
    if negated or low in {"not", "never"} or auxiliary not in en.DO:
        return [auxiliary, *(["not"] if negated else []), *predicate]
    inflected: dict[str, Callable[[str], str]] = {"did": en.past, "does": _third}
    verb = inflected.get(auxiliary, str)(low)
    return [verb, *predicate[1:]]


def _self(tokens: list[str], low: list[str]) -> Phrase | None:
    """ "I was charged twice" -> "was charged twice", about the customers."""
    if low[0] not in en.FIRST_PERSON or len(low) < 3:
        return None
    predicate = _trimmed(_one_clause(_without_adverbs(tokens[1:])))
    lowered = [t.lower() for t in predicate]
    acting = _acting(predicate)
    if acting is None:
        return None
    if lowered[0] in {"have", "had", "got"} and len(lowered) > 2 and lowered[1] in en.DETERMINERS:
        return _nominal(Frame.TOPIC, predicate[1:])
    negated = lowered[1:2] == ["not"] or lowered[0] == "never"
    shown = _headline(predicate, lowered, acting)
    return Phrase(
        Frame.SELF,
        _theirs(shown),
        " ".join(predicate),
        "customers",
        _theirs(acting),
        negated,
        _remedy(predicate, lowered),
    )


def _headline(predicate: list[str], lowered: list[str], acting: list[str]) -> list[str]:
    if lowered[:2] == ["can", "not"]:
        return ["can't", *predicate[2:]]
    if lowered[0] in en.BE and len(lowered) > 2 and lowered[1] != "not":
        return predicate[1:]
    if lowered[0] in en.HAVE and lowered[1] == "been" and len(lowered) > 3:
        return predicate[2:]
    simple_past = en.is_finite(lowered[0]) and not en.is_base(lowered[0]) and lowered[0] not in {"got", "tried"}
    return predicate if simple_past else acting


def _remedy(predicate: list[str], lowered: list[str]) -> str:
    """ "have not received my card" -> "receive my card"; "can not log in" -> "log in"."""
    if lowered[1:2] != ["not"] or len(lowered) < 3:
        return ""
    verb = lowered[2]
    if lowered[0] in en.BE:
        return " ".join(["be", *predicate[2:]])
    return " ".join([en.base(verb), *predicate[3:]])


def _order(tokens: list[str], low: list[str]) -> Phrase | None:
    """An imperative: "cancel my order"."""
    second = low[1]
    if second not in en.DETERMINERS | en.POSSESSIVES and _predicate_at(low) is not None:
        return None
    if second[0].isdigit() and not en.is_noun(low[0]):
        return None  # "Ref 548169"
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
        return _verbal(Frame.WANT, tokens)
    return None


def _fault(tokens: list[str], low: list[str]) -> Phrase | None:
    """A declarative clause with a subject of its own."""
    at = _predicate_at(low)
    return _clause(tokens, at) if at is not None else None


def _predicate_at(low: list[str]) -> int | None:
    if low[0] in (en.PRONOUNS - _ANYBODY) | en.QUESTIONS | en.PREPOSITIONS | {"there"} or (
        en.is_gerund(low[0]) and low[1:2] and low[1] in en.CLOSED
    ):
        return None
    for i in range(1, min(len(low), 9)):
        word, before, after = low[i], low[i - 1], low[i + 1] if i + 1 < len(low) else ""
        if word in en.SUBJECTS:
            return None
        if word in _AUXILIARIES | {"never"} and before not in en.DETERMINERS | en.POSSESSIVES:
            return i
        if before in en.DETERMINERS | en.POSSESSIVES | en.PREPOSITIONS or after in _AUXILIARIES:
            continue
        if en.is_finite(word) and not en.is_noun(word) and not (en.is_participle(word) and not after):
            return i
        plural = before.endswith("s") and en.is_noun(before)
        if plural and en.is_base(word) and (after in _PARTICLES or after in en.PREPOSITIONS or not en.is_noun(word)):
            return i
        if (
            en.is_finite(word)
            and en.is_noun(word)
            and after in en.PREPOSITIONS | en.DETERMINERS | en.NEGATIONS | _PARTICLES
            and after not in en.BE
            and not plural
        ):
            return i
    return None


def _clause(tokens: list[str], at: int) -> Phrase | None:
    tokens = [_uncapitalised(tokens), *tokens[1:]]
    subject, predicate = tokens[:at], _one_clause(_without_adverbs(tokens[at:]))
    whole = _trimmed(_bare(subject) + predicate)
    predicate = whole[len(_bare(subject)) :]
    if not predicate or not _bare(subject) or (len(predicate) < 2 and predicate[0].lower() in en.CLOSED):
        return None
    acting = _acting(predicate)
    if acting is None or _bare(subject)[0].lower() in en.PRONOUNS - _ANYBODY:
        return None
    lowered = [t.lower() for t in predicate]
    negated = lowered[1:2] == ["not"]
    remedy = _remedy(predicate, lowered) if negated else ""
    own = _theirs(_bare(subject)) if subject[0].lower() in en.DETERMINERS else " ".join(subject)
    if subject[0].lower() in en.DETERMINERS | en.POSSESSIVES:
        own = " ".join([subject[0].lower(), *subject[1:]])
    return Phrase(Frame.FAULT, _theirs(whole), own, _theirs(_bare(subject)), _theirs(acting), negated, remedy)


def _uncapitalised(tokens: list[str]) -> str:
    """The first word of a sentence in lower case, unless it is a name: unknown to the lexicon, or among capitals."""
    first = tokens[0]
    name = any(t[:1].isupper() and not t.isupper() for t in tokens[1:4])
    known = (
        any(en.lemmas(first.lower(), pos) for pos in ("NOUN", "VERB", "ADJ", "ADV"))
        or first.lower() in en.CLOSED | en.PRONOUNS
    )
    return first.lower() if known and not name and first[1:].islower() else first


def _acting(predicate: list[str]) -> list[str] | None:
    """A predicate as a gerund phrase: "was declined" -> "being declined", "does not load" -> "not loading"."""
    low = [t.lower() for t in predicate]
    first, rest = low[0], predicate[1:]
    if rest and rest[0].lower() in {"not", "never"} and len(rest) > 1:
        positive = _acting([predicate[0], *rest[1:]])
        return ["not", *positive] if positive else None
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


def _topic(tokens: list[str], low: list[str]) -> Phrase | None:
    """A subject line: nouns without a verb."""
    if low[0] in en.SUBJECTS | en.QUESTIONS or any(w in en.BE | en.DO | en.MODALS | en.SUBJECTS for w in low):
        return None
    return _nominal(Frame.TOPIC, tokens) if len(tokens) <= MAX_WORDS else None


def _bare(tokens: list[str]) -> list[str]:
    while tokens and tokens[0].lower() in en.DETERMINERS | en.POSSESSIVES - {"no"}:
        tokens = tokens[1:]
    return tokens


def _without_adverbs(tokens: list[str]) -> list[str]:
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


def _one_clause(predicate: list[str]) -> list[str]:
    """What follows "and" or a clause about the writer is another story; "while I was editing" -> "while editing"."""
    predicate = _impersonal(predicate)
    low = [t.lower() for t in predicate]
    ends = (i for i in range(2, len(low)) if low[i] in {"and", "or", "but", "so"} or low[i] in en.SUBJECTS)
    cut = next(ends, len(low))
    return predicate[:cut]


def _impersonal(tokens: list[str]) -> list[str]:
    """ "when I try to save" -> "when trying to save"; left as it is where no gerund can be made."""
    low = [t.lower() for t in tokens]
    for i in range(len(low) - 2):
        if low[i] not in {"when", "while", "whenever", "after", "before"} or low[i + 1] not in en.FIRST_PERSON | {
            "you"
        }:
            continue
        if low[i + 2] in en.BE and i + 3 < len(low) and en.is_gerund(low[i + 3]):
            return tokens[: i + 1] + tokens[i + 3 :]
        if en.lemmas(low[i + 2], "VERB") and low[i + 2] not in _AUXILIARIES:
            return [*tokens[: i + 1], en.gerund(en.base(low[i + 2])), *tokens[i + 3 :]]
    return tokens


def _theirs(tokens: Sequence[str]) -> str:
    """Possessives of the writer become "the"; a name speaks of all customers."""
    words: list[str] = []
    for i, token in enumerate(tokens):
        low = token.lower()
        if i == 0 and low in {"my", "our", "your", "the", "a", "an"}:
            continue
        verb = "are" if low == "am" and words[-1:] == ["they"] else token
        swapped = "the" if low in {"my", "our", "your", "ur"} else verb
        words.append({"i": "they", "me": "them", "us": "them", "you": "you", "im": "they are"}.get(low, swapped))
    return " ".join(words)


def _trimmed(tokens: list[str], *, keep_last: bool = False) -> list[str]:
    """At most MAX_WORDS words, cut in front of a preposition where one stands; no dangling function word at the end."""
    tokens = list(tokens)
    if len(tokens) > MAX_WORDS:
        cut = next(
            (i for i in range(MAX_WORDS, 3, -1) if tokens[i].lower() in en.PREPOSITIONS | en.SUBJECTS | en.QUESTIONS),
            MAX_WORDS,
        )
        tokens = tokens[:cut]
    loose = (en.CLOSED | en.ADVERBS | _LOOSE) - _PARTICLES
    while not keep_last and len(tokens) > 1 and tokens[-1].lower() in loose:
        tokens.pop()
    return tokens
