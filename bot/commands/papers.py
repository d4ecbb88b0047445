"""Files for whoever made them: a report quotes customers, and the other users of a machine are not its readers."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path


def write(path: Path, text: str) -> None:
    """The whole file or none, mode 600 whatever the umask, its missing folders 700. Raises OSError.

    A folder that is there keeps its mode: somebody chose it.
    """
    _folder(path.parent)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # mode 600
    unfinished = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def _folder(path: Path) -> None:
    if path.is_dir():
        return
    _folder(path.parent)
    path.mkdir(exist_ok=True)
    path.chmod(0o700)


def held(folder: Path) -> str:
    """The report that stands in a folder, as "October 2026 (its run)"; empty: none that can be read."""
    try:
        told = json.loads((folder / "digest.json").read_text(encoding="utf-8"))
        return f"{told['data']['window']['label']} ({told['meta']['run_id']})"
    except (OSError, ValueError, KeyError, TypeError):
        return ""
