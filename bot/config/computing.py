"""Where what takes long is computed: in threads of this process, or by workers of a Dask scheduler that runs already.

Workers get masked text, and code to run: an open scheduler is a way into every machine behind it. So one that is not
known by certificates may stand on this machine or this network alone; and text goes to a public address only where
`send_text_out` says so, as with a language model.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, Field

from bot.config.connections import Stanza, is_metadata, is_public

_FILES = ("tls_ca", "tls_cert", "tls_key")


def _scheduler(url: str) -> str:
    if _parts(url) is None:
        raise ValueError("it is no scheduler's address: write it as tls://dask.acme.com:8786")
    return url.rstrip("/")


def _parts(url: object) -> SplitResult | None:
    try:
        parts = urlsplit(str(url))
        known = parts.scheme in {"tcp", "tls"} and parts.hostname and parts.port
        return parts if known and not (parts.username or parts.password or parts.path.strip("/")) else None
    except ValueError:  # "tcp://[half", a port of 99999
        return None


class ComputeStanza(Stanza):
    """`threads` of this process (None: one for each processor), also where a Dask cluster can't be reached. The three
    files are PEM: who signs for the cluster, and by what it knows us."""

    backend: Literal["threading", "dask"] = "threading"
    threads: Annotated[int, Field(ge=1, le=256)] | None = None
    scheduler: Annotated[str, AfterValidator(_scheduler)] | None = None
    tls_ca: Path | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None
    send_text_out: Literal["local-only", "allow"] = "local-only"


def wrong(told: Any, *, allow_private: bool) -> Iterator[tuple[str, str, str]]:
    """(key, what is wrong, mend) of a stanza as it was told, which may be wrong in itself."""
    if not isinstance(told, dict) or told.get("backend") != "dask":
        return
    if told.get("scheduler") is None:
        yield "scheduler", "compute.backend dask needs it", "Name it: tls://dask.acme.com:8786."
    parts = _parts(told.get("scheduler"))
    if parts is None:
        return  # the fault of the key itself
    host, public = parts.hostname or "", is_public(f"https://{parts.hostname}")
    if is_metadata(host):
        yield "scheduler", "it names a cloud's metadata, which no address may", "Write the address that was meant."
    elif parts.scheme == "tcp" and public:
        mend = "Give the cluster certificates and write tls://; see docs/operate.md."
        yield "scheduler", "without TLS whoever reaches it can run code on its workers", mend
    elif parts.scheme == "tcp" and not allow_private and not _here(host):
        mend = "Write tls://, or set network.allow_private: true where nobody else is on that network."
        yield "scheduler", "tcp:// is for this machine, or for a network of your own with network.allow_private", mend
    if public and told.get("send_text_out") != "allow":
        mend = "Set compute.send_text_out: allow, if masked ticket text may go there."
        yield "send_text_out", "masked ticket text would go to a public address", mend
    if parts.scheme == "tls" and any(told.get(name) is None for name in _FILES):
        yield "tls_ca", f"tls:// needs {', '.join(_FILES)}", "Name the three PEM files; see docs/operate.md."


def _here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
