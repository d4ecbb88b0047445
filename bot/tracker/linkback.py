"""The link to a theme's issue, put on the tickets that the theme is about: what would be written, and what was. Pure.

An act for each ticket and issue of a theme: a ticket is told once of an issue, in whatever month it is asked for; after
an undo, of the next one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from bot import phrases
from bot.acts import Act, Effect, EffectState, Stage, Standing, effect_key
from bot.domain import Theme
from bot.tracker import attaching

NOTE, TAG = "note", "tag"
_NAMES = {NOTE: "internal note", TAG: "tag"}


@dataclass(frozen=True, slots=True)
class Way:
    """How a help desk is told. `under`: what the addresses of its own tickets begin with; a ticket of a file that only
    looks like one of its has another address, and is left alone."""

    how: Literal["note", "tag"]
    under: str


Ways = Mapping[str, Way]  # by the source of a ticket; empty: nothing is ever written


def acts(workspace: str, theme: Theme, now: Standing, ways: Ways) -> list[Act]:
    """One for each ticket of the theme that is in a help desk which is to be told; none while it is in no issue."""
    if now.stage is not Stage.CREATED or now.receipt is None:
        return []
    told = zip(attaching.evidence(theme), theme.members, strict=True)
    addresses = {e.ticket_id: e.url or "" for e in theme.evidence}
    return [_act(workspace, theme, now, ways, ticket, addresses[shown]) for ticket, shown in told
            if _takes(ways, ticket, addresses.get(shown, ""))]  # fmt: skip


def made(effects: Iterable[Effect], now: Standing) -> list[Effect]:
    """Those of a theme's effects that tell its tickets of the issue that it is in now."""
    return [e for e in effects if is_linkback(e.act) and now.receipt and e.act.payload.get("issue") == now.receipt.ref]


def is_linkback(act: Act) -> bool:
    return act.kind.endswith((f".{NOTE}", f".{TAG}")) and "ticket" in act.payload


def summary(planned: Sequence[Act]) -> str:
    """ "29 internal notes in Zendesk and 2 tags in Intercom"."""
    counted = Counter(act.kind for act in planned)
    return " and ".join(f"{phrases.count(n, _name(kind))} in {_desk(kind)}" for kind, n in counted.items())


def announced(planned: Sequence[Act], issue: str) -> list[str]:
    """ "An internal note with the link to BILL-1 is put on 29 tickets in Zendesk." For each help desk."""
    counted = Counter(act.kind for act in planned)
    named = {kind: next(a for a in planned if a.kind == kind) for kind in counted}
    return [f"{_what(named[kind], issue)} is put on {phrases.count(n, 'ticket')} in {_desk(kind)}."
            for kind, n in counted.items()]  # fmt: skip


def _what(act: Act, issue: str) -> str:
    tag = act.payload.get("tag")
    return f"The tag {tag}" if tag else f"An internal note with the link to {issue}"


def line(done: Sequence[Effect]) -> str:
    """What is on the tickets by now, in a clause; empty where nobody asked for it."""
    there = [e.act for e in done if e.state is EffectState.DONE]
    missing = Counter(_STATES[e.state] for e in done if e.state in _STATES)
    told = [f"linked from {phrases.count(len(there), 'ticket')}"] if there else []
    return ", ".join([*told, *(f"{phrases.count(n, 'ticket')} {state}" for state, n in missing.items())])


def stays(done: Sequence[Effect]) -> str:
    """What an undo says of tickets that were told; empty where none was. It begins with a space."""
    there = [e.act for e in done if e.state in (EffectState.DONE, EffectState.UNSURE) or e.unknown]
    if not there:
        return ""
    verbs = "stays and names" if len(there) == 1 else "stay and name"
    return f" {summary(there)} {verbs} {there[0].payload['issue']}; change that there."


_STATES = {
    EffectState.PENDING: "being linked",
    EffectState.UNSURE: "to be looked at",
    EffectState.FAILED: "refused the link",
}


def rows(planned: Sequence[Act], done: Mapping[str, Effect]) -> list[str]:
    """A line for each: what is to be put where, and why it failed before."""
    return [f"{_desk(a.kind):<9} {_name(a.kind):<14} {phrases.line(str(a.payload['url']))}{_why(done.get(a.key))}"
            for a in planned]  # fmt: skip


def text(planned: Sequence[Act]) -> str:
    """What the notes say, or the tag; they differ by their last line alone."""
    first = planned[0].payload
    return str(first["tag"]) if "tag" in first else str(first["body"]).rpartition("\n")[0]


def _why(before: Effect | None) -> str:
    return f"  ({phrases.line(before.error)})" if before and before.error else ""


def _takes(ways: Ways, ticket: str, address: str) -> bool:
    way = ways.get(ticket.partition(":")[0])
    return way is not None and address.startswith(way.under)


def _act(workspace: str, theme: Theme, now: Standing, ways: Ways, ticket: str, url: str) -> Act:
    desk, _, key = ticket.partition(":")
    issue, where = (now.receipt.ref, now.receipt.url or "") if now.receipt else ("", "")
    name = effect_key("linkback", workspace, f"{theme.id}:{issue}:{ticket}")
    how = ways[desk].how
    said = {"tag": f"groundswell-{issue.lower()}"} if how == TAG else {"body": _body(theme, issue, where, name)}
    payload = {"ticket": key, "url": url, "issue": issue, **said}
    return Act(name, f"{desk}.{how}", key, payload, after=now.effect_key, repeatable=how == TAG)


def _body(theme: Theme, issue: str, where: str, key: str) -> str:
    """The issue, its address and the theme's name; nothing of what other customers wrote."""
    return (
        f"Tracked in {issue}: {where}\n"
        f"It is one of the tickets about: {phrases.heading(theme.words.name)}.\n"
        f"groundswell-op-{key[:16]}"
    )


def _name(kind: str) -> str:
    return _NAMES[kind.partition(".")[2]]


def _desk(kind: str) -> str:
    return phrases.source_name(kind.partition(".")[0])
