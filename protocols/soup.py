"""SoupBinTCP 3.00: the packets of a TCP session and the framer that finds them in a byte stream (§3).

A packet is: length u16 (of what follows), type character, payload. Sequence numbers are 20 ASCII digits: sent
right-justified, accepted with spaces on either side. Text fields are padded right, the session of Login Accepted left.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import ClassVar, Final

from protocols.errors import EnumError, LengthError, ProtocolError, RangeError, UnknownTypeError

HEADER_SIZE: Final = 3
"""Bytes of packet length and packet type."""
MAX_LENGTH: Final = 0xFFFF
"""Highest value of the length field: type and payload."""
LOGIN_REJECT_REASONS: Final = {"A": "not authorized", "S": "session not available"}

_MAX_SEQUENCE: Final = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class SoupPacket:
    """Any packet. `TYPE` is its type character, `PAYLOAD_SIZE` its payload in bytes (None: variable)."""

    TYPE: ClassVar[str] = ""
    PAYLOAD_SIZE: ClassVar[int | None] = 0

    def encode(self) -> bytes:
        """Encode the packet with its length; RangeError or EnumError names what does not fit."""
        payload = self._payload()
        if len(payload) >= MAX_LENGTH:
            raise RangeError(f"a packet carries at most {MAX_LENGTH - 1} bytes, not {len(payload)}", None, len(payload))
        return (1 + len(payload)).to_bytes(2, "big") + self.TYPE.encode() + payload

    def _payload(self) -> bytes:
        return b""


@dataclass(frozen=True, slots=True)
class Debug(SoupPacket):
    """Free text for people; programs ignore it."""

    TYPE: ClassVar[str] = "+"
    PAYLOAD_SIZE: ClassVar[int | None] = None
    text: str

    def _payload(self) -> bytes:
        return self.text.encode("latin-1", "replace")


@dataclass(frozen=True, slots=True)
class LoginAccepted(SoupPacket):
    """The session joined and the number of the next sequenced packet."""

    TYPE: ClassVar[str] = "A"
    PAYLOAD_SIZE: ClassVar[int | None] = 30
    session: str
    sequence: int

    def _payload(self) -> bytes:
        return _text(self.session, 10, "session").rjust(10) + _digits(self.sequence)


@dataclass(frozen=True, slots=True)
class LoginRejected(SoupPacket):
    """The login failed: `A` not authorized, `S` session not available. The server closes after it."""

    TYPE: ClassVar[str] = "J"
    PAYLOAD_SIZE: ClassVar[int | None] = 1
    reason: str

    def _payload(self) -> bytes:
        if self.reason not in LOGIN_REJECT_REASONS:
            raise EnumError(f"reject reason must be one of 'AS', not {self.reason!r}", None, self.reason)
        return self.reason.encode()


@dataclass(frozen=True, slots=True)
class SequencedData(SoupPacket):
    """One numbered message from the server; the receiver counts the number."""

    TYPE: ClassVar[str] = "S"
    PAYLOAD_SIZE: ClassVar[int | None] = None
    payload: bytes

    def _payload(self) -> bytes:
        return self.payload


@dataclass(frozen=True, slots=True)
class UnsequencedData(SoupPacket):
    """One unnumbered message from the client; lost when the connection breaks."""

    TYPE: ClassVar[str] = "U"
    PAYLOAD_SIZE: ClassVar[int | None] = None
    payload: bytes

    def _payload(self) -> bytes:
        return self.payload


@dataclass(frozen=True, slots=True)
class ServerHeartbeat(SoupPacket):
    """The server is alive."""

    TYPE: ClassVar[str] = "H"


@dataclass(frozen=True, slots=True)
class EndOfSession(SoupPacket):
    """The session is over and can no longer be joined."""

    TYPE: ClassVar[str] = "Z"


@dataclass(frozen=True, slots=True)
class LoginRequest(SoupPacket):
    """Log in: blank session = the current one; `sequence` = next number wanted, 0 = from the newest message."""

    TYPE: ClassVar[str] = "L"
    PAYLOAD_SIZE: ClassVar[int | None] = 46
    username: str
    password: str
    session: str = ""
    sequence: int = 1

    def matches(self, username: str, password: str) -> bool:
        """Tell whether these are the credentials; neither user names nor passwords know upper and lower case."""
        return (self.username.upper(), self.password.upper()) == (username.upper(), password.upper())

    def _payload(self) -> bytes:
        return (
            _text(self.username, 6, "username").ljust(6)
            + _text(self.password, 10, "password").ljust(10)
            + _text(self.session, 10, "requested session").ljust(10)
            + _digits(self.sequence)
        )


@dataclass(frozen=True, slots=True)
class ClientHeartbeat(SoupPacket):
    """The client is alive."""

    TYPE: ClassVar[str] = "R"


@dataclass(frozen=True, slots=True)
class LogoutRequest(SoupPacket):
    """The client asks the server to close."""

    TYPE: ClassVar[str] = "O"


@dataclass(slots=True)
class Framer:
    """Finds packets in a byte stream that arrives in any pieces.

    `feed` takes bytes and returns an iterator over the packets that are now complete. A fault is raised where it
    stands, after the packets before it, and again at every later attempt: the stream has no way back into step.
    `max_length` bounds the length field, and so the memory that a peer can claim.
    """

    max_length: int = MAX_LENGTH
    _buffer: bytearray = field(default_factory=bytearray, init=False, repr=False)

    def feed(self, data: bytes) -> Iterator[SoupPacket]:
        """Take bytes; iterate over complete packets. What is not iterated over stays for the next call."""
        self._buffer += data
        return self._drain()

    @property
    def pending(self) -> int:
        """Bytes of a packet that is not complete yet."""
        return len(self._buffer)

    def _drain(self) -> Iterator[SoupPacket]:
        buffer = self._buffer
        while len(buffer) >= 2:
            length = buffer[0] << 8 | buffer[1]
            if not 1 <= length <= self.max_length:
                raise LengthError(f"packet length must be 1 to {self.max_length}", 0, length)
            if len(buffer) >= HEADER_SIZE:
                _check_header(chr(buffer[2]), length)
            if len(buffer) < 2 + length:
                return
            packet = decode(bytes(buffer[: 2 + length]))
            del buffer[: 2 + length]
            yield packet


def decode(data: bytes) -> SoupPacket:
    """Decode one whole packet with its length field; any fault is a ProtocolError with offset and value."""
    length = int.from_bytes(data[:2], "big")
    if len(data) < HEADER_SIZE or length != len(data) - 2:
        raise LengthError(f"packet length says {length}, {max(len(data) - 2, 0)} bytes follow", 0, length)
    code = chr(data[2])
    _check_header(code, length)
    return _DECODERS[code](data[HEADER_SIZE:])


def _check_header(code: str, length: int) -> None:
    cls = _CLASSES.get(code)
    if cls is None:
        raise UnknownTypeError("no such SoupBinTCP 3.00 packet type", 2, code)
    if cls.PAYLOAD_SIZE is not None and length != 1 + cls.PAYLOAD_SIZE:
        raise LengthError(f"{cls.__name__} has packet length {1 + cls.PAYLOAD_SIZE}", 0, length)


def _decode_login_request(payload: bytes) -> LoginRequest:
    return LoginRequest(
        _read_text(payload, 0, 6, "username"),
        _read_text(payload, 6, 10, "password"),
        _read_text(payload, 16, 10, "requested session").strip(" "),
        _read_digits(payload, 26),
    )


def _decode_login_accepted(payload: bytes) -> LoginAccepted:
    return LoginAccepted(_read_text(payload, 0, 10, "session").strip(" "), _read_digits(payload, 10))


def _decode_login_rejected(payload: bytes) -> LoginRejected:
    reason = chr(payload[0])
    if reason not in LOGIN_REJECT_REASONS:
        raise EnumError("reject reason must be one of 'AS'", HEADER_SIZE, reason)
    return LoginRejected(reason)


_DECODERS: Final[dict[str, Callable[[bytes], SoupPacket]]] = {
    "+": lambda payload: Debug(str(payload, "latin-1")),
    "A": _decode_login_accepted,
    "J": _decode_login_rejected,
    "S": SequencedData,
    "U": UnsequencedData,
    "H": lambda _: ServerHeartbeat(),
    "Z": lambda _: EndOfSession(),
    "L": _decode_login_request,
    "R": lambda _: ClientHeartbeat(),
    "O": lambda _: LogoutRequest(),
}
_CLASSES: Final[dict[str, type[SoupPacket]]] = {cls.TYPE: cls for cls in SoupPacket.__subclasses__()}


def _text(value: str, size: int, label: str) -> bytes:
    if not value.isascii() or len(value) > size:
        raise RangeError(f"{label} must be ASCII text of at most {size} characters, not {value!r}", None, value)
    return value.encode("ascii")


def _digits(sequence: int) -> bytes:
    if not 0 <= sequence <= _MAX_SEQUENCE:
        raise RangeError(f"sequence number must be 0 to {_MAX_SEQUENCE}, not {sequence}", None, sequence)
    return str(sequence).encode("ascii").rjust(20)


def _read_text(payload: bytes, start: int, size: int, label: str) -> str:
    raw = payload[start : start + size]
    if not raw.isascii():
        raise _field_error(f"{label} is not ASCII", start, raw)
    return str(raw, "ascii").rstrip(" ")


def _read_digits(payload: bytes, start: int) -> int:
    raw = payload[start : start + 20]
    digits = raw.strip(b" ")
    if not digits.isdigit():
        raise _field_error("sequence number must be ASCII digits", start, raw)
    if int(digits) > _MAX_SEQUENCE:
        raise _field_error("sequence number exceeds 64 bits", start, raw)
    return int(digits)


def _field_error(message: str, start: int, raw: bytes) -> ProtocolError:
    return RangeError(message, HEADER_SIZE + start, raw)
