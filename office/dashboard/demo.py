"""A collector that plays a recording: the page's source where there is no trading server.

A recording is what an office keeps (`office.files`): live streams and journals, their frames merged by time. They are
sent with the times of now and at the pace at which they came, again and again; each turn is a new run of the server
with a new journal.
"""

import asyncio
import contextlib
import gzip
import heapq
import json
import os
import threading
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from office.commands import CONTROL_FILE
from office.dashboard.source import PREFIXED, Cutter, Raw, SourceError
from office.files import office_of, segments
from protocols.errors import ProtocolError
from protocols.management import (
    CONTROL,
    LIVE,
    Answer,
    Book,
    Command,
    Connection,
    Frames,
    Hello,
    Recording,
    State,
    Stats,
)
from protocols.management_files import FileError, read

RECORDING: Final = Path(__file__).with_name("recording.gz")
"""The recording that comes with the program: frames as the control socket sends them, compressed."""
LONGEST: Final = 40.0
_LONGEST_PAUSE: Final = 2.0
_COMMAND_BYTES: Final = 4 << 10
_BUFFERED: Final = 8 << 20
_TRADING: Final = State(body=b"trading").encode()
_BEFORE_NS: Final = 500_000_000


class DemoError(Exception):
    """There is nothing to play; the text says what to do."""


def load(path: Path | None) -> list[Raw]:
    """All frames of a run's or an office's folder, by time, or those of a recording's file. Raises DemoError."""
    path = path or RECORDING
    return _saved(path) if path.is_file() else _kept(path)


def save(frames: list[Raw], path: Path, seconds: float = LONGEST) -> None:
    """Write a recording: so many seconds from the moment trading begins, without the books at the end, and with the
    first statistics only that name the strategies. The frames of live streams are numbered anew, without holes."""
    begun = next((raw.time for raw in frames if raw.message == _TRADING), frames[0].time) - _BEFORE_NS
    named, number = False, 0
    with gzip.open(path, "wb", 9) as file:
        for raw in frames:
            kind = raw.message[:1].decode("latin-1")
            early = raw.time < begun and kind not in (Hello.TYPE, Stats.TYPE)
            if early or raw.time > begun + seconds * 1e9 or kind in (Book.TYPE, Recording.TYPE):
                continue
            if kind == Stats.TYPE:
                if named or not _names_strategies(raw.message):
                    continue
                named = True
            if raw.stream == LIVE:
                number += 1
                raw = raw._replace(number=number)
            file.write(_encode(raw._replace(time=max(raw.time, begun))))


def _names_strategies(message: bytes) -> bool:
    try:
        return bool(json.loads(Stats.decode(message).body).get("strategies"))
    except (ProtocolError, ValueError, AttributeError):
        return False


def _saved(path: Path) -> list[Raw]:
    try:
        found = Cutter().feed(gzip.decompress(path.read_bytes()))
    except (OSError, EOFError, zlib.error, SourceError) as error:
        raise DemoError(f"{path} is no recording: {error}; give one, or the folder of a run") from error
    if not found:
        raise DemoError(f"{path} has no frames: give another recording, or the folder of a run")
    return found


def _kept(path: Path) -> list[Raw]:
    folder = office_of(path)
    try:
        parts = [_frames(segment.path, segment.of, segment.stream) for segment in segments(folder)]
        found = list(heapq.merge(*parts, key=lambda raw: raw.time))
    except (FileError, ProtocolError, OSError) as error:
        raise DemoError(f"{folder} cannot be played: {error}") from error
    if not found:
        raise DemoError(f"{folder} has no frames of the management stream: give the folder of a run")
    return _attributed(found)


def _frames(path: Path, of: int, stream: int) -> list[Raw]:
    frames = [Raw(of, frame.stream, frame.number, frame.time, frame.message.encode()) for frame in read(path)]
    return sorted((raw for raw in frames if raw.stream in (stream, CONTROL)), key=lambda raw: raw.time)


def _attributed(frames: list[Raw]) -> list[Raw]:
    """Frames of a journal get the session of the server that greeted with it."""
    sessions: dict[int, int] = {}
    for raw in frames:
        if raw.stream == CONTROL and raw.message[:1] == Hello.TYPE.encode():
            hello = Hello.decode(raw.message)
            sessions[hello.journal] = hello.session
    return [raw._replace(session=sessions.get(raw.session, raw.session)) for raw in frames]


class Player:
    """Sends a recording to whoever watches."""

    def __init__(self, frames: list[Raw], speed: float) -> None:
        self._frames = frames
        self._speed = speed
        self._writers: set[asyncio.StreamWriter] = set()
        self._turn = 0
        self._somebody = asyncio.Event()

    async def watched(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One watcher: gets what is played from now on; commands are answered, and shown, and nothing more."""
        self._greet(writer)
        self._writers.add(writer)
        self._somebody.set()
        frames = Frames(_COMMAND_BYTES)
        try:
            while data := await reader.read(_COMMAND_BYTES):
                for frame in frames.feed(data):
                    self._command(frame.message, writer)
        except (ConnectionError, ProtocolError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def play(self) -> None:
        """Until cancelled, from the moment somebody watches: again and again."""
        await self._somebody.wait()
        while True:
            self._turn += 1
            began, first = time.monotonic(), self._frames[0].time
            shift = time.time_ns() - first
            for raw in self._frames:
                due = began + (raw.time - first) / 1e9 / self._speed
                wait = due - time.monotonic()
                if wait > 0:
                    await asyncio.sleep(min(wait, _LONGEST_PAUSE))
                self._send(self._now(raw, shift))
            await asyncio.sleep(_LONGEST_PAUSE)
            for session in {self._session(raw.session) for raw in self._frames}:
                self._send(Raw(session, CONTROL, 0, time.time_ns(), Connection(open=0).encode()))

    def _now(self, raw: Raw, shift: int) -> Raw:
        """The frame as one of this turn: its own session and journal, times of now."""
        session, message = self._session(raw.session), raw.message
        if raw.stream == CONTROL and message[:1] == Hello.TYPE.encode():
            hello = Hello.decode(message)
            message = hello.replace(session=session, journal=self._session(hello.journal)).encode()
        stamp = raw.time + shift if self._speed == 1 else time.time_ns()
        return Raw(session, raw.stream, raw.number, stamp, message)

    def _session(self, number: int) -> int:
        return (number + self._turn * 0x9E37_79B9_7F4A_7C15) & (1 << 64) - 1 or 1

    def _greet(self, writer: asyncio.StreamWriter) -> None:
        for raw in self._frames:
            if raw.stream == CONTROL and self._turn:
                writer.write(_encode(self._now(raw, time.time_ns() - raw.time)))
                return

    def _send(self, raw: Raw) -> None:
        data = _encode(raw)
        for writer in self._writers:
            if writer.transport.get_write_buffer_size() < _BUFFERED:
                writer.write(data)

    def _command(self, message: object, writer: asyncio.StreamWriter) -> None:
        now = time.time_ns()
        hosts = [raw for raw in self._frames if raw.stream == CONTROL]
        if isinstance(message, Command) and hosts:
            text = f"{message.name} by {message.body.decode('utf-8', 'replace')} (a recording goes on)"
            session = self._session(hosts[0].session)
            self._send(Raw(session, LIVE, 0, now, State(body=text.encode()).encode()))
        writer.write(_encode(Raw(0, CONTROL, 0, now, Answer(servers=len(hosts[:1])).encode())))


def _encode(raw: Raw) -> bytes:
    return PREFIXED.pack(raw.session, len(raw.message), raw.stream, raw.number, raw.time) + raw.message


@contextlib.contextmanager
def collector(frames: list[Raw], directory: Path, speed: float) -> Iterator[None]:
    """Play in a thread, at a control socket that `control.json` in the directory names, until the context ends."""
    control = directory / "control"
    (directory / CONTROL_FILE).write_text(json.dumps({"pid": os.getpid(), "control": str(control), "bind": ""}) + "\n")
    loop = asyncio.new_event_loop()
    ready = threading.Event()
    ended = asyncio.Event()

    async def serve() -> None:
        player = Player(frames, speed)
        async with await asyncio.start_unix_server(player.watched, str(control)):
            ready.set()
            playing = asyncio.ensure_future(player.play())
            await ended.wait()
            playing.cancel()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), name="recording", daemon=True)
    thread.start()
    ready.wait(5)
    try:
        yield
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(5)
