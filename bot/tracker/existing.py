"""What the tracker holds of a theme already, and how that is said. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot import phrases
from bot.acts import Fate, Issue, Likeness, Match, Stage, Standing
from bot.domain import Theme


@dataclass(frozen=True, slots=True)
class Existing:
    """Of one theme of one digest. `matches`: issues that may be about the same, the likest first; `own`: the one that
    was made for it, or has its evidence, as it was last read; `news`: how many tickets of this digest
    it does not have yet; `linked`: what its tickets know of it, in a clause."""

    matches: tuple[Match, ...] = ()
    own: Issue | None = None
    news: int = 0
    linked: str = ""


NOTHING = Existing()


def takes(now: Standing, found: Existing) -> str:
    """The key of the issue to which this digest's evidence may be attached by a click; empty: none."""
    if now.stage is Stage.OPEN:
        issue = open_one(found.matches)
        return issue.key if issue else ""
    is_open = found.own is None or found.own.fate is Fate.OPEN
    return now.receipt.ref if now.stage is Stage.CREATED and now.receipt and found.news and is_open else ""


def line(theme: Theme, now: Standing, found: Existing) -> str:
    """One line under a theme: what may be the same, or how its own issue stands; empty where nothing is known."""
    if now.stage is Stage.OPEN:
        return told(theme, found.matches)
    if now.stage is not Stage.CREATED:
        return ""
    return "; ".join(said for said in (status(found.own), _missing(now, found.news), found.linked) if said)


def status(own: Issue | None) -> str:
    """ "status Done, Won't do": as it was last read, in the site's words; empty where nothing is known."""
    if own is None:
        return ""
    now, resolution = phrases.line(own.status) or own.fate.value, phrases.line(own.resolution or "")
    return f"status {now}" + (f", {resolution}" if resolution and resolution != now else "")


def _missing(now: Standing, news: int) -> str:
    if not news or now.receipt is None:
        return ""
    return f"{phrases.number(news)} of these tickets {'is' if news == 1 else 'are'} not in {now.receipt.ref} yet"


def open_one(found: Sequence[Match]) -> Issue | None:
    """The issue to which evidence may be attached: the likest that is about the same, if it is open."""
    first = next((m.issue for m in found if m.likeness is Likeness.SAME), None)
    return first if first is not None and first.fate is Fate.OPEN else None


def told(theme: Theme, found: Sequence[Match]) -> str:
    """One line on the likest issue that is about the same; empty where there is none."""
    issue = next((m.issue for m in found if m.likeness is Likeness.SAME), None)
    if issue is None:
        return ""
    about = f"{issue.key} ({phrases.clip(phrases.line(issue.summary), 70)})"
    if issue.fate is Fate.OPEN:
        return f"May be {about}, {phrases.line(issue.status) or 'open'}: attach this evidence there?"
    when = f" on {phrases.day(issue.resolved_at)}" if issue.resolved_at else ""
    if issue.fate is Fate.DONE:
        return f"Returned after {about}, done{when}: a regression?"
    return f"{about} was declined{when}{_since(theme, issue.resolved_at)}"


def _since(theme: Theme, at: datetime | None) -> str:
    if at is None:
        return ""
    asked = {e.customer for e in theme.evidence if e.customer and e.created_at and e.created_at > at}
    return f"; {phrases.count(len(asked), 'customer')} since, in this digest" if asked else ""


def near(found: Sequence[Match]) -> Iterator[str]:
    """Every match in a line, for whoever looks closer."""
    for match in found:
        issue = match.issue
        said = phrases.clip(phrases.line(issue.summary), 70)
        yield f"{issue.key:<12} {match.likeness:<8} {match.score:.2f}  {issue.fate:<9} {said}  {issue.url}".rstrip()


def to_tell(theme: Theme, own: Issue) -> Iterator[str]:
    """Whoever wrote about a theme whose issue is done, with their tickets, and words that a person may send them.

    Nothing is sent by us: customers are answered by people (SURFACES 2.3).
    """
    tickets: dict[str, list[str]] = {}
    for ticket in theme.evidence:
        tickets.setdefault(ticket.customer or "Not identified", []).append(ticket.url or ticket.ticket_id)
    for customer, places in sorted(tickets.items()):
        yield f"{phrases.line(customer)}: {', '.join(places)}"
    when = f" since {phrases.day(own.resolved_at)}" if own.resolved_at else ""
    yield ""
    yield "A reply to begin with; nothing is sent:"
    yield f"  Hello, you wrote to us about this: {phrases.heading(theme.words.name)}."
    yield f"  Our team has finished its work on it{when}. Does it work for you now? If not, please answer this message."
