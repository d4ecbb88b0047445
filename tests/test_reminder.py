"""The month's one reminder: to whom, when, of what, and once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from bot.acts import EffectState, Message, Verdict
from bot.domain import Severity
from bot.slack import limits
from bot.slack.reminder import AFTER, Reminder
from tests.databases import WORKSPACE
from tests.digests import HOSTILE, sample_digest, with_text
from tests.servers.slack import talk
from tests.spine import PASSED, Scene, scene

APPROVERS = ("U0SAM", "S0PMLEADS")


def reminder(here: Scene, *approvers: str) -> Reminder:
    return Reminder(here.store, here.channel, WORKSPACE, approvers or APPROVERS)


def got(here: Scene) -> dict[str, list[str]]:
    """Person -> what the app wrote to them alone."""
    here.settle()
    rooms = {p: here.slack.rooms.get(talk(p)) for p in ("U0DANA", "U0LEE", "U0SAM")}
    return {p: [str(m["text"]) for m in room.messages] for p, room in rooms.items() if room and room.messages}


def test_after_a_week_everybody_who_may_decide_is_told_once_of_what_is_urgent(here: Scene) -> None:
    teller = reminder(here)
    here.clock.at += AFTER - timedelta(minutes=11)
    assert teller.redraw() == 0
    here.clock.at += timedelta(minutes=12)
    assert teller.redraw() == 3
    told = got(here)
    assert set(told) == {"U0DANA", "U0LEE", "U0SAM"}
    urgent = [t for t in sample_digest().themes if sample_digest().item_of(t).severity.level <= 1]
    assert told["U0DANA"][0].startswith(f"{len(urgent)} urgent theme")
    (message,) = here.slack.rooms[talk("U0DANA")].messages
    assert urgent[0].words.name in str(message["blocks"]) and "only reminder" in str(message["blocks"])
    assert here.post["ts"].replace(".", "") in str(message["blocks"])
    here.clock.at += timedelta(days=1)
    assert teller.redraw() == reminder(here).redraw() == 0 and got(here) == told


def test_what_is_decided_or_not_urgent_is_nothing_to_remind_of(here: Scene) -> None:
    d = sample_digest()
    for theme in d.themes:
        if d.item_of(theme).severity.level <= 1:
            here.decide(Verdict.REJECT, theme.id)
    here.settle()
    here.clock.at += AFTER
    assert reminder(here).redraw() == 0
    assert any(i.severity is Severity.P2 for i in d.items)


def test_it_looks_now_and_then_and_after_three_weeks_no_more(here: Scene) -> None:
    here.clock.at += AFTER * 3 + timedelta(minutes=1)
    assert reminder(here).redraw() == 0
    here.clock.at -= timedelta(days=10)
    teller = reminder(here, "S0PMLEADS")
    here.slack.fail("refuse", "usergroups", status=503, times=9)
    assert teller.redraw() == 0  # who is in the group can't be read just now
    here.slack.faults.clear()
    here.clock.passes(300)
    assert teller.redraw() == 0
    here.clock.passes(301)
    assert teller.redraw() == 2 and set(got(here)) == {"U0DANA", "U0LEE"}


def test_a_group_that_is_no_more_has_no_members_and_a_later_one_is_not_told(here: Scene) -> None:
    here.clock.at += AFTER
    assert reminder(here, "S0GONE").redraw() == 0
    assert reminder(here, "S0GONE", "U0SAM").redraw() == 1
    assert reminder(here, "U0SAM", "U0LEE").redraw() == 0 and set(got(here)) == {"U0SAM"}


def test_a_reminder_whose_answer_is_lost_is_not_sent_again(here: Scene) -> None:
    here.clock.at += AFTER
    assert reminder(here, "U0SAM").redraw() == 1
    here.slack.fail("lose", "chat.postMessage", times=1)
    here.settle()
    here.clock.at += PASSED
    assert len(got(here)["U0SAM"]) == 1
    assert here.store.effects.in_state(EffectState.UNSURE) == []


def test_an_unposted_month_reminds_of_nothing_and_no_ticket_text_breaks_the_message(tmp_path: Path) -> None:
    with scene(tmp_path) as here:
        hostile = with_text(HOSTILE * 20, words=HOSTILE)
        items = tuple(replace(i, severity=Severity.P0) for i in hostile.items)
        here.conclude(digest=replace(hostile, items=items), post=False)
        here.clock.at += AFTER
        assert reminder(here).redraw() == 0
        from bot.slack.answers import reminder as message

        for url in (None, "https://acme.slack.example/archives/C0/p1"):
            made = message(replace(hostile, items=items), hostile.themes, url)
            assert limits.problems(Message(made.text, made.blocks)) == []
