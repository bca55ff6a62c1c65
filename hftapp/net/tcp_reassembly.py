"""Puts received TCP data in order; what comes too early waits in a bounded store."""

from typing import Final

from hftapp.net.tcp_types import seq_add, seq_diff

MAX_WAITING: Final = 256
"""Segments kept out of order: one-byte segments must not cost a Python object for every byte of the window."""


class Reassembly:
    """In-order bytes in `ready`; segments beyond the next expected byte wait, sorted and without overlap."""

    def __init__(self, sequence: int) -> None:
        self.next = sequence
        """Sequence number of the next byte expected (RCV.NXT without SYN and FIN)."""
        self.ready = bytearray()
        self._waiting: list[tuple[int, bytes]] = []
        self._latest = sequence

    @property
    def waiting(self) -> int:
        """Segments that came too early."""
        return len(self._waiting)

    def add(self, sequence: int, data: bytes, window: int) -> bool:
        """Take data at `sequence`, cut to `window` bytes from `next`; say whether it was the next in order."""
        offset = seq_diff(sequence, self.next)
        if offset < 0:
            data = data[-offset:]
            offset = 0
        data = data[: max(window - offset, 0)]
        if offset == 0:
            if not self._waiting:
                self.ready += data
                self.next = seq_add(self.next, len(data))
            elif data:
                self._append(data)
            return True
        if data:
            self._latest = seq_add(self.next, offset)
            self._insert(offset, data)
        return False

    def blocks(self, limit: int) -> tuple[tuple[int, int], ...]:
        """Return up to `limit` runs of waiting data as (first, past the last) sequence numbers.

        The run with the latest segment comes first (RFC 2018 §4), then those nearest to the hole.
        """
        runs: list[tuple[int, int]] = []
        for sequence, data in self._waiting:
            end = seq_add(sequence, len(data))
            if runs and runs[-1][1] == sequence:
                runs[-1] = (runs[-1][0], end)
            else:
                runs.append((sequence, end))
        for index, (first, end) in enumerate(runs):
            if seq_diff(first, self._latest) <= 0 < seq_diff(end, self._latest):
                runs.insert(0, runs.pop(index))
                break
        return tuple(runs[:limit])

    def take(self) -> bytes:
        """Return all bytes in order so far and forget them."""
        data = bytes(self.ready)
        self.ready.clear()
        return data

    def _append(self, data: bytes) -> None:
        """Add in-order data and whatever waited right behind it."""
        self.ready += data
        self.next = seq_add(self.next, len(data))
        while self._waiting:
            sequence, early = self._waiting[0]
            offset = seq_diff(sequence, self.next)
            if offset > 0:
                break
            fresh = early[-offset:] if offset else early
            if -offset < len(early):
                self.ready += fresh
                self.next = seq_add(self.next, len(fresh))
            del self._waiting[0]

    def _insert(self, offset: int, data: bytes) -> None:
        """Keep early data, without the bytes that wait already (the first to come stay)."""
        index = 0
        while index < len(self._waiting) and data:
            start = seq_diff(self._waiting[index][0], self.next)
            end = start + len(self._waiting[index][1])
            if offset + len(data) <= start:
                break
            if offset < start:
                self._keep(index, offset, data[: start - offset])
                index += 1
            if end > offset:
                data = data[end - offset :]
                offset = max(offset, end)
            index += 1
        if data:
            self._keep(index, offset, data)

    def _keep(self, index: int, offset: int, data: bytes) -> None:
        if len(self._waiting) < MAX_WAITING:
            self._waiting.insert(index, (seq_add(self.next, offset), data))
        elif index < len(self._waiting):
            self._waiting.pop()
            self._waiting.insert(index, (seq_add(self.next, offset), data))
