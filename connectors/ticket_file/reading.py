"""Bytes -> rows: which encoding, which format, where each row stands. Knows nothing of what the columns mean."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from charset_normalizer import from_bytes

from bot.domain import Reject
from bot.ports import Refused
from connectors.ticket_file import lists, vendors
from connectors.ticket_file.table import Row, Table
from connectors.ticket_file.values import tidy

_BINARY = {
    b"PK\x03\x04": "an Excel or zip file",
    b"%PDF": "a PDF",
    b"\x89PNG": "a picture",
    b"\x1f\x8b": "a gzip file",
    b"\xd0\xcf\x11\xe0": "an old Excel file",
}
_SEPARATOR_LINE = re.compile(r"\s*sep=.?\s*", re.IGNORECASE)  # what Excel writes above its CSV
_A_WORD = re.compile(r"[\w.-]{1,40}", re.ASCII)  # in a script without spaces a word may be a sentence
_DELIMITERS = ",;\t|"


def read(path: Path) -> Table:
    """Raises Refused with one sentence when the file as a whole can't be read."""
    text = _text(path)
    if not text.strip():
        raise Refused(f"{path} is empty. Export it again, or name another file.")
    if _A_WORD.fullmatch(text.strip()):
        raise Refused(f"{path} holds a single word, and no tickets. Export it again, or name another file.")
    table = _parsed(path, text)
    if not table.rows and not table.rejects:
        raise Refused(
            f"{path} holds no tickets: there is a header or an empty list, and nothing behind it. "
            "Export it again, or name another file."
        )
    if not table.rows:
        first = table.rejects[0]
        raise Refused(
            f"{path}: none of its {len(table.rejects)} rows can be read ({first.where}: {first.why}). "
            "Is it CSV, TSV, JSON or JSONL?"
        )
    return table


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise Refused(f"{path} does not exist. Check the path after --tickets.") from None
    except IsADirectoryError:
        raise Refused(f"{path} is a folder. Name a file in it.") from None
    except OSError as error:
        raise Refused(f"{path} can't be read: {error.strerror}.") from None
    for magic, what in _BINARY.items():
        if raw.startswith(magic):
            raise Refused(f"{path} is {what}, not a table of text. Save it as CSV (UTF-8) and name that file.")
    text = _decoded(raw)
    if text[:4000].count("\x00") > 40:
        raise Refused(f"{path} is not text. Save the tickets as CSV (UTF-8) and name that file.")
    return text


def _decoded(raw: bytes) -> str:
    """UTF-16 by its mark, UTF-8 when it is valid; else what charset-normalizer finds, cp1252 when it is unsure."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16", "replace")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    if sum(b > 127 for b in raw[:20_000]) > 0.3 * len(raw[:20_000]):
        best = from_bytes(raw[:200_000]).best()
        if best is not None:
            return raw.decode(best.encoding, "replace")
    return raw.decode("cp1252", "replace")


def _parsed(path: Path, text: str) -> Table:
    start = text.lstrip()[:1]
    if path.suffix.lower() in {".txt", ".md", ".text"} and start not in "{[" and "\t" not in text.partition("\n")[0]:
        return lists.read(text)
    if start == "[" or (start == "{" and not _many_objects(text)):
        return _json(path, text)
    if start == "{":
        return _lines(text)
    return _separated(text)


def _many_objects(text: str) -> bool:
    """JSONL: the first line is a whole object of its own, and more follows (or it is a ticket and not a wrapper)."""
    first, _, rest = text.lstrip().partition("\n")
    try:
        value = json.loads(first)
    except ValueError:
        # A broken first line is still JSONL when the second line opens an object.
        return bool(re.match(r"\s*\{.*\}\s*$", rest.partition("\n")[0]))
    return isinstance(value, dict) and (bool(rest.strip()) or vendors.wrapped(value) is None)


def _json(path: Path, text: str) -> Table:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Refused(
            f"{path} is not valid JSON: {error}. Export it again; for one object a line, end each line with its object."
        ) from None
    items = vendors.wrapped(value) if isinstance(value, dict) else value
    if items is None:
        items = [value]
    return _objects(enumerate(items, 1), "ticket", [])


def _lines(text: str) -> Table:
    rejects: list[Reject] = []
    return _objects(_loaded(text, rejects), "line", rejects)


def _loaded(text: str, rejects: list[Reject]) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                yield number, json.loads(line)
            except (ValueError, RecursionError) as error:
                rejects.append(Reject(f"line {number}", f"not valid JSON: {str(error)[:120]}"))


def _objects(items: Iterable[tuple[int, Any]], unit: str, rejects: list[Reject]) -> Table:
    rows = []
    for number, item in items:
        fields = {"body": item} if isinstance(item, str) and item.strip() else item
        if isinstance(fields, dict) and fields:
            rows.append(Row(number, unit, vendors.flat(fields)))
        else:
            rejects.append(
                Reject(
                    f"{unit} {number}",
                    f"not an object with fields but {type(item).__name__ if item != {} else 'an empty one'}",
                )
            )
    headers = tuple(dict.fromkeys(key for row in rows for key in row.values))
    return Table(headers, tuple(rows), tuple(rejects))


def _separated(text: str) -> Table:
    delimiter = _delimiter(text)
    if delimiter is None:
        return _one_column(text)
    csv.field_size_limit(2**31 - 1)
    # NUL is not text; csv of Python 3.11 chokes on it, and no reader would show it.
    reader = csv.reader(io.StringIO(text.replace("\x00", ""), newline=""), delimiter=delimiter)
    rows: list[Row] = []
    rejects: list[Reject] = []
    headers: list[str] = []
    for number, values in _numbered(reader, rejects):
        if not any(v.strip() for v in values) or (not headers and _SEPARATOR_LINE.fullmatch(values[0])):
            continue
        if not headers:
            headers = _unique(values)
        elif (fault := _misfit(values, headers)) is not None:
            rejects.append(Reject(f"line {number}", fault))
        else:
            rows.append(Row(number, "line", dict(zip(headers, values, strict=False))))
            rejects += _swallowed(number, values, delimiter, len(headers))
    return Table(tuple(headers), tuple(rows), tuple(rejects))


def _swallowed(number: int, values: list[str], delimiter: str, width: int) -> Iterator[Reject]:
    """A quote that is never closed takes the rows below into one cell; they would be lost without a word."""
    for value in values:
        inner = value.split("\n")[1:]
        like_rows = sum(line.count(delimiter) >= width - 1 for line in inner) if width > 1 else 0
        if like_rows >= 2:
            why = f"a quote that opens here takes the {len(inner)} lines below into one cell: close it, or double it"
            yield Reject(f"line {number}", why)


def _numbered(reader: Any, rejects: list[Reject]) -> Iterator[tuple[int, list[str]]]:
    """Rows with the line that each begins on: a quoted line break makes a row longer than a line."""
    while True:
        begins = reader.line_num + 1
        try:
            yield begins, next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            rejects.append(Reject(f"line {begins}", f"not readable as CSV: {error}"))


def _misfit(values: list[str], headers: list[str]) -> str | None:
    """Missing cells at the end are empty; more cells than columns, or one where many should be, is a broken row."""
    extra = [v for v in values[len(headers) :] if v.strip()]
    if extra:
        return f"{len(values)} values for {len(headers)} columns: is a quote or delimiter missing?"
    if len(headers) > 3 and len(values) == 1:
        return f"1 value for {len(headers)} columns: is a quote or delimiter missing?"
    return None


def _unique(headers: list[str]) -> list[str]:
    seen: Counter[str] = Counter()
    named = []
    for i, header in enumerate(headers, 1):
        name = tidy(header).strip() or f"column {i}"
        seen[name] += 1
        named.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return named


def _delimiter(text: str) -> str | None:
    """The separator that the first lines agree on; None when there is a single column."""
    head = text.lstrip("\ufeff\n\r ")[:65_536]
    if excel := re.match(r"sep=(.)\r?\n", head, re.IGNORECASE):
        return excel[1]
    header = _first_record(head)
    counts = {d: _outside_quotes(header).count(d) for d in _DELIMITERS}
    best = max(counts, key=lambda d: counts[d])
    return best if counts[best] else None


def _first_record(text: str) -> str:
    quoted = False
    for i, char in enumerate(text):
        quoted ^= char == '"'
        if char == "\n" and not quoted:
            return text[:i]
    return text.partition("\n")[0]


def _outside_quotes(line: str) -> str:
    return re.sub(r'"[^"]*"', "", line)


def _one_column(text: str) -> Table:
    """No separator anywhere in the first line: a list of texts, with a header if it looks like one."""
    reader = csv.reader(io.StringIO(text.replace("\x00", ""), newline=""))
    found = [(n, v[0] if len(v) == 1 else ",".join(v)) for n, v in _numbered(reader, []) if any(x.strip() for x in v)]
    header = (
        bool(found)
        and len(found[0][1].split()) <= 3
        and re.fullmatch(r"[A-Za-z _-]{2,30}", found[0][1].strip()) is not None
        and len(found) > 1
    )
    rows = tuple(Row(n, "line", {"body": value}) for n, value in (found[1:] if header else found))
    return Table(("body",), rows, (), (lists.FREE,))
