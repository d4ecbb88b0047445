"""`attach`: a theme's evidence onto an issue that exists, and what the other commands say of such issues."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands.common import AWAY, AsJson, ConfigFile, RunKey, Yes, agreed, fail, say
from bot.commands.themes import Note, Subject, ThemeName, about, decided

if TYPE_CHECKING:
    from bot.acts import Standing
    from bot.domain import Digest
    from bot.store import Store
    from bot.tracker.existing import Existing


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
    from bot.tracker.existing import NOTHING, near, takes

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


def looked(subject: Subject) -> str | None:
    """Looks in the tracker for the themes of the digest, if nobody did; a sentence where that can't be done."""
    tracking = subject.wired.tracking
    if tracking is None:
        return "no issue tracker is configured"
    before = subject.store.tracked.looked(subject.key)
    return None if before is not None and before.fault is None else tracking.reconcile(subject.key)


def known(store: Store, run_key: str, digest: Digest, now: Mapping[str, Standing]) -> dict[str, Existing]:
    """Theme id -> what is stored of it from the tracker."""
    from bot.tracking import existing

    return existing(store, run_key, digest, now)


def existing_of(subject: Subject) -> str:
    """What may be the same as the theme, in a line, for who is about to approve: what is stored, without asking."""
    from bot.tracker.existing import NOTHING, line

    found = known(subject.store, subject.key, subject.digest, {subject.theme.id: subject.now})
    return line(subject.theme, subject.now, found.get(subject.theme.id, NOTHING))
