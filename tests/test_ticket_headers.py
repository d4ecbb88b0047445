"""What columns are called in people's spreadsheets, what is said of those that nobody knows, and the order of dates."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.domain import Page
from bot.ports import Refused
from connectors.ticket_file import TicketFile
from connectors.ticket_file.names import NAMES

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)


def read(tmp_path: Path, content: str, day_first: bool | None = None) -> Page:
    path = tmp_path / "tickets.csv"
    path.write_text(content, encoding="utf-8")
    (only,) = list(TicketFile(path, now=NOW, day_first=day_first).pages())
    return only


def warned(page: Page) -> dict[str, str]:
    return {w.code: w.message for w in page.warnings}


@pytest.mark.parametrize(
    "header",
    [
        "Ticket #;Date opened;Raised by;Company name;What the customer wrote",
        "Case No;Opened on;Reported by;Customer company;Complaint",
        "Request ID;Created (UTC);Email Address;Organisation;Full text",
        "Ticketnummer;Eröffnet am;E-Mail-Adresse;Firmenname;Anliegen",
        "Vorgang;Eingangsdatum;Kunden-E-Mail;Kunde;Problembeschreibung",
        "Nº;Fecha de apertura;Correo electrónico;Nombre de la empresa;Descripción del problema",
        "Numéro du ticket;Date d'ouverture;Courriel;Société;Message du client",
    ],
)
def test_headers_of_peoples_own_spreadsheets_are_known(tmp_path: Path, header: str) -> None:
    page = read(tmp_path, f"{header}\n77;2026-10-05;ann@larch.example;Larch Homes;The export fails\n")
    (ticket,) = page.tickets

    assert (ticket.key, ticket.body, ticket.requester.email) == ("77", "The export fails", "ann@larch.example")
    assert ticket.account.name == "Larch Homes"
    assert ticket.created_at == datetime(2026, 10, 5, tzinfo=UTC)
    assert warned(page) == {}


def test_no_name_means_two_fields_that_are_not_read_together() -> None:
    both = {("email", "person"), ("subject", "body")}  # the value decides; a summary is the text where no other is
    fields = list(NAMES)
    for n, one in enumerate(fields):
        for other in fields[n + 1 :]:
            assert (one, other) in both or not set(NAMES[one]) & set(NAMES[other]), (one, other)


def test_a_closing_date_is_not_taken_for_the_date_of_the_ticket(tmp_path: Path) -> None:
    page = read(tmp_path, "id,description,Date closed\n" + "".join(f"{n},It hangs,2026-10-0{n}\n" for n in range(1, 6)))

    assert all(ticket.created_at is None for ticket in page.tickets)


def test_what_was_taken_for_what_is_told_and_what_was_not_used(tmp_path: Path) -> None:
    page = read(
        tmp_path, "Ticket #,Date opened,Requester,Complaint,Order status\n1,2026-10-05,ann@x.example,Cold,Closed\n"
    )

    assert page.understood == (
        "tickets.csv: id from “Ticket #”, text from “Complaint”, requester from “Requester”, "
        "date from “Date opened”; not used: “Order status”",
    )


def test_an_unknown_column_of_dates_is_offered_ready_to_type(tmp_path: Path) -> None:
    rows = "".join(f"{n},It hangs again,0{n}/10/2026,EU\n" for n in range(1, 6))
    page = read(tmp_path, f"id,description,Tag der Meldung,Region\n{rows}")

    assert '--column created="Tag der Meldung"' in warned(page)["no_date_column"]


def test_without_any_column_of_dates_the_ones_that_are_there_are_named(tmp_path: Path) -> None:
    page = read(tmp_path, "id,description,Region\n1,It hangs,EU\n2,It hangs,US\n3,It fails,EU\n")

    assert "“Region” was not recognised: say --column created=NAME." in warned(page)["no_date_column"]


def test_an_unknown_column_of_mail_addresses_is_offered(tmp_path: Path) -> None:
    rows = "".join(f"{n},It hangs,ann{n}@x.example\n" for n in range(5))

    assert '--column email="Wer"' in warned(read(tmp_path, f"id,description,Wer\n{rows}"))["no_customer_column"]


def test_the_refusal_for_want_of_a_text_has_the_column_that_reads_like_one(tmp_path: Path) -> None:
    row = "7,EU,The export to CSV fails every night\n"
    with pytest.raises(Refused, match='say which one with --column body="Was geschah"'):
        read(tmp_path, f"Nr,Region,Was geschah\n{row * 3}")


@pytest.mark.parametrize(
    ("dates", "said", "first"),
    [
        (["03/10/2026", "25/10/2026"], None, (10, 3)),
        (["03/10/2026", "04/25/2026"], None, (3, 10)),
        (["03/10/2026", "12/01/2026"], None, (10, 3)),  # the 1st of December is still to come
        (["03/10/2026", "01/12/2026"], None, (3, 10)),
        (["03/10/26", "12/01/26"], None, (10, 3)),
        (["03/10/2026"], True, (10, 3)),
        (["03/10/2026"], False, (3, 10)),
    ],
)
def test_the_whole_column_tells_whether_the_day_comes_first(
    tmp_path: Path, dates: list[str], said: bool | None, first: tuple[int, int]
) -> None:
    page = read(tmp_path, "id,description,date\n" + "".join(f"{n},a,{d}\n" for n, d in enumerate(dates)), said)
    at = page.tickets[0].created_at

    assert at is not None
    assert (at.month, at.day) == first


def test_where_no_date_tells_the_note_offers_both_ways(tmp_path: Path) -> None:
    rows = "id,description,date\n1,a,03/10/2026\n2,b,04/10/2026\n"

    assert "--day-first" in warned(read(tmp_path, rows))["ambiguous_dates"]
    assert "ambiguous_dates" not in warned(read(tmp_path, rows, True))
    assert "ambiguous_dates" not in warned(read(tmp_path, rows, False))
