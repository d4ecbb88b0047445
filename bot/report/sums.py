"""Where every ticket of a digest is: sums that add up, and shares of what was looked at. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot import phrases
from bot.domain import Digest
from bot.phrases import count, number, percent


@dataclass(frozen=True, slots=True)
class Sums:
    """read = looked_at + gone; looked_at = in_themes + one_offs + anecdotes + candidates + put_aside;
    in_themes = shown + further + asleep.

    `asleep`: in themes that somebody snoozed. `put_aside`: their like was marked as not a theme. `removed`: why tickets
    are gone, and how many each, the most first.
    """

    read: int
    gone: int
    in_themes: int
    shown: int
    further: int
    asleep: int
    one_offs: int
    anecdotes: int
    candidates: int
    put_aside: int
    removed: tuple[tuple[str, int], ...]

    @property
    def looked_at(self) -> int:
        return self.read - self.gone


def sums(d: Digest) -> Sums:
    shown, further, asleep = (
        sum(len(t.members) for t in themes) for themes in (d.themes, d.further_themes, d.snoozed_themes)
    )
    anecdotes, candidates, put_aside = (len(phrases.left_over(d, why)) for why in ("anecdote", "candidate", "muted"))
    one_offs = len(d.not_a_theme) - anecdotes - candidates - put_aside
    why, t = tuple(phrases.removed_because(d)), d.totals
    left = (one_offs, anecdotes, candidates, put_aside)
    return Sums(t.tickets_read, t.removed, t.in_themes, shown, further, asleep, *left, why)


def read(s: Sums) -> str:
    """ "960 read, 921 of them not looked at (outside the window)"."""
    gone = f", {number(s.gone)} of them not looked at ({why_removed(s)})" if s.gone else ""
    return f"{number(s.read)} read{gone}"


def why_removed(s: Sums) -> str:
    """ "outside the window 921, automatic replies 3"; "outside the window" where that is the only reason."""
    return s.removed[0][0] if len(s.removed) == 1 else ", ".join(f"{why} {number(n)}" for why, n in s.removed)


def in_themes(s: Sums) -> str:
    """ "28 in themes (34%; 6 of them asleep)": of what was looked at."""
    beside = [f"{number(s.further)} of them in further themes"] * bool(s.further)
    beside += [f"{number(s.asleep)} of them asleep"] * bool(s.asleep)
    return f"{number(s.in_themes)} in themes ({'; '.join([percent(s.in_themes, s.looked_at), *beside])})"


def not_a_theme(s: Sums, stories: int) -> str:
    """ "60 one-offs, 2 anecdotes (10 tickets), 6 left out by you". `stories`: the anecdotes."""
    told = [count(s.one_offs, "one-off"), count(stories, "anecdote")]
    told[1] += f" ({count(s.anecdotes, 'ticket')})" if s.anecdotes else ""
    told += [f"{number(s.candidates)} in candidate themes"] * bool(s.candidates)
    told += [f"{number(s.put_aside)} left out by you"] * bool(s.put_aside)
    return ", ".join(told)


def recounted(data: Mapping[str, Any]) -> dict[str, Any]:
    """The same by the lists of a document, for who trusts nothing of how it was made."""
    shown, further, asleep = (
        sum(len(theme["ticket_ids"]) for theme in data[key]) for key in ("themes", "further_themes", "snoozed_themes")
    )
    why = Counter(left["reason"] for left in data["not_a_theme"])
    known = {"anecdotes": why["anecdote"], "candidates": why["candidate"], "put_aside": why["muted"]}
    return {
        "looked_at": shown + further + asleep + sum(why.values()),
        "shown": shown,
        "further": further,
        "asleep": asleep,
        "one_offs": sum(why.values()) - sum(known.values()),
        **known,
        "removed": dict(Counter(phrases.removal(gone["reason"]) for gone in data["removed"])),
    }


def as_json(s: Sums) -> dict[str, Any]:
    return {
        "looked_at": s.looked_at,
        "shown": s.shown,
        "further": s.further,
        "asleep": s.asleep,
        "one_offs": s.one_offs,
        "anecdotes": s.anecdotes,
        "candidates": s.candidates,
        "put_aside": s.put_aside,
        "removed": dict(s.removed),
    }
