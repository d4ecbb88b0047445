"""A draft -> what is written to Productboard: one feature, a note for each customer, what takes it back. Pure.

What a workspace calls its fields is known only when it is written (`fields`); here they are told in our words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from bot import phrases
from bot.acts import Act, Draft, effect_key
from bot.domain import Evidence
from connectors.markup import link, listed, text

FEATURE, NOTE, WITHDRAWAL = "productboard.feature", "productboard.note", "productboard.withdraw"
SYSTEM = "groundswell"  # metadata.source.system of all that we make
WITHDRAWN = "Withdrawn: "
FACTS = ("theme", "severity", "tickets", "customers", "deflection", "issue")
_NAME = 255


def feature(draft: Draft, wanted: Mapping[str, str]) -> Act:
    """The act that makes the feature, or links to the one that holds the theme's id already.

    `wanted`: fact -> the field of the workspace that holds it, as people see it.
    """
    key = _key(FEATURE, draft)
    payload = {
        "name": _title(draft),
        "description": "".join(_description(draft, key[:16])),
        "facts": _facts(draft),
        "wanted": dict(wanted),
    }
    return Act(key, FEATURE, "Productboard", payload)


def notes(draft: Draft) -> Iterator[Act]:
    """One for each customer with a ticket in the theme, the first who wrote first; the unidentified share one."""
    by_customer: dict[str | None, list[Evidence]] = {}
    for row in draft.theme.evidence:
        by_customer.setdefault(row.customer, []).append(row)
    for customer, rows in by_customer.items():
        key = _key(NOTE, draft, customer or "")
        whose = phrases.heading(customer) if customer else "customers who are not identified"
        name = f"{phrases.heading(draft.theme.words.name)}: {phrases.count(len(rows), 'ticket')} of {whose}"
        payload = {"customer": customer, "name": name[:_NAME], "content": "".join(_quotes(rows, key[:16]))}
        yield Act(key, NOTE, "Productboard", payload, after=_key(FEATURE, draft))


def withdrawal(draft: Draft, made: str) -> Act:
    key = _key(WITHDRAWAL, draft)
    payload = {"feature_marker": _key(FEATURE, draft)[:16]}
    return Act(key, WITHDRAWAL, "Productboard", payload, _key(FEATURE, draft), repeatable=True, parent=made)


def _key(kind: str, draft: Draft, *more: str) -> str:
    return effect_key(kind, draft.workspace, ":".join((draft.theme.id, str(draft.generation), *more)))


def _title(draft: Draft) -> str:
    return (phrases.line(draft.theme.words.title) or phrases.line(draft.theme.words.name) or draft.theme.id)[:_NAME]


def _facts(draft: Draft) -> dict[str, str | int]:
    counts, item = draft.theme.counts, draft.item
    return {
        "theme": draft.theme.id,
        "severity": item.severity.value,
        "tickets": counts.tickets,
        "customers": counts.customers,
        "deflection": item.deflection.high,
    }


def _description(draft: Draft, marker: str) -> Iterator[str]:
    words, theme = draft.theme.words, draft.theme
    yield f"<p>{text(words.problem)}</p><p>{text(words.user_story)}</p>"
    yield listed([text(one) for one in words.acceptance])
    yield f"<p>{text(phrases.size(theme))}, {text(phrases.window_days(draft.window))}. "
    yield f"Severity {draft.item.severity.value} ({text(phrases.why(draft.item))}).</p>"
    yield f"<p>Drafted by Groundswell from support tickets, theme {text(theme.id)}; groundswell-op-{marker}</p>"


def _quotes(rows: Sequence[Evidence], marker: str) -> Iterator[str]:
    yield listed([f"“{text(row.quote)}” {link(row)}{_when(row)}" for row in rows])
    yield f"<p>groundswell-op-{marker}</p>"


def _when(row: Evidence) -> str:
    return f", {phrases.day(row.created_at)}" if row.created_at else ""
