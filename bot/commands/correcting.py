"""`merge`, `split`, `move`, `rename`, `edit`, `snooze`, `rules`: how people put digests right."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.commands.common import AsJson, ConfigFile, RunKey, fail, opened, say, settings, tell
from bot.commands.themes import Note, Subject, ThemeName, about, decided, line, theme_of, wired_to

if TYPE_CHECKING:
    from bot.acts import Decision

_RULE = "is below the rule for a theme"
Tickets = Annotated[list[str], typer.Argument(help="Ids of tickets, as the digest shows them.")]


def add_to(app: typer.Typer) -> None:
    for command in (merge, split, move, rename, edit, snooze, rules):
        app.command()(command)


def merge(  # noqa: PLR0913
    theme: ThemeName,
    into: Annotated[str, typer.Argument(help="The theme that it joins, whose name stays.")],
    once: Annotated[bool, typer.Option("--once", help="In this digest alone, not in later ones.")] = False,
    note: Note = "",
    run: RunKey = None,
    as_json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """Make two themes one, here and in later digests; counts are taken anew."""
    from bot.acts import Verdict

    with about(theme, run, config, as_json=as_json) as subject:
        target = _other(subject, into, as_json=as_json)
        given = {"into": target, **({"once": True} if once else {})}
        decided(subject, Verdict.MERGE, as_json=as_json, note=note, given=given)


def split(  # noqa: PLR0913
    theme: ThemeName,
    tickets: Tickets,
    name: Annotated[
        str, typer.Option("--name", help="What the new theme is called; default: the tickets' own words.")
    ] = "",
    note: Note = "",
    run: RunKey = None,
    as_json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """Split tickets off a theme, here and in later digests."""
    from bot.acts import Verdict

    with about(theme, run, config, as_json=as_json) as subject:
        decided(subject, Verdict.SPLIT, as_json=as_json, note=note, given={"tickets": tickets, "part_name": name})
        _below(subject, as_json=as_json)


def move(  # noqa: PLR0913
    theme: Annotated[
        str, typer.Argument(help="The theme they leave; with tickets that are in none, the one they join.")
    ],
    tickets: Tickets,
    to: Annotated[str, typer.Option("--to", help="The theme they join; default: none.")] = "",
    note: Note = "",
    run: RunKey = None,
    as_json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """Move tickets from a theme into another, or out of all; of tickets in none: `move 2 TICKET --to 2`."""
    from bot.acts import Verdict

    with about(theme, run, config, as_json=as_json) as subject:
        target = _other(subject, to, as_json=as_json) if to else None
        decided(subject, Verdict.MOVE, as_json=as_json, note=note, given={"tickets": tickets, "into": target})
        _below(subject, as_json=as_json)


def rename(
    theme: ThemeName,
    name: Annotated[str, typer.Argument(help="Its name from now on.")],
    run: RunKey = None,
    as_json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """Give a theme a name that stays; no count changes."""
    from bot.acts import Verdict

    with about(theme, run, config, as_json=as_json) as subject:
        decided(subject, Verdict.RENAME, as_json=as_json, given={"to": name})


def edit(  # noqa: PLR0913
    theme: ThemeName,
    title: Annotated[str | None, typer.Option("--title", help="Of the draft issue.")] = None,
    problem: Annotated[str | None, typer.Option("--problem", help="What customers run into.")] = None,
    story: Annotated[str | None, typer.Option("--story", help="As a ..., I want ... so that ...")] = None,
    acceptance: Annotated[list[str] | None, typer.Option("--acceptance", help="A criterion; repeatable.")] = None,
    severity: Annotated[str | None, typer.Option("--severity", help="P0 to P4.")] = None,
    notes_url: Annotated[
        str | None, typer.Option("--notes-url", help="Discovery notes it was reviewed against.")
    ] = None,
    note: Note = "",
    run: RunKey = None,
    as_json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """Change the words or the severity of a draft; counts and evidence are not editable."""
    from bot.acts import Verdict

    given = {"title": title, "problem": problem, "user_story": story, "acceptance": acceptance, "severity": severity}
    with about(theme, run, config, as_json=as_json) as subject:
        given_now = {k: v for k, v in {**given, "notes_url": notes_url}.items() if v is not None}
        decided(subject, Verdict.EDIT, as_json=as_json, note=note, given=given_now)


def snooze(  # noqa: PLR0913
    theme: ThemeName,
    until: Annotated[str | None, typer.Option("--until", help="The date it comes back, as 2027-02-01.")] = None,
    growth: Annotated[float | None, typer.Option("--growth", help="Or once it has grown by this: 0.5 is half.")] = None,
    note: Note = "",
    run: RunKey = None,
    as_json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """Put a theme to sleep until a date or a growth; with neither, until it grows 50% or for 3 months."""
    from bot.acts import Verdict

    with about(theme, run, config, as_json=as_json) as subject:
        zone = subject.wired.config.workspace.timezone
        given = {"until": _date(until, zone, as_json=as_json) if until else None, "growth": growth}
        decided(subject, Verdict.SNOOZE, as_json=as_json, note=note, given=given)


def rules(
    remove: Annotated[str | None, typer.Option("--remove", help="Take one back, by the number in the list.")] = None,
    as_json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """The corrections that bind later digests: pinned merges, splits, moves, names, what is left out or asleep."""
    from bot import current
    from bot.corrections.honoured import rule

    told = settings(config)
    with opened(told, as_json=as_json) as store:
        binding = current.corrections(store)
        if remove is not None:
            chosen = _chosen(binding, remove, as_json=as_json)
            digest = store.runs.digest(chosen.run_key)
            if digest is None:
                fail("no_run", f"the digest it was decided on, {chosen.run_key}, is gone.", as_json=as_json)
            theme = theme_of(store, chosen.run_key, digest, chosen.theme_id, as_json=as_json)
            _removed(Subject(wired_to(told, store), chosen.run_key, digest, theme), chosen, as_json=as_json)
        elif as_json:
            tell(
                {
                    "rules": [
                        {"rule": n, "theme_id": d.theme_id, "says": rule(d), **line(d)}
                        for n, d in enumerate(binding, 1)
                    ]
                }
            )
        else:
            for n, d in enumerate(binding, 1):
                say(f"{n:>3}  {rule(d)}{' (this digest alone)' if d.payload.get('once') else ''}")
            say(
                "\nTake one back: groundswell rules --remove NUMBER"
                if binding
                else "No correction binds later digests."
            )


# --- details


def _below(subject: Subject, *, as_json: bool) -> None:
    """Says of tickets that were taken apart whether each part is a theme still: below the rule it is in no list."""
    from bot import current
    from bot.phrases import count, heading

    digest = None if as_json else current.digest(subject.store, subject.key)
    if digest is None:
        return
    themes = {t.id: t for t in (*digest.themes, *digest.further_themes, *digest.snoozed_themes)}
    last = subject.store.decisions.of([subject.theme.id])[subject.theme.id][-1]
    part = str(last.payload.get("part") or "")
    if part in themes:
        say(f"They are theme {themes[part].number} now: {heading(themes[part].words.name)}.")
    elif part:
        say(f"What was split off, {count(len(last.payload['tickets']), 'ticket')}, {_RULE}: it is not shown as one.")
    if subject.theme.id not in themes:
        say(f"What is left of “{heading(subject.theme.words.name)}” {_RULE}: it is not shown as one any more.")
    if (part and part not in themes) or subject.theme.id not in themes:
        say("The tickets stand under NOT A THEME. To take it back: groundswell undo")


def _removed(subject: Subject, chosen: Decision, *, as_json: bool) -> None:
    from bot.acts import Verdict

    decided(subject, Verdict.UNDO, as_json=as_json, given={"undoes": chosen.number})


def _chosen(binding: tuple[Decision, ...], named: str, *, as_json: bool) -> Decision:
    if not named.isdigit() or not 1 <= int(named) <= len(binding):
        fail("no_rule", f"there is no correction {named!r}.", "See groundswell rules.", as_json=as_json)
    return binding[int(named) - 1]


def _other(subject: Subject, named: str, *, as_json: bool) -> Any:
    return theme_of(subject.store, subject.key, subject.digest, named, as_json=as_json).id


def _date(given: str, zone: str, *, as_json: bool) -> datetime:
    from zoneinfo import ZoneInfo

    try:
        at = datetime.fromisoformat(given)
    except ValueError:
        fail("wrong_use", f"--until {given!r} is no date.", "Write it as 2027-02-01.", as_json=as_json)
    return at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone))
