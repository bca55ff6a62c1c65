"""The knobs, states and counters of the recovery client."""

import enum
from dataclasses import dataclass

MILLISECOND = 1_000_000


class RecoveryState(enum.Enum):
    """Where the client stands."""

    SNAPSHOT = "fetching a snapshot"
    SPLICING = "joining the live feed to the snapshot"
    SYNCHRONISED = "synchronised"
    GAP_FILL = "filling a gap"
    ENDED = "session ended"


@dataclass(frozen=True, slots=True)
class RecoverySettings:
    """All times in ns. ``username`` and ``password`` are GLIMPSE's.

    ``requests`` outstanding at most, of ``request_size`` messages; each repeated after ``request_timeout`` (doubled
    every time), ``request_attempts`` in all. ``snapshot_retry``: pause after a failed snapshot, doubled up to 16 times.
    """

    username: str = ""
    password: str = ""
    gap_timeout: int = 5 * MILLISECOND
    max_gap: int = 4096
    requests: int = 4
    request_size: int = 32
    request_timeout: int = 20 * MILLISECOND
    request_attempts: int = 5
    hold_bytes: int = 64 << 20
    snapshot_retry: int = 250 * MILLISECOND
    connect_timeout: int = 5000 * MILLISECOND


@dataclass(slots=True)
class RecoveryCounters:
    """Totals. ``messages`` of the feed that were delivered, ``recovered`` packets that answered a request."""

    packets: int = 0
    messages: int = 0
    duplicates: int = 0
    malformed: int = 0
    wrong_session: int = 0
    implausible: int = 0
    requests: int = 0
    recovered: int = 0
    snapshots: int = 0
