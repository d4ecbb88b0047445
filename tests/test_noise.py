"""What nobody wrote on purpose is removed; what a customer wrote about absence and delivery stays."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.customers.pseudonyms import pseudonymous
from bot.domain import Digest, Removed, Requester, Ticket
from bot.phrases import removed_because
from bot.runs.reading import Asked, Collected, arranged
from bot.synthesis.noise import (
    AUTO_REPLY,
    BOUNCE,
    FOLLOW_UP,
    MERGED,
    NO_TEXT,
    SPAM,
    STAFF,
    SYSTEM,
    why_noise,
)
from bot.synthesis.rules import Rules
from connectors.intercom import Intercom
from connectors.zendesk import Zendesk
from tests.digests import sample_digest
from tests.servers.intercom import ADMIN, IntercomServer, said
from tests.servers.zendesk import ZendeskServer
from tests.tickets import ticket


@pytest.mark.parametrize(
    ("subject", "body", "why"),
    [
        ("Automatic reply: Export", "I am away.", AUTO_REPLY),
        ("Out of office", "I am on annual leave until Monday.", AUTO_REPLY),
        ("Re: Ticket 12", "I'm on vacation with limited access to email.", AUTO_REPLY),
        ("Abwesenheitsnotiz", "Ich bin im Urlaub.", AUTO_REPLY),
        ("Undeliverable: Your ticket", "Your message did not reach some recipients.", BOUNCE),
        ("Mail delivery failed: returning message to sender", "", BOUNCE),
        ("Ticket 12", "Your message could not be delivered. mailer-daemon@x.example", BOUNCE),
        ("Unzustellbar: Ticket 12", "Der Empfänger wurde nicht gefunden (550 5.1.1, SMTP).", BOUNCE),
        ("", " \n ", NO_TEXT),
        ("Best SEO services", "We sell backlinks and guest posts", SPAM),
    ],
)
def test_noise_is_removed_with_its_reason(subject: str, body: str, why: str) -> None:
    assert why_noise(ticket("1", body, subject=subject)) == why


@pytest.mark.parametrize(
    ("subject", "body"),
    [
        ("Undelivered parcel refund", "My parcel was undelivered; please refund"),
        ("Message not delivered to driver app", "Chat message not delivered to the driver"),
        ("Vacation", "I am on annual leave next week and my PTO request shows an error in the app"),
        ("Package could not be delivered", "Courier says package could not be delivered"),
        ("Out of office setting broken", "The out of office toggle does not save"),
        ("OOO calendar sync", "OOO events do not sync"),
        ("Delivery failed", "The delivery failed twice this week, where is the parcel?"),
        ("Unzustellbar", "Das Paket war unzustellbar, bitte nochmals senden"),
        ("SEO settings", "Where do I edit SEO titles?"),
        ("Merge", "I want to merge two workspaces, and the follow-up reminders are lost"),
    ],
)
def test_what_a_customer_wrote_stays(subject: str, body: str) -> None:
    assert why_noise(ticket("1", body, subject=subject)) is None


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("Out of office until 12/11", AUTO_REPLY),
        ("Out of office: I am away until Monday and will reply on return", AUTO_REPLY),
        ("Automatic reply: I am on annual leave", AUTO_REPLY),
        ("automatic reply: out of office", AUTO_REPLY),
        ("Automatic reply: thank you for your email", AUTO_REPLY),
        ("Your mail could not be delivered: mailbox full", BOUNCE),
        ("Cheap medical supplies, limited offer, click here to buy", SPAM),
        ("increase your sales with our lead lists, 50% off today only", SPAM),
        ("SEO services for your website, rank #1 on google, buy backlinks now", SPAM),
        ("Ich bin bis 12.11. im Urlaub.", AUTO_REPLY),
        ("Abwesend bis Montag", AUTO_REPLY),
        ("Automatische Antwort: Ich bin derzeit nicht im Büro", AUTO_REPLY),
        ("Réponse automatique : absent du bureau jusqu'au 12 novembre", AUTO_REPLY),
        ("En congés jusqu'au 3 mars", AUTO_REPLY),
        ("Fuera de la oficina hasta el lunes", AUTO_REPLY),
        ("Ihre Nachricht konnte nicht zugestellt werden: Postfach voll", BOUNCE),
        ("Su correo no se pudo entregar: buzón lleno", BOUNCE),
        ("Votre message n'a pas pu être remis : boîte pleine", BOUNCE),
        ("I'm out of the office until 4 May", AUTO_REPLY),
        ("Your message to bob@x.example could not be delivered: user unknown", BOUNCE),
        ("Boost your traffic with backlinks, order now", SPAM),
        ("Steigern Sie Ihren Umsatz, nur heute, jetzt kaufen", SPAM),
    ],
)
def test_a_line_that_only_a_machine_or_a_seller_writes_is_removed(line: str, why: str) -> None:
    assert why_noise(ticket("1", line, subject="")) == why
    assert why_noise(ticket("1", line, subject=line[:40])) == why  # exports cut titles out of texts


@pytest.mark.parametrize(
    "line",
    [
        "Out of office until 12/11 does not show in the calendar",
        "out of office until friday toggle missing",
        "Automatic reply: not working in my mailbox",
        "My automatic reply is sent twice",
        "I am on annual leave until Monday, please pause my deliveries",
        "Ich bin bis Montag im Urlaub, bitte Lieferung pausieren",
        "Im Urlaub bis Montag, wie pausiere ich das Abo?",
        "The limited offer 50% off did not apply at checkout",
        "limited offer banner still shows 50% off",
        "SEO title and email list export",
        "Parcel could not be delivered: recipient unknown",
        "Your courier says parcel could not be delivered",
        "Could not deliver: address not found in your app",
        "the message could not be delivered: it says mailbox full, but ours is empty",
        "How do I set out of office until Monday?",
        "Click here link in your mail leads nowhere, 50% off",
        "email lists and mailing lists: merge",
        "unsubscribe",
        "Thanks, all good now!",
        "Danke!",
        "test",
        "vacation until monday is counted twice",
        "absent jusqu'au 12 : le solde est faux",
        "Estoy de vacaciones hasta el lunes, pausen el pedido",
        "mailbox full",
        "i am away until friday and my order comes today",
        "Our out of office until message is cut",
    ],
)
def test_a_line_that_somebody_wrote_of_such_things_stays(line: str) -> None:
    assert why_noise(ticket("1", line, subject="")) is None


def test_who_sent_it_says_more_than_its_words() -> None:
    bounce = sent("MAILER-DAEMON@mx.acme.example", "Re: your question", "Diese Adresse gibt es nicht.")
    assert why_noise(bounce) == BOUNCE
    assert why_noise(sent("auto-reply@acme.example", "Re: your question", "Got it.")) == AUTO_REPLY


def test_a_mail_program_is_still_known_when_people_are_pseudonyms() -> None:
    bounce = pseudonymous(sent("mailer-daemon@mx.acme.example", "Re: hello", "Diese Adresse gibt es nicht."), b"key")
    person = pseudonymous(sent("ann@acme.example", "Re: hello", "The export hangs."), b"key")
    assert why_noise(bounce) == BOUNCE
    assert why_noise(person) is None
    assert "ann" not in (person.requester.email or "")


def test_a_postmaster_may_be_a_person_with_a_problem() -> None:
    asks = sent("postmaster@acme.example", "Export", "The export hangs since Monday, can you look?")
    tells = sent("postmaster@acme.example", "Re: 12", "Your message could not be delivered to the mailbox.")
    assert why_noise(asks) is None
    assert why_noise(tells) == BOUNCE


def test_a_merged_ticket_counts_in_the_one_it_was_merged_into() -> None:
    assert why_noise(ticket("1", "The export hangs.", tags=("export", "closed_by_merge"))) == MERGED


def test_a_tag_that_may_be_the_topic_removes_nothing_by_itself() -> None:
    about = "Since Monday all invoices that we send land in the spam folder of our customers."
    assert why_noise(ticket("1", about, tags=("spam",))) is None
    assert why_noise(ticket("2", "The toggle for absence does not save.", tags=("auto_reply",))) is None
    assert why_noise(ticket("3", "We offer backlinks for your site.", tags=("spam",))) == SPAM
    assert why_noise(ticket("4", "Dear friend, a proposal.", tags=("marked_as_spam",))) == SPAM


def test_a_real_ticket_whose_answer_bounced_stays() -> None:
    assert why_noise(ticket("1", "The export hangs.", tags=("system_email_notification_failure",))) is None


def test_what_is_ours_says_in_which_way() -> None:
    ours = Requester("1", staff=True)
    told = {
        "rule": ticket("rule", "SLA breached", requester=ours, tags=("via:system",)),
        "macro": ticket("macro", "Thank you for choosing us. Here is how to begin.", requester=ours),
        "again": ticket("again", "As agreed, we call you tomorrow.", requester=ours, tags=("via:follow_up",)),
        "customer": ticket("customer", "It is closed, but broken again.", tags=("via:follow_up",)),
    }
    reading = arranged(Collected(tuple(told.values())), Asked(), Rules(), None)
    assert {t.key: why for t, why in reading.left_out} == {"rule": SYSTEM, "macro": STAFF, "again": FOLLOW_UP}
    assert [t.key for t in reading.tickets] == ["customer"]


def test_every_reason_has_words_and_is_counted() -> None:
    reasons = (AUTO_REPLY, BOUNCE, NO_TEXT, SPAM, MERGED, STAFF, SYSTEM, FOLLOW_UP, "mirrored: 12", "mirrored: 13")
    removed = tuple(Removed(str(n), why) for n, why in enumerate(reasons))
    made: Digest = replace(sample_digest(), removed=removed)
    told = dict(removed_because(made))
    assert told["mirrored from another tool"] == 2
    assert sum(told.values()) == len(reasons)
    assert "system messages" in told and "follow-ups by an agent" in told


def test_zendesk_tells_how_a_ticket_came_about() -> None:
    made = datetime.now(UTC) - timedelta(hours=1)
    with ZendeskServer() as desk:
        ann = desk.add_user("Ann", "ann@acme.example")
        agent = desk.add_user("Ada", "ada@desk.example", role="agent")
        desk.add_ticket(ann, "Export", "SLA breached", channel="rule", at=made, id=1)
        desk.add_ticket(ann, "Export", "We call you.", channel="web", submitter=agent, rel="follow_up", at=made, id=2)
        desk.add_ticket(ann, "Export", "Broken again.", rel="follow_up", at=made, id=3)
        desk.add_ticket(ann, "Export", "The same once more.", tags=["closed_by_merge"], at=made, id=4)
        source = Zendesk(
            subdomain="acme", token=desk.token, email=desk.email, base_url=desk.url, now=lambda: datetime.now(UTC)
        )
        tickets = tuple(t for page in source.pages() for t in page.tickets)
    reading = arranged(Collected(tickets), Asked(), Rules(), None)
    assert {t.key: why for t, why in reading.left_out} == {"1": SYSTEM, "2": FOLLOW_UP}
    assert {t.key: why_noise(t) for t in reading.tickets} == {"3": None, "4": MERGED}


def test_intercom_tells_which_conversation_was_merged_away() -> None:
    merge = said(ADMIN, None, part_type="merged_secondary_conversation")
    survives = said(ADMIN, None, part_type="merged_primary_conversation")
    with IntercomServer() as desk:
        ann = desk.add_contact("ann@acme.example", "Ann")
        gone = desk.add_conversation("The export hangs.", ann, parts=(merge,))
        stays = desk.add_conversation("The export hangs since Monday.", ann, parts=(survives,))
        source = Intercom(token=desk.token, base_url=desk.url, now=lambda: datetime.now(UTC))
        found = {t.key: why_noise(t) for page in source.pages() for t in page.tickets}
    assert found == {gone: MERGED, stays: None}


def sent(mail: str, subject: str, body: str) -> Ticket:
    return ticket("1", body, subject=subject, requester=Requester(email=mail))
