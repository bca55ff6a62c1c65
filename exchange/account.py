"""A login and all that outlives its connections: its firm, its outbound stream, its counters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from exchange.login import Login, LoginError
from exchange.spooled_stream import SpooledStream
from protocols.ouch50 import OuchOutbound

__all__ = ["Account", "EntryCounters", "Login", "LoginError"]

# What a drop copy carries: all that changes an order.
_COPIED = bytes(code in b"AUCDEBM" for code in range(256))


class EntryCounters:
    """What order entry did, in the exchange's own count.

    ``received`` are inbound messages, ``accepted`` the `A` and `U` sent, ``rejected`` the `J`, ``executed_shares``
    those of the `E`, ``cancelled`` the shares that `C` took off, ``prevented`` those of the `D`. ``added_shares`` and
    ``removed_shares`` are executed ones that added and removed liquidity; those of crosses did neither.
    """

    def __init__(self) -> None:
        self.received = 0
        self.accepted = 0
        self.rejected = 0
        self.executed_shares = 0
        self.cancelled = 0
        self.prevented = 0
        self.added_shares = 0
        self.removed_shares = 0

    def as_dict(self) -> dict[str, int]:
        """All of them by name."""
        return {
            "received": self.received,
            "accepted": self.accepted,
            "rejected": self.rejected,
            "executed_shares": self.executed_shares,
            "cancelled": self.cancelled,
            "prevented": self.prevented,
            "added_shares": self.added_shares,
            "removed_shares": self.removed_shares,
        }

    def add(self, other: EntryCounters) -> None:
        """Add another login's counters to these."""
        for name, value in other.as_dict().items():
            setattr(self, name, getattr(self, name) + value)


class Account:
    """One login with its stream of outbound messages, which every connection of the day resumes.

    ``on_output`` is called after each new message (the client's connection hooks in here), ``on_record`` with the
    user and every message in (True) and out (False). ``copies`` gets what `drop_copy` shows of it, behind ``label``.
    """

    def __init__(self, login: Login, session: str, on_record: Callable[[str, bool, bytes], None]) -> None:
        self.login = login
        self.stream = SpooledStream(session)
        self.counters = EntryCounters()
        self.on_output: Callable[[], None] | None = None
        self.copies: Any = None
        self.label = b""
        self._on_record = on_record

    def received(self, data: bytes) -> None:
        """Count and record one inbound message."""
        self.counters.received += 1
        self._on_record(self.login.user, True, data)

    def send(self, message: OuchOutbound) -> None:
        """Append a message to the stream; a connected client gets it now, others when they come back."""
        self.send_bytes(message.encode())

    def send_bytes(self, data: bytes) -> None:
        """The same for a message that is encoded already."""
        self.stream.append(data)
        self._on_record(self.login.user, False, data)
        if self.copies is not None and _COPIED[data[0]]:
            self.copies.append(self.label + data)
        if self.on_output is not None:
            self.on_output()

    def close(self) -> None:
        """Let go of the files of the stream and of the drop copy."""
        self.stream.close()
        if self.copies is not None:
            self.copies.close()
