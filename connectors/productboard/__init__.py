"""Productboard as a sink: a feature for an approved theme, and a note for each of its customers (VENDORS 8.1, API v2).

What we make carries `metadata.source` (system "groundswell", the act's marker as its record), by which it is found;
the marker stands in its text as well, as that metadata may be missing in older workspaces. Nothing is ever deleted:
there, a deletion takes along what hangs on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import InitVar, dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from bot.acts import Absent, Act, Draft, Finding, Found, Hint, Receipt, Sighting, Undecided
from bot.ports import Refused, Unavailable, Unknown
from connectors.bearer import Cut, Gone, Wire
from connectors.productboard import draft as drafting
from connectors.productboard import fields as naming
from connectors.productboard.draft import FACTS, FEATURE, NOTE, SYSTEM, WITHDRAWAL, WITHDRAWN
from connectors.productboard.fields import FieldOf

__all__ = ["Productboard"]

Item = Mapping[str, Any]
_MEND = "Put a valid token into GROUNDSWELL_PRODUCTBOARD__TOKEN, with rights to read and create entities and notes."
_LATER = "Try again later; if it lasts, look at productboard.base_url and at Productboard's status page."


@dataclass(frozen=True, kw_only=True, eq=False)
class Productboard:
    """A `bot.ports.Sink`. Making one touches no network.

    `fields`: fact (theme, severity, tickets, customers, deflection, issue) -> the feature field that holds it, by the
    name people see. Where `theme` has one, a feature that holds the theme's id there is linked to, and none is made.
    `parent`: the id of the component or product under which features are made. `settle`: seconds after a mark from
    which on what was sent is no longer under way; `find` proves nothing before.
    """

    token: InitVar[str]
    base_url: str = "https://api.productboard.com/v2"
    fields: Mapping[str, str] = field(default_factory=dict)
    parent: str | None = None
    timeout: float = 10.0
    settle: float = 120.0
    _wire: Wire = field(init=False, repr=False)
    _known: dict[str, tuple[FieldOf, ...]] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self, token: str) -> None:
        if unknown := sorted(set(self.fields) - set(FACTS)):
            raise ValueError(f"productboard.fields knows {', '.join(FACTS)}, and not {', '.join(unknown)}")
        object.__setattr__(self, "_wire", Wire("Productboard", self.base_url, token, self.timeout))

    # --- planning

    def plan(self, draft: Draft) -> Sequence[Act]:
        return [drafting.feature(draft, self.fields), *drafting.notes(draft)]

    def withdrawal(self, draft: Draft, made: Receipt) -> Sequence[Act]:
        """The feature's name says it; its notes are what customers wrote, and stay."""
        return [drafting.withdrawal(draft, made.ref)]

    def check(self) -> Sequence[Finding]:
        try:
            fields = self._fields(anew=True)
            self._wire.read("notes/configurations")
            for fact, label in self.fields.items():
                naming.named(fields, label, f"productboard.fields.{fact}")
        except Refused as refused:
            return [Finding("productboard", "fail", str(refused), _MEND)]
        except Unavailable as away:
            return [Finding("productboard", "fail", str(away), _LATER)]
        return [Finding("productboard", "ok", f"features ({len(fields)} fields) and notes can be read")]

    # --- the outlet

    def mark(self, act: Act) -> Hint:
        """The time by Productboard's clock. Of a feature, what is missing is said before anything is sent."""
        if act.kind == FEATURE:
            naming.filled(act.payload, self._fields(), act.parent)
        return {"at": self._wire.clock(_list_of(act)).isoformat()}

    def do(self, act: Act) -> Receipt:
        ways: dict[str, Callable[[Act], Receipt]] = {
            FEATURE: self._feature,
            NOTE: self._note,
            WITHDRAWAL: self._withdraw,
        }
        return ways[act.kind](act)

    def find(self, act: Act, hint: Hint) -> Sighting:
        """Absent is proven by the whole list: every item that was made since shows that it is another's."""
        try:
            if act.kind == WITHDRAWAL:
                name, receipt = self._named(act)
                return Found(receipt) if name is None or name.startswith(WITHDRAWN) else Absent()
            if made := self._made(act):
                return Found(made[0])
            return self._sighting(act, hint)
        except (Refused, Cut) as why:
            return Undecided(str(why))

    def twins(self, act: Act) -> Sequence[Receipt]:
        try:
            return [self._named(act)[1]] if act.kind == WITHDRAWAL else self._made(act)
        except Cut as cut:
            raise Unavailable(str(cut)) from None

    # --- writing

    def _feature(self, act: Act) -> Receipt:
        if there := self._linked(act):
            return there
        body: dict[str, Any] = {"type": "feature", "fields": naming.filled(act.payload, self._fields(), act.parent)}
        if self.parent:
            body["relationships"] = [{"type": "parent", "target": {"id": self.parent}}]
        try:
            return _receipt(self._create("entities", body, act.marker))
        except Refused:
            self._known.clear()  # somebody may have renamed a field since it was read
            raise

    def _note(self, act: Act) -> Receipt:
        """Looks first: a person may have asked to send again what is there. Asked without an issue, it is no note."""
        if there := self._made(act):
            return there[0]
        customer, feature = act.payload["customer"], str(act.parent)
        company = self._company(customer) if customer else None
        try:
            return self._write_note(act, feature, company)
        except Gone:  # v2 makes no customer by itself (VENDORS 8.1), and its list may still show one that is gone
            if not customer or company is None or self._is_there(company):
                raise
        return self._write_note(act, feature, self._new_company(customer))

    def _write_note(self, act: Act, feature: str, company: str | None) -> Receipt:
        related = [{"type": "link", "target": {"id": feature, "type": "feature"}}]
        if company is not None:
            related.append({"type": "customer", "target": {"id": company, "type": "company"}})
        told = {"name": act.payload["name"], "content": act.payload["content"]}
        body = {"type": "textNote", "fields": told, "relationships": related}
        return Receipt(_id(self._create("notes", body, act.marker)))

    def _company(self, name: str) -> str:
        """Its id, made where it is unknown. A second try finds what a lost answer made: it is looked for by name."""
        for item in self._list("entities", {"type[]": "company", "name": name}):  # the filter takes parts of names
            if _told(item, "name").strip().casefold() == name.strip().casefold():
                return _id(item)
        return self._new_company(name)

    def _new_company(self, name: str) -> str:
        body = {"type": "company", "fields": {"name": name}}
        return _id(self._create("entities", body, sha256(name.encode()).hexdigest()[:16]))

    def _create(self, path: str, body: Mapping[str, Any], record: str) -> Item:
        source = {"source": {"system": SYSTEM, "recordId": record}}
        made = self._wire.write("POST", path, {"data": {**body, "metadata": source}}).get("data")
        if not isinstance(made, dict) or not made.get("id"):
            raise Unknown("Productboard answered without the id of what it made")
        return made

    def _withdraw(self, act: Act) -> Receipt:
        """Puts a word before the feature's name, whatever that is by now; a feature that others made stays as it is."""
        name, receipt = self._named(act)
        if name is not None and not name.startswith(WITHDRAWN):
            told = {naming.named(self._fields(), "name", "which every feature needs").id: f"{WITHDRAWN}{name}"}
            self._wire.write("PATCH", f"entities/{receipt.ref}", {"data": {"fields": told}})
        return receipt

    # --- reading

    def _fields(self, *, anew: bool = False) -> tuple[FieldOf, ...]:
        if anew or "feature" not in self._known:
            told = self._wire.read("entities/configurations/feature").data
            self._known["feature"] = naming.read(told.get("data", told))
        return self._known["feature"]

    def _named(self, act: Act) -> tuple[str | None, Receipt]:
        """The name of the feature that an act hangs on; None where it is not one that we made."""
        item = self._wire.read(f"entities/{act.parent}").data.get("data")
        if not isinstance(item, dict) or not item.get("id"):
            raise Unavailable("Productboard's answer is not a feature")
        return (_told(item, "name") if _is_of(item, act.payload["feature_marker"]) else None), _receipt(item)

    def _is_there(self, entity: str) -> bool:
        try:
            self._wire.read(f"entities/{entity}")
        except Gone:
            return False
        return True

    def _made(self, act: Act) -> list[Receipt]:
        """By our metadata, the first made first; a feature that was linked to counts as made."""
        source = {"metadata[source][system]": SYSTEM, "metadata[source][recordId]": act.marker}
        asked = {**source, **({"type[]": "feature"} if act.kind == FEATURE else {})}
        found = [item for item in self._list(_list_of(act), asked) if _is_of(item, act.marker)]
        receipts = [_receipt_of(act, item) for item in sorted(found, key=lambda i: str(i.get("createdAt")))]
        there = None if receipts or act.kind != FEATURE else self._linked(act)
        return [there] if there else receipts

    def _linked(self, act: Act) -> Receipt | None:
        """The feature that held the theme's id before we came."""
        label = act.payload["wanted"].get("theme")
        if not label:
            return None
        number = naming.named(self._fields(), label, "productboard.fields.theme").id
        held = (i for i in self._list("entities", {"type[]": "feature", "fields": "all"})
                if _told(i, number) == act.payload["facts"]["theme"])  # fmt: skip
        return next((_receipt(item) for item in held if not _ours(item)), None)

    def _sighting(self, act: Act, hint: Hint) -> Sighting:
        if "at" not in hint:
            return Undecided("no time was taken before it was sent")
        since = datetime.fromisoformat(str(hint["at"]))
        asked = {"fields": "all", **({"type[]": "feature"} if act.kind == FEATURE else {})}
        if self._wire.clock(_list_of(act)) < since + timedelta(seconds=self.settle):
            return Undecided("it was sent too recently to be ruled out")
        for item in self._list(_list_of(act), asked):
            if _is_of(item, act.marker):
                return Found(_receipt_of(act, item))
            if _since(item, since) and not _tells(item):
                return Undecided("something that was made since doesn't show whose it is")
        return Absent()

    def _list(self, path: str, asked: Mapping[str, Any]) -> Iterator[Item]:
        for reply in self._wire.pages(path, asked, "pageCursor"):
            items = reply.data.get("data")
            if not isinstance(items, list):
                raise Unavailable("Productboard's answer is not a list")
            yield from (item for item in items if isinstance(item, dict) and item.get("id"))


def _list_of(act: Act) -> str:
    return "notes" if act.kind == NOTE else "entities"


def _id(item: Item) -> str:
    return str(item["id"])


def _told(item: Item, name: str) -> str:
    fields = item.get("fields")
    return str(fields.get(name) or "") if isinstance(fields, dict) else ""


def _source(item: Item) -> Item:
    metadata = item.get("metadata")
    source = metadata.get("source") if isinstance(metadata, dict) else None
    return source if isinstance(source, dict) else {}


def _ours(item: Item) -> bool:
    return _source(item).get("system") == SYSTEM or "groundswell-op-" in _text(item)


def _is_of(item: Item, marker: str) -> bool:
    return _source(item).get("recordId") == marker or f"groundswell-op-{marker}" in _text(item)


def _tells(item: Item) -> bool:
    """Whether it would show that it is ours, if it were."""
    return bool(_source(item) or _text(item))


def _text(item: Item) -> str:
    """All that is written in it, whatever its fields are called."""
    fields = item.get("fields")
    return " ".join(v for v in fields.values() if isinstance(v, str)) if isinstance(fields, dict) else ""


def _since(item: Item, at: datetime) -> bool:
    """Made at that time or later; without a time that can be read, it may have been."""
    try:
        return datetime.fromisoformat(str(item.get("createdAt"))) >= at
    except (ValueError, TypeError):
        return True


def _receipt_of(act: Act, item: Item) -> Receipt:
    return _receipt(item) if act.kind == FEATURE else Receipt(_id(item))


def _receipt(item: Item) -> Receipt:
    links = item.get("links")
    where = (links.get("html") or links.get("self")) if isinstance(links, dict) else None
    return Receipt(_id(item), str(where) if where else None)
