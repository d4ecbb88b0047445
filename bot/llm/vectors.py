"""An embeddings endpoint as an Embedder, for languages that the built-in model does not read well."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import openai
from numpy.typing import NDArray

from bot.llm.endpoint import Endpoint, client
from bot.ports import Progress, Refused, Unavailable, Vectors

_AT_ONCE = 256  # texts in a request: endpoints take 2,048 of them or 300k tokens (VENDORS section 6)
_LONGEST = 4_000  # characters of a text
_LARGEST = 1e6  # of a number in a vector, whose length is about 1


class EndpointEmbedder:
    """`id` names model and host, so that vectors of two endpoints are never mixed in a cache."""

    def __init__(self, endpoint: Endpoint, model: str) -> None:
        self._endpoint, self._model = endpoint, model
        self._host = urlsplit(endpoint.base_url).hostname
        self._dim: int | None = None

    @property
    def id(self) -> str:
        return f"{self._model}@{self._host}"

    def embed(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        """As the port says. Raises Unavailable (it may work later) or Refused (it doesn't answer as embeddings do)."""
        pieces = []
        with client(self._endpoint) as sdk:
            for start in range(0, len(texts), _AT_ONCE):
                pieces.append(self._rows(sdk, texts[start : start + _AT_ONCE]))
                if progress:
                    progress(min(start + _AT_ONCE, len(texts)), len(texts))
        return np.concatenate(pieces) if pieces else np.zeros((0, self._dim or 0), dtype=np.float32)

    def _rows(self, sdk: openai.OpenAI, texts: Sequence[str]) -> Vectors:
        sent = [text.strip()[:_LONGEST].encode("utf-8", "replace").decode() or "-" for text in texts]
        try:
            reply: Any = sdk.embeddings.create(model=self._model, input=sent)
            found = sorted(reply.data, key=lambda one: one.index)
            rows = np.array([one.embedding for one in found], dtype=np.float64)
        except openai.APIStatusError as error:
            told = f"the embeddings endpoint {self._host} answers {error.status_code}"
            if error.status_code == 429 or error.status_code >= 500:
                raise Unavailable(f"{told}; try again later") from None
            raise Refused(f"{told}: check llm.base_url, llm.embedding_model and the key") from None
        except openai.APIConnectionError:
            raise Unavailable(f"the embeddings endpoint {self._host} can't be reached") from None
        except (openai.OpenAIError, ValueError, TypeError, AttributeError):
            raise Refused(f"{self._host} does not answer as an embeddings endpoint does: check llm.base_url") from None
        return self._unit(rows, texts)

    def _unit(self, rows: NDArray[np.float64], texts: Sequence[str]) -> Vectors:
        """Rows of unit length; those of texts without a word are zeros, as the built-in model's are."""
        if rows.ndim != 2 or len(rows) != len(texts) or not (np.abs(rows) < _LARGEST).all():
            raise Refused(f"{self._host} did not answer with one vector for each text: check llm.embedding_model")
        if self._dim not in (None, rows.shape[1]):
            raise Refused(f"{self._host} answers with vectors of {self._dim} and of {rows.shape[1]} numbers")
        self._dim = rows.shape[1]
        length = np.linalg.norm(rows, axis=1, keepdims=True)
        worded = np.array([[bool(text.strip())] for text in texts]).reshape(-1, 1)
        return np.where(worded, rows / np.where(length > 0, length, 1), 0).astype(np.float32)
