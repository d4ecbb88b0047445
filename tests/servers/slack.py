"""A stand-in for Slack's Web API: channels with threads, metadata and paging, limits checked as Slack checks them.

Element limits are checked by slack_sdk's own models, which know nothing of `bot.slack.limits`: two readings of the same
pages. What the SDK doesn't check (50 blocks, the size of all, double ids) is checked here.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

from bot.acts import Message
from bot.slack.preview import Post, page
from tests.servers.base import Answer, Request, StandIn
from tests.servers.socket_mode import SocketMode

TOKEN = "bot-token-of-the-stand-in"  # not in the form of a real one: no scanner need wonder
APP_TOKEN = "app-token-of-the-stand-in"
TEAM, BOT_USER, BOT = "T0ACME", "U0GROUND", "B0GROUND"
CHANNEL, PRIVATE, ELSEWHERE = "C0PRODUCT1", "C0PRIVATE1", "C0RANDOM1"
PEOPLE = {"U0DANA": "Dana", "U0LEE": "Lee", "U0SAM": "Sam", BOT_USER: "groundswell"}
SCOPES = (
    "chat:write,commands,channels:read,channels:history,groups:read,groups:history,users:read,usergroups:read,"
    "files:write,im:write,im:history"
)
_MOST_BYTES = 13_200  # slackapi/bolt-js issue 2509


@dataclass(slots=True)
class Room:
    """A channel. `messages` in the order they were made, those in threads among them."""

    id: str
    name: str
    private: bool = False
    archived: bool = False
    member: bool = True
    messages: list[dict[str, Any]] = field(default_factory=list)


class Fault(Exception):
    """An `ok: false`, with what comes beside the error."""

    def __init__(self, error: str, **more: Any) -> None:
        super().__init__(error)
        self.body = {"ok": False, "error": error, **more}


Method = Callable[[Mapping[str, str]], dict[str, Any]]


class SlackServer(StandIn):
    """State under `lock`: `rooms`, `groups`, `tokens` (token -> scopes), `revoked`, `whispers`, `views`, `answers`."""

    name = "slack"

    def __init__(self, port: int = 0, log: Path | None = None) -> None:
        super().__init__(port, log)
        self.rooms = {
            r.id: r
            for r in (
                Room(CHANNEL, "product-support"),
                Room(PRIVATE, "product-private", private=True),
                Room(ELSEWHERE, "random", member=False),
            )
        }
        self.groups = {"S0PMLEADS": ["U0DANA", "U0LEE"]}
        self.tokens = {TOKEN: SCOPES, APP_TOKEN: "connections:write"}
        self.revoked: set[str] = set()
        self.whispers: list[dict[str, Any]] = []
        self.views: list[dict[str, Any]] = []
        self.homes: dict[str, dict[str, Any]] = {}  # person -> what stands in their Home
        self.answers: list[Any] = []  # what came to response_urls
        self.expired: set[str] = set()  # trigger ids that are over
        self.page_cap = 1000  # messages a page; 15 for apps outside the marketplace
        self.blind_reads = 0  # so many reads of history don't show the newest message yet
        self.socket: SocketMode | None = None
        self._count = 0
        for name, (method, scope) in self._methods().items():
            self.routes.append(("POST", f"/api/{name}", self._served(method, scope)))
        self.routes.append(("GET", "/_view", self._view))
        self.routes.append(("POST", "/_response/.*", self._responded))

    @property
    def base_url(self) -> str:
        return f"{self.url}/api/"

    def posted(self, channel: str = CHANNEL) -> list[dict[str, Any]]:
        """The messages that stand in the channel itself."""
        return [m for m in self.rooms[channel].messages if "thread_ts" not in m]

    def thread(self, ts: str, channel: str = CHANNEL) -> list[dict[str, Any]]:
        """The replies to a message."""
        return [m for m in self.rooms[channel].messages if m.get("thread_ts") == ts]

    def say(self, text: str, channel: str = CHANNEL, user: str = "U0DANA", **more: Any) -> dict[str, Any]:
        """Somebody else writes."""
        with self.lock:
            message = {"type": "message", "user": user, "text": text, "ts": self._next_ts(), **more}
            self.rooms[channel].messages.append(message)
            return message

    # --- the frame around each method

    def _methods(self) -> dict[str, tuple[Method, str]]:
        return {
            "apps.connections.open": (self._socket_opened, ""),
            "auth.test": (self._auth_test, ""),
            "chat.postMessage": (self._post, "chat:write"),
            "chat.update": (self._update, "chat:write"),
            "chat.delete": (self._delete, "chat:write"),
            "chat.postEphemeral": (self._whisper, "chat:write"),
            "chat.getPermalink": (self._permalink, ""),
            "conversations.info": (self._info, "channels:read"),
            "conversations.history": (self._history, "channels:history"),
            "conversations.open": (self._talk, "im:write"),
            "conversations.replies": (self._replies, "channels:history"),
            "usergroups.users.list": (self._group, "usergroups:read"),
            "users.info": (self._person, "users:read"),
            "views.open": (self._view_opened, ""),
            "views.publish": (self._view_published, ""),
        }

    def _served(self, method: Method, scope: str) -> Callable[[Request], Answer]:
        def serve(request: Request) -> Answer:
            asked = request.form
            token = request.headers.get("authorization", "").removeprefix("Bearer ") or asked.get("token", "")
            try:
                scopes = self._scopes(token)
                self._permit(scopes, scope, asked)
                return Answer(200, {"ok": True, **method(asked)}, {"x-oauth-scopes": scopes})
            except Fault as fault:
                return Answer(200, fault.body)

        return serve

    def _scopes(self, token: str) -> str:
        if not token:
            raise Fault("not_authed")
        if token in self.revoked:
            raise Fault("token_revoked")
        if token not in self.tokens:
            raise Fault("invalid_auth")
        return self.tokens[token]

    def _permit(self, scopes: str, needed: str, asked: Mapping[str, str]) -> None:
        room = self.rooms.get(asked.get("channel", ""))
        if room and room.private:
            needed = needed.replace("channels:", "groups:")
        if room and room.id.startswith("D"):
            needed = needed.replace("channels:", "im:")
        if needed and needed not in scopes.split(","):
            raise Fault("missing_scope", needed=needed, provided=scopes)

    def _room(self, asked: Mapping[str, str], *, inside: bool = True) -> Room:
        room = self.rooms.get(asked.get("channel", ""))
        if room is None:
            raise Fault("channel_not_found")
        if inside and not room.member:
            raise Fault("channel_not_found" if room.private else "not_in_channel")
        return room

    def _next_ts(self) -> str:
        self._count += 1
        return f"{int(time.time())}.{self._count:06d}"

    # --- methods

    def _socket_opened(self, asked: Mapping[str, str]) -> dict[str, Any]:
        if self.socket is None:
            raise Fault("not_allowed_token_type")
        return {"url": self.socket.url}

    def _auth_test(self, asked: Mapping[str, str]) -> dict[str, Any]:
        return {"url": "https://acme.example/", "team": "Acme", "user": "groundswell"} | {
            "team_id": TEAM,
            "user_id": BOT_USER,
            "bot_id": BOT,
        }

    def _post(self, asked: Mapping[str, str]) -> dict[str, Any]:
        room = self._room(asked)
        if room.archived:
            raise Fault("is_archived")
        message = {"type": "message", "user": BOT_USER, "bot_id": BOT, **_content(asked)}
        thread = asked.get("thread_ts")
        if thread and not any(m["ts"] == thread for m in room.messages):
            raise Fault("thread_not_found")
        if thread:
            message["thread_ts"] = thread
        if "metadata" in asked:
            message["metadata"] = json.loads(asked["metadata"])
        message["ts"] = self._next_ts()
        room.messages.append(message)
        effect = message.get("metadata", {}).get("event_payload", {}).get("effect")
        self.note("message-posted", ts=message["ts"], channel=room.id, marker=effect, thread_ts=thread)
        return {"channel": room.id, "ts": message["ts"], "message": message}

    def _update(self, asked: Mapping[str, str]) -> dict[str, Any]:
        room = self._room(asked)
        found = next((m for m in room.messages if m["ts"] == asked.get("ts")), None)
        if found is None:
            raise Fault("message_not_found")
        if found["user"] != BOT_USER:
            raise Fault("cant_update_message")
        content = _content(asked)
        found.pop("blocks", None)  # text without blocks deletes them (SURFACES 1.1)
        found.update(content, edited={"user": BOT_USER, "ts": self._next_ts()})
        self.note("message-updated", ts=found["ts"], channel=room.id)
        return {"channel": room.id, "ts": found["ts"], "text": found["text"]}

    def _delete(self, asked: Mapping[str, str]) -> dict[str, Any]:
        room = self._room(asked)
        found = next((m for m in room.messages if m["ts"] == asked.get("ts")), None)
        if found is None:
            raise Fault("message_not_found")
        if found["user"] != BOT_USER:
            raise Fault("cant_delete_message")
        room.messages.remove(found)
        self.note("message-deleted", ts=found["ts"], channel=room.id)
        return {"channel": room.id, "ts": found["ts"]}

    def _whisper(self, asked: Mapping[str, str]) -> dict[str, Any]:
        room = self._room(asked)
        if asked.get("user") not in PEOPLE:
            raise Fault("user_not_in_channel")
        said = {"channel": room.id, "user": asked["user"], **_content(asked), "ts": self._next_ts()}
        self.whispers.append(said)
        self.note("whispered", channel=room.id, user=asked["user"])
        return {"message_ts": said["ts"]}

    def _permalink(self, asked: Mapping[str, str]) -> dict[str, Any]:
        room = self._room(asked)
        found = next((m for m in room.messages if m["ts"] == asked.get("message_ts")), None)
        if found is None:
            raise Fault("message_not_found")
        url = f"https://acme.slack.example/archives/{room.id}/p{found['ts'].replace('.', '')}"
        if "thread_ts" in found:
            url += f"?thread_ts={found['thread_ts']}&cid={room.id}"
        return {"channel": room.id, "permalink": url}

    def _info(self, asked: Mapping[str, str]) -> dict[str, Any]:
        room = self._room(asked, inside=False)
        told = {"id": room.id, "name": room.name, "is_channel": not room.private, "is_private": room.private}
        return {"channel": {**told, "is_archived": room.archived, "is_member": room.member}}

    def _history(self, asked: Mapping[str, str]) -> dict[str, Any]:
        found = [m for m in self._room(asked).messages if "thread_ts" not in m]
        return self._paged(asked, list(reversed(self._seen(found))))

    def _replies(self, asked: Mapping[str, str]) -> dict[str, Any]:
        room, ts = self._room(asked), asked.get("ts", "")
        parent = [m for m in room.messages if m["ts"] == ts]
        if not parent:
            raise Fault("thread_not_found")
        return self._paged(asked, self._seen(self.thread(ts, room.id)), always=parent)

    def _seen(self, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if self.blind_reads > 0:
            self.blind_reads -= 1
            return found[:-1]
        return found

    def _paged(
        self, asked: Mapping[str, str], found: list[dict[str, Any]], always: Sequence[dict[str, Any]] = ()
    ) -> dict[str, Any]:
        """Cursors are offsets. `oldest` is exclusive unless `inclusive`; a thread's parent comes on its first page."""
        oldest, start = asked.get("oldest", "0"), int(asked.get("cursor") or 0)
        inclusive, metadata = (
            asked.get("inclusive") in ("1", "true"),
            asked.get("include_all_metadata") in ("1", "true"),
        )
        found = [m for m in found if m["ts"] > oldest or (inclusive and m["ts"] == oldest)]
        end = start + min(int(asked.get("limit") or 100), self.page_cap)
        shown = [*(always if start == 0 else ()), *found[start:end]]
        shown = [m if metadata else {k: v for k, v in m.items() if k != "metadata"} for m in shown]
        more = end < len(found)
        return {"messages": shown, "has_more": more, "response_metadata": {"next_cursor": str(end) if more else ""}}

    def _talk(self, asked: Mapping[str, str]) -> dict[str, Any]:
        user = asked.get("users", "")
        if user not in PEOPLE:
            raise Fault("user_not_found")
        room = self.rooms.setdefault(talk(user), Room(talk(user), f"talk with {PEOPLE[user]}"))
        return {"channel": {"id": room.id}}

    def _group(self, asked: Mapping[str, str]) -> dict[str, Any]:
        group = asked.get("usergroup", "")
        if group not in self.groups:
            raise Fault("no_such_subteam")
        return {"users": list(self.groups[group])}

    def _person(self, asked: Mapping[str, str]) -> dict[str, Any]:
        user = asked.get("user", "")
        if user not in PEOPLE:
            raise Fault("user_not_found")
        return {"user": {"id": user, "team_id": TEAM, "name": PEOPLE[user].lower(), "real_name": PEOPLE[user]}}

    def _view_opened(self, asked: Mapping[str, str]) -> dict[str, Any]:
        if not asked.get("trigger_id"):
            raise Fault("invalid_trigger_id")
        if asked["trigger_id"] in self.expired:
            raise Fault("expired_trigger_id")
        _check_view(json.loads(asked["view"]))
        return self._kept_view(asked)

    def _view_published(self, asked: Mapping[str, str]) -> dict[str, Any]:
        if asked.get("user_id") not in PEOPLE:
            raise Fault("invalid_arguments")
        view = json.loads(asked["view"])
        if view.get("type") != "home":
            raise Fault("invalid_arguments")
        _check_view(view)
        self._count += 1
        self.homes[asked["user_id"]] = {"id": f"VHOME{asked['user_id']}", "hash": f"h{self._count}", **view}
        return {"view": self.homes[asked["user_id"]]}

    def opens_home(self, user: str = "U0DANA", tab: str = "home") -> dict[str, Any]:
        """The event that comes when a person opens the app's Home (docs.slack.dev/reference/events/app_home_opened)."""
        with self.lock:
            self._count += 1
        event = {"type": "app_home_opened", "user": user, "channel": talk(user), "tab": tab}
        if user in self.homes:
            event["view"] = {**self.homes[user], "team_id": TEAM}
        return {
            "type": "event_callback",
            "event_id": f"Ev{self._count:08d}",
            "event_time": int(time.time()),
            "event": {**event, "event_ts": f"{time.time():.6f}"},
            "team_id": TEAM,
            "api_app_id": "A0GROUND",
            "token": "verification-token-nobody-reads",
            "authorizations": [{"team_id": TEAM, "user_id": BOT_USER, "is_bot": True}],
        }

    def click_at_home(self, action_id: str, user: str = "U0DANA", theme: str = "") -> dict[str, Any]:
        """The same as `click`, in the person's Home: with a view, and without a channel and a message."""
        view = {**self.homes[user], "team_id": TEAM}
        block, element = self._found(view, action_id, theme)[0]
        payload = self._pressed(block, element, action_id, user)
        return {**payload, "container": {"type": "view", "view_id": view["id"]}, "view": view}

    def _kept_view(self, asked: Mapping[str, str]) -> dict[str, Any]:
        view = {"id": f"V{len(self.views):03d}", "hash": f"h{len(self.views)}", **json.loads(asked["view"])}
        self.views.append({**view, "user_id": asked.get("user_id")})
        return {"view": view}

    # --- for people and for clicks

    def _responded(self, request: Request) -> Answer:
        self.answers.append(request.json)
        return Answer(200, {"ok": True})

    def _view(self, request: Request) -> Answer:
        room = self.rooms.get(request.arg("channel", CHANNEL))
        if room is None:
            return Answer(404, {"error": "no such channel"})
        posts = [self._shown(m, room) for m in self.posted(room.id)]
        posts += [Post(_message(w), only_for=PEOPLE[w["user"]]) for w in self.whispers if w["channel"] == room.id]
        return Answer(200, page(room.name, posts, PEOPLE).encode(), {"Content-Type": "text/html; charset=utf-8"})

    def _shown(self, message: Mapping[str, Any], room: Room) -> Post:
        at = time.strftime("%H:%M", time.gmtime(float(message["ts"])))
        return Post(_message(message), [_message(m) for m in self.thread(message["ts"], room.id)], at=at)

    def command(self, text: str, user: str = "U0DANA", channel: str = CHANNEL) -> dict[str, str]:
        """The form of a slash command, as Slack's reference lists its fields."""
        with self.lock:
            self._count += 1
        return {
            "command": "/themes",
            "text": text,
            "team_id": TEAM,
            "team_domain": "acme",
            "channel_id": channel,
            "channel_name": "any",
            "user_id": user,
            "user_name": PEOPLE[user].lower(),
            "api_app_id": "A0GROUND",
            "is_enterprise_install": "false",
            "trigger_id": f"{self._count}.{TEAM}.command",
            "response_url": f"{self.url}/_response/{self._count}",
            "token": "verification-token-nobody-reads",
        }

    def submission(self, values: Mapping[str, Any], user: str = "U0DANA", at: int = -1) -> dict[str, Any]:
        """What comes when the view that was opened last (or `at`) is sent off. `values`: block_id -> element's state.

        A block that isn't named has the state that the view was opened with.
        """
        view = self.views[at]
        state = {b["block_id"]: {b["element"]["action_id"]: _initial(b["element"])}
                 for b in view["blocks"] if b["type"] == "input"}  # fmt: skip
        for block_id, told in values.items():
            (action_id,) = state[block_id]
            state[block_id] = {action_id: {**state[block_id][action_id], **told}}
        shown = {k: v for k, v in view.items() if k != "user_id"} | {"state": {"values": state}, "team_id": TEAM}
        return {
            "type": "view_submission",
            "team": {"id": TEAM, "domain": "acme"},
            "user": {"id": user, "username": PEOPLE[user].lower(), "name": PEOPLE[user].lower(), "team_id": TEAM},
            "api_app_id": "A0GROUND",
            "token": "verification-token-nobody-reads",
            "trigger_id": f"0.{TEAM}.submission",
            "view": shown,
            "response_urls": [],
            "is_enterprise_install": False,
            "enterprise": None,
        }

    @staticmethod
    def _found(message: Mapping[str, Any], action_id: str, theme: str) -> list[tuple[Any, Any]]:
        return [
            (block, element)
            for block in message["blocks"]
            if block["type"] == "actions" and theme in block["block_id"]
            for element in block["elements"]
            if element["action_id"] == action_id or _entry(element, action_id)
        ]

    def click(
        self, message: Mapping[str, Any], action_id: str, user: str = "U0DANA", theme: str = ""
    ) -> dict[str, Any]:
        """The block_actions payload of a click on a button of `message`; `theme` says of which row."""
        found = self._found(message, action_id, theme)
        if action_id == "reject":  # a button that digests had before their rows had a menu, and still have in channels
            block, element = self._found(message, "approve", theme)[0]
            found = [(block, {**element, "action_id": "reject", "text": {"type": "plain_text", "text": "Not a theme"}})]
        block, element = found[0]
        channel = next(r for r in self.rooms.values() if any(m["ts"] == message["ts"] for m in r.messages))
        thread = {"thread_ts": message["thread_ts"]} if "thread_ts" in message else {}
        where = {"message_ts": message["ts"], "channel_id": channel.id, "is_ephemeral": False, **thread}
        return {
            **self._pressed(block, element, action_id, user),
            "container": {"type": "message", **where},
            "channel": {"id": channel.id, "name": channel.name},
            "message": dict(message),
            "response_url": f"{self.url}/_response/{self._count}",
        }

    def _pressed(self, block: Any, element: Any, action_id: str, user: str) -> dict[str, Any]:
        """What a click says, wherever it was made."""
        shown = {k: v for k, v in element.items() if k in ("type", "action_id", "text", "value", "style")}
        shown |= {"selected_option": _entry(element, action_id)} if element["type"] == "overflow" else {}
        with self.lock:
            self._count += 1
            at = f"{time.time():.6f}"
        return {
            "type": "block_actions",
            "user": {"id": user, "username": PEOPLE[user].lower(), "name": PEOPLE[user].lower(), "team_id": TEAM},
            "api_app_id": "A0GROUND",
            "token": "verification-token-nobody-reads",
            "trigger_id": f"{self._count}.{TEAM}.{hashlib.sha256(at.encode()).hexdigest()[:16]}",
            "team": {"id": TEAM, "domain": "acme"},
            "enterprise": None,
            "is_enterprise_install": False,
            "state": {"values": {}},
            "actions": [{**shown, "block_id": block["block_id"], "action_ts": at}],
        }


def _entry(element: Mapping[str, Any], value: str) -> Mapping[str, Any] | None:
    """The entry of a row's menu that has the value."""
    return next((option for option in element.get("options", ()) if option["value"] == value), None)


def talk(user: str) -> str:
    """The channel in which the app and a person talk."""
    return f"D{user[1:]}"


def signed(secret: str, payload: Mapping[str, Any], at: float | None = None) -> tuple[dict[str, str], bytes]:
    """What Slack posts: the headers with the signature over the raw body, and the body.

    A command is a form of its own, an event is JSON; everything else is JSON in one field of a form.
    """
    if payload.get("type") == "event_callback":
        return _sealed(secret, json.dumps(payload).encode(), "application/json", at)
    body = urlencode(payload if "command" in payload else {"payload": json.dumps(payload)}).encode()
    return _sealed(secret, body, "application/x-www-form-urlencoded", at)


def _sealed(secret: str, body: bytes, kind: str, at: float | None) -> tuple[dict[str, str], bytes]:
    stamp = str(int(time.time() if at is None else at))
    digest = hmac.new(secret.encode(), b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    return {"Content-Type": kind, "X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={digest}"}, body


def _initial(element: Mapping[str, Any]) -> dict[str, Any]:
    """The state of an element that nobody touched."""
    names = {"static_select": ("initial_option", "selected_option"), "datepicker": ("initial_date", "selected_date"),
             "radio_buttons": ("initial_option", "selected_option"),
             "checkboxes": ("initial_options", "selected_options"),
             "plain_text_input": ("initial_value", "value")}  # fmt: skip
    given, told = names[element["type"]]
    empty: list[Any] | None = [] if told == "selected_options" else None
    return {"type": element["type"], told: element.get(given, empty)}


def _message(kept: Mapping[str, Any]) -> Message:
    return Message(kept["text"], kept.get("blocks", ()))


def _content(asked: Mapping[str, str]) -> dict[str, Any]:
    """Text and blocks, if Slack would take them."""
    text, blocks = asked.get("text", ""), json.loads(asked.get("blocks") or "[]")
    if not text and not blocks:
        raise Fault("no_text")
    if blocks:
        _check(blocks)
    return {"text": text, **({"blocks": blocks} if blocks else {})}


def _check(blocks: list[dict[str, Any]]) -> None:
    if len(blocks) > 50:
        raise _invalid("no more than 50 items allowed [json-pointer:/blocks]")
    ids = [b["block_id"] for b in blocks if "block_id" in b]
    if len(ids) != len(set(ids)):
        raise _invalid("block_id must be unique [json-pointer:/blocks]")
    for n, told in enumerate(blocks):
        _check_one(n, told)
    if len(json.dumps(blocks, ensure_ascii=False, separators=(",", ":")).encode()) > _MOST_BYTES:
        raise Fault("msg_blocks_too_long")


def _check_view(view: dict[str, Any]) -> None:
    """docs.slack.dev/reference/views/modal-views, as slack_sdk reads it; 100 blocks, and ids that differ."""
    try:
        View(**{k: v for k, v in view.items() if k != "id"}).to_dict()
    except (SlackObjectFormationError, TypeError) as error:
        raise Fault("invalid_arguments", response_metadata={"messages": [f"[ERROR] {error}"]}) from None
    if len(view["blocks"]) > 100:
        raise _invalid("no more than 100 items allowed [json-pointer:/view/blocks]")
    ids = [b["block_id"] for b in view["blocks"] if "block_id" in b]
    if len(ids) != len(set(ids)):
        raise _invalid("block_id must be unique [json-pointer:/view/blocks]")
    for n, told in enumerate(view["blocks"]):
        _check_one(n, told)


def _check_one(n: int, told: dict[str, Any]) -> None:
    try:
        parsed = Block.parse(told)
        if parsed is None:
            raise _invalid(f"unsupported type: {told.get('type')} [json-pointer:/blocks/{n}/type]")
        parsed.to_dict()
    except (SlackObjectFormationError, TypeError) as error:
        raise _invalid(f"{error} [json-pointer:/blocks/{n}]") from None
    for where in _texts(told):
        if not where.get("text"):
            raise _invalid(f"must be more than 0 characters [json-pointer:/blocks/{n}]")


def _texts(told: Any) -> list[dict[str, Any]]:
    """Every object with a text of its own, at any depth."""
    if isinstance(told, list):
        return [found for one in told for found in _texts(one)]
    if not isinstance(told, dict):
        return []
    own = [told] if isinstance(told.get("text"), str) else []
    return own + [found for value in told.values() for found in _texts(value)]


def _invalid(why: str) -> Fault:
    return Fault("invalid_blocks", errors=[why], response_metadata={"messages": [f"[ERROR] {why}"]})
