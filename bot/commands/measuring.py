"""`done` and `outcomes`: a fix that no tracker tells of, and what became of fixes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.commands.common import AsJson, ConfigFile, RunKey, actor, fail, opened, say, settings, tell
from bot.commands.themes import ThemeName, digest_of, theme_of

if TYPE_CHECKING:
    from bot.domain import Digest, Theme
    from bot.store import Store


def add_to(app: typer.Typer) -> None:
    app.command()(done)
    app.command()(outcomes)


def done(
    theme: ThemeName,
    on: Annotated[str | None, typer.Option("--on", help="The day it was fixed, as 2026-10-03; default: today.")] = None,
    undo: Annotated[bool, typer.Option("--undo", help="It was not: later digests don't measure it.")] = False,
    run: RunKey = None,
    as_json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """Say that a theme was fixed, where no tracker tells it: later digests measure whether it worked."""
    told = settings(config)
    with opened(told, as_json=as_json) as store:
        key, digest = digest_of(store, run, as_json=as_json)
        found = theme_of(store, key, digest, theme, as_json=as_json)
        at = _day(on, digest, store.now(), as_json=as_json)
        name = f"the fix of {at.day} {at:%B %Y}"
        said = _taken_back(store, found, name, as_json=as_json) if undo else _marked(store, digest, found, name, at)
        store.audit.write(actor(), "done", found.id, {"issue": name, "undo": undo})
        if as_json:
            tell({"theme": found.id, "issue": name, "message": said})
        else:
            say(said)


def _day(on: str | None, digest: Digest, now: datetime, *, as_json: bool) -> datetime:
    from zoneinfo import ZoneInfo

    zone = ZoneInfo(digest.window.timezone)
    try:
        at = datetime.strptime(on, "%Y-%m-%d").replace(tzinfo=zone) if on else now.astimezone(zone)
    except ValueError:
        fail("wrong_day", f"--on {on!r} is no date.", "Write it as 2026-10-03.", as_json=as_json)
    if at > now:
        fail("wrong_day", f"--on {on} is still to come.", as_json=as_json)
    return at


def _marked(store: Store, digest: Digest, theme: Theme, name: str, at: datetime) -> str:
    from bot.phrases import heading
    from bot.store import Outcome
    from bot.tracking import forecast

    kept = Outcome(theme.id, name, store.now(), at.astimezone(UTC), None, forecast(digest, theme.id))
    about = f"“{heading(theme.words.name)}”: {name}"
    if not store.tracked.done(kept):
        return f"{about} was told before (or taken back: then name another day)."
    return f"{about}. Digests asked for from now on measure it, for 30, 60 and 90 days of whole windows after it."


def _taken_back(store: Store, theme: Theme, name: str, *, as_json: bool) -> str:
    from bot.phrases import heading

    if not store.measurements.take_back(theme.id, name, store.now()):
        fail("not_done", f"{name} of this theme is not known.", "Name its day with --on.", as_json=as_json)
    return f"“{heading(theme.words.name)}”: {name} is taken back."


def outcomes(
    run: RunKey = None,
    as_json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """Whether fixes worked, as a digest measured it, and how forecasts did so far."""
    from bot.months.outcomes import as_json as told_of
    from bot.months.outcomes import record_json

    with opened(settings(config), as_json=as_json) as store:
        key, digest = digest_of(store, run, as_json=as_json)
        waiting = [o for o in store.tracked.outcomes() if o.reopened_at is None]
    if as_json:
        kept: dict[str, Any] | None = record_json(digest.record) if digest.record else None
        tell({"run": key, "outcomes": [told_of(m) for m in digest.outcomes], "forecast_record": kept})
        return
    for m in digest.outcomes:
        say(m.message)
    if digest.record:
        say(digest.record.message)
    if not digest.outcomes:
        say(f"{digest.window.label} measures no fix: {len(waiting)} known to be done so far.")
