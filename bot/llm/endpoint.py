"""Where an endpoint is and whether text may go there; the SDK's client, with every limit set by us.

openai 3.57 (VENDORS section 6): defaults of 600 s and two silent retries, which would spend money unseen, so
`max_retries=0`, an explicit timeout, and no redirects: a key and tickets go to the configured host alone.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

import httpx2
from openai import OpenAI
from pydantic import SecretStr

TextOut = Literal["local-only", "allow"]


@dataclass(frozen=True, slots=True)
class Prices:
    """USD for a million tokens."""

    tokens_in: float = 2.5
    tokens_out: float = 10.0

    def of(self, tokens_in: float, tokens_out: float) -> float:
        return (tokens_in * self.tokens_in + tokens_out * self.tokens_out) / 1_000_000


@dataclass(frozen=True, slots=True)
class Endpoint:
    """How an endpoint is reached. `timeout` in seconds, for one request; `at_once`: requests side by side."""

    base_url: str
    key: SecretStr | None = None
    timeout: float = 120.0
    at_once: int = 4
    text_out: TextOut = "local-only"


def refusal(endpoint: Endpoint) -> str:
    """Why text may not go to this endpoint, with the mend; "" when it may."""
    parts = urlsplit(endpoint.base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return "llm.base_url must be a URL such as https://api.example.com/v1 or http://localhost:11434/v1."
    if parts.username or parts.password:
        return "llm.base_url must not hold a user or a password: put the key into GROUNDSWELL_LLM__API_KEY."
    if _local(parts.hostname):
        return ""
    if parts.scheme != "https":
        return f"llm.base_url must be https for {parts.hostname}: ticket text doesn't travel in the clear."
    if endpoint.text_out != "allow":
        return (
            f"llm.send_text_out is local-only, and {parts.hostname} is not on this machine or network: masked ticket"
            " text would leave. Set llm.send_text_out to allow (look first: groundswell llm sample), or name a local"
            " endpoint."
        )
    return ""


def _local(host: str) -> bool:
    """This machine or a private network. A name without a dot ("ollama") can't be a public one."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        name = host.lower().rstrip(".")
        return "." not in name or name.endswith((".local", ".localhost", ".internal", ".lan"))
    return address.is_loopback or (address.is_private and not address.is_unspecified and not address.is_link_local)


def client(endpoint: Endpoint) -> OpenAI:
    """The SDK's client; local servers take any key. Environment variables of the SDK are not read for the key."""
    return OpenAI(
        api_key=endpoint.key.get_secret_value() if endpoint.key else "none",
        organization=None,
        project=None,
        base_url=endpoint.base_url,
        max_retries=0,
        timeout=httpx2.Timeout(endpoint.timeout, connect=min(10.0, endpoint.timeout)),
        http_client=httpx2.Client(follow_redirects=False, limits=httpx2.Limits(max_connections=endpoint.at_once + 1)),
    )
