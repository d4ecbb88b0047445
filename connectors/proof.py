"""What a source's proof says of a page that it read."""

from __future__ import annotations

from datetime import timedelta

from bot.acts import Finding
from bot.domain import Page

SPAN = timedelta(days=30)  # what changed within it is asked for: a sandbox is a quiet place


def of_page(source: str, what: str, page: Page | None) -> Finding:
    """`what`: "Zendesk's tickets". A page with something that could not be taken is a warning, and so is none."""
    name = f"{source} live"
    if page is None or not (page.tickets or page.rejects):
        told = f"None of {what} changed in {SPAN.days} days, so none was read."
        return Finding(name, "warn", told, "Write one there, or try it in a workspace that has some.")
    times = [at for t in page.tickets if (at := t.updated_at or t.created_at) is not None]
    newest = f", the latest change of {max(times):%Y-%m-%d %H:%M} UTC" if times else ""
    told = f"A page of {what} was read: {len(page.tickets):,} tickets{newest}"
    if not page.rejects:
        return Finding(name, "ok", f"{told}.")
    first = page.rejects[0]
    mend = f"`groundswell capture {source} --out DIR` writes masked answers, for a report."
    return Finding(name, "warn", f"{told}; {len(page.rejects):,} not taken ({first.where}: {first.why}).", mend)
