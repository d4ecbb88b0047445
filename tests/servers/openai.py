"""An OpenAI-compatible endpoint that is scripted, and a *simulated* reader that can stand behind it.

The simulated reader is no language model: it knows the true label of every ticket text, and errs as often as it is told
to. It answers from what a request says (instruction, material, schema) and from nothing else of ours.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from tests.servers.base import Answer, Request, StandIn

Reply = Callable[[dict[str, Any]], Any]  # the request's body -> content (str), or an Answer as it is


class OpenAI(StandIn):
    """`replies` are used up first, one a request; then `reader` answers. Content that is no str is sent as JSON."""

    name = "openai"

    def __init__(
        self, reader: Reply | None = None, *, dimensions: int = 8, port: int = 0, log: Path | None = None
    ) -> None:
        super().__init__(port, log)
        self.reader = reader
        self.replies: list[Any] = []
        self.dimensions: list[int] = [dimensions]  # of the vectors; the last stays
        self.refused_formats: set[str] = set()  # response formats that this endpoint doesn't know
        self.refused_fields: set[str] = set()  # of the request's body
        self.reasons = "stop"
        self.routes = [
            ("POST", r"/v1/chat/completions", self._chat),
            ("POST", r"/v1/embeddings", self._embed),
            (
                "GET",
                r"/v1/models",
                lambda r: Answer(200, {"object": "list", "data": [{"id": "simulated", "object": "model"}]}),
            ),
        ]

    @property
    def base_url(self) -> str:
        return f"{self.url}/v1"

    def _chat(self, request: Request) -> Answer:
        body = request.json
        form = body.get("response_format", {}).get("type", "text")
        wrong = [form] if form in self.refused_formats else sorted(self.refused_fields & body.keys())
        if wrong:
            return Answer(400, {"error": {"message": f"Unsupported: {wrong[0]}", "type": "invalid_request_error"}})
        reply = self.replies.pop(0) if self.replies else self.reader(body) if self.reader else "{}"
        if callable(reply):
            reply = reply(body)
        return reply if isinstance(reply, Answer) else Answer(200, completion(body, reply, self.reasons))

    def _embed(self, request: Request) -> Answer:
        texts = request.json["input"]
        dim = self.dimensions.pop(0) if len(self.dimensions) > 1 else self.dimensions[0]
        rows = [{"object": "embedding", "index": i, "embedding": _vector(t, dim)} for i, t in enumerate(texts)]
        usage = {"prompt_tokens": sum(map(tokens, texts)), "total_tokens": sum(map(tokens, texts))}
        return Answer(200, {"object": "list", "model": "simulated", "data": rows[::-1], "usage": usage})


def completion(body: Mapping[str, Any], content: Any, reason: str = "stop") -> dict[str, Any]:
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    told = sum(tokens(m["content"]) for m in body["messages"]) + tokens(json.dumps(body.get("response_format", "")))
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_790_000_000,
        "model": body["model"],
        "choices": [{"index": 0, "finish_reason": reason, "message": {"role": "assistant", "content": text}}],
        "usage": {"prompt_tokens": told, "completion_tokens": tokens(text), "total_tokens": told + tokens(text)},
    }


def tokens(text: str) -> int:
    """Words, marks and pieces of long words: near what byte-pair encodings make of English and JSON."""
    return sum(1 + (len(w) - 1) // 7 for w in re.findall(r"\w+|[^\w\s]{1,3}", text))


def _vector(text: str, dim: int) -> list[float]:
    digest = sha256(text.encode()).digest() * (dim // 32 + 1)
    return [b / 255 - 0.5 for b in digest[:dim]]


def asked(body: Mapping[str, Any]) -> tuple[str, Any, Mapping[str, Any]]:
    """(instruction, material, schema) of a request, as any reader sees them."""
    system, user = body["messages"][0]["content"], body["messages"][1]["content"]
    schema = body.get("response_format", {}).get("json_schema", {}).get("schema")
    if schema is None:  # told in words, where the endpoint takes no schema
        schema = json.loads(system[system.index("{", system.rindex("schema")) :])
    return system, json.loads(user), schema


class Gold:
    """The hidden map: a ticket's text, as far as it is shown, -> its true label; and which labels are alike."""

    def __init__(self, tickets: Iterable[tuple[str, str | None]]) -> None:
        self._labels: list[str | None] = []
        self._whole: dict[str, int] = {}
        self._pieces: dict[tuple[str, ...], set[int]] = defaultdict(set)
        self._words: dict[str, Counter[str]] = defaultdict(Counter)
        for n, (text, label) in enumerate(tickets):
            self._labels.append(label)
            words = _words(text)
            for size in (1, 2, 3, 5):
                for piece in zip(*(words[i:] for i in range(size)), strict=False):
                    self._pieces[piece].add(n)
            if label:
                self._words[label].update(set(words))

    def label(self, text: str) -> str | None:
        found: Counter[int] = Counter()
        words = _words(text)
        for size in (1, 2, 3, 5):
            for piece in set(zip(*(words[i:] for i in range(size)), strict=False)):
                holders = self._pieces.get(piece, ())
                if size > 1 or len(holders) < 20:
                    found.update(dict.fromkeys(holders, size / max(1, len(holders)) ** 0.5))  # type: ignore[arg-type]
        return self._labels[max(found, key=lambda n: (found[n], -n))] if found else None

    def nearest(self, words: Iterable[str], among: Iterable[str]) -> str | None:
        """The label whose tickets use these words most, weighed by how rare they are."""
        said = set(words)
        total = len(self._words)
        uses = Counter(w for c in self._words.values() for w in c)

        def near(label: str) -> float:
            own = self._words[label]
            size = sum(own.values()) ** 0.5 or 1.0
            return sum(own[w] ** 0.5 * (1 - uses[w] / (total + 1)) for w in said if w in own) / size

        return max(sorted(set(among)), key=near, default=None)

    def sibling(self, label: str, among: Iterable[str]) -> str | None:
        return self.nearest(self._words[label], set(among) - {label})


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9']+", text.lower())


class SimulatedReader:
    """Reads the gold, wrong in `errors` of its judgements: a ticket goes to the nearest sibling theme, a definition is
    split in two or joined with its sibling, "same fix?" is answered the wrong way round.

    `stubborn`: it errs in the same way whenever it sees the same text; else each request is a new throw.
    """

    def __init__(self, gold: Gold, errors: float = 0.0, *, seed: int = 0, stubborn: bool = False) -> None:
        self.gold, self.errors, self._seed, self._stubborn = gold, errors, seed, stubborn
        self._means: dict[str, tuple[str, ...]] = {}  # name of a definition -> the labels it was made of

    def __call__(self, body: Mapping[str, Any]) -> Any:
        _, material, schema = asked(body)
        return self.answer(material, schema)

    def answer(self, material: Any, schema: Mapping[str, Any]) -> Any:
        wanted = set(schema["properties"])
        salt = "" if self._stubborn else sha256(json.dumps(material).encode()).hexdigest()
        if "survey" in wanted:
            return self._groups(material["tickets"], salt)
        if "rows" in wanted:
            return {"rows": [self._row(t, material["groups"], schema, salt) for t in material["tickets"]]}
        if "same" in wanted:
            return self._same(material, salt)
        return {"items": [self._item(g) for g in material["groups"]]}

    def _errs(self, *what: str) -> bool:
        number = sha256("\x1f".join((str(self._seed), *what)).encode()).digest()
        return int.from_bytes(number[:6], "big") / 2**48 < self.errors

    def _groups(self, tickets: Sequence[Mapping[str, Any]], salt: str) -> Any:
        truth = {t["i"]: self.gold.label(t["text"]) for t in tickets}
        sizes = Counter(label for label in truth.values() if label)
        themes = sorted(label for label, n in sizes.items() if n >= 3)
        parts: dict[tuple[str, ...], list[str]] = {}
        joined: set[str] = set()
        for label in themes:
            other = self.gold.sibling(label, set(themes) - joined)
            if label not in joined and other and self._errs("join", salt, label):
                parts[(label, other)] = ["whole"]
                joined |= {label, other}
        for label in themes:
            if label not in joined:
                parts[(label,)] = ["one", "two"] if self._errs("split", salt, label) else ["whole"]
        listed: dict[str, list[int]] = {}
        for labels, halves in parts.items():
            for half in halves:
                name = " or ".join(x.replace("_", " ") for x in labels) + ("" if half == "whole" else f", kind {half}")
                self._means[name] = labels
                listed[name] = []
        for ticket in tickets:
            name = self._choice(ticket["text"], truth[ticket["i"]], list(listed), salt)
            if name:
                listed[name].append(ticket["i"])
        groups = [
            {"name": n, "includes": f"Customers ask about {n}.", "excludes": "", "tickets": rows}
            for n, rows in listed.items()
        ]
        return {"survey": "", "groups": groups}

    def _choice(self, text: str, label: str | None, names: Sequence[str], salt: str) -> str | None:
        by_label = defaultdict(list)
        for name in names:
            for meant in self._means.get(name, ()):
                by_label[meant].append(name)
        if self._errs("ticket", salt, text):
            label = self.gold.sibling(label, by_label) if label else self.gold.nearest(_words(text), by_label)
        options = by_label.get(label or "", [])
        pick = int(sha256(f"{salt}{text}".encode()).hexdigest(), 16)
        return options[pick % len(options)] if options else None

    def _row(self, ticket: Mapping[str, Any], groups: Any, schema: Mapping[str, Any], salt: str) -> dict[str, Any]:
        code = {g["name"]: g["group"] for g in groups}
        name = self._choice(ticket["text"], self.gold.label(ticket["text"]), list(code), salt)
        row = {"i": ticket["i"], "group": code[name] if name else "none"}
        told = schema["properties"]["rows"]["items"]["properties"]
        said = " ".join(ticket["text"].split()[:5])
        return row | ({"asks": said} if "asks" in told else {"about": "" if name else said})

    def _same(self, material: Any, salt: str) -> Any:
        most = [Counter(self.gold.label(t) for t in material[k]["tickets"]).most_common(1)[0][0] for k in "AB"]
        return {"difference": "", "same": (most[0] == most[1]) != self._errs("same", salt)}

    def _item(self, group: Mapping[str, Any]) -> dict[str, Any]:
        name = " ".join(re.findall(r"[a-z]+", str(group["name"]).lower())[:6]) or "unnamed problem"
        quotes = [{"i": t["i"], "quote": t["text"].removesuffix(" …")} for t in group["tickets"][:2]]
        return {
            "group": group["group"],
            "name": name.capitalize(),
            "problem": f"Customers write about {name}. They can't go on without an answer.",
            "title": f"Fix {name}",
            "user_story": f"As a customer, I want {name} to be settled so that I can go on.",
            "acceptance": ["The example tickets can no longer happen.", "Customers are told what to do."],
            "severity": "P2",
            "severity_reason": "it does not work as it should",
            "near_misses": [],
            "citations": quotes,
        }


def gold_of(batch: Path) -> Gold:
    """The hidden map of a ThemeBench batch: its labels, tickets in no theme with their own rare intents."""
    told = json.loads(batch.with_name(f"{batch.stem}.gold.json").read_text(encoding="utf-8"))
    rows = [json.loads(line) for line in batch.read_text(encoding="utf-8").splitlines()]
    return Gold((f"{r['subject']} {r['description']}", _intent(told, r["id"])) for r in rows)


def _intent(told: Mapping[str, Any], key: str) -> str | None:
    intent = told["labels"][key] or told["meta"][key]["intent"]
    return None if intent == "oos" else str(intent)
