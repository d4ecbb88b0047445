"""What the commands on themes share: which digest and theme are meant, and what a decision comes to."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.commands.common import WRONG_USE, actor, cache, fail, opened, say, settings, tell

if TYPE_CHECKING:
    from bot.acts import Decision, Standing, Verdict
    from bot.commands.sending import Ended
    from bot.config import Config
    from bot.decisions import Outcome
    from bot.domain import Digest, Theme
    from bot.store import Store
    from bot.wiring import Wired

ThemeName = Annotated[str, typer.Argument(help="The theme: its number in the digest, or its id (t-...).")]
Note = Annotated[str, typer.Option("--note", help="Why; kept with the decision.")]
_RECENT = 100  # runs that are looked through for one with tickets


def wired_to(told: Config, store: Store) -> Wired:
    from bot import wiring

    return wiring.wired(told, store, cache=told.output.cache or cache())


def newest(store: Store) -> str | None:
    """The key of the newest run that had any ticket to look at, which is what people mean when they name none; of the
    newest where all were empty; None before there is any."""
    from bot.runs import SYNC

    last = store.runs.latest(but=SYNC)
    for run in store.runs.recent(_RECENT, but=SYNC):
        made = store.runs.digest(run.key) if run.state == "DONE" else None
        if made is not None and made.totals.tickets_read > made.totals.removed:
            return run.key
    return last.key if last else None


def digest_of(store: Store, run: str | None, *, as_json: bool) -> tuple[str, Digest]:
    """The named run's digest, or the newest's, as people corrected it."""
    from bot import current

    key = run or newest(store)
    if key is None:
        fail("no_run", "there is no digest yet.", "Begin with: groundswell run", as_json=as_json)
    made = current.digest(store, key)
    if made is None:
        fail("no_run", f"there is no digest of {key!r}.", "See groundswell history.", as_json=as_json)
    return key, made


def theme_of(store: Store, key: str, digest: Digest, named: str, *, as_json: bool) -> Theme:
    """By number, id, or a piece of its name that no other has; also one that is asleep, merged away or left out."""
    found = store.runs.digest(key)
    elsewhere = (*digest.further_themes, *digest.snoozed_themes, *(found.themes if found else ()))
    if shown := next((t for t in digest.themes if named in (t.id, str(t.number))), None):
        return shown
    if hidden := next((t for t in elsewhere if t.id == named), None):
        return hidden
    said = named.casefold()
    like = {t.id: t for t in (*elsewhere, *digest.themes) if len(said) > 2 and said in t.words.name.casefold()}
    if len(like) != 1:
        why = (
            f"{len(like)} themes are called like {named!r}."
            if like
            else f"no theme {named!r} in {digest.window.label}."
        )
        fail("no_theme", why, "See groundswell list.", as_json=as_json)
    return next(iter(like.values()))


@dataclass(frozen=True, slots=True)
class Subject:
    """What a command decides on: a theme of a digest, and the parts to do it with."""

    wired: Wired
    key: str
    digest: Digest
    theme: Theme

    @property
    def store(self) -> Store:
        return self.wired.parts.store

    @property
    def now(self) -> Standing:
        from bot.decisions import stands

        return stands(self.store, self.digest, [self.theme.id])[self.theme.id]


@contextmanager
def about(theme: str, run: str | None, config: Path | None, *, as_json: bool) -> Iterator[Subject]:
    """The theme that a command is about, for as long as the command lasts."""
    told = settings(config)
    with opened(told, as_json=as_json) as store:
        key, digest = digest_of(store, run, as_json=as_json)
        found = theme_of(store, key, digest, theme, as_json=as_json)
        yield Subject(wired_to(told, store), key, digest, found)


def decided(
    subject: Subject, verdict: Verdict, *, as_json: bool, note: str = "", given: Mapping[str, Any] | None = None
) -> None:
    """Decides, sees what came of it, draws what changed, and tells; exits as `sending` says."""
    from bot.commands.sending import settled
    from bot.decisions import Result, Wish, decide, standings
    from bot.phrases import heading

    wired, theme = subject.wired, subject.theme
    store = wired.parts.store
    wish = Wish(verdict, theme.id, subject.key, actor(), note=note, payload=given or {})
    outcome = decide(store, wired.sink, wired.workspace, wish)
    if outcome.result is not Result.DONE:
        fail(outcome.result.value, outcome.message, as_json=as_json, status=WRONG_USE)
    if not as_json:
        say(f"{theme.number}. {heading(theme.words.name)}\n{outcome.message}")
    ours = [e for e in store.effects.of_theme(theme.id) if not e.act.kind.startswith("slack.")]
    ended = settled(wired, [e for e in ours if e.state == "PENDING" or e.act.key == outcome.effect_key])
    if wired.board is not None:
        wired.board.redraw()
        wired.ledger.attend_due()  # the line that a decision leaves in the thread
    _told(ended, outcome, theme, subject.digest, standings(store, [theme.id])[theme.id], as_json=as_json)


def _told(ended: Ended, outcome: Outcome, theme: Theme, digest: Digest, now: Standing, *, as_json: bool) -> None:
    """What became of the decision, and the exit code that says so."""
    if not as_json:
        for line in ended.made:
            say(line)
        if now.receipt:
            say("Tickets  " + "\n         ".join(e.url or e.ticket_id for e in theme.evidence[:5]))
    if ended.status:
        fail("not_made", " ".join(ended.faults), as_json=as_json, status=ended.status)
    sys.stderr.write("".join(f"groundswell: {fault}\n" for fault in ended.faults))
    if as_json:
        tell({"outcome": outcome.result.value, "message": outcome.message, "theme": row(digest, theme, now)})


def row(digest: Digest, theme: Theme, now: Standing) -> dict[str, object]:
    item = next((i for i in digest.items if i.theme_id == theme.id), None)
    return {
        "id": theme.id,
        "rank": theme.rank,
        "number": theme.number,
        "backlog_rank": item.rank if item else None,
        "name": theme.words.name,
        "title": theme.words.title,
        "ticket_count": theme.counts.tickets,
        "customer_count": theme.counts.customers,
        "severity": item.severity.value if item else None,
        "stage": now.stage.value,
        "actor": now.actor,
        "issue": {"key": now.receipt.ref, "url": now.receipt.url} if now.receipt else None,
        "error": now.error,
    }


def line(d: Decision) -> dict[str, object]:
    return {
        "number": d.number,
        "verdict": d.verdict.value,
        "actor": d.actor,
        "at": d.at.isoformat(),
        "note": d.note,
        "run": d.run_key,
        "payload": {k: v for k, v in d.payload.items() if k not in ("effect", "generation", "event")},
    }
