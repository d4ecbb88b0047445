"""Whoever changes a number, an id or a quote in a digest is found out: in the document, in the text and on the page."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import pytest

from bot import report
from bot.report import markdown
from bot.report.terminal import table
from tests.runs import data, demo, faults

Path = tuple[str | int, ...]

# What only a new run can check (the grouping's own figures), and what is wording or passed on as it was read.
NOT_COUNTED = re.compile(
    r"^(?:stability|other_language_share|window|rejects)$|\.(?:cohesion|stability)$|\.(?:id|theme_id|name|short|kind)$"
    r"|\.(?:title|user_story|made_by|acceptance\.\d+|position\.\d)$|\.core_tickets$"
)


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from leaves(inner, (*path, i))
    elif value is not None:
        yield path, value


def changed(value: Any) -> Any:
    """The nearest wrong value: one more, another id, a letter other than it was."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    return (
        value.translate(str.maketrans("aeiou0123456789", "eioua1234567890"))
        if re.search(r"[aeiou\d]", value)
        else value + "x"
    )


def put(told: dict[str, Any], path: Path, value: Any) -> dict[str, Any]:
    mutant: Any = copy.deepcopy(told)
    inner = mutant
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return dict(mutant)


def test_the_document_of_the_demo_has_no_fault() -> None:
    assert faults(demo()) == []


def test_a_change_of_any_number_id_or_quote_in_the_document_is_found() -> None:
    """Every leaf but wording is changed in turn. The first few of each long list stand for all of it."""
    made = demo()
    told = data(made)
    missed = []
    tried = 0
    for path, value in leaves(told):
        dotted = ".".join(map(str, path))
        if NOT_COUNTED.search(dotted) or NOT_COUNTED.search(str(path[0])) or _far_down(path):
            continue
        tried += 1
        try:
            found = faults(made, put(told, path, changed(value)))
        except (KeyError, ValueError):
            continue  # an id or a level that does not exist: found as well
        if not found:
            missed.append(dotted)
    assert missed == []
    assert tried > 90


def _far_down(path: Path) -> bool:
    lists = {"ticket_ids": 3, "not_a_theme": 3, "removed": 2, "themes": 3, "backlog_items": 3}
    return any(isinstance(at, int) and at >= lists.get(str(name), 9) for name, at in pairwise(path))


@pytest.mark.parametrize("key", ["themes", "not_a_theme", "removed", "backlog_items"])
def test_a_row_that_is_left_out_or_told_twice_is_found(key: str) -> None:
    made = demo()
    told = data(made)
    assert faults(made, {**told, key: told[key][1:]})
    assert faults(made, {**told, key: [*told[key], told[key][0]]})


# --- what people read: read again from the text and from the page


def read_markdown(text: str) -> dict[str, Any]:
    """Names, counts, ids, severities and impacts as they stand in digest.md."""
    themes = re.findall(
        r"^\d+\. \*\*(.+?)\*\* \((\d+) tickets?, (\d+) customers?\)\n\n.*?Example IDs: (.+?)\.$",
        text,
        re.MULTILINE | re.DOTALL,
    )
    items = re.findall(r"^   - Severity: (P\d).*?- Impact: (\d+) ", text, re.MULTILINE | re.DOTALL)
    totals = re.findall(
        r"^- Tickets: (\d+) read, (\d+) of them not looked at \(.+?\); of the other (\d+), (\d+) in themes \(.+?\) "
        r"and (\d+) in none \((\d+) one-offs, \d+ anecdotes \((\d+) tickets\)\)$",
        text,
        re.MULTILINE,
    )
    problems = re.findall(r"^   (Customers write: .+)$", text, re.MULTILINE)
    return {"themes": themes, "items": items, "totals": totals, "problems": problems}


def due_markdown(told: dict[str, Any]) -> dict[str, Any]:
    t = {**told["totals"], **told["sums"], "gone": told["totals"]["removed"]}
    figures = ("tickets_read", "gone", "looked_at", "in_themes", "not_a_theme", "one_offs", "anecdotes")
    return {
        "themes": [
            (
                markdown.escape(x["name"]),
                str(x["ticket_count"]),
                str(x["customer_count"]),
                ", ".join(markdown.escape(i) for i in x["example_ticket_ids"]),
            )
            for x in told["themes"]
        ],
        "items": [(i["severity"], str(i["impact"])) for i in told["backlog_items"]],
        "totals": [tuple(str(t[k]) for k in figures)],
        "problems": [markdown.escape(x["problem"]) for x in told["themes"]],
    }


def test_the_text_says_what_the_document_says() -> None:
    made = demo()
    assert read_markdown(markdown.render(made.digest)) == due_markdown(data(made))


def test_a_changed_figure_id_or_quote_in_the_text_is_found() -> None:
    made = demo()
    text = markdown.render(made.digest)
    due = due_markdown(data(made))
    first = data(made)["themes"][0]
    for piece in (
        f"({first['ticket_count']} tickets",
        f"{first['customer_count']} customers)",
        first["example_ticket_ids"][0],
        first["quotes"][0]["text"],
        f"- Impact: {data(made)['backlog_items'][0]['impact']} ",
        f"{data(made)['totals']['in_themes']} in themes",
    ):
        assert piece in text
        assert read_markdown(text.replace(piece, changed(piece))) != due, piece


class _Words(HTMLParser):
    """The text of a page, blocks apart."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self._hidden += tag in ("style", "script")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("style", "script")

    def handle_data(self, text: str) -> None:
        if not self._hidden:
            self.pieces.append(text)


def page_words(html: str) -> str:
    parser = _Words()
    parser.feed(html)
    return " ".join(" ".join(parser.pieces).split())


def test_the_page_holds_every_name_count_quote_and_member() -> None:
    made = demo()
    words = page_words(report.render(made.digest))
    told = data(made)
    for theme in told["themes"]:
        assert theme["name"] in words
        assert all(" ".join(q["text"].split()) in words for q in theme["quotes"])
        assert all(re.search(rf"\b{re.escape(i)}\b", words) for i in theme["ticket_ids"])
    for item in told["backlog_items"]:
        assert item["title"] in words
        assert item["user_story"] in words
        assert item["severity_reason"].removeprefix(f"{item['severity']}: ") in words


def test_every_number_on_the_page_and_in_the_table_comes_from_the_document() -> None:
    """A figure that is nowhere in the document would be an invented one."""
    made = demo()
    said = " ".join(t.subject + t.body for t in made.reading.everything)
    known = set(re.findall(r"\d+", json.dumps(data(made)) + str(made.digest.making) + said))
    console = _printed(made)
    for text in (page_words(report.render(made.digest)), console):
        shown = set(re.findall(r"(?<![\d.,:/-])\d{2,}(?![\d.,:/%-])", text))
        days = {str(n) for n in range(1, 32)} | {"2026", "80", "30", "384"}
        assert shown - known - days - _shares(data(made)) == set()


def _shares(told: dict[str, Any]) -> set[str]:
    """Percentages and differences that are worked out from two figures of the document."""
    read = told["totals"]["tickets_read"]
    numbers = [n for _, n in leaves(told["totals"])] + [t["ticket_count"] for t in told["themes"]]
    one_offs = sum(x["reason"] == "one-off" for x in told["not_a_theme"])
    looked_at = read - told["totals"]["removed"]
    return {str(round(100 * n / read)) for n in numbers} | {str(one_offs), str(looked_at)}


def _printed(made: Any) -> str:
    from io import StringIO

    from rich.console import Console

    out = StringIO()
    Console(file=out, width=100).print(table(made.digest))
    return out.getvalue()
