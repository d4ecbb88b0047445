"""`groundswell doctor`: one look at everything, all at once; a fault hides no other, and none is without its mend."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot import doctor
from bot.acts import Finding
from bot.config import Config, Read, load, read
from bot.llm import Endpoint
from bot.llm.checks import findings
from bot.ports import Refused, Unavailable
from tests.servers.openai import OpenAI
from tests.servers.slack import TOKEN
from tests.servers.town import Town
from tests.test_cli import groundswell
from tests.test_configuring import FAULTY, NAMED

FINE = Finding("fine", "ok", "well")


def test_ten_faults_and_more_are_all_named_with_a_mend_and_none_hides_another(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file, where a folder is meant")
    text = FAULTY.replace("sources: {", "sources: {file: {paths: [absent.csv]}, ")
    text = text.replace("postgresql://me:s3cr3t-word@db.acme.com/x", f"sqlite:///{tmp_path}/taken/x.db")
    (tmp_path / "config.yaml").write_text(text)
    began = time.monotonic()
    done = groundswell("doctor", "--json", cwd=tmp_path)
    assert (done.returncode, time.monotonic() - began < 20) == (2, True)  # 8 s, and a Python that starts under load
    told = json.loads(done.stdout)
    failed = [f for f in told["data"]["findings"] if f["state"] == "fail"]
    assert (told["ok"], told["error"]["message"]) == (False, f"{len(failed)} failures.")
    said = "\n".join(f["message"] for f in failed)
    assert all(f["mend"] for f in failed) and len(failed) == len(NAMED) + 2
    assert all(part in said for part in [*NAMED, "absent.csv is not there", "x.db can't be made"])


def test_a_config_that_cannot_be_read_is_one_finding_and_the_machine_is_looked_at(tmp_path: Path) -> None:
    found = doctor.examined(doctor.reading_failed(Refused("config.yaml is not YAML in line 1"), tmp_path))
    assert [(f.name, f.state) for f in found] == [("config", "fail"), ("model", "ok"), ("disk", "ok")]
    assert "line 1" in found[0].message and "groundswell init" in found[0].mend


def test_where_all_is_well_everything_is_looked_at_and_no_secret_is_told(tmp_path: Path) -> None:
    with Town() as town:
        found = doctor.examined(doctor.looks(read(town.config(tmp_path), {}), tmp_path))
        assert {r.method for r in town.zendesk.requests + town.jira.requests} <= {"GET", "HEAD"}
    states = {f.name: f.state for f in found}
    for name in ("config", "database", "zendesk", "intercom", "slack", "slack channel", "jira", "model", "clock"):
        assert states[name] == "ok", name
    told = repr(found)
    assert not any(token in told for token in (TOKEN, town.zendesk.token, town.jira.token))


def test_what_takes_too_long_is_a_fault_and_keeps_nobody_waiting() -> None:
    hangs = threading.Event()
    began = time.monotonic()
    found = doctor.examined({"slow": lambda: [FINE] * hangs.wait(30), "fine": lambda: [FINE]}, limit=0.2)
    hangs.set()
    assert time.monotonic() - began < 2
    assert [(f.name, f.state) for f in found] == [("slow", "fail"), ("fine", "ok")] and found[0].mend


@pytest.mark.parametrize("fault", [Refused("zendesk needs zenpy: pip install it"), Unavailable("away")])
def test_what_is_refused_or_away_is_a_finding_with_a_mend(fault: Exception) -> None:
    def look() -> list[Finding]:
        raise fault

    (found,) = doctor.examined({"part": look})
    assert found.state == "fail" and found.mend and str(fault).partition(": ")[0] == found.message
    assert isinstance(fault, Unavailable) or found.mend == "pip install it"  # said once


# --- the clock


@contextmanager
def telling(date: bytes) -> Iterator[str]:
    """A server that says what time it is, and nothing else."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:

        def answer() -> None:
            with closing(server.accept()[0]) as connection:
                connection.recv(1000)
                connection.sendall(b"HTTP/1.1 404 Not Found\r\n" + date + b"\r\n\r\n")

        threading.Thread(target=answer, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize(
    ("date", "state"),
    [(b"Date: Wed, 01 Jan 2020 00:00:00 GMT", "fail"), (b"Date: soon", "skip"), (b"X: y", "skip")],
)
def test_a_clock_that_is_far_off_is_a_fault_and_no_answer_is_none(tmp_path: Path, date: bytes, state: str) -> None:
    with telling(date) as url, Town() as town:
        told = json.loads(town.config(tmp_path).read_text())
        told = {"jira": {**told["jira"], "site": url}, "network": told["network"]}
        (tmp_path / "config.yaml").write_text(json.dumps(told))
        config = load(tmp_path / "config.yaml", {})
        (found,) = doctor.examined({"clock": doctor.looks(Read(config, (), {}), tmp_path)["clock"]})
    assert found.state == state and bool(found.mend) == (state == "fail")


# --- the language model


def test_the_endpoint_is_asked_for_its_models_and_sent_nothing() -> None:
    with OpenAI() as server:
        endpoint = Endpoint(f"{server.url}/v1", SecretStr("sk-secret"), timeout=5)
        assert [f.state for f in findings(endpoint, ["simulated"])] == ["ok"]
        (warned,) = findings(endpoint, ["simulated", "absent-model"])
        assert warned.state == "warn" and "absent-model" in warned.message and "simulated" in warned.mend
        server.fail("refuse", "/models", status=401)
        (refused,) = findings(endpoint, ["simulated"])
        assert refused.state == "fail" and "API_KEY" in refused.mend
        server.fail("drop", "/models")
        assert [f.state for f in findings(endpoint, ["simulated"])] == ["fail"]
        assert {(r.method, r.path) for r in server.requests} == {("GET", "/v1/models")}
    (hosted,) = findings(Endpoint("https://api.example.com/v1"), ["m"])
    assert hosted.state == "fail" and "local-only" in hosted.message


def looked_at(folder: Path, database: str) -> list[Finding]:
    config = Config.model_validate({"storage": {"database": database}})
    return doctor.examined(doctor.looks(Read(config, (), {}), folder))


def test_nothing_configured_is_no_fault_and_a_look_makes_no_database(tmp_path: Path) -> None:
    found = looked_at(tmp_path, f"sqlite:///{tmp_path}/deep/x.db")
    assert {f.state for f in found} == {"ok", "skip"} and list(tmp_path.iterdir()) == []
    (told,) = [f for f in found if f.name == "database"]
    assert told.message == f"{tmp_path}/deep/x.db is not there yet; the first run makes it"


def test_a_postgresql_that_does_not_answer_has_a_mend_of_its_own(tmp_path: Path) -> None:
    pytest.importorskip("psycopg")
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]  # free again when it is asked
    config = Config.model_validate({"storage": {"database": f"postgresql://me:s3cr3t@127.0.0.1:{port}/x"}})
    (found,) = doctor.examined({"database": doctor.looks(Read(config, (), {}), tmp_path)["database"]})
    assert found.state == "fail" and "PostgreSQL can't be reached" in found.message
    assert f"pg_isready -h 127.0.0.1 -p {port}" in found.mend and "vendor" not in found.mend
    assert "s3cr3t" not in repr(found)
