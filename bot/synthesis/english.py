"""English word forms: what a word can be, and how a verb becomes another form of itself.

The lexicon is lemminflect's (NIH Specialist lexicon, MIT). A word can be several things at once ("export"); which one
it is in a sentence is decided by `phrases`, from what stands before it.
"""

from __future__ import annotations

import re
from functools import lru_cache

import lemminflect

DETERMINERS = frozenset("a an the this that these those some any every each all another no".split())
POSSESSIVES = frozenset("my our your his her its their".split())
SUBJECTS = frozenset("i we you he she it they".split())
FIRST_PERSON = frozenset("i we".split())
BE = frozenset("is are was were am be been being 's 're 'm".split())
HAVE = frozenset("has have had 've".split())
DO = frozenset("do does did".split())
MODALS = frozenset("can could will would shall should may might must 'll 'd".split())
NEGATIONS = frozenset("not n't never cannot".split())
ADVERBS = frozenset(
    "still always just now suddenly constantly also only already really even often sometimes again"
    " yet never ever currently "
    "actually randomly simply usually immediately keep keeps recently both all".split()
)
PREPOSITIONS = frozenset(
    "of in on at to for from with without by about into onto over under after before during between"
    " through via against "
    "per since until till within across as like than inside outside near off up down out when while"
    " if because although "
    "whenever once so and or but".split()
)
QUESTIONS = frozenset("how what when where which who whom whose why".split())
PRONOUNS = SUBJECTS | frozenset(
    "me us him them myself yourself itself mine yours ours someone anyone anything something nothing"
    " everything there".split()
)
CLOSED = DETERMINERS | POSSESSIVES | BE | HAVE | DO | MODALS | NEGATIONS | PREPOSITIONS | QUESTIONS | PRONOUNS
# What says nothing about a problem by itself, beyond the closed classes.
BLAND = frozenset(
    "please thanks thank hello hi hey team support help issue problem question need want like know"
    " get got getting make made "
    "use using used try tried trying way thing things work working time day today tell see look"
    " going go let able possible "
    "best new one two much many more most very lot too other same first last dear kindly regards best ok yes right "
    "sure figure happen happened happening happens find out people customer customers user users company explain show "
    "does doing done say says said would could should there here been being have has had will can may might".split()
)

_CONTRACTIONS = (
    (re.compile(r"\b(wan)na\b", re.IGNORECASE), "want to"),
    (re.compile(r"\b(gon)na\b", re.IGNORECASE), "going to"),
    (re.compile(r"\b(got)ta\b", re.IGNORECASE), "have to"),
    (re.compile(r"\b(can)('|’)?not\b|\bcan('|’)t\b|\bcant\b", re.IGNORECASE), "can not"),
    (re.compile(r"\bwon('|’)t\b|\bwont\b", re.IGNORECASE), "will not"),
    (
        re.compile(r"\b(do|does|did|is|are|was|were|has|have|had|could|would|should)n('|’)?t\b", re.IGNORECASE),
        r"\1 not",
    ),
    (re.compile(r"\b(i)('|’)m\b|\bim\b(?= )", re.IGNORECASE), "I am"),
    (re.compile(r"\b(what|where|how|who|that|it|there|here|he|she)('|’)s\b", re.IGNORECASE), r"\1 is"),
    (re.compile(r"\b(we|you|they)('|’)re\b", re.IGNORECASE), r"\1 are"),
    (re.compile(r"\b(i|we|you|they)('|’)ve\b|\b(i)ve\b(?= )", re.IGNORECASE), r"\1\3 have"),
    (re.compile(r"\b(i|we|you|they|he|she|it)('|’)ll\b", re.IGNORECASE), r"\1 will"),
    (
        re.compile(r"\b(i|we|you|they|he|she|it)('|’)d (?=like|love|prefer|want|be|appreciate)", re.IGNORECASE),
        r"\1 would ",
    ),
    (re.compile(r"\b(i|we|you|they|he|she|it)('|’)d\b", re.IGNORECASE), r"\1 had"),
)


def expanded(text: str) -> str:
    """Contractions written out, so that "can't", "cannot" and "can not" are one thing."""
    for pattern, full in _CONTRACTIONS:
        text = pattern.sub(full, text)
    return text


@lru_cache(maxsize=50_000)
def lemmas(word: str, pos: str) -> tuple[str, ...]:
    """The dictionary forms of a lower-case word as `VERB`, `NOUN`, `ADJ` or `ADV`; () when it can't be one."""
    found = lemminflect.getAllLemmas(word, upos=pos)
    return tuple(found.get(pos, ())) if found else ()


@lru_cache(maxsize=50_000)
def _forms(lemma: str, tag: str) -> tuple[str, ...]:
    return tuple(lemminflect.getInflection(lemma, tag=tag) or ())


def is_noun(word: str) -> bool:
    """Also true for a word that no lexicon knows: product names are nouns."""
    return bool(lemmas(word, "NOUN")) or not any(lemmas(word, p) for p in ("VERB", "ADJ", "ADV"))


def is_adjective(word: str) -> bool:
    return bool(lemmas(word, "ADJ"))


def is_base(word: str) -> bool:
    return word in lemmas(word, "VERB") and word not in CLOSED - {"do", "have", "be"}


def is_participle(word: str) -> bool:
    """Past participle: "declined", "sent", "stuck"."""
    return any(word in _forms(lemma, "VBN") for lemma in lemmas(word, "VERB"))


def is_gerund(word: str) -> bool:
    return word.endswith("ing") and bool(lemmas(word, "VERB"))


def is_finite(word: str) -> bool:
    """Third person or past: "fails", "failed"; what can follow a subject at once."""
    verbs = lemmas(word, "VERB")
    return any(word in _forms(v, "VBZ") or word in _forms(v, "VBD") for v in verbs) and word not in CLOSED


def base(word: str) -> str:
    """The infinitive of a verb form; the word itself when it is no verb."""
    verbs = lemmas(word, "VERB")
    return verbs[0] if verbs else word


def gerund(verb: str) -> str:
    """The -ing form of an infinitive, in the spelling of the lexicon ("log" -> "logging")."""
    forms = _forms(verb, "VBG")
    return forms[0] if forms else f"{verb}ing"


def past(verb: str) -> str:
    """The past tense of an infinitive: "get" -> "got"."""
    forms = _forms(verb, "VBD")
    return forms[0] if forms else verb


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """One form for all forms of a word, for counting in how many tickets it stands."""
    for pos in ("NOUN", "VERB", "ADJ"):
        found = lemmas(word, pos)
        if found:
            return found[0]
    return word


WORD = re.compile(r"[^\W_][\w'’./+&%#-]*[\w%+#]|[^\W_]|[$€£]\d[\d.,]*")


def content(text: str) -> list[str]:
    """The stems of the words that carry meaning, in order, with repeats."""
    words = (w.lower() for w in WORD.findall(text))
    return [stem(w) for w in words if w not in CLOSED and w not in BLAND and not w.isdigit() and len(w) > 1]
