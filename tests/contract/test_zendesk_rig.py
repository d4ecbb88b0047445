"""The real zenpy against Zendesk's own API description (Prism in the rig): each request that we send is a valid one.

Prism keeps no state and refuses what its specification does not know; what it answers are the specification's examples.
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from zenpy.lib.api_objects import Comment, Ticket

from bot.acts import Act, Undecided
from bot.domain import AccountHint, Requester
from bot.ports import Refused, Unavailable
from connectors.patience import Patience
from connectors.zendesk import Zendesk
from connectors.zendesk.account import Account
from connectors.zendesk.linkback import Linkback
from connectors.zendesk.pen import Pen
from connectors.zendesk.place import Place
from connectors.zendesk.search import Search
from connectors.zendesk.wire import Line
from tests.contract.sources import Clock


def _source(rig: dict[str, str]) -> Zendesk:
    clock = Clock()
    return Zendesk(
        subdomain="acme",
        token="t",
        email="bot@acme.example",
        area_field="27642",
        exclude_brands=["Brand 1"],
        base_url=rig["zendesk"],
        now=clock,
        sleep=clock.sleep,
    )


def _line(rig: dict[str, str]) -> Line:
    clock = Clock()
    patience = Patience(60, now=clock, sleep=clock.sleep, tell=lambda _: None)
    return Line(Account("acme", "t", "bot@acme.example", rig["zendesk"]), patience)


def test_a_read_sends_what_the_specification_allows_and_reads_its_example(rig: dict[str, str]) -> None:
    (page,) = _source(rig).pages(since=datetime(2026, 9, 1, tzinfo=UTC))
    (ticket,) = page.tickets
    assert (ticket.id, ticket.subject) == ("zendesk:35436", "Help, my printer is on fire!")
    assert ticket.body == "The fire is very colorful."
    assert ticket.requester == Requester("20978392") and ticket.account == AccountHint("509974")
    assert ticket.created_at == datetime(2009, 7, 20, 22, 55, 29, tzinfo=UTC)
    assert ticket.tags == ("enterprise", "other_tag", "satisfaction:good", "external:ahg35h3jh")
    assert page.cursor and "MTU3NjYxMzUzOS4wfHw0Njd8" in page.cursor


def test_a_page_is_asked_for_by_its_cursor(rig: dict[str, str]) -> None:
    first = next(_source(rig).pages())
    assert [t.id for p in _source(rig).pages(first.cursor) for t in p.tickets] == ["zendesk:35436"]


def test_check_sends_what_the_specification_allows(rig: dict[str, str]) -> None:
    found = _source(rig).check()
    # The example's own user has no role, so it is nobody who may read.
    assert [f.state for f in found][:2] == ["fail", "ok"], found
    assert not any("(40" in f.message or "(42" in f.message for f in found), found


def test_the_search_export_is_asked_for_as_the_specification_wants_it(rig: dict[str, str]) -> None:
    search = Search(_line(rig), Clock(), lambda _: None).batches(Place(), 0)
    first = next(search)
    assert first.rows == () and first.place.after
    with pytest.raises(Unavailable, match="does not go on"):  # page 2 was taken, too; the example is its own successor
        next(search)


def test_comments_are_asked_for_as_the_specification_wants_it(rig: dict[str, str]) -> None:
    (comment,) = _line(rig).zenpy.tickets.comments(ticket=35436)
    assert comment.body == "Thanks for your help!" and comment.public is True


def test_an_internal_note_is_sent_as_the_specification_wants_it(rig: dict[str, str]) -> None:
    pen = Pen(Account("acme", "t", "bot@acme.example", rig["zendesk"]), 20)
    pen.note(35436, "Tracked in BILL-1")
    with pytest.raises(Refused, match=r"\(4"):  # so that this can fail
        pen._zenpy.tickets.update(Ticket(id=35436, comment=Comment(body="x", public={"no": "boolean"})))


def test_a_tag_is_added_as_the_api_reference_shows_it(rig: dict[str, str]) -> None:
    """By a specification of which this one gap is mended (tests.contract.mended)."""
    pen = Pen(Account("acme", "t", "bot@acme.example", rig["zendesk"]), 20)
    pen.tag(35436, "groundswell-bill-1")
    with pytest.raises(Refused):  # so that this can fail
        pen._zenpy.tickets.add_tags(35436, "no list")


def test_what_a_note_is_looked_for_by_is_what_the_specification_knows(rig: dict[str, str]) -> None:
    link = Linkback(subdomain="acme", token="t", email="bot@acme.example", base_url=rig["zendesk"], timeout=20)
    act = Act("a" * 64, "zendesk.note", "35436", {"ticket": "35436", "body": "x"})
    assert datetime.fromisoformat(link.mark(act)["at"]) and list(link.twins(act)) == []
    assert isinstance(link.find(act, link.mark(act)), Undecided), "it was sent just now"
