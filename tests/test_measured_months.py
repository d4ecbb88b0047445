"""A fix from its day to the digest that says what became of it: kept, told, corrected, counted again."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot import current
from bot.cli import app
from bot.digest import backlog
from bot.domain import Digest, Severity, Totals, Worked
from bot.months import outcomes, trends
from bot.months.outcomes import Period
from bot.months.recounted import forecasts, measured
from bot.report import render as report
from bot.report.document import document
from bot.report.markdown import render as markdown
from bot.runs import Request
from bot.slack.leftovers import left_over
from bot.store import Outcome, Store
from bot.synthesis.rules import Rules
from bot.tracking import forecast
from tests.databases import Clock
from tests.digests import reading_of, sample_digest
from tests.replays import DONE, FIXED, FLOOR, Story, counts

STORY = Story(left=0.2, rates=(30, 34, 28, 22, 40), scatter=0.0)


def digest_of(period: Period, run_key: str) -> Digest:
    """A digest of exactly these counts: the other fields are a sample's."""
    sample, themes = sample_digest(one_offs=0), []
    for rank, (theme_id, (name, n)) in enumerate(sorted(period.themes.items(), key=lambda t: -t[1][1]), 1):
        like = sample.themes[rank - 1]
        ids = tuple(f"{theme_id}-{run_key}-{k}" for k in range(n))
        themes.append(
            replace(
                like,
                id=theme_id,
                rank=rank,
                members=ids,
                examples=ids[:3],
                quotes=(),
                evidence=(),
                counts=replace(like.counts, tickets=n, customers=min(n, like.counts.customers)),
                words=replace(like.words, name=name),
                quality=replace(like.quality, core=n),
            )
        )
    of = sum(t.counts.tickets for t in themes)
    items = backlog([(t, Severity.P3, "a rule") for t in themes], period.window, Rules())
    return replace(
        sample,
        making=replace(sample.making, run_id=run_key),
        window=period.window,
        totals=Totals(of, of, 0, 0, 9, 0),
        themes=tuple(themes),
        further_themes=(),
        candidate_themes=(),
        items=items,
        not_a_theme=(),
        removed=(),
        rejects=(),
        warnings=(),
        dots=(),
    )


def live(store: Store, clock: Clock, periods: Sequence[Period], endings: Mapping[int, Sequence[Outcome]]) -> None:
    """Each month's run two days after its end, with what became known (by month) before it."""
    for n, period in enumerate(periods):
        assert period.window.end is not None
        for outcome in endings.get(n, ()):
            store.tracked.done(outcome)
        clock.at = period.window.end + timedelta(days=2)
        key = f"monthly:{n}"
        store.runs.ask(key, "monthly", Request(period.window).told())
        fence = store.runs.lease(key, "me", 60)
        assert fence is not None
        found = digest_of(period, key)
        store.runs.freeze(key, fence, reading_of(found), Rules(), {"known": []})
        found = outcomes.told(found, current.history(store, key), FLOOR)
        store.measurements.keep(key, found.outcomes)
        store.runs.conclude(key, fence, found, {}, ())
        store.runs.finish(key, fence)


def fixed(theme_id: str, key: str, told: Mapping[str, object]) -> Outcome:
    at = datetime(2026, 7, 14, 12, tzinfo=UTC)
    return Outcome(theme_id, key, at + timedelta(hours=1), at, None, told)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    told = {
        "workspace": {"name": "acme"},
        "sources": {"file": {"paths": [str(tmp_path / "none.csv")]}},
        "storage": {"database": f"sqlite:///{tmp_path / 'groundswell.db'}"},
    }
    (tmp_path / "config.yaml").write_text(json.dumps(told))
    return tmp_path


@contextmanager
def opened(folder: Path, clock: Clock | None = None) -> Iterator[Store]:
    store = Store.open(f"sqlite:///{folder / 'groundswell.db'}", workspace="acme", clock=clock)
    try:
        yield store
    finally:
        store.close()


def says(folder: Path, *words: str) -> Result:
    told = [*words, "--config", str(folder / "config.yaml")]
    before, sys.argv = sys.argv, ["groundswell", *told]
    try:
        return CliRunner().invoke(app, told)
    finally:
        sys.argv = before


def faults(store: Store, key: str, data: Mapping[str, object], digest: Digest) -> list[str]:
    history = trends.bound(current.history(store, key), ())
    return [*forecasts(data, digest.window, history), *measured(data, digest.window, history, Rules())]


def test_a_fix_is_measured_month_by_month_and_told_on_every_surface(folder: Path) -> None:
    clock, periods = Clock(), counts(STORY, 1)
    with opened(folder, clock) as store:
        promised = forecast(digest_of(periods[2], "monthly:2"), FIXED)
        live(store, clock, periods, {DONE: [fixed(FIXED, "BILL-12", promised)]})
        told = [current.digest(store, f"monthly:{n}") for n in range(7)]
        assert [[m.days for m in d.outcomes] for d in told if d] == [[], [], [], [], [31], [61 + 1 - 1], [92]]
        last = told[6]
        assert last is not None and last.record is not None
        (found,) = last.outcomes
        assert (found.worked, found.issue, last.record.outcomes) == (Worked.LIKELY, "BILL-12", 1)
        assert found.forecast_high == promised["high"]
        data = document(last)["data"]
        assert data["outcomes"][0]["message"] == found.message and data["forecast_record"]["outcomes"] == 1
        for shown in (markdown(last).replace("\\", ""), report(last), str(left_over(last).blocks)):
            assert "Did it work?" in shown and "BILL-12" in shown and "likely effect" in shown
            assert "1 measured outcome inside" in shown or "of 1 measured outcome" in shown
        assert faults(store, "monthly:6", data, last) == []


def test_a_changed_figure_is_found_and_what_is_learned_later_changes_none(folder: Path) -> None:
    clock, periods = Clock(), counts(STORY, 1)
    with opened(folder, clock) as store:
        live(store, clock, periods, {DONE: [fixed(FIXED, "BILL-12", {})]})
        last = current.digest(store, "monthly:6")
        assert last is not None
        data = document(last)["data"]
        for key, value in data["outcomes"][0].items():
            other = {**data, "outcomes": [{**data["outcomes"][0], key: f"{value}1"}]}
            assert faults(store, "monthly:6", other, last), key
        said = data["backlog_items"][0]["expected_deflection"]
        for key in said:
            item = {**data["backlog_items"][0], "expected_deflection": {**said, key: 1234}}
            assert faults(store, "monthly:6", {**data, "backlog_items": [item]}, last), key
        assert faults(store, "monthly:6", {**data, "outcomes": []}, last)
        before = current.history(store, "monthly:6")
        store.tracked.done(replace(fixed("t-1", "BILL-13", {}), known_at=clock.at + timedelta(days=9)))
        store.tracked.reopened("BILL-12", clock.at + timedelta(days=9))
        assert current.history(store, "monthly:6") == before


def test_five_measured_outcomes_correct_the_next_forecasts_and_it_bears_counting_again(folder: Path) -> None:
    clock, others = Clock(), (34, 28, 22)
    story = Story(left=0.5, rates=(40, *others), scatter=0.0)
    with opened(folder, clock) as store:
        promised = {"low": 30, "high": 40, "per": "30 days"}
        known = [fixed(FIXED, f"BILL-{n}", promised) for n in range(5)]
        live(store, clock, counts(story, 2), {DONE: known})
        last = current.digest(store, "monthly:6")
        assert last is not None and last.record is not None and last.record.outcomes == 5
        assert 0.3 < last.record.factor < 0.7
        item = last.items[0]
        assert item.deflection.factor == last.record.factor and "measured forecasts" in item.deflection.arithmetic
        data = document(last)["data"]
        assert data["backlog_items"][0]["expected_deflection"]["factor"] == last.record.factor
        assert faults(store, "monthly:6", data, last) == []
        assert faults(store, "monthly:6", {**data, "forecast_record": None}, last)
        store.tracked.done(replace(fixed("t-1", "BILL-9", forecast(last, "t-1")), known_at=clock.at))
        raw = {e.issue: e.high for e in current.history(store, "monthly:6").endings}
        assert raw["BILL-0"] == 40


def test_a_fix_is_told_by_hand_listed_and_taken_back(folder: Path) -> None:
    clock, periods = Clock(), counts(STORY, 1)
    with opened(folder, clock) as store:
        live(store, clock, periods[:4], {})
    said = says(folder, "done", FIXED, "--on", "2026-07-14")
    assert said.exit_code == 0 and "the fix of 14 July 2026" in said.stdout, said.output
    assert "was told before" in says(folder, "done", FIXED, "--on", "2026-07-14").stdout
    assert "measures no fix: 1 known" in says(folder, "outcomes").stdout
    assert says(folder, "done", FIXED, "--on", "2099-01-01").exit_code == 2
    assert says(folder, "done", FIXED, "--on", "soon").exit_code == 2
    assert says(folder, "done", "t-nobody").exit_code == 2
    with opened(folder) as store:
        (kept,) = store.tracked.outcomes()
        assert (
            kept.theme_id == FIXED and kept.forecast["high"] and kept.resolved_at == datetime(2026, 7, 14, tzinfo=UTC)
        )
    assert "taken back" in says(folder, "done", FIXED, "--on", "2026-07-14", "--undo").stdout
    assert says(folder, "done", FIXED, "--on", "2026-07-14", "--undo").exit_code == 2
    assert json.loads(says(folder, "outcomes", "--json").stdout)["data"] == {
        "run": "monthly:3", "outcomes": [], "forecast_record": None}  # fmt: skip
