"""Spikes in the store: tickets counted by hour and area in one query, and alerts that two checks can't double."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.acts import Act, EffectState, Receipt
from bot.domain import Page, Requester, Ticket
from bot.spikes import HOUR, Alert, Cause, Hour, Spike
from bot.store import Store
from tests.databases import Clock, Fresh, at_once

NOON = datetime(2026, 11, 18, 12, tzinfo=UTC)
SPIKE = Spike(Cause.AREA, "auth", "auth", NOON - 2 * HOUR, NOON, 41, 12.0, 6, 19, 8, 90_000.0)
ALERT = Alert("auth@2026-11-18T12", "auth", NOON, NOON - 2 * HOUR, NOON, (SPIKE,), (Hour(NOON - HOUR, 30, 4.0),))
DANA = "slack:U0DANA"


def act(alert: Alert = ALERT) -> Act:
    return Act(f"key of {alert.key}", "slack.alert", "C0PRODUCT1", {"text": "41 tickets"})


def opened(database: Fresh, at: datetime = NOON) -> Store:
    return database.open(clock=Clock(at))


def ticket(number: int, at: datetime | None, area: str | None = None, **more: bool) -> Ticket:
    who = Requester(id=f"r{number}", staff=more.get("staff", False))
    return Ticket("zendesk", str(number), "s", "b", requester=who, created_at=at, area=area)


def test_tickets_are_counted_by_the_hour_and_area_and_those_of_staff_or_deleted_are_not(database: Fresh) -> None:
    store = opened(database)
    some = [
        ticket(1, NOON, 'a "quoted" area'),
        ticket(2, NOON + timedelta(minutes=59), 'a "quoted" area'),
        ticket(3, NOON + HOUR),
        ticket(4, NOON, staff=True),
        ticket(5, NOON - timedelta(microseconds=1), "auth"),
        ticket(6, NOON + 2 * HOUR, "auth"),  # the end is exclusive
        ticket(7, None, "auth"),
        ticket(8, NOON, "auth"),
    ]
    store.tickets.take("zendesk", Page(tuple(some)))
    store.tickets.take("zendesk", Page((), tombstones=("zendesk:8",)))
    store.tickets.take("other", Page((replace(ticket(9, NOON), source="other"),)))
    counted = store.spikes.counted(["zendesk"], NOON - HOUR, NOON + 2 * HOUR)
    assert counted == {'a "quoted" area': {NOON: 2}, "": {NOON + HOUR: 1}, "auth": {NOON - HOUR: 1}}


def test_an_alert_comes_back_as_it_was_and_is_planned_once_with_its_drawing(database: Fresh) -> None:
    store = opened(database)
    store.spikes.keep(ALERT, act())
    assert store.spikes.get(ALERT.key) == ALERT and store.spikes.latest(NOON) == {"auth": ALERT}
    (effect,) = store.effects.in_state(EffectState.PENDING)
    assert effect.act.kind == "slack.alert" and effect.run_key == ALERT.key
    store.effects.done(effect.act.key, Receipt("1.1"))
    (drawing,) = store.drawings.due("slack.alert")
    store.drawings.drawn(drawing.effect_key, drawing.wanted)
    later = replace(ALERT, seen_at=NOON + HOUR, timeline=(*ALERT.timeline, Hour(NOON, 11, 5.0)))
    store.spikes.keep(later, act())
    assert store.spikes.get(ALERT.key) == later and len(store.drawings.due("slack.alert")) == 1
    assert store.effects.in_state(EffectState.PENDING) == []


def test_of_two_checks_that_find_a_spike_at_once_one_posts_it(database: Fresh) -> None:
    store, other = opened(database), opened(database)
    second = replace(ALERT, key="auth@2026-11-18T13", opened_at=NOON + HOUR)
    kept = at_once(2, lambda n: other.spikes.keep(second, act(second)) if n else store.spikes.keep(ALERT, act()))
    assert sorted(kept) == [False, True]
    assert len(store.effects.in_state(EffectState.PENDING)) == 1
    elsewhere = replace(ALERT, key="billing@2026-11-18T12", place="billing")
    store.spikes.keep(elsewhere, act(elsewhere))
    assert len(store.effects.in_state(EffectState.PENDING)) == 2
    assert len(store.spikes.latest(NOON)) == 2


def test_a_check_changes_nothing_of_what_people_said(database: Fresh) -> None:
    store = opened(database)
    store.spikes.keep(ALERT, act())
    assert store.spikes.started(ALERT.key, DANA, "spike:auth") and not store.spikes.started(
        ALERT.key, "slack:U0LEE", "x"
    )
    assert not store.spikes.dismiss(ALERT.key, DANA)  # its run is under way
    assert store.spikes.mute(ALERT.key, DANA, timedelta(days=7)) and not store.spikes.mute(ALERT.key, DANA, HOUR)
    store.spikes.keep(replace(ALERT, closed_at=NOON + HOUR), act())
    told = store.spikes.get(ALERT.key)
    assert told is not None and (told.run_by, told.run_key, told.muted_until) == (
        DANA,
        "spike:auth",
        NOON + timedelta(7),
    )
    assert told.closed_at == NOON + HOUR
    assert [e.action for e in store.audit.recent()] == ["spike muted", "spike run"]


def test_an_area_is_quiet_until_its_mute_is_over_and_a_day_after_an_alert(database: Fresh) -> None:
    store = opened(database)
    store.spikes.keep(replace(ALERT, closed_at=NOON + HOUR), act())
    assert set(store.spikes.latest(NOON + timedelta(hours=23))) == {"auth"}
    assert store.spikes.latest(NOON + timedelta(hours=25)) == {}
    store.spikes.mute(ALERT.key, DANA, timedelta(days=7))
    assert set(store.spikes.latest(NOON + timedelta(days=6))) == {"auth"}
    assert store.spikes.latest(NOON + timedelta(days=8)) == {}
    assert store.spikes.unmute(ALERT.key, DANA) and not store.spikes.unmute(ALERT.key, DANA)
    assert store.spikes.latest(NOON + timedelta(days=6)) == {}


def test_what_a_message_says_of_its_run_is_drawn_anew_when_it_changes_and_only_then(database: Fresh) -> None:
    store = opened(database)
    store.spikes.keep(ALERT, act())
    store.effects.done(act().key, Receipt("1.1"))
    store.spikes.started(ALERT.key, DANA, "spike:auth")
    (drawing,) = store.drawings.due("slack.alert")
    store.drawings.drawn(drawing.effect_key, drawing.wanted)
    ((running, told),) = store.spikes.running()
    assert running.run_key == "spike:auth" and told == ""
    store.spikes.told(ALERT.key, "running")
    assert len(store.drawings.due("slack.alert")) == 1 and len(store.spikes.running()) == 1
    (drawing,) = store.drawings.due("slack.alert")
    store.drawings.drawn(drawing.effect_key, drawing.wanted)
    store.spikes.told(ALERT.key, "running")
    assert store.drawings.due("slack.alert") == []
    store.spikes.told(ALERT.key, "posted")
    assert len(store.drawings.due("slack.alert")) == 1 and store.spikes.running() == []
