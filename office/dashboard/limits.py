"""What people may do who are not logged in: how often a login may fail, how many of their tries are recorded."""

from dataclasses import dataclass, field
from typing import Final

from office.dashboard.throttle import Throttle

_MOST_KNOWN: Final = 1_000


class Strangers:
    """Which of their tries are recorded one by one: a record is on the disk before anybody hears of it, and a request
    costs nothing.

    By address, then in all. What is left out is counted, and the next record has the number.
    """

    def __init__(self, address: Throttle, everybody: Throttle) -> None:
        self.address = address
        self.everybody = everybody
        self._omitted = 0

    @classmethod
    def usual(cls) -> "Strangers":
        """60 from an address, 300 in all; then one in 2 seconds, five in one."""
        return cls(Throttle(60, 2.0), Throttle(300, 0.2))

    def admit(self, address: str, now: float) -> bool:
        """Whether a try is to be recorded; counts it if not."""
        buckets = ((self.address, address), (self.everybody, ""))
        if any(bucket.wait(key, now) for bucket, key in buckets):
            self._omitted += 1
            return False
        for bucket, key in buckets:
            bucket.count(key, now)
        return True

    def omitted(self) -> dict[str, int]:
        """The number of tries left out since the last call, as a record's detail; nothing when there was none."""
        number, self._omitted = self._omitted, 0
        return {"omitted": number} if number else {}


@dataclass
class Limits:
    """How often logins may fail: by address, by name, by both; 429 and `Retry-After` when it was too often.

    Where a name has logged in before, what others try with it counts no longer: who may pull the kill switch is not to
    be kept out by somebody who guesses.
    """

    address: Throttle
    name: Throttle
    both: Throttle
    strangers: Strangers = field(default_factory=Strangers.usual)
    known: dict[tuple[str, str], None] = field(default_factory=dict)

    @classmethod
    def usual(cls) -> "Limits":
        """20 from an address, 30 for a name, 5 for a name from an address; then one in 3, 10 and 15 seconds."""
        return cls(Throttle(20, 3.0), Throttle(30, 10.0), Throttle(5, 15.0))

    def keys(self, name: str, address: str) -> list[tuple[Throttle, str]]:
        """The buckets of a try."""
        own = [(self.address, address), (self.both, f"{address} {name}")]
        return own if (name, address) in self.known else [*own, (self.name, name)]

    def welcome(self, name: str, address: str) -> None:
        """A name has logged in from an address; the oldest of many is forgotten."""
        self.known.pop((name, address), None)
        self.known[name, address] = None
        if len(self.known) > _MOST_KNOWN:
            del self.known[next(iter(self.known))]
