"""Pieces of HTML for what is written to tools that take it. Whatever comes from a ticket stands there as text. Pure."""

from __future__ import annotations

from html import escape
from urllib.parse import urlsplit

from bot import phrases
from bot.domain import Evidence


def text(said: str) -> str:
    """For the inside of an element. Quotation marks stay: as such a ticket's words are found again, to be withdrawn."""
    return escape(phrases.line(said), quote=False)


def link(row: Evidence) -> str:
    """Only what a browser opens as a page: an address of another kind stands as the ticket's id alone."""
    name = text(row.ticket_id)
    return f'<a href="{escape(row.url)}">{name}</a>' if row.url and followable(row.url) else name


def followable(url: str) -> bool:
    try:
        return urlsplit(url).scheme in ("http", "https")
    except ValueError:  # "https://[half-an-address"
        return False


def listed(items: list[str]) -> str:
    return f"<ul>{''.join(f'<li>{one}</li>' for one in items)}</ul>" if items else ""
