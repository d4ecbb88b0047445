"""Jira Cloud as a sink: one draft issue for an approved theme, with its evidence (VENDORS 4, SURFACES 1.8 and 2)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import InitVar, dataclass, field
from typing import Any

from bot.acts import Absent, Act, Draft, Field, Finding, Found, Hint, Issue, Receipt, Sighting, Undecided
from bot.domain import Kind
from bot.ports import Refused, Unknown
from connectors.jira import backlog, checks, comment, evidence, moves, preview, proof, reads, screens
from connectors.jira import draft as drafting
from connectors.jira.comment import COMMENT, UPDATE
from connectors.jira.draft import ISSUE, LINK, WITHDRAWAL, Form
from connectors.jira.evidence import EVIDENCE
from connectors.jira.moves import CLOSE, TRIAGE
from connectors.jira.screens import Screens
from connectors.jira.wire import Wire

__all__ = ["Form", "Jira"]

_ONCE = (EVIDENCE, COMMENT)  # what is made on an issue, and would be made twice


@dataclass(frozen=True, kw_only=True, eq=False)
class Jira(Form):
    """A `bot.ports.Sink`. Making one touches no network; the token stays in its session and in no repr.

    `site`: https://acme.atlassian.net. `timeout`: seconds for one answer. `settle`: seconds after a mark from which on
    a request is no longer under way, at Jira's end either; `find` proves nothing before (see `reads`). The default
    holds the ledger's window of 30 s and the minute that a gateway may take.
    """

    site: str
    email: str = field(repr=False)
    token: InitVar[str]
    timeout: float = 10.0
    settle: float = 120.0
    _wire: Wire = field(init=False, repr=False)
    _screens: Screens = field(init=False, repr=False)

    def __post_init__(self, token: str) -> None:
        super().__post_init__()
        object.__setattr__(self, "_wire", Wire(self.site, (self.email, token), self.timeout))
        object.__setattr__(self, "_screens", Screens(self._wire, self.project))

    def check(self) -> Sequence[Finding]:
        return checks.findings(self._wire, self)

    @property
    def writes(self) -> str:
        return proof.writes(self)

    def prove(self, key: str) -> Sequence[Finding]:
        return list(proof.findings(self, self._wire, self, key))

    def form(self, kind: Kind | None = None, *, wait: bool = True) -> Sequence[Field]:
        names = dict.fromkeys(self.type_for(one) for one in ([kind] if kind else Kind))
        known = [self._screens.of(name) if wait else self._screens.kept(name) for name in names]
        asked = [field for screen in known if screen for field in screens.needed(screen, self.fields, self._ours())]
        return list({field.key: field for field in asked}.values())

    def _ours(self) -> Sequence[str]:
        return [*(["components"] if self.components else []), *(["priority"] if self.priorities is not None else [])]

    def plan(self, draft: Draft) -> Sequence[Act]:
        return [
            drafting.issue(draft, self),
            *drafting.links(draft, self),
            evidence.evidence(draft, self),
            *moves.triage(draft, self),
        ]

    def similar(self, words: Sequence[str]) -> Sequence[Issue]:
        return backlog.similar(self._wire, [self.project, *self.look_in], words)

    def issues(self, keys: Sequence[str]) -> Sequence[Issue]:
        return backlog.issues(self._wire, keys)

    def attach(self, draft: Draft, issue: str, number: int) -> Sequence[Act]:
        return list(comment.attached(draft, issue, number, self))

    def renew(self, draft: Draft, made: Act, number: int) -> Sequence[Act]:
        return list(comment.renewed(draft, made, number, self))

    def stands(self, made: Receipt) -> bool:
        return comment.stands(self._wire, made)

    def detach(self, draft: Draft, made: Act, number: int, former: Act | None) -> Act:
        return comment.taken_back(draft, made, number, former)

    def text(self, acts: Sequence[Act]) -> Sequence[str]:
        return list(preview.lines(preview.planned(acts)))

    def page(self, acts: Sequence[Act]) -> str:
        return preview.page(preview.planned(acts))

    def withdrawal(self, draft: Draft, made: Receipt) -> Sequence[Act]:
        return [drafting.withdrawal(draft, made.ref, self), moves.close(draft, made.ref, self)]

    def mark(self, act: Act) -> Hint:
        """Of a create, the project's newest issue; else the time, as the other acts are looked up on their issue."""
        if act.kind == ISSUE:
            self._body(act)  # what is missing is said before anything is sent
            return reads.mark(self._wire, act.target)
        if act.kind in (TRIAGE, CLOSE):
            return moves.mark(self._wire, _issue_of(act))
        return {"at": reads.clock(self._wire, _issue_of(act)).isoformat()} if act.kind in _ONCE else {}

    def do(self, act: Act) -> Receipt:
        ways: dict[str, Callable[[Act], Receipt]] = {
            ISSUE: self._create,
            LINK: self._link,
            WITHDRAWAL: self._relabel,
            EVIDENCE: self._attach,
            COMMENT: self._comment,
            UPDATE: self._renew,
            TRIAGE: self._move,
            CLOSE: self._move,
        }
        return ways[act.kind](act)

    def find(self, act: Act, hint: Hint) -> Sighting:
        """See `reads` for what counts as a proof. A refusal to read is none."""
        try:
            if act.kind == ISSUE:
                return reads.sighting(self._wire, act, hint, self.settle)
            # The clock first: a look after the time is a look that proves.
            doubt = None if act.repeatable else reads.settled(self._wire, _issue_of(act), hint, self.settle)
            made = self._made(act, hint)
        except Refused as refused:
            return Undecided(str(refused))
        return Found(made[0]) if made else doubt or Absent()

    def twins(self, act: Act) -> Sequence[Receipt]:
        if act.kind == ISSUE:
            return reads.twins(self._wire, act)
        try:
            return self._made(act)
        except Refused:
            if reads.is_gone(self._wire, _issue_of(act)):
                return []  # and with the issue all that hung on it; else no later act could be verified
            raise

    def _body(self, act: Act) -> dict[str, Any]:
        """What is sent to make the issue, in the project's own terms. Raises Unavailable or Refused; reads only."""
        wanted = act.payload.get("wanted")
        if wanted is None:  # planned by a version that did not ask the project
            return dict(act.payload)
        try:
            return screens.filled(act.payload, self._screens.of(wanted["type"]))
        except Refused:  # somebody may have mended it since it was read
            self._screens.forget()
            return screens.filled(act.payload, self._screens.of(wanted["type"]))

    def _create(self, act: Act) -> Receipt:
        body = self._body(act)
        try:
            made = self._wire.write("POST", "issue", body).data
        except Refused:
            self._screens.forget()
            raise
        key = made.get("key") if isinstance(made, dict) else None
        if not isinstance(key, str) or not reads.KEY.fullmatch(key):
            raise Unknown("Jira answered without the key of an issue")
        return reads.receipt(self._wire, key)

    def _link(self, act: Act) -> Receipt:
        key = _issue_of(act)
        made = self._wire.write("POST", f"issue/{key}/remotelink", dict(act.payload)).data
        number = made.get("id") if isinstance(made, dict) else None
        if number is None:
            raise Unknown("Jira answered without the id of a link")
        return Receipt(f"{key}#{number}", reads.receipt(self._wire, key).url)

    def _relabel(self, act: Act) -> Receipt:
        key = _issue_of(act)
        self._wire.write("PUT", f"issue/{key}", dict(act.payload))
        return reads.receipt(self._wire, key)

    def _attach(self, act: Act) -> Receipt:
        """Looks first: a person may have asked to send again what is there."""
        there = self._made(act)
        return there[0] if there else evidence.attach(self._wire, act, _issue_of(act))

    def _comment(self, act: Act) -> Receipt:
        """Looks first, as `_attach` does: never two."""
        there = self._made(act)
        return there[0] if there else comment.write(self._wire, act, _issue_of(act))

    def _renew(self, act: Act) -> Receipt:
        return comment.change(self._wire, act, _issue_of(act))

    def _move(self, act: Act) -> Receipt:
        return moves.move(self._wire, act, _issue_of(act))

    def _made(self, act: Act, hint: Hint | None = None) -> Sequence[Receipt]:
        """What an act on an issue left there, read from that issue itself."""
        key = _issue_of(act)
        if act.kind in (TRIAGE, CLOSE):
            moved = moves.standing(self._wire, act, key, hint)
            return [moved] if moved else []
        if act.kind == EVIDENCE:
            return evidence.attached(self._wire, act, key)
        if act.kind in (COMMENT, UPDATE):
            return comment.there(self._wire, act, key)
        if act.kind == LINK:
            number = reads.remote_link(self._wire, key, str(act.payload["globalId"]))
            return [Receipt(f"{key}#{number}", reads.receipt(self._wire, key).url)] if number is not None else []
        labels = reads.labels(self._wire, key)
        done = drafting.WITHDRAWN in labels and drafting.DRAFT not in labels
        return [reads.receipt(self._wire, key)] if done else []


def _issue_of(act: Act) -> str:
    """The issue that the act hangs on; it becomes a part of an address, so it must be a key and nothing else."""
    key = str(act.payload.get("issue") or (act.parent or "").partition("#")[0])  # a link may hang on a comment
    if not reads.KEY.fullmatch(key):
        raise ValueError(f"the act {act.key[:8]} has no issue to be done on")
    return key
