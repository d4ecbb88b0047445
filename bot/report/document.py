"""Digest -> the JSON document `groundswell/v1`, which programs and checks read. Extend it, don't change it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bot import signals
from bot.domain import BacklogItem, Digest, LeftOver, Theme, Window, Words
from bot.months import outcomes, trends
from bot.report import sums

SCHEMA = "groundswell/v1"


def document(digest: Digest, *, elapsed_s: float | None = None) -> dict[str, Any]:
    """The success envelope. Everything but `meta` is the same for the same tickets, byte for byte."""
    return {"ok": True, "schema": SCHEMA, "data": _data(digest), "error": None, "meta": _meta(digest, elapsed_s)}


def failure(code: str, message: str, suggestion: str = "", *, retryable: bool = False) -> dict[str, Any]:
    """The envelope when there is no digest: what happened, and the next step."""
    error = {"code": code, "message": message, "retryable": retryable, "suggestion": suggestion}
    return {"ok": False, "schema": SCHEMA, "data": None, "error": error, "meta": {}}


def _data(d: Digest) -> dict[str, Any]:
    t = d.totals
    return {
        "window": _window(d.window),
        "totals": {
            "tickets_read": t.tickets_read,
            "in_themes": t.in_themes,
            "not_a_theme": t.not_a_theme,
            "removed": t.removed,
            "customers": t.customers,
            "unidentified_customers": t.unidentified_customers,
        },
        "sums": sums.as_json(sums.sums(d)),
        "stability": d.stability,
        "other_language_share": d.making.other_language_share,
        "warnings": [{"code": w.code, "message": w.message} for w in d.warnings],
        "rejects": [{"where": r.where, "why": r.why} for r in d.rejects],
        "themes": [_theme(x) for x in d.themes],
        "further_themes": [_theme(x) for x in d.further_themes],
        "snoozed_themes": [_theme(x) for x in d.snoozed_themes],
        "candidate_themes": [_theme(x) for x in d.candidate_themes],
        "backlog_items": [_item(i, d) for i in d.items],
        "not_a_theme": [_left(x) for x in d.not_a_theme],
        "removed": [{"ticket_id": x.ticket_id, "reason": x.reason} for x in d.removed],
        "watched": [
            {
                "name": w.name,
                "ticket_count": w.tickets,
                "customer_count": w.customers,
                "ticket_ids": list(w.ticket_ids),
                "message": w.message,
            }
            for w in d.watched
        ],
        "outcomes": [outcomes.as_json(m) for m in d.outcomes],
        "forecast_record": outcomes.record_json(d.record) if d.record else None,
        "honoured": [
            {"code": h.code, "theme_id": h.theme_id, "number": h.number, "message": h.message} for h in d.honoured
        ],
    }


def _left(x: LeftOver) -> dict[str, Any]:
    told = {"ticket_id": x.ticket_id, "reason": x.reason, "detail": x.detail}
    return {**told, "urgent": x.urgent, "url": x.url} if x.urgent else told


def _window(w: Window) -> dict[str, Any]:
    return {"label": w.label, "start": _iso(w.start), "end": _iso(w.end), "days": w.days, "timezone": w.timezone}


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _theme(t: Theme) -> dict[str, Any]:
    return {
        "id": t.id,
        "rank": t.rank,
        **({"number": t.number} if t.numbered is not None else {}),  # corrected since: its rank is another
        "name": t.words.name,
        "short": t.words.short,
        "problem": t.words.problem,
        "kind": t.words.kind.value,
        "ticket_count": t.counts.tickets,
        "customer_count": t.counts.customers,
        "unidentified_count": t.counts.unidentified,
        "by_source": dict(t.counts.by_source),
        "ticket_ids": list(t.members),
        "example_ticket_ids": list(t.examples),
        "quotes": [{"ticket_id": q.ticket_id, "text": q.text} for q in t.quotes],
        "made_by": t.words.made_by,
        **({"edited": list(t.words.edited)} if t.words.edited else {}),
        **({"near_misses": list(t.words.near_misses)} if t.words.near_misses else {}),
        "quality": {"cohesion": t.quality.cohesion, "stability": t.quality.stability, "core_tickets": t.quality.core},
        "alarms": [{"code": a.code, "message": a.message} for a in t.alarms],
        "trend": trends.told(t.trend) if t.trend else None,
        **({"signal": signals.as_json(t.signal)} if t.signal else {}),
    }


def _item(i: BacklogItem, d: Digest) -> dict[str, Any]:
    words = next(t.words for t in d.themes if t.id == i.theme_id)
    return {
        "id": i.id,
        "theme_id": i.theme_id,
        "rank": i.rank,
        "title": words.title,
        "user_story": words.user_story,
        "acceptance": list(words.acceptance),
        "severity": i.severity.value,
        "severity_reason": i.severity_reason,
        "expected_deflection": {
            "low": i.deflection.low,
            "high": i.deflection.high,
            "per": i.deflection.per,
            "arithmetic": i.deflection.arithmetic,
            **({"factor": i.deflection.factor} if i.deflection.factor != 1.0 else {}),
        },
        "impact": i.impact,
        **_suggested(i, words),
    }


def _suggested(item: BacklogItem, words: Words) -> dict[str, Any]:
    """A language model's differing view of the severity, beside the rule's, which counts."""
    if words.suggested_severity in (None, item.severity):
        return {}
    return {"suggested_severity": words.suggested_severity.value, "suggested_because": words.suggested_because}


def _meta(d: Digest, elapsed_s: float | None) -> dict[str, Any]:
    m = d.making
    return {
        "run_id": m.run_id,
        "made_at": m.made_at.isoformat(),
        "version": m.version,
        "embedder": m.embedder,
        "drafter": m.drafter,
        "seed": m.seed,
        "config_hash": m.config_hash,
        "sources": dict(m.sources),
        "redactions": dict(m.redactions),
        "elapsed_s": elapsed_s,
    }
