"""What can be wrong with bytes or values: one exception class per kind of fault.

No codec of this package lets `struct.error`, `UnicodeDecodeError` or the like out: hostile input ends in one of these.
"""


class ProtocolError(ValueError):
    """A message that breaks its protocol.

    `message` says what is wrong and what would be right, `offset` is the byte offset in the message at hand
    (None where no byte is to blame), `value` is the offending value.
    """

    def __init__(self, message: str, offset: int | None = None, value: object = None) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset
        self.value = value

    def __str__(self) -> str:
        where = "" if self.offset is None else f" (offset {self.offset}, value {self.value!r})"
        return f"{self.message}{where}"


class TruncatedError(ProtocolError):
    """The input ends before the message does. `offset` is where the input ends, `value` its length in bytes."""


class LengthError(ProtocolError):
    """A length that contradicts the table: bytes left over, or a length field that does not fit it."""


class UnknownTypeError(ProtocolError):
    """A message type, packet type or option tag that the protocol does not have. `value` is that type or tag."""


class EnumError(ProtocolError):
    """A code that is not one of the values listed for its field. `value` is the code."""


class RangeError(ProtocolError):
    """A value that its field cannot hold: too large, negative, too long, not ASCII, not a number."""
