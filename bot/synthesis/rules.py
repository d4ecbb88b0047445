"""The stated rules of a run: what makes a theme, a small sample, a severity, a rank. Defaults: DESIGN section 10."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.domain import Severity

# Customers x weight ranks the backlog (DESIGN section 10).
WEIGHTS: Mapping[Severity, int] = {
    Severity.P0: 8,
    Severity.P1: 5,
    Severity.P2: 3,
    Severity.P3: 2,
    Severity.P4: 1,
}


@dataclass(frozen=True, slots=True)
class SeverityRule:
    """A theme has this severity when `words` (a regular expression) occur in enough of its tickets and customers."""

    severity: Severity
    about: str
    words: str


DEFAULT_SEVERITY_RULES: tuple[SeverityRule, ...] = (
    SeverityRule(
        Severity.P0,
        "lost data, money taken wrongly or a breach",
        r"\b(?:lost|lose|losing|loses|wiped|erased|deleted|gone|vanish\w*|disappear\w*)\b(?:\W+\w+){0,4}?\W+"
        r"(?:all|every\w*|data|work|edits?|changes|records?|files?|history|hours?|dashboards?|drafts?)\b"
        r"|\b(?:all|every\w*|data|work|edits?|changes|records?|files|hours of\W+\w+|dashboards?"
        r"|drafts?)\b(?:\W+\w+){0,4}?\W+"
        r"(?:lost|wiped|erased|gone|vanished|disappeared)\b"
        r"|\bdata loss\b|\b(?:charged|billed|debited|invoiced|paid|payed)\b(?:\W+\w+){0,5}?\W+(?:twice"
        r"|double|two times|2x|again)\b"
        r"|\b(?:double|duplicate|duplicated|two|second)[ -](?:charges?|billing|billed|charged|payments?"
        r"|debits?|invoices?)\b"
        r"|\b(?:hacked|breach\w*|leak(?:ed|s)?|unauthori[sz]ed|fraud\w*|compromised|stolen"
        r"|someone else'?s? (?:data|account|files|dashboards?)"
        r"|(?:another|wrong) (?:person|patient|customer|client|user|employee|company|tenant)(?:['’]s)?"
        r"(?! (?:name|type)))\b"
        r"|\b(?:outage|down for (?:all|every)\w*|nobody can|no one can|whole (?:company|team|site"
        r"|office) (?:is |are )?(?:down|blocked|locked))\b",
    ),
    SeverityRule(
        Severity.P1,
        "customers who are blocked",
        r"\b(?:log(?:ging|ged)?[ -]?in|sign(?:ing|ed)?[ -]?(?:in|on)|login|signin|sso|access"
        r"|authenticat\w+)\b(?:\W+\w+){0,6}?\W+"
        r"(?:fail\w*|reject\w*|denied|refus\w*|error|broken|loop\w*|impossible|blocked|bounce\w*|stuck"
        r"|not|nothing|invalid)\b"
        r"|\b(?:can ?not|can['’]?t|cannot|unable to|not able to|couldn['’]?t|won['’]?t let \w+)\b(?:\W+\w+){0,2}?\W+"
        r"(?:log|sign|access|get in|get into|work|use|open|pay|authenticate|enter|submit|save)\b"
        r"|\blocked out\b|\bblocked\b|\bblocker\b|\bcrash\w*|\bdeclined\b|\bpayments? (?:fail\w*|reject\w*)\b"
        r"|\b(?:alerts?|alarms?|critical|emergency)\b(?:\W+\w+){0,8}?\W+(?:never|late|hours?|missed"
        r"|not)\b|\bmissed (?:an?|the|our) (?:\w+ )?(?:incident|sla|alert|outage|deadline)\b",
    ),
    SeverityRule(
        Severity.P2,
        "something that does not work as it should",
        r"\b(?:fail\w*|error\w*|broken|bug\w*|wrong\w*|incorrect\w*|missing|stuck|freez\w*|frozen|hang\w*"
        r"|hung|slow\w*|late|delay\w*"
        r"|time[sd]?[ -]?out\w*|timing out|timeouts?|garbled|corrupt\w*|duplicat\w*|mismatch\w*"
        r"|inconsistent|unreadable)\b"
        r"|\b(?:does|do|did|is|are|was|has|have|will|would|wo|ca)(?:n['’]?t| not)\b|\bnot (?:work\w*"
        r"|show\w*|arriv\w*|load\w*|receiv\w*|sync\w*|updat\w*)\b|\bnever (?:arriv\w*|c[ao]me\w*"
        r"|g[eo]t\w*|show\w*)\b",
    ),
)


@dataclass(frozen=True, slots=True)
class Rules:
    """Thresholds of a run. The floors may be raised by config, never lowered."""

    min_tickets: int = 5
    min_customers: int = 3
    show: int = 8
    small_sample: int = 30
    timezone: str = "UTC"
    seed: int = 0
    severity_share: float = 0.2
    severity_customers: int = 3
    severity_rules: tuple[SeverityRule, ...] = DEFAULT_SEVERITY_RULES
    weights: Mapping[Severity, int] = field(default_factory=lambda: dict(WEIGHTS))
    low_stability: float = 0.6
    other_language_share: float = 0.2

    def __post_init__(self) -> None:
        if self.min_tickets < 5 or self.min_customers < 3 or self.small_sample < 30:
            raise ValueError(
                "a theme is at least 5 tickets from at least 3 customers, a small sample at least 30: raise,"
                " don't lower"
            )
