"""`init`: at most six questions, each token tried at once; then a config, its `.env`, a check-up and a dry run."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.commands.common import SIGN_IN, WRONG_USE, fail, say, surroundings

if TYPE_CHECKING:
    from bot.config import Read
    from bot.config.starting import Part

Make = Callable[[str | None], "Part"]  # secret -> what is configured with it
Token = Annotated[str | None, typer.Option(metavar="NAME", help="Variable that holds it; - reads a line of stdin.")]


def add_to(app: typer.Typer) -> None:
    app.command()(init)


def init(  # noqa: PLR0913 - every argument is one answer
    tickets: Annotated[list[Path] | None, typer.Option("--tickets", "-t", help="Files of tickets.")] = None,
    zendesk: Annotated[str | None, typer.Option(help="acme.zendesk.com")] = None,
    zendesk_email: Annotated[str | None, typer.Option(help="Whose API token it is; none for OAuth.")] = None,
    zendesk_token: Token = None,
    intercom: Annotated[str | None, typer.Option(help="The region: us, eu or au.")] = None,
    intercom_token: Token = None,
    slack: Annotated[str | None, typer.Option(help="The channel's id, C0PRODUCT1.")] = None,
    slack_token: Token = None,
    slack_app_token: Token = None,
    approver: Annotated[list[str] | None, typer.Option(help="Who may decide: U0DANA, S0PMLEADS.")] = None,
    jira: Annotated[str | None, typer.Option(help="https://acme.atlassian.net/browse/BILL")] = None,
    jira_email: Annotated[str | None, typer.Option(help="Whose token it is.")] = None,
    jira_token: Token = None,
    workspace: Annotated[str, typer.Option(help="Whose digest it is, as it is shown.")] = "default",
    timezone: Annotated[str, typer.Option(help="Where a month begins: Europe/London.")] = "UTC",
    config: Annotated[Path, typer.Option("--config", "-c", help="The file to write.")] = Path("config.yaml"),
    force: Annotated[bool, typer.Option("--force", help="Write over a config that is there.")] = False,
    dry_run: Annotated[bool, typer.Option(help="End with a dry run: of your file, else of the demo.")] = True,
) -> None:
    """Set Groundswell up: asks what no option says, tries each token, writes config.yaml and .env. Sends nothing.

    A token is never an argument: its option names the environment variable that holds it, or is - for stdin.
    """
    from bot.config import starting

    if config.exists() and not force:
        fail("config.exists", f"{config} is there already.", "Say --force to write over it.", as_json=False)
    answers = _Answers(config, {"name": workspace, "timezone": timezone})
    if tickets or not (zendesk or intercom):
        _first_source(answers, tickets or [])
    held = _Held("--zendesk-token", zendesk_token)
    if zendesk and not answers.take(lambda t: starting.zendesk(zendesk, t, zendesk_email), _ZENDESK, held):
        raise typer.Exit(WRONG_USE)
    held = _Held("--intercom-token", intercom_token)
    if intercom and not answers.take(lambda t: starting.intercom(intercom, t), _INTERCOM, held):
        raise typer.Exit(WRONG_USE)
    tokens = _Held("--slack-token", slack_token), _Held("--slack-app-token", slack_app_token)
    _slack(answers, slack, *tokens, approver or [])
    _jira(answers, jira, jira_email, _Held("--jira-token", jira_token))
    answers.write()
    _ended(config, answers, dry_run=dry_run)


_WHERE = "Where are your tickets? A file (export.csv), acme.zendesk.com, or intercom"
_ZENDESK = "Zendesk token, as bot@acme.com/token:SECRET, or an OAuth token with the scope read"
_INTERCOM = "Intercom access token"
_CHANNEL = "Slack channel for the digest, its id (C0PRODUCT1); empty: none"
_SLACK = "Slack tokens, xoxb-... and xapp-... with a space between (app from deploy/slack-manifest.yaml)"
_PROJECT = "Jira project for drafts (https://acme.atlassian.net/browse/BILL); empty: none"
_JIRA = "Jira login, as bot@acme.com:TOKEN"
_BACK = "back"  # the answer that leads to the question before


@dataclass(frozen=True, slots=True)
class _Held:
    """An option that says where a secret is held, and what it was given; `value` None: it wasn't."""

    flag: str
    value: str | None

    def secret(self) -> str:
        """What it points to, which is never on the command line itself: others could read it there."""
        named = self.value or ""
        secret = (sys.stdin.readline() if named == "-" else os.environ.get(named, "")).strip()
        if not secret:
            empty = "names no environment variable that holds anything (its name is not shown: it may be the secret)"
            told = f"{self.flag} {'found no line on stdin' if named == '-' else empty}."
            fail("secret.not_there", told, "Give the variable's name, or - and the secret on stdin.", as_json=False)
        return secret


class _Answers:
    """What was said so far. Nothing is written before all of it is known to work; a wrong answer loses no other."""

    def __init__(self, path: Path, workspace: Mapping[str, Any]) -> None:
        self.path, self._workspace = path, workspace
        self.parts: list[Part] = []

    def ask(self, question: str, given: str | None, told: Callable[[str], bool]) -> None:
        """`told` of the answer, again until it is True; an empty answer ends it. What an option gave is wrong once."""
        while answer := given or _asked(question):
            if told(answer):
                return
            if given or not _person():
                raise typer.Exit(self.status)

    def take(self, make: Make, question: str, held: _Held) -> bool:
        """A part that needs a secret, tried at once: by the option, else by asking until it works. False: it is to be
        named anew, since the name is wrong or somebody said so."""
        if not self.sound(make):
            return False
        while True:
            secret = held.secret() if held.value else _asked(question, hidden=True)
            if secret == _BACK:
                return False
            if self.fits(partial(make, secret)):
                return True
            if held.value or not _person():
                raise typer.Exit(self.status)
            sys.stderr.write(f'groundswell: once more; "{_BACK}" leads to the question before\n')

    def sound(self, make: Make) -> bool:
        """Whether what was said without a secret can be right; says what can't."""
        from bot.config.connections import SECRETS

        return self._valid(lambda: make(None), without=SECRETS | {"email"}) is not None

    def fits(self, make: Callable[[], Part]) -> bool:
        """Keeps the part if all of it works; says what doesn't. `status` is then what the command would end with."""
        from bot import doctor

        valid = self._valid(make)
        if valid is None:
            return False
        part, found = valid
        look = doctor.looks(found, self.path.parent)[part.name]
        faults = [f for f in doctor.examined({part.name: look}) if f.state == "fail"]
        for fault in faults:
            _wrong(fault.message, fault.mend)
        if faults:
            self.status = SIGN_IN
            return False
        self.parts.append(part)
        sys.stderr.write(f"groundswell: {part.name} works\n")
        return True

    status = WRONG_USE

    def _valid(self, make: Callable[[], Part], without: frozenset[str] = frozenset()) -> tuple[Part, Read] | None:
        """The part, and the settings with it; None where these are wrong in themselves, which is said."""
        from bot import doctor
        from bot.config import judged, starting
        from bot.ports import Refused

        self.status = WRONG_USE
        try:
            whole = [*self.parts, part := make()]
        except Refused as refused:
            _wrong(str(refused))
            return None
        found = judged(
            starting.together(self._workspace, whole), {**surroundings(self.path), **starting.secrets(whole)}
        )
        later = set(doctor.OUTSIDE) - {p.name for p in whole}  # the environment may be ahead of us
        faults = [f for f in found.faults if not later & doctor.stanzas([f])]
        faults = [f for f in faults if f.message.partition(":")[0].rpartition(".")[2] not in without]
        for fault in faults:
            _wrong(fault.message, fault.mend)
        return None if faults else (part, found)

    def write(self) -> None:
        from bot.config import dotenv, starting
        from bot.ports import Refused

        told = starting.text(starting.together(self._workspace, self.parts))
        secrets = starting.secrets(self.parts)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if secrets:
                dotenv.write(self.path.parent, secrets)
            self.path.write_text(told, encoding="utf-8")
        except Refused as refused:
            fail("env.unwritable", str(refused), as_json=False)
        except OSError as error:
            fail("config.unwritable", f"{self.path} can't be written: {error.strerror}.", as_json=False)
        say(f"Written  {self.path}" + (f"\n         {self.path.parent / dotenv.NAME}   (mode 600)" if secrets else ""))


def _wrong(message: str, mend: str = "") -> None:
    sys.stderr.write(f"groundswell: {message}\n" + (f"    mend: {mend}\n" if mend else ""))


def _first_source(answers: _Answers, given: list[Path]) -> None:
    from bot.config import starting

    if given:
        if not answers.fits(lambda: starting.files([str(p.absolute()) for p in given])):
            raise typer.Exit(WRONG_USE)
        return

    def told(text: str) -> bool:
        kind, rest = starting.where(text)
        if kind == "zendesk":
            return answers.take(lambda t: starting.zendesk(rest, t), _ZENDESK, _UNSAID)
        if kind == "intercom":
            return answers.take(lambda t: starting.intercom(rest, t), _INTERCOM, _UNSAID)
        return answers.fits(lambda: starting.files([str(Path(rest).expanduser().absolute())]))

    answers.ask(_WHERE, None, told)


_UNSAID = _Held("", None)


def _slack(answers: _Answers, channel: str | None, posting: _Held, buttons: _Held, approvers: list[str]) -> None:
    from bot.config import starting

    both = [held for held in (posting, buttons) if held.value and buttons.value]
    tokens = " ".join(held.secret() for held in both)  # as a person would type them

    def told(channel: str) -> bool:
        if tokens:
            return answers.fits(lambda: starting.slack(channel, tokens, approvers))
        return answers.take(lambda t: starting.slack(channel, t, approvers), _SLACK, posting)

    answers.ask(_CHANNEL, channel, told)


def _jira(answers: _Answers, address: str | None, email: str | None, held: _Held) -> None:
    from bot.config import starting

    def told(address: str) -> bool:
        return answers.take(lambda t: starting.jira(address, t, email), _JIRA, held)

    answers.ask(_PROJECT, address, told)


def _ended(path: Path, answers: _Answers, *, dry_run: bool) -> None:
    from bot.commands import running, serving

    say()
    try:
        serving.doctor(config=path)
    except typer.Exit as ended:
        sys.stderr.write("groundswell: mend what failed, then: groundswell doctor\n")
        raise typer.Exit(ended.exit_code) from None
    own = any(part.name == "file" for part in answers.parts)
    if dry_run:
        say(f"\nA dry run of {'your file' if own else 'the demo'}; nothing is sent:\n")
        running.run(config=path, quiet=True) if own else running.demo(out=Path("out/demo"), quiet=True)
    slack = next((part.told["slack"] for part in answers.parts if part.name == "slack"), None)
    if slack and not slack["approvers"]:
        say("\nNobody may approve yet: list people (U...) or groups (S...) under slack.approvers.")
    more = "" if path == Path("config.yaml") else f" --config {path}"
    names = {part.name for part in answers.parts}
    first = "   (it posts last month's digest at once, if that is due: its first line says so)" if slack else ""
    say(f"\nNext     {_runs(names)}{more}")
    if names - {"file"}:
        say(f"         groundswell serve{more}{first}")


def _runs(names: set[str]) -> str:
    """A command that works with what was set: where no source was, the file has to be named."""
    return "groundswell run" if names & {"file", "zendesk", "intercom"} else "groundswell run --tickets FILE"


def _asked(question: str, *, hidden: bool = False) -> str | None:
    """The answer of whoever sits at the terminal; None where nobody does."""
    if not _person():
        return None
    answer: str = typer.prompt(question, default="", show_default=False, hide_input=hidden, err=True)
    return answer.strip()


def _person() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()
