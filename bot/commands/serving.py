"""`serve`, `post`, `doctor`, `preview`: the process that stays, and what looks after it."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands.common import (
    SIGN_IN,
    WRONG_USE,
    AsJson,
    ConfigFile,
    RunKey,
    Yes,
    agreed,
    cache,
    fail,
    located,
    opened,
    owner,
    say,
    settings,
    surroundings,
    tell,
)

if TYPE_CHECKING:
    from slack_bolt import App

    from bot.acts import Finding
    from bot.config import Config
    from bot.serve import Service
    from bot.wiring import Wired


def add_to(app: typer.Typer) -> None:
    for command in (serve, post, doctor, preview):
        app.command()(command)


def serve(config: ConfigFile = None) -> None:
    """Run until SIGTERM: the monthly digest, Slack's buttons, the help desks every hour, and what is due to be sent."""
    from bot import wiring
    from bot.config.reach import astray
    from bot.doctor import addresses
    from bot.ports import Refused

    told = settings(config)
    with opened(told, make=True) as store:
        for where in astray(addresses(told), allow_private=told.network.allow_private):
            raise Refused(where)
        store.lock_for_serve()
        listeners: list[Callable[[str], None]] = [_log]

        def hear(said: str) -> None:
            for listener in listeners:
                listener(said)

        wired = wiring.wired(told, store, cache=told.output.cache or cache(), tell=hear)
        service = _service(told, wired)
        listeners.append(service.hear)
        over = _told_to_stop(service)
        doors = _doors(told, wired, service)
        _announce(told, service)
        service.serve(over, doors)
        _log("stopped; what is not done is kept in the database")


def post(
    run: Annotated[str | None, typer.Argument(help="Key of a run; default: the newest.")] = None,
    yes: Yes = False,
    as_json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """Send a finished digest to Slack, once: said twice, it is there once."""
    from bot import wiring
    from bot.commands.sending import posted
    from bot.runs import SYNC

    told = settings(config)
    with opened(told, as_json=as_json) as store:
        wired = wiring.wired(told, store, cache=told.output.cache or cache())
        newest = store.runs.latest(but=SYNC)
        key = run or (newest.key if newest else None)
        if key is None:
            fail("no_run", "there is no digest yet.", "Begin with: groundswell run", as_json=as_json)
        if told.slack is None:
            fail("slack.not_configured", "there is no slack stanza in the config.", as_json=as_json)
        agreed(f"Post the digest of {key} to channel {told.slack.channel}?", yes, as_json=as_json)
        ended = posted(wired, key)
        if ended.status:
            fail("not_posted", " ".join(ended.faults), as_json=as_json, status=ended.status)
        where = [e.receipt.url or e.receipt.ref for e in ended.effects if e.receipt and e.act.after is None]
        if as_json:
            tell({"run": key, "posted": where})
        else:
            for line in ended.made:
                say(line)


def doctor(
    names: Annotated[
        list[str] | None,
        typer.Argument(help="zendesk, intercom, slack, jira, file, model, llm, clock, disk; default: all."),
    ] = None,
    live: Annotated[
        bool,
        typer.Option("--live", help="Prove it, too: read a page, post and delete a message, make and delete an issue."),
    ] = False,
    yes: Yes = False,
    as_json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """Check the settings, the database, every connection and the machine, with the mend for each fault. Reads only.

    With --live it writes, in a sandbox: it says what, asks, and takes it back. Ends with 2 when the settings have a
    fault, with 4 when anything else has.
    """
    from bot import doctor
    from bot.commands import logs, proving
    from bot.config import read
    from bot.ports import Refused

    logs.to_stderr()
    path = located(config)
    folder = path.parent if path else Path()
    try:
        looks = doctor.looks(read(path, surroundings(path)), folder, names or ())
    except Refused as refused:
        looks = doctor.reading_failed(refused, folder)
    told = settings(config) if live else None
    proofs = proving.agreed_on(told, names or (), yes, as_json=as_json) if told else {}
    found = doctor.examined(looks)
    if told:
        found += proving.proved(told, proofs, found, as_json=as_json)
    _reported(found, as_json=as_json)


def preview(
    what: Annotated[str, typer.Argument(help="slack: the digest as an HTML page; jira: the draft of an item.")],
    item: Annotated[str, typer.Argument(help="For jira: a theme's number, or its id.")] = "",
    run: RunKey = None,
    out: Annotated[Path | None, typer.Option("--out", help="HTML file to write (slack: out/slack.html).")] = None,
    config: ConfigFile = None,
) -> None:
    """See what would be sent, without sending it."""
    from bot import current
    from bot.commands import papers, previewing
    from bot.decisions import stands
    from bot.runs import SYNC
    from bot.slack import blocks, leftovers, thread
    from bot.slack import preview as page

    if what not in ("slack", "jira"):
        fail("wrong_use", f"there is no preview of {what!r}.", "Try: groundswell preview slack", as_json=False)
    told = settings(config)
    if what == "jira":
        previewing.issue(told, item, run, out)
        return
    out = out or Path("out/slack.html")
    with opened(told) as store:
        newest = store.runs.latest(but=SYNC)
        key = run or (newest.key if newest else "")
        made = current.digest(store, key)
        if made is None:
            fail("no_run", "there is no digest yet.", "Begin with: groundswell run", as_json=False)
        now = stands(store, made)
        parent = blocks.digest(made, now, run_key=key)
        replies = [thread.reply(made, t, now[t.id], run_key=key) for t in made.themes]
        channel = told.slack.channel if told.slack else "product-support"
        whole = page.Post(parent, [*replies, leftovers.left_over(made)])
        papers.write(out, page.page(channel, [whole]))
        say(f"Preview  {out}")


# --- details


def _service(told: Config, wired: Wired) -> Service:
    from bot.serve import Service, Times
    from bot.serve.pulse import Pings
    from bot.store import Kept

    calendar = told.schedule
    times = Times(calendar.monthly, told.workspace.timezone, calendar.sync_minutes, catch_up=calendar.catch_up)
    service = Service(wired.parts, wired.ledger, times, owner(), wired.boards, wired.desks)
    service.files = tuple(str(p) for p in told.sources.file.paths)
    service.tracking = wired.tracking
    service.kept = Kept(**told.retention.model_dump())
    service.lookout = wired.lookout if wired.alertboard and told.spikes.enabled else None
    if told.server.ping_url is not None:
        service.pulse = Pings(told.server.ping_url.get_secret_value())
    return service


def _told_to_stop(service: Service) -> threading.Event:
    """Set by SIGTERM and Ctrl-C."""
    over = threading.Event()

    def stop(*_: object) -> None:
        over.set()
        service.wake()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    return over


def _announce(told: Config, service: Service) -> None:
    from bot.commands.announcing import announced

    for line in announced(told, service.due(), service.passed_over(), service.next_due()):
        _log(line)


def _doors(told: Config, wired: Wired, service: Service) -> list[Callable[[], None]]:
    """Opens what the config names; each entry closes one."""
    from bot.serve.door import Door
    from bot.serve.metrics import exposition

    store = wired.parts.store
    bolt = socket = None
    if told.slack is not None:
        from slack_sdk import WebClient

        from bot.slack.app import app

        client = WebClient(
            told.slack.token.get_secret_value(),
            base_url=told.slack.base_url or WebClient.BASE_URL,
            timeout=10,
            retry_handlers=[],
        )
        secret = told.slack.signing_secret
        key = secret.get_secret_value() if secret else None
        bolt = app(client, key, store.inbox.receive, service.wake, wired.windows)
        if told.slack.mode == "socket":
            socket = _socket(told, bolt)
    handler = None
    if bolt is not None and socket is None:
        from slack_bolt.adapter.wsgi import SlackRequestHandler

        handler = SlackRequestHandler(bolt, path="/slack/events")
    door = Door(told.server.host, told.server.port, service.ready, handler, lambda: exposition(store.figures()))
    door.open()
    _log(f"listening on http://{told.server.host}:{door.port}")
    return [door.close] if socket is None else [door.close, socket]


def _socket(told: Config, bolt: App) -> Callable[[], None]:
    """Opens Socket Mode; what closes it."""
    from bot.slack.socket import Line

    token = told.slack.app_token if told.slack else None
    if token is None:
        fail(
            "slack.no_app_token",
            "slack.mode socket needs slack.app_token (xapp-...).",
            "Make one under Basic Information > App-Level Tokens, or set slack.mode: http.",
            as_json=False,
        )
    line = Line(bolt, token.get_secret_value())
    line.open()
    return line.close


def _reported(found: list[Finding], *, as_json: bool) -> None:
    from bot import phrases
    from bot.report.document import failure

    counted = {s: sum(f.state == s for f in found) for s in ("ok", "warn", "fail", "skip")}
    warned, faults = phrases.count(counted["warn"], "warning"), phrases.count(counted["fail"], "failure")
    if as_json:
        rows = [{"name": f.name, "state": f.state, "message": f.message, "mend": f.mend} for f in found]
        first = next((f for f in found if f.state == "fail"), None)
        tell({"findings": rows}, failure("doctor.failed", f"{faults}.", first.mend)["error"] if first else None)
    else:
        for f in found:
            say(f" {f.state.upper() if f.state == 'fail' else f.state:<5} {f.name:<14} {f.message}")
            if f.mend:
                say(f"{'':<22}mend: {f.mend}")
        say(f"\n{counted['ok']} ok, {warned}, {faults}, {counted['skip']} skipped")
    failed = {f.name for f in found if f.state == "fail"}
    if failed:
        raise typer.Exit(WRONG_USE if "config" in failed else SIGN_IN)


def _log(line: str) -> None:
    sys.stderr.write(f"groundswell: {line}\n")
    sys.stderr.flush()
