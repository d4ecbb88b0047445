"""Two months in the life of a channel: a digest, three people, an outage, a restart, and the next month with trends.

Everything but the help desk and the embedder is real: runs, decisions, ledger, drawing, and the connectors on stand-ins
of Slack and Jira. What stands in the channel in the end is compared with a kept file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bot.acts import Verdict
from bot.domain import AccountHint, Page, Ticket
from bot.ports import Progress, Vectors
from bot.serve import Service
from tests.goldens import same_as_kept
from tests.scenarios.shown import read
from tests.spine import PASSED, Scene, scene
from tests.test_service import HelpDesk, serving

OCTOBER = "monthly:2026-10"
_TOPICS = {
    "export": ("CSV export times out", "The export of all rows stops with a time-out and leaves no file behind"),
    "sign-in": ("Sign-in is rejected", "After the sign-in at our provider I am back on the first page with no message"),
    "refund": ("Refund is missing", "We cancelled the plan and the refund did not come to our bank account"),
    "invoice": ("Invoice shows the wrong tax", "The invoice shows a tax number that is not ours, and we can't book it"),
    "notification": ("Notification comes late", "The notification on the phone comes hours after the message itself"),
    "webhook": ("Webhook is sent twice", "Each webhook arrives twice and our system books every order double"),
}
_MONTHS = {
    10: {"export": 12, "sign-in": 10, "refund": 8, "invoice": 7, "notification": 6},
    11: {"export": 24, "sign-in": 4, "refund": 8, "invoice": 7, "notification": 6, "webhook": 9},
}
_WHEN = ("since Monday", "again and again", "in every workspace", "for the third time", "on all of our machines")
_WHOM = ("colleagues", "clerks", "customers of ours", "shops", "branches", "managers", "drivers")


class Topical:
    """An embedder that is quick: what speaks of one topic lies together, everything else alone."""

    id = "topical"

    def embed(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        return np.stack([self._row(text) for text in texts]) if texts else np.zeros((0, 64), dtype=np.float32)

    def _row(self, text: str) -> Any:
        noise = np.frombuffer(sha256(text.encode()).digest() * 2, dtype=np.uint8).astype(np.float32) - 127.5
        row = noise / np.linalg.norm(noise)
        for n, topic in enumerate(_TOPICS):
            if topic in text.casefold():
                row = 0.3 * row
                row[n] += 1.0
                break
        return row / np.linalg.norm(row)


class Desk(HelpDesk):
    """A help desk whose tickets are all handed over up to now."""

    now: datetime

    def pages(self, cursor: str | None = None, *, since: datetime | None = None) -> Iterator[Page]:
        yield Page(tuple(self.tickets), cursor="c", high_water=self.now)


def tickets(month: int) -> list[Ticket]:
    made = []
    for topic, number in _MONTHS[month].items():
        subject, body = _TOPICS[topic]
        for n in range(number):
            at = datetime(2026, month, 1 + n, 10, n, tzinfo=UTC)
            about = AccountHint(f"c{n % 9}", f"Customer {n % 9}")
            key = str(month * 1000 + 100 * list(_TOPICS).index(topic) + n)
            told = f"{body}, {_WHEN[n % 5]}, and {n + 2} {_WHOM[n % 7]} wait for it"  # the same twice is a template
            made.append(Ticket("zendesk", key, subject, told, account=about, created_at=at))
    return made


class Life:
    """A process of `serve` and its people. `restarts` gives the next process on the same store."""

    def __init__(self, here: Scene, desk: Desk) -> None:
        self.here, self.desk = here, desk
        self.service: Service = serving(here, desk, Topical())

    def restarts(self) -> Life:
        return Life(self.here.again(), self.desk)

    def begins(self, at: datetime) -> None:
        """The schedule's time has come, and what is due is done."""
        self.here.clock.at = self.desk.now = at
        self.service.tick()
        while self.service.carry_on_one():
            pass
        self.goes_on()

    def goes_on(self) -> None:
        for _ in range(30):
            if not self.service.answer_clicks() + self.service.send_due() + self.service.redraw():
                return
        raise AssertionError("it never came to rest")

    def theme(self, topic: str) -> str:
        """The id of the theme that October's tickets on the topic make."""
        digest = self.here.store.runs.digest(OCTOBER)
        assert digest is not None
        mine = f"10{list(_TOPICS).index(topic)}"
        (found,) = [t.id for t in digest.themes if t.members[0].startswith(mine)]
        return found


@pytest.fixture
def life(tmp_path: Path) -> Iterator[Life]:
    with scene(tmp_path) as here:
        desk = Desk(tickets(10))
        yield Life(here, desk)


def choose(value: str) -> dict[str, Any]:
    return {"selected_option": {"value": value}}


def test_two_months_of_three_people_an_outage_and_a_restart_leave_the_channel_as_it_should_be(life: Life) -> None:
    here = life.here
    life.begins(datetime(2026, 11, 2, 9, 30, tzinfo=UTC))
    _people_decide(life)
    life = _slack_is_away_and_the_process_is_restarted(life)
    here = life.here
    here.clock.passes(660)
    life.goes_on()  # the look for duplicates, and the end of Undo
    life.desk.tickets += tickets(11)
    here.slack.fail("lose", "chat.postMessage", times=1)  # the December digest is posted, and its answer lost
    life.begins(datetime(2026, 12, 1, 9, 30, tzinfo=UTC))
    here.clock.at += PASSED
    life.goes_on()
    assert [run.state.value for run in here.store.runs.recent(9, but="sync")] == ["DONE", "DONE"]
    assert len(here.slack.posted()) == 2
    withdrawn = ["groundswell-withdrawn" in issue.labels for issue in here.jira.issues]
    assert withdrawn == [False, False, True]  # two stand, and the one that was undone
    assert [(e.actor, e.action) for e in here.store.audit.recent() if e.action == "denied"] == [
        ("slack:U0SAM", "denied")
    ]
    same_as_kept("slack/two_months.txt", _told(here))


def _people_decide(life: Life) -> None:
    here = life.here
    export, sign_in, refund, invoice, late = (life.theme(topic) for topic in _MONTHS[10])
    here.press("approve", "U0SAM", export)  # who may not
    here.press("approve", "U0DANA", export)
    here.press("approve", "U0LEE", export)  # a moment later, on the same screen
    here.fill("edit", {"title": {"value": "Say why a sign-in was rejected"},
                       "approve": {"selected_options": [{"value": "approve"}]}}, "U0LEE", sign_in)  # fmt: skip
    here.fill("merge", {"into": choose(refund)}, "U0DANA", invoice)
    here.fill("snooze", {"until": choose("grows")}, "U0LEE", late)
    life.goes_on()
    assert [w["user"] for w in here.slack.whispers] == ["U0SAM", "U0LEE"]
    stages = [here.stage(theme) for theme in (export, sign_in, refund, invoice, late)]
    assert stages == ["created", "created", "open", "merged", "snoozed"]


def _slack_is_away_and_the_process_is_restarted(life: Life) -> Life:
    """What was clicked meanwhile is decided, and shown when Slack is back, by whichever process is there then."""
    here, refund = life.here, life.theme("refund")
    here.slack.fail("refuse", "chat.update|chat.postMessage|chat.postEphemeral", status=503, times=99)
    here.press("approve", "U0DANA", refund)
    for _ in range(3):
        life.service.answer_clicks()
        life.service.send_due()
        life.service.redraw()
    assert here.stage(refund) == "created" and "Creating" not in read(here.post)
    after = life.restarts()
    here.slack.faults.clear()
    assert (
        after.here.decide(Verdict.UNDO, refund, actor="cli:lee").result.value == "done"
    )  # the row can't be clicked yet
    here.clock.passes(60)
    after.goes_on()
    assert after.here.stage(refund) == "open"
    return after


def _told(here: Scene) -> str:
    """Every message of the channel, and of the threads under them, as people read it; what varies is made alike."""
    parts = []
    for number, message in enumerate(here.slack.posted(), 1):
        parts.append(f"=== {number}. {message['text']}\n{read(message)}")
        parts += [f"--- {m['text']}\n{_short(read(m))}" for m in here.slack.thread(message["ts"])]
    return _alike("\n\n".join(parts)) + "\n"


def _short(reply: str) -> str:
    """Of a theme's evidence its course, its state and its buttons: how it is worded is other tests' business."""
    lines = reply.splitlines()
    if not any(line.startswith("   Could avoid: ") for line in lines):
        return reply
    return "\n".join(line for line in lines if line.startswith(("   Trend: ", "   ✅ ", "   💤 ", "   [")))


def _alike(text: str) -> str:
    """Where a message stands is Slack's own time."""
    return re.sub(r"thread_ts=[0-9.]+", "thread_ts=…", re.sub(r"/p\d{16}", "/p…", text))
