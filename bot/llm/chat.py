"""A chat model behind an OpenAI-compatible endpoint, as a Reader: questions in, checked JSON out, never an exception.

Strict JSON schema where the endpoint takes it, else JSON mode, else plain text that says so; one repair try. Retries
are ours, bounded, and only for what may be tried again. An endpoint that is down is not asked for the rest of the run.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import openai
import pydantic

from bot.llm.endpoint import Endpoint, client
from bot.llm.purse import Purse
from bot.llm.shape import decoded, fault
from bot.ports import Answer, Progress, Question, Usage

_FORMATS = ("json_schema", "json_object", "text")  # from the strictest; an endpoint that refuses one gets the next
_LIMITS = ("max_completion_tokens", "max_tokens", "")  # the newer name, the older name, none
_TRIES = 3  # requests for one question that fail in a way that may pass
_LONGEST_WAIT = 60.0  # seconds; an endpoint that wants more is down for this run
_BROKEN = 3  # questions in a row without an answer, after which nothing more is asked
_THOUGHT = (6_000, 30_000)  # tokens beyond the answer's own, which models that reason spend first; at a second try

TOO_COSTLY = "the cost cap of this run was reached"


class _Down(Exception):
    """The endpoint gives no usable answer; `final`: nor will it in this run. `later`: seconds after which the same
    request may be tried again, 0 for whenever, None for not at all."""

    def __init__(self, why: str, *, final: bool = False, later: float | None = None) -> None:
        super().__init__(why)
        self.why, self.final, self.later = why, final, later


class _Cut(Exception):
    """The answer was longer than it was allowed to be."""

    why = "it was cut at the token limit"

    def __init__(self, used: Usage) -> None:
        super().__init__(self.why)
        self.used = used


class ChatModel:
    """`model` answers everything but what is `strong`, if a `strong` model is named. Safe to use from one thread."""

    def __init__(
        self,
        endpoint: Endpoint,
        purse: Purse,
        model: str,
        strong: str | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._endpoint = endpoint
        self._purse, self._model, self._strong, self._sleep = purse, model, strong or model, sleep
        self._format = self._limit = 0  # positions in _FORMATS and _LIMITS that this endpoint takes
        self._down = ""
        self._broken = 0
        self._lock = threading.Lock()

    @property
    def id(self) -> str:
        return self._model if self._model == self._strong else f"{self._strong} and {self._model}"

    @property
    def spent(self) -> Usage:
        return self._purse.spent

    def answer(self, questions: Sequence[Question], progress: Progress | None = None) -> Sequence[Answer]:
        answers = []
        with client(self._endpoint) as sdk, ThreadPoolExecutor(self._endpoint.at_once) as pool:
            for answer in pool.map(partial(self._answered, sdk), questions):
                answers.append(answer)
                if progress:
                    progress(len(answers), len(questions))
        return answers

    def _answered(self, sdk: openai.OpenAI, question: Question) -> Answer:
        """With one repair try: the question again, with what was wrong about the answer."""
        used, wrong = Usage(), ""
        for thought in _THOUGHT:
            if self._down:
                return Answer(None, used, self._down)
            try:
                text, took = self._text(sdk, question, wrong, thought)
            except _Cut as cut:
                used, wrong = used + cut.used, cut.why
                continue
            except _Down as down:
                self._note(down)
                return Answer(None, used, down.why)
            used += took
            self._broken = 0
            value, wrong = _checked(text, question)
            if not wrong:
                return Answer(value, used)
        return Answer(None, used, f"its answer was not usable: {wrong}")

    def _note(self, down: _Down) -> None:
        with self._lock:
            self._broken += 1
            if down.final or self._broken >= _BROKEN:
                self._down = self._down or down.why

    def _text(self, sdk: openai.OpenAI, question: Question, wrong: str, thought: int) -> tuple[str, Usage]:
        """The answer as it came. Raises _Down."""
        used = Usage()
        tries = 0
        while True:
            shape = (self._format, self._limit)
            try:
                most = question.most + thought
                text, took = self._sent(sdk, self._body(question, wrong, shape, most), most)
                return text, used + took
            except openai.BadRequestError as refused:
                self._loosen(shape, refused)
            except _Down as down:
                tries += 1
                if down.final or down.later is None or tries >= _TRIES:
                    raise
                self._sleep(down.later or random.uniform(0.5, 1.0) * 2**tries)  # noqa: S311 - no secret

    def _loosen(self, shape: tuple[int, int], refused: openai.BadRequestError) -> None:
        """The endpoint did not take the request as it was: the next looser form, for this and all later questions."""
        told = str(refused.body).lower()
        shorter = "max_" in told and shape[1] + 1 < len(_LIMITS)  # also "max_tokens is too large"
        if not shorter and ("context" in told or "too long" in told or "too many tokens" in told or "maximum" in told):
            raise _Down("its context is too small for the tickets") from None
        with self._lock:
            if (self._format, self._limit) != shape:
                return
            if shorter:
                self._limit += 1
            elif self._format + 1 < len(_FORMATS):
                self._format += 1
            else:
                raise _Down("the endpoint refused the request (400)", final=True) from None

    def _sent(self, sdk: openai.OpenAI, body: Mapping[str, Any], most: int) -> tuple[str, Usage]:
        """One request, paid for. Raises _Down, or BadRequestError when its form is not taken."""
        guess = sum(len(m["content"].encode()) for m in body["messages"]) // 3 + 400
        reserved = self._purse.reserve(guess, most)
        if reserved is None:
            raise _Down(TOO_COSTLY, final=True)
        took = (0, 0)
        try:
            reply: Any = sdk.chat.completions.create(**body)
            usage = getattr(reply, "usage", None)
            took = (_count(usage, "prompt_tokens", guess), _count(usage, "completion_tokens", 0))
            text, finish = _content(reply)
            took = (took[0], took[1] or len(text) // 3)
        except openai.APITimeoutError:
            took = (guess, most)  # it may have been worked on, and be billed
            raise _Down("it did not answer in time", later=0.0) from None
        except openai.BadRequestError:
            raise
        except openai.APIStatusError as error:
            raise _status(error) from None
        except openai.APIConnectionError:
            raise _Down("it can't be reached", later=0.0) from None
        except (openai.OpenAIError, pydantic.ValidationError, ValueError, TypeError, AttributeError, LookupError):
            took = (guess, 0)
            raise _Down("it did not answer as an OpenAI-compatible endpoint does", later=0.0) from None
        finally:
            used = self._purse.settle(reserved, *took)
        if finish == "length":
            raise _Cut(used)
        return text, used

    def _body(self, question: Question, wrong: str, shape: tuple[int, int], most: int) -> dict[str, Any]:
        form, limit = _FORMATS[shape[0]], _LIMITS[shape[1]]
        system = question.instruction
        body: dict[str, Any] = {"model": self._strong if question.strong else self._model}
        if form == "json_schema":
            schema = {"name": question.kind, "strict": True, "schema": question.schema}
            body["response_format"] = {"type": form, "json_schema": schema}
        else:
            system += (
                f"\nAnswer with one JSON object and nothing else, by this JSON schema:\n{json.dumps(question.schema)}"
            )
            body |= {"response_format": {"type": form}} if form == "json_object" else {}
        if limit:
            body[limit] = most
        if wrong:
            system = f"Your last answer to this was refused: {wrong}. Mind the schema.\n\n{system}"
        messages = [{"role": "system", "content": system}, {"role": "user", "content": question.material}]
        return {**body, "messages": messages}


def _checked(text: str, question: Question) -> tuple[Any, str]:
    """(value, "") or (None, what is wrong with it)."""
    try:
        value = decoded(text)
    except (ValueError, RecursionError):
        return None, "it was no JSON"
    wrong = fault(value, question.schema)
    return (None, wrong) if wrong else (value, "")


def _content(reply: Any) -> tuple[str, str]:
    """(text, finish reason). Raises _Down for a refusal, and others for what is no completion."""
    choice = reply.choices[0]
    if choice.finish_reason == "content_filter" or getattr(choice.message, "refusal", None):
        raise _Down("the model refused to answer")
    return str(choice.message.content or ""), str(choice.finish_reason)


def _count(usage: Any, name: str, guess: int) -> int:
    told = getattr(usage, name, None)
    return told if isinstance(told, int) and not isinstance(told, bool) and told > 0 else guess


def _status(error: openai.APIStatusError) -> _Down:
    """No word of the endpoint's own message: it may repeat the tickets, or the key."""
    code = error.status_code
    if code in (401, 403):
        return _Down(f"it refuses the API key ({code})", final=True)
    if code == 404:
        return _Down("it knows no such model or path (404)", final=True)
    if code == 429 or code >= 500:
        wait = _seconds(error.response.headers.get("retry-after"))
        what = "it is asked too often (429)" if code == 429 else f"it fails ({code})"
        return _Down(what, final=wait > _LONGEST_WAIT, later=wait)
    if code == 413:
        return _Down("its context is too small for the tickets")
    return _Down(f"it refuses the request ({code})", final=True)


def _seconds(told: str | None) -> float:
    try:
        return max(0.0, float(told)) if told else 0.0
    except ValueError:
        return 0.0
