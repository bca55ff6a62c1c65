"""The WebSocket side: one viewer for each open page, a broadcast that wakes them all."""

import asyncio
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from starlette.websockets import WebSocket, WebSocketDisconnect

from office.dashboard.client import Client
from office.dashboard.hub import Hub
from office.dashboard.protocol import ABORT
from office.dashboard.roles import allowed
from office.dashboard.schema import described
from office.dashboard.sessions import Sessions
from office.dashboard.users import User

FRAME_SECONDS: Final = 0.04
"""At most 25 frames a second."""
_TICKS_A_SECOND: Final = 25
MOST_VIEWERS: Final = 64
MOST_OF_ONE: Final = 8
MOST_MESSAGES: Final = 200
"""Messages a second from one page; it sends one for each frame."""
LOGGED_OUT, TOO_MANY, CHANGED, BAD_MESSAGE = 4401, 4429, 4409, 4400
"""Close codes: the session is over, too many pages, the role has changed (come again), not one of the page's messages.
A stalled page is cut off without any."""
_log = logging.getLogger("office.dashboard")


@dataclass
class Clocks:
    """Monotonic ns and UTC ns."""

    monotonic: Callable[[], int]
    utc: Callable[[], int]


@dataclass(eq=False)
class Viewer:
    """One open page."""

    user: User
    token: str
    client: Client
    abort: Callable[[], None]
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    close: int = 0
    beat: bool = False
    messages: int = 0


class Stream:
    """All open pages of one hub. `dropped` counts those that were cut off because they stalled."""

    def __init__(self, hub: Hub, sessions: Sessions, clocks: Clocks) -> None:
        self.viewers: set[Viewer] = set()
        self.dropped = 0
        self._hub = hub
        self._sessions = sessions
        self._clocks = clocks
        self._ticks = 0

    async def serve(self, socket: WebSocket, token: str, user: User) -> None:
        """One page, from the handshake to its end."""
        if len(self.viewers) >= MOST_VIEWERS or sum(v.user.name == user.name for v in self.viewers) >= MOST_OF_ONE:
            await socket.accept()
            await socket.close(TOO_MANY, "too many open pages: close some")
            return
        await socket.accept()
        abort = socket.scope.get("extensions", {}).get(ABORT, lambda: None)
        viewer = Viewer(user, token, Client(self._hub.tables, self._clocks.monotonic()), abort)
        self.viewers.add(viewer)
        sender = asyncio.create_task(self._send(socket, viewer))
        receiver = asyncio.create_task(self._receive(socket, viewer))
        try:
            await asyncio.wait((sender, receiver), return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.viewers.discard(viewer)
            for task in (sender, receiver):
                task.cancel()
            await asyncio.gather(sender, receiver, return_exceptions=True)
        if viewer.close:
            try:
                await socket.close(viewer.close)
            except RuntimeError:
                pass  # it has gone meanwhile

    async def broadcast(self) -> None:
        """Until cancelled: 25 times a second tell every page's client what has changed."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            self.tick()
            # A tick that was a little late is followed by an early one; what is later than that is left out.
            due = max(due + FRAME_SECONDS, loop.time() - FRAME_SECONDS)
            await asyncio.sleep(max(0.0, due - loop.time()))

    def tick(self) -> None:
        """One frame's worth: collect the changes, wake the pages, cut off those that stall."""
        self._ticks += 1
        second = self._ticks % _TICKS_A_SECOND == 0
        if second:
            self._hub.tick(self._clocks.utc())
        changes = self._hub.take_changes()
        now = self._clocks.monotonic()
        for viewer in list(self.viewers):
            viewer.client.note(changes)
            if second:
                self._inspect(viewer)
            if viewer.client.stalled(now):
                self.dropped += 1
                self.viewers.discard(viewer)
                viewer.abort()
            viewer.wake.set()

    def _inspect(self, viewer: Viewer) -> None:
        viewer.beat, viewer.messages = True, 0
        try:
            user = self._sessions.user(viewer.token, self._clocks.monotonic() / 1e9)
        except Exception as error:  # one page that cannot be looked up must not end the broadcast for all
            _log.error("the page of %s is closed: %s", viewer.user.name, error)
            user = None
        if user is None:
            viewer.close = LOGGED_OUT
        elif user.role != viewer.user.role:
            viewer.close = CHANGED

    async def _send(self, socket: WebSocket, viewer: Viewer) -> None:
        hello = {
            "user": viewer.user.name,
            "role": viewer.user.role,
            "may": allowed(viewer.user.role),
            "tables": described(),
        }
        await socket.send_text(json.dumps(hello))
        while not viewer.close:
            await viewer.wake.wait()
            viewer.wake.clear()
            make = viewer.client.heartbeat if viewer.beat else viewer.client.frame
            frame = make(self._clocks.monotonic(), self._clocks.utc() / 1e6, self._hub.source_rows)
            if frame is not None:
                viewer.beat = False
                await socket.send_bytes(frame)

    async def _receive(self, socket: WebSocket, viewer: Viewer) -> None:
        try:
            while True:
                self._message(viewer, await socket.receive_text())
        except (WebSocketDisconnect, RuntimeError):
            return
        except (ValueError, KeyError, TypeError, RecursionError):
            viewer.close = BAD_MESSAGE

    def _message(self, viewer: Viewer, text: str) -> None:
        """`{"ack": FRAME}` or `{"select": BOOK}`; raises ValueError for anything else, and for too many."""
        viewer.messages += 1
        if viewer.messages > MOST_MESSAGES:
            raise ValueError(f"more than {MOST_MESSAGES} messages in a second")
        message: dict[str, Any] = json.loads(text)
        ((name, number),) = message.items()
        if not isinstance(number, int):
            raise TypeError(f"{name} takes a number")
        if name == "ack":
            viewer.client.acknowledge(number, self._clocks.monotonic())
        elif name == "select":
            viewer.client.select(number)
        else:
            raise ValueError(f"there is no message {name!r}")
