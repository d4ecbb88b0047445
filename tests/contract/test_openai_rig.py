"""Our requests against OpenAI's own description of its API, served by Prism: is each what the description asks for?

Prism answers with the description's examples, which say nothing of themes; the simulated reader does that.
"""

from __future__ import annotations

from collections.abc import Sequence

import httpx2
import pytest
from pydantic import SecretStr

from bot.llm import ChatModel, Endpoint, EndpointEmbedder, Prices, Purse
from bot.ports import Question, Refused
from bot.synthesis.reading import prompts
from bot.synthesis.reading.plan import Definition

TICKET = [{"i": 1, "text": "The CSV export stops halfway"}]
GROUPS = {"G1": Definition("CSV export stops", "The export is cut.", "slow exports")}


def questions() -> Sequence[Question]:
    return (
        prompts.induce(TICKET, [GROUPS["G1"]], least=3),
        prompts.assign(TICKET, GROUPS),
        prompts.decide(TICKET, GROUPS),
        prompts.same(prompts.Side(GROUPS["G1"], ["a"], True), prompts.Side(GROUPS["G1"], ["b"], False)),
        prompts.word({"G1": {"name": "CSV export stops", "includes": "x", "tickets": TICKET}}),
    )


@pytest.mark.parametrize("question", questions(), ids=lambda q: q.kind)
def test_each_kind_of_question_is_a_valid_chat_completion(rig: dict[str, str], question: Question) -> None:
    model = ChatModel(Endpoint(rig["openai"], SecretStr("sk-test"), timeout=30), Purse(None, Prices()), "gpt-4o-mini")
    (answer,) = model.answer([question])
    # The request was taken: what comes back is the example's completion, which says that the model refused.
    assert (answer.value, answer.why) == (None, "the model refused to answer")
    assert model.spent.calls == 1


def test_a_body_that_is_wrong_is_refused_by_the_description(rig: dict[str, str]) -> None:
    """Otherwise these tests would prove nothing. Of chat completions Prism checks little (the description's unions let
    anything through), so tests/test_llm.py looks at those bodies itself."""
    with httpx2.Client() as client:
        wrong = client.post(
            f"{rig['openai']}/embeddings",
            json={"model": "text-embedding-3-small", "input": ["a"], "dimensions": "many"},
            headers={"Authorization": "Bearer sk-test"},
        )
    assert wrong.status_code in (400, 422)


def test_texts_to_embed_are_sent_as_the_description_asks(rig: dict[str, str]) -> None:
    embedder = EndpointEmbedder(Endpoint(rig["openai"], SecretStr("sk-test"), timeout=30), "text-embedding-3-small")
    # The request was taken: the example's vector holds numbers that no vector has, and is refused for that alone.
    with pytest.raises(Refused, match="one vector for each text"):
        embedder.embed(["The CSV export stops halfway"])
