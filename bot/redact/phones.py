"""Pure: where a text holds a telephone number, and not an order number, a date, an amount or a version."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache

import phonenumbers

# Countries whose national way of writing is looked for besides +..., 00... and North America's 3-3-4.
_REGIONS = ("GB", "DE", "FR")
_BETWEEN = r"[ \u00a0.\-/()]"

_INTERNATIONAL = re.compile(rf"(?<![\w+.])(?:\+|00 ?)[1-9](?:{_BETWEEN}{{0,3}}\d){{6,14}}(?!\d)")
_NORTH_AMERICAN = re.compile(  # by shape alone: a library says no to 555 and to area codes younger than itself
    r"(?<![\w.+/=&-])(?:1[ .-])?"
    r"(?:\([2-9]\d\d\) ?\d|[2-9]\d\d(?:[.-]\d|[ \u00a0][2-9]))\d\d[ \u00a0.-]\d{4}(?![\w-]|\.\d)"
)
_NATIONAL = re.compile(r"(?<![\w.,+/=&-])(?:\(0\d{1,5}\)|0\d{1,5})(?:[ \u00a0/.-]{0,3}\d{2,9}){1,6}(?![\w-])")
_CALLED = re.compile(
    r"\b(?:(?:tele)?phones?|tel|mobile|mob|cell|cellphone|fax|whatsapp|call(?:ed|ing)?|text|sms|ring|dial|reach(?:ed)?"
    r"|handy|mobil|telefon|telefonnummer|rufnummer|téléphone|portable|teléfono|móvil|callback|hotline)\b"
    r"(?:[ \t:.#(]{1,3}"
    r"(?:me|us|him|her|them|back|number|no|nr|is|was|are|at|on|under|please|the|my|our|direct(?:ly)?)\b){0,5}"
    r"[ \t:.#=]{0,4}(?P<number>\+?\(?\d(?:[ \u00a0.\-/()]{0,2}\d){6,14})(?![\w])",
    re.IGNORECASE,
)
_NUMBER_OF_A_THING = re.compile(
    r"(?:#|\b(?:order|invoice|ticket|case|ref|reference|customer|id|sku|serial|tracking|part|item|build|version|account|acct|po"
    r"|transaction|txn|batch|code|isbn|ean|article|model|job|request|booking|quote|document|error|contract|policy"
    r"|bestellung|rechnung|kundennummer|commande|facture)\b"
    r"[ \t:.#]{0,3}(?:(?:number|numbers|no|nr|num|id|code|is)\b[ \t:.#]{0,3}){0,2})\Z",
    re.IGNORECASE,
)
_DATE = re.compile(r"\d{1,2}[./ -]\d{1,2}[./ -](?:19|20)\d\d(?!\d)|(?:19|20)\d\d[./ -]\d\d?[./ -]\d\d?(?!\d)")
_MOBILE = re.compile(r"07\d{9}|0[67]\d{8}|01[567]\d{8,9}")  # British, French, German: by shape, like 555
_SHORTER = re.compile(rf"{_BETWEEN}*\d+\)?\Z")
_TIME_AFTER = re.compile(r":\d")


def phones(text: str) -> Iterator[tuple[int, int, str]]:
    """(start, end, digits) of each number; overlaps are possible, the surest first."""
    yield from _valid(_INTERNATIONAL, text, _is_international)
    for m in _CALLED.finditer(text):
        if not _DATE.match(m["number"]):
            yield m.start("number"), m.end("number"), _digits(m["number"])
    for m in _NORTH_AMERICAN.finditer(text):
        if not _counts_a_thing(m):
            yield m.start(), m.end(), _digits(m[0])
    yield from _valid(_NATIONAL, text, _is_national)


def _valid(pattern: re.Pattern[str], text: str, is_number: Callable[[str], bool]) -> Iterator[tuple[int, int, str]]:
    """Of each candidate the longest beginning that is a number: '030 901820 10 people' holds one, and ten people."""
    at = 0
    while m := pattern.search(text, at):
        piece = m[0]
        while len(piece) > 6 and not is_number(piece):
            piece = _SHORTER.sub("", piece)
        if len(piece) > 6 and not (_counts_a_thing(m) or _DATE.match(piece) or _TIME_AFTER.match(text, m.end())):
            yield m.start(), m.start() + len(piece), _digits(piece)
            at = m.start() + len(piece)
        else:
            at = m.start() + 1  # a number may begin within what only looked like one


def _counts_a_thing(m: re.Match[str]) -> bool:
    """'order 0171 2345678' is an order's; nobody writes order numbers with a plus."""
    return m[0][0] != "+" and None is not _NUMBER_OF_A_THING.search(m.string[max(0, m.start() - 40) : m.start()])


def _digits(piece: str) -> str:
    return "".join(c for c in piece if c.isdigit())


@lru_cache(maxsize=65_536)
def _is_international(piece: str) -> bool:
    """+ is a promise, so a possible number is enough; 00 also begins order numbers, so it must be a real one."""
    plus = piece.startswith("+")
    number = _parsed(piece if plus else f"+{piece[2:]}", None)
    if number is None:
        return False
    return phonenumbers.is_valid_number(number) or (
        plus and phonenumbers.is_possible_number(number) and not re.fullmatch(r"\+\d{1,3}(?: \d{3})+", piece)
    )


@lru_cache(maxsize=65_536)
def _is_national(piece: str) -> bool:
    digits = _digits(piece)
    if _MOBILE.fullmatch(digits) or not 9 <= len(digits) <= 13:
        return _MOBILE.fullmatch(digits) is not None
    numbers = (_parsed(piece, region) for region in _REGIONS)
    return any(n is not None and phonenumbers.is_valid_number(n) for n in numbers)


def _parsed(piece: str, region: str | None) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(piece, region)
    except phonenumbers.NumberParseException:
        return None
