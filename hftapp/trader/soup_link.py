"""The client's end of a SoupBinTCP 3.00 session on a channel, read and written in place (PROTOCOLS §6).

Sequenced messages go to their handler where the channel keeps them; unsequenced ones the order session builds where the
channel sends them from: neither is an object. Everything else is rare and decoded by `protocols.soup`.
"""

from __future__ import annotations

from typing import Final

import cython

from hftapp.channel import Channel
from protocols import soup
from protocols.errors import ProtocolError

if not cython.compiled:
    from hftapp.octets import Octets, be16

    _HEADER = 3
    _DOWN, _LOGIN_SENT, _ACTIVE, _NOTHING, _LOST = 0, 1, 2, 0, 4

SECOND: Final = 1_000_000_000
HEARTBEAT: Final = SECOND
"""Longest silence of ours, ns."""
PATIENCE: Final = 15 * SECOND
"""Longest silence of theirs, ns."""
NEVER: Final = (1 << 63) - 1

DOWN, LOGIN_SENT, ACTIVE, LOGGED_OUT, REJECTED, ENDED = range(6)
STATES: Final = ("disconnected", "login sent", "active", "logged out", "rejected", "ended")
NOTHING, LOGGED_IN, REFUSED, ENDS, LOST = range(5)
"""What a call of `read` or `tick` found: at most one such event, `detail` has its text."""

HEADER: Final = 3
"""Length field and type of a packet."""
UNSEQUENCED: Final = ord("U")

_NEVER, _HEARTBEAT, _PATIENCE, _MAX_LENGTH = NEVER, HEARTBEAT, PATIENCE, soup.MAX_LENGTH
_H, _R, _S = b"HRS"
_CLIENT_HEARTBEAT = soup.ClientHeartbeat().encode()


class SequencedHandler:
    """Takes the messages of a session."""

    def on_sequenced(self, sequence: int, data: Octets, at: int, length: int) -> None:
        """Message number `sequence`, `length` bytes from `at` on, only valid during the call."""
        raise NotImplementedError


@cython.final
@cython.cclass
class SoupLink:
    """One login to one session. `session` blank: the server's current one; `next_sequence` 0: the newest message.

    Both follow the session once it is joined, so that `login` on a new channel resumes it: nothing is lost and nothing
    comes twice. `deadline`: when `tick` is due; what is said and heard in between puts it off only then. Whoever sends
    an unsequenced message sets `spoke`, the time of our last word.
    """

    def __init__(
        self, username: str, password: str, handler: SequencedHandler, session: str = "", next_sequence: int = 1
    ) -> None:
        self.session = session
        self.next_sequence = next_sequence
        self.state = DOWN
        self.deadline = NEVER
        self.detail = ""
        self.accepted = 0
        self._username, self._password = username, password
        self._handler = handler
        self._incoming = next_sequence
        self._heard = self.spoke = 0
        self._unread = 0

    def login(self, channel: Channel, now: int) -> None:
        """Ask on a fresh channel to join the session at the next number wanted."""
        self.state = LOGIN_SENT
        self._heard = now
        self._unread = 0
        request = soup.LoginRequest(self._username, self._password, self.session, self.next_sequence)
        self._say(channel, request.encode(), now)

    def logout(self, channel: Channel, now: int) -> None:
        """Ask the server to close; without effect when not connected."""
        if self.state in (LOGIN_SENT, ACTIVE):
            self.state = LOGGED_OUT
            self._say(channel, soup.LogoutRequest().encode(), now)

    def lost(self) -> bool:
        """The channel is of no more use; returns whether that was unforeseen."""
        unforeseen = self.state == LOGIN_SENT or self.state == ACTIVE
        if unforeseen:
            self.state = DOWN
        self.deadline = NEVER
        return unforeseen

    def read(self, channel: Channel, now: int) -> int:
        """Handle what has arrived up to the first event; what follows it is left for the next call."""
        left = channel.receive(now)
        if left > self._unread:  # a part of a packet that waits for its end is not heard again and again
            self._heard = now
        self._unread = left
        while left >= _HEADER:
            if self.state != _ACTIVE and self.state != _LOGIN_SENT:
                return _NOTHING
            start = channel.start
            length = be16(channel.data, start)
            if length == 0 or length > _MAX_LENGTH:
                return self._lose(f"malformed packet: length {length}")
            kind = channel.data[start + 2]
            if left < 2 + length:
                return _NOTHING
            event = _NOTHING
            if kind == _S and self.state == _ACTIVE:
                sequence = self._incoming
                self._incoming = sequence + 1
                if sequence >= self.next_sequence:
                    self.next_sequence = sequence + 1
                    self._handler.on_sequenced(sequence, channel.data, start + _HEADER, length - 1)
            elif kind != _H or length != 1:
                event = self._rare(channel, start, 2 + length)
            channel.consume(2 + length)
            left -= 2 + length
            self._unread = left
            if event != _NOTHING:
                return event
        return _NOTHING

    def tick(self, channel: Channel, now: int) -> int:
        """Let time pass: a heartbeat after our silence, `LOST` after theirs."""
        if self.state != _ACTIVE and self.state != _LOGIN_SENT:
            self.deadline = _NEVER
            return _NOTHING
        if now - self._heard >= _PATIENCE:
            return self._lose(f"nothing received for {PATIENCE // SECOND} s")
        if self.state == _ACTIVE and now - self.spoke >= _HEARTBEAT:
            self._say(channel, _CLIENT_HEARTBEAT, now)
        self._plan()
        return _NOTHING

    def _say(self, channel: Channel, packet: bytes, now: int) -> None:
        """Send a packet; a connection that is over hears nothing, and one that does not take it is lost."""
        if channel.closed is not None:
            return
        try:
            channel.send(packet, now)
        except ConnectionError:
            channel.abort()
            return
        self.spoke = now
        self._plan()

    def _plan(self) -> None:
        deadline = self._heard + _PATIENCE
        if self.state == _ACTIVE and self.spoke + _HEARTBEAT < deadline:
            deadline = self.spoke + _HEARTBEAT
        self.deadline = deadline

    def _lose(self, reason: str) -> int:
        self.state = DOWN
        self.deadline = NEVER
        self.detail = reason
        return LOST

    def _rare(self, channel: Channel, start: int, length: int) -> int:
        """A packet that is neither a sequenced message nor a heartbeat."""
        data = bytes([channel.data[start + i] for i in range(length)])
        try:
            packet = soup.decode(data)
        except ProtocolError as error:
            return self._lose(f"malformed packet: {error}")
        if isinstance(packet, soup.Debug):
            return NOTHING
        if self.state == LOGIN_SENT:
            if isinstance(packet, soup.LoginAccepted):
                return self._accepted(packet)
            if isinstance(packet, soup.LoginRejected):
                self.state = REJECTED
                self.detail = packet.reason
                return REFUSED
        elif isinstance(packet, soup.EndOfSession):
            self.state = ENDED
            return ENDS
        elif isinstance(packet, soup.UnsequencedData):
            return NOTHING  # none is defined for order entry
        return self._lose(f"unexpected {type(packet).__name__} while {STATES[self.state]}")

    def _accepted(self, packet: soup.LoginAccepted) -> int:
        if self.session and packet.session != self.session:
            return self._lose(f"asked for session {self.session!r}, was given {packet.session!r}")
        wanted = self.next_sequence or packet.sequence
        if packet.sequence > wanted or packet.sequence > _NEVER:
            return self._lose(
                f"asked for message {wanted}, is to begin at {packet.sequence}: what is between is missing"
            )
        self.session = packet.session
        self.accepted = self._incoming = packet.sequence
        # A server may start below what was asked for; what is known already is then passed over.
        self.next_sequence = max(self.next_sequence, packet.sequence)
        self.state = ACTIVE
        self._plan()
        return LOGGED_IN
