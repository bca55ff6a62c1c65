"""Faults on a link: loss, duplication, reordering, delay, jitter, corruption, outage; all from one 64-bit seed.

A rule belongs to one port and one direction and draws from its own random stream, derived from the seed and the
rule's name; so the same seed and the same frames give the same faults, whatever other rules or ports do. Rules of
one lane (port + direction) work one after the other, in the order of the configuration.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from hashlib import blake2b

from qemu.switch.frames import udp_destination

Timed = tuple[int, bytes]
"""A frame and when it is due, in nanoseconds of the switch's virtual time."""

_KEPT_INDICES = 1_000


class Direction(Enum):
    """Seen from the switch: `IN` from the port, `OUT` to the port."""

    IN = "in"
    OUT = "out"


class Kind(Enum):
    """What a rule does to the frames it matches."""

    LOSS = "loss"
    DROP = "drop"
    DUPLICATE = "duplicate"
    REORDER = "reorder"
    DELAY = "delay"
    CORRUPT = "corrupt"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Match:
    """Which frames a rule concerns: UDP destination address and port (None = any), least payload in bytes."""

    group: int | None = None
    port: int | None = None
    min_payload: int = 0

    def hits(self, frame: bytes) -> bool:
        """Whether the frame is a UDP datagram to this destination."""
        destination = udp_destination(frame)
        return (
            destination is not None
            and (self.group is None or destination.address == self.group)
            and (self.port is None or destination.port == self.port)
            and destination.payload >= self.min_payload
        )


@dataclass(frozen=True, slots=True)
class Fault:
    """One rule. Probabilities are 0 to 1; times are nanoseconds; `drop` counts matching frames from 1.

    It is at work from `from_ns` to `until_ns` (None: to the end), counted from the switch's start or, when it is
    `marked`, from the moment that is marked later (`Switch.mark`).

    `stream` lets several rules draw the same random numbers: two loss rules on one stream whose bands
    [`band`, `band` + `probability`) do not overlap never lose the frame of the same index.
    """

    port: str
    direction: Direction
    kind: Kind
    probability: float = 1.0
    match: Match | None = None
    drop: frozenset[int] = frozenset()
    delay_ns: int = 0
    jitter_ns: int = 0
    depth: int = 1
    hold_ns: int = 10_000_000
    from_ns: int = 0
    until_ns: int | None = None
    marked: bool = False
    stream: str | None = None
    band: float = 0.0


@dataclass(slots=True)
class RuleCounters:
    """How many frames a rule matched and hit, and the indices (from 1) of the first thousand hits."""

    matched: int = 0
    applied: int = 0
    indices: list[int] = field(default_factory=list)


def derived_random(seed: int, name: str) -> random.Random:
    """A random stream of its own for `name` under the 64-bit `seed`."""
    digest = blake2b(name.encode(), key=seed.to_bytes(8, "big"), digest_size=8).digest()
    return random.Random(int.from_bytes(digest, "big"))


class Rule:
    """A fault at work: its random stream, its counters, the frames it holds back."""

    def __init__(self, fault: Fault, seed: int, index: int) -> None:
        name = fault.stream or f"{fault.port}/{fault.direction.value}/{index}/{fault.kind.value}"
        self.fault = fault
        self.counters = RuleCounters()
        self._zero = None if fault.marked else 0
        self._random = derived_random(seed, name)
        self._last_due = 0
        self._held: list[tuple[int, int, bytes]] = []  # (frames still to pass, deadline, frame)
        self._act: Callable[[bytes, int], list[Timed]] = getattr(self, f"_{fault.kind.value}")

    def apply(self, frame: bytes, due: int) -> list[Timed]:
        """What becomes of one frame that arrives at `due`: none, one or more frames with their times."""
        match = self.fault.match
        if match is not None and not match.hits(frame):
            return [(due, frame)]
        self.counters.matched += 1
        # One that comes after a delay's time is over does not overtake those that are late still.
        return self._act(frame, due) if self._at_work(due) else [(max(due, self._last_due), frame)]

    def mark(self, now: int) -> None:
        """The moment from which a marked rule counts its times has come; only the first one counts."""
        if self._zero is None:
            self._zero = now

    def _at_work(self, due: int) -> bool:
        if self._zero is None:
            return False
        until, at = self.fault.until_ns, due - self._zero
        return at >= self.fault.from_ns and (until is None or at < until)

    def expire(self, now: int) -> list[Timed]:
        """Frames held back for reordering whose time is over."""
        if not self._held:
            return []
        over = [(deadline, frame) for _, deadline, frame in self._held if deadline <= now]
        self._held = [item for item in self._held if item[1] > now]
        return over

    def next_deadline(self) -> int | None:
        """When `expire` next has something to give, or None."""
        return min((deadline for _, deadline, _ in self._held), default=None)

    def _hit(self) -> bool:
        """Draw once for this frame; count it when the fault applies."""
        hit = self.fault.band <= self._random.random() < self.fault.band + self.fault.probability
        if hit:
            self._count()
        return hit

    def _count(self) -> None:
        self.counters.applied += 1
        if len(self.counters.indices) < _KEPT_INDICES:
            self.counters.indices.append(self.counters.matched)

    def _loss(self, frame: bytes, due: int) -> list[Timed]:
        return [] if self._hit() else [(due, frame)]

    def _drop(self, frame: bytes, due: int) -> list[Timed]:
        if self.counters.matched not in self.fault.drop:
            return [(due, frame)]
        self._count()
        return []

    def _duplicate(self, frame: bytes, due: int) -> list[Timed]:
        return [(due, frame)] * (2 if self._hit() else 1)

    def _delay(self, frame: bytes, due: int) -> list[Timed]:
        """A cable keeps the order of its frames, so jitter never lets one overtake another."""
        if self._hit():
            due += self.fault.delay_ns
            if self.fault.jitter_ns:
                due += self._random.randrange(self.fault.jitter_ns + 1)
        self._last_due = max(self._last_due, due)
        return [(self._last_due, frame)]

    def _corrupt(self, frame: bytes, due: int) -> list[Timed]:
        """Flip one bit anywhere in the frame, as a bad memory behind the FCS check would."""
        if not frame or not self._hit():
            return [(due, frame)]
        bit = self._random.randrange(len(frame) * 8)
        changed = bytearray(frame)
        changed[bit >> 3] ^= 1 << (bit & 7)
        return [(due, bytes(changed))]

    def _reorder(self, frame: bytes, due: int) -> list[Timed]:
        """Hold a frame until `depth` later ones have passed, at most for `hold_ns`."""
        passed = [(left - 1, deadline, held) for left, deadline, held in self._held]
        self._held = [item for item in passed if item[0] > 0]
        released = [(due, held) for left, _, held in passed if left <= 0]
        if self._hit():
            self._held.append((self.fault.depth, due + self.fault.hold_ns, frame))
            return released
        return [(due, frame), *released]

    def _down(self, _frame: bytes, _due: int) -> list[Timed]:
        self._count()
        return []


class Lane:
    """All rules of one port and direction, one after the other."""

    def __init__(self, rules: list[Rule]) -> None:
        self.rules = rules

    def admit(self, frame: bytes, now: int) -> list[Timed]:
        """Send one frame through all rules."""
        return self._through([(now, frame)], 0)

    def expire(self, now: int) -> list[Timed]:
        """Frames that rules held back until now; later rules see them too."""
        out: list[Timed] = []
        for index, rule in enumerate(self.rules):
            over = rule.expire(now)
            if over:
                out += self._through(over, index + 1)
        return out

    def next_deadline(self) -> int | None:
        """When `expire` next has something to give, or None."""
        return min((at for rule in self.rules if (at := rule.next_deadline()) is not None), default=None)

    def _through(self, items: list[Timed], first: int) -> list[Timed]:
        for rule in self.rules[first:]:
            items = [out for due, frame in items for out in rule.apply(frame, due)]
        return items
