"""What `run` is told of ticket files: which, what is in their columns, how dates are written."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bot.commands.common import fail

if TYPE_CHECKING:
    from bot.store import Store

_LOOKED_AT = 500  # runs, for what was said of files like these before


@dataclass(frozen=True, slots=True)
class Said:
    """`columns`: field -> header. `day_first` None: nobody said. `headers` of the files, where one of them was said."""

    columns: Mapping[str, str] = field(default_factory=dict)
    day_first: bool | None = None
    headers: tuple[str, ...] = ()
    at: datetime | None = None  # when, where it was before


def sorted_out(words: Sequence[str]) -> tuple[str | None, list[Path]]:
    """What stands without an option is a window, or a file that is there: `run tickets.csv`. Ends the command when it
    is neither of them, or when there are two windows."""
    files = [Path(word) for word in words if not _is_window(word) and Path(word).is_file()]
    windows = [word for word in words if Path(word) not in files]
    for word in windows:
        _refused(word)
    if len(windows) > 1:
        both = f"{windows[0]!r} and {windows[1]!r} are two windows."
        fail("wrong_use", both, "Name one.", as_json="--json" in sys.argv)
    return (windows[0] if windows else None), files


def _is_window(word: str) -> bool:
    """In any zone: whether it is one doesn't depend on where."""
    from datetime import UTC

    from bot.window import window

    try:
        window(word, datetime.now(UTC), "UTC")
    except ValueError:
        return False
    return True


def _refused(word: str) -> None:
    from bot.window import GRAMMAR

    if _is_window(word):
        return
    if Path(word).is_dir():
        fail("wrong_use", f"{word} is a folder. Name a file in it.", as_json="--json" in sys.argv)
    if Path(word).suffix.lower() in {".csv", ".tsv", ".json", ".jsonl", ".txt", ".md", ".xlsx", ".xls"}:
        fail("wrong_use", f"{word} does not exist.", "Check the path of the file.", as_json="--json" in sys.argv)
    neither = f"{word!r} is neither a file nor a time window: write {GRAMMAR}"
    fail("wrong_use", neither, as_json="--json" in sys.argv)


def said(store: Store, files: Sequence[str], columns: Mapping[str, str], day_first: bool | None) -> Said:
    """What holds for the files: what is said now, else what was said before of files with the very same columns."""
    from bot import wiring

    earlier = [] if columns and day_first is not None else _earlier(store)
    if not files or not (columns or day_first is not None or earlier):
        return Said()
    headers = wiring.headers([Path(file) for file in files])
    before = next((one for one in earlier if one.headers == headers), Said())
    now = Said(columns or before.columns, before.day_first if day_first is None else day_first, headers)
    if now == Said(headers=headers):
        return Said()
    again = (before.columns and not columns) or (before.day_first is not None and day_first is None)
    return Said(now.columns, now.day_first, headers, before.at if again else None)


def _earlier(store: Store) -> list[Said]:
    """What was said with runs that came to an end, newest first."""
    from bot.runs import SYNC

    runs = [run for run in store.runs.recent(_LOOKED_AT, but=SYNC) if run.state == "DONE" and run.asked.get("headers")]
    return [
        Said(dict(run.asked["columns"]), run.asked.get("day_first"), tuple(run.asked["headers"]), run.asked_at)
        for run in runs
    ]


def told(of: Said) -> str:
    """One line for who didn't say it again."""
    parts = [f"{field} from “{header}”" for field, header in sorted(of.columns.items())]
    parts += (
        [] if of.day_first is None else ["the day before the month" if of.day_first else "the month before the day"]
    )
    at = f"{of.at.day} {of.at:%B}" if of.at else "before"
    return f"columns as you said on {at} of files like this: {', '.join(parts)}; --column says it anew"
