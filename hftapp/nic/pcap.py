"""A port that replays a capture file, for runs without a network: what was received then is received again.

Frames with one time stamp are one burst, as they were to whoever looked at the clock. What is sent goes to a file of
its own, or is kept for the caller; it changes nothing of what is received.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import cython

from hftapp.nic.counted import CountedPort
from hftapp.nic.frame_ring import FrameRing
from hftapp.nic.port import PortError
from hftapp.octets import Octets, Room
from protocols import pcap_read
from protocols.errors import ProtocolError
from protocols.pcap_write import OUTBOUND, PcapngWriter

if not cython.compiled:
    from hftapp.nic.area import base

AHEAD: Final = 4096
"""Frames that are read in advance, a power of two: then bursts come out of memory."""
QUEUE: Final = 256
LINKTYPE_ETHERNET: Final = 1


class PcapPort(CountedPort):
    """The frames of a pcap or pcapng file, received by a card with the address `mac`.

    `stamp`: when the last burst was captured, ns since 1970. `ended`: the file has no more. `sent`: where sent frames
    are written, as pcapng; None keeps the last of them for `take_sent`. Raises PortError for a file that cannot be
    read, at its beginning or where its damage begins.
    """

    def __init__(self, path: Path, mac: bytes, sent: Path | None = None) -> None:
        super().__init__(mac)
        self.stamp = 0
        self.ended = False
        self._path = path
        self._ahead = FrameRing(AHEAD)
        self._queued = FrameRing(QUEUE)
        self._sent = FrameRing(AHEAD)
        self._times = array("q", bytes(8 * AHEAD))
        self._read = self._taken = 0
        self._exhausted = False
        self._burst = 0
        self._closed = False
        try:
            self._file = path.open("rb")
        except OSError as error:
            raise PortError(f'nic.capture = "{path}": {error.strerror}; name a pcap or pcapng file') from error
        try:
            self._frames: Iterator[pcap_read.CapturedFrame] = pcap_read.read(self._file)
            self._read_ahead()
            self._writer = PcapngWriter(sent, "sent") if sent is not None else None
        except OSError as error:
            self._file.close()
            if isinstance(error, PortError):
                raise
            raise PortError(f'nic.sent = "{sent}": {error.strerror}; name a file that can be written') from error
        except ProtocolError as error:
            self._file.close()
            raise PortError(f"{path}: {error}") from error

    def rx_burst(self) -> int:
        """Receive the frames of the next time stamp, `BURST` at most."""
        if self._burst != 0:
            self._ahead.release(self._burst)
            self._taken += self._burst
            self._burst = 0
        if self._ahead.waiting <= 32 and not self._exhausted:
            self._read_ahead()
        count = self._ahead.waiting
        if count == 0:
            self.ended = True
            return 0
        if count > 32:
            count = 32
        self.stamp = self._times[self._taken & 4095]
        for i in range(count):
            if self._times[(self._taken + i) & 4095] != self.stamp:
                count = i
                break
            self.rx_bytes += self._ahead.length(i)
        self._burst = count
        self.rx_frames += count
        self.note(count)
        return count

    def _read_ahead(self) -> None:
        """Fill the ring from the file."""
        while self._ahead.waiting < AHEAD:
            try:
                captured = next(self._frames, None)
            except ProtocolError as error:
                raise PortError(f"{self._path}: {error}") from error
            if captured is None:
                self._exhausted = True
                return
            if captured.link_type != LINKTYPE_ETHERNET:
                raise PortError(
                    f"{self._path}: frame {self._read + self.rx_dropped + 1} has link type {captured.link_type}; "
                    f"a port needs Ethernet ({LINKTYPE_ETHERNET})"
                )
            frame = bytearray(captured.frame)
            if len(frame) and self._ahead.append(base(frame), len(frame)):
                self._times[self._read & 4095] = captured.time
                self._read += 1
            else:
                self.rx_dropped += 1

    def frame(self, i: int) -> Octets:
        """Return frame `i` of the burst."""
        return self._ahead.frame(i)

    def length(self, i: int) -> int:
        """Return the length of frame `i` of the burst."""
        return self._ahead.length(i)

    def room(self) -> Room:
        """Return where the next frame is built."""
        return self._queued.room()

    def send(self, length: int) -> bool:
        """Queue the frame in `room`; False when `QUEUE` frames wait for a flush."""
        if self._closed or not self._queued.commit(length):
            self.tx_dropped += 1
            return False
        self.tx_frames += 1
        self.tx_bytes += length
        return True

    def flush(self) -> None:
        """Write what is queued, with the time stamp of the burst that it answers; or keep it."""
        count = self._queued.waiting
        for i in range(count):
            if self._writer is not None:
                frame = bytes(self._queued.frame(i)[: self._queued.length(i)])
                self._writer.write(OUTBOUND, frame, self.stamp)
                continue
            if self._sent.waiting == self._sent.capacity:
                self._sent.release(1)
            self._sent.append(self._queued.frame(i), self._queued.length(i))
        self._queued.release(count)

    def take_sent(self) -> list[bytes]:
        """Return the frames that were kept since the last call, oldest first."""
        frames = [bytes(self._sent.frame(i)[: self._sent.length(i)]) for i in range(self._sent.waiting)]
        self._sent.release(len(frames))
        return frames

    def close(self) -> None:
        """Finish both files."""
        if not self._closed:
            self._closed = True
            self._file.close()
            if self._writer is not None:
                self._writer.close()
            self._ahead.release(self._ahead.waiting)
            self._burst = 0
            self._exhausted = True
