"""The link to an issue on tickets of Zendesk and Intercom: once, found again, and never seen by a customer.

The contract of every outlet, and what these two are beside it: notes are looked for before they are written, tags are
added beside the others, and what can't be changed any more is said before anything is sent.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from bot.acts import Absent, Act, Found, Undecided, effect_key
from bot.ports import Refused, Unavailable, Unknown
from connectors.intercom.linkback import Linkback as Intercom
from connectors.zendesk.linkback import Linkback as Zendesk
from tests.contract.sinks import LOST, NIGHTINGALE, NO, NOT_DONE, OutletContract, Place, _everything
from tests.servers.intercom import ADMIN, IntercomServer, said
from tests.servers.zendesk import ZendeskServer

TOKEN = "a-secret-token"


def note(desk: str, ticket: Any, subject: str = "one") -> Act:
    key = effect_key("linkback", "acme", subject)
    body = f"Tracked in BILL-1: https://acme.example/browse/BILL-1\n{NIGHTINGALE} <b>&\ngroundswell-op-{key[:16]}"
    return Act(key, f"{desk}.note", str(ticket), {"ticket": str(ticket), "body": body, "url": "https://x.example/1"})


def tag(desk: str, ticket: Any) -> Act:
    payload = {"ticket": str(ticket), "tag": "groundswell-bill-1", "url": "https://x.example/1"}
    return Act(effect_key("linkback", "acme", "tag"), f"{desk}.tag", str(ticket), payload, repeatable=True)


@pytest.fixture(scope="module")
def zendesk() -> Iterator[ZendeskServer]:
    with ZendeskServer(token=TOKEN) as server:
        assert isinstance(server, ZendeskServer)
        yield server


class ZendeskPlace(Place):
    writing, reading, token, method = r"/tickets/\d+\.json$", r"/tickets/\d+(/comments)?$", TOKEN, "PUT"

    def __init__(self, server: ZendeskServer) -> None:
        self.server = self.zendesk = server
        self.someone = server.add_user("Ada Quill", "ada@quill.example")
        self.ticket = server.add_ticket(self.someone, "Export", "It hangs.")

    def outlet(self, *, token: str | None = None, url: str | None = None, **more: Any) -> Zendesk:
        told = {"email": "bot@acme.example", "timeout": 0.8, "settle": 0.0, **more}
        return Zendesk(subdomain="acme", token=token or TOKEN, base_url=url or self.zendesk.url, **told)

    def act(self) -> Act:
        return note("zendesk", self.ticket)

    def made(self) -> list[str]:
        marker = self.act().marker
        return [f"{self.ticket}#{c['id']}" for c in self.zendesk.comments[self.ticket] if marker in c["body"]]

    def others(self, count: int) -> None:
        for n in range(count):
            self.zendesk.comment(self.ticket, self.someone, f"And what of {n}?")

    def forget(self) -> None:
        del self.zendesk.comments[self.ticket][1:]

    def blind(self) -> None:
        self.zendesk.comments[self.ticket][-1].update(body="", plain_body="")


@pytest.fixture(scope="module")
def intercom() -> Iterator[IntercomServer]:
    with IntercomServer(TOKEN) as server:
        assert isinstance(server, IntercomServer)
        yield server


class IntercomPlace(Place):
    writing, reading, token = r"/reply$", r"^/conversations/\w+$", TOKEN

    def __init__(self, server: IntercomServer) -> None:
        self.server = self.intercom = server
        contact = server.add_contact("ada@quill.example", "Ada Quill")
        self.conversation = server.add_conversation("It hangs.", contact)
        self.ticket = server.add_ticket("Export", "It hangs.", contact)

    def outlet(self, *, token: str | None = None, url: str | None = None, **more: Any) -> Intercom:
        told = {"timeout": 0.8, "settle": 0.0, **more}
        return Intercom(token=token or TOKEN, base_url=url or self.intercom.url, **told)

    def act(self) -> Act:
        return note("intercom", self.conversation)

    def made(self) -> list[str]:
        marker = self.act().marker
        parts = self.intercom.conversations[self.conversation]["conversation_parts"]["parts"]
        return [f"{self.conversation}#{p['id']}" for p in parts if marker in str(p["body"])]

    def others(self, count: int) -> None:
        for n in range(count):
            self.intercom.reply(self.conversation, said(ADMIN, f"And what of {n}?", part_type="note"))

    def forget(self) -> None:
        self.intercom.conversations[self.conversation]["conversation_parts"]["parts"].clear()

    def blind(self) -> None:
        self.intercom.conversations[self.conversation]["conversation_parts"]["parts"][-1]["body"] = None


class Notes(OutletContract):
    """Three tests of the contract say otherwise here: a look goes before each write, so that there are never two."""

    def test_a_send_is_one_request(self, place: Place) -> None:
        outlet, act = place.outlet(), place.act()
        outlet.mark(act)
        before = len(place.server.requests)
        outlet.do(act)
        since = place.server.requests[before:]
        assert len([r for r in since if r.method not in ("GET", "HEAD")]) == 1

    def test_twins_are_all_that_the_act_made_the_first_first(self, place: Place) -> None:
        outlet, act = place.outlet(), place.act()
        assert list(outlet.twins(act)) == []
        first = outlet.do(act)
        assert place.outlet().do(act) == first, "looked for, and not written again"
        assert list(outlet.twins(act)) == [first] and place.made() == [first.ref]

    def test_neither_token_nor_text_is_in_any_message_repr_or_log(
        self, place: Place, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        outlet, act = place.outlet(), place.act()
        told = [repr(outlet), repr(vars(outlet)), repr(outlet.mark(act))]
        for fault in (*NOT_DONE, *({"kind": "refuse", "status": status} for status in NO), *LOST):
            place.server.fail(**fault, path=place.writing, method=place.method)
            with pytest.raises((Unknown, Refused)) as failure:
                outlet.do(act)
            told += _everything(failure.value)
            place.forget()  # type: ignore[attr-defined]
        told.append(repr(outlet.do(act)))
        everything = "\n".join([*told, caplog.text])
        assert place.token not in everything and "nightingale" not in everything


class TestZendesk(Notes):
    @pytest.fixture
    def place(self, zendesk: ZendeskServer) -> ZendeskPlace:
        zendesk.requests.clear()
        zendesk.faults.clear()
        return ZendeskPlace(zendesk)

    def test_a_note_is_for_agents_alone_and_a_tag_leaves_the_others(self, place: ZendeskPlace) -> None:
        place.zendesk.tickets[place.ticket]["tags"] = ["vip"]
        place.outlet().do(place.act())
        told = place.zendesk.comments[place.ticket][-1]
        assert told["public"] is False and NIGHTINGALE in told["body"]
        for _ in range(2):
            assert place.outlet().do(tag("zendesk", place.ticket)).ref == str(place.ticket)
        assert place.zendesk.tickets[place.ticket]["tags"] == ["vip", "groundswell-bill-1"]
        assert isinstance(place.outlet().find(tag("zendesk", place.ticket), {}), Found)

    def test_a_closed_ticket_is_told_before_anything_is_sent_and_refused_where_it_closed_since(
        self, place: ZendeskPlace
    ) -> None:
        place.zendesk.edit(place.ticket, status="closed")
        for send in (place.outlet().mark, place.outlet().do):
            with pytest.raises(Refused, match="closed"):
                send(place.act())
        with pytest.raises(Refused, match="closed"):
            place.outlet().do(tag("zendesk", place.ticket))
        assert place.made() == []

    def test_a_deleted_ticket_is_refused_and_has_no_twins(self, place: ZendeskPlace) -> None:
        place.outlet().do(place.act())
        place.zendesk.delete(place.ticket)
        with pytest.raises(Refused, match="no such ticket"):
            place.outlet().mark(place.act())
        assert list(place.outlet().twins(place.act())) == []

    def test_what_was_sent_just_now_is_not_ruled_out(self, place: ZendeskPlace) -> None:
        late = place.outlet(settle=60.0)
        assert isinstance(late.find(place.act(), late.mark(place.act())), Undecided)
        assert place.outlet().find(place.act(), place.outlet().mark(place.act())) == Absent()

    def test_a_ticket_that_zendesk_is_changing_is_tried_again_later(self, place: ZendeskPlace) -> None:
        place.zendesk.fail("refuse", place.writing, status=409)
        with pytest.raises(Unavailable, match="409"):
            place.outlet().do(place.act())

    @pytest.mark.parametrize("ticket", ["../users/1", "42/tags", "", "٤٢"])
    def test_what_is_no_id_goes_into_no_address(self, place: ZendeskPlace, ticket: str) -> None:
        with pytest.raises(Refused):
            place.outlet().do(note("zendesk", ticket))
        assert not place.server.requests

    def test_check_names_the_scope_that_is_missing_and_the_role(self, place: ZendeskPlace) -> None:
        assert [f.state for f in place.outlet().check()] == ["ok"]
        oauth = place.outlet(email=None)
        assert [f.state for f in oauth.check()] == ["ok", "ok"]
        place.zendesk.scopes = ["read"]
        assert "scopes" in oauth.check()[1].message and oauth.check()[1].state == "fail"
        with pytest.raises(Refused, match="scopes read and write"):
            oauth.do(place.act())
        place.zendesk.scopes = ["read", "write"]
        place.zendesk.users[place.zendesk._bot]["role"] = "end-user"
        assert place.outlet().check()[0].state == "fail"
        place.zendesk.users[place.zendesk._bot]["role"] = "admin"
        place.zendesk.fail("refuse", status=401, times=9)
        (failed,) = place.outlet().check()
        assert failed.state == "fail" and "token" in failed.message and failed.mend


class TestIntercom(Notes):
    @pytest.fixture
    def place(self, intercom: IntercomServer) -> IntercomPlace:
        intercom.requests.clear()
        intercom.faults.clear()
        intercom.writes = True
        return IntercomPlace(intercom)

    def test_a_note_is_by_the_tokens_owner_and_its_words_are_no_markup(self, place: IntercomPlace) -> None:
        place.outlet().do(place.act())
        (sent,) = place.intercom.sent("POST", "/reply$")
        assert (sent.json["message_type"], sent.json["type"], sent.json["admin_id"]) == ("note", "admin", "7")
        assert "&lt;b&gt;&amp;" in sent.json["body"] and "<b>" not in sent.json["body"]
        assert sent.headers["intercom-version"] == "2.14"

    def test_a_ticket_is_written_on_as_a_conversation_is(self, place: IntercomPlace) -> None:
        act = note("intercom", f"ticket-{place.ticket}")
        hint = place.outlet().mark(act)
        assert place.outlet().find(act, hint) == Absent()
        made = place.outlet().do(act)
        assert place.outlet().find(act, hint) == Found(made) and list(place.outlet().twins(act)) == [made]
        place.outlet().do(tag("intercom", f"ticket-{place.ticket}"))
        assert [t["name"] for t in place.intercom.tickets[place.ticket]["tags"]["tags"]] == ["groundswell-bill-1"]

    def test_a_tag_is_made_once_and_added_beside_the_others(self, place: IntercomPlace) -> None:
        place.intercom.conversations[place.conversation]["tags"]["tags"] = [{"type": "tag", "id": "1", "name": "vip"}]
        act = tag("intercom", place.conversation)
        assert place.outlet().find(act, {}) == Absent()
        for _ in range(2):
            made = place.outlet().do(act)
        there = place.intercom.conversations[place.conversation]["tags"]["tags"]
        assert [t["name"] for t in there] == ["vip", "groundswell-bill-1"]
        assert len(place.intercom.tags) == 1 and place.outlet().find(act, {}) == Found(made)

    def test_a_lost_tag_is_unknown_and_sent_again_without_harm(self, place: IntercomPlace) -> None:
        place.intercom.fail("lose", r"\w/tags$")
        act = tag("intercom", place.conversation)
        with pytest.raises(Unknown):
            place.outlet().do(act)
        place.outlet().do(act)
        assert len(place.intercom.conversations[place.conversation]["tags"]["tags"]) == 1

    def test_more_than_500_messages_since_prove_nothing(self, place: IntercomPlace) -> None:
        hint = place.outlet().mark(place.act())
        parts = place.intercom.conversations[place.conversation]["conversation_parts"]["parts"]
        place.others(1)
        parts += [dict(parts[0]) for _ in range(500)]
        assert isinstance(place.outlet(timeout=5.0).find(place.act(), hint), Undecided)

    def test_a_deleted_conversation_is_refused_and_has_no_twins(self, place: IntercomPlace) -> None:
        place.outlet().do(place.act())
        place.intercom.delete(place.conversation)
        for send in (place.outlet().mark, place.outlet().do):
            with pytest.raises(Refused, match="no such conversation"):
                send(place.act())
        assert list(place.outlet().twins(place.act())) == []

    def test_without_the_permission_to_write_the_mend_is_named(self, place: IntercomPlace) -> None:
        place.intercom.writes = False
        for act in (place.act(), tag("intercom", place.conversation)):
            with pytest.raises(Refused, match="permissions to write"):
                place.outlet().do(act)

    @pytest.mark.parametrize("key", ["../me", "1/reply", "", "a" * 101])
    def test_what_is_no_id_goes_into_no_address(self, place: IntercomPlace, key: str) -> None:
        with pytest.raises(Refused):
            place.outlet().do(replace(place.act(), payload={**place.act().payload, "ticket": key}))
        assert not place.server.requests

    def test_check_says_who_writes_and_names_a_refusal(self, place: IntercomPlace) -> None:
        (fine,) = place.outlet().check()
        assert fine.state == "ok" and "Ops" in fine.message
        (failed,) = place.outlet(token="of-somebody-else").check()
        assert failed.state == "fail" and "token" in failed.message and "linkback" in failed.mend
