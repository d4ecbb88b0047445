"""When the grammar of a phrase is beyond doubt. Half of the English nouns are verbs, too: a wrong guess is laughed at.

A phrase that is not sure loses nothing: its words are shown as they stand, behind "Fix this:" or "I want this fixed".
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.synthesis import english as en

_JOINS = frozenset("of for in on to from with at per by and or between without after before during via into".split())
_LINKS = en.DETERMINERS | en.POSSESSIVES


def noun_phrase(words: Sequence[str], *, announced: bool = False) -> bool:
    """Nothing but nouns and what belongs to them: "duplicate invoice emails", "fees for transfers".

    `announced`: words before it said that a thing follows ("we need ..."), so that its first word can be no verb.
    """
    low = [w.lower() for w in words]
    if not low or low[0] == "no" or not _head(low[-1]):
        return False
    if not announced and _commands(low):
        return False
    strange = sum(not en.is_known(w) and words[i].islower() for i, w in enumerate(low))
    return strange <= max(1, len(low) // 3) and all(_fits(low, i) for i in range(len(low)))


def _head(low: str) -> bool:
    if low in en.CLOSED or low in en.ADVERBS:
        return False
    return (bool(en.lemmas(low, "NOUN")) and not en.is_adjective(low)) or (not en.is_known(low) and not low.isdigit())


def _commands(low: Sequence[str]) -> bool:
    """ "Transfer money", "export to PDF": an order, if it is one; a single word, or "card fees", is a thing."""
    first, after = low[0], low[1] if len(low) > 1 else ""
    return en.is_base(first) and (not en.is_noun(first) or len(low) == 2 or after in en.CLOSED | en.ADVERBS)


def _fits(low: Sequence[str], i: int) -> bool:
    word, before, after = low[i], low[i - 1] if i else "", low[i + 1] if i + 1 < len(low) else ""
    if word in _JOINS:
        return bool(before and after) and before not in _JOINS | _LINKS
    if word in _LINKS:
        return i == 0 or before in _JOINS  # "money left the account" is a clause
    if word in en.CLOSED | en.ADVERBS:
        return False
    if en.lemmas(word, "NOUN") or not en.is_known(word):
        return not (word in en.VERBS_AFTER_A_NOUN and before and before not in _JOINS | _LINKS)
    leads = bool(after) and after not in _JOINS | _LINKS
    if en.is_adjective(word) or en.is_participle(word):
        return leads
    return en.is_gerund(word) and (leads or i == 0)


def statement(subject: Sequence[str], predicate: Sequence[str]) -> bool:
    """Is that surely who, and this surely what they do or are?"""
    low = [w.lower() for w in predicate]
    return noun_phrase(subject, announced=True) and _verb(low) and not _two_verbs(low)


def _verb(low: Sequence[str]) -> bool:
    first, then = low[0], low[1] if len(low) > 1 else ""
    if en.base(first) in en.WISHES:
        return False
    if first in en.BE | en.HAVE | en.DO | en.MODALS | {"never"}:
        return bool(then)
    if en.base(first) in en.VERBS_AFTER_A_NOUN and (en.is_finite(first) or en.is_base(first)):
        return en.is_past(first) or not en.is_participle(first)
    return not en.is_noun(first) and (en.is_past(first) or not en.is_participle(first))


def _two_verbs(low: Sequence[str]) -> bool:
    """Another finite verb of the same clause: then the first one was none, or a clause was run into the next."""
    for i in range(2, len(low)):
        if low[i] in en.QUESTIONS or low[i] in {"if", "after", "before", "while", "as", "although", "because"}:
            return False
        if low[i] in (en.BE - {"be", "been", "being"}) | (en.DO - {"do"}) and low[i - 1] not in en.PREPOSITIONS:
            return True
    return False


def whole_question(low: Sequence[str]) -> bool:
    """Does what is asked have its verb? "see what interest the mortgage" has lost it."""
    for i, word in enumerate(low):
        if word in {"what", "which", "who", "how"}:
            tail = low[i + 1 :]
            verbs = (en.BE | en.HAVE | en.DO | en.MODALS | {"to"}).intersection(tail)
            return bool(verbs) or any(map(_surely_verb, tail))
    return True


def _surely_verb(word: str) -> bool:
    return bool(en.lemmas(word, "VERB")) and (not en.is_noun(word) or en.base(word) in en.VERBS_AFTER_A_NOUN)


def _told(low: Sequence[str]) -> list[str]:
    """A predicate behind its auxiliaries."""
    return [w for w in low[1:] if w not in en.ADVERBS and w not in {"not", "being", "been"}]


def passive(low: Sequence[str]) -> bool:
    """ "was charged", "is being billed", "got locked out" """
    rest = _told(low)
    return low[0] in en.BE | en.HAVE | {"got", "get", "getting"} and bool(rest) and en.is_participle(rest[0])


def acts(low: Sequence[str]) -> bool:
    """ "was sent twice", "is loading": something happens; "is cold", "was too high", "has a typo": something is so."""
    if low[0] in en.BE or (low[0] in en.HAVE and low[1:2] == ["been"]):
        rest = _told(low)
        return bool(rest) and (en.is_gerund(rest[0]) or (en.is_participle(rest[0]) and not en.is_adjective(rest[0])))
    return not (low[0] in en.HAVE and not en.is_participle(low[1] if len(low) > 1 else "")) and low[0] not in en.MODALS
