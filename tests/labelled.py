"""A small labelled month of an invented product, for tests of the reader: six themes, small groups, and one-offs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.runs import jsonl
from tests.servers.openai import Gold

THEMES: dict[str, tuple[str, ...]] = {
    "export_stops": (
        "The CSV export of our board stops halfway and the file is cut",
        "Exporting the big table to CSV hangs and never finishes",
        "CSV download breaks off when the table is large",
        "I only get half of the rows in the exported CSV file",
        "The export to CSV times out on our largest board",
        "Our CSV export fails each time with the large table",
        "Half of the table is missing after I export it to CSV",
        "Large CSV exports never complete for our team",
    ),
    "invite_missing": (
        "The invitation mail to my colleague never arrives",
        "I invited two people and neither got the invitation email",
        "New members don't receive the invite mail we send them",
        "My coworker did not get the email with the invitation",
        "Invitations that we send to new team members never show up in their inbox",
        "The invite email for our new hire has not come",
        "Nobody whom I invite receives the invitation message",
    ),
    "invoice_address": (
        "How do I change the address on our invoice",
        "We moved, where can I edit the billing address for invoices",
        "Please tell me how to update the company address on the invoice",
        "The invoice shows our old address, where do I change it",
        "I need to change the billing address printed on invoices",
        "Where is the setting for the address on our invoices",
    ),
    "dark_mode": (
        "Please add a dark mode to the board",
        "A dark theme would be great for night work",
        "Is there a dark mode, the white screen hurts my eyes",
        "We would love a dark theme in the app",
        "Can you add a night mode with dark colours",
        "Dark mode please, the bright background is tiring",
    ),
    "login_loop": (
        "After I sign in I am sent back to the login page",
        "Login throws me back to the sign in screen every time",
        "I enter my password and land on the login page again",
        "Signing in loops back to the login form",
        "The sign in page keeps coming back after I log in",
        "I can't get past the login, it returns to the sign in page",
    ),
    "sync_calendar": (
        "Calendar sync is late, events show up an hour afterwards",
        "Events from my calendar take very long to sync to the board",
        "The calendar sync is delayed by an hour or more",
        "Our calendar events arrive late on the board",
        "Calendar changes reach the board only after a long delay",
    ),
}
SMALL = {
    "logo": ("How can I upload our logo", "Where do I put our company logo", "Can we show our own logo in the header"),
}
ONE_OFFS = (
    "Is there a student discount for the pro plan",
    "The printed board has a cut margin on the left",
    "My keyboard shortcut for undo does something else",
    "Do you have an office in Lisbon",
    "The video in the help page has no sound",
    "Which fonts are allowed in a presentation",
    "I would like to speak about a partnership",
    "The emoji picker is empty on my tablet",
    "Can a guest vote in a poll without an account",
    "Why do the colours of my chart differ in the print",
    "I bought the wrong plan and want to swap it",
    "Webhooks send the payload twice",
)


def rows() -> list[dict[str, Any]]:
    """As a ticket file holds them: several customers for each theme, in no order that tells anything."""
    texts = [text for group in (*THEMES.values(), *SMALL.values()) for text in group] + list(ONE_OFFS)
    order = sorted(range(len(texts)), key=lambda n: (n * 37) % len(texts))
    return [_row(place, n, texts[n]) for place, n in enumerate(order, 1)]


def _row(place: int, n: int, text: str) -> dict[str, Any]:
    firm = f"Firm {chr(65 + n % 9)}"
    return {
        "id": f"T-{place:03}",
        "subject": "",
        "description": text,
        "account_id": f"acct_{n % 9}",
        "customer": firm,
        "requester": f"user{n}@firm{n % 9}.example",
        "created_at": f"2026-10-{place % 28 + 1:02}T09:00:00Z",
    }


def month(folder: Path, more: Sequence[dict[str, Any]] = ()) -> Path:
    return jsonl(folder / "month.jsonl", [*rows(), *more])


def gold(more: Sequence[tuple[str, str | None]] = ()) -> Gold:
    known = [(text, label) for label, texts in (THEMES | SMALL).items() for text in texts]
    return Gold([*known, *((text, None) for text in ONE_OFFS), *more])


def themes_of(told: dict[str, Any]) -> dict[str, set[str]]:
    """Text label of the first ticket's theme -> descriptions, of a document's data, by the true labels."""
    text = {r["id"]: r["description"] for r in rows()}
    return {t["name"]: {text[i] for i in t["ticket_ids"] if i in text} for t in told["themes"]}
