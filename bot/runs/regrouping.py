"""The themes of earlier runs as people split them and moved their tickets, so that it binds the months that come."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from bot import current
from bot.acts import Decision, Verdict
from bot.domain import shown_ids
from bot.ports import Embedder
from bot.store import Store
from bot.synthesis.centres import centres
from bot.synthesis.known import apart
from bot.synthesis.lineage import Known

Themes = dict[tuple[str, str], Known]  # (run key, theme id) -> the theme as that run had it


def regrouped(store: Store, embedder: Embedder, known: Mapping[tuple[str, str], Known]) -> Themes:
    """`known` with members and centres as they are since: what was split off is a theme of its own, that knows from
    which. Where the words of the two can't tell them apart, the split binds its tickets alone, and the part is no theme
    that could go on. Vectors are cached, so that nothing is embedded twice.
    """
    made = dict(known)
    decisions = [d for d in current.corrections(store) if d.verdict in (Verdict.SPLIT, Verdict.MOVE)]
    for run_key in {d.run_key for d in decisions}:
        here = [d for d in decisions if d.run_key == run_key and (run_key, d.theme_id) in known]
        made |= dict(_of_run(store, embedder, run_key, here, known)) if here else {}
    return {key: k for key, k in made.items() if k.part_of is None or apart(k, made[key[0], k.part_of])}


def _of_run(
    store: Store, embedder: Embedder, run_key: str, decisions: list[Decision], known: Mapping[tuple[str, str], Known]
) -> Iterator[tuple[tuple[str, str], Known]]:
    frozen, digest = store.runs.frozen(run_key), current.digest(store, run_key)
    if frozen is None or digest is None:
        return
    own = {shown: ticket_id for ticket_id, shown in shown_ids(frozen[0].everything).items()}
    now = {
        t.id: frozenset(own[i] for i in t.members)
        for t in (*digest.themes, *digest.further_themes, *digest.snoozed_themes)
    }
    parts = {str(d.payload["part"]): d.theme_id for d in decisions if d.verdict is Verdict.SPLIT}
    touched = {i for d in decisions for i in (d.theme_id, d.payload.get("into"), d.payload.get("part")) if i in now}
    found = centres(frozen[0].tickets, embedder.embed, {i: now[i] for i in sorted(touched)})
    for theme_id, centre in found.items():
        before = known.get((run_key, theme_id)) or known.get((run_key, parts.get(theme_id, "")))
        if before is not None:
            theme = replace(
                before, theme_id=theme_id, members=now[theme_id], centre=centre, part_of=parts.get(theme_id)
            )
            yield (run_key, theme_id), theme
