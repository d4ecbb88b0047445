"""`show --evidence`: the chain from a theme to every tool; back to it from a ticket, or from what it became there."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from bot.commands.common import fail, opened, say, settings, tell
from bot.commands.themes import digest_of, theme_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.acts import Effect
    from bot.domain import Theme
    from bot.store import Store
    from bot.tracker.chain import Link


def evidence(named: str, run: str | None, config: Path | None, *, as_json: bool) -> None:
    """`named`: a theme as everywhere; or a ticket, by its id, as a digest shows it, or by its address there; or
    what a tool calls what was made there (an issue's key, a feature's or a doc's id), or its address."""
    told = settings(config)
    with opened(told, as_json=as_json) as store:
        key, digest = digest_of(store, run, as_json=as_json)
        theme = next((t for t in digest.themes if named in (t.id, str(t.number))), None)
        shown = next((e.ticket_id for t in digest.themes for e in t.evidence if e.url == named), named)
        runs = [] if theme else store.runs.reading(shown)
        made = [] if theme or runs else store.effects.named(named)
        if runs:
            _backwards(store, runs, as_json=as_json)
        elif made:
            _from_tool(store, named, made, as_json=as_json)
        else:
            _onwards(store, key, theme or theme_of(store, key, digest, named, as_json=as_json), as_json=as_json)


def _onwards(store: Store, key: str, theme: Theme, *, as_json: bool) -> None:
    from bot.tracker import chain

    links = _links(store, theme.id)
    if as_json:
        tell({"run": key, "theme": theme.id, "ticket_ids": list(theme.members), "chain": [asdict(x) for x in links]})
        return
    for line in chain.onwards(theme, links):
        say(line)


def _backwards(store: Store, runs: Sequence[tuple[str, str]], *, as_json: bool) -> None:
    """Each theme once, as the newest digest that has the ticket in it shows it; corrections are heeded."""
    from bot import current
    from bot.tracker import chain

    found: dict[str, tuple[str, Theme, list[Link]]] = {}
    for run_key, shown in runs:
        digest = current.digest(store, run_key)
        themes = (*digest.themes, *digest.further_themes, *digest.snoozed_themes) if digest else ()
        for theme in (t for t in themes if shown in t.members and t.id not in found):
            found[theme.id] = (digest.window.label if digest else "", theme, _links(store, theme.id))
    ticket = runs[0][1]
    if not found:
        fail("no_theme", f"{ticket} is in no theme that a digest shows any more.", as_json=as_json)
    if as_json:
        told = [{"theme": t.id, "window": w, "chain": [asdict(x) for x in c]} for w, t, c in found.values()]
        tell({"ticket": ticket, "themes": told})
        return
    for line in chain.backwards(ticket, list(found.values())):
        say(line)


def _from_tool(store: Store, named: str, made: Sequence[Effect], *, as_json: bool) -> None:
    """Each theme that it was made for, as the newest digest that something of it was decided on shows it."""
    from bot.decisions.wishes import subject
    from bot.phrases import count, line
    from bot.tracker import chain

    newest = {str(e.theme_id): str(e.run_key) for e in made}
    found = [(key, found.theme) for i, key in newest.items() if (found := subject(store, key, i))]
    if not found:
        fail("no_theme", f"{named} was made for a theme that no digest shows any more.", as_json=as_json)
    links = {theme.id: _links(store, theme.id) for _, theme in found}
    if as_json:
        themes = [
            {"theme": t.id, "run": k, "ticket_ids": list(t.members), "chain": [asdict(x) for x in links[t.id]]}
            for k, t in found
        ]
        tell({"of": named, "themes": themes})
        return
    say(f"{line(named)} was made for {count(len(found), 'theme')}")
    for _, theme in found:
        say()
        for told in chain.onwards(theme, links[theme.id]):
            say(told)


def _links(store: Store, theme_id: str) -> list[Link]:
    from bot.tracker import chain

    return chain.links(store.effects.of_theme(theme_id))
