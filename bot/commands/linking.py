"""`linkback`: a theme's tickets are told of the issue that it ended in; listed first, written when that is meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from bot.commands.common import PARTIAL, AsJson, ConfigFile, RunKey, Yes, actor, agreed, fail, say, tell
from bot.commands.themes import ThemeName, about

if TYPE_CHECKING:
    from bot.acts import Act
    from bot.commands.sending import Ended
    from bot.commands.themes import Subject
    from bot.linkback import Offer


def add_to(app: typer.Typer) -> None:
    app.command()(linkback)


def linkback(
    theme: ThemeName,
    run: RunKey = None,
    yes: Yes = False,
    as_json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """List which tickets would get the link to a theme's issue, in their help desk; with --yes, put it there."""
    from bot.tracker import linkback as words

    with about(theme, run, config, as_json=as_json) as subject:
        offer = _offer(subject, as_json=as_json)
        left = offer.left
        if not as_json:
            _list(offer, left)
        if left:
            agreed(f"Put {words.summary(left)}?", yes, as_json=as_json)
            subject.wired.linkback.ask(offer, actor())
        _ended(subject, offer, as_json=as_json)


def _offer(subject: Subject, *, as_json: bool) -> Offer:
    from bot.acts import Stage

    wired, name = subject.wired, subject.theme.words.name
    if not wired.linkback.ways:
        why = "no help desk is to be told of issues: sources.zendesk.linkback and sources.intercom.linkback are off."
        fail("linkback.off", why, "Set one to internal-note or tag.", as_json=as_json)
    offer = wired.linkback.of(subject.key, subject.theme.id)
    if offer is None or offer.now.stage is not Stage.CREATED:
        fail("no_issue", f"“{name}” is in no issue.", "Approve it, or attach its evidence, first.", as_json=as_json)
    if not offer.acts:
        why = f"none of its tickets is in {' or '.join(sorted(wired.linkback.ways))}, as their addresses show."
        fail("no_tickets", why, as_json=as_json)
    return offer


def _list(offer: Offer, left: list[Act]) -> None:
    from bot.tracker import linkback as words

    for line in words.rows(left, offer.before):
        say(line)
    if left:
        say(f"\nEach of them gets {words.summary(left[:1]).partition(' in ')[0]}:")
        say("".join(f"  {line}\n" for line in words.text(left).splitlines()).rstrip())
    for line in words.rows([act for act in offer.acts if act not in left], {}):
        say(f"{line}  asked for before")


def _ended(subject: Subject, offer: Offer, *, as_json: bool) -> None:
    """Sees what became of all that was asked for, by this command or before it."""
    from bot.commands.sending import settled
    from bot.tracker import linkback as words

    keys = {act.key for act in offer.acts}
    ours = [e for e in subject.store.effects.of_theme(subject.theme.id) if e.act.key in keys]
    ended = settled(subject.wired, ours)
    if subject.wired.board is not None:
        subject.wired.board.redraw()
    done = [e for e in ended.effects if e.receipt]
    if as_json and not ended.faults:
        tell({"issue": offer.now.receipt.ref if offer.now.receipt else None, "linked": [e.act.target for e in done]})
    elif not as_json:
        say(f"\n{(words.line(list(ended.effects)) or 'nothing was asked for').capitalize()}.")
    if ended.faults:
        _failed(ended, some=bool(done), as_json=as_json)


def _failed(ended: Ended, *, some: bool, as_json: bool) -> None:
    fail("not_linked", " ".join(ended.faults), as_json=as_json, status=PARTIAL if some else ended.status)
