"""What a help desk answers, made fit to be shown to others: the structure as it came, nobody's words. Pure.

A text is kept only where its field is one of the vendor's own short words (a status, a type) or a time. All else is
masked by `bot.redact`, and of what is left every letter becomes x and every digit 0: marks, lengths and mark-up stay,
which is what a mismatch of ours hangs on. Ids become small numbers, the same one for the same id, so links still hold.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bot.redact import redact_text

# Fields that hold one of a few words of the vendor's own (VENDORS.md 2 and 3).
_VENDORS_WORDS = frozenset(
    "type role status state channel rel category part_type delivered_as priority score sort_order field operator "
    "author_type attachment_type region timezone time_zone locale created_via kind content_type".split()
)
_A_WORD = re.compile(r"[a-z][a-z_.-]{0,40}", re.IGNORECASE)
_A_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)")
_COUNTS = frozenset("page per_page total_pages total_count count generated_timestamp part_count".split())
_USERS_OWN_KEYS = frozenset({"custom_attributes", "ticket_attributes", "user_fields", "organization_fields"})
_A_KEY = re.compile(r"[a-z_][a-z0-9_]{0,63}")
_KEPT = re.compile(r"(\[[A-Z]+_\d{1,9}\]|</?[a-zA-Z][a-zA-Z0-9]{0,10}[ />])")  # placeholders, and the names of tags
_LONGEST = 2_000  # characters of a text


class Masking:
    """One for all answers of a capture: an id that stands in two of them is the same number in both."""

    def __init__(self) -> None:
        self._ids: dict[str, int] = {}

    def masked(self, told: Any, field: str = "") -> Any:
        """`told` is decoded JSON; comes back with the same shape and the same types."""
        if isinstance(told, Mapping):
            return self._object(told, field)
        if isinstance(told, list):
            return [self.masked(one, field) for one in told]
        if isinstance(told, str):
            return self._text(told, field)
        return told if told is None or isinstance(told, bool) else self._number(told, field)

    def _object(self, told: Mapping[str, Any], field: str) -> dict[str, Any]:
        """Keys are the vendor's; where an account makes its own, they are numbered."""
        theirs = field in _USERS_OWN_KEYS
        shown = {}
        for n, (key, value) in enumerate(told.items(), 1):
            own = (theirs and not key.startswith("_default_")) or not _A_KEY.fullmatch(key)
            shown[f"attribute {n}" if own else key] = self.masked(value, "" if own else key)
        return shown

    def _text(self, text: str, field: str) -> str:
        if _A_TIME.fullmatch(text) or (field in _VENDORS_WORDS and _A_WORD.fullmatch(text)):
            return text
        if _is_id(field):
            return str(self._id(text)) if text else text
        pieces = _KEPT.split(redact_text(text[:_LONGEST]))
        return "".join(piece if n % 2 else _blurred(piece) for n, piece in enumerate(pieces))

    def _number(self, number: float, field: str) -> int | float:
        if field in _COUNTS or field.endswith("_at"):
            return number
        if _is_id(field):
            return self._id(str(number))
        return 0.0 if isinstance(number, float) else 0

    def _id(self, given: str) -> int:
        return self._ids.setdefault(given, len(self._ids) + 1)


def _is_id(field: str) -> bool:
    return field == "id" or field.endswith(("_id", "_ids", "id_code"))


def _blurred(text: str) -> str:
    return "".join("x" if c.isalpha() else "0" if c.isdigit() else c if c.isascii() else "x" for c in text)
