"""Vendors' descriptions with two faults mended, where they describe what no request can be; the rig serves those.

Jira's calls the form of a file upload an array, which multipart/form-data never is, so that Prism takes none (422).
Zendesk's knows no body for the tags of a ticket, so that Prism takes none (415), though its own pages show one
(developer.zendesk.com, "Tags", Add Tags). What is beside them stays as the vendors wrote it.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

_FILE = {"type": "object", "required": ["file"], "properties": {"file": {"type": "string", "format": "binary"}}}
_TAGS = {
    "type": "object",
    "required": ["tags"],
    "properties": {"tags": {"type": "array", "minItems": 1, "items": {"type": "string"}}},
}


def home(folder: Path, rig: Path, env: Mapping[str, str], vendor: str) -> Path:
    """A home for the rig in `folder`: its own packages and descriptions, that of one vendor mended."""
    subprocess.run([rig, "--install"], env=dict(env), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
    cache = Path(env.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    whole = Path(env.get("RIG_HOME") or cache / "groundswell-rig")
    for name in ("node_modules", "package.json", "package-lock.json"):
        if (whole / name).exists():
            (folder / name).symlink_to(whole / name)
    (folder / "generated").mkdir()
    for path in (whole / "generated").glob("*.json"):
        mine = folder / "generated" / path.name
        if path.name.startswith(f"{vendor}-"):
            told = json.loads(path.read_text(encoding="utf-8"))
            MENDS[vendor](told["paths"])
            mine.write_text(json.dumps(told), encoding="utf-8")
        else:
            mine.symlink_to(path)
    return folder


def _jira(paths: Any) -> None:
    upload = paths["/rest/api/3/issue/{issueIdOrKey}/attachments"]["post"]
    upload["requestBody"]["content"] = {"multipart/form-data": {"schema": _FILE}}


def _zendesk(paths: Any) -> None:
    for alias in ("", ".json"):
        added = paths[f"/api/v2/tickets/{{ticket_id}}/tags{alias}"]["put"]
        added["requestBody"] = {"required": True, "content": {"application/json": {"schema": _TAGS}}}


MENDS: Mapping[str, Callable[[Any], None]] = {"jira": _jira, "zendesk": _zendesk}
