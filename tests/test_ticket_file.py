"""Files as people really have them: encodings, separators, vendors' exports, broken rows, missing ids."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain import Page, Ticket
from bot.ports import Refused
from connectors.ticket_file import TicketFile

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)


def page(path: Path, **given: Any) -> Page:
    (only,) = list(TicketFile(path, now=NOW, **given).pages())
    return only


def read(tmp_path: Path, content: str | bytes, name: str = "tickets.csv", **given: Any) -> Page:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return page(path, **given)


def told(p: Page) -> list[tuple[str, str, str]]:
    return [(t.key, t.subject, t.body) for t in p.tickets]


# --- how it is written down


@pytest.mark.parametrize(
    ("content", "name"),
    [
        ("id,subject,description\n1,Export,It hangs\n", "a.csv"),
        ("\ufeffid,subject,description\r\n1,Export,It hangs\r\n", "bom.csv"),
        ("id;subject;description\n1;Export;It hangs\n", "semicolons.csv"),
        ("id\tsubject\tdescription\n1\tExport\tIt hangs\n", "a.tsv"),
        ("id|subject|description\n1|Export|It hangs\n", "pipes.csv"),
        ('{"id": 1, "subject": "Export", "description": "It hangs"}\n', "a.jsonl"),
        ('[{"id": 1, "subject": "Export", "description": "It hangs"}]', "a.json"),
        ('{"tickets": [{"id": "1", "subject": "Export", "description": "It hangs"}]}', "wrapped.json"),
        ("Ticket ID,Title,Message\n1,Export,It hangs\n", "spreadsheet.csv"),
        ("Ticketnummer;Betreff;Beschreibung\n1;Export;It hangs\n", "german.csv"),
    ],
)
def test_the_same_ticket_in_many_shapes(tmp_path: Path, content: str, name: str) -> None:
    assert told(read(tmp_path, content, name)) == [("1", "Export", "It hangs")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_umlauts_survive_every_usual_encoding(tmp_path: Path, encoding: str) -> None:
    text = "id,subject,description\n" + "".join(f"{n},Zürich,Die Übersicht lädt nicht für Müller\n" for n in range(9))
    found = read(tmp_path, text.encode(encoding))
    assert {t.body for t in found.tickets} == {"Die Übersicht lädt nicht für Müller"}


def test_a_quoted_field_may_hold_newlines_separators_and_quotes(tmp_path: Path) -> None:
    found = read(tmp_path, 'id,description\n1,"first line\nsecond, with ""quotes"""\n2,next\n')
    assert told(found) == [("1", "", 'first line\nsecond, with "quotes"'), ("2", "", "next")]


def test_a_column_can_be_mapped(tmp_path: Path) -> None:
    found = read(tmp_path, "No,What happened\n7,It hangs\n", columns={"id": "No", "body": "What happened"})
    assert told(found) == [("7", "", "It hangs")]


def test_a_mapped_column_that_is_not_there_is_refused_with_the_nearest_one(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"Descriptoin.*Description"):
        read(tmp_path, "id,Description\n1,x\n", columns={"body": "Descriptoin"})


def test_free_text_is_a_ticket_a_line_and_says_that_themes_are_coarser(tmp_path: Path) -> None:
    found = read(tmp_path, "The export hangs\nI can't log in\n", "notes.txt")
    assert [t.body for t in found.tickets] == ["The export hangs", "I can't log in"]
    assert any("coarse" in w.message for w in found.warnings)
    assert len({t.key for t in found.tickets}) == 2


def test_a_hand_made_list_of_titles_and_summaries_is_enough(tmp_path: Path) -> None:
    found = read(tmp_path, "Title,Summary\nExport hangs,Customer says the CSV never comes\n")
    assert [(t.subject, t.body) for t in found.tickets] == [("Export hangs", "Customer says the CSV never comes")]


# --- who and when


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("2026-10-05T12:00:00Z", datetime(2026, 10, 5, 12, tzinfo=UTC)),
        ("2026-10-05 12:00", datetime(2026, 10, 5, 12, tzinfo=UTC)),
        ("2026-10-05T14:00:00+02:00", datetime(2026, 10, 5, 12, tzinfo=UTC)),
        ("46300.5", datetime(2026, 10, 5, 12, tzinfo=UTC)),
        ("1791201600", datetime(2026, 10, 5, 12, tzinfo=UTC)),
        ("1791201600000", datetime(2026, 10, 5, 12, tzinfo=UTC)),
        ("Mon, 05 Oct 2026 12:00:00 +0000", datetime(2026, 10, 5, 12, tzinfo=UTC)),
        ("5 October 2026 12:00", datetime(2026, 10, 5, 12, tzinfo=UTC)),
        ("", None),
        ("soon", None),
        ("31.02.2026", None),
    ],
)
def test_dates_as_people_and_programs_write_them(tmp_path: Path, cell: str, expected: datetime | None) -> None:
    found = read(tmp_path, f'id,description,created_at\n1,It hangs,"{cell}"\n')
    at = found.tickets[0].created_at
    assert (at and at.astimezone(UTC)) == expected


def test_one_date_with_a_day_above_twelve_decides_for_all(tmp_path: Path) -> None:
    found = read(tmp_path, "id,description,date\n1,a,03/10/2026\n2,b,25/10/2026\n")
    assert [t.created_at and (t.created_at.month, t.created_at.day) for t in found.tickets] == [(10, 3), (10, 25)]


def test_a_naive_time_is_of_the_workspace(tmp_path: Path) -> None:
    found = read(tmp_path, "id,description,created_at\n1,a,2026-10-05 12:00\n", timezone="Europe/Berlin")
    assert found.tickets[0].created_at == datetime(2026, 10, 5, 10, tzinfo=UTC)


def test_requester_and_account(tmp_path: Path) -> None:
    found = read(tmp_path, 'id,description,requester,organization\n1,a,"Ann Lee <Ann@Acme.com>",Acme Ltd\n')
    ticket = found.tickets[0]
    assert (ticket.requester.email, ticket.requester.name, ticket.account.name) == (
        "ann@acme.com",
        "Ann Lee",
        "Acme Ltd",
    )


# --- ids


def test_missing_ids_are_made_stable_and_distinct(tmp_path: Path) -> None:
    rows = "description\nIt hangs\nIt hangs\nI can't log in\n"
    first, again = read(tmp_path, rows, "a.csv"), read(tmp_path, rows, "b.csv")
    assert [t.key for t in first.tickets] == [t.key for t in again.tickets]
    assert len({t.key for t in first.tickets}) == 3


def test_a_made_id_does_not_depend_on_the_place_in_the_file(tmp_path: Path) -> None:
    one = read(tmp_path, "description\nIt hangs\nI can't log in\n", "a.csv")
    other = read(tmp_path, "description\nSomething new\nI can't log in\nIt hangs\n", "b.csv")
    keys = {t.body: t.key for t in one.tickets}
    assert all(keys.get(t.body, t.key) == t.key for t in other.tickets)


def test_the_same_id_twice_is_reported_and_the_later_version_kept(tmp_path: Path) -> None:
    text = "id,description,updated_at\n1,new,2026-10-06\n1,old,2026-10-05\n2,same,\n2,same,\n"
    found = read(tmp_path, text)
    assert sorted(told(found)) == [("1", "", "new"), ("2", "", "same")]
    assert len(found.rejects) == 2


# --- what can't be read


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"", "empty.csv"),
        (b"  \n\n", "blank.csv"),
        (b"id,subject,description\n", "header.csv"),
        (b"[]", "none.json"),
        (b'{"tickets": []}', "none2.json"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(range(256)), "picture.csv"),
        (b"PK\x03\x04" + bytes(200), "book.xlsx"),
        (b'{"id": 1, "subject": ', "cut.json"),
        (b"id,price,weight\n1,2,3\n4,5,6\n", "numbers.csv"),
    ],
)
def test_a_file_without_tickets_is_refused_in_one_sentence_that_names_it(
    tmp_path: Path, content: bytes, name: str
) -> None:
    with pytest.raises(Refused) as refused:
        read(tmp_path, content, name)
    message = str(refused.value)
    assert name in message
    assert "\n" not in message
    assert len(message) < 400


@pytest.mark.parametrize("make", [lambda p: p / "absent.csv", lambda p: p])
def test_a_path_that_is_no_file_is_refused(tmp_path: Path, make: Any) -> None:
    with pytest.raises(Refused):
        page(make(tmp_path))


def test_a_broken_row_is_reported_with_its_line_and_the_rest_goes_on(tmp_path: Path) -> None:
    found = read(tmp_path, '{"id": 1, "description": "a"}\n{"id": 2, \n{"id": 3, "description": "c"}\n[1]\n', "a.jsonl")
    assert [t.key for t in found.tickets] == ["1", "3"]
    assert [r.where for r in found.rejects] == ["line 2", "line 4"]
    assert all(r.why for r in found.rejects)


def test_a_row_with_too_many_fields_names_its_line(tmp_path: Path) -> None:
    found = read(tmp_path, 'id,description\n1,a\n2,b,c,d\n"3","x\ny"\n4,d\n')
    assert [t.key for t in found.tickets if t.key in {"1", "3", "4"}] == ["1", "3", "4"]
    assert all(r.where == "line 3" for r in found.rejects)
    assert found.rejects or any(t.key == "2" for t in found.tickets)


def test_controls_and_half_characters_do_not_get_in(tmp_path: Path) -> None:
    text = json.dumps([{"id": 1, "description": "a\x00b \ud800 \u202egnp.exe\u202c \x1b[31mred"}])
    (ticket,) = read(tmp_path, text, "a.json").tickets
    assert not set("\x00\ud800\u202e\x1b") & set(ticket.body)
    assert "gnp.exe" in ticket.body
    ticket.body.encode()


# --- vendors


def test_a_zendesk_api_export_joins_users_and_organizations(tmp_path: Path) -> None:
    export = {
        "tickets": [
            {
                "id": 35436,
                "url": "https://acme.zendesk.example/api/v2/tickets/35436.json",
                "subject": "Help",
                "description": "My printer is on fire",
                "requester_id": 20978392,
                "organization_id": 509974,
                "created_at": "2026-10-05T12:00:00Z",
                "tags": ["printer"],
                "via": {"channel": "web"},
            }
        ],
        "users": [{"id": 20978392, "name": "Ann Lee", "email": "ann@acme.com"}],
        "organizations": [{"id": 509974, "name": "Acme Ltd"}],
    }
    (ticket,) = read(tmp_path, json.dumps(export), "zendesk.json").tickets
    assert (ticket.key, ticket.subject, ticket.body) == ("35436", "Help", "My printer is on fire")
    assert (ticket.requester.email, ticket.account.name) == ("ann@acme.com", "Acme Ltd")
    assert ticket.url == "https://acme.zendesk.example/agent/tickets/35436"
    assert ticket.created_at == datetime(2026, 10, 5, 12, tzinfo=UTC)


def test_an_intercom_export_gives_the_customers_words_only(tmp_path: Path) -> None:
    conversation = {
        "type": "conversation",
        "id": "500",
        "created_at": 1791201600,
        "title": None,
        "source": {
            "body": "<p>It &lt;hangs&gt;<br>again</p>",
            "author": {"type": "user", "id": "u1", "email": "a@b.com"},
        },
        "contacts": {"contacts": [{"id": "u1", "companies": [{"id": "c1", "name": "Beta AG"}]}]},
        "conversation_parts": {
            "conversation_parts": [
                {"body": "<p>We are on it</p>", "author": {"type": "admin"}},
                {"body": "<p>Still hangs</p>", "author": {"type": "user"}},
            ]
        },
    }
    (ticket,) = read(tmp_path, json.dumps({"conversations": [conversation]}), "intercom.json").tickets
    assert "It <hangs>" in ticket.body
    assert "Still hangs" in ticket.body
    assert "We are on it" not in ticket.body
    assert (ticket.requester.email, ticket.account.name) == ("a@b.com", "Beta AG")


# --- for every text

_CELL = st.text(st.characters(exclude_categories=("Cs", "Cc", "Cf", "Zl", "Zp")), min_size=1, max_size=40).filter(
    lambda s: s.strip() == s and s and " ".join(s.split()) == s and "<" not in s and "&" not in s
)


@settings(max_examples=60, deadline=None)
@given(st.lists(_CELL, min_size=2, max_size=12), st.sampled_from([",", ";", "\t"]))
def test_what_csv_writes_is_what_is_read(tmp_path_factory: pytest.TempPathFactory, bodies: list[str], sep: str) -> None:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=sep)
    writer.writerow(["id", "subject", "description"])
    writer.writerows([n, "A subject", body] for n, body in enumerate(bodies))
    found = read(tmp_path_factory.mktemp("csv"), out.getvalue())
    assert [(t.key, t.body) for t in found.tickets] == [(str(n), body) for n, body in enumerate(bodies)]


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400))
def test_no_bytes_at_all_make_it_crash(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("bytes") / "x.csv"
    path.write_bytes(content)
    try:
        found = page(path)
    except Refused as refused:
        assert str(path.name) in str(refused)
    else:
        assert found.tickets or found.rejects
        assert all(isinstance(t, Ticket) and t.key for t in found.tickets)


# --- what real exports have been seen to hold


@pytest.mark.parametrize(
    ("content", "name"),
    [
        ('[{"type":"conversation","id":1,"source":{"body":"It hangs","author":"bob"}}]', "author.json"),
        ('{"tickets":[{"id":1,"description":"It hangs","requester_id":[1]}],"users":[{"id":1}]}', "list.json"),
        ('{"tickets":[{"id":1,"description":"It hangs"}],"users":[{"id":[1]}]}', "user.json"),
        ("sep=;\nid;description\n1;It hangs\n", "excel.csv"),
        ("id\tdescription\n1\tIt hangs\n", "tabs.txt"),
    ],
)
def test_odd_shapes_give_their_ticket(tmp_path: Path, content: str, name: str) -> None:
    assert [t.body for t in read(tmp_path, content, name).tickets] == ["It hangs"]


def test_json_that_is_too_deep_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"deep\.json"):
        read(tmp_path, "[" * 5_000 + "]" * 5_000, "deep.json")


def test_a_quote_that_is_never_closed_is_reported(tmp_path: Path) -> None:
    found = read(tmp_path, 'id,title,description\n1,a,b\n2,"unclosed,c\n3,d,e\n4,f,g\n5,h,i\n')
    assert [r.where for r in found.rejects] == ["line 3"]
    assert "quote" in found.rejects[0].why


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://help.example/t/2?access_token=abc#frag", "https://help.example/t/2"),
        ("https://u:secret@help.example/t/2", "https://help.example/t/2"),
        ("https://help.example/jane@example.org", None),
        ("javascript:alert(1)", None),
        ("https://[bad", None),
    ],
)
def test_a_link_loses_what_may_be_secret(tmp_path: Path, url: str, shown: str | None) -> None:
    assert read(tmp_path, f"id,description,url\n1,It hangs,{url}\n").tickets[0].url == shown


def test_a_customer_column_that_holds_persons_names_no_account(tmp_path: Path) -> None:
    found = read(
        tmp_path, "id,description,customer name,email\n1,a,Peter Wolff,peter.wolff@acme.com\n2,b,Acme Ltd,x@acme.com\n"
    )
    assert [(t.requester.name, t.account.name) for t in found.tickets] == [("Peter Wolff", None), (None, "Acme Ltd")]
