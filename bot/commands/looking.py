"""`list`, `show`, `history`, `verify`: what people read of digests and themes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands import tracing
from bot.commands.attaching import Look, known, looked_now
from bot.commands.common import FAILED, AsJson, ConfigFile, RunKey, fail, opened, say, settings, tell
from bot.commands.themes import ThemeName, about, digest_of, line, row, wired_to

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.acts import Issue
    from bot.domain import Digest, Theme
    from bot.tracker.existing import Existing
    from bot.verify import Verified


def add_to(app: typer.Typer) -> None:
    app.command(name="list")(list_)
    for command in (show, history, verify):
        app.command()(command)


def list_(
    run: RunKey = None,
    backlog: Annotated[bool, typer.Option("--backlog", help="Drafts by customers x severity.")] = False,
    look: Look = False,
    as_json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """The themes of a digest, and where each stands."""
    from bot.decisions import stands
    from bot.report import standings as words

    told = settings(config)
    with opened(told, as_json=as_json) as store:
        key, digest = digest_of(store, run, as_json=as_json)
        if look:
            looked_now(wired_to(told, store), key)
        now = stands(store, digest)
        found = known(store, key, digest, now)
        if as_json:
            themes = sorted(digest.themes, key=lambda t: digest.item_of(t).rank if backlog else t.rank)
            tell({"run": key, "themes": [row(digest, t, now[t.id]) for t in themes], "existing": _existing(found)})
            return
        say(f"{digest.window.label} · {key} · by {'backlog rank' if backlog else 'tickets'}\n")
        for said in words.listed(digest, now, found, backlog=backlog):
            say(said)


def show(  # noqa: PLR0913
    theme: ThemeName,
    run: RunKey = None,
    customers: Annotated[
        bool, typer.Option("--customers", help="Whom to tell that its issue is done, and words to begin with.")
    ] = False,
    evidence: Annotated[
        bool,
        typer.Option(
            "--evidence", help="From the theme to every tool; from a ticket's id, or an issue's key or address, back."
        ),
    ] = False,
    look: Look = False,
    as_json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """One theme and its story: months, evidence, draft, issue, and what was decided."""
    if evidence:
        tracing.evidence(theme, run, config, as_json=as_json)
        return
    from bot.report import standings as words
    from bot.tracker.existing import NOTHING, near
    from bot.tracker.existing import line as tracked

    with about(theme, run, config, as_json=as_json) as subject:
        if look:
            looked_now(subject.wired, subject.key)
        found, log = subject.theme, subject.store.decisions.of([subject.theme.id])[subject.theme.id]
        there = known(subject.store, subject.key, subject.digest, {found.id: subject.now})
        if customers:
            _to_tell(found, there.get(found.id, NOTHING).own, as_json=as_json)
            return
        if as_json:
            told = row(subject.digest, found, subject.now)
            told |= {"ticket_ids": list(found.members), "decisions": [line(d) for d in log]}
            told |= {"existing": _existing(there).get(found.id)}
            tell({"run": subject.key, "theme": told})
            return
        for said in (*words.shown(subject.digest, found, subject.now), *words.decided(log)):
            say(said)
        if stands := tracked(found, subject.now, there.get(found.id, NOTHING)):
            say(f"\nIts issue: {stands}" if subject.now.receipt else f"\n{stands}")
        for n, said in enumerate(near(there.get(found.id, NOTHING).matches)):
            say(f"  {said}" if n else f"\nIn the tracker\n  {said}")


def _to_tell(theme: Theme, own: Issue | None, *, as_json: bool) -> None:
    from bot.acts import Fate
    from bot.tracker.existing import to_tell

    if own is None or own.fate is not Fate.DONE:
        why = f"{own.key} is {own.status or own.fate}." if own else "no issue of the theme is known yet."
        fail("not_done", f"There is nothing to tell customers: {why}", as_json=as_json)
    told = list(to_tell(theme, own))
    if as_json:
        tell({"issue": own.key, "told": told})
    else:
        say("\n".join(told))


def _existing(found: Mapping[str, Existing]) -> dict[str, object]:
    return {
        theme_id: {
            "matches": [
                {"key": m.issue.key, "url": m.issue.url, "likeness": m.likeness, "score": m.score, "fate": m.issue.fate}
                for m in of_it.matches
            ],
            "own": {"key": of_it.own.key, "status": of_it.own.status, "fate": of_it.own.fate} if of_it.own else None,
        }
        for theme_id, of_it in found.items()
    }


def history(
    limit: Annotated[int, typer.Option("--limit", "-n", help="How many.", min=1, max=500)] = 20,
    as_json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """Runs, newest first, and what became of them."""
    from bot import current
    from bot.phrases import count
    from bot.runs import SYNC

    told = settings(config)
    with opened(told, as_json=as_json) as store:
        runs = store.runs.recent(limit, but=SYNC)
        if as_json:
            tell({"runs": [{"key": r.key, "kind": r.kind, "state": r.state, "step": r.step, "error": r.error,
                            "asked_at": r.asked_at.isoformat()} for r in runs]})  # fmt: skip
            return
        for r in runs:
            digest = current.digest(store, r.key)  # as `list` shows it
            made = r.error or r.step or "waiting"
            if digest is not None:
                made = f"{digest.window.label}, {count(len(digest.themes), 'theme')}"
            say(f"{r.asked_at:%Y-%m-%d %H:%M}  {r.key:<24} {r.state:<8} {made}")
        if not runs:
            say("No run yet. Begin with: groundswell run")


def verify(
    run: Annotated[str | None, typer.Argument(help="Key of a run; default: the newest.")] = None,
    as_json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """Count a stored digest again from its evidence: every number, id and quote. Exit 1 if anything differs."""
    from bot import current
    from bot.months import trends
    from bot.report.document import document
    from bot.verify import verified

    told = settings(config)
    with opened(told, as_json=as_json) as store:
        key, digest = digest_of(store, run, as_json=as_json)
        frozen = store.runs.frozen(key)
        if frozen is None:
            fail("verify.no_evidence", f"the evidence of {key} is gone.", as_json=as_json, status=FAILED)
        reading, rules, _ = frozen
        history = trends.bound(current.history(store, key), current.corrections(store))
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
