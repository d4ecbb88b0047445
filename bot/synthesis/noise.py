"""Which tickets nobody wrote on purpose: auto-replies, bounces, empty ones. Each is removed, with its reason."""

from __future__ import annotations

import re

from bot.domain import Ticket

NO_TEXT = "no text"
AUTO_REPLY = "auto-reply"
BOUNCE = "delivery failure"
SPAM = "spam"

# Subjects that only a mail program writes.
_SAYS_SO = re.compile(
    r"^\s*(?:re:\s*|fw:\s*|aw:\s*)*(?:\[?auto(?:matic|mated)?[- ]?(?:reply|response|answer)\b|vacation reply"
    r"|automatische antwort|abwesenheitsnotiz|r[ée]ponse automatique|respuesta autom[áa]tica|risposta automatica)",
    re.IGNORECASE,
)
_SAYS_SO_BODY = re.compile(
    r"\b(?:this is an automat(?:ic|ed) (?:reply|response)|this mailbox is not monitored)\b", re.IGNORECASE
)
# "Out of office" and "on annual leave" are also what customers of a calendar or of payroll software write: subject and
# body must both say it, or the body must say what an absent person says.
_AWAY = re.compile(
    r"^\s*(?:re:\s*|fw:\s*|aw:\s*)*(?:out of (?:the )?office|ooo\b|away from (?:the |my )?office|on vacation"
    r"|holiday notice|abwesend|absence du bureau|fuera de la oficina|afwezig)",
    re.IGNORECASE,
)
_AWAY_BODY = re.compile(
    r"\b(?:i am|i'm|i will be|i'll be|we are|i’m|i’ll be) (?:currently "
    r"|now )?(?:out of (?:the )?office|away from (?:the|my) (?:office|desk)|on (?:annual |parental "
    r"|maternity |paternity |sick )?(?:leave|vacation|holiday|pto))\b"
    r"|\bich bin (?:derzeit |zurzeit )?(?:nicht im b[üu]ro|im urlaub|abwesend)\b"
    r"|\bje suis (?:actuellement )?(?:absent|en cong[ée]s)\b|\bestoy fuera de la oficina\b",
    re.IGNORECASE,
)
_ABSENT = re.compile(
    r"\b(?:limited|no) access to (?:my )?e-?mail|\b(?:will|shall) (?:reply|respond|answer|get back)\b"
    r"|\bwhen i (?:am|get) back"
    r"|\bupon my return|\bon my return|\b(?:in urgent cases|for urgent matters"
    r"|if (?:it is )?urgent)\b|\bback (?:in the office )?on\b",
    re.IGNORECASE,
)
_BOUNCE_SUBJECT = re.compile(
    r"^\s*(?:undeliverable(?: mail)?:|undelivered mail returned|delivery status notification"
    r"|mail delivery (?:failed|failure"
    r"|subsystem)|returned mail:|failure notice\s*$)",
    re.IGNORECASE,
)
_BOUNCE = re.compile(
    r"\b(?:undeliver(?:ed|able)|delivery (?:has )?failed|could not be delivered|message not delivered)\b", re.IGNORECASE
)
_POSTMASTER = re.compile(r"\b(?:postmaster|mailer-daemon|smtp|recipient address|55\d[ -]5\.\d\.\d)", re.IGNORECASE)
_SPAM = re.compile(
    r"\b(?:seo (?:services|agency|expert)|backlinks?|guest post(?:ing)?|link[- ]building|rank (?:your"
    r"|you) (?:web ?site|site|page)?\b.{0,30}google|first page of google|buy (?:followers|email list"
    r"|leads)|email list of|casino|viagra|crypto(?:currency)? investment|won the lottery"
    r"|inheritance fund|nigerian prince)\b",
    re.IGNORECASE,
)
# An auto-reply is short; a customer who mentions a vacation in a long ticket has something to say.
_SHORT = 600


def why_noise(ticket: Ticket) -> str | None:
    """The reason to remove a ticket before grouping, or None to keep it."""
    subject, body = ticket.subject, ticket.body
    if not re.search(r"\w", subject + body):
        return NO_TEXT
    if _BOUNCE_SUBJECT.search(subject) or (
        _BOUNCE.search(f"{subject}\n{body[:300]}") and _POSTMASTER.search(body[:2000])
    ):
        return BOUNCE
    if _SAYS_SO.search(subject) or (len(body) < _SHORT and _away(subject, body)):
        return AUTO_REPLY
    if len(_SPAM.findall(f"{subject}\n{body[:4000]}")) >= 2:
        return SPAM
    return None


def _away(subject: str, body: str) -> bool:
    absent = _AWAY_BODY.search(body) is not None and (_AWAY.search(subject) or _ABSENT.search(body))
    return bool(absent or _SAYS_SO_BODY.search(body))
