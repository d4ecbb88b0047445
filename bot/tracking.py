"""What the tracker holds already, and what becomes of the issues that themes ended in. Reads from the tracker only.

It comes after the digest and holds nothing up: a tracker that does not answer is said where the status is asked for,
and asked again later.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from bot import current
from bot.acts import Fate, Issue, Match, Stage, Standing
from bot.decisions import standings
from bot.domain import Digest, Theme
from bot.months import trends
from bot.ports import Backlog, Embedder, Refused, Unavailable
from bot.runs import SYNC
from bot.store import Outcome, Store
from bot.tracker import attaching, backlog, linkback
from bot.tracker.existing import Existing

AGAIN = timedelta(minutes=15)  # between two looks, while the tracker does not answer
FRESH = timedelta(days=3)  # after its end a run is looked at no more: its themes were read and decided on
FOLLOWED = timedelta(days=120)  # issues that only match a theme; a digest is closed after 90
_NEWEST = 5


@dataclass(frozen=True, slots=True)
class Tracking:
    """Over one store and one tracker; any number of processes may do it at once: what is kept is what was read."""

    store: Store
    tracker: Backlog
    embedder: Embedder

    def reconcile_due(self) -> int:
        """Looks for the themes of the newest runs, once each; how many runs were looked at."""
        return sum(self.reconcile(run_key) is None for run_key in list(self._due()))

    def _due(self) -> Iterator[str]:
        now = self.store.now()
        for run in self.store.runs.recent(_NEWEST, but=SYNC):
            if run.finished_at is None or run.state != "DONE" or now - run.finished_at > FRESH:
                continue
            looked = self.store.tracked.looked(run.key)
            if looked is None or (looked.fault and now - looked.at >= AGAIN):
                yield run.key

    def reconcile(self, run_key: str) -> str | None:
        """Keeps which issues the themes of the run match. A sentence where it could not be done, which is kept, too."""
        digest = current.digest(self.store, run_key)
        if digest is None:
            return "there is no digest of that run"
        try:
            found = {
                t.id: backlog.matches(t, self.tracker.similar(backlog.words(t)), self.embedder) for t in digest.themes
            }
        except (Unavailable, Refused) as fault:
            self.store.tracked.failed(run_key, str(fault))
            return str(fault)
        self.store.tracked.keep(run_key, found)
        return None

    def follow(self) -> int:
        """Reads back how the issues are; how many changed. Raises Unavailable, Refused."""
        followed = self.store.tracked.followed(self.store.now() - FOLLOWED)
        issues = self.tracker.issues(sorted(followed)) if followed else []
        for issue in issues:
            self._ended(issue, followed[issue.key])
        return len(self.store.tracked.seen(issues, followed))

    def _ended(self, issue: Issue, theme_ids: list[str]) -> None:
        """Keeps what was forecast of the theme when its issue is done; a mere match promised nothing."""
        now = self.store.now()
        if issue.fate is not Fate.DONE:
            self.store.tracked.reopened(issue.key, now)
            return
        for theme_id, standing in standings(self.store, theme_ids).items():
            if standing.stage is Stage.CREATED and standing.receipt and standing.receipt.ref == issue.key:
                digest = current.digest(self.store, standing.run_key or "")
                told = forecast(digest, theme_id) if digest else {}
                self.store.tracked.done(Outcome(theme_id, issue.key, now, issue.resolved_at, None, told))


def existing(store: Store, run_key: str, digest: Digest, now: Mapping[str, Standing]) -> dict[str, Existing]:
    """What is known in the tracker of each theme of a digest; nothing is asked of it."""
    matches = store.tracked.matches(run_key)
    own = {i: s.receipt.ref for i, s in now.items() if s.stage is Stage.CREATED and s.receipt}
    issues = store.tracked.issues(set(own.values()))
    return {
        t.id: Existing(
            tuple(_not_withdrawn(store, t.id, matches.get(t.id, ()), now.get(t.id))),
            issues.get(own.get(t.id, "")),
            _news(now.get(t.id), t, run_key, digest),
            linkback.line(linkback.made(store.effects.of_theme(t.id), now[t.id])) if t.id in own else "",
        )
        for t in digest.themes
    }


def _not_withdrawn(store: Store, theme_id: str, found: Iterable[Match], now: Standing | None) -> Iterator[Match]:
    """Without the theme's own drafts that were taken back: nobody wants what they threw away offered again."""
    found = list(found)
    ours = store.effects.of_theme(theme_id) if found else []
    key = now.effect_key if now else None
    gone = {e.receipt.ref for e in ours if e.receipt and e.act.kind.endswith(".issue") and e.act.key != key}
    yield from (match for match in found if match.issue.key not in gone)


def _news(now: Standing | None, theme: Theme, run_key: str, digest: Digest) -> int:
    """What an issue doesn't know of a theme; nothing on a digest that is older than what was decided."""
    if now is None or now.at is None or (now.run_key != run_key and now.at > digest.making.made_at):
        return 0
    return attaching.news(now, theme, run_key)


def forecast(digest: Digest, theme_id: str) -> Mapping[str, object]:
    """What the digest that was decided on expects of solving the theme, and what it counted until then."""
    theme = next((t for t in digest.themes if t.id == theme_id), None)
    if theme is None:
        return {}
    expected = digest.item_of(theme).deflection
    now = {"label": digest.window.label, "ticket_count": theme.counts.tickets, "customer_count": theme.counts.customers}
    months = trends.told(theme.trend)["months"] if theme.trend else [{**now, "days": digest.window.days}]
    return {
        "run": digest.making.run_id,
        "low": expected.low,
        "high": expected.high,
        "per": expected.per,
        "arithmetic": expected.arithmetic,
        "factor": expected.factor,
        "months": months,
    }
