"""The endpoint: what is sent, what is taken for an answer, how it fails, and what it may cost."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import SecretStr

from bot.llm import ChatModel, Endpoint, EndpointEmbedder, Prices, Purse, refusal
from bot.llm.chat import TOO_COSTLY
from bot.llm.shape import decoded, fault
from bot.ports import Answer, Question, Refused, Unavailable
from bot.runs.answers import AnswerFile, Recalling, Remembered
from tests.servers.base import Answer as Raw
from tests.servers.openai import OpenAI, completion

SCHEMA = {
    "type": "object",
    "properties": {
        "rows": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"i": {"type": "integer"}, "group": {"type": "string", "enum": ["G1", "none"]}},
                "required": ["i", "group"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["rows"],
    "additionalProperties": False,
}
GOOD = {"rows": [{"i": 1, "group": "G1"}]}
KEY = "sk-canary-key-0123456789"


def question(text: str = "hello", **more: Any) -> Question:
    return Question(
        "assign", "Sort the tickets.", json.dumps({"tickets": [{"i": 1, "text": text}]}), SCHEMA, 50, **more
    )


@pytest.fixture
def server() -> Iterator[OpenAI]:
    with OpenAI(lambda body: GOOD) as running:
        assert isinstance(running, OpenAI)
        yield running


class Slept:
    """A clock's sleep that only notes."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


def model(
    server: OpenAI, *, cap: float | None = None, timeout: float = 5.0, slept: Slept | None = None, **more: Any
) -> ChatModel:
    endpoint = Endpoint(server.base_url, SecretStr(KEY), timeout=timeout, at_once=more.pop("at_once", 2))
    return ChatModel(endpoint, Purse(cap, Prices(1.0, 4.0)), "small", sleep=slept or Slept(), **more)


def ask(reader: ChatModel, *questions: Question) -> Sequence[Answer]:
    return reader.answer(questions or (question(),))


def test_a_question_is_sent_with_its_strict_schema_and_tickets_apart_from_the_instruction(server: OpenAI) -> None:
    (answer,) = ask(model(server))
    (sent,) = server.sent("POST", "chat/completions")
    assert answer.value == GOOD
    assert sent.json["response_format"]["json_schema"] == {"name": "assign", "strict": True, "schema": SCHEMA}
    assert [m["role"] for m in sent.json["messages"]] == ["system", "user"]
    assert sent.json["messages"][0]["content"] == "Sort the tickets."
    assert json.loads(sent.json["messages"][1]["content"]) == {"tickets": [{"i": 1, "text": "hello"}]}
    assert sent.headers["authorization"] == f"Bearer {KEY}"
    assert "tools" not in sent.json


def test_the_strong_model_is_asked_only_where_it_is_worth_it(server: OpenAI) -> None:
    reader = model(server, strong="large")
    ask(reader, question(), question("again", strong=True))
    assert sorted(r.json["model"] for r in server.sent("POST", "chat")) == ["large", "small"]
    assert reader.id == "large and small"


@pytest.mark.parametrize(
    ("refused", "form"),
    [(set(), "json_schema"), ({"json_schema"}, "json_object"), ({"json_schema", "json_object"}, None)],
)
def test_an_endpoint_without_schemas_is_told_the_schema_in_words_and_not_asked_twice(
    server: OpenAI, refused: set[str], form: str | None
) -> None:
    server.refused_formats = refused
    reader = model(server, at_once=1)
    assert [a.value for a in ask(reader, question(), question("more"))] == [GOOD, GOOD]
    taken = server.sent("POST", "chat")
    assert len(taken) == 2 + len(refused)
    assert taken[-1].json.get("response_format", {}).get("type") == form
    assert form == "json_schema" or json.dumps(SCHEMA) in taken[-1].json["messages"][0]["content"]


def test_an_endpoint_that_knows_only_the_older_name_of_the_token_limit_gets_it(server: OpenAI) -> None:
    server.refused_fields = {"max_completion_tokens"}
    assert ask(model(server))[0].value == GOOD
    assert "max_tokens" in server.sent("POST", "chat")[-1].json


WRONG = {
    "prose": "Sure! The first ticket is about exports.",
    "broken JSON": '{"rows": [{"i": 1, "group": "G1"',
    "empty": "",
    "null": "null",
    "list": "[]",
    "extra key": json.dumps({**GOOD, "count": 14}),
    "extra key below": json.dumps({"rows": [{"i": 1, "group": "G1", "why": "x"}]}),
    "missing key": json.dumps({"rows": [{"i": 1}]}),
    "unknown group": json.dumps({"rows": [{"i": 1, "group": "G7"}]}),
    "index as text": json.dumps({"rows": [{"i": "1", "group": "G1"}]}),
    "index as truth": json.dumps({"rows": [{"i": True, "group": "G1"}]}),
    "deep": "[" * 5_000 + "]" * 5_000,
}


@pytest.mark.parametrize("content", WRONG.values(), ids=WRONG.keys())
def test_an_answer_that_breaks_the_schema_gets_one_repair_try_and_is_never_used(server: OpenAI, content: str) -> None:
    server.replies = [content, content]
    reader = model(server)
    (answer,) = ask(reader)
    assert answer.value is None
    assert "not usable" in answer.why
    assert len(server.sent("POST", "chat")) == 2
    server.replies = [content]
    (mended,) = ask(reader)
    assert mended.value == GOOD
    assert mended.usage.calls == 2
    assert "refused" in server.sent("POST", "chat")[-1].json["messages"][0]["content"]


def test_json_in_a_fence_is_read(server: OpenAI) -> None:
    server.replies = [f"Here you are:\n```json\n{json.dumps(GOOD)}\n```"]
    assert ask(model(server))[0].value == GOOD
    assert len(server.sent("POST", "chat")) == 1


def _reply(**message: Any) -> Any:
    def made(body: dict[str, Any]) -> Raw:
        whole = completion(body, "")
        whole["choices"][0] |= {"message": {"role": "assistant", "content": None, **message}}
        return Raw(200, whole)

    return made


def test_a_refusal_is_no_answer(server: OpenAI) -> None:
    server.replies = [_reply(refusal="I can't help with that.")]
    (answer,) = ask(model(server))
    assert (answer.value, answer.why) == (None, "the model refused to answer")


@pytest.mark.parametrize(
    "body",
    [b"<html>sign in</html>", b"", b"{}", b'{"choices": []}', b'{"choices": [{"message": null}]}', b"[1]", b'"x"'],
)
def test_what_is_no_completion_is_no_answer(server: OpenAI, body: bytes) -> None:
    server.replies = [Raw(200, body)] * 3
    assert ask(model(server))[0].value is None


def test_an_answer_that_was_cut_is_no_answer(server: OpenAI) -> None:
    server.reasons = "length"
    (answer,) = ask(model(server))
    assert (answer.value, "cut" in answer.why) == (None, True)


def test_retry_after_is_obeyed_and_the_answer_comes(server: OpenAI) -> None:
    slept = Slept()
    server.fail("refuse", "chat", status=429, times=2, headers={"Retry-After": "7"})
    (answer,) = ask(model(server, slept=slept))
    assert answer.value == GOOD
    assert slept.seconds == [7.0, 7.0]


def test_without_retry_after_the_waits_grow_and_end(server: OpenAI) -> None:
    slept = Slept()
    server.fail("refuse", "chat", status=429, times=50)
    (answer,) = ask(model(server, slept=slept))
    assert (answer.value, answer.why) == (None, "it is asked too often (429)")
    assert len(slept.seconds) == 2
    assert 0.5 < slept.seconds[0] <= 2 < slept.seconds[1] <= 4 or slept.seconds[0] < slept.seconds[1]


def test_an_endpoint_that_wants_an_hour_is_not_asked_again_in_this_run(server: OpenAI) -> None:
    slept = Slept()
    server.fail("refuse", "chat", status=429, times=50, headers={"Retry-After": "3600"})
    reader = model(server, slept=slept, at_once=1)
    assert [a.value for a in ask(reader, question(), question("b"), question("c"))] == [None] * 3
    assert slept.seconds == []
    assert len(server.sent("POST", "chat")) == 1


@pytest.mark.parametrize("kind", ["drop", "lose", "truncate", "html"])
def test_a_cut_connection_is_tried_again(server: OpenAI, kind: str) -> None:
    server.fail(kind, "chat", times=1)
    assert ask(model(server))[0].value == GOOD


def test_a_server_that_keeps_failing_is_left_alone_after_three_questions(server: OpenAI) -> None:
    server.fail("refuse", "chat", status=500, times=500)
    reader = model(server, at_once=1)
    answers = ask(reader, *(question(str(n)) for n in range(20)))
    assert {a.value for a in answers} == {None}
    assert len(server.sent("POST", "chat")) == 9


def test_a_slow_server_is_not_waited_for(server: OpenAI) -> None:
    server.fail("hang", "chat", times=9, seconds=1.0)
    (answer,) = ask(model(server, timeout=0.2))
    assert (answer.value, answer.why) == (None, "it did not answer in time")


def test_nothing_listens_there() -> None:
    reader = ChatModel(Endpoint("http://127.0.0.1:9/v1", timeout=1), Purse(None, Prices()), "m", sleep=Slept())
    assert reader.answer([question()])[0].why == "it can't be reached"


@pytest.mark.parametrize("status", [401, 403, 404, 302])
def test_a_wrong_key_or_path_ends_the_asking_and_is_not_repeated_in_words(server: OpenAI, status: int) -> None:
    server.replies = [
        Raw(status, {"error": {"message": f"bad key {KEY} for ticket hello"}}, {"Location": "http://127.0.0.1:9/"})
    ]
    reader = model(server, at_once=1)
    answers = ask(reader, question(), question("b"))
    assert [a.value for a in answers] == [None, None]
    assert len(server.sent("POST", "chat")) == 1
    assert KEY not in repr(answers) + repr(reader.__dict__["_purse"])
    assert "hello" not in answers[0].why


def test_a_context_that_is_too_small_is_said(server: OpenAI) -> None:
    server.replies = [Raw(400, {"error": {"message": "This model's maximum context length is 8192 tokens"}})]
    assert ask(model(server))[0].why == "its context is too small for the tickets"


def test_the_cap_is_never_passed_however_many_ask_at_once(server: OpenAI) -> None:
    server.reader = lambda body: GOOD
    reader = model(server, cap=0.10, at_once=8)
    answers = ask(reader, *(question(f"{n} " + "word " * 400) for n in range(300)))
    assert reader.spent.cost <= 0.10
    assert answers[0].value == GOOD
    assert answers[-1].why == TOO_COSTLY


def test_a_cap_of_nothing_sends_nothing(server: OpenAI) -> None:
    assert ask(model(server, cap=0.0))[0].why == TOO_COSTLY
    assert not server.sent("POST", "chat")


def test_a_time_out_counts_as_if_it_had_been_answered_in_full(server: OpenAI) -> None:
    server.fail("hang", "chat", times=9, seconds=0.6)
    reader = model(server, timeout=0.1)
    ask(reader)
    assert reader.spent.tokens_out >= 3 * 4_000


def test_usage_is_what_the_endpoint_says_or_a_guess(server: OpenAI) -> None:
    (told,) = ask(model(server))
    assert told.usage.tokens_in > 20
    assert told.usage.cost == pytest.approx((told.usage.tokens_in * 1.0 + told.usage.tokens_out * 4.0) / 1e6)

    def silent(body: dict[str, Any]) -> Raw:
        return Raw(200, {k: v for k, v in completion(body, GOOD).items() if k != "usage"})

    server.replies = [silent]
    assert ask(model(server))[0].usage.tokens_in > 20


@pytest.mark.parametrize(
    ("url", "allowed", "may"),
    [
        ("http://localhost:11434/v1", "local-only", True),
        ("http://127.0.0.1:1/v1", "local-only", True),
        ("http://[::1]:1/v1", "local-only", True),
        ("http://192.168.1.7/v1", "local-only", True),
        ("http://ollama:11434/v1", "local-only", True),
        ("https://api.example.com/v1", "local-only", False),
        ("https://api.example.com/v1", "allow", True),
        ("http://api.example.com/v1", "allow", False),
        ("https://8.8.8.8/v1", "local-only", False),
        ("http://169.254.169.254/v1", "local-only", False),
        ("http://0.0.0.0/v1", "local-only", False),
        ("https://localhost.example.com/v1", "local-only", False),
        ("https://127.0.0.1.example.com/v1", "local-only", False),
        ("https://user:pw@localhost/v1", "local-only", False),
        ("ftp://localhost/v1", "allow", False),
        ("", "allow", False),
    ],
)
def test_text_goes_only_where_the_setting_lets_it(url: str, allowed: Any, may: bool) -> None:
    assert (refusal(Endpoint(url, text_out=allowed)) == "") is may


def test_the_key_is_in_no_repr() -> None:
    assert KEY not in repr(Endpoint("https://x.example/v1", SecretStr(KEY)))


# --- what was answered before


def test_the_same_question_costs_nothing_twice_in_memory_or_on_disk(server: OpenAI, tmp_path: Path) -> None:
    for kept in (Remembered(), AnswerFile(tmp_path / "answers.db")):
        before = len(server.sent("POST", "chat"))
        for _ in range(2):
            reader = Recalling(model(server), kept)
            assert [a.value for a in reader.answer([question(), question("b"), question()])] == [GOOD] * 3
        assert len(server.sent("POST", "chat")) == before + 2
        assert Recalling(model(server), kept).answer([question()])[0].usage.calls == 0
    assert stat.S_IMODE((tmp_path / "answers.db").stat().st_mode) == 0o600


def test_what_failed_is_asked_again_next_time(server: OpenAI) -> None:
    kept = Remembered()
    server.replies = ["no", "no"]
    assert Recalling(model(server), kept).answer([question()])[0].value is None
    assert Recalling(model(server), kept).answer([question()])[0].value == GOOD


def test_another_model_or_instruction_is_another_question(server: OpenAI) -> None:
    kept = Remembered()
    Recalling(model(server), kept).answer([question()])
    Recalling(model(server, strong="large"), kept).answer([question()])
    assert len(server.sent("POST", "chat")) == 2


def test_a_damaged_file_of_answers_only_costs_money(server: OpenAI, tmp_path: Path) -> None:
    path = tmp_path / "answers.db"
    path.write_bytes(b"this is no database" * 100)
    assert Recalling(model(server), AnswerFile(path)).answer([question()])[0].value == GOOD


# --- shapes


def test_an_answer_is_checked_to_the_last_leaf() -> None:
    assert fault(GOOD, SCHEMA) == ""
    assert (
        fault({"rows": [{"i": 1, "group": "G1"}, {"i": 2, "group": "G9"}]}, SCHEMA)
        == "the answer.rows[1].group is none of the values allowed"
    )
    assert fault({"rows": [{"i": 1.5, "group": "G1"}]}, SCHEMA) == "the answer.rows[0].i is no integer"
    assert fault("x" * 30_000, {"type": "string"}) == "the answer is too long"
    with pytest.raises(ValueError, match="no JSON object"):
        decoded("nothing")


# --- vectors


def embedder(server: OpenAI) -> EndpointEmbedder:
    return EndpointEmbedder(Endpoint(server.base_url, timeout=5), "vectors")


def test_vectors_come_in_the_order_of_the_texts_and_of_unit_length(server: OpenAI) -> None:
    texts = [f"text {n}" for n in range(600)]
    rows = embedder(server).embed(texts)
    assert rows.shape == (600, 8)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    assert np.array_equal(embedder(server).embed(texts[599:])[0], rows[599])
    assert len(server.sent("POST", "embeddings")) == 4


def test_an_empty_text_is_like_nothing(server: OpenAI) -> None:
    assert not embedder(server).embed(["", "  ", "x"])[:2].any()


def test_vectors_of_two_lengths_are_refused(server: OpenAI) -> None:
    server.dimensions = [8, 16]
    with pytest.raises(Refused, match="of 8 and of 16"):
        embedder(server).embed([str(n) for n in range(300)])


def test_an_embeddings_endpoint_that_fails_says_so_without_a_word_of_the_text(server: OpenAI) -> None:
    server.fail("refuse", "embeddings", status=503)
    with pytest.raises(Unavailable, match="503"):
        embedder(server).embed(["secret words"])
    server.fail("refuse", "embeddings", status=404)
    with pytest.raises(Refused, match="404"):
        embedder(server).embed(["secret words"])
    server.fail("html", "embeddings")
    with pytest.raises(Refused, match="does not answer as"):
        embedder(server).embed(["secret words"])
    server.fail("drop", "embeddings")
    with pytest.raises(Unavailable, match="can't be reached"):
        embedder(server).embed(["secret words"])
