"""Who may do what: people (U...) and user groups (S...) by id, as the config names them."""

from __future__ import annotations

from collections.abc import Collection

from bot.ports import Channel, Refused


def may(channel: Channel, named: Collection[str], person: str) -> bool:
    """False where a group can't be read for good: a right that can't be checked is none. Raises Unavailable."""
    if person in named:
        return True
    try:
        return any(person in channel.members(group) for group in named if group.startswith("S"))
    except Refused:
        return False
