"""A run step by step: asked for once, gone on with after any break, under a lease, and over what it froze."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import phrases
from bot.acts import Act, Finding, effect_key
from bot.commands import planning
from bot.digest import FIRST
from bot.domain import Digest, Page, Requester, Severity, Ticket, Warned, Window
from bot.embedding import Cached
from bot.months.trends import History
from bot.ports import Embedder, Progress, Refused, Source, Unavailable, Vectors
from bot.report.document import document
from bot.runs import LEASE, SYNC, Parts, Request, another, ask, carry_on, manual_key, monthly_key
from bot.runs.reading import Unwatched
from bot.store import RunState, Store
from bot.synthesis.rules import Rules
from bot.verify import Verified, problems, verified
from bot.window import window
from tests.databases import Clock, Fresh, at_once, texts_of
from tests.tickets import ticket

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
OCTOBER = window("2026-10", NOW, "UTC")
KEY = "monthly:2026-10"
_TOPICS = {"export": "The CSV export hangs and leaves no file", "login": "The SSO login shows an error page"}


def at_desk(
    key: int, topic: str, at: datetime = datetime(2026, 10, 5, 12, tzinfo=UTC), source: str = "zendesk", **more: Any
) -> Ticket:
    """A ticket of one of five customers."""
    body = f"{_TOPICS[topic]}, we saw it in room {key}."
    requester = Requester(f"{source}-{key % 5}", f"p{key % 5}@firm{key % 5}.example", f"Person {key % 5}")
    return ticket(key, more.pop("body", body), source=source, created_at=at, updated_at=at, requester=requester, **more)


def month(source: str = "zendesk", first: int = 0, days: int = 31, start: datetime | None = None) -> list[Ticket]:
    """Eight tickets of each topic, spread over `days`."""
    start = start or datetime(2026, 10, 1, 12, tzinfo=UTC)
    topics = [t for t in _TOPICS for _ in range(8)]
    return [
        at_desk(first + n, topic, start + timedelta(days=n * days // len(topics)), source)
        for n, topic in enumerate(topics)
    ]


class Desk:
    """A `bot.ports.Source` in two pages. `does` happens before a page is handed over: it may raise."""

    def __init__(self, tickets: Sequence[Ticket], clock: Callable[[], datetime]) -> None:
        self.tickets, self.clock = list(tickets), clock
        self.asked: list[tuple[str | None, datetime | None]] = []
        self.does: dict[int, Callable[[], object]] = {}
        self.warnings: tuple[Warned, ...] = ()

    def check(self) -> Sequence[Finding]:
        return [Finding("desk", "ok", "There.")]

    def pages(self, cursor: str | None = None, *, since: datetime | None = None) -> Iterator[Page]:
        self.asked.append((cursor, since))
        half = (len(self.tickets) + 1) // 2
        for number in (1, 2):
            self.does.pop(number, lambda: None)()
            part = self.tickets[:half] if number == 1 else self.tickets[half:]
            if number > int(cursor or 0) or number == 2:
                new = part if number > int(cursor or 0) else []
                yield Page(tuple(new), warnings=self.warnings, cursor=str(number), high_water=self.clock())

    def fails(self, fault: BaseException, page: int = 1) -> None:
        def fail() -> None:
            raise fault

        self.does[page] = fail


class Topics:
    """An embedder for the texts of `at_desk`: a topic's texts lie close together, and each is embedded by itself."""

    id = "topics/1"

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.does: list[Callable[[], object]] = []  # what happens, once each, while it works

    def embed(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        while self.does:
            self.does.pop(0)()
        self.texts += texts
        return np.array([_row(text) for text in texts], dtype=np.float32).reshape(len(texts), 32)


def _row(text: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    seed = int.from_bytes(sha256(text.encode()).digest()[:8], "big")
    row = np.random.default_rng(seed).normal(size=32) * 0.08
    row[next((n for n, topic in enumerate(_TOPICS) if topic in text.casefold()), 20)] += 1.0
    unit: np.ndarray[Any, np.dtype[np.float64]] = row / np.linalg.norm(row)
    return unit


def broken(what: str = "the power failed") -> Callable[[], None]:
    def fail() -> None:
        raise RuntimeError(what)

    return fail


@dataclass
class Bench:
    """One workspace's run machinery on a real store, with a clock that stands."""

    open: Callable[[], Store]
    clock: Clock
    folder: Path
    desks: dict[str, Source] = field(default_factory=dict)
    files: list[Source] = field(default_factory=list)
    rules: Rules = field(default_factory=Rules)
    standby: Embedder | None = None
    announced: list[str] = field(default_factory=list)
    announcing: list[Callable[[], object]] = field(default_factory=list)  # what happens, once each, before it

    def __post_init__(self) -> None:
        self.topics = Topics()
        self.store = self.open()

    @property
    def parts(self) -> Parts:
        """Vectors are kept in the workspace's file."""
        cached = Cached(self.topics, self.folder / "vectors.db")
        more = {"config_hash": "c0", "announce": self._acts, "standby": self.standby}
        return Parts(self.store, self.desks, lambda _: self.files, cached, self.rules, **more)  # type: ignore[arg-type]

    def _acts(self, digest: Digest, key: str) -> Sequence[Act]:
        while self.announcing:
            self.announcing.pop(0)()
        self.announced.append(key)
        return [Act(effect_key("slack.digest", "acme", key), "slack.digest", "C1", {"n": len(digest.themes)})]

    def desk(self, name: str = "zendesk", tickets: Sequence[Ticket] | None = None) -> Desk:
        desk = Desk(month(name) if tickets is None else tickets, self.clock)
        self.desks[name] = desk
        return desk

    def ask(self, key: str = KEY, kind: str = "monthly", span: Window | None = OCTOBER, **more: Any) -> str:
        return ask(self.store, key, kind, Request(span, **more)).key

    def run(self, key: str = KEY, span: Window | None = OCTOBER, **more: Any) -> Digest:
        made = self.go_on(self.ask(key, span=span, **more))
        assert made is not None
        return made

    def go_on(self, key: str = KEY, owner: str = "me", **more: Any) -> Digest | None:
        """As another process would: with a store of its own."""
        return carry_on(replace(self.parts, store=self.open()), key, owner, **more)

    def row(self, key: str = KEY) -> tuple[RunState, str]:
        run = self.store.runs.get(key)
        assert run is not None
        return run.state, run.step


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[[str], Bench]]:
    """Workspaces, each in its own folder, with a store in SQLite."""
    stores: list[Store] = []

    def bench(name: str) -> Bench:
        clock, folder = Clock(NOW), tmp_path / name
        folder.mkdir()

        def store() -> Store:
            stores.append(Store.open(f"sqlite:///{folder / 'store.db'}", workspace="acme", clock=clock))
            return stores[-1]

        return Bench(store, clock, folder)

    yield bench
    for store in stores:
        store.close()


@pytest.fixture
def bench(opened: Callable[[str], Bench]) -> Bench:
    return opened("bench")


@pytest.fixture
def either(database: Fresh, tmp_path: Path) -> Bench:
    """The same on both databases."""
    clock = Clock(NOW)
    return Bench(lambda: database.open(clock=clock), clock, tmp_path)


# --- what is asked for

_ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/Havana", "Australia/Lord_Howe", "Asia/Kathmandu"])
_TEXTS = st.tuples() | st.lists(st.text(max_size=8), max_size=3).map(tuple)


@st.composite
def windows(draw: st.DrawFn) -> Window | None:
    zone = draw(_ZONES)
    first, last = datetime(1990, 1, 1), datetime(2100, 1, 1)  # noqa: DTZ001 - hypothesis adds the zone
    times = st.none() | st.datetimes(first, last, timezones=st.just(ZoneInfo(zone)))
    return draw(st.none() | st.builds(Window, times, times, st.just(zone), st.text(max_size=12)))


REQUESTS = st.builds(
    Request,
    windows(),
    areas=_TEXTS,
    sources=_TEXTS,
    files=_TEXTS,
    columns=st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5)), max_size=3).map(tuple),
    desks=st.booleans(),
    post=st.booleans(),
)


def _plain(request: Request) -> Request:
    """Its times in UTC: two of different zones are never equal in an hour that the clocks repeat (PEP 495)."""
    w = request.window
    if w is None:
        return request
    start, end = (at and at.astimezone(UTC) for at in (w.start, w.end))
    return replace(request, window=replace(w, start=start, end=end))


@given(REQUESTS)
def test_a_request_is_the_same_after_its_way_through_the_database(request: Request) -> None:
    back = Request.of(json.loads(json.dumps(request.told())))
    assert _plain(back) == _plain(request) and back.told() == request.told()


def test_the_same_question_has_the_same_key_and_every_other_one_another(bench: Bench) -> None:
    asked = Request(OCTOBER, ("billing",), ("zendesk",), ("a.csv",), (("id", "No."),), desks=True)
    assert OCTOBER.end is not None
    key = manual_key(asked, bench.parts, b"content")
    assert key == manual_key(replace(asked, post=True), bench.parts, b"content")  # posting changes no digest
    assert key.startswith("manual:") and len(key) == 19
    others = [
        replace(asked, window=None),
        replace(asked, window=replace(OCTOBER, end=OCTOBER.end + timedelta(days=1))),
        replace(asked, window=replace(OCTOBER, timezone="Europe/Berlin")),
        replace(asked, areas=()),
        replace(asked, areas=("billing", "login")),
        replace(asked, sources=()),
        replace(asked, files=("b.csv",)),
        replace(asked, columns=()),
        replace(asked, desks=False),
    ]
    keys = [manual_key(other, bench.parts, b"content") for other in others]
    changed = [
        replace(bench.parts, config_hash="c1"),
        replace(bench.parts, rules=Rules(min_tickets=6)),
        replace(bench.parts, rules=Rules(weights={Severity.P0: 9})),
    ]
    keys += [manual_key(asked, parts, b"content") for parts in changed] + [manual_key(asked, bench.parts, b"other")]
    bench.topics.id = "topics/2"
    keys.append(manual_key(asked, bench.parts, b"content"))
    assert len({key, *keys}) == len(keys) + 1


def test_a_month_has_one_key() -> None:
    assert monthly_key(datetime(2026, 3, 1, tzinfo=ZoneInfo("Pacific/Auckland"))) == "monthly:2026-03"


def test_who_asks_for_a_run_that_was_asked_for_joins_it(either: Bench) -> None:
    either.desk()
    runs = at_once(8, lambda n: ask(either.store, KEY, "monthly", Request(OCTOBER, areas=(str(n),))))
    assert len({r.asked["areas"][0] for r in runs}) == 1 and len(either.store.runs.recent()) == 1
    first = either.run()
    assert either.ask() == KEY and either.row() == (RunState.DONE, "digested")
    assert either.go_on() is None  # there is nothing left to do
    assert either.store.runs.digest(KEY) == first


def test_the_same_question_once_more_takes_the_next_number_and_joins_an_unfinished_one(bench: Bench) -> None:
    bench.desk()
    assert another(bench.store, "manual:x") == "manual:x.2"
    bench.run("manual:x.2")
    assert another(bench.store, "manual:x") == "manual:x.3"
    bench.ask("manual:x.3")
    assert another(bench.store, "manual:x") == "manual:x.3"


# --- the whole way


def test_a_run_reads_freezes_and_says_what_it_found_and_what_it_says_is_true(either: Bench) -> None:
    desk = either.desk()
    digest = either.run(post=True)
    assert either.row() == (RunState.DONE, "digested")
    assert digest == either.store.runs.digest(KEY)
    assert digest.making.run_id == KEY and digest.making.made_at == NOW
    assert (digest.totals.tickets_read, len(digest.themes)) == (16, 2)
    assert [t.counts.customers for t in digest.themes] == [5, 5]
    assert _verified(either, digest) == []
    assert [e.act.kind for e in either.store.effects.of_run(KEY)] == ["slack.digest"]
    assert desk.asked == [(None, NOW - timedelta(weeks=9))]


def _verified(bench: Bench, digest: Digest) -> list[str]:
    frozen = bench.store.runs.frozen(digest.making.run_id)
    assert frozen is not None
    reading, told = frozen[0], document(digest)["data"]
    return problems(told, reading.everything, reading.customers, digest.window, bench.rules, reading.earlier)


def test_a_copy_of_a_ticket_of_the_month_before_is_removed_and_the_digest_bears_it_out(either: Bench) -> None:
    """The incident is September's: it counted there, and its copy of 1 October counts nowhere."""
    wrote = Requester("p9", "p9@firm9.example", "Person 9")
    said = "Since this morning the weekly sales report comes without its second page, and nobody can print it."
    last = datetime(2026, 9, 30, 23, 30, tzinfo=UTC)
    twins = [
        ticket(key, said, source=source, created_at=at, updated_at=at, requester=wrote)
        for key, source, at in ((901, "intercom", last), (902, "zendesk", last + timedelta(hours=1)))
    ]
    either.desk("zendesk", [*month(), twins[1]])
    either.desk("intercom", [twins[0]])
    digest = either.run()
    assert [(r.ticket_id, r.reason) for r in digest.removed] == [("902", "mirrored: intercom:901, of 30 September")]
    assert digest.totals.tickets_read == 17 and dict(digest.making.sources)["intercom"] == 0
    assert _verified(either, digest) == []
    changed = replace(digest, removed=(replace(digest.removed[0], reason="mirrored: intercom:901, of 29 September"),))
    assert len(_verified(either, changed)) == 1
    september = either.run("manual:september", window("2026-09", NOW, "UTC"))
    assert (september.totals.tickets_read, september.removed) == (1, ())
    either.store.tickets.erase(["intercom:901"])
    assert "intercom:901" in either.store.runs.textless(KEY)


def test_only_a_run_that_is_to_be_posted_is_announced(bench: Bench) -> None:
    bench.desk()
    bench.run()
    assert bench.announced == [] and bench.store.effects.of_run(KEY) == []


def test_a_run_that_only_reads_ends_after_that(bench: Bench) -> None:
    bench.desk()
    bench.ask("sync:1", SYNC, None)
    assert bench.go_on("sync:1") is None
    assert bench.row("sync:1") == (RunState.DONE, "synced")
    assert bench.store.tickets.count("zendesk") == 16 and bench.topics.texts == []


def test_nobody_can_go_on_with_what_another_holds_or_what_nobody_asked_for(bench: Bench) -> None:
    desk = bench.desk()
    bench.ask()
    bench.store.runs.lease(KEY, "another", LEASE)
    assert bench.go_on() is None and bench.go_on("unknown") is None
    assert desk.asked == []
    bench.clock.passes(LEASE)  # it died
    assert bench.go_on() is not None


# --- after a break


@pytest.fixture
def whole(opened: Callable[[str], Bench]) -> tuple[Digest, list[str]]:
    """What a run says that nothing broke, and the texts that it embedded."""
    calm = opened("calm")
    calm.desk()
    return calm.run(post=True), sorted(calm.topics.texts)


_BREAKS: dict[str, tuple[Callable[[Bench, Desk], object], str, list[str | None]]] = {
    "before the first page": (lambda _, desk: desk.fails(RuntimeError("the power failed"), 1), "", [None, None]),
    "between two pages": (lambda _, desk: desk.fails(RuntimeError("the power failed"), 2), "", [None, "1"]),
    "while embedding": (lambda bench, _: bench.topics.does.append(broken()), "frozen", [None]),
    "before it is announced": (lambda bench, _: bench.announcing.append(broken()), "frozen", [None]),
}


@pytest.mark.parametrize("moment", _BREAKS)
def test_a_broken_run_goes_on_after_its_last_whole_step_and_says_the_same(
    either: Bench, whole: tuple[Digest, list[str]], moment: str
) -> None:
    breaks, step, reads = _BREAKS[moment]
    desk = either.desk()
    breaks(either, desk)
    either.ask(post=True)
    with pytest.raises(RuntimeError, match="the power failed"):
        either.go_on()
    assert either.row() == (RunState.WAITING, step)  # given back at once, nobody waits for its lease
    assert either.store.runs.digest(KEY) is None and either.store.effects.of_run(KEY) == []
    made = either.go_on(owner="another process")
    expected, texts = whole
    assert made == expected
    assert [cursor for cursor, _ in desk.asked] == reads  # what was read is not read again
    assert sorted(either.topics.texts) == texts  # nor what was embedded
    assert len(either.store.effects.of_run(KEY)) == 1


class Stumbling(Unwatched):
    """A terminal that is closed when the step `name` is told as done."""

    def __init__(self, name: str) -> None:
        self.name = name

    def done(self, name: str, result: str, *, well: bool = True) -> None:
        if name == self.name:
            raise BrokenPipeError(name)


def test_a_run_that_breaks_wherever_something_is_told_comes_to_the_same_end(
    opened: Callable[[str], Bench], whole: tuple[Digest, list[str]]
) -> None:
    told: list[str] = []

    class Noting(Unwatched):
        def done(self, name: str, result: str, *, well: bool = True) -> None:
            told.append(name)

    calm = opened("noted")
    calm.desk()
    calm.go_on(calm.ask(post=True), watch=Noting())
    assert len(told) >= 2
    for number, name in enumerate(dict.fromkeys(told)):
        broken_one = opened(f"b{number}")
        broken_one.desk()
        broken_one.ask(post=True)
        with pytest.raises(BrokenPipeError):
            broken_one.go_on(watch=Stumbling(name))
        assert broken_one.go_on() == whole[0]


def test_a_run_gone_on_with_a_month_later_looks_at_the_same_days(bench: Bench) -> None:
    bench.desk()
    bench.topics.does.append(broken())
    bench.ask()
    with pytest.raises(RuntimeError):
        bench.go_on()
    bench.clock.passes(30 * 86_400)
    made = bench.go_on()
    assert made is not None and made.window == OCTOBER and made.totals.tickets_read == 16
    assert made.making.made_at == bench.clock.at


# --- lease and fence


def test_who_lost_its_run_while_it_was_at_it_writes_nothing_more(either: Bench) -> None:
    """Its process is suspended in the middle of its work; somebody else takes the run over, and it wakes up again."""
    either.desk()
    either.ask(post=True)
    taken: list[int | None] = []

    def suspended() -> None:
        either.clock.passes(LEASE + 1)
        taken.append(either.store.runs.lease(KEY, "another", LEASE))

    either.topics.does.append(suspended)
    assert either.go_on() is None
    assert taken == [2]
    run = either.store.runs.get(KEY)
    assert run is not None and (run.owner, run.fence, run.state, run.step) == ("another", 2, "RUNNING", "frozen")
    assert either.store.runs.digest(KEY) is None and either.store.effects.of_run(KEY) == []


@pytest.mark.parametrize("when", ["reading", "embedding", "announcing"])
def test_two_that_are_at_one_run_end_in_one_digest_and_one_post(bench: Bench, when: str) -> None:
    desk = bench.desk()
    bench.ask(post=True)
    results: list[Digest | None] = []

    def overtaken() -> None:
        bench.clock.passes(LEASE + 1)
        results.append(bench.go_on(owner="another"))

    places = {
        "reading": lambda: desk.does.update({2: overtaken}),
        "embedding": lambda: bench.topics.does.append(overtaken),
    }
    places["announcing"] = lambda: bench.announcing.append(overtaken)
    places[when]()
    assert bench.go_on() is None  # the slower one says nothing
    assert results[0] is not None and results[0] == bench.store.runs.digest(KEY)
    assert bench.row() == (RunState.DONE, "digested") and len(bench.store.effects.of_run(KEY)) == 1
    assert bench.store.tickets.count("zendesk") == 16


def test_the_lease_is_renewed_as_long_as_the_run_goes_on_and_no_longer(either: Bench) -> None:
    either.desk()
    either.ask()

    def long_work() -> None:
        for _ in range(3):
            either.clock.passes(0.2)  # of 0.3 seconds
            _until(lambda: _lease_until(either) == either.clock.at + timedelta(seconds=0.3))
            assert either.store.runs.lease(KEY, "another", LEASE) is None

    either.topics.does.append(long_work)
    assert either.go_on(lease=0.3) is not None
    run = either.store.runs.get(KEY)
    assert run is not None and run.fence == 1 and run.lease_until is None
    assert [t.name for t in threading.enumerate() if t.name.startswith("lease of")] == []


def _lease_until(bench: Bench) -> datetime | None:
    run = bench.store.runs.get(KEY)
    return run.lease_until if run else None


def _until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.02)


# --- sources that can't be read


def test_a_source_that_is_missing_is_said_first_and_the_others_are_counted(bench: Bench) -> None:
    bench.desk()
    bench.desk("intercom").fails(Unavailable("Intercom did not answer."))
    digest = bench.run()
    first = digest.warnings[0]
    assert first.code == FIRST
    assert first.message == "Intercom is missing; counts are of Zendesk only. Intercom did not answer."
    assert digest.totals.tickets_read == 16 and bench.row()[0] is RunState.DONE


def test_a_source_that_broke_off_is_said_with_the_time_up_to_which_it_was_read(bench: Bench) -> None:
    bench.rules = Rules(timezone="Europe/Berlin")
    bench.desk()
    bench.desk("intercom", month("intercom", 100)).fails(Unavailable("Intercom did not answer."), 2)
    digest = bench.run(span=window("2026-10", NOW, "Europe/Berlin"))
    said = digest.warnings[0].message
    assert said.startswith("Intercom is missing since Monday, 2 November, 10:00 CET;")
    assert "of its tickets the 8 read before that are counted" in said
    assert digest.totals.tickets_read == 24


def test_a_source_that_is_behind_the_window_is_missing_though_it_told_no_fault(bench: Bench) -> None:
    desk = bench.desk()
    desk.clock = lambda: datetime(2026, 10, 20, 12, tzinfo=UTC)
    assert OCTOBER.end is not None and bench.run().warnings[0].code == FIRST
    desk.clock = lambda: OCTOBER.end or NOW
    assert [w.code for w in bench.run("manual:later").warnings if w.code == FIRST] == []  # nothing later is wanted


def test_what_a_source_says_of_itself_is_said_in_every_digest_until_it_says_it_no_more(bench: Bench) -> None:
    """Promise 7: a part of a source that is missing is said first, like a source; a remark comes with the others."""
    blind = Warned("intercom_tickets_unread", "Intercom's tickets are missing.", partial=True)
    odd = Warned("odd_field", "there is no field 'Area'")
    desk = bench.desk("intercom")
    bench.desk("zendesk", month("zendesk", 100))
    desk.warnings = (odd, blind)
    digest = bench.run()
    assert digest.warnings[0] == Warned(FIRST, "Intercom's tickets are missing.")
    assert Warned("odd_field", "Intercom: there is no field 'Area'.") in digest.warnings
    assert _verified(bench, digest) == []
    alone = bench.run("manual:of-zendesk", sources=("zendesk",))
    assert {FIRST, "odd_field"}.isdisjoint(w.code for w in alone.warnings)
    desk.warnings = ()
    assert FIRST not in {w.code for w in bench.run("manual:later").warnings}


@pytest.mark.parametrize(
    ("faults", "kind"),
    [
        ((Unavailable("Zendesk is away."), Refused("Intercom refused the token.")), Unavailable),
        ((Refused("Zendesk refused the token."), Refused("Intercom refused the token.")), Refused),
    ],
)
def test_where_nothing_at_all_can_be_read_there_is_no_digest_and_a_later_try_is_free(
    bench: Bench, faults: Sequence[Exception], kind: type[Exception]
) -> None:
    for name, fault in zip(("zendesk", "intercom"), faults, strict=True):
        bench.desk(name, month(name, 0 if name == "zendesk" else 100)).fails(fault)
    bench.ask(post=True)
    with pytest.raises(kind) as failure:
        bench.go_on()
    run = bench.store.runs.get(KEY)
    assert run is not None and (run.state, run.step, run.error) == (RunState.FAILED, "", str(failure.value))
    assert str(failure.value) == f"No source could be read, so there is no digest. {faults[0]} {faults[1]}"
    assert bench.store.runs.digest(KEY) is None and bench.store.effects.of_run(KEY) == []
    assert bench.go_on() is None  # nobody tries by himself
    assert bench.run(post=True).totals.tickets_read == 32


def test_what_was_read_before_is_no_digest_where_the_only_source_is_away(bench: Bench) -> None:
    desk = bench.desk()
    bench.run()
    desk.fails(Unavailable("Zendesk is away."))
    with pytest.raises(Unavailable, match="No source could be read"):
        bench.run("manual:later")


# --- what is looked at


def test_files_are_read_beside_the_help_desks_and_hidden_like_them(bench: Bench) -> None:
    bench.desk()
    secret = at_desk(900, "export", source="file", body=f"{_TOPICS['export']}, says ann.noun@acme.example")
    bench.files = [Desk([*month("file", 200), secret], bench.clock)]
    digest = bench.run(files=("tickets.csv",))
    assert dict(digest.making.sources) == {"file": 17, "zendesk": 16}
    assert texts_of(bench.store, "ann.noun") == [] and bench.store.tickets.count("file") == 0
    assert [w for w in digest.warnings if w.code == FIRST] == []


def test_files_alone_ask_no_help_desk_and_a_silent_help_desk_stops_no_files(bench: Bench) -> None:
    desk = bench.desk()
    bench.files = [Desk(month("file", 200), bench.clock)]
    alone = bench.run("manual:files", None, files=("t.csv",), desks=False)
    assert desk.asked == [] and dict(alone.making.sources) == {"file": 16}
    desk.fails(Unavailable("Zendesk is away."))
    both = bench.run("manual:both", files=("t.csv",))
    assert both.warnings[0].code == FIRST and dict(both.making.sources) == {"file": 16}


def test_of_one_source_alone_no_other_is_read_or_counted(bench: Bench) -> None:
    zendesk, intercom = bench.desk(), bench.desk("intercom", month("intercom", 100))
    bench.run("manual:all")
    digest = bench.run("manual:one", sources=("Intercom",))
    assert len(zendesk.asked) == 1 and len(intercom.asked) == 2
    assert (digest.totals.in_themes, digest.totals.removed) == (16, 16)
    assert all(e.source == "intercom" for t in digest.themes for e in t.evidence)


def test_tickets_of_a_help_desk_that_is_not_configured_any_more_are_nobodys_news(bench: Bench) -> None:
    bench.desk("intercom", month("intercom", 100))
    bench.run("manual:first")
    bench.desks.clear()
    bench.desk()
    digest = bench.run()
    assert dict(digest.making.sources) == {"zendesk": 16} and [w.code for w in digest.warnings if w.code == FIRST] == []


def test_nothing_configured_and_nothing_given_is_a_digest_of_nothing(bench: Bench) -> None:
    digest = bench.run()
    assert digest.totals.tickets_read == 0 and digest.themes == ()


@pytest.mark.parametrize(
    ("zone", "first", "last"),
    [
        ("UTC", "2026-10-01T00:00+00:00", "2026-11-01T00:00+00:00"),
        ("Europe/Berlin", "2026-09-30T22:00+00:00", "2026-10-31T23:00+00:00"),  # the clocks change in it
        ("Asia/Kathmandu", "2026-09-30T18:15+00:00", "2026-10-31T18:15+00:00"),
        ("Pacific/Kiritimati", "2026-09-30T10:00+00:00", "2026-10-31T10:00+00:00"),
    ],
)
def test_a_month_is_the_workspaces_own_from_its_first_moment_to_before_the_next(
    either: Bench, zone: str, first: str, last: str
) -> None:
    either.rules = Rules(timezone=zone)
    moment = timedelta(microseconds=1)
    begin, end = datetime.fromisoformat(first), datetime.fromisoformat(last)
    edges = [begin - moment, begin, end - moment, end]
    either.desk(tickets=[at_desk(n, "export", at) for n, at in enumerate(edges)])
    digest = either.run(span=window("2026-10", NOW, zone))
    assert digest.totals.tickets_read == 2
    frozen = either.store.runs.frozen(KEY)
    assert frozen is not None and [t.key for t in frozen[0].tickets] == ["1", "2"]
    assert (digest.window.label, digest.window.days) == ("October 2026", 31)
    assert (digest.window.start, digest.window.end) == (begin, end)


def test_a_window_from_before_the_backfill_is_read_from_its_start(bench: Bench) -> None:
    desk = bench.desk()
    long_ago = window("2026-01-01..", NOW, "UTC")
    bench.run("manual:year", long_ago)
    bench.run()
    assert desk.asked == [(None, long_ago.start), ("2", long_ago.start)]


# --- what was frozen stays


def test_a_ticket_that_is_changed_in_the_middle_of_a_run_is_quoted_as_it_was_frozen(either: Bench) -> None:
    desk = either.desk()

    def edited() -> None:
        later = [replace(t, body="Solved, thank you.", updated_at=NOW) for t in desk.tickets]
        either.store.tickets.take("zendesk", Page(tuple(later), cursor="3"))

    either.topics.does += [edited, broken()]
    either.ask()
    with pytest.raises(RuntimeError):
        either.go_on()
    digest = either.go_on()
    assert digest is not None and len(digest.themes) == 2
    assert all("Solved" not in q.text for t in digest.themes for q in t.quotes)
    frozen = either.store.runs.frozen(KEY)
    assert frozen is not None and all(t.body.startswith(tuple(_TOPICS.values())) for t in frozen[0].tickets)
    assert {t.body for t in either.store.tickets.between(None, None)} == {"Solved, thank you."}


@pytest.mark.parametrize("how", ["deleted", "struck"])
def test_what_is_deleted_or_struck_out_in_the_middle_of_a_run_is_quoted_nowhere(bench: Bench, how: str) -> None:
    desk = bench.desk()
    gone = desk.tickets[0]
    without = replace(gone, body="▇▇▇")
    page = Page((), tombstones=(gone.id,)) if how == "deleted" else Page((without,), struck=(gone.id,))

    def deleted() -> None:
        bench.store.tickets.take("zendesk", page)

    bench.topics.does.append(deleted)
    digest = bench.run()
    assert f"room {gone.key}." not in repr(digest) and texts_of(bench.store, f"room {gone.key}.") == []
    assert digest.totals.tickets_read == 16  # it was read, and is counted


# --- themes that were known before


def _ids(digest: Digest | None) -> dict[str, str]:
    assert digest is not None
    return {next(t for t in _TOPICS if t in theme.quotes[0].text.casefold()): theme.id for theme in digest.themes}


def test_a_theme_keeps_its_id_from_month_to_month_and_in_every_window(bench: Bench) -> None:
    desk = bench.desk(tickets=month(start=datetime(2026, 9, 1, 12, tzinfo=UTC), days=30))
    september = _ids(bench.run("monthly:2026-09", window("2026-09", NOW, "UTC")))
    desk.tickets += month(first=100)
    bench.clock.passes(60)
    bench.store.tickets.take("zendesk", Page(tuple(desk.tickets), cursor="2", high_water=NOW))
    october = _ids(bench.run())
    bench.clock.passes(60)
    both = _ids(bench.run("manual:both", window("2026-09-01..2026-10-31", NOW, "UTC")))
    assert september == october == both and len(september) == 2


def busy(number: int, export: int, login: int) -> list[Ticket]:
    """So many tickets of each topic in a month of 2026."""
    at = datetime(2026, number, 2, tzinfo=UTC)
    topics = ["export"] * export + ["login"] * login
    return [at_desk(1_000 * number + n, topic, at + timedelta(hours=n)) for n, topic in enumerate(topics)]


def test_the_second_month_says_how_each_theme_went_on_and_says_it_again_whenever_it_is_asked(either: Bench) -> None:
    either.desk(tickets=[*busy(9, export=16, login=16), *busy(10, export=16, login=48)])
    first = either.run("monthly:2026-09", window("2026-09", NOW, "UTC"))
    assert [t.trend for t in first.themes] == [None, None]
    either.clock.passes(60)
    second = either.run()
    told = {i: phrases.trend(t) for i, t in zip(_ids(second), second.themes, strict=True)}
    assert told == {"login": "up 200% (16 to 48)", "export": "about the same (16 to 16)"}
    assert [m.customers for m in second.themes[0].trend.months] == [5, 5]  # type: ignore[union-attr]
    either.clock.passes(60)
    by_hand = either.run("manual:october", kind="manual")
    assert [t.trend for t in by_hand.themes] == [t.trend for t in second.themes]
    theme = second.themes[0]
    assert either.store.runs.history(theme.id)[0] == ("monthly:2026-09", first.window, 16, 5)
    assert [key for key, *_ in either.store.runs.history(theme.id)] == ["monthly:2026-09", KEY, "manual:october"]


def test_a_trend_is_verified_against_the_stored_digests_before_it(bench: Bench) -> None:
    bench.desk(tickets=[*busy(9, export=16, login=16), *busy(10, export=16, login=16)])
    bench.run("monthly:2026-09", window("2026-09", NOW, "UTC"))
    bench.clock.passes(60)
    digest = bench.run()
    reading, rules, _ = bench.store.runs.frozen(KEY)  # type: ignore[misc]
    told, history = document(digest)["data"], History(bench.store.runs.before(KEY))
    known = (reading, digest.window, rules, frozenset())
    assert verified(told, *known, history) == Verified((), (), sum(len(t.quotes) for t in digest.themes))
    assert verified(told, *known).unchecked == ("2 trends can't be checked: the digests before are not here",)
    told["themes"][0]["trend"]["previous"] += 1
    assert "trend is" in verified(told, *known, history).problems[0]


def test_a_small_group_that_grew_since_the_month_before_is_on_the_watch_list(bench: Bench) -> None:
    bench.desk(tickets=[*busy(9, export=30, login=3), *busy(10, export=30, login=4)])
    assert bench.run("monthly:2026-09", window("2026-09", NOW, "UTC")).watched == ()
    bench.clock.passes(60)
    (grown,) = bench.run().watched
    assert grown.message.endswith(": 4 tickets from 4 customers, 3 in September 2026")
    (kept,) = bench.store.runs.before(KEY)[0].anecdotes
    assert (kept.tickets, kept.customers, kept.name, kept.ticket_ids) == (3, 3, "", ())


def test_a_quarter_is_the_sum_of_its_months_where_they_are_stored(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    """Else nothing is printed, and what is lacking is said: then the quarter is a run like any other."""
    bench.desk(tickets=[t for n in (7, 8, 9) for t in busy(n, export=8, login=0 if n == 8 else 6)])
    quarter = Request(window("2026-07-01..2026-09-30", NOW, "UTC"))
    wired: Any = SimpleNamespace(parts=bench.parts)
    for number, key, kind in (
        (7, "monthly:2026-07", "monthly"),
        (8, "by hand", "manual"),
        (9, "monthly:2026-09", "monthly"),
    ):
        assert not planning.summed(wired, quarter, as_json=True, quiet=False)
        assert (
            f"no digest of {'July' if number == 7 else 'August' if number == 8 else 'September'}"
            in capsys.readouterr().err
        )
        bench.run(key, window(f"2026-{number:02d}", NOW, "UTC"), kind=kind)
        bench.clock.passes(60)
    assert planning.summed(wired, quarter, as_json=True, quiet=False)
    told = json.loads(capsys.readouterr().out)["data"]
    assert told["made_from"] == ["monthly:2026-07", "by hand", "monthly:2026-09"]
    assert [(t["ticket_count"], t["customer_count"]) for t in told["themes"]] == [(24, 5), (12, 5)]
    assert [m["ticket_count"] for m in told["themes"][1]["months"]] == [6, 0, 6]
    assert planning.summed(wired, quarter, as_json=False, quiet=False)
    assert "the sum of 3 stored monthly digests" in capsys.readouterr().out
    assert not planning.summed(wired, replace(quarter, areas=("Billing",)), as_json=True, quiet=True)
    assert not planning.summed(wired, Request(OCTOBER), as_json=True, quiet=False)


def test_what_another_run_finds_after_the_freeze_changes_nothing_of_a_run_that_is_gone_on_with(bench: Bench) -> None:
    """Asked for first, frozen first, digested last: it knows what it knew when it was frozen."""
    bench.desk(tickets=[*month(start=datetime(2026, 9, 1, 12, tzinfo=UTC), days=30), *month(first=100)])
    bench.ask("manual:september", "manual", window("2026-09", NOW, "UTC"))
    bench.clock.passes(60)
    bench.ask()
    bench.topics.does.append(broken())
    with pytest.raises(RuntimeError):
        bench.go_on()
    assert bench.row() == (RunState.WAITING, "frozen")
    before = bench.store.runs.frozen(KEY)
    september = _ids(bench.go_on("manual:september"))
    october = _ids(bench.go_on())
    assert before is not None and before[2] == {"known": []}
    assert set(september.values()).isdisjoint(october.values())


def test_a_run_knows_nothing_of_one_that_was_asked_for_after_it(bench: Bench) -> None:
    bench.desk()
    bench.ask()
    bench.clock.passes(60)
    later = _ids(bench.run("manual:later"))
    first = _ids(bench.go_on())
    assert bench.store.runs.frozen(KEY)[2] == {"known": []}  # type: ignore[index]
    assert later == first  # a new theme is named by its tickets: both found the same ones


# --- the embedder


def test_an_embedder_that_is_away_fails_the_run_and_leaves_its_steps_for_another_try(bench: Bench) -> None:
    desk = bench.desk()

    def away() -> None:
        raise Unavailable("The embeddings endpoint did not answer.")

    bench.topics.does.append(away)
    bench.ask()
    with pytest.raises(Unavailable, match="embeddings endpoint"):
        bench.go_on()
    assert bench.row() == (RunState.FAILED, "frozen")
    assert len(bench.run().themes) == 2 and len(desk.asked) == 1


def test_a_standby_takes_the_place_of_an_embedder_that_is_away_and_the_digest_says_so(bench: Bench) -> None:
    bench.desk()

    def away() -> None:
        raise Unavailable("The endpoint did not answer.")

    bench.topics.does.append(away)
    bench.standby = Topics()
    bench.standby.id = "standby/1"
    digest = bench.run()
    assert digest.making.embedder == "standby/1" and bench.topics.texts == []
    assert "embedder_not_used" in [w.code for w in digest.warnings]
