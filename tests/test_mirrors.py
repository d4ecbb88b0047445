"""A ticket that another tool's ticket copies is counted once; two incidents, people or complaints stay two."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.customers.pseudonyms import pseudonymous
from bot.digest import Reading
from bot.domain import Requester, Ticket, Window
from bot.mirrors import REASON, mirrored, why_copied
from bot.runs.reading import Asked, Collected, arranged
from bot.synthesis.rules import Rules
from connectors.intercom import Intercom
from connectors.zendesk import Zendesk
from tests.servers.intercom import IntercomServer
from tests.servers.zendesk import ZendeskServer
from tests.tickets import NOON, ticket

HANGS = "Since Monday the CSV export of our sales board hangs at 90 percent and then says timeout."


def of(
    source: str, key: str, body: str, *, mail: str | None = "ann@acme.example", after: float = 0, **more: Any
) -> Ticket:
    """A ticket in `source`, `after` hours after noon, as it is stored: its requester a pseudonym."""
    at = NOON + timedelta(hours=after)
    return pseudonymous(
        ticket(key, body, source=source, created_at=at, requester=Requester(email=mail), **more), b"key"
    )


@pytest.mark.parametrize(
    "copy",
    [
        of("zendesk", "2", HANGS, after=0.1),
        of("zendesk", "2", HANGS.upper() + "  ", after=40),
        of("zendesk", "2", f"New conversation from Intercom\n\n<p>{HANGS}</p>\n\nReply in your inbox.", after=0.1),
        of("zendesk", "2", HANGS.replace("and then says timeout", "and says time-out"), after=1),
        of("zendesk", "2", HANGS, mail="Ann+help@ACME.example", after=1),
        of("zendesk", "2", "See https://app.eu.intercom.com/a/inbox/wk42/inbox/shared/all/conversation/1", after=30),
        of("zendesk", "2", "https://app.intercom.com/a/apps/wk42/conversations/1", mail=None, after=1),
        of("file", "2", HANGS, after=1),
    ],
)
def test_a_copy_in_another_tool_is_found_with_its_original(copy: Ticket) -> None:
    assert mirrored([of("intercom", "1", HANGS), copy]) == {copy.id: "intercom:1"}


@pytest.mark.parametrize(
    "other",
    [
        of("intercom", "2", HANGS, after=0.1),
        of("intercom-2026-10", "2", HANGS, after=0.1),
        of("zendesk", "2", HANGS, mail="bob@acme.example", after=0.1),
        of("zendesk", "2", HANGS, mail=None, after=0.1),
        of("zendesk", "2", HANGS, after=72),
        of("zendesk", "2", HANGS.replace("90", "12"), after=0.1),
        of("zendesk", "2", HANGS.replace("CSV export of our sales board", "PDF print of the team wall"), after=0.1),
        of("zendesk", "2", "The invoice of October lacks our VAT number, please send it again.", after=0.1),
        of("zendesk", "2", "", after=0.1),
        of("zendesk", "2", "Like https://app.intercom.com/a/apps/wk42/conversations/1", mail="bob@acme.example"),
        of("zendesk", "2", "https://app.intercom.com/a/apps/wk42/conversations/1", after=24 * 9),
        of("zendesk", "2", "https://app.intercom.com/a/apps/wk42/conversations/11", after=1),
    ],
)
def test_what_is_no_copy_stays(other: Ticket) -> None:
    assert mirrored([of("intercom", "1", HANGS), other]) == {}


def test_still_broken_twice_in_one_tool_is_two_tickets() -> None:
    assert mirrored([of("zendesk", "1", "still broken"), of("zendesk", "2", "still broken", after=0.2)]) == {}


def test_few_words_are_a_copy_only_where_all_are_the_same_and_at_once() -> None:
    first = of("zendesk", "1", "still broken")
    assert mirrored([first, of("intercom", "2", "Still broken!", after=0.2)]) == {"intercom:2": "zendesk:1"}
    assert mirrored([first, of("intercom", "2", "Still broken!", after=5)]) == {}
    assert mirrored([first, of("intercom", "2", "is broken", after=0.2)]) == {}


def test_another_order_in_the_subject_is_another_incident() -> None:
    late = "The order has not arrived yet although it was promised for last Friday already."
    orders = [of("zendesk", "1", late, subject="Order 1234"), of("intercom", "2", late, subject="Order 1299", after=1)]
    assert mirrored(orders) == {}


def test_each_ticket_has_one_copy_in_a_tool() -> None:
    """Written twice, copied twice: two. Written twice and copied once: two."""
    twice = [of("zendesk", "1", HANGS), of("zendesk", "2", HANGS, after=1)]
    copies = [of("intercom", "3", HANGS, after=1.1), of("intercom", "4", HANGS, after=1.2)]
    assert set(mirrored([*twice, *copies])) == {"intercom:3", "intercom:4"}
    assert set(mirrored([*twice, copies[0]])) == {"intercom:3"}
    assert set(mirrored([twice[0], *copies])) == {"intercom:3"}


def test_an_external_id_names_its_original() -> None:
    first = of("intercom", "215474100017", HANGS)
    copy = of("zendesk", "2", "Opened by the integration.", after=1, tags=("external:215474100017",))
    assert mirrored([first, copy]) == {"zendesk:2": "intercom:215474100017"}
    short = of("intercom", "17", HANGS)
    assert mirrored([short, of("zendesk", "2", "Order", after=1, tags=("external:17",))]) == {}


def test_the_copy_is_removed_with_a_reason_that_names_what_is_counted() -> None:
    copy, original = of("zendesk", "2", HANGS, after=1), of("intercom", "1", HANGS)
    reading = arranged(Collected((copy, original)), Asked(), Rules(), None)
    assert [t.id for t in reading.tickets] == ["intercom:1"]
    assert [(t.id, why) for t, why in reading.left_out] == [("zendesk:2", "mirrored: intercom:1")]


def test_the_copy_counts_where_its_original_is_not_looked_at() -> None:
    copy, original = of("zendesk", "2", HANGS, after=1), of("intercom", "1", HANGS)
    reading = arranged(Collected((copy, original)), Asked(sources=("zendesk",)), Rules(), None)
    assert [t.id for t in reading.tickets] == ["zendesk:2"]


_ROWS = st.lists(
    st.tuples(
        st.sampled_from(["zendesk", "intercom", "file"]),
        st.sampled_from([HANGS, HANGS + " Please help.", "still broken", "https://x.zendesk.com/agent/tickets/3"]),
        st.sampled_from(["ann@acme.example", "bob@acme.example", None]),
        st.integers(0, 60),
    ),
    max_size=12,
)


def _window(*tickets: Ticket, earlier: tuple[Ticket, ...], hours: float = 0, **asked: Any) -> Reading:
    """The month that begins `hours` after noon, in Berlin."""
    start = (NOON + timedelta(hours=hours)).astimezone(ZoneInfo("Europe/Berlin"))
    month = Window(start, start + timedelta(days=31), "Europe/Berlin", "the month")
    return arranged(Collected(tickets, earlier=earlier), Asked(window="x", **asked), Rules(), month)


def test_a_copy_of_what_was_written_before_the_window_belongs_to_the_window_before() -> None:
    original, other = of("intercom", "1", HANGS, after=-14), of("intercom", "7", "Where is my invoice?", after=-14)
    copy, own = of("zendesk", "2", HANGS, after=1), of("zendesk", "3", "Can I have dark mode?", after=1)
    reading = _window(copy, own, earlier=(original, other))
    assert [t.id for t in reading.tickets] == ["zendesk:3"]  # in Berlin it was the fifth already
    assert [(t.id, why) for t, why in reading.left_out] == [("zendesk:2", "mirrored: intercom:1, of 5 October")]
    assert reading.earlier == (original,)  # and of the rest nothing is kept


@pytest.mark.parametrize(
    ("original", "asked"),
    [
        (of("intercom", "1", HANGS, after=-50), {}),
        (of("intercom", "1", HANGS, after=-1, tags=("closed_by_merge",)), {}),
        (of("intercom", "1", HANGS, after=-1), {"sources": ("zendesk",)}),
        (of("zendesk", "1", HANGS, after=-1), {}),
    ],
)
def test_what_is_no_original_within_the_window_is_none_before_it(original: Ticket, asked: dict[str, Any]) -> None:
    reading = _window(of("zendesk", "2", HANGS, after=1), earlier=(original,), **asked)
    assert ([t.id for t in reading.tickets], reading.left_out, reading.earlier) == (["zendesk:2"], (), ())


def test_an_original_that_was_copied_before_the_window_has_no_second_copy_in_it() -> None:
    original, first = of("intercom", "1", HANGS, after=-2), of("zendesk", "2", HANGS, after=-1)
    again = of("zendesk", "3", HANGS, after=1)
    assert [t.id for t in _window(again, earlier=(original, first)).tickets] == ["zendesk:3"]


@settings(max_examples=150, deadline=None)
@given(_ROWS, st.integers(0, 60))
def test_what_bears_copies_out_alone_comes_to_the_same(rows: list[tuple[str, str, str | None, int]], cut: int) -> None:
    tickets = [of(source, str(n), body, mail=mail, after=at) for n, (source, body, mail, at) in enumerate(rows)]
    begin = NOON + timedelta(hours=cut)
    here = [t for t in tickets if t.created_at and t.created_at >= begin]
    reasons, bearing = why_copied(here, [t for t in tickets if t not in here], UTC)
    assert why_copied(here, bearing, UTC) == (reasons, bearing)
    originals = {why.removeprefix(REASON).partition(",")[0] for why in reasons.values()}
    assert originals <= {t.id for t in (*here, *bearing)}


def test_what_is_noise_is_no_original() -> None:
    merged = of("intercom", "1", HANGS, tags=("closed_by_merge",))
    reading = arranged(Collected((merged, of("zendesk", "2", HANGS, after=1))), Asked(), Rules(), None)
    assert "zendesk:2" in {t.id for t in reading.tickets}


@settings(max_examples=150, deadline=None)
@given(_ROWS, st.randoms())
def test_for_every_batch_copies_point_at_kept_originals_whatever_the_order(
    rows: list[tuple[str, str, str | None, int]], chance: random.Random
) -> None:
    tickets = [of(source, str(n), body, mail=mail, after=at) for n, (source, body, mail, at) in enumerate(rows)]
    found = mirrored(tickets)
    by_id = {t.id: t for t in tickets}
    for copy, original in found.items():
        assert original not in found
        assert by_id[copy].source != by_id[original].source
        assert (by_id[original].created_at, original) < (by_id[copy].created_at, copy)
    pairs = [(original, by_id[copy].source) for copy, original in found.items()]
    assert len(pairs) == len(set(pairs))
    chance.shuffle(tickets)
    assert mirrored(tickets) == found


def test_a_ticket_is_compared_with_the_latest_few_of_its_requester() -> None:
    """A shared form writes for everybody: the work must grow with the tickets, not with their square."""
    original = of("zendesk", "1", HANGS, mail="form@acme.example")
    between = [of("zendesk", str(n), f"Request {n} of many.", mail="form@acme.example", after=1) for n in range(2, 60)]
    copy = of("intercom", "99", HANGS, mail="form@acme.example", after=2)
    assert mirrored([original, *between[:39], copy]) == {"intercom:99": "zendesk:1"}
    assert mirrored([original, *between, copy]) == {}


def test_what_the_connectors_read_holds_all_that_tells_a_copy() -> None:
    at = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=3)
    with IntercomServer() as chat, ZendeskServer() as desk:
        ann = chat.add_contact("ann@acme.example", "Ann")
        same, linked, named, own = (
            chat.add_conversation(body, ann, at=int(at.timestamp()) + n)
            for n, body in enumerate((HANGS, "Which plan has SSO?", "Where is my invoice?", "Can I have dark mode?"))
        )
        anns, bot = desk.add_user("Ann", "ann@acme.example"), desk.add_user("Bridge", None)
        later = at + timedelta(minutes=10)
        desk.add_ticket(anns, "From Intercom", HANGS, at=later, id=1)
        desk.add_ticket(bot, "SSO", f"https://app.intercom.com/a/apps/wk42/conversations/{linked}", at=later, id=2)
        desk.add_ticket(anns, "Invoice", "Opened by the integration", at=later, id=3)
        desk.edit(3, external_id=f"{named}")
        desk.tickets[3]["generated_timestamp"] = int(later.timestamp())
        sources = (
            Intercom(token=chat.token, base_url=chat.url, now=lambda: datetime.now(UTC)),
            Zendesk(
                subdomain="acme", token=desk.token, email=desk.email, base_url=desk.url, now=lambda: datetime.now(UTC)
            ),
        )
        tickets = [pseudonymous(t, b"key") for s in sources for page in s.pages() for t in page.tickets]
    copies = {"zendesk:1": f"intercom:{same}", "zendesk:2": f"intercom:{linked}", "zendesk:3": f"intercom:{named}"}
    assert mirrored(tickets) == copies
    assert f"intercom:{own}" in {t.id for t in tickets}
