"""The log of decisions, what is drawn anew after one, and the plain records."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.acts import Act, Decision, EffectState, Receipt, Verdict
from bot.digest import Reading
from bot.domain import Window
from bot.store import Drawing, Entry, Event, Store
from bot.synthesis.rules import Rules
from tests.databases import Clock, Fresh, at_once, every_boundary, in_processes, meanwhile, texts_of
from tests.digests import sample_digest
from tests.tickets import NOON

SOON = NOON + timedelta(seconds=30)


def decision(theme: str = "t", number: int = 1, verdict: Verdict = Verdict.APPROVE, **more: object) -> Decision:
    return Decision(
        **{"actor": "slack:U1", "at": NOON, "run_key": "r", **more}, theme_id=theme, number=number, verdict=verdict
    )


def act(key: str, kind: str = "jira.issue", **more: object) -> Act:
    return Act(**{"key": key, "kind": kind, "target": "BILL", "payload": {}, **more})


# --- the log


def test_a_log_comes_back_in_order_and_every_theme_asked_for_is_there(database: Fresh) -> None:
    store = database.open()
    told = [decision(number=n, note=f"n{n}", payload={"effect": "k", "z": [1]}, revision=n) for n in (1, 2, 3)]
    assert all(store.decisions.write(d) for d in (told[0], told[1], told[2]))
    assert store.decisions.write(decision("u", verdict=Verdict.REJECT))
    logs = store.decisions.of(["u", "t", "never"])
    assert logs["t"] == told and len(logs["u"]) == 1 and logs["never"] == []
    assert store.decisions.of([]) == {}


def test_a_decision_plans_its_effects_and_is_audited(database: Fresh) -> None:
    store = database.open(clock=Clock())
    assert store.decisions.write(decision(note="at last"), [act("i"), act("l", after="i")])
    assert [(e.act.key, e.run_key, e.theme_id) for e in store.effects.of_theme("t")] == [
        ("i", "r", "t"),
        ("l", "r", "t"),
    ]
    detail = {"number": 1, "run_key": "r", "note": "at last"}
    assert store.audit.recent() == [Entry(NOON, "slack:U1", "approve", "t", detail)]


def test_who_comes_second_changes_nothing(database: Fresh) -> None:
    store = database.open()
    assert store.decisions.write(decision(actor="first"), [act("a")])
    assert not store.decisions.write(decision(actor="second"), [act("b")], cancel="a")
    assert store.effects.get("b") is None
    assert store.effects.get("a").state is EffectState.PENDING
    assert [d.actor for d in store.decisions.of(["t"])["t"]] == ["first"]
    assert len(store.audit.recent()) == 1


def test_an_undo_cancels_what_was_not_sent_and_is_not_written_otherwise(database: Fresh) -> None:
    store = database.open()
    store.decisions.write(decision(), [act("a")])
    assert store.decisions.write(decision(number=2, verdict=Verdict.UNDO), cancel="a")
    assert store.effects.get("a").state is EffectState.CANCELLED
    store.decisions.write(decision(number=3), [act("b")])
    store.effects.begin("b", 0, {}, SOON)
    for key in ("b", "a", "unknown"):  # sent, cancelled before, never planned
        assert not store.decisions.write(decision(number=4, verdict=Verdict.UNDO), [act("c")], cancel=key)
    assert len(store.decisions.of(["t"])["t"]) == 3 and store.effects.get("c") is None


def test_what_hangs_on_an_undone_effect_ends_with_it(database: Fresh) -> None:
    store = database.open()
    store.decisions.write(decision(), [act("issue"), act("link", after="issue"), act("other")])
    store.effects.failed("issue", 0, "no right")  # refused: nothing was made, so it can be taken back
    assert store.decisions.write(decision(number=2, verdict=Verdict.UNDO), cancel="issue")
    states = {e.act.key: e.state for e in store.effects.of_theme("t")}
    assert states == {"issue": EffectState.CANCELLED, "link": EffectState.CANCELLED, "other": EffectState.PENDING}


def test_of_twenty_threads_one_decides(database: Fresh) -> None:
    store = database.open()
    won = at_once(20, lambda n: store.decisions.write(decision(actor=f"p{n}"), [act("same"), act(f"own{n}")]))
    assert won.count(True) == 1
    (written,) = store.decisions.of(["t"])["t"]
    assert written.actor == f"p{won.index(True)}"
    assert {e.act.key for e in store.effects.of_theme("t")} == {"same", f"own{won.index(True)}"}


def test_of_twenty_processes_one_decides(database: Fresh) -> None:
    database.open().close()

    def rival(who: int, ready) -> bool:
        store = Store.open(database.url, workspace="acme")
        ready()
        return store.decisions.write(decision(actor=f"p{who}"), [act(f"own{who}")])

    won = in_processes(20, rival)
    store = database.open()
    assert won.count(True) == 1
    assert [d.actor for d in store.decisions.of(["t"])["t"]] == [f"p{won.index(True)}"]
    assert len(store.effects.in_state(EffectState.PENDING)) == len(store.audit.recent()) == 1


def test_of_an_undo_and_a_send_at_once_one_wins(database: Fresh) -> None:
    store = database.open()
    for n in range(10):
        store.decisions.write(decision(f"t{n}"), [act(f"a{n}")])

        def either(who: int, n: int = n) -> bool:
            if who:
                return store.effects.begin(f"a{n}", 0, {}, SOON)
            return store.decisions.write(decision(f"t{n}", 2, Verdict.UNDO), cancel=f"a{n}")

        undone, begun = at_once(2, either)
        assert undone != begun
        assert len(store.decisions.of([f"t{n}"])[f"t{n}"]) == 1 + undone


def test_a_send_can_not_begin_in_the_middle_of_its_undo(database: Fresh) -> None:
    store, rival = database.open(), database.open()
    store.decisions.write(decision(), [act("a")])
    undone, begun = meanwhile(
        store,
        "INSERT INTO decision",
        lambda: store.decisions.write(decision(number=2, verdict=Verdict.UNDO), cancel="a"),
        lambda: rival.effects.begin("a", 0, {}, SOON),
    )
    assert (undone, begun) == (True, False)
    assert rival.effects.get("a").state is EffectState.CANCELLED


def test_a_decision_is_whole_or_absent_wherever_the_process_is_killed(database: Fresh) -> None:
    store = database.open()
    digested(store)
    theme = sample_digest().themes[0].id
    store.effects.plan([act("old")], theme_id=theme)
    store.close()

    def decide() -> None:
        mine = Store.open(database.url, workspace="acme")
        mine.decisions.write(decision(theme), [act("new")], cancel="old")

    def check(_: int) -> None:
        mine = Store.open(database.url, workspace="acme")
        written = len(mine.decisions.of([theme])[theme])
        assert written == len(mine.audit.recent())
        assert written == (mine.effects.get("new") is not None)
        assert written == (mine.effects.get("old").state is EffectState.CANCELLED)
        assert 2 * written == sum(d.wanted for d in mine.drawings.due())
        mine.close()

    assert every_boundary(decide, check) > 6


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.booleans(), st.sampled_from(Verdict)), max_size=25))
def test_a_log_has_no_gap_and_no_number_twice_whatever_people_do(
    database: Fresh, steps: list[tuple[int, bool, Verdict]]
) -> None:
    """Three people with views of their own: each step one of them looks, or writes the number after what they saw."""
    store = database.stores[0] if database.stores else database.open()
    theme = f"t{len(store.audit.recent(10_000))}-{id(steps)}"
    seen, expected = Counter[int](), []
    for who, looks, verdict in steps:
        if looks:
            seen[who] = len(store.decisions.of([theme])[theme])
            continue
        mine = decision(theme, seen[who] + 1, verdict, actor=f"p{who}")
        won = store.decisions.write(mine, [act(f"{theme}/{who}/{seen[who] + 1}")])
        assert won == (seen[who] == len(expected))
        expected += [mine] if won else []
    assert store.decisions.of([theme])[theme] == expected
    assert {e.act.key for e in store.effects.of_theme(theme)} == {f"{theme}/{d.actor[1:]}/{d.number}" for d in expected}


# --- what is drawn anew


def digested(store: Store, key: str = "r", *, posted: bool = True) -> int:
    """A concluded run of the sample digest with its post and a reply for its first theme; the run's fence.

    The post is drawn once since: it links to the reply.
    """
    digest = sample_digest()
    theme = digest.themes[0].id
    store.runs.ask(key, "manual", {})
    fence = store.runs.lease(key, "me", 60)
    store.runs.freeze(key, fence, Reading((), (), (), (), Window(None, None, "UTC", "all"), {}), Rules(), {})
    post = act(f"{key}-post", "slack.digest", target="C1")
    reply = act(f"{key}-reply", "slack.reply", target="C1", after=post.key, payload={"theme_id": theme})
    store.runs.conclude(key, fence, digest, {}, [post, reply])
    for sent in (post, reply) if posted else ():
        store.effects.begin(sent.key, 0, {}, SOON)
        store.effects.done(sent.key, Receipt(f"ts-{sent.key}"))
    if posted:
        assert (f"{key}-post", 1) in due(store)
        store.drawings.drawn(f"{key}-post", 1)
    return fence


def due(store: Store) -> list[tuple[str, int]]:
    return [(d.effect_key, d.wanted) for d in store.drawings.due()]


def test_posting_a_digest_wants_no_drawing_and_a_reply_in_its_thread_one_that_links_to_it(database: Fresh) -> None:
    store = database.open()
    digested(store, posted=False)
    store.effects.done("r-post", Receipt("1.0"))
    assert due(store) == []
    store.effects.done("r-reply", Receipt("1.1"))
    assert due(store) == [("r-post", 1)]


def test_a_change_of_a_theme_wants_its_replies_and_every_post_that_shows_it(database: Fresh) -> None:
    store = database.open()
    digested(store, "r")
    digested(store, "s")
    themes = sample_digest().themes
    store.drawings.touch(themes[0].id)
    assert due(store) == [("r-post", 2), ("r-reply", 1), ("s-post", 2), ("s-reply", 1)]
    store.drawings.touch(themes[1].id)
    store.drawings.touch("nobody's")
    assert due(store) == [("r-post", 3), ("r-reply", 1), ("s-post", 3), ("s-reply", 1)]
    expected = Drawing("r-reply", "r", themes[0].id, 1, "C1", "ts-r-reply")
    assert store.drawings.due()[1] == expected


def test_a_reply_about_no_theme_is_never_drawn_anew(database: Fresh) -> None:
    store = database.open()
    fence = digested(store)
    theme = sample_digest().themes[0].id
    store.runs.conclude("r", fence, sample_digest(), {}, [act("rest", "slack.reply", after="r-post")])
    store.effects.done("rest", Receipt("ts-rest"))
    store.drawings.touch(theme)
    assert due(store) == [("r-post", 2), ("r-reply", 1)]


def test_what_was_wanted_while_it_was_drawn_is_drawn_again(database: Fresh) -> None:
    store = database.open()
    digested(store)
    theme = sample_digest().themes[0].id
    store.drawings.touch(theme)
    (seen, _) = store.drawings.due()
    store.drawings.touch(theme)
    store.drawings.drawn(seen.effect_key, seen.wanted)
    assert due(store) == [("r-post", 3), ("r-reply", 2)]
    store.drawings.drawn("r-post", 3)
    store.drawings.drawn("r-post", 3)  # two who drew the same
    assert due(store) == [("r-reply", 2)]


def test_what_a_slower_drawer_may_have_drawn_over_is_drawn_again(database: Fresh) -> None:
    store = database.open()
    digested(store)
    for _ in range(2):
        store.drawings.touch(sample_digest().themes[0].id)
    store.drawings.drawn("r-post", 3)
    store.drawings.drawn("r-post", 2)
    assert due(store) == [("r-post", 4), ("r-reply", 2)]
    store.drawings.drawn("r-post", 4)
    assert due(store) == [("r-reply", 2)]


def test_a_post_that_is_not_out_yet_is_drawn_once_it_is(database: Fresh) -> None:
    store = database.open()
    digested(store, posted=False)
    store.drawings.touch(sample_digest().themes[0].id)
    assert due(store) == []
    store.effects.done("r-post", Receipt("1.0"))
    assert due(store) == [("r-post", 1)]


def test_every_change_of_an_effect_that_people_see_is_drawn(database: Fresh) -> None:
    store = database.open()
    digested(store)
    theme = sample_digest().themes[0].id
    drawn = 0

    def changes(n: int) -> None:
        nonlocal drawn
        drawn += n
        assert [wanted for _, wanted in due(store)] == [drawn + 1, drawn] if drawn else due(store) == []

    store.effects.plan([act("a"), act("b")], run_key="r", theme_id=theme)
    store.effects.begin("a", 0, {}, SOON)
    changes(0)
    store.effects.look_again("a", SOON, "?")
    changes(1)
    store.effects.not_sent("a", 1, None, "?")
    changes(0)
    store.effects.failed("a", 1, "no")
    changes(1)
    store.effects.failed("a", 1, "no")
    changes(0)
    store.effects.retry("a")
    changes(1)
    store.effects.unsure("a", "?")
    changes(1)
    store.effects.done("a", Receipt("x"))
    changes(1)
    store.effects.done("a", Receipt("x"))
    changes(0)
    store.effects.cancel("b")
    changes(1)
    store.decisions.write(decision(theme))
    changes(1)


def test_touches_by_many_at_once_are_all_counted(database: Fresh) -> None:
    store = database.open()
    digested(store, "r")
    digested(store, "s")
    themes = [t.id for t in sample_digest().themes[:2]]
    at_once(12, lambda n: store.drawings.touch(themes[n % 2]))
    assert due(store) == [("r-post", 13), ("r-reply", 6), ("s-post", 13), ("s-reply", 6)]


# --- inbox, answers, audit


def test_an_event_is_new_once_and_waits_until_it_is_answered(database: Fresh) -> None:
    clock = Clock()
    store = database.open(clock=clock)
    assert store.inbox.receive("e2", "click", {"action": "approve", "message": {"text": "quoted"}})
    assert not store.inbox.receive("e2", "click", {"action": "other"})
    clock.passes(1)
    assert store.inbox.receive("e1", "command", {})
    first = Event("e2", "click", {"action": "approve", "message": {"text": "quoted"}}, NOON)
    assert store.inbox.waiting() == [first, Event("e1", "command", {}, clock.at)]
    assert store.inbox.waiting(limit=1) == [first]
    store.inbox.answered("e2", "done")
    assert [e.event_id for e in store.inbox.waiting()] == ["e1"]
    assert not store.inbox.receive("e2", "click", {"again": "a week later"})
    assert [e.event_id for e in store.inbox.waiting()] == ["e1"]


def test_an_event_delivered_to_twenty_at_once_is_new_to_one(database: Fresh) -> None:
    store = database.open()
    assert at_once(20, lambda n: store.inbox.receive("e", "click", {"n": n})).count(True) == 1
    assert len(store.inbox.waiting()) == 1


def test_an_answered_event_keeps_nothing_of_what_it_said(database: Fresh) -> None:
    store = database.open()
    store.inbox.receive("e", "click", {"text": "my sorrow"})
    store.inbox.answered("e", "done")
    assert texts_of(store, "my sorrow") == []


def test_an_answer_is_kept_once_and_what_was_spent_is_added_up(database: Fresh) -> None:
    clock = Clock()
    store = database.open(clock=clock)
    assert store.answers.get("k") is None and store.answers.spent(NOON) == 0.0
    store.answers.keep("k", "model", '{"a": "é"}', 10, 20, 0.25)
    store.answers.keep("k", "model", "another", 10, 20, 9.0)
    clock.passes(60)
    store.answers.keep("l", "model", "x", 1, 2, 0.5)
    assert store.answers.get("k") == '{"a": "é"}'
    assert (store.answers.spent(NOON), store.answers.spent(clock.at)) == (0.75, 0.5)


def test_the_audit_is_read_newest_first(database: Fresh) -> None:
    store = database.open(clock=Clock())
    for n in range(5):
        store.audit.write("cli:dana", "did", f"o{n}", {"n": n})
    assert [e.object for e in store.audit.recent(3)] == ["o4", "o3", "o2"]
    assert store.audit.recent()[0] == Entry(NOON, "cli:dana", "did", "o4", {"n": 4})
