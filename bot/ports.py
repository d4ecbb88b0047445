"""What the core needs from the outside, and how the outside may fail. Each docstring is the contract.

    Unavailable   nothing was done; the same call may work later; `retry_after` seconds where the other side said so
    Refused       nothing was done, and won't be until a person acts; the message says what to do
    Unknown       (from `Outlet.do` alone) sent, without a readable answer: it may or may not have been done

Anything else that leaves a connector is a bug and surfaces. No message ever holds a secret or a ticket's text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from bot.acts import Act, Draft, Field, Finding, Hint, Issue, Message, Receipt, Sighting
from bot.domain import Kind, Page, Users

Vectors = NDArray[np.float32]
Progress = Callable[[int, int], None]  # (done, of how many); called often, must be cheap

_P = TypeVar("_P")
_R = TypeVar("_R")


class Unavailable(Exception):
    """The other side did not answer as it should; the same call may work later."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Refused(Exception):
    """It will not work until a person changes something; the message is one sentence with the mend."""


class Unknown(Exception):
    """It was sent, and no answer says what became of it: look before anything is sent again."""


class Checked(Protocol):
    """Whatever `groundswell doctor` can look at."""

    def check(self) -> Sequence[Finding]:
        """What works, what doesn't, and the mend. Reads only, never raises for a fault of the other side."""
        ...


@runtime_checkable
class Proven(Protocol):
    """A connection that can show that it does its work: `groundswell doctor --live`, against a sandbox."""

    @property
    def writes(self) -> str:
        """What `prove` does over there, as a clause ("posts a message in C0123 and deletes it"); empty: it reads."""
        ...

    def prove(self, key: str) -> Sequence[Finding]:
        """Does it once and takes it back; what stands there still, or may, is told with its place.

        `key`: 64 hex that no other proof has; what is written carries its first 16, like `Act.marker`. The one way
        outside that is not `bot.effects`: a person asked for it just now, and nothing of ours hangs on it. Never raises
        for a fault of the other side.
        """
        ...


@runtime_checkable
class Sampled(Protocol):
    """A source whose answers an operator can show to others, where they are not what was expected."""

    def samples(self) -> Iterator[tuple[str, Any]]:
        """(name, decoded JSON as it came): a few answers of each kind that `pages` reads. Reads only.

        Unmasked: `bot.redact.capture` must have them before anybody else. Raises Refused, Unavailable.
        """
        ...


class Source(Checked, Protocol):
    """Where tickets come from. Reads only."""

    def pages(self, cursor: str | None = None, *, since: datetime | None = None) -> Iterator[Page]:
        """Every ticket changed since `since`, or since the page that ended with `cursor`; in no promised order.

        A page's `cursor` goes on after that page: reading on from it, in another process and on another day, loses
        nothing. A source may repeat a ticket that changed meanwhile (callers upsert by id), never within one page.
        The last page's cursor is where the next sync begins; `high_water` is the time up to which all is handed over.
        Raises Refused (unreadable, no right) before the first page, Unavailable at any time.
        """
        ...


class Outlet(Protocol):
    """Anything that can be written to. Only `bot.effects` calls `do`; it sees to it that nothing is done twice."""

    def mark(self, act: Act) -> Hint:
        """The high-water mark of `act.target`, taken just before a first send: what exists now needs no looking at.

        JSON. Raises Unavailable or Refused.
        """
        ...

    def do(self, act: Act) -> Receipt:
        """Sends once: one request that writes, no retry by any SDK, a hard timeout of 10 s.

        Raises Unavailable (nothing was done: 429, no connection), Refused (nothing was done: 4xx, no right), Unknown
        (sent, and a time-out, a cut connection, 5xx, a redirect or an answer that is not what was promised).
        """
        ...

    def find(self, act: Act, hint: Hint) -> Sighting:
        """What became of an act that may have been done after `hint` was taken. Reads only.

        Absent is a proof: all that could have been made since was read, whole and without gaps; a search index that
        lags proves nothing. Raises Unavailable.
        """
        ...

    def twins(self, act: Act) -> Sequence[Receipt]:
        """Everything that carries the act's marker, the first made first; more than one is a duplicate. Reads only."""
        ...


class Sink(Checked, Outlet, Protocol):
    """Where approved items go: Jira; Productboard and Dovetail beside it (`bot.tracker.sinks`)."""

    def plan(self, draft: Draft) -> Sequence[Act]:
        """Pure: what would be written for an approved draft, in order; the first makes the thing the others hang on."""
        ...

    def withdrawal(self, draft: Draft, made: Receipt) -> Sequence[Act]:
        """Pure: what takes back, as far as may be, what `plan` made. Deletes nothing."""
        ...


@runtime_checkable
class Formed(Protocol):
    """A sink whose side may require fields that no draft fills."""

    def form(self, kind: Kind | None = None, *, wait: bool = True) -> Sequence[Field]:
        """What a person has to give for a draft of `kind` (None: of any); by `Field.name` or `key` in Draft.fields.

        Empty where the settings give it all. Reads only, and rarely: it is kept for a day. `wait` False: only what is
        kept, without asking anybody; after a refusal for want of a field, that is there. Raises Unavailable, Refused.
        """
        ...


@runtime_checkable
class Pictured(Protocol):
    """A sink that can show what it would make, as a person would see it over there. Pure."""

    def text(self, acts: Sequence[Act]) -> Sequence[str]:
        """A plan, line by line: the thing itself, then what would be written, in order."""
        ...

    def page(self, acts: Sequence[Act]) -> str:
        """The same as an HTML page that fetches nothing and runs nothing."""
        ...


@runtime_checkable
class Backlog(Protocol):
    """A sink that can be asked what its side holds already, and takes evidence on it. `similar` and `issues` read;
    the others are pure, and their acts are done by the ledger like those of a plan."""

    def similar(self, words: Sequence[str]) -> Sequence[Issue]:
        """Issues in which any of the words stands, the last changed first; bounded. Whether one of them is about the
        same, `bot.tracker.backlog` judges. Raises Unavailable, Refused."""
        ...

    def issues(self, keys: Sequence[str]) -> Sequence[Issue]:
        """Those issues as they are now, each under the key that it was asked by, wherever it was moved; those that are
        gone, or hidden, are missing. Raises Unavailable, Refused."""
        ...

    def attach(self, draft: Draft, issue: str, number: int) -> Sequence[Act]:
        """What puts the draft's evidence on the issue: first the one comment, then what hangs on it. `number`: of the
        decision; the same one is the same act for ever. The receipt's ref begins with the issue's key and "#"."""
        ...

    def renew(self, draft: Draft, made: Act, number: int) -> Sequence[Act]:
        """What makes the comment that `made` wrote say this draft's evidence: first that, repeatable, then the rest."""
        ...

    def stands(self, made: Receipt) -> bool:
        """Whether the comment that `attach` made is there; False only where all comments of its issue were read, and it
        is none of them. Raises Unavailable, Refused."""
        ...

    def detach(self, draft: Draft, made: Act, number: int, former: Act | None) -> Act:
        """What makes that comment say again what `former` (of `attach` or `renew`) did, or that it was withdrawn."""
        ...


class Linkback(Checked, Outlet, Protocol):
    """A help desk that takes the link to an issue on its tickets; its acts are planned by `bot.tracker.linkback`.

    Of the kinds "<desk>.note" (payload `ticket`, its key there, and `body`; nobody but agents ever sees it) and
    "<desk>.tag" (`ticket`, `tag`; repeatable). `do` of a note looks first whether it is there: never two on a ticket.
    """


class Channel(Checked, Outlet, Protocol):
    """Where people read and click. `do` posts a message or a reply; `bot.slack.blocks` renders what it carries."""

    def post(self, key: str, message: Message) -> Act:
        """Pure: the act that posts `message` into the configured channel."""
        ...

    def reply(self, key: str, after: str, message: Message, theme_id: str | None = None) -> Act:
        """Pure: the act that answers, in its thread, the post whose act has the key `after`; about a theme, if any."""
        ...

    def note(self, key: str, what: str, message: Message) -> Act:
        """Pure: the act, of the kind "slack.`what`", that posts a message beside the digests (progress, an alert)."""
        ...

    def to(self, person: str) -> Channel:
        """The same wire, whose posts, replies and notes go to one person instead of the channel."""
        ...

    def digests(self, since: datetime) -> Mapping[str, Receipt]:
        """Marker -> where, of all digests of any Groundswell posted into the channel since then, the first made first.

        Reads only. Raises Unavailable or Refused.
        """
        ...

    def respond(self, url: str, message: Message) -> None:
        """Answers one person alone, wherever they typed or clicked, at the address that came along with it.

        May be lost; never repeated. Raises Unavailable or Refused, also for an address that is none of the channel's.
        """
        ...

    def update(self, target: str, ref: str, message: Message) -> None:
        """Draws the posted message `ref` anew. Idempotent. Raises Unavailable or Refused."""
        ...

    def tell(self, target: str, person: str, message: Message) -> None:
        """One person alone sees it (ephemeral). May be lost; never repeated. Raises Unavailable or Refused."""
        ...

    def publish(self, person: str, blocks: Sequence[Mapping[str, Any]]) -> None:
        """Draws the person's Home, which they alone see. Idempotent. Raises Unavailable or Refused."""
        ...

    def members(self, group: str) -> frozenset[str]:
        """The people of a user group. Raises Unavailable or Refused."""
        ...


@dataclass(frozen=True, slots=True)
class Flow:
    """A step of the product, and what shows that users are stuck there: exactly one of an event (`trouble`: an error, a
    rage click), the event that should follow (`goal`), and how many tries are too many (`repeats`).

    `reach`: the event of who gets there; `page`: of `reach` and `trouble`, ids in it may be any. `theme`: id or name.
    `usual`: the share of users who may be stuck there without anything being wrong; None: nobody said.
    """

    name: str
    theme: str
    reach: str
    page: str | None = None
    trouble: str | None = None
    goal: str | None = None
    repeats: int | None = None
    usual: float | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """What an analytics tool has of the product's usage: an event, or the views of a page (ids in it as `*`).

    `users` had it; of a page that stands for several addresses their sum; None: the tool doesn't say.
    """

    event: str
    page: str | None = None
    users: int | None = None


class Signals(Checked, Protocol):
    """Product analytics. Reads only."""

    @property
    def counts(self) -> frozenset[str]:
        """What it can count of a flow, beside `reach`: of "trouble", "goal", "repeats", "page"."""
        ...

    def recorded(self, start: datetime, end: datetime) -> Sequence[Recorded]:
        """What is used most, events before pages; some hundred at most. Raises Unavailable, Refused."""
        ...

    def measure(self, flow: Flow, start: datetime, middle: datetime, end: datetime) -> tuple[Users, Users] | None:
        """Users of the flow from `start` to before `middle`, and from there to before `end`; each user once in each.

        None: an event that the flow names was never recorded in all that time. Bounded: few requests, of which each
        answers in counts. Raises Unavailable, Refused.
        """
        ...


class Spread(Protocol):
    """The same pure work over many pieces, side by side: on this machine's processors or on others'."""

    def __call__(self, work: Callable[[_P], _R], pieces: Sequence[_P]) -> Iterator[_R]:
        """The result of each piece, in the order of the pieces.

        `work` is a function of a module, or a `partial` of one, that depends on its piece alone: it can be done
        elsewhere, and twice. What it raises comes out as it is. Raises Refused. No cluster is Unavailable: what can't
        be done there is done here.
        """
        ...


def in_turn(work: Callable[[_P], _R], pieces: Sequence[_P]) -> Iterator[_R]:
    """A `Spread` over nothing: one piece after the other."""
    return map(work, pieces)


class Embedder(Protocol):
    """Turns texts into vectors. `id` changes whenever the same text would give another vector."""

    @property
    def id(self) -> str: ...

    def embed(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        """-> (len(texts), dim) float32, rows of unit length, order kept.

        A text's row depends on that text alone: not on its neighbours, the batch or the number of threads.
        """
        ...


@dataclass(frozen=True, slots=True)
class Question:
    """One request to a language model. The model has no tools; all it can do is answer.

    `instruction` is ours alone and never holds a ticket's text; `material` is JSON, and data; `schema` is the strict
    JSON schema of the answer (object, array, string, integer, enum; every property required); `most` is how many
    tokens the answer may need; `strong`: worth the better model where two are configured.
    """

    kind: str  # "induce", "assign", "decide", "same", "word": for progress and the ledger
    instruction: str
    material: str
    schema: Mapping[str, Any]
    most: int
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Usage:
    """What questions took: requests sent, tokens as the endpoint counts them, USD at the configured prices."""

    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float = 0.0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.calls + other.calls,
            self.tokens_in + other.tokens_in,
            self.tokens_out + other.tokens_out,
            self.cost + other.cost,
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """`value` is decoded JSON that follows the question's schema; None: no usable answer, and `why` says it in words.

    Following the schema is all that is promised: what it says must be checked by whoever asked.
    """

    value: Any | None
    usage: Usage = Usage()
    why: str = ""


class Reader(Protocol):
    """A language model that reads tickets. `id` names the model, as a digest shows it."""

    @property
    def id(self) -> str: ...

    def answer(self, questions: Sequence[Question], progress: Progress | None = None) -> Sequence[Answer]:
        """One answer for each question, in order. Whatever the other side does, it comes back as an Answer.

        Raises nothing but what is a bug of ours.
        """
        ...
