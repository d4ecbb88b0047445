"""Does a digest say what the tickets say? Recomputes every count, id and quote of a document from the evidence.

Nothing of how the digest was made is trusted here: membership is read from the document, all else is counted again.
Three figures describe the grouping itself (cohesion, stability, core tickets): only a new run checks those.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from bot.corrections.honoured import SET_BY
from bot.digest import FIRST, SINGLE, Facts, Reading, anecdote_detail, counted, mismarked, warned
from bot.domain import Customer, Kind, Severity, Ticket, Window, shown_ids
from bot.mirrors import REASON, why_copied
from bot.months import trends, watchlist
from bot.months.recounted import forecasts, measured, unborne
from bot.months.trends import History
from bot.report.sums import recounted
from bot.synthesis.alarms import alarms
from bot.synthesis.clean import cleaned
from bot.synthesis.counts import counts
from bot.synthesis.evidence import verbatim
from bot.synthesis.impact import impact
from bot.synthesis.noise import why_noise, why_staff
from bot.synthesis.reading.wording import impure
from bot.synthesis.rules import Rules
from bot.synthesis.severity import severity
from bot.synthesis.words import MADE_BY, problem

Document = Mapping[str, Any]
_THEMES = ("themes", "further_themes", "snoozed_themes")


@dataclass(frozen=True, slots=True)
class Verified:
    """`problems`: what the evidence does not bear out. `unchecked`: what it can't say any more, since texts are gone.

    `quotes`: how many were found word for word.
    """

    problems: tuple[str, ...]
    unchecked: tuple[str, ...] = ()
    quotes: int = 0


def verified(
    data: Document,
    reading: Reading,
    window: Window,
    rules: Rules,
    gone: frozenset[str],
    history: History | None = None,
) -> Verified:
    """A stored digest against its stored evidence; the text of the tickets `gone` (shown ids) was withdrawn since.

    Numbers and ids never need a text. What is judged by words is judged by those that are left: where that comes to
    something else, nobody can say any more which is right. Without a `history` no trend can be checked.
    """
    tickets, customers = reading.everything, reading.customers
    found = _counted(data, tickets, customers, rules, gone)
    found += [*_trends(data, window, history), *_grown(data, window, history)] if history else []
    found += [*forecasts(data, window, history), *(measured(data, window, history, rules) if history else ())]
    unknown = () if history else _told_trends(data)
    judged = [*_removed(data, tickets, reading.earlier, window, gone), *_judged(data, tickets, customers, rules)]
    quoted = [q["ticket_id"] for t in data["themes"] for q in t["quotes"]]
    if not gone:
        return Verified((*found, *judged), unknown, quotes=len(quoted))
    kept = sum(q not in gone for q in quoted)
    said = f"{counted(len(gone), 'ticket')} without text since, with {counted(len(quoted) - kept, 'quote')}"
    return Verified(tuple(found), (said, *judged, *unknown), kept)


def problems(
    data: Document,
    tickets: Sequence[Ticket],
    customers: Mapping[str, Customer],
    window: Window,
    rules: Rules,
    earlier: Sequence[Ticket] = (),
) -> list[str]:
    """What in `data` (the `data` of a groundswell/v1 document) the redacted tickets don't bear out."""
    nothing: frozenset[str] = frozenset()
    return [
        *_counted(data, tickets, customers, rules, nothing),
        *_removed(data, tickets, earlier, window, nothing),
        *_trends(data, window, History()),
        *forecasts(data, window, History()),
        *measured(data, window, History(), rules),
        *_judged(data, tickets, customers, rules),
    ]


def _judged(
    data: Document,
    tickets: Sequence[Ticket],
    customers: Mapping[str, Customer],
    rules: Rules,
) -> list[str]:
    """By rules on the tickets' own words, cleaned in the company of all the others."""
    ids = shown_ids(tickets)
    by_id = {ids[t.id]: t for t in tickets}
    said = _own_sentences(data, by_id)
    own = {shown: " ".join(sentences) for shown, sentences in said.items()}
    return [
        *mismarked(data["not_a_theme"], by_id, said, rules),
        *_severities(data, by_id, own, customers, rules),
        *_alarms(data, by_id, own, customers, rules),
    ]


def _counted(
    data: Document,
    tickets: Sequence[Ticket],
    customers: Mapping[str, Customer],
    rules: Rules,
    gone: frozenset[str],
) -> list[str]:
    """Counts, ids, sums and quotes; not the words of the tickets `gone`, whose text is not there any more."""
    ids = shown_ids(tickets)
    by_id = {ids[t.id]: t for t in tickets}
    return [
        *_accounted(data, by_id),
        *(
            p
            for key in ("themes", "further_themes", "snoozed_themes", "candidate_themes")
            for t in data[key]
            for p in (*_theme(t, key, by_id, customers, rules), *_quotes(f"{key} {t['id']}", t, by_id, gone))
        ),
        *_watched(data, by_id, customers),
        *unborne(data),
        *_ranked(data["themes"] + data["further_themes"], "ticket_count", "themes"),
        *_totals(data, by_id, customers),
        *_items(data, rules),
        *_anecdotes(data, by_id, customers, rules, gone),
        *_warnings(data, rules),
    ]


def _accounted(data: Document, by_id: Mapping[str, Ticket]) -> Iterator[str]:
    """Every ticket in exactly one place, and no id that was not read."""
    placed = [i for key in _THEMES for t in data[key] for i in t["ticket_ids"]]
    placed += [x["ticket_id"] for key in ("not_a_theme", "removed") for x in data[key]]
    yield from (f"ticket {i!r} was never read" for i in placed if i not in by_id)
    yield from (f"ticket {i!r} is in more than one place" for i in {i for i in placed if placed.count(i) > 1})
    yield from (f"ticket {i!r} was read and is nowhere" for i in by_id.keys() - set(placed))
    left = {x["ticket_id"] for x in data["not_a_theme"]}
    for theme in data["candidate_themes"]:
        yield from (
            f"candidate {theme['id']}: ticket {i!r} is not among NOT A THEME"
            for i in theme["ticket_ids"]
            if i not in left
        )


def _removed(
    data: Document, tickets: Sequence[Ticket], earlier: Sequence[Ticket], window: Window, gone: frozenset[str]
) -> Iterator[str]:
    """Each reason is true of its ticket, and what is kept has none. What a filter took out can't be told from here."""
    ids = shown_ids(tickets)
    by_id = {ids[t.id]: t for t in tickets if ids[t.id] not in gone}
    told = {x["ticket_id"]: x["reason"] for x in data["removed"] if x["ticket_id"] in by_id}
    copied = {i for i, reason in told.items() if reason.startswith(REASON)}
    kept = [t for i, t in by_id.items() if i not in told or i in copied]
    copies, _ = why_copied(kept, earlier, window.start.tzinfo if window.start else None)
    for i, t in by_id.items():
        said = told.get(i)
        if said is None or i in copied:
            due = why_noise(t) or copies.get(t.id)
        elif said in _FILTERS:
            continue
        elif said == "outside the window":
            due = said if t.created_at and not window.holds(t.created_at) else None
        else:
            due = why_staff(t) if t.requester.staff else why_noise(t)
        if said != due:
            yield f"ticket {i!r} is {f'removed as {said!r}' if said else 'kept'}, by the rules {due or 'kept'!r}"


_FILTERS = ("another source", "another product area", "no date, so in no window")


def _theme(
    theme: Document, where: str, by_id: Mapping[str, Ticket], customers: Mapping[str, Customer], rules: Rules
) -> Iterator[str]:
    name, ids = f"{where} {theme['id']}", theme["ticket_ids"]
    members = [by_id[i] for i in ids if i in by_id]
    who = [customers[t.id] for t in members]
    known = {c.id for c in who if c.identified}
    again = {
        "ticket_count": len(set(ids)),
        "customer_count": len(known),
        "unidentified_count": len({c.id for c in who if not c.identified}),
    }
    yield from (f"{name}: {key} is {theme[key]}, counted {n}" for key, n in again.items() if theme[key] != n)
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


def _quotes(name: str, theme: Document, by_id: Mapping[str, Ticket], gone: frozenset[str]) -> Iterator[str]:
    for quote in theme["quotes"]:
        if quote["ticket_id"] not in theme["ticket_ids"] or quote["ticket_id"] not in by_id:
            yield f"{name}: quote of {quote['ticket_id']!r}, which is not in it"
        elif quote["ticket_id"] not in gone and not verbatim(quote["text"], by_id[quote["ticket_id"]]):
            yield f"{name}: not verbatim in {quote['ticket_id']!r}: {quote['text']!r}"
    if gone.intersection(theme["ticket_ids"]):
        return
    if theme["made_by"] != MADE_BY:
        yield from _worded(name, theme, by_id)
    due = problem([q["text"] for q in theme["quotes"]])
    if theme["made_by"] == MADE_BY and "problem" not in theme.get("edited", ()) and theme["problem"] != due:
        yield f"{name}: the problem is told as {theme['problem']!r}, by its quotes {due!r}"


def _worded(name: str, theme: Document, by_id: Mapping[str, Ticket]) -> Iterator[str]:
    """Words that a language model made hold no count, and no number that is not in the theme's tickets."""
    evidence = " ".join(f"{by_id[i].subject} {by_id[i].body}" for i in theme["ticket_ids"] if i in by_id)
    edited = theme.get("edited", ())  # a person may write what they know
    told = [
        theme[key]
        for key, owner in (("name", "name"), ("short", "name"), ("problem", "problem"))
        if owner not in edited
    ]
    for text in (*told, *theme.get("near_misses", ())):
        yield from (f"{name}: in its words, {wrong}" for wrong in impure(text, " ".join(evidence.split())))


def _ranked(rows: Sequence[Document], key: str, what: str) -> Iterator[str]:
    if [r["rank"] for r in rows] != list(range(1, len(rows) + 1)):
        yield f"{what}: ranks are not 1, 2, 3, ..."
    numbers = [r.get("number", r["rank"]) for r in rows]
    if len(set(numbers)) != len(numbers):
        yield f"{what}: two have one number"
    if any(a[key] < b[key] for a, b in pairwise(rows)):
        yield f"{what}: not in the order of {key}"


def _trends(data: Document, window: Window, history: History) -> list[str]:
    """Each theme's course is what the stored digests before it make of its counts."""
    themes = [t for key in _THEMES for t in data[key]]
    counted = {t["id"]: (t["ticket_count"], t["customer_count"]) for t in themes}
    due = trends.of(counted, window, {w["code"] for w in data["warnings"]}, history)
    expected = {theme_id: trends.told(trend) for theme_id, trend in due.items()}
    return [
        f"theme {t['id']}: trend is {t['trend']}, by the digests before {expected.get(t['id'])}"
        for t in themes
        if t["trend"] != expected.get(t["id"])
    ]


def _watched(data: Document, by_id: Mapping[str, Ticket], customers: Mapping[str, Customer]) -> Iterator[str]:
    for w in data["watched"]:
        who = [customers[by_id[i].id] for i in w["ticket_ids"] if i in by_id]
        again = (len(who), len({c.id for c in who if c.identified}))
        if (w["ticket_count"], w["customer_count"]) != again or len(set(w["ticket_ids"])) != len(who):
            yield f"watch list, {w['name']!r}: its tickets and customers are {again}"


def _grown(data: Document, window: Window, history: History) -> Iterator[str]:
    """What grew had fewer tickets in the digest before; what is back stands among the themes and says so."""
    back = [t["ticket_ids"] for key in _THEMES for t in data[key] if t["trend"] and t["trend"]["returned_after"]]
    past = trends.before(window, history)[-1:]
    for w in (w for w in data["watched"] if w["ticket_ids"] not in back):
        told = (w["name"], w["ticket_count"], w["customer_count"])
        fewer = [(p, a.tickets) for p in past for a in p.anecdotes if a.tickets < w["ticket_count"]]
        if w["message"] not in [watchlist.said(*told, n, p) for p, n in fewer]:
            yield f"watch list: {w['message']!r}, which the digest before does not bear out"


def _told_trends(data: Document) -> tuple[str, ...]:
    told = [t["id"] for key in _THEMES for t in data[key] if t["trend"]]
    return (f"{counted(len(told), 'trend')} can't be checked: the digests before are not here",) if told else ()


def _totals(data: Document, by_id: Mapping[str, Ticket], customers: Mapping[str, Customer]) -> Iterator[str]:
    removed = {x["ticket_id"] for x in data["removed"]}
    who = [customers[t.id] for i, t in by_id.items() if i not in removed]
    again = {
        "tickets_read": len(by_id),
        "in_themes": sum(len(t["ticket_ids"]) for key in _THEMES for t in data[key]),
        "not_a_theme": len(data["not_a_theme"]),
        "removed": len(removed),
        "customers": len({c.id for c in who if c.identified}),
        "unidentified_customers": len({c.id for c in who if not c.identified}),
    }
    yield from (
        f"totals: {key} is {data['totals'][key]}, counted {n}" for key, n in again.items() if data["totals"][key] != n
    )
    sums = recounted(data)
    told: Document = data.get("sums", sums)  # a document from before there were any
    yield from (f"sums: {key} is {told.get(key)!r}, counted {n!r}" for key, n in sums.items() if told.get(key) != n)


def _items(data: Document, rules: Rules) -> Iterator[str]:
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


def _own_sentences(data: Document, by_id: Mapping[str, Ticket]) -> dict[str, tuple[str, ...]]:
    """Shown id -> the ticket's own sentences, cleaned in the same company as when the digest was made."""
    removed = {x["ticket_id"] for x in data["removed"]}
    kept = sorted((t.id, shown) for shown, t in by_id.items() if shown not in removed)
    texts = cleaned([(by_id[shown].subject, by_id[shown].body) for _, shown in kept])
    return {shown: c.sentences for (_, shown), c in zip(kept, texts, strict=True)}


def _members(theme: Document, by_id: Mapping[str, Ticket], own: Mapping[str, str]) -> tuple[list[Ticket], list[str]]:
    ids = [i for i in theme["ticket_ids"] if i in own]
    return [by_id[i] for i in ids], [own[i] for i in ids]


def _severities(
    data: Document, by_id: Mapping[str, Ticket], own: Mapping[str, str], customers: Mapping[str, Customer], rules: Rules
) -> Iterator[str]:
    themes = {t["id"]: t for t in data["themes"]}
    for item in data["backlog_items"]:
        theme = themes.get(item["theme_id"])
        if theme is None or item["severity_reason"].startswith(SET_BY):
            continue
        level, reason = severity(*_members(theme, by_id, own), customers, Kind(theme["kind"]), rules)
        if (item["severity"], item["severity_reason"]) != (level.value, reason):
            told = f"{item['severity']} ({item['severity_reason']})"
            yield f"item {item['id']}: severity is {told}, by the rules {level} ({reason})"


def _alarms(
    data: Document, by_id: Mapping[str, Ticket], own: Mapping[str, str], customers: Mapping[str, Customer], rules: Rules
) -> Iterator[str]:
    looked_at = [by_id[i] for i in own]
    sources = Counter(t.source for t in looked_at)
    days = len({t.created_at.date() for t in looked_at if t.created_at})
    for theme in (t for key in ("themes", "further_themes", "candidate_themes") for t in data[key]):
        members, texts = _members(theme, by_id, own)
        due = [
            {"code": a.code, "message": a.message}
            for a in alarms(counts(members, customers, rules.timezone), texts, sources, days)
        ]
        if theme["alarms"] != due:
            yield f"theme {theme['id']}: alarms are {theme['alarms']}, counted {due}"


def _anecdotes(
    data: Document, by_id: Mapping[str, Ticket], customers: Mapping[str, Customer], rules: Rules, gone: frozenset[str]
) -> Iterator[str]:
    told: dict[str, list[Ticket]] = defaultdict(list)
    for x in data["not_a_theme"]:
        if x["reason"] == "anecdote" and x["ticket_id"] in by_id:
            told[x["detail"]].append(by_id[x["ticket_id"]])
        read = x["ticket_id"] in by_id and x["ticket_id"] not in gone
        if x["reason"] == "one-off" and read and not _is_own(x["detail"], by_id[x["ticket_id"]]):
            yield f"one-off {x['ticket_id']}: {x['detail']!r} is not in the ticket's own words"
    for detail, members in told.items():
        due = anecdote_detail(counts(members, customers, rules.timezone), detail.partition(": ")[2])
        if detail != due:
            yield f"anecdote {detail!r}: counted {due!r}"


def _is_own(detail: str, ticket: Ticket) -> bool:
    """The gist of a one-off, blanks aside, stands in the ticket."""
    said = " ".join(f"{ticket.subject} {ticket.body}".split())
    return detail.startswith(SINGLE) and detail.removeprefix(SINGLE) in said


_FIGURED = frozenset("small_sample customers_unknown few_themes low_stability other_languages much_left_out".split())


def _warnings(data: Document, rules: Rules) -> Iterator[str]:
    t, muted = data["totals"], {x["detail"] for x in data["not_a_theme"] if x["reason"] == "muted"}
    facts = Facts(
        looked_at=t["tickets_read"] - t["removed"],
        themes=len(data["themes"]) + len(data["further_themes"]),
        in_themes=t["in_themes"],
        candidates=len(data["candidate_themes"]),
        stability=data["stability"],
        other_languages=data["other_language_share"],
        set_aside=len(data["snoozed_themes"]) + len(muted),
    )
    due = [{"code": w.code, "message": w.message} for w in warned(facts, rules)]
    told = [w for w in data["warnings"] if w["code"] != FIRST]
    if told[: len(due)] != due or any(w["code"] in _FIGURED for w in told[len(due) :]):
        yield f"warnings are {data['warnings']}, by the figures {due}"
