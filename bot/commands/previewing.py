"""`preview jira`: the draft of an item as it would stand in the tracker, and each write of its approval."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bot.commands import papers
from bot.commands.common import actor, fail, opened, say
from bot.commands.themes import newest

if TYPE_CHECKING:
    from bot.config import Config


def issue(told: Config, item: str, run: str | None, out: Path | None) -> None:
    """Prints it, and writes it as a page to `out`. Nothing is sent, and nothing asked of the tracker."""
    from bot import current, wiring
    from bot.decisions import drafted
    from bot.ports import Pictured

    into = wiring.sink(told)
    shown: object = into
    if not isinstance(shown, Pictured):
        fail("no_tracker", "no issue tracker is configured.", "See jira in config.example.yaml.", as_json=False)
    with opened(told) as store:
        key = run or newest(store) or ""
        digest = current.digest(store, key)
        if digest is None:
            fail("no_run", "there is no digest yet.", "Begin with: groundswell run", as_json=False)
        theme = next((t for t in digest.themes if item in (t.id, str(t.number), digest.item_of(t).id)), None)
        if theme is None:
            fail("no_theme", f"no theme {item!r} in {digest.window.label}.", "See groundswell list.", as_json=False)
        acts = drafted(store, into, told.workspace.name, key, theme.id, actor())
    for line in shown.text(acts):
        say(line)
    if out:
        papers.write(out, shown.page(acts))
        say(f"\nPreview  {out}")
