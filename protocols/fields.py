"""Field kinds: what a value on the wire looks like, and the annotations that name them in message classes.

A kind is attached to a class annotation by `typing.Annotated`, so type checkers see plain `int` and `str`:
`shares: U32`, `stock: Alpha8`, `side: Annotated[str, Char({"B": "buy", "S": "sell"})]`.
All integers are big-endian.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Final

from protocols.errors import EnumError, ProtocolError, RangeError

Buffer = bytes | memoryview
"""What decoders take: bytes or a view of bytes."""

ASCII_CHARS: Final[Mapping[str, str]] = MappingProxyType({chr(code): "" for code in range(128)})
_INT_CODES: Final = {1: "B", 2: "H", 4: "I", 6: "HI", 8: "Q"}


@dataclass(frozen=True)
class Kind(ABC):
    """How one field is laid out. `name` as in the reference tables, `size` in bytes, `code` in `struct` notation."""

    name: str
    size: int
    code: str

    @property
    def values(self) -> Mapping[str, str] | None:
        """Allowed codes with their meanings, None where the field is not an enumeration."""
        return None

    @abstractmethod
    def check_wire(self, raw: bytes, offset: int, label: str) -> None:
        """Raise the typed error that `raw`, found at `offset`, deserves."""

    @abstractmethod
    def check_value(self, value: object, label: str) -> None:
        """Raise the typed error for a value that this kind cannot encode."""

    def from_wire(self, raw: bytes, offset: int, label: str) -> int | str:
        """Decode the value in `raw`, found at `offset`; raises the typed error of `check_wire`."""
        self.check_wire(raw, offset, label)
        return str(raw, "ascii").rstrip(" ")

    def to_wire(self, value: int | str, label: str) -> bytes:
        """Encode one value; raises the typed error of `check_value`."""
        self.check_value(value, label)
        return str(value).encode("ascii").ljust(self.size)

    def error_value(self, error: type[ProtocolError], value: object, label: str, want: str) -> ProtocolError:
        """Build the error for an unencodable value."""
        return error(f"{label} must be {want}, not {value!r}", None, value)


@dataclass(frozen=True)
class Integer(Kind):
    """A big-endian integer, unsigned unless `signed`."""

    signed: bool = False

    def check_wire(self, raw: bytes, offset: int, label: str) -> None:
        """Accept `raw`: any bit pattern is a valid integer."""

    def check_value(self, value: object, label: str) -> None:
        """Raise RangeError unless `value` is an int that fits."""
        low, high = (
            (-(1 << 8 * self.size - 1), (1 << 8 * self.size - 1) - 1) if self.signed else (0, (1 << 8 * self.size) - 1)
        )
        if not isinstance(value, int) or not low <= value <= high:
            raise self.error_value(RangeError, value, label, f"an integer from {low} to {high}")

    def from_wire(self, raw: bytes, offset: int, label: str) -> int:  # noqa: ARG002  (no bit pattern is wrong)
        """Decode the integer in `raw`."""
        return int.from_bytes(raw, "big", signed=self.signed)

    def to_wire(self, value: int | str, label: str) -> bytes:
        """Encode one integer; RangeError when it does not fit."""
        self.check_value(value, label)
        return int(value).to_bytes(self.size, "big", signed=self.signed)


@dataclass(frozen=True)
class Alpha(Kind):
    """ASCII text, left-justified and padded right with spaces; without the padding as a value."""

    def check_wire(self, raw: bytes, offset: int, label: str) -> None:
        """Raise RangeError at the first byte that is not ASCII."""
        for index, byte in enumerate(raw):
            if byte > 127:
                raise RangeError(f"{label} is not ASCII", offset + index, byte)

    def check_value(self, value: object, label: str) -> None:
        """Raise RangeError unless `value` is ASCII text that fits."""
        if not isinstance(value, str) or not value.isascii() or len(value) > self.size:
            raise self.error_value(RangeError, value, label, f"ASCII text of at most {self.size} characters")

    def encode(self, value: str) -> bytes:
        """Encode `value` padded to the field's size; ValueError when it does not fit (`check_value` says why)."""
        raw = value.encode("ascii")
        if len(raw) > self.size:
            raise ValueError(value)
        return raw.ljust(self.size)


@dataclass(frozen=True)
class Char(Kind):
    """One ASCII character; with `codes` (code to meaning) only those are allowed."""

    codes: Mapping[str, str] | None = None

    def __init__(self, codes: Mapping[str, str] | None = None) -> None:
        super().__init__("char", 1, "B")
        object.__setattr__(self, "codes", codes)

    @property
    def values(self) -> Mapping[str, str] | None:
        """Allowed codes with their meanings."""
        return self.codes

    @property
    def by_byte(self) -> dict[int, str]:
        """Wire byte to character, for every allowed character."""
        return {ord(code): code for code in self.codes or ASCII_CHARS}

    @property
    def by_char(self) -> dict[str, int]:
        """Character to wire byte, for every allowed character."""
        return {code: ord(code) for code in self.codes or ASCII_CHARS}

    def check_wire(self, raw: bytes, offset: int, label: str) -> None:
        """Raise EnumError for a code that is not listed, RangeError for a byte that is not ASCII."""
        if raw[0] in self.by_byte:
            return
        if self.codes is None:
            raise RangeError(f"{label} is not ASCII", offset, raw[0])
        raise EnumError(f"{label} must be one of {''.join(self.codes)!r}", offset, chr(raw[0]))

    def from_wire(self, raw: bytes, offset: int, label: str) -> str:
        """Decode the character in `raw`, a space included."""
        self.check_wire(raw, offset, label)
        return chr(raw[0])

    def check_value(self, value: object, label: str) -> None:
        """Raise EnumError or RangeError unless `value` is an allowed character."""
        if isinstance(value, str) and value in self.by_char:
            return
        if self.codes is None:
            raise self.error_value(RangeError, value, label, "one ASCII character")
        raise self.error_value(EnumError, value, label, f"one of {''.join(self.codes)!r}")


@dataclass(frozen=True)
class Field:
    """One row of a message table: attribute name, byte offset, size in bytes, kind, allowed codes (None = any)."""

    name: str
    offset: int
    size: int
    kind: Kind
    values: Mapping[str, str] | None

    def check_wire(self, data: bytes, owner: str) -> None:
        """Raise the typed error that this field of the complete message `data` deserves, if any."""
        self.kind.check_wire(data[self.offset : self.offset + self.size], self.offset, f"{owner} {self.name}")


def unsigned(size: int, name: str = "") -> Integer:
    """Make an unsigned integer kind of 1, 2, 4, 6 or 8 bytes."""
    return Integer(name or f"u{8 * size}", size, _INT_CODES[size])


def alpha(size: int) -> Alpha:
    """Make an alpha kind of `size` characters."""
    return Alpha("alpha", size, f"{size}s")


U8 = Annotated[int, unsigned(1)]
U16 = Annotated[int, unsigned(2)]
U32 = Annotated[int, unsigned(4)]
U48 = Annotated[int, unsigned(6)]
U64 = Annotated[int, unsigned(8)]
I32 = Annotated[int, Integer("i32", 4, "i", signed=True)]
Price4 = Annotated[int, unsigned(4, "price4")]
Price4U64 = Annotated[int, unsigned(8, "price")]
SignedPrice4 = Annotated[int, Integer("signed price4", 4, "i", signed=True)]
Price8 = Annotated[int, unsigned(8, "price8")]
Alpha2 = Annotated[str, alpha(2)]
Alpha4 = Annotated[str, alpha(4)]
Alpha8 = Annotated[str, alpha(8)]
Alpha10 = Annotated[str, alpha(10)]
Alpha14 = Annotated[str, alpha(14)]
AnyChar = Annotated[str, Char()]
YesNo = Annotated[str, Char({"Y": "yes", "N": "no"})]
