"""Where a configured address leads: a name may stand for an address that the name itself doesn't show (SSRF).

`connections.is_public` judges what is written; this asks the resolver, which is I/O, so `serve` does it at its start
and `doctor` whenever it is asked. A name that changes later is not caught; no SDK follows a redirect elsewhere.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Iterable, Iterator
from urllib.parse import urlsplit

from bot.config.connections import is_metadata

Resolve = Callable[[str], Iterable[str]]
_MEND = "Check who answers for that name; for a server of your own, set network.allow_private: true."


def astray(urls: Iterable[str], *, allow_private: bool, resolve: Resolve | None = None) -> Iterator[str]:
    """One sentence for each address that leads where none may: into this network, unless that is allowed, or to a
    cloud's metadata, ever. A name that can't be resolved leads nowhere."""
    for host in dict.fromkeys(urlsplit(url).hostname or "" for url in urls):
        for found in _addresses(host, resolve or _resolved):
            if is_metadata(found):
                yield f"{host} leads to {found}, where a cloud keeps its credentials: no address may."
            elif not allow_private and not ipaddress.ip_address(found).is_global:
                yield f"{host} leads to {found}, inside this network. {_MEND}"


def _addresses(host: str, resolve: Resolve) -> Iterable[str]:
    try:
        return dict.fromkeys(resolve(host))
    except (OSError, UnicodeError):
        return ()


def _resolved(host: str) -> list[str]:
    return [str(entry[4][0]).partition("%")[0] for entry in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]
