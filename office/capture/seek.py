"""Finds packets of a capture by time, number or a feed's message: through the index beside it, if there is one."""

from collections.abc import Iterator
from dataclasses import dataclass
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
    """A packet: its file, number in it (from 0), time in ns, link type, file offset of its bytes, its bytes."""

    path: Path
    number: int
    time: int
    link: int
    offset: int
    frame: bytes


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for: exactly one of `time` (ns, the first packet from then on), `packet` (number in its file, from
    0) and `sequence` (a feed's message, of `session` only). `count`: how many packets; with `sequence`, its carriers.
    """

    time: int | None = None
    packet: int | None = None
    sequence: int | None = None
    session: str | None = None
    count: int = 1


def seek(path: Path, wanted: Wanted, *, use_index: bool = True) -> list[Found]:
    """Packets of a capture, at most `wanted.count`; none when there is no such one. Raises CaptureError."""
    found: list[Found] = []
    for each in paths_of(path):
        try:
            index = sidecar.load(each) if use_index else None
            for one in _in_file(each, wanted, index):
                found.append(one)
                if len(found) == wanted.count:
                    return found
        except (OSError, ProtocolError, sidecar.SidecarError) as error:
            raise CaptureError(str(error) if isinstance(error, sidecar.SidecarError) else f"{each}: {error}") from error
    return found


def _in_file(path: Path, wanted: Wanted, index: Sidecar | None) -> Iterator[Found]:
    """The packets of one file that are wanted, in order."""
    start = _start(wanted, index)
    if start is None or index is None:
        windows: Iterator[tuple[int, PacketIndex]] = iter([(0, PacketIndex(path))])
    else:
        windows = _windows(path, index, start, short=wanted.sequence is None)
    for base, part in windows:
        with part:
            for row in _rows(part, base, wanted):
                columns = part.columns
                yield Found(
                    path,
                    base + row,
                    int(columns.times[row]),
                    int(columns.links[row]),
                    int(columns.starts[row]),
                    part.frame(row),
                )


def _start(wanted: Wanted, index: Sidecar | None) -> tuple[int, int] | None:
    """Where the search begins, by the index; None: at the beginning, without it."""
    if index is None:
        return None
    if wanted.time is not None:
        return index.before_time(wanted.time)
    if wanted.packet is not None:
        return index.before_packet(wanted.packet)
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


def _rows(part: PacketIndex, base: int, wanted: Wanted) -> list[int]:
    """Rows of a piece that are wanted."""
    if wanted.time is not None:
        return list(range(part.row_at(wanted.time), len(part)))
    if wanted.packet is not None:
        return list(range(max(0, wanted.packet - base), len(part)))
    lines: list[Line] = []
    packets = feed_packets(part.data, part.columns, lines)
    sequence = wanted.sequence or 0
    holds = (packets.sequences <= sequence) & (sequence < packets.sequences + packets.messages)
    if wanted.session is not None:
        holds &= np.isin(packets.lines, [n for n, line in enumerate(lines) if line.session == wanted.session])
    rows: list[int] = packets.rows[holds].tolist()
    return rows
