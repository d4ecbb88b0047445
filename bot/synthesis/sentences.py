"""Where one sentence ends and the next begins; every sentence is a verbatim piece of the text."""

from __future__ import annotations

import re
from collections.abc import Iterator

# A full stop after one of these ends no sentence. "no" is missing on purpose: "The answer was no. Why?"
_ABBREVIATIONS = frozenset(
    [
        "e.g",
        "i.e",
        "eg",
        "ie",
        "etc",
        "vs",
        "approx",
        "mr",
        "mrs",
        "ms",
        "dr",
        "prof",
        "st",
        "inc",
        "ltd",
        "co",
        "corp",
        "llc",
        "dept",
        "est",
        "fig",
        "nr",
        "vol",
        "ref",
        "tel",
        "ext",
        "max",
        "min",
        "avg",
        "incl",
        "excl",
        "a.m",
        "p.m",
        "jan",
        "feb",
        "mar",
        "apr",
        "jun",
        "jul",
        "aug",
        "sep",
        "sept",
        "oct",
        "nov",
        "dec",
        "z.b",
        "d.h",
        "u.a",
        "bzw",
        "ca",
        "inkl",
        "evtl",
        "usw",
        "bspw",
        "ggf",
        "vgl",
        "p.ex",
        "sr",
        "sra",
        "m.fr",
    ]
)
_STOP = re.compile(r"[.!?…]+[\"'”’»)\]]*(?=\s)|[。！？]+[」』”）]*")  # CJK needs no blank after the stop
_BULLET = re.compile(r"[ \t]*(?:[-*•·–‣◦]|\(?\d{1,2}[.)]|[a-h]\))[ \t]+")
_WRAPPED = 60  # mail programs break lines near 72; a shorter line was ended on purpose


def sentences(text: str) -> Iterator[str]:
    """The sentences of a text in order, trimmed, none empty. Blanks and bullets aside they are the text."""
    for paragraph in _paragraphs(text):
        start = 0
        for stop in _STOP.finditer(paragraph):
            if _ends(paragraph, stop):
                yield from _trimmed(paragraph[start : stop.end()])
                start = stop.end()
        yield from _trimmed(paragraph[start:])


def _paragraphs(text: str) -> Iterator[str]:
    """Runs of lines that belong together: a line goes on in the next one only when a mail program has wrapped it."""
    lines = text.splitlines(keepends=True)
    start = 0
    for i, line in enumerate(lines):
        if i + 1 == len(lines) or not _goes_on(line.rstrip(), lines[i + 1]):
            yield "".join(lines[start : i + 1])
            start = i + 1


def _goes_on(line: str, following: str) -> bool:
    nearly_full = _WRAPPED <= len(line) <= 2 * _WRAPPED
    return nearly_full and following[:1].islower() and _BULLET.match(following) is None


def _ends(paragraph: str, stop: re.Match[str]) -> bool:
    """Whether the punctuation ends a sentence, and is no abbreviation, initial, or number of a list."""
    if stop.group()[0] != ".":
        return True
    before = paragraph[max(0, stop.start() - 24) : stop.start()].split()
    word = before[-1].lower().lstrip("(\"'“[") if before else ""
    initial = len(word) == 1 and word.isalpha() and word != "i"
    counting = word.isdigit() and len(word) <= 2 and not paragraph[: stop.start() - len(word)].strip()
    following = paragraph[stop.end() :].lstrip()[:1]
    return not (word in _ABBREVIATIONS and not _starts(word, following)) and not initial and not counting


def _starts(word: str, following: str) -> bool:
    """ "etc. We" is two sentences, "e.g. Excel" is one."""
    return word in ("etc", "usw", "a.m", "p.m", "inc", "ltd", "co", "corp") and following.isupper()


def _trimmed(piece: str) -> Iterator[str]:
    bullet = _BULLET.match(piece.lstrip("\r\n"))
    own = (piece.lstrip("\r\n")[bullet.end() :] if bullet else piece).strip()
    if own:
        yield own
