"""Kinds of records between the supervisor and the trader, and everything else that the two share."""

from typing import Final

from hftapp.figures import Figures
from hftapp.ring import Ring
from hftapp.trader.figures_table import LAYOUT
from protocols import management

# Journal ring (trader to supervisor): payload of OUT and IN = one raw OUCH message; `at_venue` puts the venue into the
# kind.
# DECISION: a decision of the risk gate, payload = `protocols.management.Decision`.
OUT, IN, DECISION = management.OUT, management.IN, management.DECISION
# Telemetry ring (trader to supervisor): payload = marshal of a dict of plain values; EXIT: of (status, reason).
# KNOBS: of a list of such dicts, rows of the boot record.
GAP, STATE, BOOK, EXIT, KNOBS = 18, 19, 20, 21, 22
# Control ring (supervisor to trader): no payload.
STOP, KILL = 32, 33
# Recording ring (trader to supervisor), and the file it becomes: `hftapp.trader.recorder`.
HEADER, FRAME_FIRST, FRAME_MORE, TURN, END = 48, 49, 50, 51, 52

COMMANDS = {"stop": STOP, "kill": KILL}

VENUE_SHIFT: Final = 6
"""A kind has one byte in a journal file: six bits for what it is, the two above for the venue's number."""

JOURNAL_BYTES = 1 << 22
TELEMETRY_BYTES = 1 << 21
CONTROL_BYTES = 1 << 12
RECORDING_BYTES = 1 << 25


def at_venue(kind: int, venue: int) -> int:
    """The kind of a journal record about a venue, by its number; that of venue 0 is the plain kind."""
    return kind | venue << VENUE_SHIFT


def venue_of(kind: int) -> tuple[int, int]:
    """The plain kind of a journal record, and the number of the venue it is about."""
    return kind & ((1 << VENUE_SHIFT) - 1), kind >> VENUE_SHIFT


class Rings:
    """The rings of one trader and its figures, made before it is forked. `recording`: None when nothing is recorded."""

    def __init__(
        self,
        journal: int = JOURNAL_BYTES,
        telemetry: int = TELEMETRY_BYTES,
        control: int = CONTROL_BYTES,
        recording: int = 0,
    ) -> None:
        self.journal = Ring(journal, "journal")
        self.telemetry = Ring(telemetry, "telemetry")
        self.control = Ring(control, "control")
        self.recording = Ring(recording, "recording") if recording else None
        self.figures = Figures(LAYOUT)

    def prefault(self) -> None:
        """Enter all of it into this process's page table: no later access faults."""
        for shared in (*(ring.shared for ring in self._all()), self.figures.shared):
            shared.prefault()

    def close(self) -> None:
        """Release everything."""
        for ring in self._all():
            ring.close()
        self.figures.close()

    def _all(self) -> list[Ring]:
        rings = [self.journal, self.telemetry, self.control]
        return [*rings, self.recording] if self.recording is not None else rings
