"""A draft -> the description of its issue: what is asked for, how much it weighs, and the tickets that say so. Pure.

Jira takes 32,767 characters of description, and it isn't known whether it counts the JSON or the text (SURFACES section
7, b): so the JSON is held under LIMIT. Texts are cut first, and marked where they are; then as many ticket links as
there is room for stand inline.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from bot import phrases
from bot.acts import Draft
from connectors.jira import adf
from connectors.jira.adf import Node

LIMIT = 30_000
_CUTS = (1_200, 400, 120, 40)  # characters of each text, the first that lets the whole stay under the limit
_MOST = 8  # quotes, criteria, alarms
_LINE = 500  # characters of a line that is ours
_FOLD = 200  # what the fold around the ticket links takes, and a comma here and there
_GAP = adf.text("  ")


def description(draft: Draft, inline_links: int) -> Node:
    """The whole document; at most `inline_links` tickets are listed in it, fewer when there is no room."""
    for cut in _CUTS:
        body, foot = list(_body(draft, cut)), [_foot(draft)]
        room = LIMIT - adf.size(adf.document([*body, *foot])) - _FOLD
        if room >= 0:
            break
    return adf.document([*body, *_tickets(draft, inline_links, room), *foot])


def evidence(draft: Draft, said: Sequence[str], foot: str, inline_links: int) -> Node:
    """What speaks for a theme, without a draft: for an issue that others wrote. `said` stands first, `foot` last."""
    for cut in _CUTS:
        body = list(_spoken(draft, said, cut))
        end = [adf.paragraph(adf.text(foot))]
        room = LIMIT - adf.size(adf.document([*body, *end])) - _FOLD
        if room >= 0:
            break
    return adf.document([*body, *_tickets(draft, inline_links, room), *end])


def _spoken(draft: Draft, said: Sequence[str], cut: int) -> Iterator[Node]:
    yield adf.panel("info", [adf.paragraph(adf.text(phrases.clip(line, _LINE))) for line in said])
    yield from _section("Problem", draft.theme.words.problem, cut)
    yield adf.heading("Impact")
    yield adf.table(_impact(draft, cut))
    if draft.theme.quotes:
        yield adf.heading("In customers' words")
        yield from _quotes(draft, cut)


def _body(draft: Draft, cut: int) -> Iterator[Node]:
    words = draft.theme.words
    told = [adf.paragraph(adf.text(phrases.clip(said, _LINE))) for said in _provenance(draft)]
    yield adf.panel("info", [*told, _review(draft)])
    skewed = [phrases.clip(phrases.line(alarm.message), cut) for alarm in draft.theme.alarms[:_MOST]]
    if skewed:
        yield adf.panel("warning", [adf.paragraph(adf.text(f"Skewed? {said}")) for said in skewed])
    yield from _section("Problem", words.problem, cut)
    yield from _section("User story", words.user_story, cut)
    criteria = [c for c in (phrases.clip(phrases.line(c), cut) for c in words.acceptance[:_MOST]) if c]
    if criteria:
        yield adf.heading("Acceptance criteria")
        yield adf.bullets(criteria)
    yield adf.heading("Impact")
    yield adf.table(_impact(draft, cut))
    if draft.theme.quotes:
        yield adf.heading("In customers' words")
        yield from _quotes(draft, cut)


def _section(title: str, said: str, cut: int) -> Iterator[Node]:
    if said.strip():
        yield adf.heading(title)
        yield adf.paragraph(adf.lines(phrases.clip(said.strip(), cut)))


def _provenance(draft: Draft) -> Iterator[str]:
    """Who wanted this issue, and what in it was computed, quoted or worded."""
    by, at = person(draft.approved_by), draft.approved_at
    span = phrases.heading(draft.window.label)
    if not span[:1].isdigit():  # "October 2026", and not days already
        span += f" ({phrases.window_days(draft.window)})"
    yield (
        f"Draft from support tickets, {span}. "
        f"Approved by {by} on {phrases.day(at)} at {at:%H:%M} {phrases.line(at.tzname() or '')}."
    )
    if draft.small_sample:
        yield (
            f"Small sample: only {phrases.count(draft.tickets_read, 'ticket')} were read, "
            "so its size and rank can change a lot with the next ones."
        )
    worded = (
        "No language model was used: title, problem, user story and criteria are taken from the tickets' own words."
        if draft.drafter == "extractive"
        else f"Title, problem, user story and criteria were worded by {phrases.heading(draft.drafter)}."
    )
    yield (
        f"{worded} Counts are computed, ids and links are those of the tickets, "
        "and quotes are word for word, personal data hidden."
    )
    if draft.edited_by:
        yield f"Edited by {' and '.join(map(person, draft.edited_by[:_MOST]))}."


def _review(draft: Draft) -> Node:
    """What people heard elsewhere counts, too, and no ticket tells it."""
    if draft.notes_url:
        return adf.paragraph([*adf.text("Reviewed against: "), *adf.link(draft.notes_url[:_LINE], draft.notes_url)])
    return adf.paragraph(adf.text("This is a first-pass synthesis of tickets: review it against discovery notes."))


def person(actor: str) -> str:
    """ "slack:U0DANA" -> "U0DANA (slack)"."""
    where, _, who = phrases.heading(actor).rpartition(":")
    return f"{who} ({where})" if where else who


def _impact(draft: Draft, cut: int) -> Iterator[tuple[str, str]]:
    theme, item = draft.theme, draft.item
    made, deflection = theme.counts, item.deflection
    share = phrases.percent(made.tickets, draft.tickets_read)
    unknown = f", and {phrases.number(made.unidentified)} not identified" if made.unidentified else ""
    likely = f"up to {phrases.count(deflection.high, 'ticket')} {phrases.per(deflection)}"
    yield "Tickets", f"{phrases.number(made.tickets)}, {share} of the {phrases.number(draft.tickets_read)} read"
    yield "Customers", f"{phrases.number(made.customers)}{unknown}"
    if trend := phrases.trend(theme):
        yield "Trend", phrases.clip(trend, cut)
    if theme.signal:
        yield "Usage", phrases.clip(phrases.line(theme.signal.message), cut)
    yield "Severity", f"{item.severity}: {phrases.clip(phrases.line(phrases.why(item)), cut)}"
    yield (
        "Expected deflection",
        f"{likely} ({phrases.avoidable(deflection)}: {phrases.clip(phrases.line(deflection.arithmetic), cut)})",
    )
    customers = phrases.count(made.customers, "customer")
    yield "Impact", f"{phrases.number(item.impact)} ({customers} × {item.severity} weight), backlog rank {item.rank}"
    yield "Reported in", phrases.clip(phrases.sources(made.by_source), cut)


def _quotes(draft: Draft, cut: int) -> Iterator[Node]:
    urls, dates = _urls(draft), {e.ticket_id: e.created_at for e in draft.theme.evidence}
    for quote in draft.theme.quotes[:_MOST]:
        at = dates.get(quote.ticket_id)
        said = adf.lines(phrases.clip(quote.text, cut))
        who = adf.link(phrases.heading(quote.ticket_id), urls.get(quote.ticket_id))
        yield adf.quote([*said, *adf.text(" — "), *who, *adf.text(f", {phrases.day(at)}" if at else "")])


def _urls(draft: Draft) -> Mapping[str, str | None]:
    return {e.ticket_id: e.url for e in draft.theme.evidence}


def _tickets(draft: Draft, most: int, room: int) -> Iterator[Node]:
    """The members, nearest to the theme's centre first, as many as `most` and `room` characters allow."""
    urls, members = _urls(draft), draft.theme.members
    links: list[Node] = []
    shown = 0
    for ticket_id in members[: max(most, 0)]:
        entry = [*(_GAP if links else []), *adf.link(phrases.heading(ticket_id), urls.get(ticket_id))]
        room -= adf.size(entry)
        if room < 0:
            break
        links, shown = [*links, *entry], shown + 1
    if links:
        yield adf.expand(_listed(shown, members), links)


def _listed(shown: int, members: Sequence[str]) -> str:
    whole = shown == len(members)
    return f"Tickets: all {shown:,}" if whole else f"Tickets: {shown:,} of {len(members):,}, the most typical first"


def _foot(draft: Draft) -> Node:
    """Ids by which the issue can be traced back to the run and computed again."""
    ids = (
        f"Groundswell run {draft.run_key}",
        f"theme {draft.theme.id}",
        f"item {draft.item.id}, revision {draft.item.revision}",
        f"approval {draft.generation}",
    )
    return adf.paragraph(adf.text(phrases.clip(phrases.line(" · ".join(ids)), _LINE)))
