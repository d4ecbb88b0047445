"""What may be typed after `/themes`, read into an order. Pure: `now` and the zone come in, and nothing is looked up.

    run [WINDOW] [--source NAME[,NAME]] [--area NAME[,NAME]] [--private] [--dry-run]
    status    history [N]    help [COMMAND]

Words may stand in any order. macOS turns "--" into a dash and straight quotes into curly ones while somebody types, and
Slack passes on what it gets, so that all of these are the same here (SURFACES 1.10).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from bot.domain import Window
from bot.window import window

VERBS = ("run", "status", "history", "help")
_BUTTONS = ("approve", "edit", "merge", "split", "snooze", "reject", "restore", "undo", "attach")  # not typed: clicked
WITHOUT_WINDOW = "7d"  # what `run` alone looks at (SURFACES 1.10)
MOST_RUNS, FEW_RUNS = 12, 3  # that `history` tells
_VALUED, _FLAGS = ("source", "area", "window"), ("private", "dry-run", "help")
_SAME = str.maketrans({"—": "--", "–": "--", "‒": "-", "−": "-", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"',
                       "‘": "'", "’": "'", "…": "..", "\u00a0": " "})  # fmt: skip
_WORD = re.compile(r"""(?:"[^"]*"?|'[^']*'(?!\S)|[^\s"])+""")
_OPTION = re.compile(r"(?P<dashes>-{1,4})(?P<name>[a-z][a-z-]*)(?:[=:](?P<value>.*))?", re.IGNORECASE | re.DOTALL)
_PAIR = re.compile(r"(?P<name>[a-z][a-z-]*):(?P<value>.*)", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class RunOrder:
    """`said` is the window as it was typed, `sources` in lower case; none of them means all."""

    window: Window
    said: str = WITHOUT_WINDOW
    sources: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    private: bool = False
    dry: bool = False

    @property
    def typed(self) -> str:
        """The same order in plain form, for a button or an echo; the window with its dates, so that it stays put."""
        parts = ["run", dates(self.window) or self.said]
        parts += [f"--source {','.join(self.sources)}"] if self.sources else []
        parts += [f"--area {_quoted(','.join(self.areas))}"] if self.areas else []
        return " ".join([*parts, *(["--private"] if self.private else []), *(["--dry-run"] if self.dry else [])])


@dataclass(frozen=True, slots=True)
class StatusOrder:
    pass


@dataclass(frozen=True, slots=True)
class HistoryOrder:
    runs: int = FEW_RUNS


@dataclass(frozen=True, slots=True)
class HelpOrder:
    """`about`: one of VERBS, or None: all of them."""

    about: str | None = None


@dataclass(frozen=True, slots=True)
class NoOrder:
    """Nothing was typed."""


Order = RunOrder | StatusOrder | HistoryOrder | HelpOrder | NoOrder


class Misread(ValueError):
    """It can't be read. `kind` says what of it, `word` which, `nearest` is a whole command that works, if one is near.

    The message is one sentence for who typed it.
    """

    def __init__(self, kind: Literal["verb", "window", "option", "number"], word: str, said: str, nearest: str = ""):
        super().__init__(said)
        self.kind, self.word, self.nearest = kind, word, nearest


def read(text: str, now: datetime, timezone: str) -> Order:
    """The order that `text` gives. Raises Misread."""
    found = list(_words(text))
    if not found:
        return NoOrder()
    verb, rest = found[0].casefold(), found[1:]
    if verb == "run":
        return _run(rest, now, timezone)
    if verb in VERBS and any(_is_help(word) for word in rest):
        return HelpOrder(verb if verb != "help" else None)
    if verb == "status":
        _nothing_more(verb, rest)
        return StatusOrder()
    if verb == "history":
        return _history(rest)
    if verb == "help" or _is_help(verb):
        return _help(rest)
    if verb in _BUTTONS:
        raise Misread("verb", found[0], "Themes are decided by the buttons on their rows, in the digest or in my Home.")
    raise Misread("verb", found[0], f"I don't know {_shown(found[0])}.", _nearest_verb(found))


def dates(looked_at: Window) -> str:
    """ "2026-10-01..2026-10-31", both inclusive; empty where the window has no dates."""
    if looked_at.start is None or looked_at.end is None:
        return ""
    last = looked_at.end - timedelta(days=1)
    return f"{looked_at.start:%Y-%m-%d}..{last:%Y-%m-%d}"


# --- words


def _words(text: str) -> Iterator[str]:
    """What stands between blanks, quotes taken off; a quote that is never closed ends with the text."""
    for match in _WORD.finditer(text.translate(_SAME).replace("...", "..")):
        yield re.sub(r'"([^"]*)"?', r"\1", re.sub(r"(^|(?<=[:=]))'([^']*)'$", r"\2", match.group()))


def _quoted(said: str) -> str:
    return f'"{said}"' if re.search(r"\s", said) else said


def _shown(word: str) -> str:
    """What was typed, for a sentence: short, on one line."""
    flat = " ".join(word.split())
    return f"\u201c{flat if len(flat) <= 40 else flat[:39] + '…'}\u201d"


def _is_help(word: str) -> bool:
    return word.casefold() in {"help", "--help", "-h", "-help", "?"}


def _near(word: str, known: tuple[str, ...]) -> str | None:
    return next(iter(difflib.get_close_matches(word.casefold(), known, n=1, cutoff=0.5)), None)


def _nearest_verb(found: list[str]) -> str:
    """The command that was probably meant: "/themes 30d" and "/themes rnu 30d" are both `run 30d`."""
    if _looks_like_window(found[0]):
        return " ".join(["run", *map(_quoted, found)])
    near = _near(found[0].lstrip("-"), VERBS)
    return " ".join([near, *map(_quoted, found[1:])]) if near else ""


def _looks_like_window(word: str) -> bool:
    return re.match(r"\d|last-", word.casefold()) is not None


# --- run


def _spaced(words: list[str]) -> list[str]:
    """ "last month", as people say it, is the window last-month; "last week" is seven days."""
    said = [word.casefold() for word in words]
    for n in range(len(words) - 1):
        if said[n] == "last" and said[n + 1] in ("week", "month", "quarter"):
            window = "7d" if said[n + 1] == "week" else f"last-{said[n + 1]}"
            return [*words[:n], window, *words[n + 2 :]]
    return words


def _run(rest: list[str], now: datetime, timezone: str) -> RunOrder | HelpOrder:
    rest = _spaced(rest)
    values: dict[str, list[str]] = {name: [] for name in _VALUED}
    flags: set[str] = set()
    waiting = list(rest)
    while waiting:
        word = waiting.pop(0)
        name, value = _option(word)
        if name in _FLAGS:
            _no_value(name, value)
            flags.add(name)
        elif name is None and _is_help(word):
            flags.add("help")
        else:
            values[name or "window"].append(_value(name or "window", value, waiting) if name else word)
    if "help" in flags:
        return HelpOrder("run")
    said = _one_window(values["window"])
    areas, sources = _listed(values["area"]), tuple(s.casefold() for s in _listed(values["source"]))
    return RunOrder(_window(said, now, timezone), said, sources, areas, "private" in flags, "dry-run" in flags)


def _option(word: str) -> tuple[str | None, str | None]:
    """(name, value) of "--source=zendesk", "-source", "source:zendesk"; (None, None) of what is no option."""
    if pair := _PAIR.fullmatch(word):
        return _known(pair["name"], word), pair["value"]
    if option := _OPTION.fullmatch(word):
        return _known(option["name"], word), option["value"]
    if word.startswith("-"):
        raise Misread("option", word, f"I don't know the option {_shown(word)}.")
    return None, None


def _known(name: str, word: str) -> str:
    folded = {"sources": "source", "areas": "area", "dry": "dry-run", "dryrun": "dry-run"}.get(
        name.casefold(), name.casefold()
    )
    if folded in (*_VALUED, *_FLAGS):
        return folded
    near = _near(folded, (*_VALUED, *_FLAGS))
    meant = f" Did you mean --{near}?" if near else ""
    raise Misread("option", word, f"I don't know the option {_shown(word)}.{meant}")


def _no_value(name: str, value: str | None) -> None:
    if value not in (None, ""):
        raise Misread("option", f"--{name}", f"--{name} takes no value.")


def _value(name: str, value: str | None, waiting: list[str]) -> str:
    """What stands behind the option's name, or in the next word."""
    if not value and waiting and not waiting[0].startswith("-") and not _names_an_option(waiting[0]):
        value = waiting.pop(0)
    if not value:
        raise Misread("option", f"--{name}", f"--{name} needs a value, as in {_EXAMPLES[name]}.")
    return value


def _names_an_option(word: str) -> bool:
    pair = _PAIR.fullmatch(word)
    return pair is not None and pair["name"].casefold() in (*_VALUED, *_FLAGS)


_EXAMPLES = {"source": "--source zendesk", "area": "--area billing", "window": "--window 30d"}


def _listed(values: list[str]) -> tuple[str, ...]:
    """ "zendesk, intercom" and two options are the same; each once, in the order they came."""
    return tuple(dict.fromkeys(part.strip() for value in values for part in value.split(",") if part.strip()))


def _one_window(said: list[str]) -> str:
    if len(said) > 1:
        told = " and ".join(map(_shown, said[:3]))
        raise Misread("window", said[1], f"I can look at one window at a time, and read {told}.", f"run {said[0]}")
    return said[0].casefold() if said else WITHOUT_WINDOW


def _window(said: str, now: datetime, timezone: str) -> Window:
    try:
        return window(said, now, timezone)
    except ValueError:
        told = f"I could not read the window {_shown(said)}. It can be 7d, 2w, last-month or 2026-10-01..2026-10-31."
        raise Misread("window", said, told, _nearest_window(said, now, timezone)) from None


def _nearest_window(said: str, now: datetime, timezone: str) -> str:
    """The first of a few readings that is a window: "30dd" and "30 days" are 30d, "lastmonth" is last-month."""
    number = re.match(r"(\d{1,3})\s*([dw])", said)
    near = _near(said, ("last-month", "last-quarter"))
    turned = re.fullmatch(r"(\d{4}-\d\d-\d\d)\.\.(\d{4}-\d\d-\d\d)", said)
    for guess in (number and f"{number[1]}{number[2]}", turned and f"{turned[2]}..{turned[1]}", near):
        if guess:
            try:
                window(guess, now, timezone)
            except ValueError:
                continue
            return f"run {guess}"
    return ""


# --- the others


def _history(rest: list[str]) -> HistoryOrder:
    _nothing_more("history", rest[1:])
    if not rest:
        return HistoryOrder()
    number = rest[0]
    if not (number.isascii() and number.isdigit() and 1 <= int(number[:4]) <= MOST_RUNS and len(number) <= 4):
        told = f"I can tell the last 1 to {MOST_RUNS} runs, and read {_shown(number)}."
        raise Misread("number", number, told, f"history {FEW_RUNS}")
    return HistoryOrder(int(number))


def _help(rest: list[str]) -> HelpOrder:
    about = rest[0].casefold() if rest else None
    if about in (None, "help", "all"):
        return HelpOrder()
    if about not in VERBS:
        near = _near(about or "", VERBS)
        raise Misread("verb", rest[0], f"I don't know {_shown(rest[0])}.", f"help {near}" if near else "help")
    return HelpOrder(about)


def _nothing_more(verb: str, rest: list[str]) -> None:
    if rest:
        raise Misread("option", rest[0], f"{verb} takes nothing more, and I read {_shown(rest[0])}.", verb)
