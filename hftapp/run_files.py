"""The files that a run leaves: the journal of orders and decisions, and the recording when one is made."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from hftapp import records
from hftapp.journal import Journal
from hftapp.records import Rings
from hftapp.ring import Record
from protocols.management import Recording

ORDERS: Final = "orders.journal"
RECORDING: Final = "recording"
PIECE: Final = 256 << 10
"""Bytes of a recording that one message to the office carries."""
RESERVE: Final = 64 << 20
"""Bytes that a recording leaves free for the journal beside it; of a small file system no more than a quarter."""
_CODE: Final = slice(1, 3)
"""Where a decision has its code (`protocols.management.Decision`)."""


class RunFiles:
    """Writers of all files in a folder; what goes in comes from the rings. Raises JournalError, OSError.

    The journal goes on where the last run ended; a recording is of one run. `decisions`, `refusals`: decisions of the
    risk gate that were written, all and those that refused.
    """

    def __init__(self, folder: str | Path, rings: Rings, say: Callable[[str], None]) -> None:
        self.orders = Journal(Path(folder) / ORDERS)
        self.decisions = 0
        self.refusals = 0
        self.recording: Journal | None = None
        self._recording_ended = False
        self._rings = rings
        self._say = say
        self._unwritten: list[Record] = []
        if rings.recording is not None:
            path = Path(folder) / RECORDING
            path.unlink(missing_ok=True)
            self.recording = Journal(path)
        if self.orders.set_aside is not None:
            say(f"{self.orders.path} had a damaged end: the whole file is kept as {self.orders.set_aside}")
        elif self.orders.torn_bytes:
            say(f"{self.orders.path}: an incomplete last record of {self.orders.torn_bytes} bytes was cut off")

    def write_orders(self) -> bool:
        """Write what waits in the journal ring; whether there was anything. Raises OSError; what is refused is kept."""
        grew = False
        while batch := self._rings.journal.drain():
            self._unwritten += batch
            self.orders.append(self._unwritten)
            self._count(self._unwritten)
            self._unwritten = []
            grew = True
        return grew

    def _count(self, written: list[Record]) -> None:
        for record in written:
            if records.venue_of(record.kind)[0] == records.DECISION:
                self.decisions += 1
                self.refusals += record.payload[_CODE] != b"\0\0"

    def rescue_orders(self) -> None:
        """After a refused write: record by record, as far as the file system takes them."""
        while batch := self._rings.journal.drain():
            self._unwritten += batch
        while self._unwritten:
            try:
                self.orders.append(self._unwritten[:1])
                self._count(self._unwritten[:1])
            except (OSError, ValueError) as refused:
                self._say(f"{len(self._unwritten)} journal records are lost: {refused}")
                break
            self._unwritten.pop(0)

    def write_recording(self) -> None:
        """Write what waits in the recording ring; a file system without room for it ends the recording, not trading."""
        ring = self._rings.recording
        if ring is None or self.recording is None or self._recording_ended:
            return
        try:
            while batch := ring.drain():
                _check_room(self.recording.path)
                self.recording.append(batch)
        except (OSError, ValueError) as error:
            self._say(f"{self.recording.path} ends here: {error}")
            self._recording_ended = True

    def recorded(self) -> Iterator[Recording]:
        """The finished recording in pieces for the office; nothing when there is none."""
        if self.recording is None:
            return
        with self.recording.path.open("rb") as file:
            while data := file.read(PIECE):
                yield Recording(offset=file.tell() - len(data), body=data)

    def close(self) -> str:
        """Flush and close all; what is wrong with the last that may be incomplete, or nothing."""
        trouble = ""
        for written in (self.orders, self.recording):
            if written is None:
                continue
            try:
                written.close()
            except OSError as error:
                trouble = f"{written.path} may be incomplete: {error}"
                self._say(trouble)
        return trouble


def _check_room(path: Path) -> None:
    """Raises OSError when what is left of a recording's file system is the journal's, which has to go on."""
    found = os.statvfs(path)
    reserve = min(RESERVE, found.f_blocks * found.f_frsize // 4)
    left = found.f_bavail * found.f_frsize
    if left < reserve:
        raise OSError(f"{left >> 20} MiB of {found.f_blocks * found.f_frsize >> 20} are left, for the journal")
