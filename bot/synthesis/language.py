"""Which language a ticket is written in: the shipped embedder is mainly English, and a digest says where that hurts."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from py3langid.langid import MODEL_FILE, LanguageIdentifier

# Short English tickets look like pidgin or Latin to an identifier that knows a hundred languages; help desks see these.
_LANGUAGES = (
    "ar bg bn ca cs da de el en es et fa fi fr he hi hr hu id is it ja ko lt lv ms nl no pl pt ro ru"
    " sk sl sr sv sw ta th tl tr uk ur vi zh"
).split()
_SURE = 0.95
_ENOUGH_WORDS = 4


@lru_cache(maxsize=1)
def _identifier() -> Any:
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(_LANGUAGES)
    return identifier


def language(text: str) -> str | None:
    """The ISO 639-1 code, or None when the text is too short to tell."""
    text = re.sub(r"\[[A-Z]+_\d+\]|https?://\S+", " ", text[:1000])
    words = re.findall(r"[^\W\d_]+", text)
    if len(words) < _ENOUGH_WORDS and text.isascii():
        return None
    if not words:
        return None
    code, sure = _identifier().classify(" ".join(words))
    return str(code) if sure >= _SURE else None
