"""Finds what is to be played, by the kind of its source: a capture, a file of messages, a run in the store."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from typing import NamedTuple

from office.capture.feed import Line
from office.capture.source import Capture
from office.replay.multicast import Endpoint
from office.replay.sources import Sent, feed_lines, from_capture, from_file
from protocols import itch_files, moments


class Playable(NamedTuple):
    """Datagrams, where their lines go, and what is wrong with the source behind the last of them."""

    datagrams: Iterator[Sent]
    endpoints: list[Endpoint]
    notes: Sequence[str] = ()


class PlayError(Exception):
    """A source that cannot be played; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Where lines go (none: to their own groups), which part of them (`protocols.moments`), of which session."""

    endpoints: list[Endpoint]
    since: str | None = None
    until: str | None = None
    session: str | None = None

    def span(self, first: int) -> tuple[int, int]:
        """From when, and before when, ns; `first` is the source's first moment. Raises ValueError."""
        low = 0 if self.since is None else moments.parse(self.since, first)
        high = (1 << 63) - 1 if self.until is None else moments.parse(self.until, first)
        return low, high

    def of(self, lines: list[Line]) -> list[Line]:
        """Those of the wanted session."""
        return [line for line in lines if self.session is None or line.session == self.session]

    def ends(self, lines: list[Line]) -> list[Endpoint]:
        """Where they go."""
        return self.endpoints or [(IPv4Address(line.destination), line.port) for line in lines]


@contextmanager
def opened(source: Path, wanted: Wanted, dsn: str | None = None) -> Iterator[Playable]:
    """The datagrams of a source and where they go, while the source is open.

    Raises PlayError, CaptureError, ValueError; a ProtocolError may come with the datagrams.
    """
    if dsn is not None:
        with _stored(str(source), wanted, dsn) as found:
            yield found
    elif source.is_file() and not itch_files.looks_like_capture(source):
        yield _messages(source, wanted)
    else:
        with Capture(source) as capture:
            yield _captured(capture, wanted)


def _captured(capture: Capture, wanted: Wanted) -> Playable:
    lines = wanted.of(feed_lines(capture))
    if not lines:
        raise PlayError(f"{capture.paths[0]} has no MoldUDP64 packet to a group: see `hftos capture info`")
    datagrams = from_capture(capture, lines, *wanted.span(int(capture.times[0])))
    return Playable(datagrams, wanted.ends(lines), capture.notes())


def _messages(source: Path, wanted: Wanted) -> Playable:
    if wanted.since or wanted.until or wanted.session:
        raise PlayError("--from, --until and --session are for captures: a BinaryFILE is sent whole")
    if not wanted.endpoints:
        raise PlayError("a BinaryFILE names no group: say where it goes with --to GROUP:PORT")
    return Playable(from_file(source, lines=len(wanted.endpoints)), wanted.endpoints)


@contextmanager
def _stored(run: str, wanted: Wanted, dsn: str) -> Iterator[Playable]:
    # Not before it is asked for: the store brings ClickHouse with it.
    from office.replay import stored
    from store.client import connect
    from store.errors import StoreError

    try:
        with connect(dsn, readonly=True) as store:
            first = next(stored.rows(store, run), None)
            if first is None:
                raise PlayError(f"the store has no market data of a run {run!r}; `hftos store runs` lists them")
            low, high = wanted.span(first.time)
            lines = wanted.of(stored.lines_of(stored.rows(store, run)))
            found = stored.packets(stored.rows(store, run, since=low, until=high), lines)
            yield Playable(found, wanted.ends(lines))
    except StoreError as error:
        raise PlayError(str(error)) from error
