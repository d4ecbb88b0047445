"""Tickets that talk to a machine instead of to support. They are read alone, so that they can sway nothing but themselves.

No list knows every attack, and none has to: a model gets one JSON answer to give, indices of its own question are all
that it can name, and what it says is checked. Being flagged costs a ticket nothing but company.
"""

from __future__ import annotations

import re
import unicodedata

from bot.synthesis.reading.texts import visible

_ALL = (
    r"(?:all|any|every|each|these|those|the|following|above|other|remaining|rest|previous|prior|earlier|your|my|this)"
)
_THINGS = (
    r"(?:tickets?|messages?|rows?|items?|entries|requests?|cases?|groups?|themes?|clusters?|categor(?:y|ies)|labels?)"
)
_RULES = (
    r"(?:instructions?|prompts?|rules?|guidelines?|directions|directives?|guardrails?|restrictions?|context|system)"
)
_MARKS = (
    r"\b(?:erongi|tegrof|dragersid|metsys|stekcit|tekcit|puorg|emeht|snoitcurtsni|tpmorp|tnatsissa)\b",  # turned round
    r"(?:\b\w[\s._*|-]){14}",  # spelt letter by letter: nobody writes to support like that
    # taking back what was said before
    rf"\b(?:ignor\w*|disregard\w*|forget\w*|overrid\w*|overrul\w*|bypass\w*|skip\w*|supersed\w*|replac\w*|drop)\b"
    rf".{{0,40}}\b{_RULES}\b",
    rf"\b(?:new|updated|revised|real|actual|additional|hidden|secret|special|system|admin\w*|developer)\s+{_RULES}\b",
    r"\b(?:ignor\w*|disregard\w*|forget)\b.{0,30}\b(?:everything|above|before|previous|prior|earlier|said|told)\b",
    # playing another turn of the conversation
    r"(?:^|[\s\"'\[<{|#*])(?:system|assistant|user|developer|human|ai|model|tool|function)\s*(?:\]|>|\|>|:|\"\s*:|message|prompt)",
    r"<\|?/?\s*(?:im_start|im_end|system|sys|inst|endoftext|assistant|user|s|eot\w*|start\w*|end\w*)\b",
    r"\[/?(?:inst|sys|system|assistant|user)\b|<<\s*/?sys|#{2,}\s*\w|```|~~~|={4,}|-{5,}|\*{4,}|</?[a-z][\w-]*\s*/?>",
    r"\b(?:end|begin\w*|start)\s+of\s+(?:the\s+)?(?:tickets?|data|input|material|prompt|conversation|instructions?|text)\b",
    # speaking to a machine
    r"\b(?:you are|you're|act as|behave as|pretend|roleplay|imagine you)\b.{0,40}"
    r"\b(?:ai|assistant|model|llm|bot|chatgpt|gpt\S*|claude|gemini|classifier|reader|sorter|program|system|dan|agent|admin\w*)\b",
    r"\b(?:llm|gpt-?\d?\w*|chatgpt|language model|ai (?:model|assistant|system|reader|classifier)|openai|prompt injection|jailbr\w+"
    r"|developer mode|dan mode|system prompt|classifier|summari[sz]er|tool call|function call)\b",
    r"\b(?:note|attention|important|message|dear|hey|hello)\b.{0,12}\b(?:ai|model|llm|bot|reader|classifier|assistant|machine|system|grader)s?\b",
    # ordering what the answer shall be
    rf"\b(?:assign|sort|put|plac\w*|classif\w*|mov\w+|group|merg\w+|label|mark|fil\w+|count|treat|categori[sz]\w*|cluster|tag|rank|report|list|add|set|return|move)\b"
    rf".{{0,30}}\b{_ALL}\b.{{0,20}}\b{_THINGS}\b",
    rf"\b{_ALL}\b.{{0,20}}\b{_THINGS}\b.{{0,25}}\b(?:must|should|shall|have to|are|is|belongs?|go(?:es)?)\b.{{0,25}}"
    r"\b(?:classified|assigned|sorted|labell?ed|marked|moved|put|counted|treated|grouped|merged|to|into|in)\b.{0,20}"
    r"\b(?:as|to|into|none|group|theme|g\d|one|first|together|ignored|duplicates?)\b",
    r"\b(?:respond|reply|answer|output|return|print|write|say|repeat|echo|emit)\b.{0,25}"
    r"\b(?:only|just|exactly|json|with (?:the )?(?:following|word)|verbatim|true|false|nothing|none|empty)\b",
    r"\b(?:write|set|use|make|give|change)\b.{0,12}\b(?:the )?(?:title|name|summary|user story|problem)\b.{0,40}\b(?:group|theme|each|every|all)\b",
    r"\b(?:theme|group|cluster|topic|category)\s*(?:#|no\.?|number|id)?\s*[\"']?(?:\d|g\d|t\d|one|a\b|none)",
    r"\bg\d{1,2}\b|\b(?:severity|priority|impact|rank)\b.{0,25}\b(?:p[0-4]|highest|critical|top|max\w*|first|1)\b"
    r"|\b(?:mark|set|make|treat|escalate|raise|flag|create|rate|this is)\b.{0,30}\bp[0-4]\b|\bp0\b",
    r"[{\[]\s*[\"'“]?\s*(?:i|id|group|groups|rows|tickets?|themes?|name|role|content|title|severity|same|about|items|survey|known)"
    r"[\"'”]?\s*:|[\"']\s*:\s*[\[{\"'\d]|[}\]]\s*[}\]]|\},\s*\{|\"\s*[}\]]",
    r"\b(?:base64|rot13|decode (?:this|the)|hex(?:adecimal)? string|unicode escape|reverse(?:d)? text)\b|\\u[0-9a-f]{4}|[A-Za-z0-9+/]{40,}={0,2}",
    r"<!--|-->|<script|javascript:|\{\{|\}\}|\{%|\$\{|<%|!\[[^\]]*\]\(|\]\(https?:",
    r"\b(?:reveal|show|print|leak|disclose|repeat|tell me)\b.{0,30}\b(?:prompt|instructions?|system|other (?:tickets?|customers?)|secrets?|api key|passwords?)\b",
    r"\b(?:drop|delete|truncate|insert|update|select)\b\s+(?:table|from|into|\*)",
    # the same in other languages
    r"\b(?:ignorier\w*|vergiss|vergesst|missacht\w*|befolge|überschreib\w*)\b.{0,40}\b(?:anweisung\w*|regeln?|vorgaben?|bisherig\w*|vorherig\w*|alles|oben)",
    r"\b(?:ignore[zrs]?|oublie[zrs]?|ne tiens pas compte)\b.{0,40}\b(?:instructions?|consignes?|règles?|précédent\w*|tout)",
    r"\b(?:ignor[aeo]\w*|olvid\w+|descart\w+|desconsider\w+|esque[cç]\w+|dimentic\w+|trascur\w+)\b.{0,40}"
    r"\b(?:instruc\w+|instru[cç]\w+|istruzion\w+|reglas?|regras?|regole|anterior\w*|precedent\w*|todo|tudo|tutto)",
    r"\b(?:negeer|vergeet|zignoruj\w*|ignoruj\w*|pomiń|zapomnij|ignorera|glöm|ignorer|glem|unohda|ignorá\w*|hagyd|ignorați|yok say|unut|görmezden|abaikan|lupakan|bỏ qua)\b",
    r"\b(?:alle|tous|toutes|todos|todas|tutti|tutte|wszystkie|alla|kaikki|bütün|tüm|semua|všechny)\s+(?:\w+\s+)?"
    r"(?:tickets?|anfragen|nachrichten|billets?|messages?|mensajes|mensagens|tíquetes|messaggi|zgłoszenia|ärenden|talepleri?|tiket)",
    "игнор|забудь|не обращай|все тикеты|все заявки|инструкци|忽略|无视|無視|忘记|忘れ|指示|指令|系统提示|システム|무시|지시|모든 티켓"
    "|تجاهل|تعليمات|जारी निर्देश|अनदेखा|निर्देश|ละเว้น|คำสั่ง|התעלם|הוראות|αγνόησε|οδηγίες|ігнор|інструкц",
)
_ANY = tuple(re.compile(mark, re.DOTALL) for mark in _MARKS)  # one by one, in lower case: three times as fast
_LOOKALIKES = str.maketrans("аеорсухіјѕԁԛѡ０１３４５", "aeopcyxijsdqwoieas")
_LEET = str.maketrans("013457@$", "oieastas")
# Looking again costs time, so only where it may help: "1gn0re", "i g n o r e".
_MIXED = re.compile(r"[a-z][0134570@$]+[a-z]")
_SPELT = re.compile(r"(?:\b\w[\s._*|-]){4}")
_APART = re.compile(r"\b(\w)(?:[\s._*|-](?=\w\b)|[._*|-])")
_READ = 4_000  # characters: more than a model is ever shown of a ticket
_TURNED = re.compile("[\u202a-\u202e\u2066-\u2069]")  # text that people see in another order than machines
_HIDDEN = 3  # invisible characters; one or two come with emoji and pasted text


def gives_orders(text: str) -> bool:
    """Does the text hold what only a machine would obey, or letters that only a machine can see?"""
    if _hidden(text) >= _HIDDEN or _TURNED.search(text):
        return True
    plain = unicodedata.normalize("NFKC", visible(text)).lower()[:_READ]
    readings = [plain] + ([] if plain.isascii() else [plain.translate(_LOOKALIKES)])
    readings += [plain.translate(_LEET)] if _MIXED.search(plain) else []
    readings += [_APART.sub(r"\1", plain)] if _SPELT.search(plain) else []
    return any(mark.search(reading) for reading in readings for mark in _ANY)


def _hidden(text: str) -> int:
    return sum(1 for c in text if unicodedata.category(c) in ("Cf", "Co", "Cn") or 0xE0000 <= ord(c) <= 0xE01EF)
