"""Does a decoded answer follow the schema that was asked for? Endpoints that promise it don't always keep it.

Only what our schemas use: object, array, string, integer, boolean, enum; every property required, none beyond them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_TYPES: Mapping[str, type] = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool}
_LONGEST = 20_000  # characters of one string: a model that repeats itself is no answer


def decoded(text: str) -> Any:
    """The JSON value in an answer, also where it stands in a Markdown fence or after a sentence. Raises ValueError."""
    try:
        return json.loads(text)
    except ValueError:
        start, end = text.find("{"), text.rfind("}")
        if start < 0 or end < start:
            raise ValueError("no JSON object") from None
        return json.loads(text[start : end + 1])


def fault(value: Any, schema: Mapping[str, Any], where: str = "the answer") -> str:
    """The first thing that does not follow the schema, without quoting the answer; "" when all does."""
    kind = _TYPES[schema["type"]]
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        return f"{where} is no {schema['type']}"
    if "enum" in schema and value not in schema["enum"]:
        return f"{where} is none of the values allowed"
    if isinstance(value, str) and len(value) > _LONGEST:
        return f"{where} is too long"
    if isinstance(value, dict):
        return _of_object(value, schema, where)
    if isinstance(value, list):
        found = (fault(v, schema["items"], f"{where}[{n}]") for n, v in enumerate(value))
        return next(filter(None, found), "")
    return ""


def _of_object(value: Mapping[str, Any], schema: Mapping[str, Any], where: str) -> str:
    properties: Mapping[str, Any] = schema["properties"]
    missing = [name for name in properties if name not in value]
    if missing:
        return f"{where} lacks {missing[0]!r}"
    if len(value) > len(properties):
        return f"{where} has properties that were not asked for"
    return next(filter(None, (fault(value[n], s, f"{where}.{n}") for n, s in properties.items())), "")
