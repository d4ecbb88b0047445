"""What a workspace calls the fields of a feature, and how a value is written into them. Pure.

Names differ from workspace to workspace and are asked for first (VENDORS 8.1: `/entities/configurations/{type}`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot import phrases
from bot.ports import Refused

_NUMBERS = frozenset({"number", "numeric", "integer", "float"})


@dataclass(frozen=True, slots=True)
class FieldOf:
    """`id`: as the API takes it ("description", a UUID); `label`: as people see it; `kind`: the vendor's word."""

    id: str
    label: str
    kind: str


def read(data: Any) -> tuple[FieldOf, ...]:
    """The fields of one configuration; as a mapping by id, or as a list."""
    told = data.get("fields") if isinstance(data, dict) else None
    pairs = told.items() if isinstance(told, dict) else [(None, one) for one in told] if isinstance(told, list) else []
    return tuple(_field(name, one) for name, one in pairs if isinstance(one, dict))


def _field(name: str | None, one: Mapping[str, Any]) -> FieldOf:
    number = str(one.get("id") or name or "")
    schema = one.get("schema")
    kind = one.get("type") or (schema.get("type") if isinstance(schema, dict) else "") or "text"
    return FieldOf(number, str(one.get("name") or one.get("label") or number), str(kind).casefold())


def named(fields: tuple[FieldOf, ...], wanted: str, setting: str) -> FieldOf:
    """By its id or by what people see. Raises Refused, with what there is."""
    said = wanted.strip().casefold()
    found = next((f for f in fields if said in (f.id.casefold(), f.label.casefold())), None)
    if found is None:
        there = ", ".join(phrases.heading(f.label) for f in fields[:20]) or "none"
        raise Refused(f"Productboard's features have no field {wanted!r} ({setting}); they have {there}.")
    return found


def filled(payload: Mapping[str, Any], fields: tuple[FieldOf, ...], issue: str | None) -> dict[str, Any]:
    """A feature's payload by the ids of the workspace's fields. Raises Refused."""
    facts = {**payload["facts"], **({"issue": issue.partition("#")[0]} if issue else {})}  # of a comment, its issue
    told = {
        named(fields, "name", "which every feature needs").id: payload["name"],
        named(fields, "description", "which holds the evidence").id: payload["description"],
    }
    for fact, label in payload["wanted"].items():
        if fact in facts:
            field = named(fields, label, f"productboard.fields.{fact}")
            told[field.id] = _value(field, facts[fact])
    return told


def _value(field: FieldOf, value: str | int) -> Any:
    if field.kind in _NUMBERS:
        if isinstance(value, int):
            return value
        raise Refused(f"{phrases.heading(field.label)} is a number in Productboard and can't hold a text.")
    return str(value)
