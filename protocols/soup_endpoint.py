"""What both ends of a SoupBinTCP session have in common: packets in and out, heartbeats, and patience with the peer."""

from abc import ABC, abstractmethod
from typing import Final, Generic, TypeVar

from protocols.errors import ProtocolError
from protocols.soup import Framer, SoupPacket

SECOND: Final = 1_000_000_000
"""Nanoseconds."""

Event = TypeVar("Event")


class SoupEndpoint(ABC, Generic[Event]):
    """One end of one session; `Event` is what happens at it. `now` and all intervals in ns.

    `heartbeat` = longest silence of ours, `timeout` = longest silence of theirs; `max_length` bounds the
    packets accepted.
    """

    def __init__(self, now: int, *, heartbeat: int, timeout: int, max_length: int) -> None:
        self._heartbeat, self._timeout = heartbeat, timeout
        self._max_length = max_length
        self._framer = Framer(max_length)
        self._output = bytearray()
        self._last_sent = self._last_received = now

    def on_bytes(self, data: bytes, now: int) -> list[Event]:
        """Take received bytes; returns what happened, in order."""
        events: list[Event] = []
        if not self._open:
            return events
        if data:
            self._last_received = now
        try:
            for packet in self._framer.feed(data):
                event = self._on_packet(packet, now)
                if event is not None:
                    events.append(event)
                if not self._open:
                    break
        except ProtocolError as error:
            events.append(self._give_up(f"malformed packet: {error}", now))
        return events

    def take_output(self) -> bytes:
        """Return the bytes to send and forget them."""
        data = bytes(self._output)
        self._output.clear()
        return data

    @property
    @abstractmethod
    def _open(self) -> bool:
        """Whether the connection is in use."""

    @abstractmethod
    def _on_packet(self, packet: SoupPacket, now: int, /) -> Event | None:
        """Act on one packet."""

    @abstractmethod
    def _give_up(self, reason: str, now: int, /) -> Event:
        """End the use of the connection, because of a fault or the silence of the peer."""

    def _send(self, packet: SoupPacket, now: int) -> None:
        self._output += packet.encode()
        self._last_sent = now

    def _check_silence(self, now: int) -> list[Event]:
        """Give up after too long a silence of the peer; empty while there is patience."""
        if now - self._last_received < self._timeout:
            return []
        return [self._give_up(f"nothing received for {self._timeout / SECOND:g} s", now)]

    def _keep_alive(self, heartbeat: SoupPacket, now: int) -> None:
        """Send the heartbeat if our own silence has lasted long enough."""
        if now - self._last_sent >= self._heartbeat:
            self._send(heartbeat, now)

    @property
    def _silence_deadline(self) -> int:
        return self._last_received + self._timeout

    @property
    def _active_deadline(self) -> int:
        """When a heartbeat is due or the peer's silence too long, whichever comes first."""
        return min(self._silence_deadline, self._last_sent + self._heartbeat)
