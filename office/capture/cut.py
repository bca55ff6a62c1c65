"""Cuts a capture: packets of a span of time, of packet numbers, or of a feed's messages, byte for byte as they were.

What is no packet (sections, interfaces, name resolution, statistics) stays, so the cut is a capture of the same kind;
a cut of everything is the same file.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from office.capture.source import Capture, CaptureError, refuse_overwriting
from office.whole_file import whole_file
from protocols.pcap_index import PacketIndex

_PIECE = 1 << 22


@dataclass(frozen=True, slots=True)
class Choice:
    """What is kept: all that fits everything that is given. Bounds are included; None: no bound.

    Times are ns since 1970, numbers those of packets from 0, sequences a feed's numbers (of `session` only).
    """

    since: int | None = None
    until: int | None = None
    first: int | None = None
    last: int | None = None
    first_sequence: int | None = None
    last_sequence: int | None = None
    session: str | None = None

    @property
    def by_feed(self) -> bool:
        """Whether only packets of a feed are asked for."""
        return any(each is not None for each in (self.first_sequence, self.last_sequence, self.session))


def cut(capture: Capture, choice: Choice, out: Path) -> int:
    """Write what is chosen to `out`; returns how many packets. Raises OSError, CaptureError when nothing fits."""
    kept = chosen(capture, choice)
    count = sum(int(mask.sum()) for mask in kept)
    if not count:
        raise CaptureError("nothing in the capture fits: `hftos capture info` says what there is")
    refuse_overwriting(capture.paths, out)
    with whole_file(out) as temporary, temporary.open("wb") as file:
        begun = False
        for part, mask in zip(capture.parts, kept, strict=True):
            if not mask.any():
                continue
            for start, end in _ranges(part, mask, 0 if not begun else _repeated_head(part)):
                for at in range(start, end, _PIECE):
                    file.write(part.data[at : min(end, at + _PIECE)].tobytes())
            begun = True
    return count


def chosen(capture: Capture, choice: Choice) -> list[npt.NDArray[np.bool_]]:
    """Which packets of each file fit."""
    masks = []
    for number, (part, base) in enumerate(zip(capture.parts, capture.bases, strict=True)):
        times = part.columns.times
        mask = np.ones(len(part), np.bool_)
        if choice.since is not None:
            mask &= times >= choice.since
        if choice.until is not None:
            mask &= times <= choice.until
        if choice.first is not None:
            mask[: max(0, choice.first - base)] = False
        if choice.last is not None:
            mask[max(0, choice.last + 1 - base) :] = False
        if choice.by_feed:
            mask &= _of_feed(capture, number, choice)
        masks.append(mask)
    return masks


def _of_feed(capture: Capture, number: int, choice: Choice) -> npt.NDArray[np.bool_]:
    packets = capture.feed()[number]
    low = choice.first_sequence if choice.first_sequence is not None else 0
    high = choice.last_sequence if choice.last_sequence is not None else 1 << 62
    fits = (packets.sequences <= high) & (packets.sequences + packets.messages > low) & (packets.messages > 0)
    if choice.session is not None:
        fits &= np.isin(packets.lines, [n for n, line in enumerate(capture.lines) if line.session == choice.session])
    mask = np.zeros(len(capture.parts[number]), np.bool_)
    mask[packets.rows[fits]] = True
    return mask


def _ranges(part: PacketIndex, mask: npt.NDArray[np.bool_], begin: int) -> Iterator[tuple[int, int]]:
    """Offsets of what stays of a file: everything but the blocks of packets that do not fit, up to a torn end."""
    left = np.flatnonzero(~mask)
    at = begin
    for start, end in zip(
        part.columns.block_starts[left].tolist(), part.columns.block_ends[left].tolist(), strict=True
    ):
        if start > at:
            yield at, start
        at = end
    if part.stop > at:
        yield at, part.stop


def _repeated_head(part: PacketIndex) -> int:
    """Where a further file's content begins: sections may follow each other, a pcap's header may be there once."""
    return 0 if bytes(part.data[:4]) == b"\x0a\x0d\x0d\x0a" else part.head
