"""What all OUCH 5.0 messages share: the fixed fields followed by an appendage, which some leave out (§5.1 to §5.3)."""

import enum
import struct
from typing import Annotated, ClassVar, Self

from protocols.errors import LengthError, ProtocolError, TruncatedError
from protocols.fields import Buffer, Char
from protocols.ouch50_codes import CAPACITIES, CROSS_TYPES, SIDES, TIMES_IN_FORCE
from protocols.ouch50_options import LENGTH_SIZE, Option, decode_appendage, encode_appendage
from protocols.wire import Message

Side = Annotated[str, Char(SIDES)]
TimeInForce = Annotated[str, Char(TIMES_IN_FORCE)]
Capacity = Annotated[str, Char(CAPACITIES)]
CrossType = Annotated[str, Char(CROSS_TYPES)]


class Appendage(enum.Enum):
    """Whether a message has the Appendage Length field (§5.2, §5.3)."""

    NONE = "none"
    OPTIONAL = "optional"
    REQUIRED = "required"


class OuchMessage(Message):
    """Any OUCH message. `SIZE` counts the fixed fields, without Appendage Length.

    `explicit_appendage` is True where an optional Appendage Length of 0 was, or shall be, on the wire.
    """

    APPENDAGE: ClassVar[Appendage] = Appendage.OPTIONAL
    TAGS: ClassVar[frozenset[int]] = frozenset({28})
    """Option tags of rev 1.05."""
    TAGS_2023: ClassVar[frozenset[int]] = frozenset()
    """Further option tags that only the 2023 text names."""

    appendage: tuple[Option, ...] = ()
    explicit_appendage: bool = False

    @classmethod
    def decode(cls, data: Buffer) -> Self:
        """Decode one whole message of this class; raises a ProtocolError for anything else."""
        try:
            if data[0] == ord(cls.TYPE):
                return cls._decode_typed(data)
        except (IndexError, KeyError, struct.error, UnicodeDecodeError):
            pass
        raise cls.explain(bytes(data))

    @classmethod
    def _decode_typed(cls, data: Buffer) -> Self:
        """Decode `data`, whose type byte is right. Faults of fixed fields leave as the fast path's own exceptions."""
        size = cls.SIZE
        message: Self
        if len(data) == size and cls.APPENDAGE is not Appendage.REQUIRED:
            message = cls._parse(data)
            return message
        if len(data) < size + LENGTH_SIZE or cls.APPENDAGE is Appendage.NONE:
            raise cls.explain(bytes(data))
        options = decode_appendage(data, size, cls.TAGS | cls.TAGS_2023, cls.NAME)
        message = cls._parse(data[:size], options, not options and cls.APPENDAGE is Appendage.OPTIONAL)
        return message

    def encode(self) -> bytes:
        """Encode the message; RangeError or EnumError names the attribute that does not fit."""
        fixed = super().encode()
        if not self.appendage and not self.explicit_appendage and self.APPENDAGE is not Appendage.REQUIRED:
            return fixed
        if self.APPENDAGE is Appendage.NONE:
            raise LengthError(f"{self.NAME} has no appendage", None, len(self.appendage))
        return fixed + encode_appendage(self.appendage, self.TAGS | self.TAGS_2023, self.NAME)

    @classmethod
    def explain(cls, data: bytes) -> ProtocolError:
        """Say which typed error `data`, refused by the fast path, deserves."""
        if len(data) < cls.SIZE or data[0] != ord(cls.TYPE) or cls.APPENDAGE is Appendage.NONE:
            return super().explain(data)
        if len(data) == cls.SIZE and cls.APPENDAGE is Appendage.REQUIRED:
            return TruncatedError(f"{cls.NAME} ends before Appendage Length", len(data), len(data))
        if len(data) == cls.SIZE + 1:
            return TruncatedError(f"{cls.NAME} ends inside Appendage Length", len(data), len(data))
        return cls._explain_fields(data)
