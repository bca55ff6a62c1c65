"""The decision hash: one number for everything that a trader decided, to tell two runs apart or show them alike.

SHA-256 (FIPS 180-4) over the decisions in their order, each as its terms: what it followed from, what was wanted, what
the risk gate made of it. Clock readings are left out, so a run and its replay on another machine agree.
"""

import hashlib
import struct
from collections.abc import Iterable
from typing import Final

from protocols.management import Decision

TERMS: Final = (
    *("feed_venue", "sequence", "cause", "strategy", "venue", "symbol", "side", "shares", "price"),
    *("reference", "replaces", "code"),
)
"""The attributes of a decision that count."""
_PACKED: Final = struct.Struct(">BQcBB8scIQIIH")


def terms(decision: Decision) -> bytes:
    """The 43 bytes of a decision that count: `TERMS` in their order, big-endian."""
    values = (getattr(decision, name) for name in TERMS)
    return _PACKED.pack(*(value.encode("ascii") if isinstance(value, str) else value for value in values))


def digest(decisions: Iterable[Decision]) -> str:
    """The hash of decisions, as 64 hex digits."""
    whole = hashlib.sha256()
    for decision in decisions:
        whole.update(terms(decision))
    return whole.hexdigest()
