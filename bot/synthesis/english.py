"""English word forms: what a word can be, and how a verb becomes another form of itself.

The lexicon is lemminflect's (NIH Specialist lexicon, MIT). A word can be several things at once ("export"); which one
it is in a sentence is decided by `phrases`, from what stands before it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Iterable, Sequence
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

# Nouns as well, but read as verbs where they stand between a noun and the rest of a complaint ("the page loads ...").
# Of the others ("results", "reads", "minutes", "charges", "updates") nobody can tell without knowing the subject.
VERBS_AFTER_A_NOUN = frozenset(
    "take get keep come go say show need stay look hold make give find crash freeze hang stop drop jump load close lock"
    " lose break spin blink flash overheat drain leak display start begin end time skip forget disconnect flicker"
    " stall lag".split()
)
# Of these, a noun again where a preposition follows: "delivery times of", "bus stops in", "displays on".
_OBJECT_WANTED = frozenset("time stop start end display find hold look break make".split())
# Their past forms can be no passive: "the code expired" says what the code did, "the flight cancelled" does not.
INTRANSITIVE = frozenset(
    "stop fail expire disappear vanish crash arrive appear happen time jump quit die lapse occur stall reappear persist"
    " look seem stay remain".split()
)
# What somebody lacks or hopes for, no fault that could end.
WISHES = frozenset("need want require expect ask wish hope wait like prefer request".split())
# Things that the lexicon lacks, and that are no names.
THINGS = frozenset("app apps login logins wifi mic homepage username popup dropdown chatbot checkin signup".split())
# Verbs that the lexicon lacks.
_LATER = {form: verb for verb in ("sync", "resync") for form in (verb, f"{verb}s", f"{verb}ed", f"{verb}ing")}
_LATER_NOUNS = frozenset("sync syncs resync log logs".split())

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
    (re.compile(r"\b(what|where|how|that|there)s\b", re.IGNORECASE), r"\1 is"),
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
    if pos == "NOUN" and word in _LATER_NOUNS:
        return (word.removesuffix("s"),)
    if word in _LATER:
        return (_LATER[word],) if pos == "VERB" else ()
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


def acts_after_noun(word: str, after: str, particles: Container[str]) -> bool:
    """Of a word that is a noun, too, and stands behind one: is it the verb? `after`: the word that follows, or ""."""
    verb = base(word)
    if verb not in VERBS_AFTER_A_NOUN or after == "of" or (verb == "time" and after != "out"):
        return False
    return verb not in _OBJECT_WANTED or after in particles or after not in PREPOSITIONS


def is_past(word: str) -> bool:
    """Surely what the subject did, and no passive: "came", "froze", "expired"; not "cancelled", which can be both."""
    verbs = lemmas(word, "VERB")
    return any(word in _forms(v, "VBD") and (v in INTRANSITIVE or word not in _forms(v, "VBN")) for v in verbs)


def is_known(word: str) -> bool:
    """Does the lexicon know the word, as anything?"""
    return word in CLOSED or any(lemmas(word, pos) for pos in ("NOUN", "VERB", "ADJ", "ADV"))


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


def uses(tickets: Iterable[Sequence[str]]) -> Counter[str]:
    """stem -> in how many tickets it stands; a ticket is its sentences."""
    found: Counter[str] = Counter()
    for sentences in tickets:
        found.update({w for s in sentences for w in content(s)})
    return found
