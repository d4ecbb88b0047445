"""Digest -> report.html: one offline file without script, fonts or network. Every number in it is the digest's."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined

from bot import phrases
from bot.domain import Digest, Evidence, LeftOver, Theme
from bot.phrases import count, number, percent, stability_word
from bot.report import sums
from bot.report.drawing import HEIGHT, WIDTH, Bar, day_bars, month_line, theme_map

MOST_LISTED = 500  # rows of any one list; keeps 10,000 tickets under 2 MB and a browser quick
_LONG_LIST = 40  # longer ones are folded
_QUOTE = 600  # characters shown of one quote; a ticket may be a megabyte
_SAFE_URL = re.compile(r"[\x21-\x7e]+")


Tracked = tuple[str, str | None, str]  # a sentence, an address, its label: `standings.tracked`
_UNKNOWN: Tracked = ("", None, "")


def render(digest: Digest, tracked: Mapping[str, Tracked] | None = None) -> str:
    """The whole page. Ticket text is escaped by the template engine and nowhere marked safe.

    `tracked`: theme id -> what became of it by now; without it nothing is said of that.
    """
    items = {item.theme_id: item for item in digest.items}
    by_id = {theme.id: theme for theme in (*digest.themes, *digest.further_themes)}
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            d=digest,
            items=items,
            backlog=[(item, by_id[item.theme_id]) for item in sorted(digest.items, key=lambda i: i.rank)],
            summary=summary(digest),
            sums=sums.sums(digest),
            zone=ZoneInfo(digest.window.timezone),
            map=theme_map(digest.dots, digest.themes),
            width=WIDTH,
            height=HEIGHT,
            trust=trust(digest),
            anecdotes=phrases.anecdotes(digest),
            muted=phrases.muted(digest),
            one_offs=_capped(phrases.one_offs(digest)),
            urgent=_first(phrases.urgent(digest)),
            removed=phrases.removed_because(digest),
            bars=lambda theme: _bars(digest, theme),
            points=lambda theme: month_line([m.tickets for m in theme.trend.months]) if theme.trend else (),
            listed=listed,
            addresses=lambda theme: {evidence.ticket_id: evidence.url for evidence in theme.evidence},
            most_listed=MOST_LISTED,
            long_list=_LONG_LIST,
            phrases=phrases,
            tracked=lambda theme: (tracked or {}).get(theme.id, _UNKNOWN),
            widest=max((theme.counts.tickets for theme in digest.themes), default=0),
        )
    )


def _environment() -> Environment:
    env = Environment(
        loader=PackageLoader("bot.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        # every printed value passes here, so that no NUL or lone surrogate reaches the file
        finalize=lambda value: phrases.visible(value) if type(value) is str else value,
    )
    env.filters |= {
        "number": number,
        "url": safe_url,
        "quote": lambda text: phrases.clip(text.strip(), _QUOTE),
        "title_line": phrases.heading,
        "day": phrases.day,
        "tint": lambda rank: (rank - 1) % 8 + 1 if rank > 0 else 0,
        "anchor": lambda text: re.sub(r"[^A-Za-z0-9_-]", "-", text),
        "dp": lambda value: f"{value:.2f}",
    }
    return env


def safe_url(url: str | None) -> str | None:
    """The address if a click on it can only open a web page, else nothing: no javascript:, data:, file:, blanks."""
    if url is None or not _SAFE_URL.fullmatch(url):
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme in {"http", "https"} and parts.hostname else None


def listed(theme: Theme) -> tuple[Sequence[Evidence], Evidence | None]:
    """The nearest tickets, and one from the edge when there are more: a weak member should be seen (SURFACES 3)."""
    near, rest = theme.evidence[: phrases.NEAREST], theme.evidence[phrases.NEAREST :]
    return near, rest[-1] if rest else None


def summary(digest: Digest) -> str:
    """The two sentences a reader takes away."""
    if not digest.themes:
        return "No theme has at least 5 tickets from at least 3 customers."
    told, largest = sums.sums(digest), digest.themes[0]
    shown = count(len(digest.themes) + len(digest.further_themes), "theme")
    verb = "holds" if shown.startswith("1 ") else "hold"
    tickets = count(told.looked_at, "ticket")
    said = f"{shown} {verb} {number(told.in_themes)} of {tickets} ({percent(told.in_themes, told.looked_at)})."
    said += f" The largest is “{phrases.heading(largest.words.name)}” ({phrases.size(largest)})."
    first = min(digest.items, key=lambda item: item.rank, default=None)
    if first is None:
        return said
    theme = next(t for t in (*digest.themes, *digest.further_themes) if t.id == first.theme_id)
    customers = count(theme.counts.customers, "customer")
    return f"{said} First in the backlog: “{phrases.heading(theme.words.title)}” ({first.severity}, {customers})."


def trust(digest: Digest) -> list[tuple[str, str]]:
    """What a sceptical reader asks, in the order of asking."""
    totals, making, told = digest.totals, digest.making, sums.sums(digest)
    quotes = sum(len(theme.quotes) for theme in (*digest.themes, *digest.further_themes, *digest.candidate_themes))
    cohesion = [theme.quality.cohesion for theme in digest.themes]
    redacted = ", ".join(f"{phrases.line(kind)} {number(n)}" for kind, n in sorted(making.redactions.items()))
    return [
        ("Tickets read", f"{number(totals.tickets_read)} ({phrases.sources(making.sources)})"),
        ("Removed before grouping", _removed(told)),
        ("Looked at", number(told.looked_at)),
        ("In themes", _in_themes(told)),
        ("In anecdotes", number(told.anecdotes)),
        *([("In candidate themes", number(told.candidates))] if told.candidates else []),
        *([("Marked as not a theme before", number(told.put_aside))] if told.put_aside else []),
        ("One-offs", number(told.one_offs)),
        ("Rows that could not be read", number(len(digest.rejects))),
        ("Customers", f"{number(totals.customers)}, and {_unknown(totals.unidentified_customers)}"),
        ("Stability", _stability(digest.stability)),
        ("Cohesion of the themes", _span(cohesion)),
        ("Quotes", f"{number(quotes)}, word for word from redacted tickets"),
        ("Personal data hidden", redacted or "none found"),
        ("Words made by", phrases.made_by(making.drafter)),
        ("Not in English", f"{making.other_language_share:.0%} of tickets"),
        ("Sample", _sample(digest)),
    ]


def _in_themes(told: sums.Sums) -> str:
    beside = [f"{number(told.asleep)} of them asleep"] * bool(told.asleep)
    beside += [f"{number(told.further)} of them beyond the table"] * bool(told.further)
    return ", ".join([f"{number(told.in_themes)} ({percent(told.in_themes, told.looked_at)})", *beside])


def _removed(told: sums.Sums) -> str:
    return f"{number(told.gone)}: {sums.why_removed(told)}" if told.removed else number(told.gone)


def _span(values: Sequence[float]) -> str:
    if not values:
        return "no themes"
    low, high = f"{min(values):.2f}", f"{max(values):.2f}"
    return f"{low} of 1" if low == high else f"{low} to {high} of 1"


def _unknown(requesters: int) -> str:
    return f"{count(requesters, 'requester')} not identified" if requesters else "all requesters identified"


def _stability(value: float | None) -> str:
    return stability_word(value) if value is None else f"{value:.2f} of 1, {stability_word(value)}"


def _sample(digest: Digest) -> str:
    """METHOD.md: fewer than 30 tickets make false clusters. Where the line is, the run decided and warned."""
    small = any(warned.code == "small_sample" for warned in digest.warnings)
    looked_at = count(digest.totals.tickets_read - digest.totals.removed, "ticket")
    return f"{looked_at} grouped, {'too few: clusters may be noise' if small else 'enough'}"


def _bars(digest: Digest, theme: Theme) -> tuple[Bar, ...]:
    window = digest.window
    if window.start is None or window.end is None:
        return day_bars(theme.counts.by_day, None, None)
    last = max(window.start, window.end - phrases.INSTANT)
    return day_bars(theme.counts.by_day, window.start.date(), last.date())


def _first(left: Sequence[LeftOver]) -> Mapping[str, Any]:
    return {"shown": left[:MOST_LISTED], "of": len(left)}


def _capped(left: Sequence[LeftOver]) -> Mapping[str, Any]:
    return {"shown": phrases.alike(left[:MOST_LISTED]), "of": len(left)}
