"""Compares what people read with the kept file; writes it when asked to (see tests/golden/README.md)."""

from __future__ import annotations

import os
from pathlib import Path

GOLDEN = Path(__file__).parent / "golden"


def same_as_kept(name: str, text: str) -> None:
    kept = GOLDEN / name
    if os.environ.get("GROUNDSWELL_GOLDEN") == "write":
        kept.write_text(text, encoding="utf-8")
    assert text == kept.read_text(encoding="utf-8"), f"{kept} differs; if that is meant, see tests/golden/README.md"
