"""A ticket's own words: without greeting, signature, footer, quoted mail, and what half the batch says as well.

Everything that is kept is a piece of the ticket's text as it stands, so that it can be quoted word for word.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from mailparser_reply import EmailReplyParser

from bot.ports import Vectors

# A 1 MB log is no longer read to its end: what a person wanted to say stands before it.
_LONGEST = 20_000
_PARSER = EmailReplyParser(languages=["en", "de", "fr", "es", "it", "nl", "pl"])

_GREETING = re.compile(
    r"^\s*(?:hi|hello|hey|hiya|dear|good (?:morning|afternoon|evening|day)|greetings|to whom it may concern|hallo|guten tag|bonjour|hola|sehr geehrte\w*)\b"
    r"[^.?!\n]{0,40}[,.!:]?\s*$",
    re.I,
)
_SIGN_OFF = re.compile(
    r"^\s*(?:(?:many |best |kind(?:est)? |warm(?:est)? |with )*(?:thanks|regards|wishes|cheers)(?: (?:again|in advance|a lot|so much|for (?:your|the) \w+))?"
    r"|thank you(?: (?:very much|so much|in advance|for (?:your|the) \w+))?|best|sincerely|yours(?: sincerely| truly| faithfully)?|br|kr|tia|thx|rgds|mit freundlichen gr[üu][ßs]+en|viele gr[üu][ßs]e|cordialement|saludos)"
    r"\s*[,.!]*\s*(?:[A-Z][\w.'-]*(?: [A-Z][\w.'-]*){0,2})?\s*$",
    re.I,
)
_FOOTER = re.compile(
    r"^\s*(?:--+|__+|==+)\s*$|^\s*(?:sent from (?:my|an?) |get outlook for |von meinem \w+ gesendet|envoy[ée] de mon |this (?:e-?mail|message|communication)\b.{0,80}\b(?:confidential|intended|privileged)|confidentiality notice|disclaimer:|please consider the environment"
    r"|unsubscribe|to view this (?:ticket|email)|you received this (?:message|email) because)",
    re.I,
)
_QUOTED = re.compile(
    r"^\s*>|^\s*-{2,}\s*(?:original|forwarded|ursprüngliche|weitergeleitete).{0,40}-{2,}|^\s*on .{6,100}\bwrote:\s*$|^\s*am .{6,100}\bschrieb\b.{0,80}:\s*$|^\s*le .{6,100}\ba écrit\s*:\s*$",
    re.I,
)
_HEADER = re.compile(r"^\s*(?:from|sent|to|cc|subject|date|von|gesendet|an|betreff)\s*:\s", re.I)
_USELESS = re.compile(
    r"^\W*(?:(?:re|fw|fwd|aw|wg)\s*:\s*)*(?:(?:a |an |my |quick |general |another |support |customer |new |urgent |important )*"
    r"(?:question|questions|help|help needed|help please|please help|need help|urgent|urgent help|asap|support|request|issue|issues|problem|problems|inquiry|enquiry|hello|hi|hey|no subject|none|ticket|case|assistance|"
    r"assistance needed|assistance required|important|query|info|information|follow[- ]?up|update|feedback|message|conversation|contact(?: form)?|untitled|n/?a|test))?\W*$",
    re.I,
)
# A full stop after an abbreviation, a number or an initial does not end a sentence.
_END = re.compile(
    r"(?<=[.?!。？！…])(?<!\be\.g\.)(?<!\bi\.e\.)(?<!\betc\.)(?<!\bvs\.)(?<!\bno\.)(?<!\bMr\.)(?<!\bMs\.)(?<!\bDr\.)(?<!\bInc\.)(?<!\bLtd\.)(?<!\bCo\.)(?<!\b[A-Z]\.)[\"”’)\]]*\s+(?=\S)|(?<=[。？！])|\n{2,}|\n\s*(?:[-*•–]|\d{1,2}[.)])\s+"
)
_WORD = re.compile(r"\w")


@dataclass(frozen=True, slots=True)
class Cleaned:
    """`subject` is "" when it says nothing or says the body again; `sentences` are verbatim, subject first."""

    subject: str
    body: str
    sentences: tuple[str, ...]


def cleaned(texts: Sequence[tuple[str, str]]) -> list[Cleaned]:
    """(subject, body) of each ticket -> its own words. What many tickets of the batch repeat is boilerplate.

    A ticket that has words keeps some. The threshold (1.5 % of the tickets, at least 3) is Recipe H's, see bench/README.
    """
    split = [_sentences(_own_lines(body[:_LONGEST])) for _, body in texts]
    uses = Counter(key for sentences in split for key in {_key(s) for s in sentences})
    common = max(3, 0.015 * len(texts))
    return [_cleaned(subject, sentences, uses, common) for (subject, _), sentences in zip(texts, split, strict=True)]


def passages(clean: Cleaned) -> tuple[str, ...]:
    """The one or two texts to embed for a ticket: subject and body weigh the same when both carry content."""
    return tuple(text for text in (clean.subject, clean.body) if text) or ("",)


def combined(vectors: Vectors, sizes: Sequence[int]) -> Vectors:
    """One unit row for each ticket from the rows of its passages; `sizes` tells how many each has."""
    if not sizes:
        return np.zeros((0, vectors.shape[1] if vectors.ndim == 2 else 0), dtype=np.float32)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    summed = np.add.reduceat(vectors.astype(np.float64), starts, axis=0)
    lengths = np.linalg.norm(summed, axis=1, keepdims=True)
    return (summed / np.where(lengths > 0, lengths, 1)).astype(np.float32)


def _cleaned(subject: str, sentences: Sequence[str], uses: Counter[str], common: float) -> Cleaned:
    # The rarest sentence always stays: a ticket is never left without words.
    own = [s for s in sentences if uses[_key(s)] < common] or sorted(sentences, key=lambda s: (uses[_key(s)], -len(s)))[
        :1
    ]
    body = " ".join(own)
    kept = "" if _USELESS.match(subject) or _again(subject, body) else subject.strip()
    if not kept and not _WORD.search(body):
        kept = subject.strip()
    return Cleaned(kept, body, ((kept, *own) if kept else tuple(own)))


def _again(subject: str, body: str) -> bool:
    """Does the body begin with the subject? Then it would count twice."""
    said = _key(re.sub(r"^(?:(?:re|fw|fwd|aw)\s*:\s*)+", "", subject, flags=re.I))
    return bool(said) and _key(body).startswith(said.rstrip(" .…"))


def _key(sentence: str) -> str:
    """A sentence in lower case with its digits masked: "Ref 548169" and "Ref 1" are the same boilerplate."""
    return re.sub(r"\d+", "0", sentence.lower()).strip(" .!?,")


def _own_lines(body: str) -> str:
    """The latest mail of a thread without quotes, signature and footer; the whole body when nothing would be left."""
    text = _latest(body) if "\n" in body else body
    lines = list(_kept(text.split("\n")))
    own = "\n".join(lines).strip()
    return own if _WORD.search(own) else body.strip()


def _latest(body: str) -> str:
    """mail-parser-reply knows how mail clients of many languages open a quote; its answer counts if it is verbatim."""
    replies = _PARSER.read(body).replies
    text = str(replies[0].body).strip() if replies else ""
    return text if _WORD.search(text) and text in body else body


def _kept(lines: Sequence[str]) -> Iterator[str]:
    said = False
    for i, line in enumerate(lines):
        if not said and _GREETING.match(line):
            continue
        if said and (_FOOTER.match(line) or _signs_off(lines, i) or _forwarded(lines, i)):
            return
        if _QUOTED.match(line) or _FOOTER.match(line):
            continue
        said = said or bool(_WORD.search(line))
        yield line


def _signs_off(lines: Sequence[str], i: int) -> bool:
    """A sign-off ends a mail when little follows: a name, a title, an address."""
    rest = [line for line in lines[i + 1 :] if line.strip()]
    return bool(_SIGN_OFF.match(lines[i])) and (len(rest) <= 8 and all(len(line) < 90 for line in rest[:3]))


def _forwarded(lines: Sequence[str], i: int) -> bool:
    """Two header lines in a row open a forwarded mail."""
    return bool(_HEADER.match(lines[i])) and i + 1 < len(lines) and bool(_HEADER.match(lines[i + 1]))


def _sentences(text: str) -> list[str]:
    """Pieces that end where a sentence, a paragraph or a list item ends; a wrapped line does not end one."""
    pieces = (piece.strip() for part in _END.split(text) for piece in _lines(part or ""))
    return [piece for piece in pieces if _WORD.search(piece)]


def _lines(part: str) -> list[str]:
    """A line break inside a sentence is a wrap when the line is long and the next goes on in lower case."""
    lines = part.split("\n")
    joined = lines[:1]
    for line in lines[1:]:
        if len(joined[-1].rsplit("\n", 1)[-1]) > 45 and line[:1].islower():
            joined[-1] += f"\n{line}"
        else:
            joined.append(line)
    return joined
