"""A login and all that outlives its connections: its firm, its outbound stream, its counters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

from protocols.ouch50 import OuchOutbound
from protocols.soup_server import SequencedStream


class LoginError(ValueError):
    """A malformed login; the text names it and the remedy."""


@dataclass(frozen=True)
class Login:
    """User, password and firm of one order-entry port."""

    user: str
    password: str
    firm: str

    @classmethod
    def parse(cls, text: str) -> Login:
        """Read ``USER:PASSWORD:FIRM``; LoginError says what is wrong with it."""
        parts = text.split(":")
        limits = (("USER", 6), ("PASSWORD", 10), ("FIRM", 4))
        if len(parts) != len(limits):
            raise LoginError(f"login {text!r} is malformed: give USER:PASSWORD:FIRM, like HFT1:secret1:HFTX")
        for part, (name, limit) in zip(parts, limits, strict=True):
            if not 1 <= len(part) <= limit or not part.isascii() or not part.isprintable() or " " in part:
                raise LoginError(f"login {text!r} is malformed: {name} {part!r} must be 1 to {limit} ASCII characters")
        return cls(*parts)


@dataclass
class EntryCounters:
    """What order entry did, in the exchange's own count.

    ``received`` are inbound messages, ``accepted`` the `A` and `U` sent, ``rejected`` the `J`, ``executed_shares``
    those of the `E`, ``cancelled`` the shares that `C` took off.
    """

    received: int = 0
    accepted: int = 0
    rejected: int = 0
    executed_shares: int = 0
    cancelled: int = 0

    def add(self, other: EntryCounters) -> None:
        """Add another login's counters to these."""
        for name, value in asdict(other).items():
            setattr(self, name, getattr(self, name) + value)


class Account:
    """One login with its stream of outbound messages, which every connection of the day resumes.

    ``on_output`` is called after each new message (the client's connection hooks in here), ``on_record`` with the
    user and every message in (True) and out (False).
    """

    def __init__(self, login: Login, session: str, on_record: Callable[[str, bool, bytes], None]) -> None:
        self.login = login
        self.stream = SequencedStream(session)
        self.counters = EntryCounters()
        self.on_output: Callable[[], None] | None = None
        self._on_record = on_record

    def received(self, data: bytes) -> None:
        """Count and record one inbound message."""
        self.counters.received += 1
        self._on_record(self.login.user, True, data)

    def send(self, message: OuchOutbound) -> None:
        """Append a message to the stream; a connected client gets it now, others when they come back."""
        data = message.encode()
        self.stream.append(data)
        self._on_record(self.login.user, False, data)
        if self.on_output is not None:
            self.on_output()
