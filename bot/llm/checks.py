"""What `doctor` says of the endpoint: may text go there, does it answer, does it know the key and the models."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import urlsplit

import openai

from bot.acts import Finding
from bot.llm.endpoint import Endpoint, client, refusal

_PATIENCE = 5.0  # seconds


def findings(endpoint: Endpoint, models: Iterable[str]) -> Sequence[Finding]:
    """Asks for the list of models; no ticket's text is sent and nothing is paid."""
    if why := refusal(endpoint):
        return [Finding("llm", "fail", why, "Look first at what would leave: groundswell llm sample -t FILE.")]
    host = urlsplit(endpoint.base_url).hostname
    try:
        with client(endpoint) as sdk:
            known = {str(model.id) for model in _listed(sdk)}
    except openai.APIStatusError as error:
        return [_answered(host, error.status_code)]
    except openai.OpenAIError:
        mend = "Check llm.base_url and that the server runs; until then themes are found without a model."
        return [Finding("llm", "fail", f"{host} can't be reached.", mend)]
    except (ValueError, TypeError, AttributeError):
        return [Finding("llm", "fail", f"{host} does not answer as a model's server does.", "Check llm.base_url.")]
    absent = [model for model in dict.fromkeys(models) if model not in known]
    if absent:
        there = ", ".join(sorted(known)[:6]) or "none"
        mend = f"Set llm.model to one of its own: {there}."
        return [Finding("llm", "warn", f"{host} does not list {', '.join(absent)}.", mend)]
    return [Finding("llm", "ok", f"{host} answers and has {', '.join(dict.fromkeys(models))}.")]


def _listed(sdk: openai.OpenAI) -> list[Any]:
    return list(sdk.models.list(timeout=_PATIENCE).data)


def _answered(host: str | None, status: int) -> Finding:
    if status in (401, 403):
        return Finding(
            "llm", "fail", f"{host} refused the key ({status}).", "Set GROUNDSWELL_LLM__API_KEY to a valid key."
        )
    if status in (404, 405, 501):  # not every server has the list
        mend = "Try it: groundswell run --estimate, then --llm."
        return Finding("llm", "warn", f"{host} answers, but does not list its models ({status}).", mend)
    return Finding(
        "llm", "fail", f"{host} answers {status}.", "Try again later; if it lasts, look at the server's log."
    )
