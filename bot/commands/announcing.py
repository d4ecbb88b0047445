"""What `serve` says when it starts: what it does now, what later, with whom; and what is missing for that. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from bot import phrases

if TYPE_CHECKING:
    from bot.config import Config
    from bot.domain import Window


def announced(told: Config, due: Sequence[Window], passed: Sequence[Window], later: datetime | None) -> Iterator[str]:
    """The start line, then a warning for each thing without which the rest is idle.

    `due` months are asked for at once, `passed` ones are not; `later`: when the next one is due, None: never.
    """
    yield "serving; " + "; ".join([*_now(told, due), _calendar(told, later), _with(told)])
    for window in passed:
        post = " --post" if told.slack else ""
        yield (
            f"{window.label} was due before this database was made, and is not {_done(told)} by itself "
            f"(schedule.catch_up is false); to have it: groundswell run {window.start:%Y-%m}{post}"
        )
    if not _sources(told):
        yield "no help desk and no ticket file is configured: nothing is read (see sources in config.example.yaml)"
    if told.slack is None:
        yield "no Slack is configured: nothing is posted; a digest that was made is read with groundswell list"


def _now(told: Config, due: Sequence[Window]) -> Iterator[str]:
    if due:
        verb = "is" if len(due) == 1 else "are"
        yield f"{' and '.join(w.label for w in due)} {verb} due and {verb} {_done(told)} now"


def _done(told: Config) -> str:
    return f"posted to {told.slack.channel}" if told.slack else "made"


def _calendar(told: Config, later: datetime | None) -> str:
    if later is None:
        return "no schedule"
    next_one = f"{later.day} {later:%B %Y %H:%M}"
    return f"next digest {next_one} ({told.schedule.monthly}, {told.workspace.timezone})"


def _with(told: Config) -> str:
    parts = _sources(told) or ["no source"]
    parts += [f"Slack channel {told.slack.channel}" if told.slack else "no Slack"]
    parts += [f"Jira project {told.jira.project}" if told.jira else "no Jira"]
    return ", ".join(parts)


def _sources(told: Config) -> list[str]:
    desks = {"Zendesk": told.sources.zendesk, "Intercom": told.sources.intercom}
    files = len(told.sources.file.paths)
    read = [name for name, desk in desks.items() if desk]
    named = [f"{' and '.join(read)} read every {told.schedule.sync_minutes} minutes"] if read else []
    return named + ([phrases.count(files, "ticket file")] if files else [])
