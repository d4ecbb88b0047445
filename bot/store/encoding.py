"""How values stand in a column: moments as integers, text that every database takes, dataclasses as JSON.

The one place where a value is made fit to be stored. PostgreSQL refuses NUL in text and no database takes a lone
surrogate (RELIABILITY section 8, row 37): both become U+FFFD here, in plain columns and inside of JSON alike.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import BigInteger, Dialect, Text
from sqlalchemy.types import TypeDecorator

REPLACEMENT = "\ufffd"
_UNFIT = re.compile("[\x00\ud800-\udfff]")
_ESCAPED_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")  # an even number of backslashes before it: an escape, not text
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)


def fit(text: str) -> str:
    """The text as every database takes it."""
    if text.isascii() and "\x00" not in text:  # nearly all; looking this way costs next to nothing
        return text
    return _UNFIT.sub(REPLACEMENT, text)


def to_json(value: Any) -> str:
    """JSON that every database takes. The order of keys is kept: renderers print mappings in the order they have."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_plain)
    if "\\u0000" in text:
        text = _ESCAPED_NUL.sub(rf"\1{REPLACEMENT}", text)
    return fit(text)


def _plain(value: Any) -> Any:
    """Frozen values hold Mappings, and json knows dicts alone."""
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


@cache
def _adapter(of: Any) -> TypeAdapter[Any]:
    return TypeAdapter(of)


class Instant(TypeDecorator[datetime]):
    """Microseconds since 1970 in UTC: exact, and in order as it stands, in both databases. Comes back aware."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else (value - _EPOCH) // _TICK  # TypeError for a naive one, as it should be

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return None if value is None else _EPOCH + int(value) * _TICK


class Said(TypeDecorator[str]):
    """Text, made fit."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else fit(value)


class Json(TypeDecorator[Any]):
    """What JSON can hold, as text. None stays SQL's NULL."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else to_json(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return None if value is None else json.loads(value)


class Encoded(str):
    """JSON made before the transaction began, which nobody should have to wait for."""

    __slots__ = ()


def encoded(of: Any, value: Any) -> Encoded:
    """What a column Valued(of) holds of the value."""
    return Encoded(to_json(_adapter(of).dump_python(value, mode="json")))


class Valued(TypeDecorator[Any]):
    """A value of the type `of` (dataclasses and their tuples) as JSON.

    What was written before a dataclass gained a field with a default still loads, and so does what it has lost.
    """

    impl = Text
    cache_ok = True

    def __init__(self, of: Any) -> None:
        super().__init__()
        self.of = of

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return value if value is None or isinstance(value, Encoded) else encoded(self.of, value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return None if value is None else _adapter(self.of).validate_json(value)
