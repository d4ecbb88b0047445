"""`attach`: a theme's evidence onto an issue that exists, and what the other commands say of such issues."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands.common import AWAY, AsJson, ConfigFile, RunKey, Yes, agreed, fail, say
from bot.commands.themes import Note, Subject, ThemeName, about, decided

if TYPE_CHECKING:
    from bot.acts import Standing
    from bot.domain import Digest
    from bot.report import Tracked
    from bot.store import Store
    from bot.tracker.existing import Existing
    from bot.wiring import Wired

Look = Annotated[
    bool, typer.Option("--look", help="Look in the tracker first: what exists there, and how issues stand now.")
]


def add_to(app: typer.Typer) -> None:
    app.command()(attach)


def attach(  # noqa: PLR0913
    theme: ThemeName,
    issue: Annotated[
        str | None, typer.Argument(help="The issue's key, as BILL-123. Default: the one that was found.")
    ] = None,
    run: RunKey = None,
    note: Note = "",
    yes: Yes = False,
    as_json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """Put a theme's evidence on an issue that exists, as one comment that each month's attach changes. Asks first."""
    from bot.acts import Verdict

    with about(theme, run, config, as_json=as_json) as subject:
        to = issue or _found(subject, as_json=as_json)
        told = subject.wired.config
        beside = [name for name in ("Productboard", "Dovetail") if getattr(told, name.lower()) is not None]
        also = f" and its tickets to {' and '.join(beside)}" if beside else ""
        agreed(f"Write one comment with counts, quotes and ticket links on {to}{also}?", yes, as_json=as_json)
        decided(subject, Verdict.ATTACH, as_json=as_json, note=note, given={"issue": to})


def _found(subject: Subject, *, as_json: bool) -> str:
    from bot.acts import Stage
    from bot.tracker.existing import NOTHING, near, takes

    if subject.now.stage is not Stage.OPEN and (there := _placed(subject, as_json=as_json)):
        return there
    if fault := looked(subject):
        fail("jira.away", f"what exists could not be looked for: {fault}", as_json=as_json, status=AWAY)
    found = known(subject.store, subject.key, subject.digest, {subject.theme.id: subject.now})
    of_theme = found.get(subject.theme.id, NOTHING)
    key = takes(subject.now, of_theme)
    if not key:
        told = "".join(f"\n  {said}" for said in near(of_theme.matches))
        why = f"no open issue is surely about the same.{told}"
        fail("no_issue", why, "Name one: groundswell attach THEME BILL-123", as_json=as_json)
    if not as_json:
        say(next((said for said in near(of_theme.matches) if said.startswith(key)), key))
    return key


def _placed(subject: Subject, *, as_json: bool) -> str:
    """The issue in which the theme is already, if it takes more; says so where there is nothing to attach."""
    from bot.acts import Stage
    from bot.decisions import already
    from bot.tracker.attaching import news

    now = subject.now
    if now.stage is Stage.REFUSED and now.attached:
        return now.attached  # once more
    if now.stage is not Stage.CREATED or now.receipt is None:
        fail("already", already(now), as_json=as_json)
    if not news(now, subject.theme, subject.key):
        how = "already attached to" if now.attached else "already in"
        fail("already", f"{how} {now.receipt.ref} (this digest's evidence is in it).", as_json=as_json)
    return now.receipt.ref


def looked(subject: Subject) -> str | None:
    """Looks in the tracker for the themes of the digest, if nobody did; a sentence where that can't be done."""
    return _looked(subject.wired, subject.key)


def _looked(wired: Wired, run_key: str) -> str | None:
    if wired.tracking is None:
        return "no issue tracker is configured"
    before = wired.parts.store.tracked.looked(run_key)
    return None if before is not None and before.fault is None else wired.tracking.reconcile(run_key)


def looked_now(wired: Wired, run_key: str) -> None:
    """The same, and reads back how the issues are. What can't be had is said; what is stored is shown then."""
    from bot.ports import Refused, Unavailable

    fault = _looked(wired, run_key)
    if wired.tracking is not None and fault is None:
        try:
            wired.tracking.follow()
        except (Unavailable, Refused) as why:
            fault = str(why)
    if fault:
        sys.stderr.write(f"groundswell: the tracker could not be looked into: {fault}; this is what was known before\n")


def known(store: Store, run_key: str, digest: Digest, now: Mapping[str, Standing]) -> dict[str, Existing]:
    """Theme id -> what is stored of it from the tracker."""
    from bot.tracking import existing

    return existing(store, run_key, digest, now)


def tracked(store: Store, digest: Digest) -> dict[str, Tracked]:
    """Theme id -> what became of it, for the report: what is stored, without asking."""
    from bot.decisions import stands
    from bot.report import standings as words
    from bot.tracker.existing import NOTHING

    now = stands(store, digest)
    found = known(store, digest.making.run_id, digest, now)
    return {t.id: words.tracked(t, now[t.id], found.get(t.id, NOTHING)) for t in digest.themes}


def existing_of(subject: Subject) -> str:
    """What may be the same as the theme, in a line, for who is about to approve: what is stored, without asking."""
    from bot.tracker.existing import NOTHING, line

    found = known(subject.store, subject.key, subject.digest, {subject.theme.id: subject.now})
    return line(subject.theme, subject.now, found.get(subject.theme.id, NOTHING))
