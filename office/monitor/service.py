"""Brings a monitor its two streams: the drop copy over TCP, the management stream from the collector's socket."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from office import files, live
from office.files import FileError
from office.monitor.monitor import Monitor
from protocols.errors import ProtocolError
from protocols.management import Frame, Hello, JournalRecord
from protocols.soup_client import ClientState, LinkLost, LoginRejected, Sequenced, SoupClient

log = logging.getLogger(__name__)
_READ_BYTES: Final = 1 << 16
_REMEDIES: Final = {"A": "give its user and password", "S": "its session is over, start the monitor anew"}
_AGAIN: Final = 1.0
_TICK: Final = 0.25


class MonitorError(RuntimeError):
    """The monitor cannot go on; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class DropCopy:
    """Where the drop copy `source` (a venue) is, and who reads it."""

    source: str
    host: str
    port: int
    user: str
    password: str


async def run(
    monitor: Monitor,
    copies: Sequence[DropCopy],
    control: Path | None,
    wall: Callable[[], int] = time.time_ns,
    monotonic: Callable[[], int] = time.monotonic_ns,
    journals: Path | None = None,
) -> None:
    """Follow all streams until cancelled; each is joined again when it is lost. MonitorError: the login is refused.

    ``journals``: the office's folder, to take the journals in it in place of a drop copy.
    """
    async with asyncio.TaskGroup() as group:
        for copy in copies:
            group.create_task(follow_copy(monitor, copy, wall, monotonic))
        if control is not None:
            group.create_task(follow_live(monitor, control, wall, journals))
        group.create_task(_ticks(monitor, wall))


async def follow_copy(monitor: Monitor, copy: DropCopy, wall: Callable[[], int], monotonic: Callable[[], int]) -> None:
    """Read the drop copy to the end of its session; after a lost link it goes on behind the last message."""
    client = SoupClient(copy.user, copy.password)
    monitor.connected[copy.source] = False
    while True:
        try:
            reader, writer = await asyncio.open_connection(copy.host, copy.port)
        except OSError as error:
            log.info("no drop copy at %s:%d: %s", copy.host, copy.port, error)
        else:
            try:
                await _session(monitor, copy.source, client, reader, writer, wall, monotonic)
            except OSError as error:
                log.warning("the drop copy is lost: %s", error)
                client.connection_closed()
            finally:
                monitor.connected[copy.source] = False
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()
            if client.state is ClientState.ENDED:
                return
        await asyncio.sleep(_AGAIN)


async def _session(
    monitor: Monitor,
    source: str,
    client: SoupClient,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    wall: Callable[[], int],
    monotonic: Callable[[], int],
) -> None:
    """One connection, until it is of no more use."""
    client.connected(monotonic())
    while True:
        writer.write(client.take_output())
        await writer.drain()
        deadline = client.next_deadline()
        if deadline is None:
            return
        try:
            async with asyncio.timeout(max(0, deadline - monotonic()) / 1e9):
                data = await reader.read(_READ_BYTES)
        except TimeoutError:
            events = client.tick(monotonic())
        else:
            events = client.on_bytes(data, monotonic()) if data else client.connection_closed()
        for event in events:
            match event:
                case Sequenced():
                    monitor.on_copy(source, event.sequence, event.payload, wall())
                case LoginRejected():
                    raise MonitorError(f"the drop copy refuses the login ({event.reason}): {_REMEDIES[event.reason]}")
                case LinkLost():
                    log.warning("the drop copy is lost: %s", event.reason)
        monitor.connected[source] = client.state is ClientState.ACTIVE


async def follow_live(monitor: Monitor, control: Path, wall: Callable[[], int], journals: Path | None = None) -> None:
    """Watch the collector; when it goes, look for it again."""
    greetings: dict[int, Hello] = {}
    while True:
        try:
            async for session, frame in live.watch(control):
                monitor.on_frame(session, frame, wall())
                if journals is not None:
                    _on_journal(monitor, greetings, session, frame, journals, wall())
        except (OSError, ProtocolError, FileError) as error:
            log.info("no collector at %s: %s", control, error)
        await asyncio.sleep(_AGAIN)


def _on_journal(
    monitor: Monitor, greetings: dict[int, Hello], session: int, frame: Frame, folder: Path, now: int
) -> None:
    """A record of a journal. After a greeting, and where records are missing, those on disk come first."""
    message = frame.message
    if isinstance(message, Hello):
        greetings[session] = message
        _catch_up(monitor, message, folder, now)
    elif isinstance(message, JournalRecord) and session in greetings:
        greeting = greetings[session]
        if frame.number > monitor.journal_known(greeting.journal) + 1:
            _catch_up(monitor, greeting, folder, now)
        entry = files.Entry(greeting.journal, frame.number, frame.time, message.kind, message.venue, message.body)
        monitor.on_journal(entry, now, greeting.host)


def _catch_up(monitor: Monitor, greeting: Hello, folder: Path, now: int) -> None:
    known = monitor.journal_known(greeting.journal)
    for entry in files.journal(folder):
        if entry.journal == greeting.journal and entry.number > known:
            monitor.on_journal(entry, now, greeting.host)


async def _ticks(monitor: Monitor, wall: Callable[[], int]) -> None:
    while True:
        monitor.tick(wall())
        await asyncio.sleep(_TICK)
