"""Which language a ticket is written in: the shipped embedder is mainly English, and a digest says where that hurts."""

from __future__ import annotations

import re
from collections.abc import Sequence
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
# Cohesion of six tickets foreign to their batch: strangers have .36 to .54, since most of what an English embedder sees
# of them is the language; those of one problem have .51 to .69 (bench/README.md).
_MOSTLY, _COHERES, _TOLD = 0.8, 0.55, 3


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


def foreign(languages: Sequence[str | None]) -> float:
    """The share of those that are not English among those that could be told; 0 when none could."""
    known = [code for code in languages if code]
    return sum(not code.lower().startswith("en") for code in known) / len(known) if known else 0.0


def alike_by_language(members: Sequence[str | None], cohesion: float, batch: float) -> bool:
    """Whether a group may be one of a language, not of a problem: foreign in a mainly English batch (`batch` is the
    share there), and too loose for one that is about something."""
    told = sum(code is not None for code in members)
    return batch <= 0.5 and told >= _TOLD and foreign(members) >= _MOSTLY and cohesion < _COHERES
