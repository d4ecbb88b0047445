"""What is kept for a time only, and what goes at once when a ticket is erased, wherever its words stand."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.acts import Act, Receipt
from bot.domain import Customer, Page, Ticket, Window
from bot.runs.reading import Reading
from bot.store import Kept, Store
from bot.store.schema import inbox
from bot.store.withdrawal import WITHDRAWN
from bot.synthesis.rules import Rules
from tests.databases import Clock, Fresh
from tests.spine import scene
from tests.test_service import Hashed, HelpDesk, serving
from tests.tickets import NOON, ticket

SORROW = "The wedding photos of my daughter are gone and nobody answers"
KEPT = Kept(texts=180, answers=90, clicks=7, sent=395)


def filled(store: Store, clock: Clock) -> None:
    """A ticket of now, an answer of a model, an answered click, and something that was sent."""
    store.tickets.take("file", Page((ticket("a", SORROW, created_at=clock(), updated_at=clock()),)))
    store.answers.keep("k1", "m", json.dumps({"problem": f"They say: {SORROW}."}), 10, 2, 0.5)
    store.inbox.receive("e1", "click", {"message": {"text": f"> {SORROW}"}})
    store.inbox.answered("e1", "approved")
    store.effects.plan([Act("p" * 64, "slack.digest", "C1", {"text": SORROW})], run_key=None)
    store.effects.done("p" * 64, Receipt("1.0"))


@pytest.mark.parametrize(
    ("days", "gone"),
    [
        (6, {}),
        (8, {"clicks": 1}),
        (91, {"clicks": 1, "answers": 1}),
        (181, {"clicks": 1, "answers": 1, "texts": 1}),
        (396, {"clicks": 1, "answers": 1, "texts": 1, "sent": 1}),
    ],
)
def test_each_thing_is_let_go_after_its_own_days_and_no_sooner(
    database: Fresh, days: int, gone: dict[str, int]
) -> None:
    clock = Clock(NOON)
    store = database.open(clock=clock)
    filled(store, clock)
    clock.passes(days * 86_400)
    assert {name: count for name, count in store.age(KEPT).items() if count} == gone
    assert not any(store.age(KEPT).values())  # twice is once
    assert [t.body for t in store.tickets.between(None, None)] == ["" if "texts" in gone else SORROW]
    effect = store.effects.get("p" * 64)
    assert effect is not None and effect.receipt == Receipt("1.0") and bool(effect.act.payload) == ("sent" not in gone)


def frozen(store: Store, *tickets: Ticket) -> int:
    store.runs.ask("k", "manual", {})
    fence = store.runs.lease("k", "me", 60)
    assert fence is not None
    customers = {t.id: Customer("c", "Globex") for t in tickets}
    window = Window(NOON, NOON + timedelta(days=1), "UTC", "a day")
    store.runs.freeze("k", fence, Reading(tickets, (), (), (), window, customers), Rules(), {})
    return fence


def test_what_a_young_run_or_one_that_is_under_way_reads_stays(database: Fresh) -> None:
    clock = Clock(NOON)
    store = database.open(clock=clock)
    filled(store, clock)
    clock.passes(150 * 86_400)
    fence = frozen(store, *store.tickets.between(None, None))
    clock.passes(200 * 86_400)
    assert store.age(KEPT)["texts"] == 0  # under way still
    clock.passes(-199 * 86_400)
    store.runs.fail("k", fence, "no more")
    clock.passes(100 * 86_400)
    assert store.age(KEPT)["texts"] == 0  # asked for 101 days ago
    clock.passes(100 * 86_400)
    assert store.age(KEPT)["texts"] == 1


@pytest.mark.parametrize("how", ["erase", "tombstone", "struck"])
def test_an_erased_ticket_leaves_a_models_answers_and_waiting_clicks_and_nothing_else_does(
    database: Fresh, how: str
) -> None:
    clock = Clock(NOON)
    store = database.open(clock=clock)
    filled(store, clock)
    others = json.dumps({"problem": "They say: the wedding photos are all there."})
    store.answers.keep("k2", "m", others, 10, 2, 0.25)
    waiting = {"message": {"blocks": [{"text": f"> {SORROW.upper()}!"}, {"text": "Exports hang"}]}, "user": "U0DANA"}
    store.inbox.receive("e2", "click", waiting)
    ways: dict[str, Callable[[], object]] = {
        "erase": lambda: store.tickets.erase(["file:a"]),
        "tombstone": lambda: store.tickets.take("file", Page((), tombstones=("file:a",))),
        "struck": lambda: store.tickets.take(
            "file", Page((ticket("a", "▇▇▇", updated_at=clock()),), struck=("file:a",))
        ),
    }
    ways[how]()
    assert (store.answers.get("k1"), store.answers.get("k2")) == ("", others)
    (event,) = store.inbox.waiting()
    assert event.payload == {"message": {"blocks": [{"text": WITHDRAWN}, {"text": "Exports hang"}]}, "user": "U0DANA"}
    store.answers.keep("k1", "m", '{"problem": "asked again"}', 10, 2, 0.5)  # what was emptied is asked for again
    assert store.answers.get("k1") == '{"problem": "asked again"}'
    assert store.answers.spent(NOON - timedelta(days=1)) == 1.25


def test_serve_lets_go_by_itself_at_its_start_and_a_day_later_and_not_in_between(tmp_path: Path) -> None:
    with scene(tmp_path) as here:
        service = serving(here, HelpDesk(), Hashed())
        service.kept = replace(KEPT, clicks=1)
        left = []
        for hours in (25, 2, 23):
            here.store.inbox.receive(f"e{hours}", "click", {})
            here.store.inbox.answered(f"e{hours}", "approved")
            here.clock.passes(hours * 3600 + 1)
            service.tick()
            left.append(_clicks(here.store))
    assert left == [0, 1, 1]  # the second waits for its day; the third is a day old then


def _clicks(store: Store) -> int:
    with store._database.reading() as connection:
        return len(connection.execute(select(inbox.c.number)).all())
