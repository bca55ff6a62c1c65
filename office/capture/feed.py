"""MoldUDP64 in a capture: its packets as columns, its lines, and what each line lacks (MoldUDP64 1.00 §2).

A line is where packets of one session go: group, port, session. Two lines of one session are A and B of one feed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from office.capture.headers import Octets, Payloads, datagrams, word
from protocols.mold import HEADER_SIZE, MAX_COUNT
from protocols.pcap_index import Int64s, PacketColumns

HEARTBEAT, END_OF_SESSION = 0, 0xFFFF
"""Message counts that say what a packet without messages is."""
MOST_SEQUENCE: Final = (1 << 63) - MAX_COUNT - 1
"""Beyond this a number does not fit a column; no feed comes near."""

_NAME_SIZE: Final = 10
_FIRST_MULTICAST: Final = 224 << 24

Span = tuple[int, int]
"""First and last sequence number."""


class Line(NamedTuple):
    """Where packets of a session go."""

    destination: int
    port: int
    session: str

    @property
    def multicast(self) -> bool:
        """Whether it is a group: a feed's line, not the answer to a re-request."""
        return self.destination >= _FIRST_MULTICAST

    def __str__(self) -> str:
        return f"{IPv4Address(self.destination)}:{self.port}"


class FeedPackets(NamedTuple):
    """MoldUDP64 packets, one row each, all int64.

    `rows`: number of the packet in the capture file. `lines`: place in the list of lines. `sequences`: number of the
    first message (heartbeats: of the next). `counts`: messages, `HEARTBEAT` or `END_OF_SESSION`. `starts`, `lengths`:
    where the payload lies in the file.
    """

    rows: Int64s
    lines: Int64s
    sequences: Int64s
    counts: Int64s
    starts: Int64s
    lengths: Int64s

    def at(self, rows: npt.NDArray[np.bool_] | Int64s | slice) -> "FeedPackets":
        """The same columns of some rows."""
        return FeedPackets(*(column[rows] for column in self))

    @property
    def messages(self) -> Int64s:
        """How many messages each packet carries."""
        return np.where(self.counts == END_OF_SESSION, 0, self.counts)


@dataclass(frozen=True, slots=True)
class LineState:
    """What a capture has of one line. `gaps`: numbers between its first and its last that never came.

    `repeated`: messages that came again. `reordered`: packets whose first number is below that of one before.
    """

    line: Line
    packets: int
    heartbeats: int
    ended: bool
    messages: int
    first: int
    last: int
    gaps: tuple[Span, ...]
    repeated: int
    reordered: int


def feed_packets(data: Octets, packets: PacketColumns, lines: list[Line]) -> FeedPackets:
    """The MoldUDP64 packets among the packets of a file; lines that `lines` does not have are appended to it.

    What counts as one: a datagram whose message lengths add up to its own length, with a session in ASCII.
    """
    found = datagrams(data, packets)
    found = found.at(found.lengths >= HEADER_SIZE)
    sequences = word(data, found.starts + 10, 8)
    counts = word(data, found.starts + 18, 2)
    whole = _whole(data, found, counts) & (sequences >= 0) & (sequences <= MOST_SEQUENCE)
    found, sequences, counts = found.at(whole), sequences[whole], counts[whole]
    names = data[found.starts[:, None] + np.arange(_NAME_SIZE)]
    printable = ((names >= 32) & (names < 127)).all(axis=1)
    found, sequences, counts, names = found.at(printable), sequences[printable], counts[printable], names[printable]
    numbers = _line_numbers(found, names, lines)
    return FeedPackets(found.rows, numbers, sequences, counts, found.starts, found.lengths)


def _whole(data: Octets, found: Payloads, counts: Int64s) -> npt.NDArray[np.bool_]:
    """Which datagrams are as long as their messages say."""
    ends = found.starts + found.lengths
    bare = (counts == HEARTBEAT) | (counts == END_OF_SESSION)
    fine: npt.NDArray[np.bool_] = bare & (found.lengths == HEADER_SIZE)
    rows = np.flatnonzero(~bare)
    at = found.starts[rows] + HEADER_SIZE
    for done in range(MAX_COUNT):
        complete = counts[rows] == done
        fine[rows[complete & (at == ends[rows])]] = True
        going = ~complete & (at + 2 <= ends[rows])
        rows, at = rows[going], at[going]
        if not len(rows):
            break
        at = at + 2 + word(data, at, 2)
    return fine


def _line_numbers(found: Payloads, names: Octets, lines: list[Line]) -> Int64s:
    """The place of each datagram's line in `lines`, which learns the new ones."""
    keys = np.zeros(len(found.rows), dtype=[("to", "<u4"), ("port", "<u2"), ("name", f"S{_NAME_SIZE}")])
    keys["to"], keys["port"] = found.destinations, found.destination_ports
    keys["name"] = np.ascontiguousarray(names).view(f"S{_NAME_SIZE}").ravel()
    distinct, firsts, back = np.unique(keys, return_index=True, return_inverse=True)
    places = np.zeros(len(distinct), np.int64)
    for number in np.argsort(firsts).tolist():
        to, port, name = distinct[number]
        line = Line(int(to), int(port), bytes(name).decode("ascii").rstrip(" "))
        if line not in lines:
            lines.append(line)
        places[number] = lines.index(line)
    return places[back]


def line_states(parts: Sequence[FeedPackets], lines: Sequence[Line]) -> list[LineState]:
    """What each line had over all files of a capture, in the order of `lines`."""
    states = []
    for number, line in enumerate(lines):
        own = [part.at(part.lines == number) for part in parts]
        sequences = np.concatenate([part.sequences for part in own])
        counts = np.concatenate([part.counts for part in own])
        states.append(_state(line, sequences, counts))
    return states


def _state(line: Line, sequences: Int64s, counts: Int64s) -> LineState:
    carrying = (counts != HEARTBEAT) & (counts != END_OF_SESSION)
    firsts, messages = sequences[carrying], counts[carrying]
    gaps, covered = _gaps(firsts, firsts + messages)
    total = int(messages.sum())
    return LineState(
        line,
        packets=len(sequences),
        heartbeats=int((counts == HEARTBEAT).sum()),
        ended=bool((counts == END_OF_SESSION).any()),
        messages=total,
        first=int(firsts.min()) if len(firsts) else 0,
        last=int((firsts + messages).max()) - 1 if len(firsts) else 0,
        gaps=gaps,
        repeated=total - covered,
        reordered=int((firsts < np.maximum.accumulate(firsts)).sum()) if len(firsts) else 0,
    )


def _gaps(firsts: Int64s, nexts: Int64s) -> tuple[tuple[Span, ...], int]:
    """Numbers between the first and the last that nothing covers, and how many are covered."""
    if not len(firsts):
        return (), 0
    order = np.argsort(firsts, kind="stable")
    starts, reached = firsts[order], np.maximum.accumulate(nexts[order])
    holes = np.flatnonzero(starts[1:] > reached[:-1])
    gaps = tuple((int(reached[hole]), int(starts[hole + 1]) - 1) for hole in holes)
    missing = sum(last - first + 1 for first, last in gaps)
    return gaps, int(reached[-1] - starts[0]) - missing


def missing_on_all(parts: Sequence[FeedPackets], lines: Sequence[Line], session: str) -> tuple[Span, ...]:
    """What no line of a session brought, between the first number and the last that any brought."""
    own = [number for number, line in enumerate(lines) if line.session == session]
    chosen = [part.at(np.isin(part.lines, own) & (part.messages > 0)) for part in parts]
    firsts = np.concatenate([part.sequences for part in chosen])
    nexts = np.concatenate([part.sequences + part.counts for part in chosen])
    return _gaps(firsts, nexts)[0]
