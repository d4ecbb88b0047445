"""The command as a person and a program use it: exit codes, one object on stdout, one sentence on stderr."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.commands import groundswell
from tests.runs import DEMO, ROOT, jsonl
from tests.test_bad_input import tickets


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return jsonl(tmp_path / "tickets.jsonl", tickets(40))


def test_run_prints_a_table_writes_three_files_and_says_where(tmp_path: Path, file: Path) -> None:
    done = groundswell("run", "--tickets", file, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "CSV export" in done.stdout
    for name in ("report.html", "digest.md", "digest.json"):
        assert name in done.stdout
        assert (tmp_path / "out" / name).stat().st_size > 500
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["digest.json", "digest.md", "report.html"]


def test_json_is_one_object_on_stdout_and_everything_else_on_stderr(tmp_path: Path, file: Path) -> None:
    done = groundswell("run", "--tickets", file, "--json", cwd=tmp_path)
    told = json.loads(done.stdout)
    assert (told["ok"], told["schema"], told["error"]) == (True, "groundswell/v1", None)
    assert set(told["data"]["totals"]) == {
        "tickets_read",
        "in_themes",
        "not_a_theme",
        "removed",
        "customers",
        "unidentified_customers",
    }
    assert not (tmp_path / "out").exists()


def test_the_document_has_every_key_that_was_promised(tmp_path: Path, file: Path) -> None:
    told = json.loads(groundswell("run", "--tickets", file, "--json", cwd=tmp_path).stdout)["data"]
    theme = "id rank name problem kind ticket_count customer_count ticket_ids example_ticket_ids quotes made_by"
    item = "id theme_id rank title user_story acceptance severity severity_reason expected_deflection impact"
    assert {*theme.split(), "quality", "alarms"} <= set(told["themes"][0])
    assert set(item.split()) <= set(told["backlog_items"][0])
    assert set(told["backlog_items"][0]["expected_deflection"]) == {"low", "high", "per", "arithmetic"}
    top = "window totals warnings rejects themes further_themes candidate_themes backlog_items not_a_theme removed"
    assert set(top.split()) <= set(told)


def test_twice_and_on_one_thread_or_two_it_is_the_same(tmp_path: Path, file: Path) -> None:
    answers = []
    for threads in ("1", "2", "2"):
        limits = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), threads)
        cache = str(tmp_path / f"cache-{threads}")
        done = groundswell("run", "--tickets", file, "--json", cwd=tmp_path, **{**limits, "XDG_CACHE_HOME": cache})
        answers.append(json.dumps(json.loads(done.stdout)["data"]))
    assert answers[0] == answers[1] == answers[2]


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["run"], "--tickets"),
        (["run", "--tickets", "absent.csv"], "absent.csv"),
        (["run", "--tickets", "empty.csv"], "empty.csv"),
        (["run", "--tickets", "t.jsonl", "--column", "body"], "FIELD=HEADER"),
        (["run", "--tickets", "t.jsonl", "--column", "body=nothing"], "nothing"),
        (["run", "soon", "--tickets", "t.jsonl"], "last-month"),
        (["run", "--tickets", "t.jsonl", "--config", "absent.yaml"], "absent.yaml"),
        (["run", "--tickets", "t.jsonl", "--config", "wrong.yaml"], "analysis"),
        (["demo", "1999-01"], "2026-10"),
    ],
)
def test_wrong_use_ends_with_two_and_one_clear_sentence(tmp_path: Path, args: list[str], said: str) -> None:
    jsonl(tmp_path / "t.jsonl", tickets(10))
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "wrong.yaml").write_text("analysys: {}\n")
    for more in ([], ["--json"]):
        done = groundswell(*args, *more, cwd=tmp_path)
        assert done.returncode == 2
        assert "Traceback" not in done.stderr
        assert said in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1
        if more:
            told = json.loads(done.stdout)
            assert (told["ok"], told["data"]) == (False, None)
            assert said in told["error"]["message"] + told["error"]["suggestion"]
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path, file: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    done = groundswell("run", "--tickets", file, "--out", "taken", cwd=tmp_path)
    assert done.returncode == 2
    assert "taken" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_broken_row_is_told_with_its_line_and_the_rest_goes_on(tmp_path: Path, file: Path) -> None:
    file.write_text(file.read_text() + "{broken\n")
    told = json.loads(groundswell("run", "--tickets", file, "--json", cwd=tmp_path).stdout)["data"]
    assert [r["where"] for r in told["rejects"]] == ["line 41"]
    assert told["totals"]["tickets_read"] == 40


def test_windows_areas_and_sources_leave_the_rest_out(tmp_path: Path) -> None:
    files = sorted(DEMO.glob("*-2026-10.*"))
    args = [x for f in files for x in ("--tickets", f)]

    def totals(*more: str) -> dict[str, Any]:
        told = json.loads(groundswell("run", *more, *args, "--json", cwd=tmp_path).stdout)["data"]
        found: dict[str, Any] = told["totals"]
        return found

    whole = totals()["tickets_read"] - totals()["removed"]
    half = totals("2026-10-01..2026-10-15")
    zendesk, intercom = (totals("--source", name) for name in ("zendesk", "intercom"))
    exports = totals("--area", "Export")
    kept = [t["tickets_read"] - t["removed"] for t in (half, zendesk, intercom, exports)]
    assert 0 < kept[0] < whole
    assert kept[1] + kept[2] == whole
    assert 20 < kept[3] < 45


def test_the_config_can_come_from_the_environment(tmp_path: Path, file: Path) -> None:
    done = groundswell("run", "--tickets", file, "--json", cwd=tmp_path, GROUNDSWELL_ANALYSIS__THEME__MIN_TICKETS="14")
    assert all(t["ticket_count"] >= 14 for t in json.loads(done.stdout)["data"]["themes"])


def test_no_run_needs_the_network(tmp_path: Path) -> None:
    """Every socket that is not local raises: the demo still works."""
    (tmp_path / "sitecustomize.py").write_text(
        "import socket\n"
        "def refuse(*a, **k): raise OSError('no network in this test')\n"
        "socket.socket.connect = refuse\nsocket.create_connection = refuse\nsocket.getaddrinfo = refuse\n"
    )
    done = groundswell("demo", "--json", cwd=tmp_path, PYTHONPATH=f"{tmp_path}{os.pathsep}{ROOT}")
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["data"]["themes"]) == 7


def test_version_and_help(tmp_path: Path) -> None:
    assert groundswell("--version", cwd=tmp_path).stdout.startswith("groundswell ")
    for args in (["--help"], ["run", "--help"], ["demo", "--help"]):
        done = groundswell(*args, cwd=tmp_path)
        assert done.returncode == 0
        assert "Usage" in done.stdout


def test_help_loads_nothing_heavy(tmp_path: Path) -> None:
    code = "import sys; sys.argv = ['groundswell', '--help']\n"
    code += "try:\n from bot.cli import main; main()\nexcept SystemExit: pass\n"
    code += "print('HEAVY', sorted({'numpy', 'scipy', 'onnxruntime', 'pydantic', 'jinja2'} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert "HEAVY []" in done.stdout


def test_ctrl_c_says_so_and_leaves_no_report(tmp_path: Path) -> None:
    file = jsonl(
        tmp_path / "many.jsonl", [{**row, "id": f"{n}-{row['id']}"} for n in range(40) for row in tickets(60, seed=n)]
    )
    code = "import sys; sys.argv[0] = 'groundswell'; from bot.cli import main; main()"
    started = subprocess.Popen(
        [sys.executable, "-c", code, "run", "--tickets", str(file)],
        cwd=tmp_path,
        env={**os.environ, "HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache"), "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert started.stderr
    assert "Read tickets" in started.stderr.readline()
    started.send_signal(signal.SIGINT)
    _, said = started.communicate(timeout=60)
    assert started.returncode == 130
    assert "stopped" in said
    assert "Traceback" not in said
    assert not (tmp_path / "out").exists()


def test_an_unwritable_folder_with_json_is_an_answer_too(tmp_path: Path, file: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    done = groundswell("run", "--tickets", file, "--json", "--out", "taken", cwd=tmp_path)
    assert done.returncode == 2
    assert json.loads(done.stdout)["error"]["code"] == "out.unwritable"


@pytest.mark.parametrize("window", ["9999-12", "9999-12-31..9999-12-31", "2026-13", "0d"])
def test_a_window_that_cannot_be_is_wrong_use(tmp_path: Path, file: Path, window: str) -> None:
    done = groundswell("run", window, "--tickets", file, cwd=tmp_path)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
