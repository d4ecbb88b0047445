"""The real SDK against the stand-in: what is sent, what is found again, and how each fault is said."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from bot.acts import Absent, Act, Found, Message, Undecided
from bot.ports import Refused, Unavailable, Unknown
from connectors.slack import Slack
from tests.servers.base import Answer
from tests.servers.slack import BOT_USER, CHANNEL, ELSEWHERE, PRIVATE, SCOPES, TOKEN, SlackServer

SAID = Message(
    "Support themes, October 2026: 7 themes from 178 tickets.",
    [{"type": "header", "text": {"type": "plain_text", "text": "Support themes"}}],
)
KEY, OTHER = "a" * 64, "b" * 64


@pytest.fixture
def server() -> Iterator[SlackServer]:
    with SlackServer() as running:
        assert isinstance(running, SlackServer)
        yield running


class Clock:
    """Sleeps without waiting, and knows for how long it was asked to."""

    def __init__(self) -> None:
        self.now, self.slept = 1_700_000_000.0, 0.0

    def sleep(self, seconds: float) -> None:
        self.slept += seconds
        self.now += seconds


def slack(server: SlackServer, channel: str = CHANNEL, clock: Clock | None = None, **more: Any) -> Slack:
    clock = clock or Clock()
    made: dict[str, Any] = {"token": TOKEN, "base_url": server.base_url, "timeout": 1.0, **more}
    return Slack(channel=channel, sleep=clock.sleep, clock=lambda: clock.now, **made)


def answered(post: Act, ts: str) -> Act:
    """A reply's act, with the parent that the ledger fills in."""
    return Act(OTHER, "slack.reply", post.target, {**post.payload, "theme_id": "t1"}, after=post.key, parent=ts)


# --- what is planned and sent


def test_an_act_to_post_is_json_with_the_channel_as_its_target(server: SlackServer) -> None:
    act = slack(server).post(KEY, SAID)
    assert (act.kind, act.target, act.after, act.repeatable) == ("slack.digest", CHANNEL, None, False)
    assert act.payload == {"text": SAID.text, "blocks": list(SAID.blocks)}


def test_an_act_to_reply_names_its_post_and_its_theme(server: SlackServer) -> None:
    act = slack(server).reply(OTHER, KEY, SAID, "t1")
    assert (act.kind, act.after, act.payload["theme_id"]) == ("slack.reply", KEY, "t1")
    assert "theme_id" not in slack(server).reply(OTHER, KEY, SAID).payload


def test_a_post_carries_its_mark_and_nothing_else_and_unfolds_no_links(server: SlackServer) -> None:
    channel = slack(server)
    act = channel.post(KEY, SAID)
    receipt = channel.do(act)
    (message,) = server.posted()
    assert receipt.ref == message["ts"]
    assert receipt.url == f"https://acme.slack.example/archives/{CHANNEL}/p{receipt.ref.replace('.', '')}"
    payload = {"effect": act.marker, "what": "digest"}
    assert message["metadata"] == {"event_type": "groundswell_digest", "event_payload": payload}
    assert message["blocks"] == list(SAID.blocks)
    (request,) = server.sent("POST", "chat.postMessage")
    assert request.json["unfurl_links"] is False
    assert request.json["unfurl_media"] is False
    assert "reply_broadcast" not in request.json


def test_a_reply_stands_in_the_thread_of_its_post(server: SlackServer) -> None:
    channel = slack(server)
    post = channel.post(KEY, SAID)
    ts = channel.do(post).ref
    receipt = channel.do(answered(post, ts))
    assert [m["ts"] for m in server.thread(ts)] == [receipt.ref]
    assert f"thread_ts={ts}" in (receipt.url or "")


def test_a_reply_without_its_post_is_a_bug_and_surfaces(server: SlackServer) -> None:
    channel = slack(server)
    with pytest.raises(ValueError, match="before its post"):
        channel.do(channel.reply(OTHER, KEY, SAID))
    assert server.requests == []


def test_a_permalink_that_fails_does_not_lose_the_receipt(server: SlackServer) -> None:
    for kind in ("drop", "html", "refuse"):
        server.fail(kind, "getPermalink")
        receipt = slack(server).do(slack(server).post(KEY, SAID))
        assert receipt.ref == server.posted()[-1]["ts"]
        assert receipt.url is None


# --- faults


def hide(server: SlackServer) -> None:
    """A private channel that the app is not in looks as if it were not there."""
    server.rooms[CHANNEL].private, server.rooms[CHANNEL].member = True, False


@pytest.mark.parametrize("kind", ["lose", "fail", "html", "truncate", "hang"])
def test_a_post_that_was_made_without_a_readable_answer_is_unknown_and_sent_once(
    server: SlackServer, kind: str
) -> None:
    server.fail(kind, "chat.postMessage", seconds=1.5)
    with pytest.raises(Unknown):
        slack(server).do(slack(server).post(KEY, SAID))
    assert len(server.posted()) == 1
    assert len(server.sent("POST", "chat.postMessage")) == 1


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"[1]", b'"ok"', b"\xff\xfe", b'{"ok": true}', b'{"ok": "no"'])
def test_an_answer_that_is_not_what_was_promised_is_unknown(server: SlackServer, body: bytes) -> None:
    server.routes.insert(0, ("POST", "/api/chat.postMessage", lambda request: Answer(200, body)))
    with pytest.raises(Unknown):
        slack(server).do(slack(server).post(KEY, SAID))


@pytest.mark.parametrize("error", ["internal_error", "fatal_error", "service_unavailable"])
def test_an_error_that_slack_calls_half_done_is_unknown_for_a_post(server: SlackServer, error: str) -> None:
    server.routes.insert(0, ("POST", "/api/chat.*", lambda request: Answer(200, {"ok": False, "error": error})))
    with pytest.raises(Unknown):
        slack(server).do(slack(server).post(KEY, SAID))
    with pytest.raises(Unavailable):
        slack(server).update(CHANNEL, "1.000001", SAID)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("30", 30.0), ("0", 1.0), ("1000000000", 900.0), ("soon", None), ("-5", None), ("", None), ("3.5", None)],
)
def test_too_many_requests_say_when_to_come_back_within_reason(
    server: SlackServer, header: str, seconds: float | None
) -> None:
    server.fail("refuse", "chat.postMessage", status=429, headers={"Retry-After": header})
    with pytest.raises(Unavailable) as caught:
        slack(server).do(slack(server).post(KEY, SAID))
    assert caught.value.retry_after == seconds
    assert server.posted() == []


def test_a_connection_that_is_refused_means_that_nothing_was_done(server: SlackServer) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    channel = slack(server, base_url=f"http://127.0.0.1:{port}/api/")
    with pytest.raises(Unavailable):
        channel.do(channel.post(KEY, SAID))


def test_a_connection_that_is_cut_before_the_post_is_unknown_since_nobody_can_tell(server: SlackServer) -> None:
    server.fail("drop", "chat.postMessage")
    with pytest.raises(Unknown):
        slack(server).do(slack(server).post(KEY, SAID))
    assert server.posted() == []


@pytest.mark.parametrize(
    ("prepare", "said"),
    [
        (lambda s: s.revoked.add(TOKEN), r"token_revoked\): the bot token was revoked: install the app again"),
        (lambda s: s.tokens.clear(), r"invalid_auth\): the bot token is not valid"),
        (
            lambda s: s.tokens.update({TOKEN: "channels:read"}),
            r"missing_scope\): .*install the app again \(chat:write\)",
        ),
        (hide, r"channel_not_found\): .*set slack.channel to its id"),
        (lambda s: setattr(s.rooms[CHANNEL], "member", False), r"not_in_channel\): .*/invite @groundswell"),
        (lambda s: setattr(s.rooms[CHANNEL], "archived", True), r"is_archived\): the channel is archived"),
    ],
)
def test_what_a_person_must_mend_is_refused_with_the_mend_and_without_the_token(
    server: SlackServer, prepare: Any, said: str
) -> None:
    prepare(server)
    with pytest.raises(Refused, match=said) as caught:
        slack(server).do(slack(server).post(KEY, SAID))
    assert TOKEN not in str(caught.value)
    assert SAID.text not in str(caught.value)
    assert server.posted() == []


def test_blocks_that_slack_does_not_take_are_refused(server: SlackServer) -> None:
    long = Message(SAID.text, [{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}])
    with pytest.raises(Refused, match="invalid_blocks"):
        slack(server).do(slack(server).post(KEY, long))


def test_a_page_of_a_proxy_in_place_of_slack_is_refused(server: SlackServer) -> None:
    server.routes.insert(0, ("POST", "/api/chat.*", lambda request: Answer(403, b"<h1>Blocked</h1>")))
    with pytest.raises(Refused, match="HTTP 403: is there a proxy"):
        slack(server).do(slack(server).post(KEY, SAID))


def test_an_http_error_without_an_answer_of_slacks_is_refused(server: SlackServer) -> None:
    server.fail("refuse", "chat.postMessage", status=403)
    with pytest.raises(Refused, match="scripted"):
        slack(server).do(slack(server).post(KEY, SAID))


# --- finding again


def test_a_mark_lies_a_minute_before_slacks_clock_not_ours(server: SlackServer) -> None:
    clock = Clock()  # ours stands in 2023
    channel = slack(server, clock=clock)
    oldest = float(str(channel.mark(channel.post(KEY, SAID))["oldest"]))
    said = float(server.say("now")["ts"])
    assert 50 < said - oldest < 75


def test_a_mark_needs_slack_to_answer(server: SlackServer) -> None:
    server.fail("refuse", "auth.test", status=503)
    with pytest.raises(Unavailable):
        slack(server).mark(slack(server).post(KEY, SAID))
    server.revoked.add(TOKEN)
    with pytest.raises(Refused):
        slack(server).mark(slack(server).post(KEY, SAID))


def test_a_post_whose_answer_was_lost_is_found_by_its_mark(server: SlackServer) -> None:
    channel = slack(server)
    act = channel.post(KEY, SAID)
    hint = channel.mark(act)
    server.fail("lose", "chat.postMessage")
    with pytest.raises(Unknown):
        channel.do(act)
    seen = channel.find(act, hint)
    assert isinstance(seen, Found)
    assert seen.receipt.ref == server.posted()[0]["ts"]
    assert seen.receipt.url


def test_a_reply_whose_answer_was_lost_is_found_in_its_thread(server: SlackServer) -> None:
    channel = slack(server)
    post = channel.post(KEY, SAID)
    ts = channel.do(post).ref
    reply = answered(post, ts)
    hint = channel.mark(reply)
    assert isinstance(channel.find(reply, hint), Absent)
    server.fail("lose", "chat.postMessage")
    with pytest.raises(Unknown):
        channel.do(reply)
    seen = channel.find(reply, hint)
    assert isinstance(seen, Found)
    assert seen.receipt.ref == server.thread(ts)[0]["ts"]


def test_a_post_is_found_on_a_later_page(server: SlackServer) -> None:
    channel = slack(server)
    act = channel.post(KEY, SAID)
    hint = channel.mark(act)
    ts = channel.do(act).ref
    for n in range(11):
        server.say(f"chat {n}")
    server.page_cap = 3
    seen = channel.find(act, hint)
    assert isinstance(seen, Found)
    assert seen.receipt.ref == ts
    assert len(server.sent("POST", "conversations.history")) == 4


def test_a_post_that_the_history_shows_late_is_found_at_a_later_look(server: SlackServer) -> None:
    clock = Clock()
    channel = slack(server, clock=clock)
    act = channel.post(KEY, SAID)
    hint = channel.mark(act)
    channel.do(act)
    server.blind_reads = 2
    assert isinstance(channel.find(act, hint), Found)
    assert clock.slept == 10.0


def test_absent_is_said_after_three_whole_looks_over_ten_seconds(server: SlackServer) -> None:
    clock = Clock()
    channel = slack(server, clock=clock)
    act = channel.post(KEY, SAID)
    server.say("something else")
    channel.do(channel.post(OTHER, SAID))
    assert isinstance(channel.find(act, channel.mark(act)), Absent)
    assert clock.slept == 10.0
    assert len(server.sent("POST", "conversations.history")) == 3


def test_without_the_right_to_read_history_nothing_is_said_to_be_absent(server: SlackServer) -> None:
    channel = slack(server)
    act = channel.post(KEY, SAID)
    hint = channel.mark(act)
    server.tokens[TOKEN] = SCOPES.replace("channels:history,", "")
    seen = channel.find(act, hint)
    assert isinstance(seen, Undecided)
    assert "channels:history" in seen.why


def test_a_private_channel_needs_its_own_right_to_history(server: SlackServer) -> None:
    channel = slack(server, PRIVATE)
    act = channel.post(KEY, SAID)
    hint = channel.mark(act)
    channel.do(act)
    assert isinstance(channel.find(act, hint), Found)
    server.tokens[TOKEN] = SCOPES.replace("groups:history,", "")
    assert isinstance(channel.find(act, hint), Undecided)


def test_a_history_with_a_gap_proves_nothing(server: SlackServer) -> None:
    gap = {"ok": True, "messages": [], "has_more": True, "response_metadata": {"next_cursor": ""}}
    server.routes.insert(0, ("POST", "/api/conversations.history", lambda request: Answer(200, gap)))
    channel = slack(server)
    assert isinstance(channel.find(channel.post(KEY, SAID), {"oldest": "1"}), Undecided)
    with pytest.raises(Unavailable):
        channel.twins(channel.post(KEY, SAID))


@pytest.mark.parametrize("kind", ["drop", "html", "truncate", "refuse"])
def test_a_look_that_fails_is_to_be_made_again(server: SlackServer, kind: str) -> None:
    channel = slack(server)
    act = channel.post(KEY, SAID)
    hint = channel.mark(act)
    server.fail(kind, "conversations.history")
    with pytest.raises(Unavailable):
        channel.find(act, hint)


def test_a_message_of_somebody_else_with_our_mark_is_not_ours(server: SlackServer) -> None:
    channel = slack(server)
    act = channel.post(KEY, SAID)
    hint = channel.mark(act)
    forged = {"event_type": "groundswell_digest", "event_payload": {"effect": act.marker}}
    server.say("Support themes", user="U0SAM", metadata=forged)
    assert isinstance(channel.find(act, hint), Absent)


def test_twins_are_all_with_the_mark_the_first_made_first(server: SlackServer) -> None:
    channel = slack(server)
    act = channel.post(KEY, SAID)
    assert channel.twins(act) == ()
    first = channel.do(act)
    channel.do(channel.post(OTHER, SAID))
    second = channel.do(act)
    assert channel.twins(act) == (first, second)


def test_without_knowing_who_we_are_nothing_is_said_to_be_absent(server: SlackServer) -> None:
    channel = slack(server)
    act = channel.post(KEY, SAID)
    server.routes.insert(0, ("POST", "/api/auth.test", lambda request: Answer(200, {"ok": True})))
    with pytest.raises(Unavailable):
        channel.find(act, {"oldest": "1"})


# --- what may be repeated


def test_an_update_sends_text_and_blocks_and_keeps_the_mark(server: SlackServer) -> None:
    channel = slack(server)
    act = channel.post(KEY, SAID)
    ts = channel.do(act).ref
    new = Message("Support themes, October 2026: one of 7 themes is decided.", [{"type": "divider"}])
    channel.update(CHANNEL, ts, new)
    channel.update(CHANNEL, ts, new)
    (message,) = server.posted()
    assert (message["text"], message["blocks"]) == (new.text, [{"type": "divider"}])
    assert [r.ref for r in channel.twins(act)] == [ts]


def test_an_update_that_gets_no_answer_may_be_made_again(server: SlackServer) -> None:
    channel = slack(server)
    ts = channel.do(channel.post(KEY, SAID)).ref
    server.fail("lose", "chat.update")
    with pytest.raises(Unavailable):
        channel.update(CHANNEL, ts, SAID)
    with pytest.raises(Refused, match="message_not_found"):
        channel.update(CHANNEL, "1700000000.000001", SAID)


def test_one_person_alone_is_told(server: SlackServer) -> None:
    slack(server).tell(CHANNEL, "U0SAM", SAID)
    assert [(w["user"], w["text"]) for w in server.whispers] == [("U0SAM", SAID.text)]
    assert server.posted() == []


def test_members_of_a_group_are_asked_for_at_most_once_a_minute(server: SlackServer) -> None:
    clock = Clock()
    channel = slack(server, clock=clock)
    assert channel.members("S0PMLEADS") == {"U0DANA", "U0LEE"}
    server.groups["S0PMLEADS"].remove("U0LEE")
    clock.now += 59
    assert channel.members("S0PMLEADS") == {"U0DANA", "U0LEE"}
    clock.now += 1
    assert channel.members("S0PMLEADS") == {"U0DANA"}
    assert len(server.sent("POST", "usergroups.users.list")) == 2


def test_members_that_cannot_be_read_are_never_taken_from_an_old_answer(server: SlackServer) -> None:
    clock = Clock()
    channel = slack(server, clock=clock)
    channel.members("S0PMLEADS")
    clock.now += 61
    server.fail("refuse", "usergroups", status=503)
    with pytest.raises(Unavailable):
        channel.members("S0PMLEADS")
    with pytest.raises(Refused, match="no_such_subteam"):
        channel.members("S0NOBODY")
    server.tokens[TOKEN] = "chat:write"
    with pytest.raises(Refused, match="usergroups:read"):
        channel.members("S0PMLEADS")


# --- check


def states(channel: Slack) -> dict[str, str]:
    return {f.name: f.state for f in channel.check()}


def test_check_finds_all_well(server: SlackServer) -> None:
    assert states(slack(server)) == {"slack": "ok", "slack scopes": "ok", "slack channel": "ok"}
    assert all(r.path.endswith(("auth.test", "conversations.info")) for r in server.requests)


def test_check_names_each_fault_with_its_mend(server: SlackServer) -> None:
    found = {f.name: f for f in slack(server, ELSEWHERE).check()}
    assert (found["slack channel"].state, found["slack channel"].mend) == ("fail", "Type /invite @groundswell there.")
    server.rooms[CHANNEL].archived = True
    server.tokens[TOKEN] = "chat:write,channels:read,commands,im:write,im:history"
    found = {f.name: f for f in slack(server).check()}
    assert found["slack channel"].message == "#product-support is archived."
    assert found["slack scopes"].state == "warn"
    assert found["slack scopes"].mend == "Add channels:history under OAuth & Permissions and install the app again."
    server.tokens[TOKEN] = "chat:write,channels:read,channels:history,im:history"
    found = {f.name: f for f in slack(server).check()}
    assert found["slack scopes"].mend.startswith("Add commands, im:write under")
    assert "/themes is not there" in found["slack scopes"].message
    server.tokens[TOKEN] = "channels:read"
    assert states(slack(server))["slack scopes"] == "fail"


def test_check_of_a_private_channel_asks_for_the_right_of_private_channels(server: SlackServer) -> None:
    server.tokens[TOKEN] = SCOPES.replace("groups:history,", "")
    found = {f.name: f for f in slack(server, PRIVATE).check()}
    assert "groups:history" in found["slack scopes"].mend
    assert states(slack(server)) == {"slack": "ok", "slack scopes": "ok", "slack channel": "ok"}


def test_check_of_a_dead_token_says_so_and_looks_no_further(server: SlackServer) -> None:
    server.revoked.add(TOKEN)
    token, *others = slack(server).check()
    assert token.state == "fail"
    assert token.mend.startswith("The bot token was revoked")
    assert {f.state for f in others} == {"skip"}


def test_check_never_raises_when_slack_is_away(server: SlackServer) -> None:
    server.fail("drop", times=9)
    assert states(slack(server))["slack"] == "fail"
    server.faults.clear()
    server.fail("refuse", "conversations.info", status=503)
    assert states(slack(server))["slack channel"] == "fail"


def test_nothing_of_a_message_is_logged(server: SlackServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    server.fail("html", "chat.postMessage")
    with pytest.raises(Unknown):
        slack(server).do(slack(server).post(KEY, SAID))
    assert SAID.text not in caplog.text
    assert TOKEN not in caplog.text
    assert BOT_USER not in caplog.text
