"""What was read -> a digest: drives the method, answers what it asks for, names what was known before."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from bot import __version__
from bot.digest import Reading, digest
from bot.domain import Digest, Making, Theme, Warned, shown_ids
from bot.months.trends import Little
from bot.phrases import count
from bot.ports import Embedder, Reader, Refused, Source, Spread, Unavailable, Usage, in_turn
from bot.redact import placeholders
from bot.runs.reading import Asked, Unwatched, Watch, read
from bot.synthesis import Ask, Found, Plan, Synthesis, Synthesizing, lineage, synthesize
from bot.synthesis.lineage import Known, Seen
from bot.synthesis.rules import Rules
from bot.synthesis.words import MADE_BY, renamed

_HEARD = 12  # tickets, the nearest, against whose words a name is held
_AS_WELL = 0.15  # of mean cosine: another wording takes up to 0.12 off it, another subject 0.2 and more


@dataclass(frozen=True, slots=True)
class Run:
    """A digest with the evidence it was made from, so that it can be verified."""

    digest: Digest
    reading: Reading


@dataclass(frozen=True, slots=True)
class Mind:
    """A language model, and how much it may read."""

    reader: Reader
    plan: Plan


def run(  # noqa: PLR0913
    sources: Sequence[Source],
    embedder: Embedder,
    rules: Rules,
    asked: Asked,
    now: datetime,
    watch: Watch | None = None,
    *,
    mind: Mind | None = None,
    spread: Spread = in_turn,
) -> Run:
    """The whole way from sources to a digest. Writes nothing and sends nothing.

    Raises Refused or Unavailable when a source can't be read, ValueError when the window can't.
    """
    watch = watch or Unwatched()
    reading = read(sources, rules, asked, now, watch)
    return Run(compose(reading, embedder, rules, asked, now, watch, mind=mind, spread=spread).digest, reading)


@dataclass(frozen=True, slots=True)
class Composed:
    """A digest, and by theme id the centre of each of its themes, by which later runs know it again; and the groups
    that are below the rule, for the watch list."""

    digest: Digest
    centres: Mapping[str, tuple[float, ...]]
    anecdotes: tuple[Little, ...] = ()


def compose(  # noqa: PLR0913 - what a digest is made from
    reading: Reading,
    embedder: Embedder,
    rules: Rules,
    asked: Asked,
    now: datetime,
    watch: Watch,
    *,
    known: Sequence[Known] = (),
    run_id: str | None = None,
    mind: Mind | None = None,
    standby: Embedder | None = None,
    spread: Spread = in_turn,
) -> Composed:
    """What was read -> what a run says. `known`: the themes of earlier runs, which keep their ids.

    `standby` takes the place of an embedder that fails, for the whole run: two spaces can't be mixed. `spread`: where
    what can be done side by side is done.
    """
    mine = mind.plan if mind else None

    def asking() -> Synthesizing:
        return synthesize(reading.tickets, reading.customers, rules, mine, known, spread)

    try:
        found = _synthesis(asking(), embedder, watch, mind)
    except (Unavailable, Refused) as fault:
        if standby is None:
            raise
        found, embedder = _synthesis(asking(), standby, watch, mind), standby
        told = f"The embeddings endpoint could not be used ({fault}): the built-in model took its place."
        found = replace(found, remarks=(Warned("embedder_not_used", told), *found.remarks))
    making = _making(reading, embedder, rules, asked, now, mind)
    shown = round(found.other_languages, 4)
    making = replace(making, other_language_share=shown, run_id=run_id or making.run_id, drafter=found.drafter)
    groups = (*found.themes, *found.candidates)
    ids = lineage.ids([Seen(frozenset(t.id for t in f.members), f.centre) for f in groups], known)
    centres = {i: f.centre for i, f in zip(ids, groups, strict=True) if f.centre}
    made = digest(reading, found, making, rules, ids)
    made = _as_before(made, dict(zip(ids, groups, strict=True)), _still_fitting(ids, groups, known, embedder))
    return Composed(made, centres, _little(found, shown_ids(reading.everything)))


def _little(found: Synthesis, shown: Mapping[str, str]) -> tuple[Little, ...]:
    return tuple(
        Little(a.counts.tickets, a.counts.customers, a.centre, a.name, tuple(shown[t.id] for t in a.members))
        for a in found.anecdotes
    )


def _still_fitting(
    ids: Sequence[str], groups: Sequence[Found], known: Sequence[Known], embedder: Embedder
) -> dict[str, str]:
    """theme id -> the name by which people know it, where that still says about as much as the one found today.

    `known` comes newest first. A name with a figure in it may have been of that month's tickets alone.
    """
    names: dict[str, str] = {}
    for k in known:
        if k.name and not any(c.isdigit() for c in k.name):
            names.setdefault(k.theme_id, k.name)
    return {
        i: names[i]
        for i, found in zip(ids, groups, strict=True)
        if i in names and names[i] != found.words.name and _fits(names[i], found, embedder)
    }


def _fits(name: str, found: Found, embedder: Embedder) -> bool:
    """Is the name about as near to what the theme's tickets say as the name that was found for it today?"""
    said = [s for s in found.sentences if s][:_HEARD]
    if not said:
        return True
    try:
        rows = embedder.embed((name, found.words.name, *said))
    except (Unavailable, Refused):
        return True  # without a second look the name that people know stays
    before, today = (float(np.mean(rows[2:] @ row)) for row in rows[:2])
    return before >= today - _AS_WELL


def _as_before(made: Digest, found: Mapping[str, Found], names: Mapping[str, str]) -> Digest:
    """The themes by the names that people know, with the title, story and criteria to it."""

    def named(theme: Theme) -> Theme:
        if theme.id not in names:
            return theme
        said = [[s] for s in found[theme.id].sentences]
        return replace(theme, words=renamed(theme.words, names[theme.id], said))

    return replace(
        made,
        themes=tuple(map(named, made.themes)),
        further_themes=tuple(map(named, made.further_themes)),
        candidate_themes=tuple(map(named, made.candidate_themes)),
    )


def _synthesis(asking: Synthesizing, embedder: Embedder, watch: Watch, mind: Mind | None) -> Synthesis:
    """Drives `synthesize`: answers what it asks for, and tells what a language model has cost so far."""
    used = Usage()
    try:
        need = next(asking)
        while True:
            progress = watch.step(need.what)
            if isinstance(need, Ask):
                assert mind is not None, "asked without a plan"  # noqa: S101 - synthesize asks only with one
                answers = mind.reader.answer(need.questions, progress)
                used = sum((a.usage for a in answers), used)
                watch.done(need.what, f"{count(len(answers), 'question')}, {used.cost:.3f} USD so far")
                need = asking.send(answers)
            else:
                vectors = embedder.embed(need.texts, progress)
                watch.done(need.what, count(len(need.texts), "text"))
                need = asking.send(vectors)
    except StopIteration as finished:
        found: Synthesis = finished.value
        return found


def _making(
    reading: Reading, embedder: Embedder, rules: Rules, asked: Asked, now: datetime, mind: Mind | None
) -> Making:
    """The run id comes from what was read and asked, so that the same question has the same name."""
    told = [embedder.id, asked.config_hash, asked.window or "", *sorted(asked.areas), *sorted(asked.sources)]
    told += [repr(mind.plan)] if mind else []
    told += [f"{t.id}\x1f{t.subject}\x1f{t.body}" for t in reading.everything]
    by_source = Counter(t.source for t in reading.everything)
    return Making(
        run_id=f"manual:{hashlib.sha256(chr(30).join(told).encode('utf-8', 'replace')).hexdigest()[:12]}",
        made_at=now,
        version=__version__,
        embedder=embedder.id,
        drafter=MADE_BY,
        seed=rules.seed,
        config_hash=asked.config_hash,
        sources=tuple(sorted(by_source.items())),
        redactions=dict(sorted(placeholders(reading.everything).items())),
    )
