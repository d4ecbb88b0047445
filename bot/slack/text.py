"""Other people's words on their way into Slack: shown as they were written, never a ping, a link or formatting. Pure.

Blocks carry them in `rich_text` and `plain_text` alone, where Slack parses nothing. `Message.text` is always mrkdwn, so
there they are escaped (docs.slack.dev/messaging/formatting-message-text, "Escaping text").
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from bot import phrases

SHORTEST, LONGEST = 40, 300  # characters of Message.text: all that a phone's notification shows (SURFACES 1.1, 1.14)
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_HALF_ENTITY = re.compile(r"&[a-z]{0,3}$")
# What would make bold, struck or code; an underscore only at a word's edge, so that utm_source stays whole.
_FORMATTING = re.compile(r"[*~`]|(?<!\w)_|_(?!\w)")
_ADDRESS = re.compile(r"https?://[!#-;=?-\[\]_a-z~]+", re.IGNORECASE)  # ASCII but quotes, <>, |, \\, ^, `, {}
_PERSON = re.compile(r"slack:([UW][A-Z0-9]{2,30})")
GROUP = re.compile(r"S[A-Z0-9]{2,30}")
_LONGEST_ADDRESS = 2000


def plain(text: str, limit: int) -> str:
    """One visible line of at most `limit` characters; a cut is marked. Never empty, which Slack refuses."""
    flat = phrases.line(text)
    return (flat if len(flat) <= limit else f"{flat[: limit - 1].rstrip()}…") or "\u2013"


def escape(text: str) -> str:
    """For mrkdwn: inert, on one line. A bare address would become a link even so: a word joiner takes it apart."""
    return _FORMATTING.sub("", phrases.line(text)).replace("://", ":\u2060//").translate(_ENTITIES)


def cut(escaped: str, limit: int) -> str:
    """At most `limit` characters of escaped text, never ending inside an entity; a cut is marked."""
    if len(escaped) <= limit:
        return escaped
    return _HALF_ENTITY.sub("", escaped[: max(0, limit - 1)]).rstrip() + "…"


class Theirs(str):
    """Other people's words within a `sentence`."""

    __slots__ = ()


def sentence(*parts: str) -> str:
    """The parts joined; what is `Theirs` is escaped, and the longest of it shortened until all of it fits LONGEST."""
    said = [escape(part) if isinstance(part, Theirs) else part for part in parts]
    theirs = [n for n, part in enumerate(parts) if isinstance(part, Theirs)]
    while theirs and (over := sum(map(len, said)) - LONGEST) > 0:
        longest = max(theirs, key=lambda n: len(said[n]))
        if len(said[longest]) <= 1:
            break
        keep = len(said[longest]) // 2 if len(theirs) > 1 else 1
        said[longest] = cut(said[longest], min(max(keep, len(said[longest]) - over), len(said[longest]) - 1))
    return "".join(said)


def address(url: str | None) -> str | None:
    """The URL if it is one that a person may be sent to from here: http or https, a host, no user, no odd character."""
    if not url or len(url) > _LONGEST_ADDRESS or not _ADDRESS.fullmatch(url):
        return None
    try:
        parts = urlsplit(url)
    except ValueError:  # "https://[": no address, and urlsplit says so loudly
        return None
    return url if parts.hostname and "@" not in parts.netloc else None


def person(actor: str | None) -> str | None:
    """The Slack id of who did it, where it was done in Slack."""
    match = _PERSON.fullmatch(actor or "")
    return match.group(1) if match else None


def mention(actor: str | None) -> str:
    """Who it was, in mrkdwn: a mention, or the name of somebody at a command line."""
    known = person(actor)
    return f"<@{known}>" if known else cut(escape(outsider(actor)), 40)


def outsider(actor: str | None) -> str:
    """ "dana (cli)": somebody who didn't click here."""
    door, _, name = (actor or "").partition(":")
    return f"{name} ({door})" if name else door or "somebody"


def padded(said: str, more: str) -> str:
    """`said`, with `more` behind it where it is too short to be read out as a notification."""
    return said if len(said) >= SHORTEST else f"{said} {more}"
