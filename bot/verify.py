"""Does a digest say what the tickets say? Recomputes every number, id and quote of a document from the evidence.

Nothing of how the digest was made is trusted here: membership is read from the document, all else is counted again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bot.domain import Customer, Severity, Ticket, Window, shown_ids
from bot.synthesis.evidence import verbatim
from bot.synthesis.impact import deflection, impact
from bot.synthesis.rules import Rules

Document = Mapping[str, Any]


def problems(data: Document, tickets: Sequence[Ticket], customers: Mapping[str, Customer], window: Window, rules: Rules) -> list[str]:
    """What in `data` (the `data` of a groundswell/v1 document) the redacted tickets don't bear out; [] when all does."""
    ids = shown_ids(tickets)
    by_id = {ids[t.id]: t for t in tickets}
    return [
        *_accounted(data, by_id),
        *(p for key in ("themes", "further_themes", "candidate_themes") for t in data[key] for p in _theme(t, key, by_id, customers, rules)),
        *_ranked(data["themes"] + data["further_themes"], "ticket_count", "themes"),
        *_totals(data, by_id, customers),
        *_items(data, window, rules),
    ]


def _accounted(data: Document, by_id: Mapping[str, Ticket]) -> Iterator[str]:
    """Every ticket in exactly one place, and no id that was not read."""
    placed = [i for key in ("themes", "further_themes") for t in data[key] for i in t["ticket_ids"]]
    placed += [x["ticket_id"] for key in ("not_a_theme", "removed") for x in data[key]]
    yield from (f"ticket {i!r} was never read" for i in placed if i not in by_id)
    yield from (f"ticket {i!r} is in more than one place" for i in {i for i in placed if placed.count(i) > 1})
    yield from (f"ticket {i!r} was read and is nowhere" for i in by_id.keys() - set(placed))
    left = {x["ticket_id"] for x in data["not_a_theme"]}
    for theme in data["candidate_themes"]:
        yield from (f"candidate {theme['id']}: ticket {i!r} is not among NOT A THEME" for i in theme["ticket_ids"] if i not in left)


def _theme(theme: Document, where: str, by_id: Mapping[str, Ticket], customers: Mapping[str, Customer], rules: Rules) -> Iterator[str]:
    name, ids = f"{where} {theme['id']}", theme["ticket_ids"]
    members = [by_id[i] for i in ids if i in by_id]
    who = [customers[t.id] for t in members]
    known = {c.id for c in who if c.identified}
    counted = {
        "ticket_count": len(set(ids)),
        "customer_count": len(known),
        "unidentified_count": len({c.id for c in who if not c.identified}),
    }
    yield from (f"{name}: {key} is {theme[key]}, counted {n}" for key, n in counted.items() if theme[key] != n)
    sources: dict[str, int] = {}
    for t in members:
        sources[t.source] = sources.get(t.source, 0) + 1
    if theme["by_source"] != sources:
        yield f"{name}: by_source is {theme['by_source']}, counted {sources}"
    if len(ids) < rules.min_tickets or (where != "candidate_themes" and len(known) < rules.min_customers):
        yield f"{name}: {len(ids)} tickets from {len(known)} customers break the rule"
    if not 0 <= theme["quality"]["core_tickets"] <= len(ids):
        yield f"{name}: {theme['quality']['core_tickets']} core tickets of {len(ids)}"
    yield from (f"{name}: example {i!r} is not in it" for i in theme["example_ticket_ids"] if i not in ids)
    yield from _quotes(name, theme, by_id)


def _quotes(name: str, theme: Document, by_id: Mapping[str, Ticket]) -> Iterator[str]:
    for quote in theme["quotes"]:
        if quote["ticket_id"] not in theme["ticket_ids"]:
            yield f"{name}: quote of {quote['ticket_id']!r}, which is not in it"
        elif not verbatim(quote["text"], by_id[quote["ticket_id"]]):
            yield f"{name}: not verbatim in {quote['ticket_id']!r}: {quote['text']!r}"


def _ranked(rows: Sequence[Document], key: str, what: str) -> Iterator[str]:
    if [r["rank"] for r in rows] != list(range(1, len(rows) + 1)):
        yield f"{what}: ranks are not 1, 2, 3, ..."
    if any(a[key] < b[key] for a, b in zip(rows, rows[1:], strict=False)):
        yield f"{what}: not in the order of {key}"


def _totals(data: Document, by_id: Mapping[str, Ticket], customers: Mapping[str, Customer]) -> Iterator[str]:
    removed = {x["ticket_id"] for x in data["removed"]}
    who = [customers[t.id] for i, t in by_id.items() if i not in removed]
    counted = {
        "tickets_read": len(by_id),
        "in_themes": sum(len(t["ticket_ids"]) for key in ("themes", "further_themes") for t in data[key]),
        "not_a_theme": len(data["not_a_theme"]),
        "removed": len(removed),
        "customers": len({c.id for c in who if c.identified}),
        "unidentified_customers": len({c.id for c in who if not c.identified}),
    }
    yield from (f"totals: {key} is {data['totals'][key]}, counted {n}" for key, n in counted.items() if data["totals"][key] != n)


def _items(data: Document, window: Window, rules: Rules) -> Iterator[str]:
    themes = {t["id"]: t for t in data["themes"]}
    if sorted(i["theme_id"] for i in data["backlog_items"]) != sorted(themes):
        yield "backlog items: not one for each theme"
        return
    yield from _ranked(data["backlog_items"], "impact", "backlog items")
    for item in data["backlog_items"]:
        theme = themes[item["theme_id"]]
        points = impact(theme["customer_count"], rules.weights[Severity(item["severity"])])
        if item["impact"] != points:
            yield f"item {item['id']}: impact is {item['impact']}, counted {points}"
        expected = deflection(theme["ticket_count"], theme["quality"]["core_tickets"], window)
        said = item["expected_deflection"]
        if (said["low"], said["high"], said["per"], said["arithmetic"]) != (expected.low, expected.high, expected.per, expected.arithmetic):
            yield f"item {item['id']}: expected deflection is {said}, counted {expected}"
