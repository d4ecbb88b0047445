"""`signals list`, `signals map`, `signals unmap`: which flow of the product a theme is about, confirmed once."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.commands.common import AsJson, ConfigFile, RunKey, actor, fail, opened, say, settings, tell
from bot.commands.themes import Subject, ThemeName, about, digest_of, theme_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.config import Config
    from bot.domain import Digest
    from bot.ports import Flow
    from bot.signals.proposing import Proposal
    from bot.signals.usage import Usage
    from bot.store import Store

_room = typer.Typer(help="Product analytics: which flow of the product a theme is about.", no_args_is_help=True)
_UNDATED = timedelta(days=30)  # of a digest without dates, this much until now is looked at


def add_to(app: typer.Typer) -> None:
    _room.command(name="list")(list_)
    _room.command(name="map")(map_)
    _room.command()(unmap)
    app.add_typer(_room, name="signals")


def map_(  # noqa: PLR0913 - one option for each part of a flow
    theme: ThemeName,
    confirm: Annotated[
        str | None, typer.Option("--confirm", help="Tie this proposal to the theme: its number or its name.")
    ] = None,
    reach: Annotated[
        str | None, typer.Option("--reach", help="A flow of your own: the event of who gets there.")
    ] = None,
    trouble: Annotated[str | None, typer.Option("--trouble", help="The event of an error there.")] = None,
    goal: Annotated[str | None, typer.Option("--goal", help="The event that should follow.")] = None,
    repeats: Annotated[int | None, typer.Option("--repeats", help="So many tries are too many.")] = None,
    page: Annotated[str | None, typer.Option("--page", help="The path of the page; an id in it may be any.")] = None,
    usual: Annotated[
        float | None, typer.Option("--usual", help="The share of users, as 0.02, stuck there with nothing wrong.")
    ] = None,
    run: RunKey = None,
    as_json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """Propose flows for a theme by what analytics has recorded; with --confirm (or --reach ...), tie one to it."""
    own = {"reach": reach, "page": page, "trouble": trouble, "goal": goal, "repeats": repeats}
    with about(theme, run, config, as_json=as_json) as subject:
        usage = _usage(subject, as_json=as_json)
        if any(v is not None for v in own.values()):
            flow: Flow | None = _own(subject, usage, own, as_json=as_json)
        else:
            made = _proposals(subject, usage)
            flow = _chosen(made, confirm, as_json=as_json) if confirm is not None else None
            if flow is None:
                _propose(subject, made, as_json=as_json)
        if flow is not None:
            _tie(subject, usage, _with_usual(flow, usual, as_json=as_json), as_json=as_json)


def list_(as_json: AsJson = False, config: ConfigFile = None) -> None:
    """The flows that are tied to themes, by the config or by people; the config's win."""
    told = settings(config)
    with opened(told, as_json=as_json) as store:
        names = _names(store)
        flows = [_row(flow, names, {"from": "config"}) for flow in _configured(told)]
        taken = {flow.theme.casefold() for flow in _configured(told)}
        for tied in store.flows.tied():
            row = _row(tied.flow, names, {"from": "confirmed", "by": tied.actor, "at": tied.at.isoformat()})
            over = bool({tied.theme_id, names.get(tied.theme_id, "").casefold()} & taken)
            flows.append({**row, "theme": tied.theme_id, "used": not over})
    if as_json:
        tell({"flows": flows})
        return
    for row in flows:
        say(_line(row))
    if not flows:
        say("No flow is tied to a theme yet. Begin with: groundswell signals map THEME")


def unmap(
    theme: ThemeName,
    run: RunKey = None,
    as_json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """Untie the flow that somebody confirmed for a theme; what the config ties is taken out there."""
    told = settings(config)
    with opened(told, as_json=as_json) as store:
        tied = {t.theme_id: t.flow for t in store.flows.tied()}
        theme_id = theme
        if theme not in tied:  # a theme of long ago is named by its id
            key, digest = digest_of(store, run, as_json=as_json)
            theme_id = theme_of(store, key, digest, theme, as_json=as_json).id
        if theme_id not in tied:
            fail("not_tied", f"nobody tied a flow to {theme!r}.", "See groundswell signals list.", as_json=as_json)
        store.flows.tie(theme_id, None, actor())
    message = f"“{_shown(tied[theme_id].name)}” is untied. Digests asked for from now on do without it."
    if as_json:
        tell({"theme": theme_id, "flow": None, "message": message})
    else:
        say(message)


# --- proposing


def _usage(subject: Subject, *, as_json: bool) -> Usage:
    usage = subject.wired.parts.usage
    if usage is None:
        need = "no product analytics is configured."
        fail("signals.not_configured", need, "See signals in config.example.yaml.", as_json=as_json)
    return usage


def _proposals(subject: Subject, usage: Usage) -> list[Proposal]:
    from bot.signals.proposing import proposals

    end = subject.digest.window.end or subject.store.now()
    start = subject.digest.window.start or end - _UNDATED
    recorded = usage.analytics.recorded(start, end)
    return proposals(subject.theme, recorded, usage.analytics.counts, subject.wired.parts.embedder)


def _propose(subject: Subject, made: Sequence[Proposal], *, as_json: bool) -> None:
    from bot.phrases import heading, number

    if as_json:
        rows = [{"number": n, "score": p.score, "users": p.users, **_parts(p.flow)} for n, p in enumerate(made, 1)]
        tell({"theme": subject.theme.id, "proposals": rows})
        return
    say(f"{heading(subject.theme.words.name)}  ({subject.theme.id})")
    for n, p in enumerate(made, 1):
        users = f"   {number(p.users)} users" if p.users is not None else ""
        say(f"  {n}  {p.score:.2f}  {_shown(p.flow.name)}{users}")
        say(f"           {_told(_parts(p.flow))}")
    if made:
        say(f"Nothing is tied yet. If one is right: groundswell signals map {subject.theme.id} --confirm 1")
    else:
        say(
            "  Nothing that analytics has recorded is like it. Name a flow: --reach and --trouble, --goal or --repeats."
        )


def _chosen(made: Sequence[Proposal], confirm: str, *, as_json: bool) -> Flow:
    named = [p.flow for n, p in enumerate(made, 1) if confirm in (str(n), p.flow.name)]
    if not named:
        fail("no_flow", f"{confirm!r} is none of the {len(made)} proposals.", "Ask without --confirm.", as_json=as_json)
    return named[0]


# --- tying


def _own(subject: Subject, usage: Usage, parts: Mapping[str, Any], *, as_json: bool) -> Flow:
    """A flow as somebody spelt it out; the config's rules hold for it."""
    from pydantic import ValidationError

    from bot.config.connections import FlowStanza
    from bot.ports import Flow

    given = {k: v for k, v in parts.items() if v is not None}
    if beyond := set(given) - {"reach"} - usage.analytics.counts:
        fail("no_flow", f"{' and '.join(sorted(beyond))} can't be told by this tool.", as_json=as_json)
    name = _shown(": ".join(str(given[k]) for k in ("page", "reach", "trouble", "goal") if k in given))
    try:
        told = FlowStanza(name=name[:80], theme=subject.theme.id, **given)
    except ValidationError as error:
        why = "; ".join(str(e["msg"]).removeprefix("Value error, ") for e in error.errors(include_input=False))
        fail("no_flow", f"that is no flow: {why}.", as_json=as_json)
    return Flow(**told.model_dump())


def _with_usual(flow: Flow, usual: float | None, *, as_json: bool) -> Flow:
    if usual is not None and not 0.001 <= usual <= 0.9:
        fail("no_flow", f"--usual {usual:g} is no share from 0.001 to 0.9.", "Write 2 % as 0.02.", as_json=as_json)
    return flow if usual is None else replace(flow, usual=usual)


def _tie(subject: Subject, usage: Usage, flow: Flow, *, as_json: bool) -> None:
    """Keeps it, and says what usage tells of the theme by it: a digest that is made already stays as it is."""
    from bot.phrases import heading, line
    from bot.signals import flow_of

    subject.store.flows.tie(subject.theme.id, flow, actor())
    over = flow_of(subject.theme, usage.configured)
    alone: Digest = replace(subject.digest, themes=(subject.theme,))
    signal = usage.told(alone, (flow,)).themes[0].signal
    message = f"“{_shown(flow.name)}” is tied to “{heading(subject.theme.words.name)}”."
    if over:
        message += f" The config ties “{_shown(over.name)}” to it, and wins: take that out there."
    if as_json:
        said = signal.message if signal else None
        tell({"theme": subject.theme.id, "flow": _parts(flow), "message": message, "signal": said})
        return
    say(message)
    say(f"  {_told(_parts(flow))}")
    if signal:
        say(f"  {subject.digest.window.label}: {line(signal.message)}")
    say("Digests asked for from now on say it (groundswell run asks again); signals unmap takes it back.")


# --- showing


def _configured(config: Config) -> list[Flow]:
    from bot.ports import Flow

    return [Flow(**flow.model_dump()) for flow in config.signals.flows] if config.signals else []


def _names(store: Store) -> dict[str, str]:
    """Theme id -> its name in the newest digest that has it, of the newest few."""
    from bot import current
    from bot.runs import SYNC

    digests = (current.digest(store, run.key) for run in reversed(store.runs.recent(6, but=SYNC)))
    return {t.id: t.words.name for d in digests if d for t in (*d.snoozed_themes, *d.further_themes, *d.themes)}


def _row(flow: Flow, names: Mapping[str, str], whence: Mapping[str, str]) -> dict[str, Any]:
    return {**_parts(flow), "theme": flow.theme, "theme_name": names.get(flow.theme), "used": True, **whence}


def _parts(flow: Flow) -> dict[str, Any]:
    return {k: v for k, v in asdict(flow).items() if v is not None and k != "theme"}


def _line(row: Mapping[str, Any]) -> str:
    about_ = f"{row['theme']}  {_shown(str(row['theme_name'] or ''))}".rstrip()
    whence = "config" if row["from"] == "config" else f"confirmed by {row['by']} on {str(row['at'])[:10]}"
    unused = "" if row["used"] else "; not used: the config ties another to this theme"
    return f"{_shown(str(row['name']))}\n  {about_}\n  {_told(row)}\n  {whence}{unused}"


def _told(parts: Mapping[str, Any]) -> str:
    """ "export_started, then export_failed; up to 2% are usual"."""
    told = _shown(str(parts["reach"]))
    for part, words in (
        ("page", " on {}"),
        ("trouble", ", then {}"),
        ("goal", ", and never {}"),
        ("repeats", ", {} times"),
    ):
        told += words.format(_shown(str(parts[part]))) if parts.get(part) is not None else ""
    return told + (f"; up to {parts['usual']:.1%} is usual" if parts.get("usual") is not None else "")


def _shown(name: str) -> str:
    """A name as somebody else wrote it, on one line and never a page of it."""
    from bot.phrases import clip, line

    return clip(line(name), 76)
