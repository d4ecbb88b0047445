"""The evidence chain of a theme in words: tickets -> theme -> Jira -> Productboard -> Dovetail, and back. Pure.

What stands in each tool is read off the effects of the theme, the only way in which anything gets there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot import phrases
from bot.acts import Act, Effect, EffectState
from bot.domain import Theme

_TOOLS = {"jira": "Jira", "productboard": "Productboard", "dovetail": "Dovetail"}
_MAIN = ("jira.issue", "jira.comment", "productboard.feature", "dovetail.doc")
_TAKES_BACK = "withdraw"
_PARTS = {
    "productboard.note": "note",
    "dovetail.transcript": "transcript",
    "jira.links": "link",
    "jira.evidence": "table",
}
_STATES = {
    EffectState.PENDING: "waiting",
    EffectState.UNSURE: "to be checked",
    EffectState.FAILED: "refused",
    EffectState.CANCELLED: "cancelled",
}


@dataclass(frozen=True, slots=True)
class Link:
    """What a theme has in one tool. `ref` is None until it is there; `parts`: ("note", how many, of how many)."""

    tool: str
    state: EffectState
    ref: str | None
    url: str | None
    parts: tuple[tuple[str, int, int], ...] = ()
    error: str | None = None
    withdrawn: bool = False


def links(effects: Sequence[Effect]) -> list[Link]:
    """One for each tool: the newest that was made, or is to be, there for the theme."""
    newest: dict[str, Effect] = {}
    for effect in effects:  # in the order in which they were planned
        if effect.act.kind in _MAIN:
            newest[_tool(effect.act)] = effect
    return [_link(newest[tool], effects) for tool in _TOOLS if tool in newest]


def _link(main: Effect, effects: Sequence[Effect]) -> Link:
    hangs = [e for e in effects if e.act.after == main.act.key and _tool(e.act) == _tool(main.act)]
    planned = Counter(_PARTS[e.act.kind] for e in hangs if e.act.kind in _PARTS)
    done = Counter(_PARTS[e.act.kind] for e in hangs if e.act.kind in _PARTS and e.state is EffectState.DONE)
    wrong = next((e.error for e in (main, *hangs) if e.error and e.state is not EffectState.DONE), None)
    receipt = main.receipt
    return Link(
        tool=_TOOLS[_tool(main.act)],
        state=main.state,
        ref=receipt.ref if receipt else None,
        url=receipt.url if receipt else None,
        parts=tuple((noun, done[noun], total) for noun, total in planned.items()),
        error=wrong,
        withdrawn=any(e.act.kind.endswith(_TAKES_BACK) and e.state is EffectState.DONE for e in hangs),
    )


def onwards(theme: Theme, chain: Sequence[Link]) -> Iterator[str]:
    """From the theme: its tickets, and what came of it in each tool."""
    yield f"{phrases.heading(theme.words.name)}  ({theme.id})"
    yield f"  {'Tickets':<13} {phrases.size(theme)}"
    for row in theme.evidence:
        whose = phrases.clip(row.customer or "not identified", 28)
        yield f"    {phrases.line(row.ticket_id):<14} {whose:<28} {row.url or ''}".rstrip()
    yield from _told(chain)


def backwards(shown: str, themes: Sequence[tuple[str, Theme, Sequence[Link]]]) -> Iterator[str]:
    """From a ticket: the themes it is in, each with the label of its window, and what came of them."""
    yield f"{phrases.line(shown)} is in {phrases.count(len(themes), 'theme')}"
    for label, theme, chain in themes:
        yield f"\n{phrases.heading(theme.words.name)}  ({theme.id})"
        yield f"  {'Window':<13} {phrases.line(label)}: {phrases.size(theme)}"
        yield from (
            f"  {'In its words':<13} “{phrases.line(row.quote)}”" for row in theme.evidence if row.ticket_id == shown
        )
        yield from _told(chain)


def _told(chain: Sequence[Link]) -> Iterator[str]:
    if not chain:
        yield f"  {'Jira':<13} nothing yet: nobody approved it"
    for link in chain:
        where = f"{link.ref}  {link.url or ''}".rstrip() if link.ref else _STATES.get(link.state, "")
        parts = "".join(f"; {_count(*part)}" for part in link.parts)
        yield f"  {link.tool:<13} {where}{parts}{'; withdrawn' if link.withdrawn else ''}"
        if link.error:
            yield f"  {'':<13} {phrases.line(link.error)}"


def _count(noun: str, done: int, planned: int) -> str:
    return phrases.count(done, noun) if done == planned else f"{done:,} of {phrases.count(planned, noun)}"


def _tool(act: Act) -> str:
    return act.kind.partition(".")[0]
