"""Whose help desk it is, and the right to read it."""

from __future__ import annotations

import re
from base64 import b64encode

from requests import PreparedRequest
from requests.auth import AuthBase

from connectors.zendesk.declined import Declined

SUBDOMAIN_MEND = "set sources.zendesk.subdomain to the name before .zendesk.com in your help desk's address"
ACCESS_MEND = (
    "set sources.zendesk.token or GROUNDSWELL_SOURCES__ZENDESK__TOKEN to a valid token, "
    "and for an API token sources.zendesk.email to its owner's address"
)


class Account(AuthBase):
    """Signs requests: an API token with its owner's address (Basic), else an OAuth token (Bearer). Shows no secret."""

    def __init__(self, subdomain: str, token: str, email: str | None, base_url: str | None) -> None:
        pasted = re.sub(r"^https?://", "", subdomain.strip().lower()).split("/")[0]
        self.subdomain = pasted.removesuffix(".zendesk.com")
        self.home = f"https://{self.subdomain}.zendesk.com"
        self.base = (base_url or self.home).rstrip("/")
        self._whole = re.fullmatch(r"[\x21-\x7e]+", token.strip()) is not None
        self._header = f"Bearer {token.strip()}"
        if email:
            self._header = "Basic " + b64encode(f"{email.strip()}/token:{token.strip()}".encode()).decode()

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        request.headers["Authorization"] = self._header
        return request

    def __repr__(self) -> str:
        return f"Account({self.home})"

    def examine(self) -> None:
        """Raises Declined for what no request needs to find out; a subdomain with a dot could name another host."""
        if not re.fullmatch(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?", self.subdomain):
            raise Declined("The Zendesk subdomain is not the name of a help desk", SUBDOMAIN_MEND)
        if not self._whole:
            raise Declined("The Zendesk token is empty or holds characters that no token has", ACCESS_MEND)

    def page_of(self, ticket: str) -> str:
        return f"{self.home}/agent/tickets/{ticket}"
