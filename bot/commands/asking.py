"""`llm sample`, `run --estimate`: what a language model would get, and what it would take. Neither sends anything."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands.common import AsJson, ConfigFile, cache, fail, opened, say, settings, tell

if TYPE_CHECKING:
    from bot.config import Config
    from bot.domain import Ticket
    from bot.runs import Request
    from bot.synthesis.clean import Cleaned
    from bot.wiring import Wired

_room = typer.Typer(help="The language model that may read tickets.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    _room.command()(sample)
    app.add_typer(_room, name="llm")


def with_model(config: Config, *, llm: bool, as_json: bool) -> Config:
    """The config with its model in use, where --llm asks for it."""
    if not llm:
        return config
    if config.llm is None:
        need = "--llm needs a model: set llm.model (and llm.base_url) in config.yaml, or GROUNDSWELL_LLM__MODEL."
        fail("llm.not_configured", need, "See config.example.yaml.", as_json=as_json)
    return config.model_copy(update={"llm": config.llm.model_copy(update={"use": True})})


def sample(
    tickets: Annotated[list[Path], typer.Option("--tickets", "-t", help="A file of tickets.")],
    limit: Annotated[int, typer.Option("--limit", "-n", help="How many tickets.", min=1)] = 10,
    as_json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """Show the exact masked text that would leave for the model: instruction and tickets, as they would be sent."""
    from bot import wiring
    from bot.runs import Request
    from bot.synthesis import Plan
    from bot.synthesis.reading.estimate import first_question

    told = settings(config)
    with opened(told, as_json=as_json) as store:
        wired = wiring.wired(told.model_copy(update={"llm": None}), store, cache=told.output.cache or cache())
        request = Request(None, files=tuple(str(t) for t in tickets), desks=False)
        shown = _cleaned(_kept(wired, request))[:limit]
        question = first_question(shown, Plan(told.llm.model if told.llm else "any model"))
    if question is None:
        fail("nothing_to_read", "no ticket in these files has a text.", as_json=as_json)
    if as_json:
        tell({"instruction": question.instruction, "material": json.loads(question.material)})
        return
    say(f"{question.instruction}\n\n{question.material}")


def estimated(wired: Wired, request: Request, *, as_json: bool) -> None:
    """Prints tickets, calls, tokens and the range of the price; sends nothing."""
    from bot.synthesis.reading.estimate import estimate

    llm, mind = wired.config.llm, wired.parts.mind
    assert llm is not None and mind is not None, "--estimate puts a model to use"  # noqa: S101
    made = estimate(_cleaned(_kept(wired, request)), mind.plan)
    cost = [(i * llm.price_in + o * llm.price_out) / 1e6 for i, o in zip(made.tokens_in, made.tokens_out, strict=True)]
    if as_json:
        told = {
            "tickets": made.tickets,
            "calls": made.calls,
            "tokens_in": made.tokens_in,
            "tokens_out": made.tokens_out,
        }
        tell({**told, "usd": [round(c, 4) for c in cost], "cap_usd": llm.max_cost_per_run, "model": mind.reader.id})
        return
    say(f"{made.tickets:,} tickets to be read by {mind.reader.id}; nothing was sent")
    for name, (low, high) in (("calls", made.calls), ("tokens in", made.tokens_in), ("tokens out", made.tokens_out)):
        say(f"  {name:<11} {low:>10,} to {high:,}")
    say(f"  {'USD':<11} {cost[0]:>10.3f} to {cost[1]:.3f}   (cap {llm.max_cost_per_run:.2f}; without thinking)")


def _kept(wired: Wired, request: Request) -> Sequence[Ticket]:
    """The tickets that a run of this request would look at, masked; of help desks those that are stored already."""
    from bot.runs.reading import Asked, Unwatched, arranged, collect, redact
    from bot.runs.sync import hidden
    from bot.synthesis.noise import why_noise

    parts = wired.parts
    fresh = redact(collect(parts.files(request), Unwatched()), lambda t: hidden(t, parts.store.salt), Unwatched())
    asked = Asked(areas=request.areas, sources=request.sources, internal_domains=tuple(parts.internal_domains))
    tickets = list(arranged(fresh, asked, parts.rules, request.window).tickets)
    if request.desks and request.window and request.window.start and request.window.end:
        tickets += parts.store.tickets.between(request.window.start, request.window.end)
    return [t for t in sorted(tickets, key=lambda t: t.id) if why_noise(t) is None]


def _cleaned(tickets: Sequence[Ticket]) -> Sequence[Cleaned]:
    from bot.synthesis.clean import cleaned

    return cleaned([(t.subject, t.body) for t in tickets])
