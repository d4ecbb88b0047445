"""The one room of the openai package: any OpenAI-compatible endpoint as a Reader and as an Embedder."""

from __future__ import annotations

from bot.llm.chat import ChatModel
from bot.llm.endpoint import Endpoint, Prices, refusal
from bot.llm.purse import Purse
from bot.llm.vectors import EndpointEmbedder

__all__ = ["ChatModel", "Endpoint", "EndpointEmbedder", "Prices", "Purse", "refusal"]
