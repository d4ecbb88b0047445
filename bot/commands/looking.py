"""`list`, `show`, `history`, `verify`: what people read of digests and themes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands.common import FAILED, AsJson, ConfigFile, RunKey, fail, opened, say, settings, tell
from bot.commands.themes import ThemeName, about, digest_of, line, row

if TYPE_CHECKING:
    from bot.domain import Digest
    from bot.verify import Verified


def add_to(app: typer.Typer) -> None:
    app.command(name="list")(list_)
    for command in (show, history, verify):
        app.command()(command)


def list_(
    run: RunKey = None,
    backlog: Annotated[bool, typer.Option("--backlog", help="Drafts by customers x severity.")] = False,
    as_json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """The themes of a digest, and where each stands."""
    from bot import standings as words
    from bot.decisions import stands

    told = settings(config)
    with opened(told, as_json=as_json) as store:
        key, digest = digest_of(store, run, as_json=as_json)
        now = stands(store, digest)
        if as_json:
            themes = sorted(digest.themes, key=lambda t: digest.item_of(t).rank if backlog else t.rank)
            tell({"run": key, "themes": [row(digest, t, now[t.id]) for t in themes]})
            return
        say(f"{digest.window.label} · {key} · by {'backlog rank' if backlog else 'tickets'}\n")
        for said in words.listed(digest, now, backlog=backlog):
            say(said)


def show(theme: ThemeName, run: RunKey = None, as_json: AsJson = False, config: ConfigFile = None) -> None:
    """One theme and its story: months, evidence, draft, issue, and what was decided."""
    from bot import standings as words

    with about(theme, run, config, as_json=as_json) as subject:
        found, log = subject.theme, subject.store.decisions.of([subject.theme.id])[subject.theme.id]
        if as_json:
            told = row(subject.digest, found, subject.now)
            told |= {"ticket_ids": list(found.members), "decisions": [line(d) for d in log]}
            tell({"run": subject.key, "theme": told})
            return
        for said in (*words.shown(subject.digest, found, subject.now), *words.decided(log)):
            say(said)


def history(
    limit: Annotated[int, typer.Option("--limit", "-n", help="How many.", min=1, max=500)] = 20,
    as_json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """Runs, newest first, and what became of them."""
    from bot.runs import SYNC

    told = settings(config)
    with opened(told, as_json=as_json) as store:
        runs = store.runs.recent(limit, but=SYNC)
        if as_json:
            tell({"runs": [{"key": r.key, "kind": r.kind, "state": r.state, "step": r.step, "error": r.error,
                            "asked_at": r.asked_at.isoformat()} for r in runs]})  # fmt: skip
            return
        for r in runs:
            digest = store.runs.digest(r.key)
            made = f"{digest.window.label}, {len(digest.themes)} themes" if digest else (r.error or r.step or "waiting")
            say(f"{r.asked_at:%Y-%m-%d %H:%M}  {r.key:<24} {r.state:<8} {made}")
        if not runs:
            say("No run yet. Begin with: groundswell run")


def verify(
    run: Annotated[str | None, typer.Argument(help="Key of a run; default: the newest.")] = None,
    as_json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """Count a stored digest again from its evidence: every number, id and quote. Exit 1 if anything differs."""
    from bot import current, trends
    from bot.document import document
    from bot.verify import verified

    told = settings(config)
    with opened(told, as_json=as_json) as store:
        key, digest = digest_of(store, run, as_json=as_json)
        frozen = store.runs.frozen(key)
        if frozen is None:
            fail("verify.no_evidence", f"the evidence of {key} is gone.", as_json=as_json, status=FAILED)
        reading, rules, _ = frozen
        history = trends.bound(trends.History(store.runs.before(key)), current.corrections(store))
        found = verified(document(digest)["data"], reading, digest.window, rules, store.runs.textless(key), history)
        if as_json:
            tell({"run": key, "problems": list(found.problems), "unchecked": list(found.unchecked)})
        else:
            _verified(key, digest, found)
        if found.problems:
            raise typer.Exit(FAILED)


def _verified(key: str, digest: Digest, found: Verified) -> None:
    if found.problems:
        say(f"{key}: {len(found.problems)} differ from the evidence")
    else:
        what = "number and id" if found.unchecked else "number, id and quote"
        say(
            f"{key}: every {what} counted again from {digest.totals.tickets_read:,} tickets; "
            f"{len(digest.themes)} themes, {found.quotes} quotes verbatim, nothing differs"
        )
    for problem in found.problems:
        say(f"  {problem}")
    for said in found.unchecked:
        say(f"  can't be checked any more: {said}")
