"""A sentence without what only its own ticket has: codes, dates, durations, amounts, places.

"Promo code WELCOME10 does not work" names one ticket's code; the theme is of promo codes. Nothing is put in, only left
out, and only where the sentence goes on to be one.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_UNITS = (
    r"(?:%|percent|secs?|seconds?|mins?|minutes?|hours?|hrs?|h|days?|nights?|weeks?|months?|years?|times|km|miles"
    r"|eur|euros?|usd|gbp|dollars?|pounds?|€|\$|£)"
)
_ABOUT = r"(?:about|around|over|almost|nearly|only|more than|at least|up to|the last|the past|last|past)"
_PREPOSITION = r"(?:in|to|from|at|with|on|for|into|between|near|via|of|after|within|since|until|by)"
_FEW = r"(?:a|two|three|four|five|six|seven|eight|nine|ten|several|a few|some)"
_CLOCK = r"(?:\d{1,2}[/.-]\d{1,2}(?:[/.-]\d{2,4})?|\d{1,2}(?::\d\d)?\s?(?:am|pm|o'clock))"
_DAY = (
    r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|January|February|April|June|July|August|September|October|November"
    r"|December"
)
_ENDS = (  # what may follow, so that the rest is still a clause
    r"(?=\s*(?:$|[.,;:!?()\n])|\s(?:and|but|or|when|if|while|after|before|because|although|is|are|was|were|has|have|had"
    r"|do|does|did|can|cannot|could|will|would|not|never|in|on|at|to|from|with|for|since|by|between|as|so|now|again|only)\b)"
)
_SPECIMENS = (
    # "for 20 minutes", "after more than 3 weeks", "4.90 EUR"
    re.compile(
        rf"\s(?:{_PREPOSITION}\s)?(?:{_ABOUT}\s)?[$€£]?(?:\d[\d.,:]*\s?|{_FEW}\s){_UNITS}(?:\s(?:now|ago|already))?{_ENDS}",
        re.IGNORECASE,
    ),
    # "for 2/20 at 8 pm"
    re.compile(rf"\s(?:{_PREPOSITION}\s)?{_CLOCK}{_ENDS}", re.IGNORECASE),
    # "error 403", "order #4711": the number goes, its noun stays
    re.compile(rf"\s(?:with|by)\s(?:an?\s|the\s)?(?:error|code|message)\s(?:code\s)?#?\d{{1,5}}{_ENDS}", re.IGNORECASE),
    re.compile(rf"(?<=\w)\s#?\d{{2,}}(?=[\s.,;:!?]|$)(?!\s?(?:of\b|x\b|{_UNITS}|\w+s\b))"),
    # "WELCOME10", "BA287", "LHRBA12345"
    re.compile(r"(?<=\w)\s#?(?=[\w-]*[A-Z])(?=[\w-]*\d{2})[A-Z0-9][\w-]{3,}\b"),
    # "since Friday", "on Monday morning"
    re.compile(
        rf"\s(?:since|on|until|for|this|last|next|every|from|in)\s(?:last\s)?(?:{_DAY}|yesterday|today|tomorrow|week|month|year)"
        rf"(?:\s(?:morning|afternoon|evening|night))?{_ENDS}",
        re.IGNORECASE,
    ),
    # "in Lisbon", "with HSBC", "to New York"
    re.compile(rf"(?<=[a-z])\s(?:in|to|from|at|with|on|into|near|via)\s(?:[A-Z][\w'’-]+)(?:\s[A-Z][\w'’-]+)*{_ENDS}"),
    # "miles from October flight"
    re.compile(rf"\b(?:{_DAY})\s(?=[a-z])"),
)
_WORD = re.compile(r"[^\W_][\w'’-]*")
_PLAIN = frozenset(  # of a piece's words, those that tell nothing of whose it is
    "in to from at with on for into between near via of after within since until by about around over almost nearly"
    " only more than least up the last past now ago already a an and error code message this next every morning"
    " afternoon evening night am pm percent sec secs second seconds min mins minute minutes hour hours hr hrs h day"
    " days nights week weeks month months year years times km miles eur euro euros usd gbp dollar dollars pound pounds"
    " two three four five six seven eight nine ten several few some".split()
)


def general(sentence: str, shared: Callable[[str], bool]) -> str:
    """The sentence without the particulars of which no word is `shared` by its theme's tickets."""
    for pattern in _SPECIMENS:
        sentence = pattern.sub(lambda m: m[0] if _kept(m[0], shared) else "", sentence)
    return sentence.lstrip()


def _kept(piece: str, shared: Callable[[str], bool]) -> bool:
    telling = [w.lower() for w in _WORD.findall(piece) if w.lower() not in _PLAIN]
    return any(map(shared, telling))
