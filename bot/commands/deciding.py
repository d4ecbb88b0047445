"""`approve`, `reject`, `effects`: what people decide, and what came of it outside."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands.attaching import existing_of
from bot.commands.common import AsJson, ConfigFile, RunKey, Yes, actor, agreed, fail, opened, say, settings, tell
from bot.commands.themes import Note, ThemeName, about, decided, wired_to

if TYPE_CHECKING:
    from bot.acts import Effect, Receipt
    from bot.wiring import Wired


Fields = Annotated[
    list[str] | None,
    typer.Option(
        "--field", help="NAME=VALUE of a field that the tracker requires, named as people see it; repeatable."
    ),
]


def add_to(app: typer.Typer) -> None:
    for command in (approve, reject, effects):
        app.command()(command)


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
    from bot.acts import Stage, Verdict
    from bot.decisions import drafted
    from bot.report import standings as words

    given = _given(field or [], as_json=as_json)
    with about(theme, run, config, as_json=as_json) as subject:
        wired, name = subject.wired, subject.theme.words.name
        if subject.now.stage in (Stage.OPEN, Stage.REFUSED):  # else it is told, not asked
            if not as_json and (there := existing_of(subject)):
                sys.stderr.write(f"groundswell: {there}\n")
            acts = drafted(subject.store, wired.sink, wired.workspace, subject.key, subject.theme.id, actor(), given)
            if not as_json:
                sys.stderr.write("".join(f"{line}\n" for line in words.planned(acts)))
            what = f"make this draft in {acts[0].target}" if acts else "keep the approval (no tracker is configured)"
            agreed(f"Approve “{name}” and {what}?", yes, as_json=as_json)
        payload = {"fields": given} if given else {}
        decided(subject, Verdict.APPROVE, as_json=as_json, note=note, given=payload)


def reject(
    theme: ThemeName,
    reason: Annotated[
        str | None, typer.Option("--reason", help="unrelated, too-broad, known, off-topic or internal.")
    ] = None,
    note: Note = "",
    run: RunKey = None,
    as_json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """Mark a theme as not a theme: tickets like these are left out of later digests."""
    from bot.acts import Verdict

    with about(theme, run, config, as_json=as_json) as subject:
        given = {"reason": reason} if reason else {}
        decided(subject, Verdict.REJECT, as_json=as_json, note=note, given=given)


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
            _resolved(wired_to(told, store), resolve, adopt, resend, yes, as_json=as_json)
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


def _given(told: Sequence[str], *, as_json: bool) -> dict[str, str]:
    """["Component=Billing"] -> {"Component": "Billing"}."""
    pairs = {name.strip(): value.strip() for name, is_pair, value in (t.partition("=") for t in told) if is_pair}
    if len(pairs) < len(told) or not all(name and value for name, value in pairs.items()):
        fail("wrong_use", 'say --field NAME=VALUE, once for each field: --field "Component=Billing".', as_json=as_json)
    return pairs
