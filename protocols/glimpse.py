"""GLIMPSE 5.0, without I/O: the snapshot of a feed over SoupBinTCP, and the client that fetches it (PROTOCOLS §7).

The server sends ITCH messages that describe the present state as sequenced packets, then End of Snapshot with the
MoldUDP64 number at which to take up the live feed, then it closes.
"""

import enum
from typing import Final

from protocols import soup
from protocols.errors import LengthError, ProtocolError, RangeError, UnknownTypeError

END_OF_SNAPSHOT: Final = "G"
"""Message type of End of Snapshot; ITCH has none of this type."""
END_SIZE: Final = 21
"""Bytes of End of Snapshot: type and 20 ASCII digits."""
MAX_LENGTH: Final = 1024
"""Longest SoupBinTCP packet length that the client accepts: ITCH messages have at most 50 bytes."""

_SECOND: Final = 1_000_000_000
_SEQUENCED: Final = ord("S")
_END: Final = ord(END_OF_SNAPSHOT)
_MAX_SEQUENCE: Final = (1 << 64) - 1


def encode_end_of_snapshot(sequence: int) -> bytes:
    """Encode End of Snapshot; ``sequence`` is the number of the next live message. RangeError: not 1 to 2^64 - 1."""
    if not 1 <= sequence <= _MAX_SEQUENCE:
        raise RangeError(f"sequence number must be 1 to {_MAX_SEQUENCE}, not {sequence}", None, sequence)
    return END_OF_SNAPSHOT.encode() + str(sequence).encode().rjust(20)


def decode_end_of_snapshot(data: bytes) -> int:
    """Return the number of the next live message; any fault is a ProtocolError with offset and value."""
    if data[:1] != END_OF_SNAPSHOT.encode():
        raise UnknownTypeError(f"End of Snapshot has type {END_OF_SNAPSHOT!r}", 0, data[:1])
    if len(data) != END_SIZE:
        raise LengthError(f"End of Snapshot has {END_SIZE} bytes", 0, len(data))
    digits = data[1:].strip(b" ")
    if not digits.isdigit() or not 1 <= int(digits) <= _MAX_SEQUENCE:
        raise RangeError(f"sequence number must be ASCII digits, 1 to {_MAX_SEQUENCE}", 1, data[1:])
    return int(digits)


class GlimpseState(enum.Enum):
    """Where the client's connection stands."""

    LOGIN_SENT = "login sent"
    RECEIVING = "receiving"
    DONE = "done"
    FAILED = "failed"


class GlimpseClient:
    """One connection to a GLIMPSE server, made at ``now``; times in ns.

    The owner sends what `take_output` returns, passes on what arrives, and closes when the state is DONE or FAILED.
    ``session``: the wanted one, blank for the server's; it follows Login Accepted. ``timeout``: longest silence of the
    server, ``limit``: longest time for all of it. After DONE `next_sequence` is where the live feed goes on; after
    FAILED `reason` says why.
    """

    def __init__(
        self,
        username: str,
        password: str,
        session: str,
        now: int,
        *,
        timeout: int = 15 * _SECOND,
        limit: int = 120 * _SECOND,
        heartbeat: int = _SECOND,
    ) -> None:
        self.state = GlimpseState.LOGIN_SENT
        self.session = session.strip(" ")
        self.next_sequence = 0
        self.reason = ""
        self._timeout, self._heartbeat = timeout, heartbeat
        self._limit = now + limit
        self._last_received = self._last_sent = now
        self._rest = b""
        self._output = soup.LoginRequest(username, password, self.session, 1).encode()

    @property
    def open(self) -> bool:
        """Whether the connection is still of use."""
        return self.state in (GlimpseState.LOGIN_SENT, GlimpseState.RECEIVING)

    def on_bytes(self, data: bytes, now: int) -> list[bytes]:
        """Take received bytes; returns the ITCH messages in them."""
        messages: list[bytes] = []
        if not self.open:
            return messages
        if data:
            self._last_received = now
        data = self._rest + data
        try:
            self._rest = data[self._parse(data, messages) :]
        except ProtocolError as error:
            self._fail(f"malformed packet: {error}")
        return messages

    def connection_closed(self) -> None:
        """Take note that the server closed: too early unless all was there."""
        if self.open:
            self._fail("connection closed before the end of the snapshot")

    def tick(self, now: int) -> None:
        """Let time pass: a heartbeat after our silence, failure after theirs."""
        if not self.open:
            return
        if now - self._last_received >= self._timeout:
            self._fail("the server is silent")
        elif now >= self._limit:
            self._fail("the snapshot takes too long")
        elif now - self._last_sent >= self._heartbeat:
            self._last_sent = now
            self._output += soup.ClientHeartbeat().encode()

    def next_deadline(self) -> int | None:
        """When `tick` has something to do, None when the connection is over."""
        if not self.open:
            return None
        return min(self._last_received + self._timeout, self._limit, self._last_sent + self._heartbeat)

    def take_output(self) -> bytes:
        """Return the bytes to send and forget them."""
        data, self._output = self._output, b""
        return data

    def _parse(self, data: bytes, messages: list[bytes]) -> int:
        """Work off the whole packets in ``data``; returns how many bytes they had."""
        position, end = 0, len(data)
        receiving = self.state is GlimpseState.RECEIVING
        while position + soup.HEADER_SIZE <= end:
            length = data[position] << 8 | data[position + 1]
            if not 1 <= length <= MAX_LENGTH:
                raise LengthError(f"packet length must be 1 to {MAX_LENGTH}", 0, length)
            following = position + 2 + length
            if following > end:
                break
            if receiving and data[position + 2] == _SEQUENCED and length > 1 and data[position + 3] != _END:
                messages.append(data[position + 3 : following])
            else:
                self._on_packet(soup.decode(data[position:following]))
                if not self.open:
                    break
                receiving = self.state is GlimpseState.RECEIVING
            position = following
        return position

    def _on_packet(self, packet: soup.SoupPacket) -> None:
        match packet:
            case soup.ServerHeartbeat() | soup.Debug():
                return
            case soup.LoginAccepted() if self.state is GlimpseState.LOGIN_SENT:
                if self.session and packet.session != self.session:
                    self._fail(f"asked for session {self.session!r}, was given {packet.session!r}")
                    return
                self.session, self.state = packet.session, GlimpseState.RECEIVING
                return
            case soup.LoginRejected() if self.state is GlimpseState.LOGIN_SENT:
                self._fail(f"login rejected: {soup.LOGIN_REJECT_REASONS[packet.reason]}")
                return
            case soup.SequencedData() if self.state is GlimpseState.RECEIVING:
                self.next_sequence = decode_end_of_snapshot(packet.payload)
                self.state = GlimpseState.DONE
                return
        self._fail(f"unexpected {type(packet).__name__} while {self.state.value}")

    def _fail(self, reason: str) -> None:
        self.state, self.reason = GlimpseState.FAILED, reason
        self._rest = b""
