"""Which tickets nobody wrote on purpose: auto-replies, bounces, empty ones. Each is removed, with its reason."""

from __future__ import annotations

import re

from bot.domain import Ticket

NO_TEXT = "no text"
AUTO_REPLY = "auto-reply"
BOUNCE = "delivery failure"
SPAM = "spam"

_AUTO_SUBJECT = re.compile(
    r"^\s*(?:re:\s*|fw:\s*|aw:\s*)*(?:\[?auto(?:matic|mated)?[- ]?(?:reply|response|answer)\]?"
    r"|out of (?:the )?office|ooo\b|away from (?:the |my )?office|on vacation|vacation reply"
    r"|holiday notice"
    r"|automatische antwort|abwesenheitsnotiz|abwesend|r[ée]ponse automatique|absence du bureau"
    r"|respuesta autom[áa]tica|fuera de la oficina|risposta automatica|afwezig)",
    re.IGNORECASE,
)
_AUTO_BODY = re.compile(
    r"\b(?:i am|i'm|i will be|i'll be|we are|i’m|i’ll be) (?:currently "
    r"|now )?(?:out of (?:the )?office|away from (?:the|my) (?:office|desk)|on (?:annual |parental "
    r"|maternity |paternity |sick )?(?:leave|vacation|holiday|pto))\b"
    r"|\b(?:this is an automat(?:ic|ed) (?:reply|response|message|email|e-mail)"
    r"|this mailbox is not monitored|do not reply to this (?:email|e-mail|message))\b"
    r"|\bich bin (?:derzeit |zurzeit )?(?:nicht im b[üu]ro|im urlaub|abwesend)\b"
    r"|\bje suis (?:actuellement )?(?:absent|en cong[ée]s)\b|\bestoy fuera de la oficina\b",
    re.IGNORECASE,
)
_BOUNCE = re.compile(
    r"\b(?:undeliver(?:ed|able)|delivery status notification|mail delivery (?:failed|failure"
    r"|subsystem)|returned mail|delivery (?:has )?failed|could not be delivered|mailer-daemon"
    r"|message not delivered)\b",
    re.IGNORECASE,
)
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
    if _AUTO_SUBJECT.search(subject):
        return AUTO_REPLY
    if _BOUNCE.search(subject) or (
        _BOUNCE.search(body[:300]) and re.search(r"postmaster|mailer-daemon", body[:2000], re.IGNORECASE)
    ):
        return BOUNCE
    if len(body) < _SHORT and _AUTO_BODY.search(body):
        return AUTO_REPLY
    if len(_SPAM.findall(f"{subject}\n{body[:4000]}")) >= 2:
        return SPAM
    return None
