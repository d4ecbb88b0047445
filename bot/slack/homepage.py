"""A person's Home: what waits for a decision, how things are, and what became of past themes (SURFACES 1.13). Pure.

A pull where the channel is a push: it is drawn for whoever opens it, and shows what is so at that moment.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bot import phrases
from bot.acts import Finding, Message, Stage, Standing
from bot.domain import Digest, Theme
from bot.phrases import count
from bot.slack import replies, rows, text
from bot.slack.blocks import SMALL
from bot.slack.elements import Block, Press, Words, bullets, context, divider, header, link, paragraph, rich, words
from bot.slack.rows import Offer

WAITING = (Stage.OPEN, Stage.REFUSED, Stage.UNSURE)  # somebody has to say something
_MOST = 20  # themes: three blocks each, and a view takes 100 (docs.slack.dev/reference/views/home-tab-views)
_MARKS = {"ok": "✅", "warn": "⚠️", "fail": "❌", "skip": "–"}


@dataclass(frozen=True, slots=True)
class Month:
    """The digest whose themes wait, where they stand, and what its person may click. `url`: where it is posted."""

    digest: Digest
    run_key: str
    url: str | None
    stands: Mapping[str, Standing]
    offer: Offer

    @property
    def waiting(self) -> list[Theme]:
        return [t for t in self.digest.themes if self.stands[t.id].stage in WAITING]


@dataclass(frozen=True, slots=True)
class Page:
    """What one person's Home shows. `may`: they may decide. `month` None: there is no digest yet, and `checks` say what
    is set up and what isn't. `past`: a theme's name and where it stands, newest first; `facts`: its id -> what the
    tracker says of its issue. `said`: a word on their click.
    """

    status: replies.Status
    may: bool
    month: Month | None = None
    past: Sequence[tuple[str, Standing]] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    checks: Sequence[Finding] = ()
    said: Message | None = None


def blocks(page: Page) -> list[Block]:
    """The view's blocks, within Slack's limits."""
    told = [header("Groundswell"), *(dict(block) for block in (page.said.blocks if page.said else ()))]
    told += list(_month(page.month, page.may) if page.month else _first(page))
    told += [divider(), *(dict(block) for block in replies.status(page.status).blocks)]
    return [*told, *_past(page.past, page.facts)]


def _month(month: Month, may: bool) -> Iterator[Block]:
    waiting, label = month.waiting, phrases.line(month.digest.window.label)
    said = f"Every theme of {label} is decided."
    if waiting:
        said = f"{count(len(waiting), 'theme')} of {label} {'waits' if len(waiting) == 1 else 'wait'} for a decision."
    digest = [words("  "), link(month.url, "Open the digest")] if month.url else []
    yield rich(paragraph(words(said, bold=True), *digest))
    if waiting and not may:
        yield context("You can read them here; deciding is limited to a few people (slack.approvers in the config).")
    elif waiting and not month.offer.decisions:
        yield context("That digest is more than 90 days old, so nothing is decided on it any more.")
    for theme in waiting[:_MOST]:
        yield from _row(month, theme)
    if len(waiting) > _MOST:
        yield context(f"{count(len(waiting) - _MOST, 'more theme')} in the digest.")


def _row(month: Month, theme: Theme) -> Iterator[Block]:
    item, now = month.digest.item_of(theme), month.stands[theme.id]
    tentative = any(warned.code == SMALL for warned in month.digest.warnings)
    name = f"{'Tentative ' if tentative else ''}{theme.number}. {text.plain(theme.words.name, 120)}"
    course = f" · {phrases.trend(theme)}" if theme.trend else ""
    figures = f"\n{phrases.size(theme)}{course} · {item.severity} · {theme.words.kind} · backlog rank {item.rank}"
    state = rows.state(now)
    said: list[Words] = [words(name, bold=True), words(figures), *([words("\n"), *state] if state else [])]
    if found := rows.existing(theme, now, month.offer):
        said += [words("\n"), *found]
    yield rich(paragraph(*said))
    press = Press(month.run_key, theme.id, item.revision)
    yield from rows.controls(theme, now, press, offer=month.offer, tentative=tentative)


def _first(page: Page) -> Iterator[Block]:
    """Before the first digest: what it needs, each with its mend."""
    whole = all(check.state == "ok" for check in page.checks)
    said = "All is set up; the first digest is still to come." if whole else "Not set up yet"
    yield rich(paragraph(words(said, bold=True)))
    lines = [paragraph(words(_checked(check), limit=600)) for check in page.checks]
    if lines:
        yield rich(bullets(lines))
    yield context("A digest at once: /themes run 30d")


def _checked(check: Finding) -> str:
    mend = f" {phrases.line(check.mend)}" if check.mend else ""
    return f"{_MARKS[check.state]} {check.name}: {phrases.line(check.message)}{mend}"


def _past(past: Sequence[tuple[str, Standing]], facts: Mapping[str, str]) -> Iterator[Block]:
    if not past:
        return
    yield divider()
    yield header("What happened to past themes")
    yield rich(bullets(paragraph(*_of_past(name, now, facts.get(now.theme_id, ""))) for name, now in past))


def _of_past(name: str, now: Standing, fact: str) -> list[Words]:
    more = [words(f" · {fact}", limit=250)] if fact else []
    return [words(text.plain(name, 100), bold=True), words(": "), *rows.state(now), *more]
