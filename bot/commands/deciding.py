"""`list`, `show`, `approve`, `reject`, `undo`, `history`, `verify`, `effects`: what people do with a digest."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands.common import (
    FAILED,
    WRONG_USE,
    AsJson,
    ConfigFile,
    RunKey,
    Yes,
    actor,
    agreed,
    cache,
    fail,
    opened,
    say,
    settings,
    tell,
)

if TYPE_CHECKING:
    from bot.acts import Decision, Effect, Receipt, Standing, Verdict
    from bot.commands.sending import Ended
    from bot.config import Config
    from bot.decisions import Outcome
    from bot.domain import Digest, Theme
    from bot.store import Store
    from bot.verify import Verified
    from bot.wiring import Wired

ThemeName = Annotated[str, typer.Argument(help="The theme: its number in the digest, or its id (t-...).")]
Fields = Annotated[
    list[str] | None,
    typer.Option(
        "--field", help="NAME=VALUE of a field that the tracker requires, named as people see it; repeatable."
    ),
]
Note = Annotated[str, typer.Option("--note", help="Why; kept with the decision.")]


def add_to(app: typer.Typer) -> None:
    app.command(name="list")(list_)
    for command in (show, approve, reject, undo, history, verify, effects):
        app.command()(command)


def list_(
    run: RunKey = None,
    backlog: Annotated[bool, typer.Option("--backlog", help="Drafts by customers x severity.")] = False,
    as_json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """The themes of a digest, and where each stands."""
    from bot import standings as words
    from bot.decisions import standings

    told = settings(config)
    with opened(told, as_json=as_json) as store:
        key, digest = _digest(store, run, as_json=as_json)
        now = standings(store, [t.id for t in digest.themes])
        if as_json:
            themes = sorted(digest.themes, key=lambda t: digest.item_of(t).rank if backlog else t.rank)
            tell({"run": key, "themes": [_row(digest, t, now[t.id]) for t in themes]})
            return
        say(f"{digest.window.label} · {key} · by {'backlog rank' if backlog else 'tickets'}\n")
        for line in words.listed(digest, now, backlog=backlog):
            say(line)


def show(theme: ThemeName, run: RunKey = None, as_json: AsJson = False, config: ConfigFile = None) -> None:
    """One theme with its evidence, its draft, and what was decided."""
    from bot import standings as words
    from bot.decisions import standings

    told = settings(config)
    with opened(told, as_json=as_json) as store:
        key, digest = _digest(store, run, as_json=as_json)
        found = _theme(digest, theme, as_json=as_json)
        now = standings(store, [found.id])[found.id]
        log = store.decisions.of([found.id])[found.id]
        if as_json:
            row = _row(digest, found, now)
            row["ticket_ids"] = list(found.members)
            row["decisions"] = [_decision(d) for d in log]
            tell({"run": key, "theme": row})
            return
        for line in words.shown(digest, found, now):
            say(line)
        if log:
            say("\nDecisions")
        for d in log:
            say(f"  {d.at:%Y-%m-%d %H:%M} {d.verdict} by {d.actor}{f': {d.note}' if d.note else ''}")


def approve(  # noqa: PLR0913
    theme: ThemeName,
    run: RunKey = None,
    note: Note = "",
    field: Fields = None,
    yes: Yes = False,
    as_json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """Make the draft issue of a theme: shows what would be written, asks, and waits for the answer."""
    from bot import standings as words
    from bot.acts import Stage, Verdict
    from bot.decisions import drafted, standings

    told, given = settings(config), _given(field or [], as_json=as_json)
    with opened(told, as_json=as_json) as store:
        wired = _wired(told, store)
        key, digest = _digest(store, run, as_json=as_json)
        found = _theme(digest, theme, as_json=as_json)
        if standings(store, [found.id])[found.id].stage in (Stage.OPEN, Stage.REFUSED):  # else it is told, not asked
            acts = drafted(store, wired.sink, wired.workspace, key, found.id, actor())
            if not as_json:
                sys.stderr.write("".join(f"{line}\n" for line in words.planned(acts)))
            what = f"make this draft in {acts[0].target}" if acts else "keep the approval (no tracker is configured)"
            agreed(f"Approve “{found.words.name}” and {what}?", yes, as_json=as_json)
        _decided(wired, Verdict.APPROVE, key, digest, found, note, as_json=as_json, fields=given)


def reject(
    theme: ThemeName, note: Note = "", run: RunKey = None, as_json: AsJson = False, config: ConfigFile = None
) -> None:
    """Mark a theme as not a theme. Nothing leaves the machine but the redrawn row."""
    from bot.acts import Verdict

    told = settings(config)
    with opened(told, as_json=as_json) as store:
        key, digest = _digest(store, run, as_json=as_json)
        found = _theme(digest, theme, as_json=as_json)
        _decided(_wired(told, store), Verdict.REJECT, key, digest, found, note, as_json=as_json)


def undo(
    theme: ThemeName,
    run: RunKey = None,
    note: Note = "",
    yes: Yes = False,
    as_json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """Take the last decision on a theme back; an issue is marked as withdrawn, never deleted."""
    from bot.acts import Stage, Verdict
    from bot.decisions import standings

    told = settings(config)
    with opened(told, as_json=as_json) as store:
        key, digest = _digest(store, run, as_json=as_json)
        found = _theme(digest, theme, as_json=as_json)
        now = standings(store, [found.id])[found.id]
        if now.stage is Stage.CREATED and now.receipt:
            agreed(f"Mark {now.receipt.ref} as withdrawn?", yes, as_json=as_json)
        _decided(_wired(told, store), Verdict.UNDO, now.run_key or key, digest, found, note, as_json=as_json)


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
    from bot.document import document
    from bot.verify import verified

    told = settings(config)
    with opened(told, as_json=as_json) as store:
        key, digest = _digest(store, run, as_json=as_json)
        frozen = store.runs.frozen(key)
        if frozen is None:
            fail("verify.no_evidence", f"the evidence of {key} is gone.", as_json=as_json, status=FAILED)
        reading, rules, _ = frozen
        found = verified(document(digest)["data"], reading, digest.window, rules, store.runs.textless(key))
        if as_json:
            tell({"run": key, "problems": list(found.problems), "unchecked": list(found.unchecked)})
        else:
            _verified(key, digest, found)
        if found.problems:
            raise typer.Exit(FAILED)


def effects(  # noqa: PLR0913
    unsure: Annotated[bool, typer.Option("--unsure", help="Only those that a person must look at.")] = False,
    resolve: Annotated[str | None, typer.Option("--resolve", help="Marker (16 hex) of one that is unsure.")] = None,
    adopt: Annotated[str | None, typer.Option("--adopt", help="It exists: its key, as BILL-12.")] = None,
    resend: Annotated[bool, typer.Option("--resend", help="It does not exist, I looked: send it again.")] = False,
    yes: Yes = False,
    as_json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """What was or is to be written to the outside, and what is known of it."""
    from bot.acts import EffectState

    told = settings(config)
    with opened(told, as_json=as_json) as store:
        if resolve is not None:
            _resolved(_wired(told, store), resolve, adopt, resend, yes, as_json=as_json)
            return
        states = [EffectState.UNSURE] if unsure else list(EffectState)
        rows = [e for state in states for e in store.effects.in_state(state)]
        if as_json:
            tell({"effects": [_effect(e) for e in rows]})
            return
        for e in rows:
            ref = e.receipt.ref if e.receipt else (e.error or "")
            say(f"{e.act.marker}  {e.state:<9} {e.act.kind:<14} {e.act.target:<12} {ref}".rstrip())
        if not rows:
            say("Nothing is unsure." if unsure else "Nothing was written to the outside.")


# --- details


def _given(told: Sequence[str], *, as_json: bool) -> dict[str, str]:
    """["Component=Billing"] -> {"Component": "Billing"}."""
    pairs = {name.strip(): value.strip() for name, is_pair, value in (t.partition("=") for t in told) if is_pair}
    if len(pairs) < len(told) or not all(name and value for name, value in pairs.items()):
        fail("wrong_use", 'say --field NAME=VALUE, once for each field: --field "Component=Billing".', as_json=as_json)
    return pairs


def _wired(told: Config, store: Store) -> Wired:
    from bot import wiring

    return wiring.wired(told, store, cache=told.output.cache or cache())


def _digest(store: Store, run: str | None, *, as_json: bool) -> tuple[str, Digest]:
    from bot.runs import SYNC

    newest = store.runs.latest(but=SYNC)
    key = run or (newest.key if newest else None)
    if key is None:
        fail("no_run", "there is no digest yet.", "Begin with: groundswell run", as_json=as_json)
    made = store.runs.digest(key)
    if made is None:
        fail("no_run", f"there is no digest of {key!r}.", "See groundswell history.", as_json=as_json)
    return key, made


def _theme(digest: Digest, named: str, *, as_json: bool) -> Theme:
    found = next((t for t in digest.themes if named in (t.id, str(t.rank))), None)
    if found is None:
        fail("no_theme", f"no theme {named!r} in {digest.window.label}.", "See groundswell list.", as_json=as_json)
    return found


def _decided(  # noqa: PLR0913
    wired: Wired,
    verdict: Verdict,
    key: str,
    digest: Digest,
    theme: Theme,
    note: str,
    *,
    as_json: bool,
    fields: Mapping[str, str] | None = None,
) -> None:
    from bot.commands.sending import settled
    from bot.decisions import Result, Wish, decide, standings

    store = wired.parts.store
    payload = {"fields": fields} if fields else {}
    wish = Wish(verdict, theme.id, key, actor(), note=note, payload=payload)
    outcome = decide(store, wired.sink, wired.workspace, wish)
    if outcome.result is not Result.DONE:
        fail(outcome.result.value, outcome.message, as_json=as_json, status=WRONG_USE)
    if not as_json:
        say(outcome.message)
    ours = [e for e in store.effects.of_theme(theme.id) if not e.act.kind.startswith("slack.")]
    ended = settled(wired, [e for e in ours if e.state == "PENDING" or e.act.key == outcome.effect_key])
    if wired.board is not None:
        wired.board.redraw()
        wired.ledger.attend_due()  # the line that a decision leaves in the thread
    _told(ended, outcome, theme, digest, standings(store, [theme.id])[theme.id], as_json=as_json)


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
        tell({"outcome": outcome.result.value, "message": outcome.message, "theme": _row(digest, theme, now)})


def _resolved(wired: Wired, marker: str, adopt: str | None, resend: bool, yes: bool, *, as_json: bool) -> None:
    """A person looked: it is there under this key, or it isn't and may be sent."""
    from bot.acts import EffectState
    from bot.commands.sending import settled

    effects = wired.parts.store.effects
    found = next((e for e in effects.in_state(EffectState.UNSURE) if e.act.marker == marker), None)
    if found is None:
        fail("no_effect", f"no effect {marker!r} is unsure.", "See groundswell effects --unsure.", as_json=as_json)
    if bool(adopt) == resend:
        fail("wrong_use", "say --adopt KEY if it exists, or --resend if it does not.", as_json=as_json)
    if adopt:
        effects.done(found.act.key, _adopted(wired, found, adopt, as_json=as_json))
        wired.parts.store.audit.write(actor(), "adopted", found.act.key, {"ref": adopt})
    else:
        agreed("Send it again? If it does exist after all, there will be two.", yes, as_json=as_json)
        wired.parts.store.audit.write(actor(), "resent", found.act.key, {})
        effects.retry(found.act.key)
        ended = settled(wired, [found])
        if ended.status:
            fail("not_made", " ".join(ended.faults), as_json=as_json, status=ended.status)
    now = effects.get(found.act.key) or found
    if as_json:
        tell({"effect": _effect(now)})
    else:
        say(f"{marker} is {now.receipt.ref if now.receipt else now.state}.")


def _adopted(wired: Wired, effect: Effect, ref: str, *, as_json: bool) -> Receipt:
    """What a person found. Its name becomes a part of addresses, so it must look like one."""
    from bot.acts import Receipt

    is_issue = effect.act.kind == "jira.issue"
    if not re.fullmatch(r"[A-Z][A-Z0-9_]+-[1-9]\d*" if is_issue else r"\d+(\.\d+)?", ref):
        looks = "an issue's key, as BILL-12" if is_issue else "a message's ts, as 1764054887.000100"
        fail("wrong_use", f"--adopt {ref!r} is not {looks}.", as_json=as_json)
    site = wired.config.jira.site if is_issue and wired.config.jira else None
    return Receipt(ref, f"{site}/browse/{ref}" if site else None)


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


def _row(digest: Digest, theme: Theme, now: Standing) -> dict[str, object]:
    item = digest.item_of(theme)
    return {
        "id": theme.id,
        "rank": theme.rank,
        "backlog_rank": item.rank,
        "name": theme.words.name,
        "title": theme.words.title,
        "ticket_count": theme.counts.tickets,
        "customer_count": theme.counts.customers,
        "severity": item.severity.value,
        "stage": now.stage.value,
        "actor": now.actor,
        "issue": {"key": now.receipt.ref, "url": now.receipt.url} if now.receipt else None,
        "error": now.error,
    }


def _decision(d: Decision) -> dict[str, object]:
    return {
        "number": d.number,
        "verdict": d.verdict.value,
        "actor": d.actor,
        "at": d.at.isoformat(),
        "note": d.note,
        "run": d.run_key,
    }


def _effect(e: Effect) -> dict[str, object]:
    return {
        "marker": e.act.marker,
        "kind": e.act.kind,
        "target": e.act.target,
        "state": e.state.value,
        "attempts": e.attempts,
        "ref": e.receipt.ref if e.receipt else None,
        "url": e.receipt.url if e.receipt else None,
        "error": e.error,
        "run": e.run_key,
        "theme_id": e.theme_id,
    }
