"""What mail programs, help desks and manners put around a person's own words, line by line.

Own rules, not a reply parser: mail-parser-reply 1.36 needs 5 ms for a ticket of 200 words, is quadratic in a text that
repeats "On a b c", and gives back the header alone when a customer forwards a mail (all measured). Every rule here
looks at one line of bounded length.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_LONGEST = 240  # a line longer than this is prose; no furniture pattern is tried on it (and none can blow up)
_LEFT = 1  # word that a sentence keeps when a goodbye is cut off it
_ENOUGH = 4  # words above a quoted mail that make what is below it somebody else's; "FYI, see below" does not

_WHO = (
    r"(?:\s+(?:there|all|everyone|everybody|folks|guys|team|support|customer|service|help|desk|sir"
    r"|madam|or|and|[A-Z][\w.'’-]{1,20}|\[NAME_\d+\])){0,4}"
)
_GREETING = re.compile(
    r"\s*(?:(?i:hi|hello|hey|hiya|howdy|greetings|dear|good\s+(?:morning|afternoon|evening|day)"
    r"|to\s+whom\s+it\s+may\s+concern|hallo|guten\s+(?:tag|morgen)"
    r"|moin|servus|(?:sehr\s+)?geehrte[rs]?|liebe[rs]?|bonjour|bonsoir|salut|ch[eè]re?|madame"
    r"|monsieur|hola|buenos\s+d[ií]as|buenas(?:\s+tardes)?|estimad[oa]s?|ciao|buongiorno|salve"
    r"|gentile|beste|goedemorgen|goedemiddag|ol[áa]|bom\s+dia|hej|cze[śs][ćc]))" + _WHO + r"\s*(?:[,!:.;–—-]+|$)\s*",
)
_SIGN_OFF = re.compile(
    r"\s*(?:many\s+|kind\s+)?(?:thanks?(?:\s+(?:you|again|so\s+much|very\s+much|a\s+lot|a\s+million"
    r"|in\s+advance|and\s+(?:best\s+|kind\s+)?regards))*|thx|tia|cheers"
    r"|(?:all\s+the\s+)?best(?:\s+(?:regards|wishes))?"
    r"|(?:with\s+)?(?:kind(?:est)?|warm(?:est)?)\s+(?:regards|wishes)|regards|rgds|br|kr|sincerely"
    r"|respectfully|cordially|(?:yours|very)\s+(?:sincerely|truly|faithfully)(?:\s+yours)?"
    r"|(?:mit\s+)?(?:freundlichen?|besten?|herzlichen?|viele|liebe|sch[öo]ne)\s+gr(?:ü|ue|u)(?:ß"
    r"|ss)en?|mfg|vg|lg|(?:vielen|besten|herzlichen)\s+dank(?:\s+im\s+voraus)?|danke(?:\s+(?:schön"
    r"|im\s+voraus))?"
    r"|(?:bien\s+)?cordialement|merci(?:\s+(?:d['’]avance|beaucoup))?|bien\s+à\s+vous"
    r"|(?:un\s+)?(?:cordial\s+)?saludos?(?:\s+cordial(?:es)?)?"
    r"|(?:muchas\s+)?gracias(?:\s+de\s+antemano)?|atentamente"
    r"|(?:cordiali|distinti)\s+saluti|grazie(?:\s+mille)?|met\s+vriendelijke\s+groet(?:en)?|groetjes?"
    r"|bedankt|obrigad[oa]|atenciosamente|pozdrawiam)(?P<rest>.*)$",
    re.IGNORECASE | re.DOTALL,
)
# Who signs: nobody on this line, or up to four capitalised words, or what redaction left of them.
_SIGNED = re.compile(
    r"(?i:\s*[,.!;:–—-]*\s*(?:and\s+)?)(?:[^\W\d_a-z][\w.'’-]{0,20}[,]?\s*|\[NAME_\d+\]\s*|/\s*){0,4}[.!]?\s*$"
)
# Spreadsheets put a whole mail on one line. Within a line a greeting needs no comma, where the sentence goes on
# in lower case; and these goodbyes are words of the sentence, unless something ends before them ("what plan is best").
_HAIL = re.compile(
    r"\s*(?:(?i:hi|hey|hiya|hello|hallo|moin|hola)(?:\s+(?i:there|all|everyone|team|folks|guys|support)|\s+\[NAME_\d+\])?"
    r")\s+(?=[a-zäöüñéè]|(?:I|We|My|Our|The|Your)\b)"
    r"|\s*(?i:hi|hey)\s+[A-Z][a-z]{1,20}\s+(?=(?i:the|my|our|your|i|we|can|could|please|how|why|when|what|where|since|there)\b)"
)
_MAY_BE_MEANT = re.compile(r"(?:all\s+the\s+)?best\W*$|(?:br|kr|vg|lg|tia|sincerely)\b|best\s+(?=[A-Z])", re.IGNORECASE)
_ENDED = re.compile(r"(?:[.!?,;:)…\n]\s*|\s{2,}|\s[–—-]+\s*)$")
_TAKES_IT = re.compile(r"\b(?:no|say|said|saying|as|with|in|to|nein|kein|sans|sin)\s+$", re.IGNORECASE)
_BOAST = re.compile(
    r"\s*\b(?:Sent|Gesendet|Envoyé|Enviado|Inviato|Verzonden)\s+(?:from|via|von|depuis|de|desde|da|vanaf)\s+(?:\w+\s+){0,2}"
    r"(?:iPhone|iPad|Android|Samsung|Galaxy|BlackBerry|Huawei|Pixel|Outlook|Mail|mobile|phone|Handy|Mobiltelefon)"
    r"(?:\s+\w+){0,4}[.!]?\s*$"
)
_DASHES = re.compile(r"\s*(?:--|—|__+|\*{5,}|={5,}|-{5,})\s*$")
_DEVICE = re.compile(
    r"\s*(?:(?:sent|gesendet|envoy[ée]|enviado|inviato|verzonden|verstuurd|skickat)\s+(?:from|via"
    r"|with|using|von|mit|de(?:puis)?|desde|da|vanaf|met)\s+.{2,60}|get\s+outlook\s+for\s+\w+.{0,60}"
    r"|von\s+meinem\s+.{2,30}\s+gesendet|outlook\s+für\s+\w+\s+beziehen"
    r"|télécharge[rz]\s+outlook.{0,40}|obtener\s+outlook.{0,40})$",
    re.IGNORECASE,
)
_LEGAL = re.compile(
    r"\b(?:this|the)\s+(?:e-?mail|message|communication|transmission)\b.{0,80}\b(?:confidential"
    r"|intended|privileged|originated|legally)|\bintended\s+(?:recipient|addressee|only\s+for"
    r"|solely\s+for)"
    r"|\bconfidentiality\s+notice\b|\b(?:received\s+this\s+(?:e-?mail|message)\s+in\s+error)\b"
    r"|consider\s+the\s+environment\s+before|\bregistered\s+(?:office|in\s+england|number)\b"
    r"|\bcompany\s+(?:no|number|registration)\b"
    r"|\boriginated\s+(?:from\s+)?outside\b|\bdiese\s+e-?mail\s+enthält\b"
    r"|\bvertrauliche\s+.{0,40}informationen\b|\b(?:geschäftsführer|handelsregister|amtsgericht)\s*:?"
    r"|\bce\s+(?:message|courriel)\s+.{0,60}confidentiel"
    r"|^\W*(?:unsubscribe|manage\s+(?:your\s+)?preferences"
    r"|view\s+(?:this\s+email\s+)?in\s+(?:your\s+)?browser)\b[^?]{0,60}$|^\W*(?:disclaimer"
    r"|privileged\s+and\s+confidential|all\s+rights\s+reserved)\b",
    re.IGNORECASE,
)
_CONTACT = re.compile(
    r"\s*(?:(?:phone|tel(?:ephone|efon)?|mob(?:ile|il)?|cell|fax|office|direct|email|e-mail|mail|web"
    r"|website|skype|linkedin|[tmfpew])\s*[.:]?\s*)?(?:\+?[\d(][\d\s().\-/]{5,20}|\[(?:PHONE|EMAIL"
    r"|URL)_\d+\]"
    r"|(?:https?://|www\.)\S{3,120}|[\w.+-]{1,60}@[\w.-]{3,60})(?:\s*[|,·•/]\s*.{0,80})?$",
    re.IGNORECASE,
)
_ATTACHED = re.compile(
    r"\s*(?:\[(?:image|cid|inline|attachment)[^\]]{0,120}\]|<image\d+\.\w+>"
    r"|attachments?(?:\(s\))?:.{0,160}|!\[[^\]]{0,80}\]\([^)]{0,200}\))\s*$",
    re.IGNORECASE,
)
_WROTE = re.compile(
    r"[>\s]*(?:on\b.{4,200}\bwrote\s*:|am\b.{4,200}\bschrieb\b.{0,80}:|le\b.{4,200}\ba\s+écrit\s*:"
    r"|el\b.{4,200}\bescribió\s*:|il\b.{4,200}\bha\s+scritto\s*:|op\b.{4,200}\bschreef\b.{0,80}:"
    r"|em\b.{4,200}\bescreveu\s*:)\s*$",
    re.IGNORECASE | re.DOTALL,
)
_DIVIDER = re.compile(
    r"[>\s]*(?:[-_*=]{2,}\s*(?:original\s+message|forwarded\s+message|begin\s+forwarded|reply\s+above"
    r"|ursprüngliche\s+nachricht|originalnachricht|weitergeleitete\s+nachricht"
    r"|message\s+(?:d['’]origine|transféré)|mensaje\s+original).{0,60}"
    r"|begin\s+forwarded\s+message\s*:?|#{2}-.{0,80}reply\s+above.{0,40}|_{20,})\s*$",
    re.IGNORECASE,
)
_HEADER = re.compile(
    r"[>\s]*\*?(?:from|sent|to|cc|bcc|date|subject|reply-to|von|gesendet|datum|an|betreff|de|envoyé|à"
    r"|objet|date|para|enviado|asunto|fecha|da|inviato|oggetto|data|van|verzonden|aan"
    r"|onderwerp)\s?:\*?(?:\s|$)",
    re.IGNORECASE,
)
_PS = re.compile(r"\s*p\.?\s?s\.?\s*[:.–-]", re.IGNORECASE)
_RESUMES = re.compile(
    r"(?:\b(?:i|i'm|i've|we|we're|my|our|it|can|could|please|still|also|but|when|how|why|ich|wir|je"
    r"|nous|yo)\b)",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W_]+")


def own_spans(text: str) -> list[tuple[int, int]]:
    """Where the writer's own words stand: (start, end) in `text`, in order. Empty when all of it is furniture."""
    lines = text.splitlines(keepends=True)
    spans: list[tuple[int, int]] = []
    position, words, signed, top = 0, 0, False, True
    for i, line in enumerate(lines):
        start, position = position, position + len(line)
        bare = line.strip()
        if not bare or _is_furniture(bare):
            continue
        if _begins_quoted(lines, i):
            if words >= _ENOUGH:
                break
            signed, top = False, True  # below it stands what was forwarded: read it as a mail of its own
            continue
        if bare.startswith(">") or (_HEADER.match(bare) and _near_header(lines, i)):
            continue
        if words and (bare == "--" or _is_sign_off(bare)):
            signed = True
            continue
        if signed and not _resumes(bare):
            continue
        signed = False
        begin = start + (greeting(line) if top else 0)
        if begin < position and text[begin:position].strip():
            spans.append((begin, position))
            words += len(_WORD.findall(text[begin:position]))
            top = False
    return spans


def signing_off(sentences: Sequence[str]) -> int:
    """How many sentences at the end only say goodbye: "It fails. Thanks! Anna" ends in two."""
    named = len(sentences) > 2 and _SIGNED.match(sentences[-1][:_LONGEST]) is not None and _is_sign_off(sentences[-2])
    end = 2 if named else 0
    while end < len(sentences) - 1 and _is_sign_off(sentences[-1 - end]):
        end += 1
    return end


def ended(sentence: str) -> int:
    """Where a sentence's own words end, and a goodbye begins on the same line: "feed is down again cheers Rosa"."""
    boast = _BOAST.search(sentence, max(0, len(sentence) - 80))
    end = boast.start() if boast else len(sentence)
    for word in _WORD.finditer(sentence, max(0, end - 80), end):
        if _says_goodbye(sentence[: word.start()], sentence[word.start() : end]):
            end = word.start()
            break
    own = len(sentence[:end].rstrip(" \t\n,;–—-"))
    return own if len(_WORD.findall(sentence[:own])) >= _LEFT else len(sentence)


def _says_goodbye(before: str, tail: str) -> bool:
    meant = _MAY_BE_MEANT.match(tail) is not None and not _ENDED.search(before)
    return _is_sign_off(tail) and not meant and not _TAKES_IT.search(before)


def _is_furniture(bare: str) -> bool:
    """A line that says nothing wherever it stands: a device's boast, a footer, a phone number, a rule."""
    if len(bare) > _LONGEST:
        return bool(_LEGAL.search(bare[:_LONGEST])) and not _RESUMES.match(bare)
    return any(p.match(bare) for p in (_DEVICE, _CONTACT, _ATTACHED)) or bool(_LEGAL.search(bare))


def _is_sign_off(bare: str) -> bool:
    """ "Best, Anna" is one, "Thanks for the quick answer, but" is not."""
    if len(bare) > 80:
        return False
    if _DASHES.match(bare):
        return True
    said = _SIGN_OFF.match(bare)
    return said is not None and _SIGNED.match(said["rest"]) is not None


def _resumes(bare: str) -> bool:
    """Whether the writer speaks again below a sign-off: a postscript, or a sentence in the first person."""
    return bool(_PS.match(bare)) or (
        len(_WORD.findall(bare[:_LONGEST])) >= 6 and bool(_RESUMES.search(bare[:_LONGEST]))
    )


def _begins_quoted(lines: Sequence[str], i: int) -> bool:
    """ "On Tue, X wrote:" (also over two lines), "--- Original Message ---", or a block of mail headers begins here."""
    bare = lines[i].strip()
    if len(bare) > _LONGEST:
        return False
    over_two = (bare + " " + lines[i + 1].strip()) if i + 1 < len(lines) and len(lines[i + 1]) < _LONGEST else bare
    if _DIVIDER.match(bare) or _WROTE.match(bare) or (_WROTE.match(over_two) and not _WROTE.match(lines[i + 1])):
        return True
    return bool(_HEADER.match(bare)) and sum(bool(_HEADER.match(line[:_LONGEST])) for line in lines[i : i + 5]) >= 3


def _near_header(lines: Sequence[str], i: int) -> bool:
    """Whether this header line stands in a block of them; "To: field is empty" alone is a customer's sentence."""
    return any(_HEADER.match(line[:_LONGEST]) for line in (*lines[max(0, i - 1) : i], *lines[i + 1 : i + 2]))


def greeting(line: str) -> int:
    """How many characters at the start of a line are a greeting."""
    said = _GREETING.match(line[:_LONGEST]) or _HAIL.match(line[:_LONGEST])
    return said.end() if said else 0
