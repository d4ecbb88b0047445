"""Lists that people type: a bullet, a paragraph or a line is a ticket, and its beginning may say whose it is."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.domain import Reject, Warned
from connectors.ticket_file.table import Row, Table

FREE = Warned(
    "free_text",
    "The file holds free text only, without titles, customers or dates: themes will be coarser, and"
    " customers can't be counted.",
)
# CommonMark 0.31, section 5.2, and the dots and dashes that office programs put there; a box to tick comes with it.
_BULLET = re.compile(r"(\s*)(?:[-*+•‣·–]|\d{1,5}[.)])\s+(?:\[[ xX]\]\s+)?(?=\S)")
_HEADING = re.compile(r"#{1,6}\s+\S|\s*(?:-{3,}|={3,}|\*{3,}|_{3,})\s*$|(?:\S+ ){0,4}\S+:\s*$|\*\*[^*]+\*\*:?\s*$")
_MOST = 0.8  # of the tickets must begin alike before any beginning is read as something else than text
_FEWEST = 4  # tickets: fewer are no pattern

_MARKS = r"[*_`]{0,3}"
_PARTS: Mapping[str, re.Pattern[str]] = {
    "created": re.compile(
        rf"{_MARKS}[(\[]?(\d{{4}}-\d\d?-\d\d?(?:[T ]\d\d:\d\d(?::\d\d)?Z?)?|\d\d?[./]\d\d?[./]\d{{2,4}}"
        rf"|\d\d?\.? [A-Z][a-z]{{2,8}} \d{{4}})[)\]]?{_MARKS}(?![\w/])"
    ),
    "id": re.compile(rf"{_MARKS}\[?(#\s?[A-Z]{{0,8}}-?\d+|[A-Z][A-Z0-9]{{1,9}}-\d+|\d{{3,12}})\]?{_MARKS}(?![\w./])"),
    "account": re.compile(rf"{_MARKS}(?:\(([^()\n]{{2,60}})\)|\[([^\[\]\n]{{2,60}})\]){_MARKS}"),
}
_BETWEEN = re.compile(r"\s*(?:[:|,;–—-]\s*)?")
_SAID = {"id": "id", "created": "date", "account": "customer", "email": "customer"}


@dataclass(frozen=True, slots=True)
class _Piece:
    number: int
    unit: str
    text: str


def read(text: str) -> Table:
    """Bullets where most lines are of bullets, else paragraphs where blank lines separate them, else lines."""
    lines = text.split("\n")
    rejects: list[Reject] = []
    if _is_bulleted(lines):
        pieces = list(_bullets(lines, rejects))
    elif re.search(r"\n\s*\n", text.strip()):
        pieces = _numbered(re.split(r"\n\s*\n", _untitled(text, r"\s*\n\s*\n")))
    else:
        pieces = _numbered(_untitled(text, r"\s*\n").split("\n"))
    return _table(pieces, rejects)


def _numbered(texts: Sequence[str]) -> list[_Piece]:
    return [_Piece(n, "text", piece.strip()) for n, piece in enumerate(texts, 1) if piece.strip()]


def _untitled(text: str, gap: str) -> str:
    """Without the one heading that stands over everything, `gap` above it; several may be the titles of tickets."""
    bare = text.strip()
    title = re.match(rf"#{{1,6}}\s+\S[^\n]*?(?={gap})", bare)
    return bare[title.end() :].strip() if title and len(re.findall(r"(?m)^#{1,6}\s+\S", bare)) == 1 else bare


def _is_bulleted(lines: Sequence[str]) -> bool:
    """By blocks and not by lines: a paragraph in which somebody lists three steps is one ticket."""
    in_lists = elsewhere = 0
    listed = between = True
    for line in lines:
        if not line.strip() or _is_heading(line):
            between = True
            continue
        bullet = _BULLET.match(line) is not None
        listed = (bullet or (listed and line[0].isspace())) if between else listed
        in_lists, elsewhere, between = in_lists + (listed and bullet), elsewhere + (not listed), False
    return in_lists >= 2 and in_lists > elsewhere


def _is_heading(line: str) -> bool:
    return _HEADING.match(line) is not None and not _BULLET.match(line)


def _bullets(lines: Sequence[str], rejects: list[Reject]) -> Iterator[_Piece]:
    """A bullet with what is set in under it, or goes on below it; text between two lists is no ticket, and is told."""
    margin = min(len(m[1]) for m in map(_BULLET.match, lines) if m)
    open_at, said, gap = 0, list[str](), False
    for number, line in enumerate([*lines, "---"], 1):
        bullet = _BULLET.match(line)
        begins = bullet is not None and len(bullet[1]) <= margin + 1
        outside = bool(line.strip()) and not line[0].isspace() and (_is_heading(line) or gap)
        if open_at and (begins or outside):
            yield _Piece(open_at, "line", "\n".join(said).strip())
            open_at = 0
        if begins and bullet is not None:
            open_at, said = number, [line[bullet.end() :]]
        elif open_at:
            said.append(line.strip())
        elif line.strip() and not _is_heading(line):
            rejects.append(Reject(f"line {number}", "stands outside of the list, so it was not read as a ticket"))
        gap = not line.strip()


def _table(pieces: Sequence[_Piece], rejects: Sequence[Reject]) -> Table:
    begun = [_begun(piece.text) for piece in pieces]
    known = _agreed(begun)
    rows = [_row(piece, found, known) for piece, found in zip(pieces, begun, strict=True)]
    who = "email" if any("email" in row.values for row in rows) else "account"
    headers = tuple(who if field == "account" else field for field in known)
    return Table((*headers, "body"), tuple(rows), tuple(rejects), (_remark(rows, headers),), named=False)


def _begun(text: str) -> dict[str, tuple[str, int]]:
    """Field -> what the beginning of the text says of it and where it ends, in the order of the text."""
    found: dict[str, tuple[str, int]] = {}
    at = 0
    while missing := {field: pattern for field, pattern in _PARTS.items() if field not in found}:
        part = next(((f, m) for f, p in missing.items() if (m := p.match(text, at))), None)
        between = part and _BETWEEN.match(text, part[1].end())
        if part is None or between is None or between.end() >= len(text):
            break
        value = next(group for group in part[1].groups() if group)
        at = between.end()
        found[part[0]] = (value.lstrip("# ") if part[0] == "id" else value.strip(), at)
    return found


def _agreed(begun: Sequence[Mapping[str, tuple[str, int]]]) -> tuple[str, ...]:
    """The fields that most tickets begin with, in one order; none when it is not surely that."""
    shapes = Counter(tuple(found) for found in begun)
    shape, times = max(shapes.items(), key=lambda pair: pair[1], default=((), 0))
    if len(begun) < _FEWEST or times < _MOST * len(begun):
        return ()
    return shape if all(_is_told(field, [f[field][0] for f in begun if field in f]) for field in shape) else ()


def _is_told(field: str, values: Sequence[str]) -> bool:
    """An id is of one ticket; customers are several and have names: "(urgent)" and "(iOS)" are none."""
    if field == "id":
        return len(set(values)) >= 0.9 * len(values)
    named = sum(any(c.isupper() or c.isdigit() or c == "@" for c in value) for value in values)
    return field != "account" or (len(set(values)) >= 3 and named >= _MOST * len(values))


def _row(piece: _Piece, found: Mapping[str, tuple[str, int]], known: Sequence[str]) -> Row:
    """What begins otherwise than the others is text from its first letter."""
    fields = {f: v for f, v in found.items() if tuple(found) == tuple(k for k in known if k in found)}
    values = {("email" if f == "account" and "@" in value else f): value for f, (value, _) in fields.items()}
    end = max((at for _, at in fields.values()), default=0)
    return Row(piece.number, piece.unit, {**values, "body": piece.text[end:].strip()})


def _remark(rows: Sequence[Row], headers: Sequence[str]) -> Warned:
    if not headers:
        return FREE
    told = ", ".join(_SAID[field] for field in headers)
    without = sum(any(field not in row.values for field in headers) for row in rows)
    but = f"; {without:,} of {len(rows):,} lack one of them" if without else ""
    return Warned("read_from_lines", f"The file is a list. Read from the beginning of each ticket: {told}{but}.")
