"""The tracker and the channel in memory keep what every sink and every outlet keeps."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.acts import Act, Message
from bot.ports import Outlet, Refused, Unavailable, Unknown
from bot.testing import InMemoryChannel, InMemoryTracker, Thing, Trouble
from connectors.patience import asked_for
from tests.contract.sinks import NIGHTINGALE, OutletContract, Place, SinkContract, told_draft
from tests.servers.base import Request

WRITING, READING = "do", "find"
_DONE = ("lose", "fail", "hang", "html", "truncate")


class Wire:
    """What the suite says of a server, said of calls in memory."""

    def __init__(self, place: InMemoryTracker | InMemoryChannel) -> None:
        self._place = place

    @property
    def faults(self) -> list[Trouble]:
        return self._place.trouble

    @property
    def requests(self) -> list[Request]:
        said = [("POST" if call == WRITING else "GET", call) for call, _ in self._place.calls]
        return [Request(method, path, {}, {}, b"") for method, path in said]

    def sent(self, method: str, pattern: str) -> list[Request]:
        return [r for r in self.requests if r.method == method and re.fullmatch(pattern, r.path)]

    def fail(self, kind: str, path: str = "check", times: int = 1, **more: Any) -> None:
        if path == WRITING:
            self.faults.append(Trouble("do", _fault(kind, **more), made=kind in _DONE, times=times))
            return
        fault = _fault(kind, **more)
        fault = Unavailable(str(fault)) if isinstance(fault, Unknown) else fault
        for call in ("find", "twins", "mark") if path == READING else ("check",):
            self.faults.append(Trouble(call, fault, times=times))  # type: ignore[arg-type]


def _fault(kind: str, status: int = 503, headers: dict[str, str] | None = None, **_: Any) -> Exception:
    """What a status means, by the contract of `Outlet.do`."""
    if kind == "refuse" and status == 429:
        wait = asked_for((headers or {}).get("Retry-After"), datetime.now(UTC))
        return Unavailable("too many requests", retry_after=wait)
    if kind == "refuse" and 400 <= status < 500:
        return Refused(f"It was refused ({status}).")
    return Unknown("no readable answer")


class Memory(Place):
    writing, reading, token = WRITING, READING, "there is no token"

    def __init__(self, made: InMemoryTracker | InMemoryChannel) -> None:
        self.place = made
        self.server: Any = Wire(made)

    def outlet(self, *, token: str | None = None, url: str | None = None) -> Outlet:
        return self.place

    def act(self) -> Act:
        if isinstance(self.place, InMemoryTracker):
            return self.place.plan(told_draft())[0]
        return self.place.post("a" * 64, Message(NIGHTINGALE))

    def made(self) -> list[str]:
        return self.place.made(self.act().key)

    def others(self, count: int) -> None:
        self.place.others(count)

    def blind(self) -> None:
        self.place.things[-2].hidden = True


class TestInMemoryTracker(SinkContract):
    test_nobody_at_the_address_is_unavailable = None  # it has no address,
    test_a_wrong_token_is_refused_and_says_which_setting = None  # and no token

    @pytest.fixture
    def place(self) -> Iterator[Place]:
        yield Memory(InMemoryTracker())


class TestInMemoryChannel(OutletContract):
    test_nobody_at_the_address_is_unavailable = None
    test_a_wrong_token_is_refused_and_says_which_setting = None

    @pytest.fixture
    def place(self) -> Iterator[Place]:
        yield Memory(InMemoryChannel())


# --- what they have beside it


def test_what_is_made_late_is_there_when_it_arrives() -> None:
    tracker = InMemoryTracker()
    act = tracker.plan(told_draft())[0]
    tracker.trouble.append(Trouble("do", Unknown("no answer"), late=True))
    with pytest.raises(Unknown):
        tracker.do(act)
    assert tracker.under_way and tracker.made(act.key) == []
    tracker.arrive()
    assert tracker.made(act.key) == ["BILL-1"] and not tracker.under_way


def test_a_message_shows_what_it_was_drawn_as_last_and_only_what_is_ours_can_be_drawn() -> None:
    channel = InMemoryChannel()
    post = channel.do(channel.post("a" * 64, Message("first")))
    channel.others()
    channel.update(channel.where, post.ref, Message("second"))
    assert channel.shown() == {post.ref: Message("second")}
    with pytest.raises(Refused):
        channel.update(channel.where, "no such message", Message("third"))


def test_a_reply_hangs_on_its_post_and_words_for_one_person_are_seen_by_nobody_else() -> None:
    channel = InMemoryChannel()
    post = channel.post("a" * 64, Message("digest"))
    ref = channel.do(post).ref
    reply = channel.reply("b" * 64, post.key, Message("evidence"), "t1")
    assert reply.after == post.key and reply.payload["theme_id"] == "t1"
    channel.do(Act(reply.key, reply.kind, reply.target, reply.payload, after=reply.after, parent=ref))
    channel.tell(channel.where, "U0SAM", Message("no"))
    things: list[Thing] = channel.things
    assert things[1].after == ref and len(channel.shown()) == 2 and channel.told == [("U0SAM", Message("no"))]


def test_an_unknown_group_is_refused() -> None:
    with pytest.raises(Refused):
        InMemoryChannel().members("S0NOBODY")
