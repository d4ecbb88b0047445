"""Connectors to the outside. Each kind is one entry here; nothing is scanned and nothing registers itself."""

from __future__ import annotations

from importlib import import_module
from typing import Any

KINDS = {
    "dovetail": "connectors.dovetail:Dovetail",
    "file": "connectors.ticket_file:TicketFile",
    "intercom": "connectors.intercom:Intercom",
    "intercom-linkback": "connectors.intercom.linkback:Linkback",
    "jira": "connectors.jira:Jira",
    "mixpanel": "connectors.mixpanel:Mixpanel",
    "posthog": "connectors.posthog:PostHog",
    "productboard": "connectors.productboard:Productboard",
    "slack": "connectors.slack:Slack",
    "zendesk": "connectors.zendesk:Zendesk",
    "zendesk-linkback": "connectors.zendesk.linkback:Linkback",
}


def load(kind: str) -> Any:
    """The class behind a kind; its SDK is imported only now. Raises KeyError for an unknown kind."""
    module, _, name = KINDS[kind].partition(":")
    return getattr(import_module(module), name)
