"""What people type after /themes: about a hundred ways, each read as it was meant, or answered with what works."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.slack.grammar import HelpOrder, HistoryOrder, Misread, NoOrder, RunOrder, StatusOrder, dates, read

NOW = datetime(2026, 11, 25, 13, 0, tzinfo=UTC)  # a Wednesday
WEEK = "2026-11-19..2026-11-25"


def told(text: str, zone: str = "UTC") -> str:
    """An order in one line: `run 2026-… source=… area=… private dry`."""
    order = read(text, NOW, zone)
    if isinstance(order, RunOrder):
        parts = [f"run {dates(order.window)}"]
        parts += [f"source={','.join(order.sources)}"] if order.sources else []
        parts += [f"area={','.join(order.areas)}"] if order.areas else []
        return " ".join([*parts, *(["private"] if order.private else []), *(["dry"] if order.dry else [])])
    if isinstance(order, HistoryOrder):
        return f"history {order.runs}"
    if isinstance(order, HelpOrder):
        return f"help {order.about}" if order.about else "help"
    return {StatusOrder: "status", NoOrder: "nothing"}[type(order)]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        # windows
        ("run", f"run {WEEK}"),
        ("run 7d", f"run {WEEK}"),
        ("RUN 7D", f"run {WEEK}"),
        ("  run\t7d ", f"run {WEEK}"),
        ("run\u00a07d", f"run {WEEK}"),
        ("run 1d", "run 2026-11-25..2026-11-25"),
        ("run 2w", "run 2026-11-12..2026-11-25"),
        ("run 30d", "run 2026-10-27..2026-11-25"),
        ("run 90d", "run 2026-08-28..2026-11-25"),
        ("run last-month", "run 2026-10-01..2026-10-31"),
        ("run Last-Month", "run 2026-10-01..2026-10-31"),
        ("run last-quarter", "run 2026-07-01..2026-09-30"),
        ("run 2026-10", "run 2026-10-01..2026-10-31"),
        ("run 2026-10-01..2026-10-31", "run 2026-10-01..2026-10-31"),
        ("run 2026-10-31..2026-10-31", "run 2026-10-31..2026-10-31"),
        ("run 2026-10-01..", "run 2026-10-01..2026-11-25"),
        ("run 2026-10-01…2026-10-31", "run 2026-10-01..2026-10-31"),  # macOS makes one sign of three dots
        ("run 2026-10-01...2026-10-31", "run 2026-10-01..2026-10-31"),
        ("run 2028-02-01..2028-02-29", "run 2028-02-01..2028-02-29"),
        ("run --window 30d", "run 2026-10-27..2026-11-25"),
        ("run window:30d", "run 2026-10-27..2026-11-25"),
        # sources
        ("run --source zendesk", f"run {WEEK} source=zendesk"),
        ("run --source=zendesk", f"run {WEEK} source=zendesk"),
        ("run --source:zendesk", f"run {WEEK} source=zendesk"),
        ("run -source zendesk", f"run {WEEK} source=zendesk"),
        ("run —source zendesk", f"run {WEEK} source=zendesk"),  # what macOS makes of --
        ("run –source zendesk", f"run {WEEK} source=zendesk"),
        ("run ——source zendesk", f"run {WEEK} source=zendesk"),
        ("run −−source zendesk", f"run {WEEK} source=zendesk"),
        ("run source:zendesk", f"run {WEEK} source=zendesk"),
        ("run source: zendesk", f"run {WEEK} source=zendesk"),
        ("run Source:Zendesk", f"run {WEEK} source=zendesk"),
        ("run --sources zendesk,intercom", f"run {WEEK} source=zendesk,intercom"),
        ("run --source zendesk --source intercom", f"run {WEEK} source=zendesk,intercom"),
        ("run source:zendesk source:zendesk", f"run {WEEK} source=zendesk"),
        ('run --source "zendesk, intercom"', f"run {WEEK} source=zendesk,intercom"),
        ("run --source zendesk,,intercom,", f"run {WEEK} source=zendesk,intercom"),
        # areas, whose names are as the help desk has them
        ("run --area billing", f"run {WEEK} area=billing"),
        ("run --area Billing", f"run {WEEK} area=Billing"),
        ('run --area "Sign in"', f"run {WEEK} area=Sign in"),
        ("run --area “Sign in”", f"run {WEEK} area=Sign in"),
        ("run --area „Sign in“", f"run {WEEK} area=Sign in"),
        ("run --area «Sign in»", f"run {WEEK} area=Sign in"),
        ("run --area 'Sign in'", f"run {WEEK} area=Sign in"),
        ("run --area ‘Sign in’", f"run {WEEK} area=Sign in"),
        ('run area:"Sign in"', f"run {WEEK} area=Sign in"),
        ("run area:'Sign in' 30d", "run 2026-10-27..2026-11-25 area=Sign in"),
        ('run --area="Sign in"', f"run {WEEK} area=Sign in"),
        ('run --area "Sign in', f"run {WEEK} area=Sign in"),
        ("run --area Kid's", f"run {WEEK} area=Kid's"),
        ("run --area Kid’s area:Don’t", f"run {WEEK} area=Kid's,Don't"),
        ("run --area bug:crash", f"run {WEEK} area=bug:crash"),
        ("run --area Zahlung/Rückgabe", f"run {WEEK} area=Zahlung/Rückgabe"),
        # flags, and any order
        ("run --private", f"run {WEEK} private"),
        ("run —private", f"run {WEEK} private"),
        ("run --dry-run", f"run {WEEK} dry"),
        ("run —dry-run", f"run {WEEK} dry"),
        ("run --dry", f"run {WEEK} dry"),
        ("run –private –dry-run", f"run {WEEK} private dry"),
        ("run --private 30d", "run 2026-10-27..2026-11-25 private"),
        ("run --area billing 1d --private source:x", "run 2026-11-25..2026-11-25 source=x area=billing private"),
        ("run source:zendesk area:billing", f"run {WEEK} source=zendesk area=billing"),
        ("run area:billing last-month —dry-run", "run 2026-10-01..2026-10-31 area=billing dry"),
        # the others
        ("", "nothing"),
        ("   ", "nothing"),
        ("status", "status"),
        ("Status ", "status"),
        ("history", "history 3"),
        ("history 1", "history 1"),
        ("HISTORY 12", "history 12"),
        ("help", "help"),
        ("help run", "help run"),
        ("help HISTORY", "help history"),
        ("help help", "help"),
        ("help all", "help"),
        ("?", "help"),
        ("--help", "help"),
        ("—help", "help"),
        ("run --help", "help run"),
        ("run help", "help run"),
        ("run 30d —help", "help run"),
        ("history ?", "help history"),
        ("status -h", "help status"),
    ],
)  # fmt: skip
def test_what_is_typed_is_read_as_it_was_meant(text: str, meant: str) -> None:
    assert told(text) == meant


@pytest.mark.parametrize(
    ("text", "kind", "word", "nearest"),
    [
        ("rnu 30d", "verb", "rnu", "run 30d"),
        ("runn --source zendesk", "verb", "runn", "run --source zendesk"),
        ('ru --area "Sign in"', "verb", "ru", 'run --area "Sign in"'),
        ("stats", "verb", "stats", "status"),
        ("histroy 5", "verb", "histroy", "history 5"),
        ("hlep", "verb", "hlep", "help"),
        ("30d", "verb", "30d", "run 30d"),
        ("last-month --private", "verb", "last-month", "run last-month --private"),
        ("frobnicate", "verb", "frobnicate", ""),
        ("🦆", "verb", "🦆", ""),
        ("help rnu", "verb", "rnu", "help run"),
        ("help me", "verb", "me", "help"),
        ("run 30dd", "window", "30dd", "run 30d"),
        ("run 30days", "window", "30days", "run 30d"),
        ("run 0d", "window", "0d", ""),
        ("run 9999d", "window", "9999d", ""),
        ("run lastmonth", "window", "lastmonth", "run last-month"),
        ("run 2026-13", "window", "2026-13", ""),
        ("run 2026-02-30..2026-03-01", "window", "2026-02-30..2026-03-01", ""),
        ("run 2026-10-31..2026-10-01", "window", "2026-10-31..2026-10-01", "run 2026-10-01..2026-10-31"),
        ("run yesterday", "window", "yesterday", ""),
        ("run 7d 30d", "window", "30d", "run 7d"),
        ("run 30 days", "window", "days", "run 30"),
        ("run --source", "option", "--source", ""),
        ("run --source --private", "option", "--source", ""),
        ("run area:", "option", "--area", ""),
        ("run --privat", "option", "--privat", ""),
        ("run --frob", "option", "--frob", ""),
        ("run --", "option", "--", ""),
        ("run --private=yes", "option", "--private", ""),
        ("status now", "option", "now", "status"),
        ("history 5 6", "option", "6", "history"),
        ("history 0", "number", "0", "history 3"),
        ("history 13", "number", "13", "history 3"),
        ("history all", "number", "all", "history 3"),
        ("history -2", "number", "-2", "history 3"),
    ],
)
def test_what_can_not_be_read_is_named_with_the_nearest_that_works(
    text: str, kind: str, word: str, nearest: str
) -> None:
    with pytest.raises(Misread) as found:
        read(text, NOW, "UTC")
    assert (found.value.kind, found.value.word, found.value.nearest) == (kind, word, nearest)
    assert str(found.value).endswith((".", "?")) and len(str(found.value)) < 250


def test_a_mistyped_option_is_told_the_one_that_is_near() -> None:
    with pytest.raises(Misread, match="--private"):
        read("run --privat", NOW, "UTC")


def test_days_are_of_the_workspaces_zone_and_the_last_one_is_whole() -> None:
    order = read("run 1d", datetime(2026, 11, 25, 23, 30, tzinfo=UTC), "Pacific/Auckland")
    assert isinstance(order, RunOrder) and order.window.end is not None
    assert order.window.end == datetime(2026, 11, 27, tzinfo=ZoneInfo("Pacific/Auckland"))
    assert told("run 1d", "Pacific/Auckland") == "run 2026-11-26..2026-11-26"
    assert told("run 2026-10-25..2026-10-25", "Europe/Berlin") == "run 2026-10-25..2026-10-25"  # a day of 25 hours


@settings(max_examples=40)
@given(
    st.lists(st.sampled_from(["30d", "--private", "source:zendesk", '--area "Sign in"', "--dry-run"]), unique=True),
    st.randoms(),
)
def test_an_order_says_the_same_in_any_order_and_when_it_is_typed_again(words: list[str], shuffle: object) -> None:
    mixed = list(words)
    shuffle.shuffle(mixed)  # type: ignore[attr-defined]
    order = read(" ".join(["run", *words]), NOW, "UTC")
    assert read(" ".join(["run", *mixed]), NOW, "UTC") == order
    assert isinstance(order, RunOrder) and told(order.typed) == told(" ".join(["run", *words]))


@settings(max_examples=60)
@given(st.text(max_size=60))
def test_whatever_is_typed_is_an_order_or_is_misread(text: str) -> None:
    for typed in (text, f"run {text}", f"history {text}", f"help {text}"):
        try:
            read(typed, NOW, "Europe/Berlin")
        except Misread as misread:
            assert len(str(misread)) < 300


@pytest.mark.parametrize(
    ("said", "meant"),
    [("last week", "7d"), ("last month", "last-month"), ("Last Quarter --private", "last-quarter --private")],
)
def test_a_window_may_be_said_in_two_words(said: str, meant: str) -> None:
    now = datetime(2026, 11, 25, 12, tzinfo=UTC)
    assert read(f"run {said}", now, "UTC") == read(f"run {meant}", now, "UTC")


@pytest.mark.parametrize("typed", ["approve 1", "Undo", "snooze 2 until May", "merge 3 into 1"])
def test_a_decision_that_is_typed_is_answered_with_where_its_button_is(typed: str) -> None:
    with pytest.raises(Misread, match="decided by the buttons on their rows"):
        read(typed, NOW, "UTC")
