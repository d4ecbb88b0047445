"""A ticket's own words: without greeting, signature, footer, quote and template; nothing is reworded."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from inscriptis import get_text
from numpy.typing import NDArray

from bot.ports import Vectors
from bot.synthesis.mail import ended, greeting, own_spans, signing_off
from bot.synthesis.sentences import sentences

_READ = 20_000  # characters of a body: a problem is told long before that, and a pasted log must not cost minutes
_EMBEDDED = 500  # characters of those: a problem is told first; more changed no score on long complaints, and costs
_REPEATS, _REPEAT_SHARE = 3, 0.015  # a sentence in so many tickets is a template's, not a person's
_A_SENTENCE = 5  # words
_SEAMED = 400  # characters of a sentence without a stop in which a template is looked for
_HTML = re.compile(r"</(?:p|div|span|td|li|a|b|i|strong|em|html|body|blockquote|h[1-6])\s*>|<br\s*/?>", re.IGNORECASE)
_PREFIX = re.compile(
    r"\s*(?:(?:re|fwd?|aw|wg|tr|rv|sv|vs|antw)\s?(?:\[\d{1,4}\])?\s?:"
    r"|\[[^\]]{1,40}\]|\(?(?:ticket|case|request|ref)\s?#?\s?\d{1,12}\)?\s?[:–-]?)\s*",
    re.IGNORECASE,
)
_EMPTY_WORDS = (
    "a an the quick general another my your our urgent urgente urgently very important new need needed please some more"
    " customer product technical account help helping question questions query queries issue issues problem problems"
    " trouble support request requests requested inquiry enquiry assistance assist required ticket"
    " case asap hi hello hey"
    " no subject none null untitled info information follow up followup update message mail email"
    " conversation from test"
    " feedback contact form with frage fragen hilfe anfrage anliegen dringend problem problème aide"
    " demande ayuda consulta"
    " pregunta n na re fw fwd"
)
_USELESS = frozenset(_EMPTY_WORDS.split())
_COURTESY = frozenset(
    "thank thanks you your very much so in advance for help helping please kindly advise let me us"
    " know if need needed needs"
    " any anyone someone some more further additional information info details question questions"
    " asap urgent urgently quite"
    " really soon as possible get back to today tomorrow now sorry bother bothering trouble this was"
    " is are be it that asked"
    " before already look looking forward hear hearing from appreciated appreciate greatly kind support team assist"
    " assistance can could would will anyone the a an i we my our at earliest convenience attached"
    " attachment screenshot"
    " screenshots see below above have has of and or on with time response reply great day nice"
    " weekend happy provide here"
    " there update hope well doing find finds everything".split()
)
_SEAM = re.compile(r"(?<=\w)\s+(?=[A-Z])")
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What a person wrote. `subject` is "" when it says nothing, or only what the body says again.

    `sentences` are verbatim pieces of the ticket (of an HTML body: of the text a person saw), the subject first.
    """

    subject: str
    body: str
    sentences: tuple[str, ...]


def cleaned(texts: Sequence[tuple[str, str]]) -> list[Cleaned]:
    """(subject, body) of every ticket of the batch -> their own words, in order.

    The whole batch is looked at: a sentence that stands word for word in many tickets is a template's. A ticket that
    had words keeps some.
    """
    subjects = [_said(subject) for subject, _ in texts]
    bodies = [_own_sentences(body) for _, body in texts]
    template = _templates(subjects, bodies)
    own = [_without(template, body) or body[-1:] for body in bodies]
    return [_one(*ticket) for ticket in zip(subjects, own, (body for _, body in texts), strict=True)]


def passages(ticket: Cleaned) -> tuple[str, ...]:
    """The one or two texts to embed for a ticket."""
    return tuple(text for text in (ticket.subject, ticket.body[:_EMBEDDED]) if text) or ("",)


def combined(vectors: Vectors, sizes: Sequence[int]) -> Vectors:
    """One unit row for each ticket: the mean of its passages' rows; `sizes` tells how many each has, in order.

    Half subject, half body: a subject that carries content says the problem in short, and a long body would drown it.
    """
    if not len(sizes):
        return np.zeros((0, vectors.shape[1] if vectors.ndim == 2 else 0), dtype=np.float32)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    total: NDArray[np.float64] = np.add.reduceat(vectors.astype(np.float64), starts, axis=0)
    length = np.linalg.norm(total, axis=1, keepdims=True)
    return np.asarray(total / np.where(length > 0, length, 1), dtype=np.float32)


def _own_sentences(body: str) -> list[str]:
    """The sentences that its writer wrote; those of the whole text where all of it looks like furniture."""
    text = _as_seen(body.lstrip()[:_READ])
    own = [s for start, end in own_spans(text) for s in _worded(text[start:end])]
    own = own[: len(own) - signing_off(own)]
    return [*own[:-1], *(s[: ended(s)] for s in own[-1:])] or _worded(text) or [text.strip()][: bool(text.strip())]


def _worded(text: str) -> list[str]:
    return [s for s in sentences(text) if _WORD.search(s)]


def _as_seen(body: str) -> str:
    """An HTML body as text, any other as it is. One "<br>" in prose is a customer's word and no document."""
    if len(_HTML.findall(body)) < 2:
        return body
    return str(get_text(body)).strip() or body


def _said(subject: str) -> str:
    """The subject without "Re:", "[External]", "Ticket #12:" and "Hi,"; "" when what remains says nothing."""
    rest = subject[:1000].strip()
    while (prefix := _PREFIX.match(rest)) and prefix.end() < len(rest):
        rest = rest[prefix.end() :]
    rest = rest[greeting(rest) :].strip()
    words = {word.lower() for word in _WORD.findall(rest) if not word.isdigit()}
    return "" if words <= _USELESS else rest


def _templates(subjects: Sequence[str], bodies: Sequence[Sequence[str]]) -> frozenset[str]:
    """Keys of the sentences that many tickets share. What is somebody's whole ticket is never one of them."""
    uses = Counter(key for body in bodies for key in {folded(s) for s in body})
    whole = {folded(body[0]) for body in bodies if len(body) == 1} | {folded(s) for s in subjects}
    most = max(_REPEATS, _REPEAT_SHARE * len(bodies))
    return frozenset(key for key, n in uses.items() if n >= most and key not in whole)


def _without(template: frozenset[str], body: Sequence[str]) -> list[str]:
    """What is left of a body without templates, and without what only asks for help or gives thanks."""
    return [_unglued(template, s) for s in body if not _says_nothing(template, s)]


def _says_nothing(template: frozenset[str], sentence: str) -> bool:
    key = folded(sentence)
    return key in template or _COURTESY.issuperset(key.split())


def _unglued(template: frozenset[str], sentence: str) -> str:
    """The sentence up to the template that follows it: "please reset my pin Sent via the web form" has no stop."""
    for seam in list(_SEAM.finditer(sentence[:_SEAMED]))[:20]:
        if _says_nothing(template, sentence[seam.end() :]):
            return sentence[: seam.start()]
    return sentence


def folded(text: str) -> str:
    """Texts that differ only in numbers, case and marks have the same one."""
    return " ".join(_WORD.findall(re.sub(r"\d+", "0", text.lower())))


def _one(subject: str, own: Sequence[str], written: str) -> Cleaned:
    body = " ".join(own)
    kept = "" if own and _says_again(folded(subject), folded(body), folded(written[:_READ])) else subject
    return Cleaned(kept, body, (kept, *own) if kept else tuple(own))


def _says_again(subject: str, body: str, written: str) -> bool:
    """Many subjects are the body's first words, or some of its sentences."""
    sentence = len(subject.split()) >= _A_SENTENCE
    return f"{body} ".startswith(f"{subject} ") or (sentence and f" {subject} " in f" {written} ")
