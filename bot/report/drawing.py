"""The report's pictures as plain numbers: the map's paths and labels, and a theme's days as bars. Pure, no markup."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from bot.domain import Dot, Theme
from bot.phrases import clip, line
from bot.synthesis.layout import ASPECT

WIDTH = 1000
HEIGHT = round(WIDTH / ASPECT)
MOST_DOTS = 10_000  # about 100 KB of path; beyond that every n-th dot is drawn and the caption says so (SURFACES 3)
_LETTER, _LINE = 8.4, 40  # a label's width per letter and its height: number and name, then the ticket count


@dataclass(frozen=True, slots=True)
class Label:
    """A theme's name on the map. `x` is its middle, `y` its first baseline."""

    theme: Theme
    text: str
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Map:
    """`paths`: rank (0 no theme, -1 beyond the shown) -> one path of zero-length strokes."""

    paths: Mapping[int, str]
    labels: tuple[Label, ...]
    drawn: int
    of: int
    dot: float


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on the map."""

    left: float
    top: float
    right: float
    bottom: float

    def shared(self, other: Box) -> float:
        wide = min(self.right, other.right) - max(self.left, other.left)
        high = min(self.bottom, other.bottom) - max(self.top, other.top)
        return max(wide, 0) * max(high, 0)

    def holds(self, x: float, y: float) -> bool:
        return self.left <= x <= self.right and self.top <= y <= self.bottom


def theme_map(dots: Sequence[Dot], themes: Sequence[Theme]) -> Map:
    """Unplaced dots (a position outside the unit square) are a bug upstream; they are drawn on the edge, not lost."""
    shown = dots[:: -(-len(dots) // MOST_DOTS)] if dots else dots
    spots: dict[int, list[tuple[int, int]]] = {}
    for dot in shown:
        spots.setdefault(dot.theme, []).append((round(_inside(dot.x) * WIDTH), round(_inside(dot.y) * HEIGHT)))
    paths = {rank: "".join(f"M{x} {y}h0" for x, y in sorted(set(at))) for rank, at in sorted(spots.items())}
    dot = round(min(max(130 / max(len(shown), 1) ** 0.5, 3.0), 10.0), 1)  # the fuller the smaller
    return Map(paths, _labels(spots, themes), len(shown), len(dots), dot)


def _inside(value: float) -> float:
    return min(max(value, 0.0), 1.0)


def _labels(spots: Mapping[int, list[tuple[int, int]]], themes: Sequence[Theme]) -> tuple[Label, ...]:
    """Above, below or beside the theme's dots, wherever it hides least of other labels and dots; the first wins."""
    labels: list[Label] = []
    taken: list[Box] = []
    coloured = [(rank, x, y) for rank, at in spots.items() if rank > 0 for x, y in at]
    for theme in themes:
        if theme.number not in spots:
            continue
        text = _label(theme)
        box = min(_places(spots[theme.number], text), key=lambda b: _hidden(b, theme.number, taken, coloured))
        taken.append(box)
        labels.append(Label(theme, text, round((box.left + box.right) / 2), round(box.top + 17)))
    return tuple(labels)


def _label(theme: Theme) -> str:
    """What fits beside its dots; a name that was cut is marked, or half of it passes for the whole."""
    name, short = line(theme.words.name), line(theme.words.short or theme.words.name)
    whole = short.casefold() == name.casefold() or not name.casefold().startswith(short.casefold())
    text = clip(short, 30)
    return text if whole or text != short else f"{text} […]"


def _places(at: Sequence[tuple[int, int]], text: str) -> list[Box]:
    xs, ys = sorted(x for x, _ in at), sorted(y for _, y in at)
    left, right, top, bottom = xs[0], xs[-1], ys[0], ys[-1]
    middle, centre = xs[len(xs) // 2], (top + bottom) / 2
    half = (len(text) + 3) * _LETTER / 2
    corners = [
        (middle, top - _LINE - 6),
        (middle, bottom + 8),
        (right + half + 8, centre - _LINE / 2),
        (left - half - 8, centre - _LINE / 2),
        (middle, centre - _LINE / 2),
    ]
    return [_kept_in(x, y, half) for x, y in corners]


def _kept_in(x: float, y: float, half: float) -> Box:
    x = min(max(x, half + 4), WIDTH - half - 4)
    y = min(max(y, 2), HEIGHT - _LINE - 2)
    return Box(x - half, y, x + half, y + _LINE)


def _hidden(box: Box, rank: int, taken: Iterable[Box], dots: Iterable[tuple[int, int, int]]) -> float:
    under = sum(1 if whose == rank else 3 for whose, x, y in dots if box.holds(x, y))
    return under + sum(box.shared(other) for other in taken)


@dataclass(frozen=True, slots=True)
class Bar:
    """One day: `height` of the tallest, 0 to 1."""

    day: date
    tickets: int
    height: float


def day_bars(by_day: Mapping[str, int], first: date | None, last: date | None) -> tuple[Bar, ...]:
    """A bar for every day of the window, empty ones too, so that a one-day spike shows; none when it wouldn't fit."""
    counted = {date.fromisoformat(day): tickets for day, tickets in by_day.items() if _is_day(day)}
    if not counted:
        return ()
    start = min([*counted, *([first] if first else [])])
    end = max([*counted, *([last] if last else [])])
    days = (end - start).days + 1
    if not 2 <= days <= 120:
        return ()
    most = max(counted.values())
    every = (start + timedelta(days=n) for n in range(days))
    return tuple(Bar(at, counted.get(at, 0), counted.get(at, 0) / most) for at in every)


def month_line(counts: Sequence[int]) -> tuple[tuple[int, float], ...]:
    """Points of one line, 100 apart and at most 32 high, from the left; y grows downwards, as in SVG."""
    most = max(counts, default=0) or 1
    return tuple((100 * n, round(34 - 32 * tickets / most, 1)) for n, tickets in enumerate(counts))


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
