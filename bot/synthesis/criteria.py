"""Acceptance criteria from what a theme's tickets say, and from nothing else: no figure, no promise, no invention.

The first line says what must be true of the problem itself; the others name what at least two tickets tell of it (where
they meet it, that it comes back, that they wait, the detour they take). Short, inert, two to four lines.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from bot.domain import Kind
from bot.synthesis import english as en
from bot.synthesis.frames import Frame, Phrase, capitalised

_TOLD = 2  # tickets that say a thing, before a criterion names it
_MOST = 4
_ACTS = (Frame.HOW, Frame.MAY, Frame.WANT)
_PLACES: Mapping[str, str] = {
    "iphone": "iPhone",
    "ipad": "iPad",
    "ios": "iOS",
    "android": "Android",
    "chromebook": "Chromebook",
    "mac": "Mac",
    "windows": "Windows",
    "chrome": "Chrome",
    "safari": "Safari",
    "firefox": "Firefox",
    "outlook": "Outlook",
    "excel": "Excel",
}
_PLACE = re.compile(rf"\b({'|'.join(_PLACES)})s?\b", re.IGNORECASE)
_TOLD_OF: tuple[tuple[re.Pattern[str], Mapping[Kind, str]], ...] = (
    (
        re.compile(
            r"\b(?:by hand|manual(?:ly)? (?:enter|upload|cop|fix|do|edit|add)\w*|manually|work-?arounds?)\b",
            re.IGNORECASE,
        ),
        dict.fromkeys((Kind.BUG, Kind.REQUEST), "The detour that tickets tell of is no longer needed."),
    ),
    (
        re.compile(
            r"\b(?:since|after) (?:the|your|last|an?|this|yesterday'?s) ?(?:\w+ )?(?:update|upgrade|release)\b",
            re.IGNORECASE,
        ),
        {Kind.BUG: "It holds with the update that tickets name."},
    ),
    (
        re.compile(r"\b(?:error|message says|it says|says:|popup|pop-up)\b", re.IGNORECASE),
        {Kind.BUG: "The error that tickets cite is gone, or says what to do next."},
    ),
    (
        re.compile(
            r"\b(?:again|every (?:time|day)|each time|keeps?|kept|(?:several|many) times)\b",
            re.IGNORECASE,
        ),
        {Kind.BUG: "It holds on repeated tries: tickets tell of it coming back."},
    ),
    (
        re.compile(
            r"\b(?:slow\w*|takes? (?:ages|forever|too long|minutes|hours|days)|for ?ever|waiting|waited)\b",
            re.IGNORECASE,
        ),
        {Kind.BUG: "The wait that tickets tell of is gone."},
    ),
)
_LAST: Mapping[Kind, str] = {
    Kind.BUG: "The example tickets, gone through once more, show none of it.",
    Kind.REQUEST: "The help pages tell customers where to find it.",
    Kind.HOW_TO: "Support can answer these tickets with one link.",
}


def criteria(name: str, phrase: Phrase, kind: Kind, tickets: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Two to four criteria. `phrase`: how the name was read; `tickets`: the sentences of each ticket."""
    first = {Kind.BUG: _mended, Kind.REQUEST: _possible, Kind.HOW_TO: _answered}[kind](name, phrase)
    said = [" ".join(sentences) for sentences in tickets]
    lines = [first, *_places(kind, said), *_told(kind, said)]
    return (*lines[: _MOST - 1], _LAST[kind])


def _mended(name: str, phrase: Phrase) -> str:
    if not phrase.sure or phrase.frame not in (Frame.FAULT, Frame.SELF):
        return f"What tickets tell of under “{name}” can no longer be reproduced."
    who = "Customers" if phrase.frame is Frame.SELF else capitalised(definite(phrase.subject))
    if not phrase.remedy:
        return f"{who} must no longer {phrase.doing}."
    passive = phrase.remedy.startswith("be ")
    able = "must be able to" if phrase.frame is Frame.SELF and not passive else "must"
    return f"{who} {able} {impersonal(phrase.remedy)}."


def _possible(name: str, phrase: Phrase) -> str:
    if phrase.sure and phrase.frame in _ACTS:
        return f"Customers can {phrase.text}."
    if phrase.sure and phrase.frame in (Frame.ADD, Frame.TOPIC):
        return f"Customers can use what they ask for: {phrase.text}."
    return f"What tickets ask for under “{name}” can be done."


def _answered(name: str, phrase: Phrase) -> str:
    if phrase.sure and phrase.frame in _ACTS:
        return f"The product or the help pages say how to {phrase.text}."
    if phrase.sure and phrase.frame is Frame.ASK:
        return f"The product or the help pages say {phrase.text}."
    return f"The product or the help pages answer what tickets ask under “{name}”."


def _places(kind: Kind, said: Sequence[str]) -> Iterator[str]:
    uses = Counter(place for text in said for place in {_PLACES[m[1].lower()] for m in _PLACE.finditer(text)})
    named = sorted(place for place, tickets in uses.items() if tickets >= _TOLD)[:3]
    if named:
        listed = " and ".join(filter(None, [", ".join(named[:-1]), named[-1]]))
        verb = "The answer covers" if kind is Kind.HOW_TO else "It holds for"
        yield f"{verb} {listed}, which tickets name."


def _told(kind: Kind, said: Sequence[str]) -> Iterator[str]:
    for pattern, lines in _TOLD_OF:
        if kind in lines and sum(bool(pattern.search(text)) for text in said) >= _TOLD:
            yield lines[kind]


def definite(noun: str) -> str:
    """ "map widget" -> "the map widget"; plurals, names and what has an article or a possessive stay."""
    words = noun.split()
    bare = words[0].lower() not in en.DETERMINERS | en.POSSESSIVES | en.PRONOUNS
    name = len(words) == 1 and words[0][:1].isupper()
    return f"the {noun}" if bare and not name and not words[-1].lower().endswith("s") else noun


def impersonal(text: str) -> str:
    """ "receive my card" -> "receive the card"."""
    return re.sub(r"\b(?:my|our|your)\b", "the", text, flags=re.IGNORECASE)
