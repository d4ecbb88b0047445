"""The frozen values of deciding and doing: what a person decided, what is written to the outside, and what came of it.

Standard library only, like `bot.domain`, which holds what is read and found.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any, Literal

from bot.domain import BacklogItem, Theme, Window

# --- what is written to the outside


def effect_key(kind: str, workspace: str, subject: str) -> str:
    """64 hex that name one write for ever (DESIGN section 10): a replay of the same cause finds the same row.

    `subject` of an issue is theme id + generation, of a digest the run key, of a reply run key + theme id. What is
    written is not part of it: editing a draft never makes a second issue.
    """
    return sha256("\x1f".join((kind, workspace, subject)).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Act:
    """One write to the outside, planned in full before anything is sent.

    `kind` is "outlet.what" ("jira.issue", "slack.digest"); `target` is where it goes (a project, a channel);
    `payload` is JSON and all that the outlet needs. An act that hangs on another (a reply on its post, a link on its
    issue) names that one's key in `after`, and finds the ref of its receipt in `parent` when it is done.
    `repeatable`: doing it twice is the same as doing it once, so an unknown outcome is simply tried again.
    """

    key: str
    kind: str
    target: str
    payload: Mapping[str, Any]
    after: str | None = None
    repeatable: bool = False
    parent: str | None = None

    @property
    def marker(self) -> str:
        """The 16 hex that the written thing carries, and by which it is found again."""
        return self.key[:16]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the other side made of an act: its own name for it ("BILL-1093", a message's ts) and where to look."""

    ref: str
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """The act was carried out before: this is what it made."""

    receipt: Receipt


@dataclass(frozen=True, slots=True)
class Absent:
    """Proof that the act was not carried out: everything it could have made was read, without gaps."""


@dataclass(frozen=True, slots=True)
class Undecided:
    """Neither found nor proven absent (yet); `why` in a few words for people."""

    why: str


Sighting = Found | Absent | Undecided
Hint = Mapping[str, Any]  # an outlet's high-water mark before a first send; JSON, opaque to everybody else


class EffectState(StrEnum):
    """PENDING until known. UNSURE: a person must look. FAILED: nothing was made. CANCELLED: undone unsent."""

    PENDING = "PENDING"
    DONE = "DONE"
    UNSURE = "UNSURE"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True)
class Effect:
    """An act and what is known of it. `attempts` only grows; `sent` says whether the last one's outcome is unknown."""

    act: Act
    state: EffectState
    attempts: int = 0
    sent: bool = False  # it may be on its way, or have arrived: look before anything is sent again
    looks: int = 0  # how often it was looked for since the last send
    send_deadline: datetime | None = None
    next_at: datetime | None = None
    hint: Hint | None = None
    receipt: Receipt | None = None
    error: str | None = None
    run_key: str | None = None
    theme_id: str | None = None
    updated_at: datetime | None = None
    verified_at: datetime | None = None

    @property
    def unknown(self) -> bool:
        return self.state is EffectState.PENDING and self.sent


# --- what is in the tracker already


class Fate(StrEnum):
    """What became of an issue. DECLINED: closed, and not to be done."""

    OPEN = "open"
    DONE = "done"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True)
class Issue:
    """An issue of the tracker as it was last read. `text`: its description without markup, cut; `status` and
    `resolution` in the site's own words."""

    key: str
    url: str
    summary: str
    text: str = ""
    fate: Fate = Fate.OPEN
    status: str = ""
    resolution: str | None = None
    resolved_at: datetime | None = None


class Likeness(StrEnum):
    """How an issue stands to a theme; `bot.tracker.backlog` says how far each can be trusted."""

    SAME = "same"
    RELATED = "related"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Match:
    """An issue that may be about what a theme is about. `score`: its similarity, about 0 to 1."""

    issue: Issue
    likeness: Likeness
    score: float


# --- what people decide


class Verdict(StrEnum):
    """What a person may say of a theme, and what its `Decision.payload` (JSON) holds.

    Beside these: `name`, what the theme was called then, and `event`, the id of the click.
    """

    APPROVE = "approve"  # effect, generation, fields (name as people see it -> value)
    REJECT = "reject"  # reason, one of REASONS
    SNOOZE = "snooze"  # until (ISO time) and growth (0.5: until it has half as many tickets a day again); rate, then
    MERGE = "merge"  # into (theme id), into_name; once: it binds this digest alone
    SPLIT = "split"  # tickets ("zendesk:42"), part (the id of what was split off), part_name (optional)
    MOVE = "move"  # tickets, into (theme id, or None: into no theme), into_name
    RENAME = "rename"  # to
    EDIT = "edit"  # any of title, problem, user_story, acceptance, severity, notes_url, fields
    ATTACH = "attach"  # issue (its key), effect, generation: evidence on an issue that exists, instead of a new one
    UNDO = "undo"  # undoes (number; without it, the last decision that stands)


# Why a theme is none: said with a rejection, kept with it, told in later digests.
REASONS: Mapping[str, str] = {
    "unrelated": "the tickets don't belong together",
    "too-broad": "too broad to act on",
    "known": "already known",
    "off-topic": "nothing that the product could change",
    "internal": "of our own making, or from our own people",
}


@dataclass(frozen=True, slots=True)
class Decision:
    """One line of a theme's log. (theme_id, number) is unique: whoever writes the next number first, decided.

    `actor` is "slack:U0DANA" or "cli:dana"; `run_key` is the digest it was decided on; `payload` is what a verdict
    needs beyond its name (JSON, see Verdict).
    """

    theme_id: str
    number: int
    verdict: Verdict
    actor: str
    at: datetime
    run_key: str
    revision: int = 1
    note: str = ""
    payload: Mapping[str, Any] = field(default_factory=dict)

    @property
    def by(self) -> str:
        """Who it was, for people outside Slack: there an id is drawn as a name."""
        return named(self.actor, str(self.payload.get("by", "")))


def named(actor: str, name: str) -> str:
    """The actor by the name that people know, where it was said: "slack:U0DANA" called "dana" is "slack:dana"."""
    return f"{actor.partition(':')[0]}:{name}" if name else actor


class Stage(StrEnum):
    """Where a theme stands, as its row says it (SURFACES 1.7)."""

    OPEN = "open"
    APPROVED = "approved"  # no tracker is configured: the decision is kept, and nothing was or will be sent
    CREATING = "creating"  # approved; nothing sent yet
    UNKNOWN = "unknown"  # sent, no answer: being looked for
    UNSURE = "unsure"  # a person must look
    REFUSED = "refused"  # the tracker said no; nothing was made
    CREATED = "created"
    REJECTED = "rejected"
    SNOOZED = "snoozed"
    MERGED = "merged"


@dataclass(frozen=True, slots=True)
class Standing:
    """The fold of a theme's decisions and their effects: what every surface shows and every rule asks.

    `decision` is the number of the line that put it where it stands (an undo puts it back to an earlier one).
    `attached`: the issue that others wrote, or we did before, and to which its evidence was put, or is to be.
    `into` of a merged theme: where it went. `until`, `growth` of a snoozed one: see Verdict.
    """

    theme_id: str
    stage: Stage = Stage.OPEN
    generation: int = 1
    number: int = 0  # of the last decision
    actor: str | None = None
    by: str = ""  # the actor as people outside Slack know them
    at: datetime | None = None
    note: str = ""
    run_key: str | None = None
    effect_key: str | None = None
    receipt: Receipt | None = None
    error: str | None = None
    decision: int = 0
    reason: str = ""
    into: str | None = None
    into_name: str = ""
    until: datetime | None = None
    growth: float | None = None
    attached: str = ""
    sent: frozenset[str] | None = None  # tickets whose evidence its issue has (`attaching.evidence`); None: not kept


# --- what goes out


@dataclass(frozen=True, slots=True)
class Draft:
    """What an approval hands to a sink: the item with all of its evidence, frozen as the approver saw it."""

    workspace: str
    generation: int
    run_key: str
    theme: Theme
    item: BacklogItem
    window: Window
    tickets_read: int
    approved_by: str
    approved_at: datetime
    drafter: str  # "extractive" or the model's name
    small_sample: bool = False  # the digest warned that it had too few tickets
    edited_by: tuple[str, ...] = ()  # who changed the words, in the order they did
    notes_url: str | None = None  # discovery notes that somebody reviewed it against
    fields: Mapping[str, str] = field(default_factory=dict)  # what the tracker requires, by the name people see


@dataclass(frozen=True, slots=True)
class Field:
    """Something that a tracker asks for beside what a draft says. `options` empty: any text that `kind` allows.

    `kind` is the tracker's own word for what it takes ("option", "string", "number", "user", ...).
    """

    name: str
    key: str
    required: bool = True
    options: tuple[str, ...] = ()
    kind: str = "string"


@dataclass(frozen=True, slots=True)
class Message:
    """What a channel carries: blocks as JSON, and a full sentence that stands alone where blocks can't be shown."""

    text: str
    blocks: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """What `check` found of one thing: how it is, in one sentence, and for a fault the mend."""

    name: str
    state: Literal["ok", "warn", "fail", "skip"]
    message: str
    mend: str = ""
