"""Sending over `requests` within a total time and size, and what a failure to send says of the request.

The timeout of requests is only that between two pieces of an answer, and its errors don't tell what was sent from what
never left: for connectors whose SDK is built on it.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator, Mapping
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError

_MOST_BYTES = 32 * 1024 * 1024


class Punctual(HTTPAdapter):
    """Reads an answer whole, within so many seconds; never retries."""

    def __init__(self, seconds: float) -> None:
        super().__init__(max_retries=0)
        self._seconds = seconds

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        ends = time.monotonic() + self._seconds
        response = super().send(request, True, timeout, verify, cert, proxies)
        try:
            response._content = b"".join(_pieces(response.raw, ends))
        except HTTPError:
            raise requests.ConnectionError("the answer broke off") from None
        finally:
            response.raw.release_conn()
        response._content_consumed = True  # type: ignore[attr-defined]
        return response


def _pieces(raw: Any, ends: float) -> Iterator[bytes]:
    size = 0
    while piece := raw.read1(65_536, decode_content=True):
        size += len(piece)
        if time.monotonic() > ends or size > _MOST_BYTES:
            raw.close()
            raise requests.ReadTimeout("the answer did not end in time")
        yield piece


def never_left(error: requests.RequestException) -> bool:
    """Whether it failed before a byte of the request was sent: no connection, or no trust in who is there."""
    if isinstance(error, requests.ConnectTimeout):
        return True
    reason = error.args[0] if error.args else None
    for name in ("reason", "original_error"):  # MaxRetryError -> (ProxyError ->) what happened
        reason = getattr(reason, name, reason)
    if isinstance(reason, NewConnectionError | ConnectTimeoutError):
        return True
    return any(isinstance(why, ssl.SSLCertVerificationError) for why in getattr(reason, "args", ()))


def in_words(error: requests.RequestException) -> str:
    if isinstance(error, requests.Timeout):
        return "did not answer in time"
    if isinstance(error, requests.exceptions.SSLError):
        return "could not be trusted: its certificate does not hold"
    return "can't be reached" if never_left(error) else "broke off the connection"
