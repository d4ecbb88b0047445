"""Bug, request or how-to: what most customers of a theme are asking for."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from bot.domain import Kind
from bot.synthesis.rules import DEFAULT_SEVERITY_RULES
from bot.synthesis.severity import tells

_WORST = DEFAULT_SEVERITY_RULES[0]  # what tells of a breach, of lost data or money tells of a fault
_THING = (
    r"(?:mode|option|feature|integration|setting|theme|shortcuts?|plugin|webhook|button|support for|export|import to"
    r"|seat|role|filter|view|field|column)"
)
_GOOD = r"(?:nice|great|good|helpful|useful|lovely|handy|awesome|amazing|cool|perfect|ideal|fantastic)"
_DO = r"(?:change|edit|choose|pick|set|sort|pause|split|merge|hide|turn|move|filter|add|export|schedule)"
_REQUEST = re.compile(
    rf"\b(?:feature request|(?<!what )would be (?:really |very |so )?{_GOOD}(?: if| to|\W*$)"
    rf"|(?:want|need|love|like|miss) (?:an? |the )?(?:\w+ ){{0,2}}{_THING}\b|{_THING}(?: \w+){{0,4}} (?:please"
    rf"|pls|plz)\b"
    rf"|please (?:make|allow (?:us|me|users))|(?<!t )(?<!to )let (?:us|me|users|people) {_DO}\b|wish(?:es)? ?:"
    rf"|enhancement|it(?:['’]?d| would| would['’]?ve) (?:really )?be (?:\w+ )?{_GOOD}"
    r"|(?:please|pls|could you|can you|would you)(?: please)? (?:add|support|implement|introduce"
    r"|consider|build|enable|bring|make it possible)|(?:would|i['’]?d|we['’]?d) (?:really )?(?:love"
    r"|appreciate)|would (?:really )?help (?:me|us)\b|(?:would|['’]d) like to (?:see|be able)\b"
    r"|any plans|on (?:your|the) roadmap|roadmap|wish (?:there|we|i|you|it|the|this|that|my|our)\b"
    r"|would save (?:me|us)|make it possible to|support for|ability to"
    r"|option to|missing feature|do you plan|are you planning|planning to (?:add|support)|suggestion"
    r"|suggest(?:ing)? (?:that|adding|you)"
    r"|(?:no|isn['’]?t (?:a|any)|is there (?:a|any)) (?:way|option|setting) to (?:schedule|automate"
    r"|customi[sz]e|bulk)|(?:upvote|\+1) )",
    re.IGNORECASE,
)
_BUG = re.compile(
    r"\b(?:bug|drains?|too (?:much|slow|many|long|late|often)|spamm(?:ing|ed)|damaged|errors?(?!-free)|fail\w*"
    r"|crash\w*|broken|breaks?|broke|not? (?:work\w*|load\w*|show\w*|sav\w*|sync\w*|updat\w*|arriv\w*|receiv\w*"
    r"|appear\w*|respon\w*)|(?:does|did|is|was|are|were|has|have|do|wo|ca|could)(?:n['’]?t| not)\b|will not|cannot"
    r"|can not|not (?!being\b|including\b|using\b)\w{3,}ing|no (?:sound|audio|picture|signal|connection|reaction"
    r"|response|answer|reply|code|reminder|sms|text message|confirmation|notification)s?|stuck|stopped|wrong\w*"
    r"|incorrect\w*|missing|disappear\w*|vanish\w*|gone|lost|loses|losing|twice|two times|three times|double"
    r"|duplicat\w*|declined|rejected|refused|denied|pending|time[sd]? ?-?out|timing out|timeouts?|timeout|hang\w*"
    r"|hung|freez\w*|fro[sz]en?|slow\w*|delay\w*|late|never (?:arriv\w*|c[ao]me\w*|g[eo]t\w*|receiv\w*|reach\w*"
    r"|show\w*|finish\w*|load\w*|open\w*|appear\w*|work\w*)|unable|fault\w*|glitch\w*|corrupt\w*|garbled|expired?"
    r"|expires|logged out|kicked out|greyed out|grayed out|blank|(?:stays?|goes|went|turns?|turned) (?:black|white"
    r"|dark|empty)|(?:calls?|connections?|visits?|sessions?|lines?|streams?) (?:\w+ )?(?:drop\w*|cuts?"
    r"|disconnect\w*)|disconnect(?:s|ed)|jump(?:s|ed) (?:back|around)|spin(?:s|ning) (?:for|and|all)|stand(?:s"
    r"|ing)? still|for ?ever|take[sn]? (?:\w+ )?(?:minutes|hours|days|ages|\d+ ?(?:s|secs?|seconds|mins?|minutes"
    r"|hours))|differs? (?:every|each|from)|off by|used to (?:be|work)|(?:you|they|rider|driver|courier"
    r"|restaurant) forgot|incomplete|not (?:included|there|delivered)|(?:arriv\w+|delivered|came|come|was"
    r"|is) (?:\w+ ){0,2}(?:cold|lukewarm|soggy|damp|melted|smashed|unusable)|unauthori[sz]ed|fraud\w*|stolen|charged"
    r"|overcharged|mismatch|still (?:no|not|waiting|pending|hasn|haven|don)|no longer|why (?:is|are|was|were|did"
    r"|does|do|has|have|am|can|isn|doesn|won|hasn|haven|can['’]?t)|500|403|404|502|503|504|(?:geht|kommt"
    r"|funktioniert|stimmt|l[äa]dt|wird|bewegt sich)\b(?:\W+\w+){0,3}?\W+nicht|fehl(?:t|en|te|ten|er)|falsch\w*"
    r"|kaputt|doppelt|nicht m[öo]glich|(?:war|kam)\b(?:\W+\w+){0,2}?\W+kalt|no (?:me )?(?:lleg[aóo]|funciona|carga"
    r"|abre)|faltaba?n?|lleg[óo] fr[íi][ao]|ne (?:marche|fonctionne|charge|s['’]ouvre) (?:pas|plus)|en panne)\b",
    re.IGNORECASE,
)
# What a thing or somebody else did or does: a verb behind a subject, told from a plural by what follows. What one did
# oneself ("I moved to Leeds") is the start of a question.
_TELLS = re.compile(
    r"\b(?:is|are|was|were|keeps?|shows?|says?|gets?|got|since|after)\b|(?<!\bi )(?<!\bwe )\b(?:went|came|took|broke"
    r"|threw|swore|gave|fell|kept|shut|told|said|sent)\b"
    r"|\w (?<!\bi )(?<!\bwe )(?<!\bthe )(?<!\bmy )(?<!\ban )(?<!\ba )(?!need|want|requir|request|interest|attach"
    r"|relat|includ)[a-z]{2,}ed (?:itself|at|the|an?|my|our|me|us|him|her|them|to|on|off|out|back|up|down|by|again"
    r"|when|and|with|\w+ty|\d+)\b|\w (?<!\bto )[a-z]{2,}[^s\W]s (?:me|us|the|an?|as|itself|nothing|another|my|our"
    r"|your|his|her|their|out|off|back)\b|\b(?:down|up) instead of (?:up|down)\b|\b(?:seconds|minutes|hours"
    r"|days) (?:behind|early)\b|\ban hour early\b",
    re.IGNORECASE,
)
_ASKING = re.compile(
    r"^\W*(?:how|what|when|where|which|who|can|could|may|do|does|is|are|am|will|would|should|did|have"
    r"|has)\b|\?\s*$|\b(?:how (?:do|can|to|would|should|long|much|many)|what (?:is|are|do|should"
    r"|does)|is it possible|am i able|wondering|tell me|where (?:can|do|is)|can (?:i|we)|need to know"
    r"|like to know|explain)\b",
    re.IGNORECASE,
)


def kind_of(text: str) -> Kind:
    """One ticket's own words -> its kind. A question about something broken is a bug; an order is a how-to."""
    if _REQUEST.search(text):
        return Kind.REQUEST
    if _BUG.search(text) or tells(_WORST, text):
        return Kind.BUG
    return Kind.HOW_TO if _ASKING.search(text) else Kind.BUG if _statement(text) else Kind.HOW_TO


def _statement(text: str) -> bool:
    """Whether something is told, as in "import skipped forty rows", and not just named: "price for ten seats"."""
    return _TELLS.search(text) is not None


def kind(texts: Sequence[str]) -> tuple[Kind, float]:
    """The kind of most, and their share; a tie goes to the worse one (bug, then request)."""
    votes = Counter(kind_of(t) for t in texts)
    order = (Kind.BUG, Kind.REQUEST, Kind.HOW_TO)
    most = max(order, key=lambda k: (votes[k], -order.index(k)))
    return most, votes[most] / max(1, len(texts))
