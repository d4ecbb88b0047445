"""Whether usage bears out what tickets say: the share of a flow's users who are stuck, in the window and as many days
before. Pure.

Two questions, each with its own answer. Did it grow: the share rose by at least a fifth and by more than chance (two
shares, pooled, with Yates' correction; one-sided, under 1 in 200). Is it there at all, and lasts: in both times the
share is above what is usual at such a step by more than chance (the same 1 in 200 against that share), of 5 users at
least. Usual are up to 5 % who meet an error or a rage click, unless somebody said otherwise; of users who drop out or
come again nobody can say it for them: most do so of their own will. Without an answer, the step corroborates nothing.
Fewer than 100 users on either side are too few, whatever they did. bench/corroboration.py draws both kinds.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from urllib.parse import urlsplit

from bot.corrections import fold
from bot.domain import Corroboration, Digest, Signal, Theme, Users
from bot.phrases import count, number
from bot.ports import Flow

LEAST, RISE, CHANCE_Z = 100, 1.2, 2.576
USUAL, STUCK = 0.05, 5  # of users who meet the trouble of a step; users, fewer of whom show nothing that lasts
_ID = re.compile(r"\d+|[0-9a-fA-F]{8,}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|:\w+|\*")


def judged(flow: str, customers: int, measured: tuple[Users, Users] | None, usual: float | None = None) -> Signal:
    """`measured`: before the window, and in it; None: an event was never recorded. `usual`: as `Signal` says."""
    if measured is None:
        said = f"{flow}: an event of this flow was never recorded, so usage can't tell"
        return Signal(flow, Corroboration.NOT_INSTRUMENTED, None, None, said, usual)
    before, now = measured
    verdict = _verdict(before, now, usual)
    return Signal(flow, verdict, now, before, f"{flow}: {_said(verdict, customers, before, now, usual)}", usual)


def usual_of(flow: Flow) -> float | None:
    """The share of users who may be stuck there with nothing wrong; None: nothing is known of it."""
    return flow.usual if flow.usual is not None or not flow.trouble else USUAL


def unmeasured(flow: str, why: str) -> Signal:
    return Signal(flow, Corroboration.UNKNOWN, None, None, f"{flow}: usage was not measured, {why}")


def flow_of(theme: Theme, flows: Iterable[Flow]) -> Flow | None:
    """The first flow that is tied to the theme, by its id or its whole name."""
    named = {theme.id, theme.words.name.casefold()}
    return next((f for f in flows if f.theme in named or f.theme.casefold() in named), None)


def carried(made: Digest, found: Digest, merged: Mapping[str, str]) -> Digest:
    """A corrected digest with the signals of the found one, said with the customers that a theme has now. A theme of
    its own without one has that of a theme that was `merged` (theme id -> the one it went into) into it."""
    own = {t.id: t.signal for t in found.themes if t.signal}
    known = {fold.target(i, merged): signal for i, signal in own.items()} | own

    def with_signal(theme: Theme) -> Theme:
        signal = known.get(theme.id)
        if signal and signal.now and signal.before:
            signal = judged(signal.flow, theme.counts.customers, (signal.before, signal.now), signal.usual)
        return replace(theme, signal=signal)

    return replace(made, themes=tuple(map(with_signal, made.themes))) if known else made


def pattern(page: str) -> str:
    """A regular expression (RE2) for the paths of a page: an id in its place is any segment, a query plays no part."""
    told = ("[^/]+" if _ID.fullmatch(s) else _escaped(s) for s in _segments(page))
    return f"^/{'/'.join(told)}/?$"


def normal(path: str) -> str:
    """The path of a page with `*` for each id, so that its views by whoever are views of one page."""
    return "/" + "/".join("*" if _ID.fullmatch(s) else s for s in _segments(path))


def _segments(page: str) -> list[str]:
    try:
        path = urlsplit(page).path
    except ValueError:  # "https://[": whatever a browser called a page
        path = page.partition("?")[0]
    return [s for s in path.split("/") if s]


def _escaped(segment: str) -> str:
    return re.sub(r"([^\w-])", r"\\\1", segment)


def _verdict(before: Users, now: Users, usual: float | None) -> Corroboration:
    if min(before.reached, now.reached) < LEAST:
        return Corroboration.TOO_FEW
    real = _rose(before, now) or _lasts(before, now, usual)
    return Corroboration.CORROBORATED if real else Corroboration.NONE


def _rose(before: Users, now: Users) -> bool:
    shares = now.troubled / now.reached, before.troubled / before.reached
    return shares[0] >= RISE * shares[1] and _z(before, now) >= CHANCE_Z


def _lasts(before: Users, now: Users, usual: float | None) -> bool:
    return usual is not None and all(u.troubled >= STUCK and _above(u, usual) >= CHANCE_Z for u in (before, now))


def _above(users: Users, usual: float) -> float:
    """How many standard errors the share is above the usual one."""
    excess = users.troubled / users.reached - usual - 0.5 / users.reached
    error = math.sqrt(usual * (1 - usual) / users.reached)
    return excess / error if error else math.inf


def _z(before: Users, now: Users) -> float:
    """How many standard errors the share rose by, were it the same in both times."""
    weight = 1 / now.reached + 1 / before.reached
    pooled = (now.troubled + before.troubled) / (now.reached + before.reached)
    rise = now.troubled / now.reached - before.troubled / before.reached - weight / 2
    error = math.sqrt(pooled * (1 - pooled) * weight)
    return rise / error if error else 0.0


def _said(verdict: Corroboration, customers: int, before: Users, now: Users, usual: float | None) -> str:
    wrote = f"{count(customers, 'customer')} wrote"
    if verdict is Corroboration.TOO_FEW:
        few = f"{number(now.reached)} users reached it, {number(before.reached)} in as many days before"
        return f"too few to judge ({few})"
    points = 100 * (now.troubled / now.reached - before.troubled / before.reached)
    share = f"{_percent(now)} of the {number(now.reached)} who reached it"
    hit = f"{number(now.troubled)} users hit the same dead end"
    if verdict is Corroboration.NONE:
        as_usual = "as it always was" if usual is None else f"not surely above the usual {usual:.1%}"
        why = f"too new to measure, mis-clustered, or {as_usual}: investigate before committing"
        return f"{wrote}; {share} were stuck, {_percent(before)} before: no supporting signal ({why})"
    if _rose(before, now):
        return f"{wrote}; {hit}, {share}, {points:+.1f} points: corroborated"
    both = f"{_percent(before)} of {number(before.reached)} in as many days before; up to {usual:.1%} is usual"
    return f"{wrote}; {hit}, {share}: corroborated (chronic: {both})"


def _percent(users: Users) -> str:
    return f"{100 * users.troubled / users.reached:.1f}%"


def as_json(signal: Signal) -> dict[str, object]:
    def users(u: Users | None) -> dict[str, int] | None:
        return None if u is None else {"reached": u.reached, "troubled": u.troubled}

    return {
        "flow": signal.flow,
        "verdict": signal.verdict.value,
        "now": users(signal.now),
        "before": users(signal.before),
        "usual": signal.usual,
        "message": signal.message,
    }
