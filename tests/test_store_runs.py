"""Runs in the store: one holder at a time, each step whole or absent, and what was frozen stays as it was."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter
from sqlalchemy import text

from bot.acts import Act, Decision, EffectState, Receipt, Verdict
from bot.digest import Reading
from bot.domain import Customer, Digest, Page, Reject, Severity, Warned, Window
from bot.store import Fenced, KnownTheme, Run, RunState, Store
from bot.store.encoding import fit
from bot.synthesis.rules import Rules, SeverityRule
from bot.window import between
from tests.databases import Clock, Fresh, at_once, engine_of, every_boundary
from tests.digests import empty_digest, large_digest, sample_digest, small_digest
from tests.tickets import NOON, known, ticket

MINUTE = timedelta(minutes=1)
RULES = Rules(
    min_tickets=7,
    show=6,
    timezone="Europe/Berlin",
    severity_rules=(SeverityRule(Severity.P0, "fire", r"\bfire\b"),),
    weights={Severity.P1: 9, Severity.P0: 10},
)


def reading(*keys: str, window: Window | None = None) -> Reading:
    return Reading(
        tickets=tuple(ticket(k, f"body of {k}", subject=f"subject of {k}", tags=("a", "b")) for k in keys),
        left_out=((ticket("out2"), "outside the window"), (ticket("out1", "x"), "written by staff")),
        rejects=(Reject("line 3", "no id"), Reject("line 2", "no id")),
        warnings=(Warned("z", "Last."), Warned("a", "First.")),
        window=window or Window(NOON, NOON + timedelta(days=1), "UTC", "a day"),
        customers=known(**dict.fromkeys(keys, "Globex"), out1="?x"),
    )


def leased(store: Store, key: str = "k", owner: str = "me") -> int:
    store.runs.ask(key, "manual", {})
    fence = store.runs.lease(key, owner, 60)
    assert fence is not None
    return fence


# --- asking


def test_a_run_is_asked_for_once_and_keeps_what_it_was_asked(database: Fresh) -> None:
    clock = Clock()
    store = database.open(clock=clock)
    run, new = store.runs.ask("k", "monthly", {"window": {"start": None}, "post": True})
    clock.passes(60)
    again, newer = store.runs.ask("k", "manual", {"other": 1})
    assert (new, newer) == (True, False) and run == again == store.runs.get("k")
    asked = {"window": {"start": None}, "post": True}
    assert run == Run("k", "monthly", asked, RunState.WAITING, "", None, 0, None, 0, None, NOON, None, None)


def test_a_run_asked_for_by_twenty_at_once_is_new_to_one(database: Fresh) -> None:
    store = database.open()
    told = at_once(20, lambda n: store.runs.ask("k", "manual", {"n": n}))
    assert [new for _, new in told].count(True) == 1
    assert len({run.asked["n"] for run, _ in told}) == 1


def test_a_failed_run_that_is_asked_for_again_goes_on_after_its_last_step(database: Fresh) -> None:
    clock = Clock()
    store = database.open(clock=clock)
    fence = leased(store)
    store.runs.advance("k", fence, "synced")
    store.runs.fail("k", fence, "Zendesk is away.")
    failed = store.runs.get("k")
    assert (failed.state, failed.error, failed.finished_at) == (RunState.FAILED, "Zendesk is away.", clock.at)
    assert store.runs.waiting() == [] and store.runs.lease("k", "me", 60) is None
    run, new = store.runs.ask("k", "manual", {})
    assert not new and (run.state, run.step, run.error, run.finished_at) == (RunState.WAITING, "synced", None, None)
    assert store.runs.lease("k", "me", 60) == fence + 1
    assert store.runs.get("k").attempt == 1  # counted anew: giving up is about this time of asking


def test_runs_are_listed_newest_first_and_the_latest_is_one_that_is_done(database: Fresh) -> None:
    store = database.open(clock=Clock())
    for key, kind in (("b", "monthly"), ("a", "manual"), ("c", "manual"), ("d", "monthly")):
        store.runs.ask(key, kind, {})
    for key in ("b", "a"):
        store.runs.finish(key, store.runs.lease(key, "me", 60))
    store.runs.fail("d", store.runs.lease("d", "me", 60), "no")
    assert [r.key for r in store.runs.recent()] == ["d", "c", "a", "b"]
    assert [r.key for r in store.runs.recent(2)] == ["d", "c"]
    assert store.runs.latest().key == "a" and store.runs.latest("monthly").key == "b"
    assert store.runs.first("manual").key == "a" and store.runs.first("monthly").key == "b"
    assert store.runs.first("spike") is None
    assert store.runs.latest(but="manual").key == "b" and store.runs.latest("manual", but="manual") is None
    assert [r.key for r in store.runs.recent(2, but="monthly")] == ["c", "a"]
    assert store.runs.latest("spike") is None and store.runs.get("unknown") is None


# --- holding


def test_a_run_is_held_by_one_until_its_lease_is_over(database: Fresh) -> None:
    clock = Clock()
    store = database.open(clock=clock)
    store.runs.ask("k", "manual", {})
    assert store.runs.lease("k", "one", 60) == 1
    held = store.runs.get("k")
    assert (held.state, held.owner, held.attempt, held.started_at) == (RunState.RUNNING, "one", 1, NOON)
    assert held.lease_until == NOON + MINUTE
    assert store.runs.lease("k", "two", 60) is None and store.runs.waiting() == []
    clock.passes(59.999999)
    assert store.runs.lease("k", "two", 60) is None
    assert store.runs.renew("k", 1, 60)
    clock.passes(59)
    assert store.runs.lease("k", "two", 60) is None
    clock.passes(1)
    assert [r.key for r in store.runs.waiting()] == ["k"]
    assert store.runs.lease("k", "two", 60) == 2
    assert not store.runs.renew("k", 1, 60) and store.runs.renew("k", 2, 60)
    assert store.runs.lease("unknown", "me", 60) is None


def test_a_run_taken_by_twenty_at_once_is_held_by_one_each_time_it_is_free(database: Fresh) -> None:
    clock = Clock()
    store = database.open(clock=clock)
    store.runs.ask("k", "manual", {})
    for fence in range(1, 5):
        won = at_once(20, lambda n: store.runs.lease("k", f"p{n}", 60))
        assert [f for f in won if f] == [fence]
        clock.passes(60)


def test_by_default_a_lease_is_over_by_the_databases_own_clock(database: Fresh) -> None:
    store = database.open()
    store.runs.ask("k", "manual", {})
    assert store.runs.lease("k", "one", 0.05) == 1
    time.sleep(0.06)
    assert store.runs.lease("k", "two", 60) == 2
    assert store.runs.lease("k", "one", 60) is None


def test_a_run_that_is_given_back_is_taken_at_once(database: Fresh) -> None:
    store = database.open(clock=Clock())
    fence = leased(store)
    store.runs.release("k", fence + 1)
    assert store.runs.waiting() == []
    store.runs.release("k", fence)
    back = store.runs.get("k")
    assert (back.state, back.owner, back.lease_until) == (RunState.WAITING, None, None)
    assert store.runs.lease("k", "another", 60) == fence + 1


def test_a_run_that_is_over_is_not_given_back_nor_taken(database: Fresh) -> None:
    store = database.open(clock=Clock())
    fence = leased(store)
    store.runs.finish("k", fence)
    store.runs.release("k", fence)
    done = store.runs.get("k")
    assert (done.state, done.finished_at, done.lease_until) == (RunState.DONE, NOON, None)
    assert store.runs.lease("k", "me", 60) is None and not store.runs.renew("k", fence, 60)
    assert store.runs.ask("k", "manual", {})[0] == done


WRITES = {
    "advance": lambda runs, fence: runs.advance("k", fence, "posted"),
    "freeze": lambda runs, fence: runs.freeze("k", fence, reading("late"), Rules(), {"late": 1}),
    "conclude": lambda runs, fence: runs.conclude("k", fence, small_digest(), {}, [Act("late", "x.y", "z", {})]),
    "finish": lambda runs, fence: runs.finish("k", fence),
    "fail": lambda runs, fence: runs.fail("k", fence, "late"),
}


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("how", ["taken", "released", "done", "never held", "unknown"])
def test_who_does_not_hold_the_run_writes_nothing(database: Fresh, write: str, how: str) -> None:
    clock = Clock()
    store = database.open(clock=clock)
    if how != "unknown":
        fence = leased(store)
        store.runs.freeze("k", fence, reading("a"), RULES, {"mine": 1})
        store.runs.conclude("k", fence, sample_digest(), {}, [])
    if how == "taken":
        clock.passes(60)
        store.runs.lease("k", "another", 60)
    elif how == "released":
        store.runs.release("k", fence)
    elif how == "done":
        store.runs.finish("k", fence)
    elif how == "never held":
        fence += 1
    before = everything(store)
    with pytest.raises(Fenced):
        WRITES[write](store.runs, 1 if how == "unknown" else fence)
    assert everything(store) == before


def everything(store: Store) -> tuple[object, ...]:
    return (
        store.runs.get("k"),
        store.runs.frozen("k"),
        store.runs.digest("k"),
        store.runs.lineage("not"),
        store.effects.in_state(EffectState.PENDING),
    )


def test_an_expired_lease_that_nobody_took_still_holds(database: Fresh) -> None:
    clock = Clock()
    store = database.open(clock=clock)
    fence = leased(store)
    clock.passes(999)
    store.runs.advance("k", fence, "synced")
    assert store.runs.get("k").step == "synced"


# --- frozen


def test_what_was_frozen_comes_back_the_same_in_the_same_order(database: Fresh) -> None:
    store = database.open()
    fence = leased(store)
    given = reading("b", "a", "10", "9")
    store.runs.freeze("k", fence, given, RULES, {"known": [["t", "r"]], "n": 1.5})
    assert store.runs.frozen("k") == (given, RULES, {"known": [["t", "r"]], "n": 1.5})
    assert store.runs.get("k").step == "frozen"
    assert store.runs.frozen("unknown") is None
    assert list(store.runs.frozen("k")[1].weights) == [Severity.P1, Severity.P0]


def test_a_run_that_is_frozen_again_forgets_what_it_had(database: Fresh) -> None:
    store = database.open()
    fence = leased(store)
    store.runs.freeze("k", fence, reading("a", "b", "c"), RULES, {"n": 1})
    store.runs.conclude("k", fence, sample_digest(), {}, [])
    store.runs.freeze("k", fence, reading("c", "d"), Rules(), {"n": 2})
    assert store.runs.frozen("k") == (reading("c", "d"), Rules(), {"n": 2})
    assert store.runs.digest("k") is None and store.runs.lineage("not") == []


def test_an_empty_reading_can_be_frozen(database: Fresh) -> None:
    store = database.open()
    nothing = Reading((), (), (), (), Window(None, None, "UTC", "dates not known"), {})
    store.runs.freeze("k", leased(store), nothing, Rules(), {})
    assert store.runs.frozen("k") == (nothing, Rules(), {})


def test_a_ticket_without_a_customer_and_a_customer_without_a_ticket_do_no_harm(database: Fresh) -> None:
    store = database.open()
    given = replace(
        reading("a"), customers={"file:a": Customer("c", "C", ("domain", "name")), "file:gone": Customer("d", "D")}
    )
    store.runs.freeze("k", leased(store), given, Rules(), {})
    assert store.runs.frozen("k")[0].customers == {"file:a": Customer("c", "C", ("domain", "name"))}


def test_a_month_in_which_the_clocks_change_keeps_its_days(database: Fresh) -> None:
    """Python counts the days of a window in one zone by the wall clock; as two offsets they would be an hour more."""
    store = database.open()
    october = between(
        datetime(2026, 10, 1, tzinfo=UTC).date(), datetime(2026, 10, 31, tzinfo=UTC).date(), "Europe/Berlin"
    )
    fence = leased(store)
    store.runs.freeze("k", fence, reading("a", window=october), Rules(), {})
    back = store.runs.frozen("k")[0].window
    assert back == october and back.days == october.days == 31.0
    assert back.start.tzinfo == ZoneInfo("Europe/Berlin")
    store.runs.conclude("k", fence, replace(small_digest(), window=october), {}, [])
    assert store.runs.digest("k").window.days == 31.0


@pytest.mark.parametrize("zone", ["Nowhere/Land", "", "../etc", "Europe/Berlin"])
def test_a_window_whose_zone_is_unknown_or_another_keeps_its_offsets(database: Fresh, zone: str) -> None:
    store = database.open()
    odd = timezone(timedelta(hours=9, minutes=30))
    window = Window(datetime(2026, 10, 1, tzinfo=odd), datetime(2026, 11, 1, tzinfo=odd), zone, "odd")
    store.runs.freeze("k", leased(store), reading("a", window=window), Rules(), {})
    back = store.runs.frozen("k")[0].window
    assert back == window and back.start.utcoffset() == timedelta(hours=9, minutes=30)


def test_ten_thousand_tickets_are_frozen_and_concluded(database: Fresh) -> None:
    store = database.open()
    digest = large_digest()
    keys = [m for t in digest.themes for m in t.members] + [x.ticket_id for x in digest.not_a_theme]
    given = replace(reading(*keys), left_out=(), customers={f"file:{k}": Customer(k, k) for k in keys})
    fence = leased(store)
    store.runs.freeze("k", fence, given, Rules(), {})
    store.runs.conclude("k", fence, digest, {}, [])
    assert store.runs.frozen("k")[0] == given
    assert sum(len(k.members) for k in store.runs.lineage("not")) == digest.totals.in_themes


_TEXTS = st.text(max_size=20)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(
    st.lists(
        st.builds(
            ticket,
            st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=8),
            _TEXTS,
            subject=_TEXTS,
            created_at=st.none() | st.datetimes(timezones=st.just(UTC)),
            tags=st.lists(_TEXTS, max_size=3).map(tuple),
        ),
        unique_by=lambda t: t.id,
        max_size=12,
    ),
    st.integers(0, 12),
)
def test_any_reading_comes_back_as_it_was_frozen(database: Fresh, tickets: list, cut: int) -> None:
    store = database.stores[0] if database.stores else database.open()
    fence = store.runs.get("k").fence if store.runs.get("k") else leased(store)

    def made_fit(t):
        return replace(t, subject=fit(t.subject), body=fit(t.body), tags=tuple(map(fit, t.tags)))

    fits = [made_fit(t) for t in tickets]
    kept, left = tuple(fits[:cut]), tuple((t, f"why {n}") for n, t in enumerate(fits[cut:]))
    window = Window(None, None, "UTC", "all")
    given = Reading(kept, left, (), (), window, {t.id: Customer(t.key, t.key) for t in fits})
    raw = replace(given, tickets=tuple(tickets[:cut]))
    store.runs.freeze("k", fence, raw, Rules(), {})
    assert store.runs.frozen("k") == (given, Rules(), {})


# --- concluded


@pytest.mark.parametrize("make", [sample_digest, small_digest, empty_digest])
def test_a_digest_comes_back_the_same(database: Fresh, make) -> None:
    store = database.open()
    digest = made_fit(make())
    fence = leased(store)
    store.runs.freeze("k", fence, reading("a"), Rules(), {})
    store.runs.conclude("k", fence, digest, {}, [])
    assert store.runs.digest("k") == digest
    assert store.runs.get("k").step == "digested"
    assert store.runs.digest("unknown") is None
    for theme, back in zip(digest.themes, store.runs.digest("k").themes, strict=True):
        assert list(back.counts.by_source) == list(theme.counts.by_source)  # the order in which they are printed


def made_fit(value):
    """The value with its texts as the store keeps them."""
    if isinstance(value, Digest):
        told = TypeAdapter(Digest).dump_python(value, mode="json")
        return TypeAdapter(Digest).validate_python(made_fit(told))
    if isinstance(value, str):
        return fit(value)
    if isinstance(value, dict):
        return {made_fit(k): made_fit(v) for k, v in value.items()}
    return [made_fit(each) for each in value] if isinstance(value, list) else value


def test_a_digest_of_an_older_version_still_loads(database: Fresh) -> None:
    """It lacks fields that have a default by now, and has one that is gone."""
    store = database.open()
    fence = leased(store)
    store.runs.freeze("k", fence, reading("a"), Rules(), {})
    store.runs.conclude("k", fence, made_fit(sample_digest()), {}, [])
    with engine_of(store).begin() as connection:
        told = json.loads(connection.scalar(text("SELECT digest FROM digest")))
        del told["dots"], told["making"]["other_language_share"], told["items"][0]["revision"]
        told["items"][0]["revision_of_old"] = 3
        connection.execute(text("UPDATE digest SET digest = :told"), {"told": json.dumps(told)})
    back = store.runs.digest("k")
    assert back.dots == () and back.items[0].revision == 1 and back.themes == made_fit(sample_digest()).themes


def test_what_is_concluded_is_planned_once_and_drawn_where_it_is_posted(database: Fresh) -> None:
    store = database.open(clock=Clock())
    fence = leased(store)
    theme = sample_digest().themes[2].id
    post, reply = Act("p", "slack.digest", "C", {}), Act("q", "slack.reply", "C", {"theme_id": theme}, after="p")
    other = Act("o", "jira.issue", "BILL", {})
    store.runs.freeze("k", fence, reading("a"), Rules(), {})
    for _ in range(2):
        store.runs.conclude("k", fence, sample_digest(), {}, [post, reply, other])
    told = [(e.act.key, e.run_key, e.theme_id) for e in store.effects.of_run("k")]
    assert told == [("p", "k", None), ("q", "k", theme), ("o", "k", None)]
    store.drawings.touch(theme)
    for key in "pqo":
        store.effects.begin(key, 0, {}, NOON)
    for key in "pqo":
        store.effects.done(key, Receipt(f"ts-{key}"))
    assert [(d.effect_key, d.wanted) for d in store.drawings.due()] == [("p", 2), ("q", 1)]


# --- lineage


def with_window(digest: Digest, month: int) -> Reading:
    keys = [m for t in (*digest.themes, *digest.further_themes) for m in t.members]
    start = datetime(2026, month, 1, tzinfo=UTC)
    return replace(reading(*keys, window=Window(start, start + timedelta(days=30), "UTC", "m")), left_out=())


def test_known_themes_come_with_their_tickets_and_centres_newest_window_first(database: Fresh) -> None:
    clock = Clock()
    store = database.open(clock=clock)
    digest = sample_digest()
    themes = (*digest.themes, *digest.further_themes)
    centroids = {themes[0].id: [0.1, 1 / 3, -1e-300], themes[1].id: (1.0,)}
    for key, month in (("june", 6), ("august", 8), ("july", 7)):
        clock.passes(60)
        fence = leased(store, key)
        store.runs.freeze(key, fence, with_window(digest, month), Rules(), {})
        store.runs.conclude(key, fence, digest, centroids, [])
    leased(store, "empty")
    found = store.runs.lineage("july")
    assert [k.run_key for k in found] == ["august"] * len(themes) + ["june"] * len(themes)
    ends = datetime(2026, 8, 31, tzinfo=UTC)
    members = frozenset(f"file:{m}" for m in themes[0].members)
    assert found[0] == KnownTheme(themes[0].id, "august", ends, themes[0].words.name, members, (0.1, 1 / 3, -1e-300))
    assert found[1].centroid == (1.0,) and found[2].centroid == ()
    assert {k.run_key for k in store.runs.lineage("x", ends)} == {"june", "july", "august"}
    assert {k.run_key for k in store.runs.lineage("x", ends - timedelta(microseconds=1))} == {"june", "july"}
    assert {k.run_key for k in store.runs.lineage("x", asked_before=clock.at)} == {"june", "august"}
    assert store.runs.holding(themes[-1].id) == ["june", "july", "august"]
    assert store.runs.holding("nobody's") == []


def test_members_of_a_theme_are_named_by_source_even_where_people_see_short_ids(database: Fresh) -> None:
    store = database.open()
    theme = replace(small_digest().themes[0], members=("zendesk:1", "2"))
    two = (
        replace(ticket(1), source="zendesk"),
        replace(ticket(1), source="intercom"),
        replace(ticket(2), source="intercom"),
    )
    fence = leased(store)
    store.runs.freeze("k", fence, replace(reading(), tickets=two, left_out=()), Rules(), {})
    store.runs.conclude("k", fence, replace(small_digest(), themes=(theme,), items=()), {}, [])
    assert store.runs.lineage("not")[0].members == {"zendesk:1", "intercom:2"}


def test_a_run_without_dates_is_known_last_and_to_no_moment(database: Fresh) -> None:
    store = database.open()
    for key, window in (("undated", Window(None, None, "UTC", "all")), ("dated", None)):
        fence = leased(store, key)
        store.runs.freeze(key, fence, reading("a", window=window), Rules(), {})
        store.runs.conclude(key, fence, small_digest(), {}, [])
    assert [k.run_key for k in store.runs.lineage("x")] == ["dated", "undated"]
    assert [k.run_key for k in store.runs.lineage("x", NOON + 999 * MINUTE * 60)] == ["dated"]
    assert store.runs.holding(small_digest().themes[0].id) == ["undated", "dated"]


# --- killed in the middle


def test_each_step_is_whole_or_absent_wherever_the_process_is_killed(database: Fresh) -> None:
    store = database.open()
    store.tickets.take("file", Page((ticket("a", "older text"),)))
    store.runs.ask("k", "manual", {})
    store.close()
    digest = made_fit(small_digest())

    def carry_on() -> None:
        mine = Store.open(database.url, workspace="acme")
        fence = mine.runs.lease("k", "me", 0)  # over at once: the next one takes it
        mine.runs.freeze("k", fence, reading("a", "b"), RULES, {"n": 1})
        mine.runs.conclude("k", fence, digest, {}, [Act("p", "slack.digest", "C", {})])
        mine.runs.finish("k", fence)
        mine.runs.ask("again", "manual", {})

    def check(_: int) -> None:
        mine = Store.open(database.url, workspace="acme")
        run = mine.runs.get("k")
        whole = (reading("a", "b"), RULES, {"n": 1})
        assert mine.runs.frozen("k") == (None if run.step == "" else whole)
        assert mine.runs.digest("k") == (digest if run.step == "digested" else None)
        assert (mine.effects.get("p") is not None) or run.step != "digested"
        if run.state is RunState.DONE:  # killed after the last commit that matters: begin anew
            assert run.step == "digested"
            with engine_of(mine).begin() as connection:
                connection.execute(text("UPDATE run SET state = 'WAITING'"))
        mine.close()

    assert every_boundary(carry_on, check) > 20


def test_a_decision_on_a_run_that_is_concluded_meanwhile_loses_nothing(database: Fresh) -> None:
    """The two lock the same rows from both ends."""
    store = database.open()
    digest = sample_digest()
    fence = leased(store)
    store.runs.freeze("k", fence, reading("a"), Rules(), {})
    store.runs.conclude("k", fence, digest, {}, [Act("p", "slack.digest", "C", {})])

    def one(n: int) -> None:
        if n % 2:
            theme = digest.themes[n % len(digest.themes)].id
            made = Decision(theme, 1, Verdict.REJECT, "me", NOON, "k")
            assert store.decisions.write(made) or store.decisions.of([theme])[theme]
        else:
            store.runs.conclude("k", fence, digest, {}, [Act(f"p{n}", "slack.digest", "C", {})])

    at_once(12, one)
    assert len(store.effects.of_run("k")) == 7
