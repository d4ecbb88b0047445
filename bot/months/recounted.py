"""Part of `bot.verify`: forecasts and outcomes, made again from a document's counts and the digests before it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from bot import signals
from bot.domain import Corroboration, TrackRecord, Users, Window
from bot.months import outcomes
from bot.months.trends import History
from bot.synthesis.impact import deflection
from bot.synthesis.rules import Rules

Document = Mapping[str, Any]
THEMES = ("themes", "further_themes", "snoozed_themes")


def forecasts(data: Document, window: Window, history: History | None) -> Iterator[str]:
    """By the theme's tickets, and by what came of earlier forecasts; without a history, as the document tells that."""
    told = data["forecast_record"]
    kept = outcomes.record(history.measured) if history else TrackRecord(**told) if told else None
    due = outcomes.record_json(kept) if kept else None
    if told != due:
        yield f"forecast_record is {told}, by the digests before {due}"
    themes = {t["id"]: t for t in data["themes"]}
    for item in (i for i in data["backlog_items"] if i["theme_id"] in themes):
        theme, said = themes[item["theme_id"]], item["expected_deflection"]
        counted_again = deflection(theme["ticket_count"], theme["quality"]["core_tickets"], window)
        expected = outcomes.calibrated(counted_again, kept)
        if {"factor": 1.0, **said} != asdict(expected):
            yield f"item {item['id']}: expected deflection is {said}, counted {expected}"


def measured(data: Document, window: Window, history: History, rules: Rules) -> Iterator[str]:
    """What is said of fixes is what this digest's counts and those before it make of them."""
    themes = {t["id"]: (t["name"], t["ticket_count"]) for key in THEMES for t in data[key]}
    now = outcomes.Period(window, data["totals"]["tickets_read"] - data["totals"]["removed"], themes)
    found = outcomes.of(now, {w["code"] for w in data["warnings"]}, history, rules.min_tickets)
    due = [outcomes.as_json(m) for m in found]
    if data["outcomes"] != due:
        yield f"outcomes are {data['outcomes']}, by the digests before {due}"


def unborne(data: Document) -> Iterator[str]:
    """What is said of usage is what its own figures make of it; those are the vendor's, and can't be counted again."""
    for theme in (t for key in THEMES for t in data[key] if t.get("signal")):
        said = {"usual": None, **theme["signal"]}  # a digest of before that was asked has none
        if said["now"] is None or said["before"] is None:
            silent = (Corroboration.NOT_INSTRUMENTED, Corroboration.UNKNOWN)
            wrong = said["verdict"] not in [v.value for v in silent] or not said["message"].startswith(said["flow"])
        else:
            figures = Users(**said["before"]), Users(**said["now"])
            wrong = (
                signals.as_json(signals.judged(said["flow"], theme["customer_count"], figures, said["usual"])) != said
            )
        if wrong:
            yield f"theme {theme['id']}: its signal is {said}, which its figures don't bear out"
