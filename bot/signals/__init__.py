"""Whether usage bears out what tickets say: the share of a flow's users who are stuck, in the window and as many days
before. Pure.

Corroborated: the share rose by at least a fifth and by more than chance (two shares, pooled, with Yates' correction;
one-sided, under 1 in 200). A step where as many are stuck as before corroborates nothing that is new, and says so with
both shares. Fewer than 100 users on either side are too few, whatever they did.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import replace
from urllib.parse import urlsplit

from bot.domain import Corroboration, Digest, Signal, Theme, Users
from bot.phrases import count, number
from bot.ports import Flow

LEAST, RISE, CHANCE_Z = 100, 1.2, 2.576
_ID = re.compile(r"\d+|[0-9a-fA-F]{8,}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|:\w+|\*")


def judged(flow: str, customers: int, measured: tuple[Users, Users] | None) -> Signal:
    """`measured`: before the window, and in it; None: an event was never recorded."""
    if measured is None:
        said = f"{flow}: an event of this flow was never recorded, so usage can't tell"
        return Signal(flow, Corroboration.NOT_INSTRUMENTED, None, None, said)
    before, now = measured
    verdict = _verdict(before, now)
    return Signal(flow, verdict, now, before, f"{flow}: {_said(verdict, customers, before, now)}")


def unmeasured(flow: str, why: str) -> Signal:
    return Signal(flow, Corroboration.UNKNOWN, None, None, f"{flow}: usage was not measured, {why}")


def flow_of(theme: Theme, flows: Iterable[Flow]) -> Flow | None:
    """The flow that is tied to the theme, by its id or its whole name."""
    named = {theme.id, theme.words.name.casefold()}
    return next((f for f in flows if f.theme in named or f.theme.casefold() in named), None)


def carried(made: Digest, found: Digest) -> Digest:
    """A corrected digest with the signals of the found one, said with the customers that a theme has now."""
    known = {t.id: t.signal for t in found.themes if t.signal}

    def with_signal(theme: Theme) -> Theme:
        signal = known.get(theme.id)
        if signal and signal.now and signal.before:
            signal = judged(signal.flow, theme.counts.customers, (signal.before, signal.now))
        return replace(theme, signal=signal)

    return replace(made, themes=tuple(map(with_signal, made.themes))) if known else made


def pattern(page: str) -> str:
    """A regular expression (RE2) for the paths of a page: an id in its place is any segment, a query plays no part."""
    segments = [s for s in urlsplit(page).path.split("/") if s]
    told = ("[^/]+" if _ID.fullmatch(s) else _escaped(s) for s in segments)
    return f"^/{'/'.join(told)}/?$"


def _escaped(segment: str) -> str:
    return re.sub(r"([^\w-])", r"\\\1", segment)


def _verdict(before: Users, now: Users) -> Corroboration:
    if min(before.reached, now.reached) < LEAST:
        return Corroboration.TOO_FEW
    shares = now.troubled / now.reached, before.troubled / before.reached
    rose = shares[0] >= RISE * shares[1] and _z(before, now) >= CHANCE_Z
    return Corroboration.CORROBORATED if rose else Corroboration.NONE


def _z(before: Users, now: Users) -> float:
    """How many standard errors the share rose by, were it the same in both times."""
    weight = 1 / now.reached + 1 / before.reached
    pooled = (now.troubled + before.troubled) / (now.reached + before.reached)
    rise = now.troubled / now.reached - before.troubled / before.reached - weight / 2
    error = math.sqrt(pooled * (1 - pooled) * weight)
    return rise / error if error else 0.0


def _said(verdict: Corroboration, customers: int, before: Users, now: Users) -> str:
    wrote = f"{count(customers, 'customer')} wrote"
    if verdict is Corroboration.TOO_FEW:
        few = f"{number(now.reached)} users reached it, {number(before.reached)} in as many days before"
        return f"too few to judge ({few})"
    points = 100 * (now.troubled / now.reached - before.troubled / before.reached)
    share = f"{_percent(now)} of the {number(now.reached)} who reached it"
    if verdict is Corroboration.CORROBORATED:
        hit = f"{number(now.troubled)} users hit the same dead end"
        return f"{wrote}; {hit}, {share}, {points:+.1f} points: corroborated"
    why = "too new to measure, mis-clustered, or as it always was: investigate before committing"
    return f"{wrote}; {share} were stuck, {_percent(before)} before: no supporting signal ({why})"


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
        "message": signal.message,
    }
