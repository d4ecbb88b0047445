"""`init`: at most six questions, each token tried at once; then a config, its `.env`, a check-up and a dry run."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.commands.common import SIGN_IN, WRONG_USE, fail, say, surroundings

if TYPE_CHECKING:
    from bot.config.starting import Part

_TRIES = 3
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
    if zendesk:
        answers.take(lambda t: starting.zendesk(zendesk, t, zendesk_email), _ZENDESK, zendesk_token)
    if intercom:
        answers.take(lambda t: starting.intercom(intercom, t), _INTERCOM, intercom_token)
    _slack(answers, slack, [slack_token, slack_app_token], approver or [])
    _jira(answers, jira, jira_email, jira_token)
    answers.write()
    _ended(config, answers, dry_run=dry_run)


_WHERE = "Where are your tickets? A file (export.csv), acme.zendesk.com, or intercom"
_ZENDESK = "Zendesk token, as bot@acme.com/token:SECRET, or an OAuth token with the scope read"
_INTERCOM = "Intercom access token"
_CHANNEL = "Slack channel for the digest, its id (C0PRODUCT1); empty: none"
_SLACK = "Slack tokens, xoxb-... and xapp-... with a space between (app from deploy/slack-manifest.yaml)"
_PROJECT = "Jira project for drafts (https://acme.atlassian.net/browse/BILL); empty: none"
_JIRA = "Jira login, as bot@acme.com:TOKEN"


class _Answers:
    """What was said so far. Nothing is written before all of it is known to work."""

    def __init__(self, path: Path, workspace: Mapping[str, Any]) -> None:
        self.path, self._workspace = path, workspace
        self.parts: list[Part] = []

    def take(self, make: Make, question: str, option: str | None) -> None:
        """A part that needs a secret, tried at once: by the option, else by asking, at most three times."""
        for _ in range(_TRIES):
            secret = _named(option) if option else _asked(question, hidden=True)
            if self.fits(make(secret)):
                return
            if option or not _person():
                break
        raise typer.Exit(SIGN_IN)

    def fits(self, part: Part) -> bool:
        """Keeps the part if all of it works; says what doesn't. Exits 2 where the settings themselves are wrong."""
        from bot import doctor
        from bot.config import judged, starting

        whole = [*self.parts, part]
        around = {**surroundings(self.path), **starting.secrets(whole)}
        found = judged(starting.together(self._workspace, whole), around)
        later = set(doctor.OUTSIDE) - {p.name for p in whole}
        for fault in (f for f in found.faults if not later & doctor.stanzas([f])):  # the environment may be ahead of us
            fail("config.invalid", fault.message, fault.mend, as_json=False)
        look = doctor.looks(found, self.path.parent)[part.name]
        mine = [f for f in doctor.examined({part.name: look}) if f.state == "fail"]
        for fault in mine:
            sys.stderr.write(f"groundswell: {fault.message}\n    mend: {fault.mend}\n")
        if not mine:
            self.parts = whole
            sys.stderr.write(f"groundswell: {part.name} works\n")
        return not mine

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


def _first_source(answers: _Answers, given: list[Path]) -> None:
    from bot.config import starting

    text = "" if given else _asked(_WHERE)
    kind, rest = starting.where(text or "")
    if given or (kind == "file" and rest):
        paths = [str(p.absolute()) for p in given or [Path(rest).expanduser()]]
        if not answers.fits(starting.files(paths)):
            raise typer.Exit(WRONG_USE)
    elif kind == "zendesk":
        answers.take(lambda t: starting.zendesk(rest, t), _ZENDESK, None)
    elif kind == "intercom":
        answers.take(lambda t: starting.intercom(rest, t), _INTERCOM, None)


def _slack(answers: _Answers, channel: str | None, options: list[str | None], approvers: list[str]) -> None:
    from bot.config import starting

    channel = channel or _asked(_CHANNEL)
    if not channel:
        return
    if options[1]:  # both at once, as a person would type them
        told = " ".join(filter(None, (_named(o) for o in options if o)))
        if not answers.fits(starting.slack(channel, told, approvers)):
            raise typer.Exit(SIGN_IN)
        return
    answers.take(lambda t: starting.slack(channel, t, approvers), _SLACK, options[0])


def _jira(answers: _Answers, address: str | None, email: str | None, option: str | None) -> None:
    from bot.config import starting
    from bot.ports import Refused

    address = address or _asked(_PROJECT)
    if not address:
        return
    try:
        starting.jira(address, None)
    except Refused as refused:
        fail("jira.address", str(refused), as_json=False)
    answers.take(lambda t: starting.jira(address, t, email), _JIRA, option)


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
    if any(part.name == "slack" and not part.told["slack"]["approvers"] for part in answers.parts):
        say("\nNobody may approve yet: list people (U...) or groups (S...) under slack.approvers.")
    more = "" if path == Path("config.yaml") else f" --config {path}"
    say(f"\nNext     groundswell run{more}\n         groundswell serve{more}")


def _named(option: str) -> str | None:
    """The secret that an option points to, which is never on the command line itself: others could read it there."""
    if option == "-":
        return sys.stdin.readline().strip()
    value = os.environ.get(option)
    if not value:
        told = f"there is no environment variable of the name that an option gave ({len(option)} characters)."
        fail("secret.not_there", told, "Give the variable's name, or - and the secret on stdin.", as_json=False)
    return value


def _asked(question: str, *, hidden: bool = False) -> str | None:
    """The answer of whoever sits at the terminal; None where nobody does."""
    if not _person():
        return None
    answer: str = typer.prompt(question, default="", show_default=False, hide_input=hidden, err=True)
    return answer.strip()


def _person() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()
