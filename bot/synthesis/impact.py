"""Rank of the backlog and expected deflection, with the arithmetic that a reader can follow."""

from __future__ import annotations

from bot.domain import Deflection, Window

# Below a week a rate per 30 days says more about the day than about the theme.
_SHORTEST_DAYS = 7


def impact(customers: int, weight: int) -> int:
    """Customers x severity weight (METHOD; weights of DESIGN section 10)."""
    return customers * weight


def deflection(tickets: int, core: int, window: Window) -> Deflection:
    """Tickets that would not come if the theme were solved, as a range.

    high = the theme's tickets in the window; low = those that stay in it in 80 % of the resamples (`core`). Both are
    scaled to 30 days where the window is at least a week long. No reach or uplift is invented (DESIGN section 10).
    """
    core = min(core, tickets)
    stays = f"; {core} of the {tickets} stay in the theme in at least 80 % of resamples" if core < tickets else ""
    days = window.days
    if days is None or days < _SHORTEST_DAYS:
        known = "no dates" if days is None else f"only {days:.0f} day{'s' if round(days) != 1 else ''} of tickets"
        return Deflection(
            core, tickets, "batch", f"{tickets} tickets in this batch ({known}, so not scaled to a month){stays}"
        )
    low, high = round(core * 30 / days), round(tickets * 30 / days)
    scaled = f"{tickets} tickets in {days:.0f} days × 30/{days:.0f} = {high}"
    return Deflection(low, high, "30 days", f"{scaled}{stays}: {core} × 30/{days:.0f} = {low}" if stays else scaled)
