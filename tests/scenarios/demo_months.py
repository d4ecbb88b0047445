"""The second month, to be watched: `make demo-months`. September, what people correct in it, and the October that
honours it; the commands are those that anybody types."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from pathlib import Path

from typer.testing import CliRunner

from bot.cli import app

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "bot" / "demo"


class Terminal:
    """A folder with a config, and somebody who types there. `said`: what the last command printed; `fault`: what it
    complained of."""

    def __init__(self, folder: Path, *, aloud: bool = True) -> None:
        self.config, self.aloud, self.said, self.fault = folder / "config.yaml", aloud, "", ""
        told = {
            "workspace": {"name": "Lumenboard"},
            "customers": {"internal_domains": ["lumenboard.example"]},
            "storage": {"database": f"sqlite:///{folder}/groundswell.db"},
            "output": {"dir": str(folder), "cache": str(folder / "vectors.db")},
        }
        self.config.write_text(json.dumps(told))

    def types(self, *words: str) -> str:
        """Ends all if the command fails."""
        done = CliRunner(env={"COLUMNS": "100"}).invoke(app, [*words, "--config", str(self.config)])
        if self.aloud:
            print(f"\n$ groundswell {' '.join(f'“{w}”' if ' ' in w else w for w in words)}")
            print("\n".join(f"  {line}" for line in done.stdout.splitlines()[:32]), flush=True)
        self.fault = done.stderr
        if done.exit_code:
            raise SystemExit(
                f"groundswell {' '.join(words)}: exit {done.exit_code}: {done.output}{done.exception or ''}"
            )
        self.said = done.stdout
        return done.stdout

    def tickets(self, theme: str, many: int) -> list[str]:
        """Those nearest to a theme's centre."""
        told = json.loads(CliRunner().invoke(app, ["show", theme, "--json", "--config", str(self.config)]).stdout)
        return [str(i) for i in told["data"]["theme"]["ticket_ids"][:many]]


def play(here: Terminal) -> None:
    """Two months and what is corrected between them."""
    here.types("run", *month("2026-09"), "--quiet")
    here.types("rename", "1", "Scheduled reports come late")
    here.types("merge", "6", "2", "--note", "one export, one team")
    here.types("snooze", "Sharing a dashboard")
    here.types("reject", "Sending alerts", "--reason", "known", "--note", "on the roadmap")
    here.types("move", "Map widget", here.tickets("Map widget", 1)[0])
    here.types("rules")
    here.types("verify")
    here.types("run", *month("2026-10"), "--quiet")
    here.types("verify")
    here.types("show", "Scheduled reports")
    here.types("undo", "CSV file has the wrong encoding")
    here.types("list")


def month(name: str) -> list[str]:
    return [word for path in sorted(DATA.glob(f"*-{name}.*")) for word in ("--tickets", os.path.relpath(path))]


def main() -> int:
    began, out = time.monotonic(), ROOT / "out" / "demo-months"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    play(Terminal(out))
    print(f"\n({time.monotonic() - began:.0f} s)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
