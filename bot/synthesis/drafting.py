"""A phrase -> the title of an issue and a user story, in words that read well whatever the phrase is.

Where its grammar is beyond doubt (`Phrase.sure`) the phrase is built into the sentence; anything else is shown as it
stands, behind "Fix this:" or "I want this fixed so that ...:". METHOD wants a verb first and a purpose in every story.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from bot.domain import Kind
from bot.synthesis import english as en
from bot.synthesis.criteria import definite
from bot.synthesis.frames import Frame, Phrase

_TITLE_WORDS = 9  # METHOD: under 10
_READ = 60  # nearest tickets that are read for a purpose
_CLEARLY = 0.75  # of the tickets: then a theme of faults is one, whatever its name asks for

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


def kind_of(phrase: Phrase, kind: Kind, share: float) -> Kind:
    """The kind of a theme, seen again in the light of its phrase: "How do I freeze my card" is no bug.

    `share`: of its tickets that are of `kind`.
    """
    asks = phrase.frame in (Frame.HOW, Frame.MAY, Frame.WANT, Frame.ASK) and share < 0.9
    own = (phrase.frame is Frame.SELF and phrase.acting.split(" ")[0] in _OWN_ACTS) or bool(
        _MISHAP.search(f"{phrase.subject} {phrase.acting}")
    )
    if kind is Kind.BUG and phrase.frame is Frame.ADD and share < _CLEARLY:
        return Kind.REQUEST
    return Kind.HOW_TO if kind is Kind.BUG and (asks or own or phrase.frame is Frame.ASK) else kind


_VERB = {Kind.BUG: "Fix", Kind.REQUEST: "Support", Kind.HOW_TO: "Explain"}


def title_of(phrase: Phrase, kind: Kind) -> str:
    """A verb-led title of at most nine words, "" when the phrase doesn't fit behind the kind's verb."""
    made = [t for t in _titles(phrase, kind) if t]
    fitting = (t for t in made if len(t.split()) <= _TITLE_WORDS)
    return next(fitting, "") or next(filter(None, map(_shortened, made)), "")


def plain_title(name: str, kind: Kind) -> str:
    """A title that any name fits into."""
    return " ".join(f"{_VERB[kind]} this: {name}".split()[:_TITLE_WORDS])


def _shortened(title: str) -> str:
    """A long title up to the preposition that opens its last part: "... sending customers back (to the login page)"."""
    words = title.split()
    ends = [i for i in range(4, _TITLE_WORDS + 1) if words[i].lower() in en.PREPOSITIONS]
    return " ".join(words[: ends[-1]]) if ends and words[ends[-1] - 1].lower() not in en.CLOSED else ""


def _titles(phrase: Phrase, kind: Kind) -> tuple[str, ...]:
    """The best first; the last is right whatever the phrase is."""
    told = {Kind.BUG: _of_a_bug, Kind.REQUEST: _of_a_request, Kind.HOW_TO: _of_a_question}[kind]
    misfit = kind is Kind.REQUEST and phrase.frame in (Frame.FAULT, Frame.SELF, Frame.ASK)
    misfit |= kind is Kind.BUG and phrase.frame is Frame.ASK
    return () if misfit else (*(told(phrase) if _certain(phrase) else ()), f"{_VERB[kind]} this: {phrase.name}")


def _certain(phrase: Phrase) -> bool:
    own = phrase.frame is Frame.SELF and phrase.acting.split(" ")[0] in _OWN_ACTS
    return phrase.sure or own


def _of_a_bug(phrase: Phrase) -> tuple[str, ...]:
    if phrase.frame in (Frame.FAULT, Frame.SELF):
        if phrase.state and phrase.frame is Frame.FAULT:  # nobody says "fix food being cold"
            clause = phrase.text.removeprefix(phrase.subject)
            return (f"Fix {phrase.subject} that{clause}",) if clause.startswith(_NOW) else ()
        return (f"Fix {phrase.subject} {phrase.acting}",)
    doing = phrase.name[:1].lower() + phrase.name[1:]
    return (f"Fix {doing if phrase.frame in _ACTS else phrase.text}",)


def _of_a_request(phrase: Phrase) -> tuple[str, ...]:
    if phrase.frame in _ACTS:
        return f"Add a way to {phrase.text}", f"Support {phrase.name[:1].lower()}{phrase.name[1:]}"
    return (f"Add {phrase.text}",)


def _of_a_question(phrase: Phrase) -> tuple[str, ...]:
    if phrase.frame in _ACTS:
        return f"Explain how to {phrase.text}", f"Explain {phrase.name[:1].lower()}{phrase.name[1:]}"
    if phrase.frame is Frame.SELF:
        return () if phrase.negated else (f"Explain what to do after {phrase.acting}",)
    if phrase.frame is Frame.FAULT:
        clause = phrase.text.removeprefix(phrase.subject)
        return tuple(f"Explain what to do when {who}{clause}" for who in (definite(phrase.subject), phrase.subject))
    return (f"Clarify {phrase.text}",)


def story(phrase: Phrase, kind: Kind, tickets: Sequence[Sequence[str]]) -> str:
    """One sentence; `tickets`: the sentences of each of the theme's tickets, nearest first."""
    role = f"As a {_role(tickets)}, I want"
    wanted = _wanted(phrase, kind) if _certain(phrase) else ""
    if not wanted:
        return f"{role} {_PLAINLY[kind]} so that {_UNASKED}: {_said(phrase)}."
    alone = "I can do it myself" if kind is Kind.HOW_TO and phrase.frame in _ACTS else _UNASKED
    return f"{role} {wanted} so that {_purpose(tickets, wanted) or alone}."


_NOW = (" is ", " are ", " has ", " have ")  # what was, nobody fixes
_ACTS = (Frame.HOW, Frame.MAY, Frame.WANT)
_PLAINLY = {Kind.BUG: "this fixed", Kind.REQUEST: "this to be possible", Kind.HOW_TO: "help with this"}
_UNASKED = "I don't have to write to support"  # true of everybody who did


def _said(phrase: Phrase) -> str:
    """The phrase in the writer's own person, as it stands."""
    if phrase.frame in _ACTS:
        return phrase.name[:1].lower() + phrase.name[1:]
    own = definite(phrase.own) if phrase.sure and phrase.frame is Frame.FAULT else phrase.own
    return own + phrase.text.removeprefix(phrase.subject) if phrase.frame is Frame.FAULT else phrase.own


def _wanted(phrase: Phrase, kind: Kind) -> str:
    """What stands behind "I want"; "" where only the plain form reads well."""
    if phrase.frame is Frame.ASK:
        return f"to know {phrase.own}"
    if phrase.frame in _ACTS:
        steps = {Kind.BUG: "to be able to", Kind.REQUEST: "to", Kind.HOW_TO: "clear steps to"}
        return f"{steps[kind]} {phrase.own}"
    if phrase.frame in (Frame.FAULT, Frame.SELF):
        return _relief(phrase) if kind is Kind.BUG else _advice(phrase)
    return {Kind.BUG: "", Kind.REQUEST: phrase.own, Kind.HOW_TO: f"a clear answer on {phrase.own}"}[kind]


def _relief(phrase: Phrase) -> str:
    if phrase.state:
        return ""
    who = f"{definite(phrase.own)} " if phrase.frame is Frame.FAULT else ""
    return f"{who}to {phrase.remedy or f'stop {phrase.acting}'}"


def _advice(phrase: Phrase) -> str:
    if phrase.state or (phrase.negated and phrase.frame is Frame.SELF):
        return ""
    if phrase.frame is Frame.SELF:
        return f"to know what to do after {phrase.acting}"
    return f"to know what to do when {definite(phrase.own)}{phrase.text.removeprefix(phrase.subject)}"


_ROLE = re.compile(
    r"\b(?:as an?|i am an?|i'm an?) ((?:workspace |account |it |team |project |site |store |shop "
    r"|system |security )?(?:admin(?:istrator)?|owner|developer|manager|analyst|accountant|engineer"
    r"|designer|marketer|freelancer|student|teacher|seller|merchant|agent))\b",
    re.IGNORECASE,
)


def _role(tickets: Sequence[Sequence[str]]) -> str:
    """The role that customers give themselves, when at least two do; else "customer"."""
    roles = Counter(
        r.lower() for sentences in tickets for r in {m.group(1) for s in sentences for m in _ROLE.finditer(s)}
    )
    best = min(roles.items(), key=lambda p: (-p[1], p[0]), default=("customer", 0))
    return best[0] if best[1] >= 2 and best[0][0] not in "aeiou" else "customer"


_SO_THAT = re.compile(
    r"\bso (?:that )?((?:i|we) (?:can|do not have to|don['’]?t have to) [a-z][^.,;:?!\n()\[\]\"]{8,70})",
    re.IGNORECASE,
)
_TO_SUPPORT = re.compile(
    r"\b(?:close (?:this|the ticket|my ticket)|help|you|your|ticket|check|investigate)\b", re.IGNORECASE
)


def _purpose(tickets: Sequence[Sequence[str]], wanted: str) -> str:
    """What customers say they want it for ("so that we can ..."); "" when they don't, or only one thinks of it."""
    uses, known = en.uses(tickets), set(en.content(wanted))
    for sentences in tickets[:_READ]:
        for found in filter(None, map(_SO_THAT.search, sentences)):
            told = set(en.content(found[1])) - known
            shared = any(uses[w] > 1 for w in told)
            if shared and 4 <= len(found[1].split()) <= 12 and not _TO_SUPPORT.search(found[1]):
                return re.sub(r"^(?:we|i)\b", "I", found[1].strip(), flags=re.IGNORECASE)
    return ""
