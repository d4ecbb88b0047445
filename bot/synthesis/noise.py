"""Which tickets nobody wrote on purpose: auto-replies, bounces, empty ones. Each is removed, with its reason.

What the help desk itself marks (tags) and who sent it come before any word of the text.
"""

from __future__ import annotations

import re

from bot.customers.organisations import machine
from bot.domain import Ticket

NO_TEXT = "no text"
AUTO_REPLY = "auto-reply"
BOUNCE = "delivery failure"
SPAM = "spam"
MERGED = "merged"
STAFF = "written by staff"
SYSTEM = "system message"
FOLLOW_UP = "follow-up by an agent"

# Zendesk tags a ticket so when it is merged into another one; connectors of tools that merge say the same.
MERGED_TAG = "closed_by_merge"
SYSTEM_TAG, FOLLOW_UP_TAG = "via:system", "via:follow_up"
# Said of a ticket, these mean that it is spam. "spam" alone may be what the ticket is about ("our mails go to spam"):
# it counts where one word of the text agrees. `system_email_notification_failure` is no sign at all: Zendesk puts it
# on real tickets whose answer bounced.
_SPAM_TAGS = frozenset({"marked_as_spam", "is_spam", "spam_ticket", "ticket_spam"})
_MAYBE_SPAM = frozenset({"spam", "junk"})
_AUTO_TAGS = frozenset({"auto_reply", "auto-reply", "autoreply", "auto_response", "autoresponse"})

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
    r"\b(?:undeliver(?:ed|able)|delivery (?:has )?failed|could not be delivered|message not delivered"
    r"|(?:nicht |un)zustellbar|non remis|no se (?:puede|ha podido) entregar|impossibile recapitare)\b",
    re.IGNORECASE,
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
    if MERGED_TAG in ticket.tags:
        return MERGED
    if not re.search(r"\w", ticket.subject + ticket.body):
        return NO_TEXT
    if _bounced(ticket):
        return BOUNCE
    if _answers_by_itself(ticket):
        return AUTO_REPLY
    return SPAM if _sells(ticket) else None


def why_staff(ticket: Ticket) -> str:
    """Of a ticket that is ours: in what way. Without a customer's word in it, a follow-up is the agent's own."""
    ways = {SYSTEM_TAG: SYSTEM, FOLLOW_UP_TAG: FOLLOW_UP}
    return next((reason for tag, reason in ways.items() if tag in ticket.tags), STAFF)


def _bounced(ticket: Ticket) -> bool:
    """Mail programs send as mailer-daemon; postmaster may be a person, too, so there the words must agree."""
    sender, subject, body = machine(ticket.requester.email or ""), ticket.subject, ticket.body
    if sender == "mailer-daemon" or _BOUNCE_SUBJECT.search(subject):
        return True
    failed = _BOUNCE.search(f"{subject}\n{body[:300]}") is not None
    return failed and (sender == "postmaster" or _POSTMASTER.search(body[:2000]) is not None)


def _answers_by_itself(ticket: Ticket) -> bool:
    subject, body, tags = ticket.subject, ticket.body, {t.casefold() for t in ticket.tags}
    if _SAYS_SO.search(subject) or machine(ticket.requester.email or "") in ("autoreply", "auto-reply"):
        return True
    # Some desks name their macro's tag so: then the words must agree, but need not be as clear.
    likely = bool(_AUTO_TAGS & tags) and (_AWAY.search(subject) or _AWAY_BODY.search(body))
    return bool(likely) or (len(body) < _SHORT and _away(subject, body))


def _sells(ticket: Ticket) -> bool:
    tags = {t.casefold() for t in ticket.tags}
    said = len(_SPAM.findall(f"{ticket.subject}\n{ticket.body[:4000]}"))
    return not _SPAM_TAGS.isdisjoint(tags) or said >= (2 if _MAYBE_SPAM.isdisjoint(tags) else 1)


def _away(subject: str, body: str) -> bool:
    absent = _AWAY_BODY.search(body) is not None and (_AWAY.search(subject) or _ABSENT.search(body))
    return bool(absent or _SAYS_SO_BODY.search(body))
