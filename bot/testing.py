"""A tracker and a channel in memory, for those who test what they build on the ports. Both keep a true record.

They keep the contracts of `bot.ports` as the real ones do, and pass the same suite (tests/contract/sinks.py): what is
there is found, `Absent` is a proof, and nothing is done twice by itself. What goes wrong is said beforehand:

    tracker.trouble.append(Trouble("do", Unknown("no answer"), made=True))
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from bot.acts import (
    Absent,
    Act,
    Draft,
    Finding,
    Found,
    Hint,
    Message,
    Receipt,
    Sighting,
    Undecided,
    effect_key,
)
from bot.ports import Refused, Unavailable

Call = Literal["mark", "do", "find", "twins", "check", "update", "tell", "members", "respond", "publish"]


@dataclass(frozen=True, slots=True)
class Trouble:
    """What the next `times` calls of that name meet. Of a `do`: whether the thing is made all the same, or `late`.

    `fault` is raised as it is, so that anything can be: a fault of the ports, or the end of a process.
    """

    call: Call
    fault: BaseException
    made: bool = False
    late: bool = False
    times: int = 1


@dataclass(slots=True)
class Thing:
    """Something that stands in the tracker or the channel. `key` of the act that made it; None: somebody else did."""

    ref: str
    key: str | None
    hidden: bool = False
    marks: set[str] = field(default_factory=set)  # links and labels
    message: Message | None = None
    after: str | None = None
    kind: str = ""


class _Place:
    """What both have in common: things in the order in which they were made, and trouble to come."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.things: list[Thing] = []
        self.trouble: list[Trouble] = []
        self.calls: list[tuple[Call, str]] = []  # every one, with the key or ref that it was about
        self._under_way: list[Act] = []

    def made(self, key: str) -> list[str]:
        """The refs of all that the act made, in truth."""
        return [thing.ref for thing in self.things if thing.key == key]

    def others(self, count: int = 1) -> None:
        """Somebody else makes things of the same sort."""
        for _ in range(count):
            self.things.append(Thing(self._next(), None))

    @property
    def under_way(self) -> bool:
        return bool(self._under_way)

    def arrive(self) -> None:
        """What was sent and made `late` is made now."""
        late, self._under_way = self._under_way, []
        for act in late:
            self._make(act)

    def mark(self, act: Act) -> Hint:
        self._meet("mark", act.key)
        return {"above": len(self.things)}

    def do(self, act: Act) -> Receipt:
        trouble = self._next_trouble("do", act.key)
        if trouble is None:
            return self._make(act)
        if trouble.made:
            self._make(act)
        if trouble.late:
            self._under_way.append(act)
        raise trouble.fault

    def find(self, act: Act, hint: Hint) -> Sighting:
        try:
            self._meet("find", act.key)
        except Refused as refused:
            return Undecided(str(refused))
        if act.repeatable:
            return Found(self._receipt(self._parent(act))) if act.key in self._parent(act).marks else Absent()
        since = self.things[int(hint.get("above", 0)) :]
        for thing in since:
            if thing.key == act.key and not thing.hidden:
                return Found(self._receipt(thing))
        if any(thing.hidden for thing in since):
            return Undecided("something that was made since can't be seen")
        return Absent()

    def twins(self, act: Act) -> Sequence[Receipt]:
        self._meet("twins", act.key)
        if act.repeatable:  # it makes no thing of its own, and leaves its mark on its parent
            parent = self._parent(act)
            return [self._receipt(parent)] if act.key in parent.marks else []
        return [self._receipt(thing) for thing in self.things if thing.key == act.key and not thing.hidden]

    def check(self) -> Sequence[Finding]:
        try:
            self._meet("check", self.where)
        except (Unavailable, Refused) as fault:
            return [Finding("memory", "fail", str(fault), "Wait, or change what it says.")]
        return [Finding("memory", "ok", f"{self.where} is there.")]

    # --- details

    def _meet(self, call: Call, about: str) -> None:
        if trouble := self._next_trouble(call, about):
            raise trouble.fault

    def _next_trouble(self, call: Call, about: str) -> Trouble | None:
        self.calls.append((call, about))
        found = next((t for t in self.trouble if t.call == call), None)
        if found is not None:
            at = self.trouble.index(found)
            self.trouble[at : at + 1] = [replace(found, times=found.times - 1)] if found.times > 1 else []
        return found

    def _make(self, act: Act) -> Receipt:
        if act.repeatable:
            parent = self._parent(act)
            parent.marks.add(act.key)
            return self._receipt(parent)
        thing = Thing(self._next(), act.key, after=act.parent)
        self._fill(thing, act)
        self.things.append(thing)
        return self._receipt(thing)

    def _parent(self, act: Act) -> Thing:
        return self._thing(act.parent or "")

    def _thing(self, ref: str) -> Thing:
        found = next((thing for thing in self.things if thing.ref == ref), None)
        if found is None:
            raise Refused(f"there is no {ref!r} here.")
        return found

    def _next(self) -> str:
        return f"{self.where}-{len(self.things) + 1}"

    def _fill(self, thing: Thing, act: Act) -> None:
        """What a thing holds beside its ref."""

    def _receipt(self, thing: Thing) -> Receipt:
        return Receipt(thing.ref, f"https://{self.where.lower()}.example/{thing.ref}")


class InMemoryTracker(_Place):
    """A `bot.ports.Sink`: a project `where` in which an approved draft becomes one issue with a link per quote."""

    def __init__(self, where: str = "BILL", *, name: str = "jira") -> None:
        """`name`: the outlet's, the first part of the kind of its acts."""
        super().__init__(where)
        self.name = name

    def plan(self, draft: Draft) -> Sequence[Act]:
        subject = f"{draft.theme.id}:{draft.generation}"
        key = effect_key(f"{self.name}.issue", draft.workspace, subject)
        payload = {"title": draft.theme.words.title, "theme": draft.theme.id, "generation": draft.generation}
        return [Act(key, f"{self.name}.issue", self.where, payload), *self._links(draft, key, subject)]

    def _links(self, draft: Draft, after: str, subject: str) -> Iterator[Act]:
        for quote in draft.theme.quotes:
            key = effect_key(f"{self.name}.links", draft.workspace, f"{subject}:{quote.ticket_id}")
            yield Act(key, f"{self.name}.links", self.where, {"ticket": quote.ticket_id}, after=after, repeatable=True)

    def withdrawal(self, draft: Draft, made: Receipt) -> Sequence[Act]:
        issue = self.plan(draft)[0]
        key = effect_key(f"{self.name}.withdraw", draft.workspace, f"{draft.theme.id}:{draft.generation}")
        return [
            Act(key, f"{self.name}.withdraw", self.where, {}, after=issue.key, repeatable=True, parent=made.ref),
        ]


class InMemoryChannel(_Place):
    """A `bot.ports.Channel` named `where`. `groups`: user group -> its people; `told`: (person, message), each once;
    `homes`: person -> the blocks of their Home."""

    def __init__(self, where: str = "C0PRODUCT1", *, name: str = "slack") -> None:
        super().__init__(where)
        self.name = name
        self.groups: dict[str, frozenset[str]] = {}
        self.told: list[tuple[str, Message]] = []
        self.homes: dict[str, Sequence[Mapping[str, Any]]] = {}

    def post(self, key: str, message: Message) -> Act:
        return Act(key, f"{self.name}.digest", self.where, _body(message))

    def reply(self, key: str, after: str, message: Message, theme_id: str | None = None) -> Act:
        about = {"theme_id": theme_id} if theme_id else {}
        return Act(key, f"{self.name}.reply", self.where, {**_body(message), **about}, after=after)

    def note(self, key: str, what: str, message: Message) -> Act:
        return Act(key, f"{self.name}.{what}", self.where, _body(message))

    def to(self, person: str) -> InMemoryChannel:
        """What is posted there stands among the other `things`, since the two are one workspace."""
        there = copy.copy(self)
        there.where = person
        return there

    def digests(self, since: datetime) -> Mapping[str, Receipt]:
        """However old: nothing here has a date."""
        self._meet("find", self.where)
        return {t.key[:16]: self._receipt(t) for t in self.things if t.key and t.kind.endswith(".digest")}

    def respond(self, url: str, message: Message) -> None:
        self._meet("respond", url)
        self.told.append((url, message))

    def update(self, target: str, ref: str, message: Message) -> None:
        self._meet("update", ref)
        self._thing(ref).message = message

    def tell(self, target: str, person: str, message: Message) -> None:
        self._meet("tell", person)
        self.told.append((person, message))

    def publish(self, person: str, blocks: Sequence[Mapping[str, Any]]) -> None:
        self._meet("publish", person)
        self.homes[person] = tuple(blocks)

    def members(self, group: str) -> frozenset[str]:
        self._meet("members", group)
        if group not in self.groups:
            raise Refused(f"there is no group {group!r}.")
        return self.groups[group]

    def shown(self) -> dict[str, Message]:
        """Ref -> what stands there now, of all that is ours."""
        return {thing.ref: replace(thing.message) for thing in self.things if thing.message is not None}

    def _fill(self, thing: Thing, act: Act) -> None:
        thing.kind, thing.message = act.kind, Message(act.payload["text"], act.payload["blocks"])


def _body(message: Message) -> dict[str, Any]:
    return {"text": message.text, "blocks": [dict(block) for block in message.blocks]}
