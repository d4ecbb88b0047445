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
    """A theme has this severity when `words` (a regular expression) occur in enough of its tickets and customers.

    `told` counts as well, except in a sentence that asks how or whether one may: "How do I see another user's files?"
    """

    severity: Severity
    about: str
    words: str
    told: str | None = None


_GONE = r"(?:lost|wiped|erased|gone|vanished|disappeared)"
_LOST = (
    r"\b(?:lost|lose|losing|loses|wiped|erased|deleted|gone(?! (?:through|over|to|by))|vanish\w*|disappear\w*)\b"
    r"(?:\W+\w+){0,4}?\W+(?:all|every\w*|data|work|edits?|changes|records?|files?|history|hours?|dashboards?"
    r"|drafts?)\b"
    r"|\b(?:all|every\w*|data|work|edits?|changes|records?|files|hours of\W+\w+|dashboards?|drafts?|documents"
    rf"|invoices|photos|notes|contacts|messages)\b(?:\W+\w+){{0,4}}?\W+{_GONE}\b|\bdata loss\b"
    rf"|\b(?:whole|entire) (?:\w+ ){{1,3}}(?:is|are|was|were|got|has been|have been) (?:{_GONE}|deleted)\b"
)
_TAKEN = (
    r"\b(?:charged|billed|debited|invoiced|paid|payed)\b(?:\W+\w+){0,5}?\W+(?:twice|double|two times|2x|again)\b"
    r"|\b(?:took|taken|withdrew|deducted|withdrawn)\b(?:\W+\w+){0,3}?\W+(?:money|payment|amount|fee|sum)\b"
    r"(?:\W+\w+){0,3}?\W+(?:twice|two times|2x)\b"
    r"|\b(?:double|duplicate|duplicated|two|second)[ -](?:charges?|billing|billed|charged|payments?|debits?"
    r"|invoices?)\b"
    r"|\b(?:money|amount|payment|fee)\b(?:\W+\w+){0,6}?\W+without (?:my|our|any) (?:permission|consent"
    r"|authori[sz]ation"
    r"|knowledge|approval)\b|\b(?:charges?|payments?|debits?|withdrawals?"
    r"|transactions?)\b(?:\W+\w+){0,4}?\W+(?:i|we) (?:never"
    r"|did ?n['’]?t|did not) (?:ma[dk]e|authori[sz]ed?|approved?)\b"
    r"|\b(?:doppelt|zweimal) (?:abgebucht|belastet|berechnet|bezahlt)\b|\bcobr\w+ dos veces\b|\b(?:débité"
    r"|prélevé)e?s? deux fois\b"
)
# Whose it is, and what of theirs must not be seen: "another customer told me", "book for someone else" are no breach.
_PERSON = (
    r"(?:person|people|patient|customer|client|user|employee|company|companie|tenant|passenger|pupil|student"
    r"|member|guest"
    r"|subscriber|family|colleague|firm|business|organi[sz]ation|recipient)"
)
_OTHER = rf"(?:(?:an)?other|(?:a )?different|(?:the )?wrong) {_PERSON}"
_STRANGER = rf"(?:(?:some|any)(?:one|body) else|(?:a )?stranger|{_OTHER})"
_THEIRS = (
    r"(?:data|accounts?|files?|dashboards?|letters?|appointments?|results?|documents?|invoices?|bills?"
    r"|statements?|orders?"
    r"|transactions?|payments?|records?|prescriptions?|messages?|e-?mails?|address(?:es)?|passport|cards?"
    r"|payslips?|salar(?:y|ies)"
    r"|grades|marks|calls|bookings?|details|profiles?|information|photos?|contracts?|history|summar(?:y|ies)"
    r"|diagnos[ei]s"
    r"|medication|scans?|x-?rays?|names?|numbers?)"
)
_NOT_OURS = _THEIRS.replace("|names?|numbers?", "").replace("|address(?:es)?", "")  # "a tax number that is not ours"
_SEEN_BY_OTHERS = (
    rf"\b{_STRANGER}s?['’]?s? (?:\w+ ){{0,2}}{_THEIRS}\b"
    rf"|\b{_THEIRS} (?:\w+ ){{0,3}}?(?:of|for|from|belonging to|belongs? to) (?:an? |the |my |some )?"
    rf"(?:{_STRANGER}s?|colleagues)\b(?! (?:type|field))"
    rf"|\b{_THEIRS} (?:\w+ ){{0,3}}?(?:of|for|from) (?:an? |some )?\w+ (?:that |whom? )?(?:i|we) (?:don['’]?t"
    rf"|do not|never) (?:know|met)\b"
    rf"|\b{_THEIRS} (?:\w+ ){{0,3}}?(?:sent|went|mailed|emailed|shown|visible|disclosed) to {_STRANGER}\b"
    rf"|\b{_NOT_OURS} (?:\w+ ){{0,2}}?(?:is|are|was|were) not (?:mine|ours)\b(?! to\b)|\b(?:belongs? to"
    rf"|name of) (?:an? )?{_STRANGER}\b"
    rf"|\b(?:eines|einer|von) anderen (?:Patient|Kund|Person|Nutzer)\w*|\bfremde[nrsm]? (?:Daten|Rechnung|Konto"
    rf"|Befund|Akte)\w*"
    r"|\b(?:datos|cuenta|factura|resultados) de otr[oa] (?:paciente|cliente|persona)\b"
    r"|\b(?:données|facture|dossier|résultats) d['’]un autre (?:patient|client|utilisateur)\b"
)
_BROKEN_INTO = (
    r"\b(?:hacked|breach\w*|leak(?:ed|s)?|unauthori[sz]ed|fraud\w*|compromised|stolen)\b"
    r"|\b(?:outage|down for (?:all|every)\w*|nobody can|no one can|whole (?:company|team|site"
    r"|office) (?:is |are )?(?:down|blocked|locked))\b"
)

DEFAULT_SEVERITY_RULES: tuple[SeverityRule, ...] = (
    SeverityRule(
        Severity.P0,
        "lost data, money taken wrongly or a breach",
        "|".join((_LOST, _TAKEN, _BROKEN_INTO)),
        told=_SEEN_BY_OTHERS,
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
