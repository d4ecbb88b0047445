"""/themes from the door to the run: stored, answered once to the caller alone, joined when asked twice, and shown."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import yaml
from slack_bolt import App, BoltRequest
from slack_sdk import WebClient

from bot.acts import EffectState, Message
from bot.domain import Page
from bot.ports import Refused, Unavailable
from bot.runs import Parts, Request
from bot.serve import Service, Times
from bot.serve.scheduler import next_post
from bot.slack import limits
from bot.slack.app import COMMAND, app, event_id
from bot.slack.commands import Commands, Place
from bot.slack.ownership import Ownership
from bot.slack.run_window import RunWindow
from bot.slack.runboard import RunBoard
from bot.synthesis.rules import Rules
from connectors.slack import Slack
from connectors.slack_doctor import scopes
from tests.databases import WORKSPACE
from tests.digests import sample_digest
from tests.runs import ROOT
from tests.servers.slack import BOT_USER, CHANNEL, ELSEWHERE, SCOPES, TOKEN, signed, talk
from tests.spine import RUN, Scene, scene
from tests.test_service import Hashed, HelpDesk, october

NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
MONTH = "monthly:2026-10"


@dataclass
class Hall:
    """A service with the desk of /themes, on a store and the stand-ins; people type, and the test makes the rounds."""

    here: Scene
    desk: HelpDesk
    service: Service
    commands: Commands

    def type(self, text: str, person: str = "U0DANA", channel: str = CHANNEL) -> str:
        """What the person is told."""
        form = self.here.slack.command(text, person, channel)
        self.here.store.inbox.receive(event_id(form), "command", form)
        return self.answer()

    def press(self, action: str, person: str = "U0DANA", message: Any = None) -> str:
        payload = self.here.slack.click(message or self.progress(), action, person)
        self.here.store.inbox.receive(event_id(payload), "click", payload)
        return self.answer()

    def press_answer(self, action: str, person: str = "U0DANA") -> str:
        """A button of the last answer, which nobody else sees."""
        (element,) = [
            e for b in self.told["blocks"] if b["type"] == "actions" for e in b["elements"] if e["action_id"] == action
        ]
        payload = {
            "type": "block_actions",
            "user": {"id": person},
            "channel": {"id": CHANNEL},
            "response_url": f"{self.here.slack.url}/_response/button",
            "actions": [{**element, "block_id": "cmd", "action_ts": str(len(self.here.slack.answers))}],
        }
        self.here.store.inbox.receive(event_id(payload), "click", payload)
        return self.answer()

    def answer(self) -> str:
        before = len(self.here.slack.answers)
        self.service.answer_clicks()
        (told,) = self.here.slack.answers[before:]
        assert limits.problems(Message(told["text"], told["blocks"])) == []
        return seen(told)

    @property
    def told(self) -> dict[str, Any]:
        told: dict[str, Any] = self.here.slack.answers[-1]
        return told

    def settle(self) -> None:
        for _ in range(30):
            if not self.service.send_due() + self.service.redraw():
                return
            self.here.clock.at += timedelta(seconds=4)
        raise AssertionError("it never came to rest")

    def finish(self) -> None:
        while self.service.carry_on_one():
            pass
        self.settle()

    def progress(self, channel: str = CHANNEL) -> dict[str, Any]:
        (message,) = [m for m in self.here.slack.posted(channel) if "Themes run" in m["text"]]
        assert limits.problems(Message(message["text"], message["blocks"])) == []
        return message

    def runs(self) -> list[tuple[str, str]]:
        return [(r.kind, r.state.value) for r in reversed(self.here.store.runs.recent(but="sync"))]

    def asked(self) -> Request:
        return Request.of(self.here.store.runs.recent(1, but="sync")[0].asked)


def seen(message: Any) -> str:
    """All that a person reads of it: the words of its blocks, with @ for whom they name."""
    found: list[str] = []

    def look(told: Any) -> None:
        if isinstance(told, list):
            for one in told:
                look(one)
        elif isinstance(told, dict):
            found.extend(str(told[k]) for k in ("text", "user_id", "fallback") if isinstance(told.get(k), str))
            for value in told.values():
                look(value)

    look(list(message["blocks"]))
    return re.sub(r"\s+([.,:])", r"\1", re.sub(r"\s+", " ", " ".join(found)))


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    with scene(tmp_path) as here:
        here.clock.at = NOON
        desk = HelpDesk(october())
        board = RunBoard(here.store, here.channel, WORKSPACE, ("zendesk", "intercom"))
        desks: dict[str, Any] = {"zendesk": desk, "intercom": HelpDesk()}
        owned = Ownership(here.store, here.channel, WORKSPACE, here.board, "Dana Reyes")
        parts = Parts(here.store, desks, lambda _: [], Hashed(), Rules(), announce=owned.announce)

        def post(key: str) -> None:
            digest = here.store.runs.digest(key)
            assert digest is not None
            here.store.effects.replan(here.board.announce(digest, key), run_key=key)

        place = Place(
            name=WORKSPACE,
            home=CHANNEL,
            timezone="UTC",
            runners=("S0PMLEADS",),
            sources=("zendesk", "intercom"),
            files=(),
            contents=lambda _: b"",
            post=post,
            next_at=lambda now: next_post("first weekday 09:00", now, "UTC"),
        )
        commands = Commands(here.store, here.channel, parts, board, place)
        times = Times("first weekday 09:00", "UTC", 60)
        service = Service(parts, here.ledger, times, "me:1", [here.board, board], [here.desk, commands])
        yield Hall(here, desk, service, commands)


# --- run


def test_a_run_is_asked_for_and_its_digest_posted_beside_the_months_with_one_message_that_ends_in_a_link(
    hall: Hall,
) -> None:
    told = hall.type("run 2026-10-01..2026-10-31")
    assert "Started: October 2026" in told and hall.told["response_type"] == "ephemeral"
    assert (hall.asked().post, hall.asked().by, hall.asked().to) == (True, "slack:U0DANA", None)
    hall.settle()
    waiting = hall.progress()
    assert "U0DANA" in seen(waiting) and "step 1 of 4" in waiting["text"] and "October 2026" in seen(waiting)
    hall.finish()
    shown = hall.progress()
    assert shown["ts"] == waiting["ts"] and len(shown["blocks"]) == 1  # one line, where the steps were
    (digest,) = [m for m in hall.here.slack.posted() if m["ts"] != shown["ts"]]
    (link,) = [e for e in shown["blocks"][0]["elements"][0]["elements"] if e["type"] == "link"]
    assert digest["ts"].replace(".", "") in link["url"]
    assert hall.runs() == [("manual", "DONE")] and hall.here.store.runs.get(MONTH) is None
    edits = len(hall.here.slack.sent("POST", "chat.update"))
    hall.settle()
    assert len(hall.here.slack.sent("POST", "chat.update")) == edits  # it is over: drawn no more


def test_the_same_question_joins_the_run_that_is_under_way_and_another_window_is_another_run(hall: Hall) -> None:
    hall.type("run 7d", "U0LEE")
    told = hall.type("run \u2014window 7d")
    assert "Already running, step 1 of 4, started by" in told and "U0LEE" in told
    assert hall.runs() == [("manual", "WAITING")]
    hall.type("run 8d")
    assert len(hall.runs()) == 2


def test_a_command_that_is_delivered_or_answered_twice_starts_one_run(hall: Hall) -> None:
    form = hall.here.slack.command("run 7d")
    assert hall.here.store.inbox.receive(event_id(form), "command", form)
    assert not hall.here.store.inbox.receive(event_id(form), "command", form)
    (event,) = hall.here.store.inbox.waiting()
    hall.service.answer_clicks()
    hall.finish()
    hall.here.clock.at += timedelta(hours=1)
    assert hall.commands.answer(event)  # killed before it was marked as answered, and read again an hour later
    assert "Started" in hall.told["text"] and hall.runs() == [("manual", "DONE")]
    hall.settle()
    hall.progress()  # one


def test_what_was_answered_minutes_ago_is_pointed_at_and_read_anew_when_it_is_older(hall: Hall) -> None:
    hall.type("run 7d")
    hall.finish()
    assert "Open the digest" in hall.type("run 7d") and hall.runs() == [("manual", "DONE")]
    hall.here.clock.at += timedelta(minutes=11)
    assert "Started" in hall.type("run 7d")
    assert hall.runs() == [("manual", "DONE"), ("manual", "WAITING")]


def test_days_that_a_digest_in_the_channel_has_are_pointed_at_before_another_is_made_of_them(hall: Hall) -> None:
    hall.type("run 2026-10")
    hall.finish()
    hall.here.clock.at += timedelta(days=2)
    told = hall.type("run last-month")
    assert "The digest of October 2026 is in the channel already, made " in told and "Open it" in told
    assert "Nothing was started." in told and "made at" not in told, "what is on the screen says so, too"
    assert hall.runs() == [("manual", "DONE")]
    assert "Started" in hall.press_answer("cmd.anew"), "who wants another has it"
    assert "Started" in hall.type("run last-month --private") and "Started" in hall.type("run 2026-10 --area billing")


def test_a_private_run_goes_to_who_asked_and_is_decided_on_in_the_channel(hall: Hall) -> None:
    told = hall.type("run 2026-10 --private source:zendesk")
    assert "Only you see" in told and "run it for the channel" in told
    hall.finish()
    assert hall.here.slack.posted() == []
    messages = hall.here.slack.posted(talk("U0DANA"))
    assert len(messages) == 2 and "Only you see it" in seen(hall.progress(talk("U0DANA")))
    digest = next(m for m in messages if "Themes run" not in m["text"])
    assert not [b for b in digest["blocks"] if b["type"] == "actions"]
    assert hall.here.slack.thread(digest["ts"], talk("U0DANA"))
    assert (hall.asked().to, hall.asked().sources) == ("U0DANA", ("zendesk",))


def test_a_private_digest_has_no_buttons_that_decide_and_follows_what_is_decided_in_the_channel(hall: Hall) -> None:
    here, key = hall.here, "manual:private"
    here.store.runs.ask(key, "manual", Request(None, post=True, to="U0DANA").told())
    made = sample_digest()
    here.conclude(key, replace(made, making=replace(made.making, run_id=key)))
    here.conclude()
    hall.settle()
    (private,), (digest,) = here.slack.posted(talk("U0DANA")), here.slack.posted()
    assert [b for b in digest["blocks"] if b["type"] == "actions"]
    whole = [private, *here.slack.thread(private["ts"], talk("U0DANA"))]
    assert not [b for m in whole for b in m["blocks"] if b["type"] == "actions"]
    here.press("approve", message=digest)
    here.answer()
    hall.settle()
    shown = next(m for m in here.slack.posted(talk("U0DANA")))
    assert here.jira.issues[0].key in seen(shown)


def test_a_private_run_that_nobody_could_be_sent_is_refused_with_the_mend_before_it_starts(hall: Hall) -> None:
    hall.here.slack.tokens[TOKEN] = SCOPES.replace("im:write,", "")
    told = hall.type("run 2026-10 --private")
    assert "I can't write to you" in told and "install the app again" in told and hall.runs() == []
    assert "Started" in hall.type("run 2026-10")


def test_a_private_digest_whose_answer_was_lost_is_found_in_the_talk_and_not_sent_twice(hall: Hall) -> None:
    hall.type("run 2026-10 --private")
    hall.service.carry_on_one()
    hall.here.slack.fail("lose", "chat.postMessage", times=2)
    for _ in range(6):
        hall.service.send_due()
        hall.here.clock.at += timedelta(seconds=40)
    hall.settle()
    assert len(hall.here.slack.posted(talk("U0DANA"))) == 2
    assert not hall.here.store.effects.in_state(EffectState.UNSURE)


def test_a_large_run_asks_first_and_begins_when_it_is_confirmed_with_the_very_days_that_were_shown(hall: Hall) -> None:
    told = hall.type("run 2026-06-01..2026-10-31")
    assert "1 Jun 2026 to 31 Oct 2026" in told and "6 tickets stored" not in told and hall.runs() == []
    hall.here.clock.at += timedelta(days=1)
    assert "Started" in hall.press_answer("cmd.confirm")
    window = hall.asked().window
    assert window is not None and window.label == "1 June to 31 October 2026"
    assert "That is a large run" not in hall.type("run 90d")


def test_a_dry_run_says_what_it_would_read_and_reads_nothing(hall: Hall) -> None:
    hall.here.store.tickets.take("zendesk", Page(tuple(october())), since=NOON)
    told = hall.type("run 2026-10-06..2026-10-08 --dry-run --area Billing")
    assert "6 Oct 2026 to 8 Oct 2026, UTC" in told and "3 tickets stored so far" in told and "Billing" in told
    assert hall.runs() == [] and hall.desk.asked == []


# --- what can't be done


@pytest.mark.parametrize("text", ["run 30dd", "rnu", "frobnicate", "run --source salesforce"])
def test_what_can_not_be_done_is_answered_with_three_commands_that_work(hall: Hall, text: str) -> None:
    told = hall.type(text)
    commands = [w.removeprefix("/themes ") for w in lines_of_code(hall.told) if w.startswith("/themes ")]
    assert len(commands) == 3 and hall.runs() == [], told
    for command in commands:
        assert "Try one of" not in hall.type(command)


def test_the_nearest_command_is_a_button_that_does_it(hall: Hall) -> None:
    hall.type("rnu 2026-10")
    assert "Started: October 2026" in hall.press_answer("cmd.nearest")
    hall.type("run 30dd")
    assert "/themes history" in hall.press_answer("cmd.help")


def test_who_may_not_run_is_told_what_they_can_do_and_nothing_starts(hall: Hall) -> None:
    for told in (hall.type("run 7d", "U0SAM"), hall.type("run 7d --private", "U0SAM")):
        assert "limited" in told and "Nothing was done" in told and "/themes status" in told
    assert hall.runs() == [] and hall.here.store.audit.recent()[0].actor == "slack:U0SAM"
    assert "idle" in hall.type("status", "U0SAM").lower()


def test_a_command_waits_while_rights_can_not_be_read_and_is_not_refused(hall: Hall) -> None:
    hall.here.slack.fail("refuse", "usergroups", status=503, times=1)
    form = hall.here.slack.command("run 7d")
    hall.here.store.inbox.receive(event_id(form), "command", form)
    hall.service.answer_clicks()
    assert hall.here.slack.answers == [] and len(hall.here.store.inbox.waiting()) == 1
    assert "Started" in hall.answer()


def test_an_answer_goes_where_it_was_typed_even_where_the_app_is_no_member_and_nowhere_but_to_slack(hall: Hall) -> None:
    assert "idle" in hall.type("status", channel=ELSEWHERE).lower()
    with pytest.raises(Refused, match="not Slack's"):
        Slack(token=TOKEN, channel=CHANNEL).respond("https://evil.example/hook", Message("x" * 40, []))
    with pytest.raises(Refused, match="not Slack's"):
        hall.here.channel.respond("http://127.0.0.1:9/other", Message("x" * 40, []))
    hall.here.slack.fail("refuse", "_response", status=404)
    with pytest.raises(Refused, match="any more"):
        hall.here.channel.respond(f"{hall.here.slack.url}/_response/1", Message("x" * 40, []))
    hall.here.slack.fail("refuse", "_response", status=503)
    with pytest.raises(Unavailable):
        hall.here.channel.respond(f"{hall.here.slack.url}/_response/1", Message("x" * 40, []))


def test_what_slack_escaped_is_meant_as_it_was_typed(hall: Hall) -> None:
    hall.type('run 7d --area "Billing &amp; plans"')
    assert hall.asked().areas == ("Billing & plans",)


# --- progress, failure


def test_the_message_follows_the_steps_at_most_every_three_seconds_and_says_what_it_waits_for(hall: Hall) -> None:
    hall.type("run 2026-10")
    hall.settle()
    key = hall.here.store.runs.recent(1)[0].key
    fence = hall.here.store.runs.lease(key, "me:1", 600)
    assert fence is not None
    drawn = len(hall.here.slack.sent("POST", "chat.update"))
    for second in range(7):
        hall.here.store.runs.moves(key, fence, f"Read zendesk: {second + 1} of 9")
        hall.service.redraw()
        hall.here.clock.at += timedelta(seconds=1)
    assert len(hall.here.slack.sent("POST", "chat.update")) - drawn == 3
    assert "Read zendesk: 7 of 9" in seen(hall.progress()) and "nothing new" not in seen(hall.progress())
    hall.service.hear("Zendesk asks us to slow down; waiting 40 s")
    hall.here.clock.at += timedelta(seconds=65)
    hall.service.redraw()
    assert "nothing new for 1 min: Zendesk asks us to slow down; waiting 40 s" in seen(hall.progress())
    hall.here.store.runs.advance(key, fence, "synced")
    hall.here.clock.at += timedelta(seconds=4)
    hall.service.redraw()
    assert "step 2 of 4" in hall.progress()["text"] and "nothing new" not in seen(hall.progress())
    hall.here.store.runs.release(key, fence)
    hall.finish()
    assert "Open the digest" in seen(hall.progress()) and "2" in str(hall.here.store.runs.get(key))


def test_a_message_that_a_crash_left_behind_is_drawn_to_its_end_by_the_next_process(hall: Hall) -> None:
    hall.type("run 2026-10")
    hall.service.send_due()
    while hall.service.carry_on_one():
        pass
    another = RunBoard(hall.here.store, hall.here.channel, WORKSPACE, ("zendesk",))
    assert "step" in hall.progress()["text"]  # nobody drew it since
    another.redraw()
    assert "is being posted" in seen(hall.progress())
    hall.here.clock.at += timedelta(seconds=4)
    for _ in range(3):
        hall.here.ledger.attend_due()
    another.redraw()
    assert "Open the digest" in seen(hall.progress())
    assert another.redraw() == 0


def test_a_failure_says_what_happened_and_what_not_and_retry_goes_on_in_the_same_message(hall: Hall) -> None:
    hall.desk.fault = Refused("Zendesk refused the token (401): set GROUNDSWELL_SOURCES__ZENDESK__TOKEN")
    hall.type("run 2026-10 --source zendesk")
    hall.finish()
    shown = hall.progress()
    told = seen(shown)
    assert "Zendesk refused the token (401)" in told and "Nothing was posted and nothing was sent to Jira" in told
    assert "groundswell doctor zendesk" in told and "reference " in told and "tried again" not in told
    assert "limited" in hall.press("run.retry", "U0SAM")
    hall.desk.fault = None
    assert "Started" in hall.press("run.retry", "U0LEE")
    hall.finish()
    assert hall.progress()["ts"] == shown["ts"] and "Open the digest" in seen(hall.progress())
    assert hall.runs() == [("manual", "DONE")]


def test_run_without_the_source_that_failed_is_a_run_of_the_others(hall: Hall) -> None:
    hall.desk.fault = Refused("Zendesk refused the token (401): set another")
    hall.type("run 2026-10 --source zendesk")
    hall.finish()
    assert "Run without Zendesk" in seen(hall.progress())
    assert "Started" in hall.press("run.without")
    assert hall.asked().sources == ("intercom",)
    hall.service.carry_on_one()
    assert hall.runs() == [("manual", "FAILED"), ("manual", "DONE")]


def test_a_month_is_silent_while_all_is_well_and_a_failed_one_is_told_once_until_it_is_there(hall: Hall) -> None:
    hall.desk.fault = Unavailable("Zendesk did not answer")
    hall.commands.parts.desks.pop("intercom")  # type: ignore[attr-defined]
    hall.service.tick()
    hall.finish()
    shown = hall.progress()
    assert "asked for by the schedule" in seen(shown) and "tried again at" in seen(shown)
    hall.here.clock.at += timedelta(minutes=16)
    hall.service.tick()
    hall.finish()
    assert hall.runs() == [("monthly", "FAILED")] and hall.progress()["ts"] == shown["ts"]
    hall.desk.fault = None
    hall.here.clock.at += timedelta(minutes=16)
    hall.service.tick()
    hall.finish()
    assert hall.runs() == [("monthly", "DONE")]
    assert hall.progress()["ts"] == shown["ts"] and "Open the digest" in seen(hall.progress())
    assert len(hall.here.slack.posted()) == 2


def test_a_month_that_goes_well_has_no_message_but_its_digest(hall: Hall) -> None:
    hall.service.tick()
    hall.finish()
    (post,) = hall.here.slack.posted()
    assert "Themes run" not in post["text"]


# --- ownership


def test_a_month_beside_another_groundswells_digest_points_at_it_and_is_posted_by_a_click(hall: Hall) -> None:
    payload = {"effect": "f" * 16, "what": "digest"}
    other = hall.here.slack.say("Themes", metadata={"event_type": "groundswell_digest", "event_payload": payload})
    note = {"event_type": "groundswell_digest", "event_payload": {"effect": "e" * 16, "what": "progress"}}
    hall.here.slack.say("Themes run", metadata=note)
    hall.service.tick()
    hall.finish()
    (told,) = [m for m in hall.here.slack.posted() if m["user"] == BOT_USER]
    assert "was not posted: another Groundswell digest" in seen(told) and "Dana Reyes" in seen(told)
    assert limits.problems(Message(told["text"], told["blocks"])) == []
    assert other["ts"].replace(".", "") in str(told["blocks"])
    assert "limited" in hall.press("run.post", "U0SAM", told)
    assert "is being posted" in hall.press("run.post", "U0LEE", told)
    hall.settle()
    assert len([m for m in hall.here.slack.posted() if "6 tickets" in m["text"]]) == 1


def test_our_own_digests_are_no_rivals_nor_is_what_somebody_asked_for(hall: Hall) -> None:
    hall.here.conclude("monthly:2026-09")
    hall.settle()
    hall.service.tick()
    hall.finish()
    assert not [m for m in hall.here.slack.posted() if "was not posted" in m["text"]]
    payload = {"effect": "f" * 16}
    hall.here.slack.say("Themes", metadata={"event_type": "groundswell_digest", "event_payload": payload})
    hall.type("run 2026-10-05..2026-10-20")
    hall.finish()
    assert "Open the digest" in seen(hall.progress())


def test_a_synthesis_that_the_config_tells_of_is_named_and_a_channel_that_can_not_be_read_holds_nothing_back(
    hall: Hall,
) -> None:
    made = hall.here.conclude("manual:1", post=False)
    digest = replace(made, making=replace(made.making, run_id=MONTH))
    here = hall.here
    named = Ownership(here.store, here.channel, WORKSPACE, here.board, None, "Support posts its weekly synthesis here")
    (act,) = named.announce(digest, MONTH)
    assert act.kind == "slack.rival" and "Support posts its weekly synthesis here" in act.payload["text"]
    here.slack.fail("refuse", "conversations.history", status=503)
    assert Ownership(here.store, here.channel, WORKSPACE, here.board).announce(digest, MONTH)[0].kind == "slack.digest"


# --- status, history, help


def test_status_tells_what_runs_what_was_and_what_is_next_and_how_old_the_sources_are(hall: Hall) -> None:
    told = hall.type("status")
    assert "Idle" in told and "Zendesk was not read yet" in told and "1 Dec 2026 09:00" in told
    hall.here.conclude()
    hall.settle()
    hall.here.store.tickets.take("zendesk", Page((), cursor="c", high_water=hall.here.clock.at - timedelta(hours=2)))
    hall.here.store.tickets.fault("intercom", "Intercom refused the token (401): set another")
    hall.type("run 7d", "U0LEE")
    told = hall.type("status", "U0SAM")
    assert "1 run under way" in told and "U0LEE" in told and "Zendesk read 1 s ago" in told
    assert "Intercom can't be read: Intercom refused the token" in told and "0 decided" in told
    assert "wait for a decision" in hall.told["text"]


def test_history_tells_the_newest_runs_with_their_links_and_no_private_ones(hall: Hall) -> None:
    assert "There is no digest yet" in hall.type("history")
    hall.here.conclude()
    hall.here.conclude("monthly:2026-09")
    hall.settle()
    hall.type("run 2026-10 --private")
    hall.finish()
    told = hall.type("history 5")
    assert told.count("decided") == 2 and "4 themes" not in told[:5]
    links = [e for e in walk(hall.told["blocks"]) if e.get("type") == "link"]
    assert len(links) == 2 and all("/archives/" in e["url"] for e in links)
    assert hall.type("history 1").count("decided") == 1


@pytest.mark.parametrize("text", ["help", "help run", "help status", "help history", "help help", "run --help"])
def test_help_names_commands_that_are_read_without_a_fault(hall: Hall, text: str) -> None:
    told = hall.type(text, "U0SAM")
    assert "/themes" in told and "couldn't" not in told


def walk(told: Any) -> Iterator[dict[str, Any]]:
    if isinstance(told, list):
        for one in told:
            yield from walk(one)
    elif isinstance(told, dict):
        yield told
        for value in told.values():
            yield from walk(value)


def lines_of_code(message: Any) -> list[str]:
    return [str(e["text"]) for e in walk(message["blocks"]) if e.get("style") == {"code": True}]


def test_the_manifest_asks_for_every_right_that_doctor_looks_for_and_names_the_command() -> None:
    manifest = yaml.safe_load((ROOT / "deploy" / "slack-manifest.yaml").read_text(encoding="utf-8"))
    given = ",".join(manifest["oauth_config"]["scopes"]["bot"])
    assert scopes(given, "channels:history").state == "ok"
    assert [c["command"] for c in manifest["features"]["slash_commands"]] == [COMMAND]


# --- the door


@dataclass
class Doorstep:
    """Bolt with our door, and what it wrote into the inbox."""

    bolt: App
    hall: Hall
    kept: list[tuple[str, str, Any]]
    busy: bool = False

    def send(self, payload: dict[str, Any]) -> Any:
        headers, body = signed("secret", payload)
        answer = self.bolt.dispatch(BoltRequest(body=body.decode(), headers={k: [v] for k, v in headers.items()}))
        assert answer.status == 200
        return json.loads(answer.body) if answer.body.startswith("{") else answer.body


@pytest.fixture
def door(hall: Hall) -> Doorstep:
    place = hall.commands.place
    window = RunWindow(hall.commands.may_run, place.sources, "UTC", hall.here.store.now)

    def receive(event: str, kind: str, payload: Any) -> bool:
        if step.busy:
            raise Unavailable("the database is busy")
        step.kept.append((event, kind, payload))
        return hall.here.store.inbox.receive(event, kind, payload)

    client = WebClient(TOKEN, base_url=hall.here.slack.base_url, timeout=2)
    step = Doorstep(app(client, "secret", receive, lambda: None, [window]), hall, [])
    return step


def test_a_command_is_stored_before_it_is_acknowledged_without_the_token_and_one_that_is_not_says_so(
    door: Doorstep,
) -> None:
    form: dict[str, Any] = door.hall.here.slack.command("status")
    assert door.send(form) == ""
    ((event, kind, payload),) = door.kept
    assert (event, kind, payload["text"]) == (event_id(form), "command", "status") and "token" not in payload
    assert "Idle" in door.hall.answer()
    door.busy = True
    assert "Not saved, nothing was done" in str(door.send(door.hall.here.slack.command("run 7d")))
    assert door.hall.runs() == []


def test_a_command_with_a_false_signature_is_nobodys(door: Doorstep) -> None:
    headers, _ = signed("secret", door.hall.here.slack.command("run 7d"))
    other = urlencode(door.hall.here.slack.command("run 9d"))
    assert door.bolt.dispatch(BoltRequest(body=other, headers={k: [v] for k, v in headers.items()})).status == 401
    assert door.kept == []


def test_the_bare_command_opens_the_window_for_who_may_run_and_is_help_for_others(door: Doorstep) -> None:
    door.send(door.hall.here.slack.command(""))
    (view,) = door.hall.here.slack.views
    assert view["callback_id"] == "run" and door.kept == []
    door.send(door.hall.here.slack.command("", "U0SAM"))
    assert len(door.hall.here.slack.views) == 1 and "It creates nothing without a click" in door.hall.answer()
    late = door.hall.here.slack.command("")
    door.hall.here.slack.expired.add(late["trigger_id"])
    door.send(late)
    assert "/themes run" in door.hall.answer()


def test_what_is_filled_in_is_checked_beside_its_field_and_then_a_run_like_any_other(door: Doorstep) -> None:
    slack = door.hall.here.slack
    door.send(slack.command(""))
    dates = {"window": {"selected_option": {"value": "dates"}}}
    assert set(door.send(slack.submission(dates))["errors"]) == {"since"}
    turned = {**dates, "since": {"selected_date": "2026-10-31"}, "until": {"selected_date": "2026-10-01"}}
    assert "window" in door.send(slack.submission(turned))["errors"]["since"]
    assert set(door.send(slack.submission({"sources": {"selected_options": []}}))["errors"]) == {"sources"}
    good = {**dates, "since": {"selected_date": "2026-10-01"}, "until": {"selected_date": "2026-10-31"},
            "visibility": {"selected_option": {"value": "channel"}},
            "sources": {"selected_options": [{"value": "zendesk"}]}}  # fmt: skip
    door.busy = True
    assert "Not saved" in str(door.send(slack.submission(good))["errors"])
    door.busy = False
    assert door.kept == []
    sent = slack.submission(good, "U0LEE")
    assert door.send(sent) == {"response_action": "clear"}
    door.send(sent)
    assert "Started: October 2026" in door.hall.answer()
    asked = door.hall.asked()
    assert (asked.sources, asked.to, asked.by) == (("zendesk",), None, "slack:U0LEE")
    assert door.hall.runs() == [("manual", "WAITING")]


def test_as_it_opens_the_window_asks_for_a_week_of_everything_for_oneself(door: Doorstep) -> None:
    door.send(door.hall.here.slack.command(""))
    door.send(door.hall.here.slack.submission({}))
    door.hall.answer()
    asked = door.hall.asked()
    assert (asked.sources, asked.to) == ((), "U0DANA") and asked.window is not None and asked.window.days == 7


def test_status_says_that_the_tracker_could_not_be_asked_what_exists(hall: Hall) -> None:
    hall.here.conclude(post=False)
    assert "tracker" not in hall.type("status")
    hall.here.store.tracked.failed(RUN, "Jira (acme.example) did not answer in time")
    told = hall.type("status")
    assert "What exists in the tracker is not known: Jira (acme.example)" in told
    hall.here.store.tracked.keep(RUN, {})
    assert "is not known" not in hall.type("status")
