"""A language model's words for themes, and what they must keep to. What doesn't, even after one repair, is not used.

No count, no number that the theme's tickets don't hold, no quote that is not verbatim, no link, no markup, no personal
data, a verb-led title under ten words, a user story in its form, English.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.domain import Severity
from bot.ports import Answer, Question
from bot.redact.detect import found
from bot.synthesis import english
from bot.synthesis.language import language
from bot.synthesis.needs import Ask
from bot.synthesis.reading import prompts
from bot.synthesis.reading.plan import Definition
from bot.synthesis.reading.texts import cut, numbered, visible

_IN_ONE = 4  # themes of a question: enough to tell neighbours apart, few enough to be worded with care
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_COUNTED = re.compile(
    r"\b(?:\d[\d,.]*|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozens?|hundreds?|thousands?|twenty|thirty"
    r"|forty|fifty|sixty|seventy|eighty|ninety|half|most|majority|percent|per cent)\b(?:\W+(?:of|the|our|these"
    r"|different|distinct|other|many)\b){0,3}\W+(?:tickets?|customers?|users?|people|accounts?|reports?|cases?|requests?|messages?"
    r"|complaints?)\b|%|\bper ?cent\b|\b(?:ticket|customer|report|case)s?\W{0,3}(?:#|no\.?|number|id)?\W{0,2}\d",
    re.IGNORECASE,
)
_MARKUP = re.compile(
    r"[<>`|\\{}\[\]*#~^]|__|https?:|www\.|\S@\S|\b[a-z0-9-]+\.(?:com|net|org|io|ru|cn|app|dev|xyz|info)\b",
    re.IGNORECASE,
)
_STORY = re.compile(r"As an? [^,.;]{2,60}, I want [^.]{3,160} so that [^.]{3,160}\.")
_QUOTED = re.compile(r"[“\"«„]([^”\"»“]{4,})[”\"»“]")
_SENTENCE = re.compile(r"[.!?…](?=\s|$)")
_VERBS = frozenset(
    "add allow let fix make show stop send speed explain clarify offer support enable prevent keep".split()
)


@dataclass(frozen=True, slots=True)
class Brief:
    """What is worded: a theme's definition, the tickets that are shown, and the text of all, which is the evidence."""

    definition: Definition
    shown: tuple[str, ...]
    evidence: str


@dataclass(frozen=True, slots=True)
class Worded:
    """A model's words that passed every check. `citations`: (position among the shown tickets, verbatim quote)."""

    name: str
    problem: str
    title: str
    user_story: str
    acceptance: tuple[str, ...]
    severity: Severity
    because: str
    near_misses: tuple[str, ...]
    citations: tuple[tuple[int, str], ...]


def worded(briefs: Sequence[Brief]) -> Generator[Ask, Sequence[Answer], list[Worded | None]]:
    """Words for each brief; None where the model gave none that can be used."""
    done: dict[int, Worded] = {}
    faults: dict[int, list[str]] = {}
    for _ in range(2):
        left = [n for n in range(len(briefs)) if n not in done and (not faults or n in faults)]
        lots = [left[start : start + _IN_ONE] for start in range(0, len(left), _IN_ONE)]
        answers = (yield Ask(tuple(_question(lot, briefs, faults) for lot in lots), "Word themes")) if lots else ()
        faults = {}
        for lot, answer in zip(lots, answers, strict=True):
            for n, item in _items(answer, lot):
                told = _tidied(item)
                wrong = list(wrongs(told, briefs[n]))
                if wrong:
                    faults[n] = wrong
                else:
                    done[n] = _made(told)
        if not faults:
            break
    return [done.get(n) for n in range(len(briefs))]


def _question(lot: Sequence[int], briefs: Sequence[Brief], faults: Mapping[int, Sequence[str]]) -> Question:
    groups = {f"G{n + 1}": _shown(briefs[n]) for n in lot}
    return prompts.word(groups, {f"G{n + 1}": faults[n] for n in lot if n in faults})


def _shown(brief: Brief) -> dict[str, Any]:
    return {
        "name": brief.definition.name,
        "includes": brief.definition.includes,
        "excludes": brief.definition.excludes,
        "tickets": numbered(range(len(brief.shown)), brief.shown),
    }


def _items(answer: Answer, lot: Sequence[int]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Each group's first item; the schema allows only codes of this question."""
    seen: set[int] = set()
    for item in answer.value["items"] if answer.value is not None else ():
        n = int(item["group"][1:]) - 1
        if n in lot and n not in seen:
            seen.add(n)
            yield n, item


def _tidied(item: Mapping[str, Any]) -> dict[str, Any]:
    """Blanks and a stray full stop are no fault worth another question."""
    told: dict[str, Any] = {k: visible(v) if isinstance(v, str) else v for k, v in item.items()}
    told["name"], told["title"] = (told[k].rstrip(" .") for k in ("name", "title"))
    for key in ("acceptance", "near_misses"):
        told[key] = [visible(v) for v in told[key] if visible(v)]
    return told


def wrongs(item: Mapping[str, Any], brief: Brief) -> Iterator[str]:
    """All that is wrong with an item, in sentences that a model can act on. They quote nothing of a ticket."""
    texts = {k: [item[k]] for k in ("name", "problem", "title", "user_story", "severity_reason")}
    texts |= {k: item[k] for k in ("acceptance", "near_misses")}
    for key, pieces in texts.items():
        for text in pieces:
            yield from (f"{key}: {what}" for what in impure(text, brief.evidence))
    yield from _formal(item)
    yield from _ungrounded(item, brief)


def impure(text: str, evidence: str) -> Iterator[str]:
    """What a text says that no language model may say, or that `evidence` (the tickets' texts) does not hold."""
    if _COUNTED.search(text):
        yield "don't say how many"
    if set(_NUMBER.findall(text)) - set(_NUMBER.findall(evidence)):
        yield "a number that is not in the tickets"
    if _MARKUP.search(text) or next(iter(found(text)), None):
        yield "markup, a link, an address or a placeholder"
    if any(" ".join(q.split()) not in evidence for q in _QUOTED.findall(text)):
        yield "quotation marks around what is not verbatim in a ticket"


def _formal(item: Mapping[str, Any]) -> Iterator[str]:
    if not 2 <= len(item["name"].split()) <= 9 or len(item["name"]) > 70:
        yield "name: 3 to 8 words"
    words = item["title"].split()
    if not 3 <= len(words) <= 9 or len(item["title"]) > 90:
        yield "title: 3 to 9 words"
    if words and not (words[0].lower() in _VERBS or english.is_base(words[0].lower())):
        yield "title: begin with an imperative verb"
    if not _STORY.fullmatch(item["user_story"]):
        yield 'user_story: exactly "As a <role>, I want <what> so that <why>."'
    if len(_SENTENCE.findall(item["problem"])) != 2 or not 30 <= len(item["problem"]) <= 420:
        yield "problem: exactly two sentences"
    if not 2 <= len(item["acceptance"]) <= 5 or any(not 8 <= len(a) <= 200 for a in item["acceptance"]):
        yield "acceptance: 2 to 4 short statements"
    if (
        len(item["near_misses"]) > 3
        or any(len(m) > 90 for m in item["near_misses"])
        or len(item["severity_reason"]) > 140
    ):
        yield "near_misses: at most 3 short phrases; severity_reason: at most 15 words"
    if language(f"{item['problem']} {item['user_story']}") not in (None, "en"):
        yield "write in English"


def _ungrounded(item: Mapping[str, Any], brief: Brief) -> Iterator[str]:
    if not item["citations"]:
        yield "citations: cite 2 or 3 tickets"
    for cited in item["citations"]:
        if not 1 <= cited["i"] <= len(brief.shown):
            yield "citations: an index that is not in the group"
        elif len(cited["quote"].strip()) < 4 or cited["quote"].strip() not in brief.shown[cited["i"] - 1]:
            yield "citations: a quote that is not verbatim in its ticket"


def _made(item: Mapping[str, Any]) -> Worded:
    return Worded(
        name=item["name"][:1].upper() + item["name"][1:],
        problem=item["problem"],
        title=item["title"][:1].upper() + item["title"][1:],
        user_story=item["user_story"],
        acceptance=tuple(item["acceptance"]),
        severity=Severity(item["severity"]),
        because=cut(item["severity_reason"].rstrip(" ."), 140),
        near_misses=tuple(item["near_misses"]),
        citations=tuple((c["i"] - 1, c["quote"].strip()) for c in item["citations"]),
    )
