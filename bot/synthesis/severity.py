"""Stated rules -> P0 to P4, with the reason. One ticket that shouts moves nothing (DESIGN section 10)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from bot.domain import Customer, Kind, Severity, Ticket
from bot.synthesis.rules import Rules, SeverityRule

_BY_KIND = {
    Kind.BUG: (Severity.P3, "a fault, and no stated rule makes it worse"),
    Kind.REQUEST: (Severity.P3, "a request: nothing is broken"),
    Kind.HOW_TO: (Severity.P4, "a question: an answer in the product or the help pages would do"),
}


@lru_cache(maxsize=64)
def _pattern(words: str) -> re.Pattern[str]:
    return re.compile(words, re.IGNORECASE)


def severity(
    members: Sequence[Ticket], texts: Sequence[str], customers: Mapping[str, Customer], kind: Kind, rules: Rules
) -> tuple[Severity, str]:
    """The first rule that holds, worst first; else the kind's own level.

    A request or a question is at most P3, unless a P0 rule holds: what is asked for is not broken.
    """
    for rule in sorted(rules.severity_rules, key=lambda r: r.severity.level):
        if kind is not Kind.BUG and rule.severity is not Severity.P0:
            continue
        holds, reason = _holds(rule, members, texts, customers, rules)
        if holds and kind is Kind.BUG:
            return rule.severity, reason
        if holds:
            return Severity.P2, f"{reason}; they ask about it, so P2"
    level, why = _BY_KIND[kind]
    return level, f"{level}: {why}"


def _holds(
    rule: SeverityRule, members: Sequence[Ticket], texts: Sequence[str], customers: Mapping[str, Customer], rules: Rules
) -> tuple[bool, str]:
    pattern = _pattern(rule.words)
    hits = [(t, m.group(0)) for t, text in zip(members, texts, strict=True) if (m := pattern.search(text))]
    who = {customers[t.id].id for t, _ in hits if customers[t.id].identified}
    holds = len(hits) >= rules.severity_share * len(members) and len(who) >= rules.severity_customers
    reason = f"{rule.severity}: {len(hits)} of {len(members)} tickets from {len(who)} customers tell of {rule.about}"
    return holds, reason
