"""Where themes stand, in words for a terminal. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from bot import phrases
from bot.acts import REASONS, Act, Decision, Stage, Standing
from bot.corrections.honoured import VERBS, ending
from bot.corrections.honoured import what as what_it_says
from bot.domain import BacklogItem, Digest, Theme
from bot.phrases import count, number
from bot.tracker import existing
from bot.tracker.existing import Existing


def state(now: Standing) -> str:
    """ "approved by cli:dana: BILL-12 https://...": one line."""
    who = now.by or "somebody"
    ref = f"{now.receipt.ref}  {now.receipt.url or ''}".rstrip() if now.receipt else ""
    why = ", ".join(said for said in (REASONS.get(now.reason, ""), phrases.line(now.note)) if said)
    if now.attached:
        return _attached(now, who)
    return {
        Stage.OPEN: "open",
        Stage.APPROVED: f"approved by {who}; no tracker is configured, nothing was sent",
        Stage.CREATING: f"approved by {who}; the draft issue is being made",
        Stage.UNKNOWN: f"approved by {who}; no answer yet, being looked for ({now.error or 'waiting'})",
        Stage.UNSURE: f"approved by {who}; please check: the issue may or may not exist ({now.error or ''})",
        Stage.REFUSED: f"approved by {who}; refused, nothing was made: {now.error or ''}",
        Stage.CREATED: f"approved by {who}: {ref}",
        Stage.REJECTED: f"not a theme, says {who}" + (f": {why}" if why else ""),
        Stage.SNOOZED: f"snoozed by {who} {_ending(now)}",
        Stage.MERGED: f"merged into {f'“{phrases.line(now.into_name)}”' if now.into_name else now.into} by {who}",
    }[now.stage]


def _attached(now: Standing, who: str) -> str:
    url = now.receipt.url if now.receipt and now.receipt.url else ""
    came = {
        Stage.UNKNOWN: f"; no answer yet, being looked for ({now.error or 'waiting'})",
        Stage.UNSURE: f"; please check: the comment may or may not be there ({now.error or ''})",
        Stage.REFUSED: f"; refused, nothing was written: {now.error or ''}",
        Stage.CREATED: f"  {url}".rstrip(),
    }
    return f"evidence for {now.attached} by {who}{came.get(now.stage, '; the comment is being written')}"


def tracked(theme: Theme, now: Standing, found: Existing) -> tuple[str, str | None, str]:
    """For a page: what became of a theme, or may be the same, in a sentence; the address that goes with it; its name.

    Empty where nobody decided and nothing like it is known.
    """
    there = existing.line(theme, now, found)
    if now.stage is Stage.OPEN:
        return there, None, ""
    if now.stage is not Stage.CREATED or now.receipt is None:
        return state(now), None, ""
    how = "Its evidence is attached to" if now.attached else "It is in"
    return f"{how} {now.receipt.ref}{f' ({there})' if there else ''}.", now.receipt.url, now.receipt.ref


def _ending(now: Standing) -> str:
    return ending({"until": now.until.isoformat() if now.until else None, "growth": now.growth})


def listed(
    digest: Digest, now: Mapping[str, Standing], found: Mapping[str, Existing], *, backlog: bool = False
) -> Iterator[str]:
    """One theme in a few lines: what it is, where it stands, what the tracker has of it. By tickets, or by backlog
    rank."""
    themes = list(digest.themes)
    if backlog:
        themes.sort(key=lambda t: digest.item_of(t).rank)
    for theme in themes:
        item = digest.item_of(theme)
        said = phrases.heading(item_title(theme) if backlog else theme.words.name)
        yield f"{theme.number:>2}  {said}"
        yield f"    {phrases.size(theme)} · {item.severity} · backlog rank {item.rank} · {theme.id}"
        yield f"    {state(now[theme.id])}"
        if there := existing.line(theme, now[theme.id], found.get(theme.id, existing.NOTHING)):
            yield f"    {there}"


def item_title(theme: Theme) -> str:
    return theme.words.title


def shown(digest: Digest, theme: Theme, now: Standing) -> Iterator[str]:
    """Everything that speaks for one theme."""
    item, words = next((i for i in digest.items if i.theme_id == theme.id), None), theme.words
    yield f"{phrases.heading(words.name)}  ({theme.id})"
    yield f"{phrases.size(theme)} · {digest.window.label} · {state(now)}"
    yield ""
    yield phrases.line(words.problem)
    yield ""
    yield from _months(theme)
    if item is not None:
        yield from _item(item, theme)
        yield ""
    yield "In customers' words"
    yield from (f"  “{phrases.line(q.text)}”  {q.ticket_id}" for q in theme.quotes)
    yield ""
    yield f"{count(theme.counts.tickets, 'ticket')}, nearest to the centre first"
    for row in theme.evidence:
        at = phrases.day(row.created_at) if row.created_at else "no date"
        whose = phrases.clip(row.customer or "not identified", 28)
        yield f"  {row.ticket_id:<14} {at:<12} {whose:<28} {row.url or ''}".rstrip()


def _months(theme: Theme) -> Iterator[str]:
    """Its story so far: each window as its digest counted it, and how it stands to its past."""
    if theme.trend is None:
        return
    yield f"Months: {phrases.trend(theme)}"
    for month in theme.trend.months:
        size = f"{count(month.tickets, 'ticket')}, {count(month.customers, 'customer')}"
        yield f"  {phrases.line(month.label):<28} {size}"
    yield ""


def _item(item: BacklogItem, theme: Theme) -> Iterator[str]:
    yield phrases.heading(theme.words.title)
    yield f"  {phrases.line(theme.words.user_story)}"
    yield from (f"  - {phrases.line(a)}" for a in theme.words.acceptance)
    yield f"  Severity {item.severity} ({phrases.why(item)})"
    expected = f"up to {number(item.deflection.high)} {phrases.per(item.deflection)}"
    yield f"  Expected deflection {expected} ({item.deflection.arithmetic})"
    yield f"  Impact {number(item.impact)}: backlog rank {item.rank} of its digest"


def decided(log: Sequence[Decision]) -> Iterator[str]:
    """A theme's log, oldest first; nothing where nobody decided."""
    if log:
        yield "\nDecisions"
    for d in log:
        what = f"  {what_it_says(d)}" if d.verdict in VERBS else ""
        why = f": {phrases.line(d.note)}" if d.note else ""
        yield f"  {d.at:%Y-%m-%d %H:%M} {d.verdict} by {d.by}{what}{why}"


_WRITES = {
    "jira.issue": "the issue in {to}",
    "jira.links": "links to {tickets}",
    "jira.evidence": "the table of its tickets, without their texts",
    "jira.triage": "its move to the status of triage, where that can be",
    "productboard.feature": "a feature in Productboard",
    "productboard.note": "notes in Productboard",
    "dovetail.doc": "a doc in Dovetail",
    "dovetail.transcript": "transcripts in Dovetail",
}


def planned(acts: Sequence[Act]) -> Iterator[str]:
    """What would be written, in order and in words, before anything is; a row of like acts is one line."""
    for (kind, target), row in groupby(acts, key=lambda a: (a.kind, a.target)):
        like = list(row)
        fields = like[0].payload.get("fields", {})
        about = phrases.clip(phrases.line(str(fields.get("summary") or "")), 90)
        times = f" x {len(like)}" if len(like) > 1 and kind != "jira.links" else ""
        said = _WRITES.get(kind, f"{kind} in {{to}}").format(to=target, tickets=count(len(like), "ticket"))
        yield f"  {said}{times}  {about}".rstrip()
        if labels := fields.get("labels"):
            yield f"    labels {', '.join(labels)}"
