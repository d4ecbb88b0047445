"""Spike alerts: seen in the stored tickets, posted once, followed until they are over, answered by a click."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
import structlog
from typer.testing import CliRunner

from bot.acts import EffectState
from bot.cli import app
from bot.domain import AccountHint, Page, Requester, Ticket
from bot.ports import Progress, Refused, Source, Unavailable, Vectors
from bot.runs import Parts, carry_on
from bot.runs.lookout import KIND, Lookout, run_from
from bot.serve import Service, Times
from bot.slack import alerts, limits
from bot.slack.alertboard import AlertBoard, AlertDesk
from bot.slack.alerts import RunOf
from bot.spikes import HOUR, Alert, Cause, Hour, Rule, Spike
from bot.synthesis.rules import Rules
from tests.databases import WORKSPACE
from tests.digests import HOSTILE
from tests.servers.slack import CHANNEL, ELSEWHERE, TOKEN
from tests.spine import Scene, buttons, scene
from tests.test_service import Broken, Hashed, HelpDesk

DAY = timedelta(days=1)
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)  # a Wednesday
POST = "chat.postMessage"


class Away(Hashed):
    def embed(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        raise Unavailable("the endpoint does not answer")


class Alike(Hashed):
    """Texts that share a word are about one thing."""

    def embed(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        rows = super().embed(texts)
        rows[[n for n, text in enumerate(texts) if "certificate" in text]] = super().embed(["one problem"])[0]
        return rows


def some(number: int, at: datetime, area: str | None = "Auth", **more: Any) -> list[Ticket]:
    said = {"subject": "", "body": "The certificate is rejected since this morning", "area": area}
    return [
        Ticket(
            **{
                "source": "zendesk",
                "key": f"{at:%m%d%H}-{area}-{n}",
                "account": AccountHint(f"c{n}"),
                "created_at": at + timedelta(minutes=n % 60),
                **said,
                **more,
            }
        )
        for n in range(number)
    ]


@dataclass
class Watched:
    """A desk with eight quiet weeks behind it, and what looks at it."""

    here: Scene
    parts: Parts

    def __post_init__(self) -> None:
        store = self.here.store
        self.board = AlertBoard(store, self.here.channel, WORKSPACE, "UTC", deciders=True)
        self.desk = AlertDesk(self.parts, self.here.channel, CHANNEL, ["U0DANA", "S0PMLEADS"], ["U0DANA", "S0PMLEADS"])
        self.lookout = Lookout(self.parts, Rule(), self.board.act)

    def come(self, number: int, at: datetime, area: str | None = "Auth", **more: Any) -> None:
        """Tickets, one a minute; `more` goes into each."""
        self.take(some(number, at, area, **more))

    def take(self, tickets: Sequence[Ticket]) -> None:
        self.here.store.tickets.take("zendesk", Page(tuple(tickets)), since=NOW - timedelta(weeks=10))

    def check(self, at: datetime | None = None) -> list[Alert]:
        self.here.clock.at = at or self.here.clock.at
        changed = self.lookout.keep(self.lookout.look())
        self.settle()
        return changed

    def settle(self) -> None:
        for _ in range(20):
            if not self.here.ledger.attend_due() + self.here.board.redraw() + self.board.redraw():
                return
        raise AssertionError("it never came to rest")

    def press(self, action: str, person: str = "U0DANA", message: Any = None) -> None:
        self.here.press(action, person, "spike.", message or self.alert)
        for event in self.here.store.inbox.waiting():
            assert self.desk.answer(event)
        self.settle()

    @property
    def alert(self) -> dict[str, Any]:
        return next(m for m in self.here.slack.posted() if "spike" in str(m["blocks"]) or "Hour by hour" in str(m))

    def run(self) -> None:
        for run in self.here.store.runs.waiting():
            carry_on(self.parts, run.key, "me")
        self.settle()


def parts(here: Scene, **more: Any) -> Parts:
    told: dict[str, Any] = {
        "store": here.store,
        "desks": cast("dict[str, Source]", {"zendesk": HelpDesk()}),
        "files": lambda _: [],
        "embedder": Hashed(),
        "rules": Rules(),
        "announce": here.board.announce,
    }
    return Parts(**told | more)


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    with scene(tmp_path) as here:
        here.clock.at = NOW
        made = Watched(here, parts(here))
        past = [NOW - week * 7 * DAY - hours * HOUR for week in range(1, 9) for hours in (1, 3, 5, 7)]
        made.take([t for at in past for area, n in (("Auth", 2), ("Billing", 3)) for t in some(n, at, area, body=area)])
        yield made


# --- one alert


def test_a_spike_is_one_message_that_is_updated_and_closed_with_its_hours(watched: Watched) -> None:
    assert watched.check() == []
    watched.come(20, NOW - HOUR)
    (opened,) = watched.check()
    assert opened.place == "Auth" and opened.lead.tickets == 20 and opened.lead.usual == 2
    assert "Spike: 20 tickets in an hour about Auth, 10.0 times the usual 2." in watched.alert["text"]
    assert buttons(watched.alert) == ["Run now", "Expected, dismiss", "Mute 7 days"]
    watched.come(30, NOW)
    watched.check(NOW + HOUR)
    assert "50" in str(watched.alert["blocks"]) and len(watched.here.slack.posted()) == 1
    assert watched.check(NOW + 2 * HOUR) != []  # its hours go on
    assert watched.check(NOW + 3 * HOUR) != []
    (closed,) = watched.check(NOW + 5 * HOUR)
    assert closed.closed_at == NOW + 3 * HOUR
    shown = str(watched.alert["blocks"])
    assert (
        watched.alert["text"].startswith("Over: ") and "11:00 20, 12:00 30, 13:00 0, 14:00 0, 15:00 0, 16:00 0" in shown
    )
    assert "50 tickets in all" in shown and watched.check(NOW + 6 * HOUR) == []
    watched.come(40, NOW + 7 * HOUR)
    watched.check(NOW + 8 * HOUR)  # within the day: the same one again
    assert len(watched.here.slack.posted()) == 1 and watched.alert["text"].startswith("Spike: ")


def test_a_post_whose_answer_is_lost_is_found_and_not_made_again(watched: Watched) -> None:
    watched.come(20, NOW - HOUR)
    watched.here.slack.fail("lose", POST)
    watched.check()
    for _ in range(8):
        watched.here.clock.passes(60)
        watched.check()
    assert len(watched.here.slack.posted()) == 1
    assert [e.state for e in watched.here.store.effects.in_state(EffectState.DONE)] == [EffectState.DONE]


def test_another_process_that_looks_at_the_same_posts_no_second_one(watched: Watched) -> None:
    watched.come(20, NOW - HOUR)
    sight = watched.lookout.look()
    watched.lookout.keep(sight)
    Watched(watched.here, watched.parts).lookout.keep(sight)
    watched.settle()
    assert len(watched.here.slack.posted()) == 1


def test_what_nobody_wrote_on_purpose_and_what_staff_wrote_is_no_spike(watched: Watched) -> None:
    watched.come(30, NOW - HOUR, requester=Requester("r1", staff=True))
    watched.come(30, NOW - 2 * HOUR, "Auth", tags=("closed_by_merge",))
    assert watched.check() == []
    desks = cast("dict[str, Source]", {"zendesk": HelpDesk(), "intercom": HelpDesk()})
    both = Watched(watched.here, replace(watched.parts, desks=desks))
    said = "The certificate of our sign-in is rejected by your server since this morning"
    for source in ("zendesk", "intercom"):  # each in one tool, and copied into the other by an integration
        told = some(12, NOW - HOUR, "Sales", source=source, body=said)
        told = [replace(t, requester=Requester(email=f"p{n}@acme.example")) for n, t in enumerate(told)]
        watched.here.store.tickets.take(source, Page(tuple(told)), since=NOW - timedelta(weeks=10))
    past = [t for week in range(1, 9) for t in some(1, NOW - week * 7 * DAY - HOUR, "Sales", body="older")]
    watched.take(past)
    assert both.check() == []


def test_old_tickets_that_come_in_late_are_no_spike(watched: Watched) -> None:
    for days in range(3, 40, 3):
        watched.come(30, NOW - days * DAY)
    assert watched.check() == []


def test_an_embedder_that_is_away_is_a_remark_and_the_areas_are_looked_at_all_the_same(watched: Watched) -> None:
    watched.come(20, NOW - HOUR)
    away = Lookout(replace(watched.parts, embedder=Away()), Rule(), watched.board.act)
    sight = away.look()
    assert "does not answer" in sight.remarks[0] and {s.name for s in sight.spikes} == {"Auth", ""}


def test_of_more_tickets_than_may_be_read_the_counts_alone_are_looked_at(watched: Watched) -> None:
    watched.come(20, NOW - HOUR)
    sight = Lookout(replace(watched.parts, embedder=Broken()), Rule(), watched.board.act, most=20).look()
    assert "more than 20 tickets" in sight.remarks[0] and {s.name for s in sight.spikes} == {"Auth", ""}


def test_where_nothing_was_read_yet_nothing_is_said(tmp_path: Path) -> None:
    with scene(tmp_path) as here:
        nothing = Watched(here, parts(here))
        assert nothing.check() == [] and nothing.lookout.look().remarks == ("No help desk was read yet.",)


def test_a_spike_of_new_wording_is_told_in_the_alert_of_its_area(watched: Watched) -> None:
    watched.come(20, NOW - HOUR)
    alike = Watched(watched.here, replace(watched.parts, embedder=Alike()))
    (opened,) = alike.check()
    assert [s.cause for s in opened.spikes] == [Cause.AREA, Cause.WORDING]
    assert "New wording" in str(alike.alert["blocks"]) and "certificate" not in str(alike.alert)


# --- clicks


def test_run_now_starts_one_run_over_the_spike_and_links_to_its_digest(watched: Watched) -> None:
    watched.come(20, NOW - HOUR)
    watched.come(9, NOW - HOUR, "Billing")
    watched.check()
    before = dict(watched.alert)
    watched.here.clock.at = NOW + timedelta(minutes=10)
    watched.press(alerts.RUN)
    assert "Running, started by" in str(watched.alert["blocks"]) and "U0DANA" in str(watched.alert["blocks"])
    assert buttons(watched.alert) == []
    watched.press(alerts.RUN, "U0LEE", before)  # an old screen
    assert "answered this alert before" in watched.here.whispers("U0LEE")[0]
    (run,) = watched.here.store.runs.waiting()
    assert run.kind == KIND and run.asked["areas"] == ["Auth"] and run.asked["by"] == "slack:U0DANA"
    assert run.asked["window"]["start"] == (NOW - HOUR).isoformat()
    assert run.asked["window"]["end"] == watched.here.clock.at.isoformat()
    watched.run()
    digest = watched.here.store.runs.digest(run.key)
    assert digest is not None and digest.totals.tickets_read - digest.totals.removed == 20
    assert "open its digest" in str(watched.alert["blocks"]) and "archives" in str(watched.alert["blocks"])
    assert watched.here.store.runs.first("monthly") is None


def test_a_run_that_finds_no_theme_says_anecdotes_so_far(watched: Watched) -> None:
    watched.come(20, NOW - HOUR, account=AccountHint("one"))
    watched.parts = replace(watched.parts, embedder=Alike())
    watched.check()
    watched.press(alerts.RUN)
    watched.run()
    digest = next(m for m in watched.here.slack.posted() if "Support themes" in m["text"])
    assert "Auth" in digest["text"] and "anecdotes so far" in str(digest["blocks"])


def test_a_run_that_failed_says_why_and_can_be_asked_for_again(watched: Watched) -> None:
    watched.come(20, NOW - HOUR)
    watched.check()
    watched.press(alerts.RUN)
    broken = replace(watched.parts, desks={"zendesk": cast("Source", HelpDesk(fault=Refused("No right to read.")))})
    (run,) = watched.here.store.runs.waiting()
    with pytest.raises(Refused):
        carry_on(broken, run.key, "me")
    watched.settle()
    assert "No right to read." in str(watched.alert["blocks"]) and buttons(watched.alert) == ["Run again"]
    watched.press(alerts.RUN, "U0LEE")
    assert [r.key for r in watched.here.store.runs.waiting()] == [run.key] and buttons(watched.alert) == []


def test_a_dismissed_alert_says_by_whom_and_comes_no_more_that_day(watched: Watched) -> None:
    watched.come(20, NOW - HOUR)
    watched.check()
    watched.press(alerts.DISMISS)
    assert "dismissed by" in str(watched.alert["blocks"]) and buttons(watched.alert) == []
    watched.come(50, NOW)
    watched.check(NOW + HOUR)
    assert len(watched.here.slack.posted()) == 1 and "50" not in watched.alert["text"]


def test_a_muted_area_is_quiet_for_a_week_unless_it_is_unmuted(watched: Watched) -> None:
    watched.come(20, NOW - HOUR)
    watched.check()
    watched.press(alerts.MUTE)
    assert "quiet until" in str(watched.alert["blocks"]) and buttons(watched.alert) == ["Run now", "Unmute"]
    later = NOW + 2 * DAY
    watched.come(60, later - HOUR)
    watched.check(later)
    assert len(watched.here.slack.posted()) == 1
    watched.press(alerts.UNMUTE, "U0LEE")
    watched.check(later)
    assert len(watched.here.slack.posted()) == 2


def test_who_may_not_answer_is_told_and_so_is_who_clicks_elsewhere(watched: Watched) -> None:
    watched.come(20, NOW - HOUR)
    watched.check()
    watched.press(alerts.RUN, "U0SAM")
    assert "limited to a few people" in watched.here.whispers("U0SAM")[0]
    payload = watched.here.slack.click(watched.alert, alerts.DISMISS, "U0DANA")
    payload["channel"]["id"] = ELSEWHERE
    watched.here.store.inbox.receive("elsewhere", "click", payload)
    assert watched.desk.answer(watched.here.store.inbox.waiting()[0])
    assert watched.here.store.runs.waiting() == [] and watched.here.store.inbox.waiting() == []
    assert [e.action for e in watched.here.store.audit.recent() if e.action != "not told"] == ["denied"]


def test_what_is_no_click_on_an_alert_is_for_another_desk(watched: Watched) -> None:
    watched.come(20, NOW - HOUR)
    watched.check()
    payload = watched.here.slack.click(watched.alert, alerts.DISMISS, "U0DANA")
    for spoilt in ({"action_id": "approve"}, {"value": "{}"}, {"value": "[1]"}, {"value": "x"}):
        told = {**payload, "actions": [{**payload["actions"][0], **spoilt}]}
        watched.here.store.inbox.receive(str(spoilt), "click", told)
    assert not any(watched.desk.answer(e) for e in watched.here.store.inbox.waiting())


@pytest.mark.parametrize("auto", [False, True])
def test_a_run_starts_by_itself_where_that_is_configured_and_never_else(watched: Watched, auto: bool) -> None:
    watched.come(20, NOW - HOUR)
    watched.lookout = Lookout(watched.parts, Rule(), watched.board.act, auto_run=auto)
    watched.check()
    watched.check()
    assert len(watched.here.store.runs.waiting()) == int(auto)


def test_serve_looks_after_each_reading_once_an_hour_and_a_fault_of_it_stops_nothing(watched: Watched) -> None:
    here, desk = watched.here, cast("HelpDesk", watched.parts.desks["zendesk"])
    service = Service(watched.parts, here.ledger, Times("off", "UTC", 60), "me:1", (watched.board,), (watched.desk,))
    desk.tickets = some(20, NOW - HOUR)
    service.sync()
    assert service.carry_on_one()
    assert here.store.spikes.latest(NOW) == {}  # nobody is told of spikes here
    service.lookout = watched.lookout
    here.clock.at = NOW + HOUR
    service.sync()
    assert service.carry_on_one() and service.send_due() == 1
    assert len(here.slack.posted()) == 1 and service.redraw() == 1
    here.clock.at = NOW + HOUR + timedelta(minutes=30)
    before = here.store.spikes.latest(NOW)
    watched.come(30, NOW)
    service.look_out()
    assert here.store.spikes.latest(NOW) == before  # the same whole hours
    service.lookout = Lookout(replace(watched.parts, embedder=Broken()), Rule(), watched.board.act)
    here.clock.at = NOW + 2 * HOUR
    service.sync()
    assert service.carry_on_one() and not service.carry_on_one()


@pytest.fixture
def log() -> Iterator[None]:
    """Commands take the log over, as their processes may."""
    handlers = logging.getLogger().handlers[:]
    yield
    logging.getLogger().handlers[:] = handlers
    structlog.reset_defaults()


def test_the_command_shows_what_is_seen_and_tells_slack_only_when_asked(tmp_path: Path, log: None) -> None:
    with scene(tmp_path) as here:
        now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        made = Watched(here, parts(here))
        past = [now - week * 7 * DAY - hours * HOUR for week in range(1, 9) for hours in (1, 2)]
        made.take([t for at in past for t in some(2, at)] + some(20, now - HOUR))
        settings = tmp_path / "config.yaml"
        desk = {"subdomain": "acme", "token": "t", "email": "bot@acme.example"}
        slack = {"token": TOKEN, "channel": CHANNEL, "base_url": here.slack.base_url, "mode": "http"}
        told = {
            "workspace": {"name": WORKSPACE},
            "sources": {"zendesk": desk},
            "slack": {**slack, "signing_secret": "s", "approvers": ["U0DANA"]},
            "storage": {"database": here.store.url},
            "output": {"cache": str(tmp_path / "vectors.db")},
            "network": {"allow_private": True},
        }
        settings.write_text(json.dumps(told))
        seen = CliRunner().invoke(app, ["spike", "check", "-c", str(settings)])
        assert seen.exit_code == 0 and "SPIKE  area Auth: 20 tickets" in seen.output and here.slack.requests == []
        assert (
            CliRunner().invoke(app, ["spike", "check", "--post", "-c", str(settings)]).exit_code == 2
        )  # not confirmed
        said = CliRunner().invoke(app, ["spike", "check", "--post", "--yes", "--json", "-c", str(settings)])
        assert len(json.loads(said.stdout)["data"]["alerts"]) == 1 and len(here.slack.posted()) == 1
        settings.write_text(json.dumps({**told, "spikes": {"enabled": False}}))
        assert (
            "spikes.enabled is false"
            in CliRunner().invoke(app, ["spike", "check", "--post", "-c", str(settings)]).output
        )


# --- what is shown


@pytest.mark.parametrize("area", ["", "Auth", HOSTILE, "x" * 400])
def test_every_alert_is_one_that_slack_takes_whatever_its_area_is_called(area: str) -> None:
    spikes = tuple(
        Spike(cause, area, area, NOW - 3 * HOUR, NOW, 41, usual, 0, 9, 8, 10.0**n)
        for n, (cause, usual) in enumerate([(Cause.AREA, 2.5), (Cause.THEME, 0.0), (Cause.WORDING, 0.0)], 4)
    )
    timeline = tuple(Hour(NOW - n * HOUR, 1_000, 1.5) for n in range(72, 0, -1))
    plain = Alert("k", area, NOW, NOW - 3 * HOUR, NOW, spikes, timeline)
    said = [
        plain,
        replace(plain, closed_at=NOW),
        replace(plain, spikes=spikes[1:]),
        replace(plain, spikes=spikes[2:], timeline=()),
        replace(plain, dismissed_by="slack:U0DANA", muted_by="cli:<!channel>", muted_until=NOW),
    ]
    for told in said:
        for run in (
            RunOf(),
            RunOf("running"),
            RunOf("posted", "https://x.example/a|b"),
            RunOf("failed", why="<!here>"),
        ):
            assert limits.problems(alerts.alert(told, run, "Europe/London")) == []
    assert "in all" in str(alerts.alert(plain, RunOf(), "UTC"))
    assert "in the last three days" in str(alerts.alert(replace(plain, since=NOW - 100 * HOUR), RunOf(), "UTC"))


def test_how_rare_it_is_is_said_in_years_of_checks() -> None:
    spike = Spike(Cause.AREA, "a", "a", NOW, NOW, 1, 1.0, 1, 1, 8, 4.1 * 8_766)
    assert "once in about 4 years" in alerts.rarity(spike)
    assert "less than once in 100 years" in alerts.rarity(replace(spike, once_in=1e9))
    assert "about a year" in alerts.rarity(replace(spike, once_in=9_000.0))


def test_where_nobody_may_click_there_are_no_buttons(watched: Watched) -> None:
    watched.come(20, NOW - HOUR)
    (opened,) = watched.check()
    shown = alerts.alert(opened, RunOf(), "UTC", deciders=False)
    assert not any(block["type"] == "actions" for block in shown.blocks)
    run_from(watched.parts, opened, "cli:dana")
    assert run_from(watched.parts, opened, "cli:lee").key == watched.here.store.runs.waiting()[0].key
