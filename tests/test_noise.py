"""What nobody wrote on purpose is removed; what a customer wrote about absence and delivery stays."""

import pytest

from bot.synthesis.noise import AUTO_REPLY, BOUNCE, NO_TEXT, SPAM, why_noise
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
        ("SEO settings", "Where do I edit SEO titles?"),
    ],
)
def test_what_a_customer_wrote_stays(subject: str, body: str) -> None:
    assert why_noise(ticket("1", body, subject=subject)) is None
