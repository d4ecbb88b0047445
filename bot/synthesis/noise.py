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
# In spreadsheets a mail program's answer is one line without a subject. Such a line is noise as a whole or not at all,
# and not where somebody complains, asks or wishes: "Out of office until 12/11 does not show in the calendar".
_AWAY_LINE = re.compile(
    r"(?:auto(?:matic|mated)?[- ]?(?:reply|response)|automatische antwort|abwesenheitsnotiz|r[ée]ponse automatique"
    r"|respuesta autom[áa]tica)\s*[:–-]\s*(?:.{0,40}\b(?:out of (?:the )?office|on (?:\w+ )?(?:leave|vacation"
    r"|holiday)|away|absent"
    r"|urlaub|im b[üu]ro|cong[ée]s|vacaciones|oficina)\b.{0,80}|(?:thank you|thanks|we (?:have )?received"
    r"|vielen dank|merci|gracias)"
    r"\b.{0,80})"
    r"|out of (?:the )?office\s*[:,–-]?\s*(?:until|till|from|through|i am|i['’]m|i will|we are|back)\b.{0,100}"
    r"|(?:i am|i['’]m) (?:currently )?(?:out of (?:the )?office|on (?:annual |sick |parental )?leave"
    r"|away)\s+(?:until|till)\b.{0,80}"
    r"|(?:ich )?bin (?:bis|ab|vom|derzeit|zurzeit|aktuell)\b[^:;,]{0,40}\b(?:im urlaub|nicht im (?:b[üu]ro|haus)"
    r"|abwesend)"
    r"[^:;,]{0,30}|(?:abwesend|nicht im b[üu]ro|im urlaub) bis\b[^:;,]{0,30}"
    r"|(?:je suis )?(?:absente?|en cong[ée]s?)(?: du bureau)? jusqu['’]au?\b[^:;,]{0,30}"
    r"|(?:estoy )?(?:fuera de la oficina|de vacaciones) hasta\b[^:;,]{0,30}",
    re.IGNORECASE,
)
_BOUNCE_LINE = re.compile(
    r"(?:your (?:e-?mail|mail|message) (?:to \S{1,60} )?(?:could not|couldn['’]t|cannot|can['’]t) be delivered"
    r"|(?:ihre )?(?:e-?mail|nachricht) konnte nicht zugestellt werden"
    r"|votre (?:e-?mail|message) n['’]a pas pu [êe]tre (?:remis|distribu[ée])"
    r"|(?:su|tu) (?:correo|mensaje) no (?:se )?(?:pudo|ha podido) (?:ser )?entrega(?:r|do|rse))\W{1,3}.{0,60}"
    r"\b(?:mailbox|quota|(?:unknown|no such) (?:user|recipient)|user unknown|address not found|postfach|empf[äa]nger"
    r"|bo[îi]te|destinataire|buz[óo]n|destinatario)\b.{0,60}",
    re.IGNORECASE,
)
# Advertising; two of these in a line in which nobody speaks of oneself.
_ADVERT = re.compile(
    r"\b(?:click here (?:to|now|for)|limited(?:[- ]time)? offer|buy now|order now|today only|act now|\d{1,2} ?% off"
    r"|best prices? guaranteed|(?:increase|boost|double) your (?:sales|traffic|revenue|rankings?)"
    r"|our lead lists?|buy backlinks"
    r"|rank (?:#?1|first) (?:on|in) google|cheap (?:medical|meds|medication|pills|watches|loans)|with backlinks"
    r"|jetzt kaufen|nur heute|steigern sie ihren? (?:umsatz|verk[äa]ufe)|g[üu]nstige kredite|compre ahora"
    r"|oferta limitada"
    r"|cliquez ici|offre limit[ée]e)\b",
    re.IGNORECASE,
)
_SPEAKS = re.compile(
    r"\?|\b(?:not|cannot|can|could|error|fail\w*|wrong|broken|missing|bug|how|why|where|when i|calendar|sync\w*"
    r"|setting|show\w*|appl\w+"
    r"|status|button|banner|code|checkout|please|pls|bitte|svp|por favor|i|my|me|mine|but|kann|geht|funktioniert"
    r"|fehler\w*|warum|wie)\b"
    r"|n['’]t\b",
    re.IGNORECASE,
)
_AWAY_FROM_SPEECH = re.compile(r"\b(?:i am|i['’]m|i will|my return)\b|\bnot in the office\b", re.IGNORECASE)
_BUT = re.compile(r"\?|\b(?:but|our|my|aber|mais|pero)\b", re.IGNORECASE)
_LINE = 160
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
    return SPAM if _sells(ticket) else _noise_line(_only_line(ticket))


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


def _only_line(ticket: Ticket) -> str:
    """All that a short ticket says, where that is one line: a subject may be its beginning. Else ""."""
    subject, body = ticket.subject.strip(), " ".join(ticket.body.split())
    line = body if body.startswith(subject) else subject if not body else ""
    return line if len(line) <= _LINE else ""


def _noise_line(line: str) -> str | None:
    if _BOUNCE_LINE.fullmatch(line) and not _BUT.search(line):
        return BOUNCE
    if _AWAY_LINE.fullmatch(line) and not _SPEAKS.search(_AWAY_FROM_SPEECH.sub("", line)):
        return AUTO_REPLY
    adverts = {said.lower() for said in _ADVERT.findall(line)}
    return SPAM if len(adverts) >= 2 and not _SPEAKS.search(line) else None


def _sells(ticket: Ticket) -> bool:
    tags = {t.casefold() for t in ticket.tags}
    said = len(_SPAM.findall(f"{ticket.subject}\n{ticket.body[:4000]}"))
    return not _SPAM_TAGS.isdisjoint(tags) or said >= (2 if _MAYBE_SPAM.isdisjoint(tags) else 1)


def _away(subject: str, body: str) -> bool:
    absent = _AWAY_BODY.search(body) is not None and (_AWAY.search(subject) or _ABSENT.search(body))
    return bool(absent or _SAYS_SO_BODY.search(body))
