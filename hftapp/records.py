"""Kinds of records in the rings between PID 1 and the trader, and the rings themselves."""

from hftapp.ring import Ring

# Journal ring (trader to PID 1): payload = one raw OUCH message.
OUT, IN = 1, 2
# Telemetry ring (trader to PID 1): payload = marshal of a dict of plain values; EXIT: of (status, reason).
STATS, RISK, GAP, STATE, BOOK, EXIT = 16, 17, 18, 19, 20, 21
# Control ring (PID 1 to trader): no payload.
STOP, KILL = 32, 33

DIRECTIONS = {OUT: "out", IN: "in"}
COMMANDS = {"stop": STOP, "kill": KILL}

JOURNAL_BYTES = 1 << 22
TELEMETRY_BYTES = 1 << 23
CONTROL_BYTES = 1 << 12


class Rings:
    """The three rings of one trader, made before it is forked."""

    def __init__(
        self, journal: int = JOURNAL_BYTES, telemetry: int = TELEMETRY_BYTES, control: int = CONTROL_BYTES
    ) -> None:
        self.journal = Ring(journal)
        self.telemetry = Ring(telemetry)
        self.control = Ring(control)

    def close(self) -> None:
        """Release all three."""
        for ring in (self.journal, self.telemetry, self.control):
            ring.close()
