"""A sentence -> its clauses, without address and politeness; a clause -> its words."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.synthesis import english as en

TOKEN = re.compile(r"\[[A-Z]+_\d+\]|[^\W_][\w'’./+&%#@-]*[\w%+#]|[^\W_]|[$€£]\d[\d.,]*")


_CLAUSE = re.compile(
    r"[.?!;:\n\r()\"“”|]+(?:\s|$)|\s[-–—>]+\s|\n|,\s"
    r"|\s(?:but|because|however|although|though|and then|so that|so i|and i|and we|and it|since|even though)\s",
    re.IGNORECASE,
)


# Mail is typed without full stops: a capital in mid-line that opens a sentence opens a clause.
_RUN_ON = re.compile(
    r"(?<=[a-z0-9]) (?=(?:Please|Let|Could|Can|Thanks|Thank|We|This|That|Sorry|Ref|It|Is|Are|Do|Does"
    r"|How|What|Why|When|Where|Any|Also|And|But|So|There|Hi|Hello|Sent|Get|Our|My|The|They|You|If)\b)"
)


_ADDRESS = re.compile(
    r"^(?:(?:hi|hello|hey|dear|good (?:morning|afternoon|evening|day)|thanks|thank you|ok|okay|so"
    r"|well|also|and|but|oh|um|yes|no(?=\s*[,.!])|"
    r"please|pls|plz|kindly|just|actually|unfortunately|currently|recently|today|now|then|again|anyway|hence|therefore|"
    r"urgent|question|quick question|feature request|request|bug|issue|problem|idea|suggestion|update"
    r"|re|fwd|fw)\b[\s,.:!-]*)+",
    re.IGNORECASE,
)


_ASKING = re.compile(
    r"^(?:(?:can|could|would|will) (?:you|u|someone|anyone|somebody|anybody) (?:please |kindly "
    r"|possibly )?(?:help me (?:to )?(?:understand|find out|figure out|see|know)|tell (?:me|us)"
    r"|explain(?: to (?:me|us))?|"
    r"let (?:me|us) know|advise(?: me| us)?(?: on)?|clarify|confirm|look into|check|find out"
    r"|help (?:me|us)(?: with| to| out with)?|assist (?:me|us)?(?: with| in)?|inform me"
    r"|walk me through)"
    r"|(?:please )?(?:tell (?:me|us)|explain(?: to (?:me|us))?|let (?:me|us) know|advise(?: me"
    r"| us)?(?: on)?|clarify|help (?:me|us)(?: with| to)?|help|assist with)"
    r"|i (?:would|want|need|had|'d)(?: like| love)? to (?:know|find out|understand|ask(?: you)?|learn"
    r"|see|check|inquire|enquire)(?: about)?|i (?:am|was) (?:just )?(?:wondering|curious"
    r"|asking)(?: about)?"
    r"|i (?:just )?wonder(?:ed)?|do (?:you|u) (?:happen to )?know|(?:do (?:you|u) have )?any idea"
    r"|i (?:do|did) not (?:understand|know|see|get)(?= (?:why|how|what|when|where|if|whether))"
    r"|(?:i|we) (?:think|believe|guess|noticed|notice|see|saw|found|find|feel|understand|hear"
    r"|heard)(?: that)? (?=(?:i|we|my|our|the|it|this|there|a|an|someone|somebody|no)\b)|it (?:seems"
    r"|looks|appears)(?: that| like| as if| as though)?|there is (?:a|an|some) (?:problem|issue"
    r"|bug)(?: with| in| where| when)?"
    r"|(?:i|we) (?:have|had|got|am having|are having|am facing|face|are facing|keep having"
    r"|am experiencing|are experiencing|have been having)(?: a| an| some| another)? (?:problems?"
    r"|issues?|trouble|difficult(?:y|ies)|questions?|concerns?)(?: with| about| regarding| in| on)?"
    r"|(?:i|we) need (?:some |your |a little )?(?:help|assistance|info|information|advice|support"
    r"|clarification)(?: with| on| about| regarding| to| in)?|(?:i am|we are|not"
    r"|am not) (?:quite )?(?:sure|certain)(?= (?:why|how|what|when|where|if|whether))"
    r"|what (?:is|was) the (?:reason|problem|issue|deal)(?: for| with| that| why)?"
    r"|what happened(?: to| with)?|how come|any (?:update|news|info|information)(?: on| about)?"
    r"|(?:is|are) there (?:a|any) reasons? (?:why|that|for)?|for some reason|as of (?:now|today)|the (?:problem"
    r"|issue) is(?: that)?)\b\s*,?\s*(?:that\s+(?=(?:i|we|my|our|the)\b))?",
    re.IGNORECASE,
)


def clauses(sentence: str) -> Iterator[str]:
    """The clauses of a sentence, without address and politeness."""
    parts = (piece for part in _CLAUSE.split(en.expanded(sentence)) for piece in _RUN_ON.split(part or ""))
    for part in parts:
        text = part.strip(" ,.-–—*•>\t")
        for _ in range(3):
            shorter = _ASKING.sub("", _ADDRESS.sub("", text)).strip(" ,.-")
            if shorter == text:
                break
            text = shorter
        if text:
            yield text


def quiet(clause: str) -> str:
    """A shouted clause in lower case; any other one as it is."""
    letters = [c for c in clause if c.isalpha()]
    shouting = len(letters) > 12 and sum(c.isupper() for c in letters) > 0.6 * len(letters)
    return clause.lower() if shouting else clause
