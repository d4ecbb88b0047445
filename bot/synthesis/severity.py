"""Stated rules -> P0 to P4, with the reason. One ticket that shouts moves nothing (DESIGN section 10)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from bot.domain import Customer, Kind, Severity, Ticket
from bot.synthesis.evidence import quotable
from bot.synthesis.rules import Rules, SeverityRule

_BY_KIND = {
    Kind.BUG: (Severity.P3, "a fault, and no stated rule makes it worse"),
    Kind.REQUEST: (Severity.P3, "a request: nothing is broken"),
    Kind.HOW_TO: (Severity.P4, "a question: an answer in the product or the help pages would do"),
}


# "How do I see another user's files?", "Can I book for someone else?": asked before it is done, so it tells of nothing.
_ASKS_LEAVE = re.compile(
    r"\W*(?:(?:hi|hello|hey|please|so|and|but|also|question)\W+)?(?:(?:how|where|when) (?:do|can|could|should"
    r"|would|to|may)\b"
    r"(?! (?:it|this|you|that))|(?:can|could|may|should|shall|would|do|does|is it possible|am i able|are we able"
    r"|what if)"
    r" (?:(?:to|i|we|my|our|an?|another|someone|somebody|the)\b))",
    re.IGNORECASE,
)


@lru_cache(maxsize=64)
def _pattern(words: str) -> re.Pattern[str]:
    return re.compile(words, re.IGNORECASE)


def severity(
    members: Sequence[Ticket], texts: Sequence[str], customers: Mapping[str, Customer], kind: Kind, rules: Rules
) -> tuple[Severity, str]:
    """The first rule that holds, worst first; else the kind's own level.

    A request or a question is at most P3, since what is asked for is not broken, unless a P0 rule holds: "Who may see
    my letters? I see another patient's" asks, and tells of a breach.
    """
    level, why = _level(members, texts, customers, kind, rules)
    alone = [t.key for t, text in zip(members, texts, strict=True) if level is not Severity.P0 and worst(text, rules)]
    return level, f"{why}{_all_the_same(alone)}"


def _level(
    members: Sequence[Ticket], texts: Sequence[str], customers: Mapping[str, Customer], kind: Kind, rules: Rules
) -> tuple[Severity, str]:
    for rule in sorted(rules.severity_rules, key=lambda r: r.severity.level):
        if kind is not Kind.BUG and rule.severity is not Severity.P0:
            continue
        holds, reason = _holds(rule, members, texts, customers, rules)
        if holds:
            return rule.severity, reason
    level, why = _BY_KIND[kind]
    return level, f"{level}: {why}"


def _all_the_same(alone: Sequence[str]) -> str:
    """A breach among tickets of something else raises no theme, and must not be lost in it."""
    if not alone:
        return ""
    shown = ", ".join(alone[:3]) + (f" and {len(alone) - 3:,} more" if len(alone) > 3 else "")
    return f"; {'one ticket' if len(alone) == 1 else f'{len(alone):,} tickets'} may be urgent all the same: {shown}"


def worst(text: str, rules: Rules) -> bool:
    """Whether a single ticket's own words tell of what is P0, by the rules in force."""
    return any(tells(rule, text) for rule in rules.severity_rules if rule.severity is Severity.P0)


def alarming(sentences: Iterable[str], ticket: Ticket, rules: Rules) -> str:
    """The first of a ticket's own sentences that tells of what is P0 and can be quoted; "" where none does."""
    return next((text for text in quotable(sentences, ticket) if worst(text, rules)), "")


def tells(rule: SeverityRule, text: str) -> bool:
    """Whether the text says what the rule is about."""
    if _pattern(rule.words).search(text):
        return True
    told = _pattern(rule.told).finditer(text) if rule.told else ()
    return any(not _ASKS_LEAVE.match(text, _sentence(text, hit.start())) for hit in told)


def _sentence(text: str, at: int) -> int:
    """Where the sentence around a place begins."""
    return max(text.rfind(stop, 0, at) for stop in (". ", "! ", "? ", "\n")) + 1


def _holds(
    rule: SeverityRule, members: Sequence[Ticket], texts: Sequence[str], customers: Mapping[str, Customer], rules: Rules
) -> tuple[bool, str]:
    hits = [t for t, text in zip(members, texts, strict=True) if tells(rule, text)]
    who = {customers[t.id].id for t in hits if customers[t.id].identified}
    holds = len(hits) >= rules.severity_share * len(members) and len(who) >= rules.severity_customers
    reason = f"{rule.severity}: {len(hits)} of {len(members)} tickets from {len(who)} customers tell of {rule.about}"
    return holds, reason
