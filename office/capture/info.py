"""Figures about a capture: packets, time, feeds line by line with what they lack, TCP flows."""

from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Any, Final

import numpy as np

from office.capture.feed import LineState, Span, line_states, missing_on_all
from office.capture.headers import Payloads, segments, word
from office.capture.source import Capture
from protocols.pcap_index import Int64s

_FIN, _SYN, _RST, _ACK = 1, 2, 4, 16
MOST_GAPS: Final = 20
"""Gaps of a line that are listed; how many there are is told in any case."""


@dataclass(frozen=True, slots=True)
class FlowState:
    """One TCP connection's two ends: packets and payload bytes each way, first and last time, how it began and ended.

    `client` is who sent the first SYN, or else the first packet. Times are ns since 1970.
    """

    client: str
    server: str
    packets_up: int
    bytes_up: int
    packets_down: int
    bytes_down: int
    first: int
    last: int
    opened: int
    closed: int
    reset: int


@dataclass(frozen=True, slots=True)
class CaptureInfo:
    """What a capture has. `missing`: per session what no line brought."""

    files: list[dict[str, Any]]
    packets: int
    octets: int
    first: int
    last: int
    backwards: int
    inbound: int
    outbound: int
    lines: list[LineState]
    missing: dict[str, tuple[Span, ...]]
    flows: list[FlowState]

    def as_json(self) -> dict[str, Any]:
        """The figures as plain data. Times are ns since 1970."""
        return {
            "files": self.files,
            "packets": self.packets,
            "bytes": self.octets,
            "first_ns": self.first,
            "last_ns": self.last,
            "backwards": self.backwards,
            "inbound": self.inbound,
            "outbound": self.outbound,
            "lines": [_line_json(state) for state in self.lines],
            "missing_on_all_lines": {session: list(map(list, spans)) for session, spans in self.missing.items()},
            "tcp": [{key: getattr(flow, key) for key in FlowState.__dataclass_fields__} for flow in self.flows],
        }


def info(capture: Capture) -> CaptureInfo:
    """Look through a whole capture."""
    columns = [part.columns for part in capture.parts]
    times = capture.times
    directions = np.concatenate([part.directions for part in columns])
    parts = capture.feed()
    states = line_states(parts, capture.lines)
    files = [
        {
            "path": str(part.path),
            "bytes": part.size,
            "packets": len(part),
            "fault": None if part.fault is None else str(part.fault),
        }
        for part in capture.parts
    ]
    return CaptureInfo(
        files,
        packets=capture.count,
        octets=int(sum(part.lengths.sum() for part in columns)),
        first=int(times.min()) if len(times) else 0,
        last=int(times.max()) if len(times) else 0,
        backwards=int((np.diff(times) < 0).sum()),
        inbound=int((directions == 1).sum()),
        outbound=int((directions == 2).sum()),
        lines=states,
        missing={session: missing_on_all(parts, capture.lines, session) for session in capture.sessions()},
        flows=flows(capture),
    )


def flows(capture: Capture) -> list[FlowState]:
    """The TCP connections of a capture by their ends, in the order in which they appear."""
    found = [(part.data, segments(part.data, part.columns), part.columns.times) for part in capture.parts]
    every = Payloads(*(np.concatenate(column) for column in zip(*(each for _, each, _ in found), strict=True)))
    flags = np.concatenate([word(data, each.headers + 13, 1) for data, each, _ in found])
    times = np.concatenate([stamps[each.rows] for _, each, stamps in found])
    one: Int64s = every.sources << 16 | every.source_ports
    other: Int64s = every.destinations << 16 | every.destination_ports
    keys = np.stack([np.minimum(one, other), np.maximum(one, other)], axis=1)
    _, firsts, back = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    states = []
    for group in np.argsort(firsts).tolist():
        rows = np.flatnonzero(back.ravel() == group)
        states.append(_flow(one[rows], other[rows], every.lengths[rows], flags[rows], times[rows]))
    return states


def _flow(one: Int64s, other: Int64s, lengths: Int64s, flags: Int64s, times: Int64s) -> FlowState:
    opening = np.flatnonzero((flags & (_SYN | _ACK)) == _SYN)
    begun = int(opening[0]) if len(opening) else 0
    client, server = int(one[begun]), int(other[begun])
    up = one == client
    return FlowState(
        _end(client),
        _end(server),
        packets_up=int(up.sum()),
        bytes_up=int(lengths[up].sum()),
        packets_down=int((~up).sum()),
        bytes_down=int(lengths[~up].sum()),
        first=int(times[0]),
        last=int(times[-1]),
        opened=len(opening),
        closed=int(((flags & _FIN) != 0).sum()),
        reset=int(((flags & _RST) != 0).sum()),
    )


def _end(value: int) -> str:
    return f"{IPv4Address(value >> 16)}:{value & 0xFFFF}"


def _line_json(state: LineState) -> dict[str, Any]:
    return {
        "to": str(state.line),
        "session": state.line.session,
        "multicast": state.line.multicast,
        "packets": state.packets,
        "heartbeats": state.heartbeats,
        "ended": state.ended,
        "messages": state.messages,
        "first": state.first,
        "last": state.last,
        "gaps": len(state.gaps),
        "missing": sum(last - first + 1 for first, last in state.gaps),
        "first_gaps": [list(gap) for gap in state.gaps[:MOST_GAPS]],
        "repeated": state.repeated,
        "reordered": state.reordered,
    }
