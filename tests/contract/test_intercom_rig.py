"""The real python-intercom against Intercom's own API description 2.14 (Prism in the rig): what we send is valid there.

Prism keeps no state and answers with the description's examples; it takes senseless searches too, so the bodies of ours
are asserted in tests/test_intercom.py.
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from intercom.types.admin_reply_conversation_request import AdminReplyConversationRequest

from bot.acts import Act, Undecided
from bot.ports import Refused, Unavailable
from connectors.intercom import Intercom
from connectors.intercom.linkback import Linkback
from connectors.intercom.pen import Pen
from connectors.intercom.wire import Unfit, Wire
from connectors.patience import Patience
from tests.contract.sources import Clock

SINCE = int(datetime(2024, 12, 1, tzinfo=UTC).timestamp())


def _wire(rig: dict[str, str]) -> Wire:
    clock = Clock()
    patience = Patience(0, now=clock, sleep=clock.sleep, tell=lambda _: None)
    return Wire("t", "us", rig["intercom"], patience, clock)


def _source(rig: dict[str, str], region: str = "us") -> Intercom:
    clock = Clock()
    return Intercom(token="t", region=region, base_url=rig["intercom"], now=clock, patience=0, sleep=clock.sleep)


def test_a_read_sends_what_the_description_allows_and_reads_its_examples(rig: dict[str, str]) -> None:
    pages = list(_source(rig).pages(since=datetime(2024, 12, 1, tzinfo=UTC)))
    conversation, ticket = (t for page in pages for t in page.tickets)
    assert (conversation.id, conversation.body, conversation.status) == ("intercom:515", "", "closed")
    assert conversation.requester.id == "70" and conversation.requester.staff, "an agent began it, nobody answered"
    assert conversation.tags == ("Test tag",)
    assert conversation.created_at == datetime(2024, 12, 18, 15, 58, 31, tzinfo=UTC)
    assert conversation.url == (
        "https://app.intercom.com/a/inbox/this_is_an_id1_that_should_be_at_least_40/inbox/shared/all/conversation/515"
    )
    assert (ticket.id, ticket.subject, ticket.status) == ("intercom:ticket-633", "attribute_value", "submitted")
    assert ticket.requester.staff, "a back-office ticket"
    assert pages[-1].cursor and not [r for page in pages for r in page.rejects]


def test_what_was_read_is_not_read_again(rig: dict[str, str]) -> None:
    pages = list(_source(rig).pages())
    assert [t for page in _source(rig).pages(pages[-1].cursor) for t in page.tickets] == []


def test_check_sends_what_the_description_allows_and_finds_no_deletions_in_2_14(rig: dict[str, str]) -> None:
    found = _source(rig).check()
    assert [f.state for f in found] == ["ok", "ok", "ok", "ok", "warn"]
    assert "MyApp 1" in found[0].message


def test_every_other_request_is_one_that_the_description_allows(rig: dict[str, str]) -> None:
    with _wire(rig) as wire:
        assert wire.search("conversations", SINCE, "WzE3MTk0MDAwMDAuMCwgIjEwMSJd")["type"] == "conversation.list"
        assert wire.search("tickets", SINCE, None)["type"] == "ticket.list"
        assert wire.ticket("633")["type"] == "ticket"
        assert wire.companies_of("63a07ddf05a32042dffac965")["data"][0]["company_id"] == "1"
        assert wire.company("5f4d3c1c-7b1b-4d7d-a97e-6095715c6632")["name"] == "company1"
        with pytest.raises(Unavailable):  # the description's example breaks its own format (VENDORS 3.3)
            wire.contact("63a07ddf05a32042dffac965")
        with pytest.raises(Unfit):  # a path of 2.16
            wire.deleted(1)


def test_the_workspaces_region_is_read_where_the_description_puts_it(rig: dict[str, str]) -> None:
    with pytest.raises(Refused, match=r"set sources\.intercom\.region to us"):
        next(iter(_source(rig, region="eu").pages()))


def test_notes_and_tags_are_sent_as_the_description_wants_them(rig: dict[str, str]) -> None:
    pen = Pen("t", "us", rig["intercom"], 20)
    assert pen.note("515", "991267618", "<p>Tracked in BILL-1</p>").data["type"] == "conversation"
    assert pen.note("ticket-633", "991267618", "<p>Tracked in BILL-1</p>").data["type"] == "ticket_part"
    assert pen.named_tag("groundswell-bill-1").data["type"] == "tag"
    assert pen.tag("515", "991267618", "86").data["type"] == pen.tag("ticket-633", "991267618", "86").data["type"]
    unfit = AdminReplyConversationRequest(message_type="shout", admin_id="1", body="x")
    with pytest.raises(Refused):  # so that this can fail
        pen._written(lambda sdk: sdk.conversations.reply("515", request=unfit))


def test_what_a_note_is_looked_for_by_is_what_the_description_knows(rig: dict[str, str]) -> None:
    link = Linkback(token="t", base_url=rig["intercom"], timeout=20)
    act = Act("a" * 64, "intercom.note", "515", {"ticket": "515", "body": "x"})
    assert list(link.twins(act)) == [] and isinstance(link.find(act, link.mark(act)), Undecided)
