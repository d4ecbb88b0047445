"""Progress on stderr: bars on a terminal, else one line for each step. stdout stays for results."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from bot.ports import Progress as Callback


class Shown:
    """A `reading.Watch` that people see."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._quiet = quiet
        columns = (
            TextColumn("  {task.description:<16}"),
            BarColumn(bar_width=28),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
        )
        hidden = quiet or not self._console.is_terminal
        self._bars = Progress(*columns, console=self._console, transient=True, disable=hidden)
        self._began: dict[str, float] = {}

    def __enter__(self) -> Shown:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def step(self, name: str) -> Callback:
        self._began[name] = time.monotonic()
        task: TaskID = self._bars.add_task(name, total=None)
        return lambda done, total: self._bars.update(task, completed=done, total=total, visible=done < total)

    def done(self, name: str, result: str, *, well: bool = True) -> None:
        began = self._began.get(name)
        took = "" if began is None else f" {time.monotonic() - began:5.1f} s"  # what is only told takes no time
        if not self._quiet:
            self._console.print(
                f"  {'✓' if well else '✗'} {name:<16} {result:<34}{took}".rstrip(),
                markup=False,
                soft_wrap=began is None,
            )
