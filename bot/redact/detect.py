"""Pure: where a text holds personal data or a secret. Patterns find candidates, check sums and ranges decide.

Every pattern is linear in the text: it is anchored at the start of a run, bounded, or possessive. Real tickets hold
log files of a megabyte, and anyone may write to a help desk.
"""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from math import log2

from stdnum import iban, luhn

from bot.redact.phones import phones


class Personal(StrEnum):
    """What a placeholder stands for; the value is the first half of the placeholder."""

    EMAIL = "EMAIL"
    PHONE = "PHONE"
    CARD = "CARD"
    IBAN = "IBAN"
    SSN = "SSN"
    IP = "IP"
    TOKEN = "TOKEN"  # noqa: S105  a kind, not a secret
    QUERY = "QUERY"
    NAME = "NAME"


@dataclass(frozen=True, slots=True)
class Found:
    """A piece of the text. `value` is its canonical form: two spellings of one number have one value."""

    start: int
    end: int
    kind: Personal
    value: str


def found(text: str) -> Iterator[Found]:
    """Everything found, the surest first; pieces may overlap, and then the first one counts."""
    plain = text.casefold()
    digits = _DIGIT.search(text) is not None
    for detect, needs_digit, one_of in _DETECTORS:
        if (digits or not needs_digit) and (not one_of or any(sign in plain for sign in one_of)):
            yield from detect(text)


_DIGIT = re.compile(r"\d")

# --- secrets

_KEY_BLOCK = re.compile(
    r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----"
    r"(?:(?:(?!-----)[\s\S]){0,20000}+-----END [A-Z0-9 ]{0,40}-----|(?:\s*[A-Za-z0-9+/=]{16,}+)*+)"
)
_KNOWN_TOKEN = re.compile(  # shapes as their issuers publish them
    r"(?<![A-Za-z0-9])(?:"
    r"eyJ[\w-]{8,}+\.[\w-]{4,}+(?:\.[\w-]*+)?"  # JSON web token, RFC 7519
    r"|(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{16}(?![A-Za-z0-9])"  # AWS
    r"|gh[pousr]_[A-Za-z0-9]{20,}+|github_pat_\w{20,}+|gl(?:pat|dt|rt)-[\w-]{15,}+"
    r"|xox[a-z]-[\w-]{10,}+|xapp-[\w-]{10,}+"  # Slack
    r"|(?:sk|pk|rk)_(?:live|test)_\w{10,}+|whsec_[\w+/=]{16,}+"  # Stripe
    r"|hooks\.slack\.com/services/[\w/]{20,}+"
    r"|sk-[\w-]{16,}+"  # OpenAI, Anthropic
    r"|AIza[\w-]{30,}+|ya29\.[\w-]{20,}+"  # Google
    r"|SG\.[\w-]{10,}+\.[\w-]{10,}+|shp(?:at|ca|pa|ss)_[A-Fa-f0-9]{20,}+|hf_\w{20,}+|npm_\w{20,}+|dop_v1_\w{20,}+"
    r")"
)
_BEARER = re.compile(r"\b(?:bearer|basic|token)[ \t]{1,3}([\w.~+/=-]{12,}+)", re.IGNORECASE)
_SECRET = re.compile(
    r"(?P<word>pass(?:word|wd|code|phrase)|passwort|kennwort|mot de passe|contraseña|senha|\bpass|\bpwd"
    r"|\bpin(?: code)?|\bpuk|\botp|(?:verification|security|one[ -]time|confirmation|login|2fa)[ -]code"
    r"|(?:api|access|secret|private|licen[cs]e|auth|signing|encryption|account)[ _-]?(?:key|token|secret)"
    r"|(?:client|app|webhook)[ _-]?secret|token|\bsecret|\bcredentials?)"
    r"(?:[\"'”’]?\s{0,3}(?P<sep>[:=]{1,2}>?)|\s{1,3}(?P<verb>is|was|ist|est|es))\s{0,3}"
    r"(?:\"(?P<quoted>[^\"\n]{3,80})\""
    r"|[\"'“‘`]?(?P<value>[^\s\"'“”`<>]{3,400})(?P<line>[\"'”’`]?[ \t]*$)?)",
    re.IGNORECASE | re.MULTILINE,
)
_OPEN_WORD = re.compile(r"pass|kenn|mot|contra|senha|pwd", re.IGNORECASE)
_MAY_BE_DIGITS = re.compile(r"pin|puk|otp|code|pass|pwd|wort", re.IGNORECASE)
_CARD_CODE = re.compile(r"\bcv[vc]2?\b\W{0,3}(?:is |code )?([0-9]{3,4})\b", re.IGNORECASE)
_NO_SECRET = re.compile(
    "reset|forgot|forgotten|required|optional|unknown|none|null|nil|true|false|expired|incorrect|invalid|wrong|undefined"
    "|missing|hidden|changed|yes|no|empty",
    re.IGNORECASE,
)
_OPAQUE = re.compile(r"(?<![\w+/=.-])[\w+/=.-]{32,}+", re.ASCII)
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def _key_blocks(text: str) -> Iterator[Found]:
    return (_whole(m, Personal.TOKEN) for m in _KEY_BLOCK.finditer(text))


def _known_tokens(text: str) -> Iterator[Found]:
    return (_whole(m, Personal.TOKEN) for m in _KNOWN_TOKEN.finditer(text))


def _bearers(text: str) -> Iterator[Found]:
    for m in _BEARER.finditer(text):
        if _DIGIT.search(m[1]) or (len(m[1]) >= 20 and not m[1].islower()):
            yield Found(m.start(1), m.end(1), Personal.TOKEN, m[1])


def _secrets(text: str) -> Iterator[Found]:
    """The value behind 'password:', 'api_key=', 'my password is': when it can't be a word of the sentence."""
    for m in _SECRET.finditer(text):
        group = "quoted" if m["quoted"] else "value"
        value = m[group].rstrip(".,;:)]}")
        if len(value) >= 3 and not _NO_SECRET.fullmatch(value) and "://" not in value and _is_secret(m, value):
            yield Found(m.start(group), m.start(group) + len(value), Personal.TOKEN, value)
    for m in _CARD_CODE.finditer(text):
        yield Found(m.start(1), m.end(1), Personal.TOKEN, m[1])


def _is_secret(m: re.Match[str], value: str) -> bool:
    if value.isdigit():
        return len(value) >= 4 and (m["sep"] is not None or _MAY_BE_DIGITS.search(m["word"]) is not None)
    if any(c.isdigit() or c in "!@#$%^&*_+=~" for c in value):
        return True
    if m["verb"]:
        return False
    assigned = "=" in m["sep"] and len(value) >= 6 and not value.endswith("(")
    form_field = m["line"] is not None and _OPEN_WORD.match(m["word"]) is not None and _begins_line(m)
    mixed = not (value.islower() or value.istitle() or value.isupper())
    return m["quoted"] is not None or assigned or form_field or mixed


def _begins_line(m: re.Match[str]) -> bool:
    before = m.string[max(0, m.start() - 24) : m.start()].rpartition("\n")[2]
    return not before.strip(" \t-*>\"'•")


def _opaque_tokens(text: str) -> Iterator[Found]:
    for m in _OPAQUE.finditer(text):
        token = m[0].strip(".-=/")
        if not _UUID.fullmatch(token) and _is_random(token):
            yield _whole(m, Personal.TOKEN)


def _is_random(token: str) -> bool:
    """Long, mixed and unlike words: file paths, slugs, dotted names and long identifiers are not."""
    pieces = re.split(r"[-_/.+=]", token)
    if len(max(pieces, key=len)) < 16 or token.isdigit() or len(re.findall(r"\d+", token)) < 3:
        return False
    sample = token[:200]  # enough to tell, whatever the length
    entropy = -sum(n / len(sample) * log2(n / len(sample)) for n in Counter(sample).values())
    return entropy >= 2.8 and any(c.isalpha() for c in sample)


# --- addresses on the net

_URL = re.compile(r"://([^\s<>\"`]+)")
_BARE_URL = re.compile(
    r"(?<![\w.\-/@])(?:[\w-]++\.)++[a-z]{2,24}(?::\d{1,5})?(?:/[^\s?#]{0,250}+)?\?(?=[^\s<>\"=]{1,80}=)([^\s<>\"`]+)",
    re.IGNORECASE,
)
_EMAIL = re.compile(r"(?<![\w.!#$%&*+^~’'-])([\w.!#$%&*+^~’'-]++)@((?:[\w-]++\.)+(?:[^\W\d_]{2,}|xn--[\w-]+))")
_SPELT_EMAIL = re.compile(
    r"(?<![\w.+-])[\w.+-]++ ?(?:[\[({<] ?at ?[\])}>] ?[\w-]++(?: ?(?:[\[({<] ?dot ?[\])}>]|\.| dot ) ?[\w-]++){1,4}"
    r"|at [\w-]++(?: dot [\w-]++){1,4}|at (?:gmail|googlemail|hotmail|outlook|icloud|yahoo|gmx)\.[a-z]{2,3}\b)",
    re.IGNORECASE,
)
_IPV4 = re.compile(r"(?<![\w.])(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?![\w]|\.[0-9])")
_IPV6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,8}(?![\w:])")
# 4.2.1.0 is a version when the text says so, and in a user agent (Chrome/120.0.0.0).
_VERSION_BEFORE = re.compile(
    r"(?:[a-z]/|\b(?:v|ver|version|versions|release|build|firmware|driver|app|chrome|firefox|edge|safari|ios|android"
    r"|macos|windows|sdk|update|updated to|upgraded? to|upgraded? from|downgraded? to)[ .:#(]{0,3})\Z",
    re.IGNORECASE,
)
_TRAILING = ".,;:!?)]}'"


def _urls(text: str) -> Iterator[Found]:
    """User and password before the host, and what stands behind ? or #: sessions, tokens, addresses, search terms."""
    for m in _URL.finditer(text):
        rest = m[1].rstrip(_TRAILING)
        authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
        user, at, _ = authority.rpartition("@")
        if at and user:
            yield Found(m.start(1), m.start(1) + len(user), Personal.TOKEN, user)
        cut = re.search(r"[?#]", rest)
        if cut and cut.end() < len(rest):
            yield Found(m.start(1) + cut.end(), m.start(1) + len(rest), Personal.QUERY, rest[cut.end() :])


def _bare_urls(text: str) -> Iterator[Found]:
    for m in _BARE_URL.finditer(text):
        query = m[1].rstrip(_TRAILING)
        yield Found(m.start(1), m.start(1) + len(query), Personal.QUERY, query)


def _emails(text: str) -> Iterator[Found]:
    for m in _EMAIL.finditer(text):
        local = m[1].lstrip(".!#$%&*+^~’'-")
        # git@host:path is a repository, icon@2x.png a file
        if local and local != "git" and not re.match(r"\dx\.", m[2]):
            yield Found(m.end(1) - len(local), m.end(), Personal.EMAIL, f"{local}@{m[2]}".casefold())


def _spelt_emails(text: str) -> Iterator[Found]:
    return (_whole(m, Personal.EMAIL) for m in _SPELT_EMAIL.finditer(text))


def _ips(text: str) -> Iterator[Found]:
    for pattern in (_IPV4, _IPV6):
        for m in pattern.finditer(text):
            version = pattern is _IPV4 and _VERSION_BEFORE.search(text[max(0, m.start() - 16) : m.start()])
            if _is_ip(m[0]) and not version:
                yield _whole(m, Personal.IP)


def _is_ip(text: str) -> bool:
    if ":" in text and not (_DIGIT.search(text) and len(text) > 4):  # a::b is also C++
        return False
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


# --- numbers with a check sum

_IBAN = re.compile(r"(?<![A-Za-z0-9])(?=([A-Za-z]{2}[0-9]{2}(?:[ \u00a0-]?[A-Za-z0-9]){11,30}))")
_IBAN_LENGTH = {  # ISO 13616 registry
    country: int(length)
    for country, length in re.findall(
        r"([A-Z]{2})(\d\d)",
        "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 "
        "ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 "
        "LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 "
        "QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30",
    )
}
_CARD = re.compile(r"(?<![0-9.,])(?=([2-6][0-9]{3}(?:[ \u00a0.-]?[0-9]){9,15}))")
_ISSUED = re.compile(  # ISO 7812: the ranges that card schemes use, with their lengths
    r"4(?:\d{12}|\d{15}|\d{18})|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}"
    r"|3(?:0[0-5]|[689]\d)\d{11}|35\d{14}|6(?:011|4[4-9]\d|5\d\d|2\d\d)\d{12,15}|(?:5[0678]|6\d)\d{11,17}"
)
_SSN = re.compile(r"(?<![\w-])(?!000|666|9)[0-9]{3}-(?!00)[0-9]{2}-(?!0000)[0-9]{4}(?![\w-])")


def _ibans(text: str) -> Iterator[Found]:
    for m in _IBAN.finditer(text):
        size = _IBAN_LENGTH.get(m[1][:2].upper(), len(m[1]) + 1)
        ends = [at for at, c in enumerate(m[1], 1) if c.isalnum()]
        if size <= len(ends) and not _at(text, m.start() + ends[size - 1]).isalnum():
            number = re.sub(r"[^A-Z0-9]", "", m[1][: ends[size - 1]].upper())
            if _sums_up(number) and iban.is_valid(number, check_country=False):
                yield Found(m.start(), m.start() + ends[size - 1], Personal.IBAN, number)


def _sums_up(number: str) -> bool:
    """ISO 7064 mod 97-10, by one division: stdnum goes digit by digit, too slow for a text full of candidates."""
    return int("".join(str(int(c, 36)) for c in number[4:] + number[:4])) % 97 == 1


def _cards(text: str) -> Iterator[Found]:
    for m in _CARD.finditer(text):
        digits = re.sub(r"\D", "", m[1])
        # 4111 1111 1111 1111 12/27: the number may be followed by its date, so the longest that is a card's
        size = next((n for n in range(len(digits), 12, -1) if _is_card(digits[:n]) and _ends(m, n)), None)
        if size:
            yield Found(m.start(), m.start() + _length(m[1], size), Personal.CARD, digits[:size])


def _is_card(number: str) -> bool:
    return _ISSUED.fullmatch(number) is not None and luhn.is_valid(number)


def _ends(m: re.Match[str], size: int) -> bool:
    """No digit follows directly on the first `size` digits."""
    return not _at(m.string, m.start() + _length(m[1], size)).isdigit()


def _length(text: str, size: int) -> int:
    """How many characters hold the first `size` digits."""
    return [at for at, c in enumerate(text, 1) if c.isdigit()][size - 1]


def _at(text: str, at: int) -> str:
    return text[at : at + 1]


def _ssns(text: str) -> Iterator[Found]:
    return (_whole(m, Personal.SSN) for m in _SSN.finditer(text))


def _phones(text: str) -> Iterator[Found]:
    for start, end, number in phones(text):
        yield Found(start, end, Personal.PHONE, number)


def _whole(m: re.Match[str], kind: Personal) -> Found:
    return Found(m.start(), m.end(), kind, m[0])


_SECRET_SIGNS = (
    "pass",
    "kennwort",
    "contraseña",
    "senha",
    "pwd",
    "pin",
    "puk",
    "otp",
    "code",
    "key",
    "token",
    "secret",
    "credential",
    "cv",
)
# Detector, whether it needs a digit, and signs of which it needs one: most tickets hold none of this, and most of the
# time goes into finding that out. The order is the precedence.
_DETECTORS: tuple[tuple[Callable[[str], Iterator[Found]], bool, tuple[str, ...]], ...] = (
    (_key_blocks, False, ("-----begin",)),
    (_urls, False, ("://",)),
    (_bare_urls, False, ("?",)),
    (_known_tokens, True, ()),
    (_secrets, False, _SECRET_SIGNS),
    (_bearers, False, ("bearer", "basic", "token")),
    (_emails, False, ("@",)),
    (_ibans, True, ()),
    (_opaque_tokens, True, ()),
    (_cards, True, ()),
    (_ssns, True, ("-",)),
    (_ips, True, (".", ":")),
    (_phones, True, ()),
    (
        _spelt_emails,
        False,
        (
            " dot ",
            "mail.",
            "outlook.",
            "icloud.",
            "yahoo.",
            "gmx.",
            "at)",
            "at]",
            "at}",
            "at>",
            "at ]",
            "at )",
            "at }",
            "at >",
        ),
    ),
)
