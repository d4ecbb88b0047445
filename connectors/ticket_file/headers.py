"""Which column holds what: usual names are recognised, unusual ones can be mapped, and are guessed at in words."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.domain import Warned
from bot.ports import Refused
from connectors.ticket_file.names import NAMES
from connectors.ticket_file.table import Table
from connectors.ticket_file.values import looks_dated, tidy

_TEXT = ("subject", "body")
_WHO = ("email", "person", "person id", "account", "account id", "domain")
_SAID = {
    "id": "id",
    "subject": "subject",
    "body": "text",
    "email": "requester",
    "person": "requester",
    "account": "customer",
    "created": "date",
}
_SAMPLE = 50  # rows that a guess looks at
_LISTED = 8


@dataclass(frozen=True, slots=True)
class Columns:
    """Field -> header of this file. `understood`: in one sentence, which column was taken for what, and which not."""

    of: Mapping[str, str]
    warnings: tuple[Warned, ...] = ()
    understood: str = ""

    def get(self, field: str) -> str | None:
        return self.of.get(field)


def recognised(table: Table, mapped: Mapping[str, str], path: Path) -> Columns:
    """Raises Refused when no column holds text, or a mapped header is not in the file."""
    headers = table.headers
    of = {_field(field): _existing(header, headers, path) for field, header in mapped.items()}
    taken = set(of.values())
    plain = {header: _plain(header) for header in headers}
    for field, names in NAMES.items():
        if field in of:
            continue
        found = _first(names, plain, taken, shared=field in {"email", "person"})
        if found is not None:
            of[field] = found
            taken.add(found)
    rest = [header for header in headers if header not in taken]
    if not any(field in of for field in _TEXT):
        raise Refused(
            f"{path} has no column with text that is known by name. Its columns are {_listed(headers)}: "
            f"say which one with {_option('body', _longest(table, rest))}."
        )
    return Columns(of, tuple(_remarks(of, table, rest)), _understood(of, rest) if table.named else "")


def _first(names: Sequence[str], plain: Mapping[str, str], taken: set[str], *, shared: bool) -> str | None:
    """ "Requester" may hold a mail address or a name: both fields may read it, and the value decides."""
    for name in names:
        for header, known in plain.items():
            if name in (known, _bare(header)) and (header not in taken or shared):
                return header
    return None


def _bare(header: str) -> str:
    """Without what stands in brackets: "Created (UTC)"."""
    return _plain(re.sub(r"\([^()]*\)|\[[^\[\]]*\]", " ", header))


def _understood(of: Mapping[str, str], rest: Sequence[str]) -> str:
    """The fields that decide what can be counted; a status or a link more or less changes nothing."""
    by_name: dict[str, dict[str, None]] = {}
    for field, header in of.items():
        if field in _SAID:
            by_name.setdefault(_SAID[field], {})[f"“{tidy(header)}”"] = None
    told = ", ".join(f"{name} from {' and '.join(headers)}" for name, headers in by_name.items())
    more = f" and {len(rest) - _LISTED} more" if len(rest) > _LISTED else ""
    return f"{told}; not used: {_listed(rest[:_LISTED])}{more}" if rest else told


def _remarks(of: Mapping[str, str], table: Table, rest: Sequence[str]) -> Iterator[Warned]:
    """What a digest lacks since no column was known for it, with the line to type where one looks like it."""
    if "created" not in of and rest:
        guess = next((header for header in rest if _is(table, header, looks_dated)), None)
        seems = (
            f"“{tidy(guess)}” looks like one" if guess else f"{_listed(rest[:_LISTED])} {_were(rest)} not recognised"
        )
        yield Warned(
            "no_date_column",
            f"No column of dates is known by name, so months and trends can't be told. {seems}: "
            f"say {_option('created', guess)}.",
        )
    if len(table.headers) > 1 and not any(field in of for field in _WHO):
        guess = next((header for header in rest if _is(table, header, _is_mail)), None)
        option = _option("email", guess) if guess else f"{_option('account', None)} or {_option('email', None)}"
        yield Warned(
            "no_customer_column",
            f"The file has no column that tells customers apart: customers can't be counted. Map one with {option}.",
        )


def _were(headers: Sequence[str]) -> str:
    return "was" if len(headers) == 1 else "were"


def _option(field: str, header: str | None) -> str:
    return f'--column {field}="{tidy(header)}"' if header else f"--column {field}=NAME"


def _listed(headers: Sequence[str]) -> str:
    return ", ".join(f"“{tidy(header)}”" for header in headers[:12])


def _values(table: Table, header: str) -> list[str]:
    given = (tidy(row.values.get(header)).strip() for row in table.rows[: 4 * _SAMPLE])
    return [value for value in given if value][:_SAMPLE]


def _is(table: Table, header: str, what: Callable[[str], bool]) -> bool:
    """Nearly all of the column's values are that, and there are some."""
    values = _values(table, header)
    return len(values) >= 3 and sum(map(what, values)) >= 0.9 * len(values)


def _is_mail(value: str) -> bool:
    return re.fullmatch(r"\S+@\S+\.\S+", value) is not None


def _longest(table: Table, headers: Sequence[str]) -> str | None:
    """The column that reads most like what customers write; None when all are short, or there is nothing in them."""
    length = {header: sum(map(len, values)) / len(values) for header in headers if (values := _values(table, header))}
    best = max(length, key=lambda header: length[header], default=None)
    return best if best and length[best] >= 20 else None


def _field(name: str) -> str:
    plain = _plain(name)
    aliases = {
        "customer": "account",
        "company": "account",
        "organization": "account",
        "requester": "email",
        "description": "body",
        "title": "subject",
        "text": "body",
        "customer id": "account id",
        "date": "created",
        "created at": "created",
        "product area": "area",
        "link": "url",
        "requester email": "email",
        "requester name": "person",
    }
    field = aliases.get(plain, plain)
    if field not in NAMES:
        near = difflib.get_close_matches(field, NAMES, n=1, cutoff=0.5)
        hint = f" Did you mean {near[0].replace(' ', '_')!r}?" if near else ""
        known = ", ".join(f.replace(" ", "_") for f in NAMES if f != "summary")
        raise Refused(f"--column: {name!r} is no field of a ticket.{hint} Fields are {known}.")
    return field


def _existing(header: str, headers: Sequence[str], path: Path) -> str:
    for known in headers:
        if known == header or _plain(known) == _plain(header):
            return known
    near = difflib.get_close_matches(header, headers, n=1, cutoff=0.5)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise Refused(f"{path} has no column {header!r}.{hint} Its columns are {_listed(headers)}.")


def _plain(header: str) -> str:
    """Lower case, camelCase split, no accents, everything but letters and digits a single blank."""
    split = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", header)
    spaced = re.sub(r"[\W_]+", " ", split.casefold().replace("#", " number ")).strip()
    return "".join(c for c in unicodedata.normalize("NFKD", spaced) if not unicodedata.combining(c))
