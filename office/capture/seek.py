"""Finds packets of a capture by time, number or a feed's message: through the index beside it, if there is one."""

import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from office.capture import sidecar
from office.capture.feed import Line, feed_packets
from office.capture.sidecar import STRIDE, Sidecar
from office.capture.source import CaptureError, paths_of
from protocols.errors import ProtocolError
from protocols.pcap_index import PacketIndex


class Found(NamedTuple):
    """A packet: its file, number in the capture (from 0), time in ns, link type, file offset of its bytes, bytes."""

    path: Path
    number: int
    time: int
    link: int
    offset: int
    frame: bytes


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for: exactly one of `time` (ns, the first packet from then on), `packet` (number in the capture,
    from 0) and `sequence` (a feed's message, of `session` only). `count`: how many packets; with `sequence`, its
    carriers.
    """

    time: int | None = None
    packet: int | None = None
    sequence: int | None = None
    session: str | None = None
    count: int = 1


def seek(
    path: Path, wanted: Wanted, *, use_index: bool = True, told: Callable[[str], None] = lambda _: None
) -> list[Found]:
    """Packets of a capture, at most `wanted.count`; none when there is no such one. Raises CaptureError.

    `told` is told of damage that the search came to.
    """
    return list(islice(_all(path, wanted, told, use_index=use_index), min(wanted.count, sys.maxsize)))


def _all(path: Path, wanted: Wanted, told: Callable[[str], None], *, use_index: bool) -> Iterator[Found]:
    """The packets of all files that are wanted, in order."""
    number = 0
    for each in paths_of(path):
        try:
            index = sidecar.load(each) if use_index else None
            number, wanted = yield from _in_file(each, wanted, index, number, told)
        except sidecar.SidecarError as error:
            raise CaptureError(str(error)) from error
        except (OSError, ProtocolError) as error:
            raise CaptureError(f"{each}: {error}") from error


def _in_file(
    path: Path, wanted: Wanted, index: Sidecar | None, first: int, told: Callable[[str], None]
) -> Generator[Found, None, tuple[int, Wanted]]:
    """The packets of one file that are wanted, in order; `first` is the number of its first packet.

    Returns the number behind its last packet, and what is wanted of the next file: behind the first packet that was
    found, each is wanted, unless its message is.
    """
    start = _start(wanted, index, first)
    if start is None or index is None:
        windows: Iterator[tuple[int, PacketIndex]] = iter([(0, PacketIndex(path))])
    else:
        windows = _windows(path, index, start, short=wanted.sequence is None)
    following = first
    for before, part in windows:
        with part:
            base = first + before
            following = base + len(part)
            rows = _rows(part, base, wanted)
            if rows and wanted.sequence is None:
                wanted = replace(wanted, time=None, packet=0)
            for row in rows:
                columns = part.columns
                yield Found(
                    path,
                    base + row,
                    int(columns.times[row]),
                    int(columns.links[row]),
                    int(columns.starts[row]),
                    part.frame(row),
                )
            if part.fault is not None:
                told(f"{path}: {part.fault}")
    return following, wanted


def _start(wanted: Wanted, index: Sidecar | None, first: int) -> tuple[int, int] | None:
    """Where the search begins, by the index; None: at the beginning, without it."""
    if index is None:
        return None
    if wanted.time is not None:
        return index.before_time(wanted.time)
    if wanted.packet is not None:
        return index.before_packet(max(0, wanted.packet - first))
    return index.before_sequence(wanted.sequence or 0, wanted.session)


def _windows(path: Path, index: Sidecar, start: tuple[int, int], *, short: bool) -> Iterator[tuple[int, PacketIndex]]:
    """Pieces of a file from a place on: a few packets first, where that is likely to do, then more each time."""
    number, offset = start
    size = 2 * STRIDE if short else 4 * STRIDE
    while True:
        part = PacketIndex(path, window=(index.head, offset, size))
        if not len(part):
            part.close()
            return
        offset, count = int(part.columns.block_ends[-1]), len(part)
        yield number, part
        number, size = number + count, size * 4


def _rows(part: PacketIndex, base: int, wanted: Wanted) -> Sequence[int]:
    """Rows of a piece that are wanted."""
    if wanted.time is not None:
        return range(part.row_at(wanted.time), len(part))
    if wanted.packet is not None:
        return range(min(max(0, wanted.packet - base), len(part)), len(part))
    lines: list[Line] = []
    packets = feed_packets(part.data, part.columns, lines)
    sequence = wanted.sequence or 0
    holds = (packets.sequences <= sequence) & (sequence < packets.sequences + packets.messages)
    if wanted.session is not None:
        holds &= np.isin(packets.lines, [n for n, line in enumerate(lines) if line.session == wanted.session])
    rows: list[int] = packets.rows[holds].tolist()
    return rows
