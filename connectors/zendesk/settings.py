"""What the configuration names in words and Zendesk in numbers: the product-area field, the brands to leave out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.domain import Warned
from connectors.zendesk.rows import Row, key_of, list_of, row, text_of
from connectors.zendesk.wire import Line, promised


@dataclass(frozen=True, slots=True)
class Choice:
    """What is read of each ticket. `options`: a dropdown's value in a ticket -> what people see."""

    area: int | None = None
    options: dict[str, str] = field(default_factory=dict)
    brands: frozenset[int] = frozenset()
    tags: frozenset[str] = frozenset()
    warnings: tuple[Warned, ...] = ()

    def leaves_out(self, ticket: Row) -> bool:
        tagged = any(str(t).casefold() in self.tags for t in list_of(ticket, "tags"))
        return tagged or key_of(ticket, "brand_id") in self.brands

    def area_of(self, ticket: Row) -> str | None:
        """The ticket's product area in people's words; the first one where it has several."""
        if self.area is None:
            return None
        fields = map(row, list_of(ticket, "custom_fields"))
        value = next((f.get("value") for f in fields if f.get("id") == self.area), None)
        first = value[0] if isinstance(value, list) and value else value
        return (self.options.get(first, first) or None) if isinstance(first, str) else None


def choice(line: Line, area: str | None, brands: Sequence[str], tags: Sequence[str]) -> Choice:
    """Looks the names up; a name that Zendesk does not have becomes a warning. Raises Declined, Unavailable."""
    warnings: list[Warned] = []
    found = _named(line.zenpy.ticket_fields, [area], "title") if area else {}
    if area and not found:
        warnings.append(
            Warned("zendesk_area_unknown", f"Zendesk has no ticket field {area!r} (sources.zendesk.area_field).")
        )
    field_row = next(iter(found.values()), {})
    left_out = _named(line.zenpy.brands, brands, "name") if brands else {}
    for brand in brands:
        if brand.casefold() not in left_out:
            told = f"Zendesk has no brand {brand!r} (sources.zendesk.exclude_brands)."
            warnings.append(Warned("zendesk_brand_unknown", told))
    return Choice(
        area=field_row.get("id"),
        options=_options(field_row),
        brands=frozenset(b["id"] for b in left_out.values()),
        tags=frozenset(t.casefold() for t in tags),
        warnings=tuple(warnings),
    )


def _named(listing: Callable[[], Iterable[Any]], wanted: Iterable[str], title: str) -> dict[str, Row]:
    """Those of a list that are wanted by their id or their name: the wanted name, folded -> the row."""
    asked = {w.casefold() for w in wanted}
    found: dict[str, Row] = {}
    with promised():
        for thing in map(row, listing()):
            for name in (str(thing["id"]), text_of(thing, title).casefold()):
                if name in asked:
                    found.setdefault(name, thing)
    return found


def _options(field_row: Row) -> dict[str, str]:
    options = map(row, list_of(field_row, "custom_field_options"))
    return {text_of(o, "value"): text_of(o, "name") for o in options}
