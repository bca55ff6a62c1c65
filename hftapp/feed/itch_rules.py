"""What makes bytes an ITCH 5.0 message: length by type, legal codes, ASCII text; from the tables in `protocols`."""

from __future__ import annotations

from array import array

import cython

from hftapp.octets import Octets
from protocols import itch50
from protocols.fields import Alpha, Char

_CLASS = 256


@cython.final
@cython.cclass
class ItchRules:
    """`sizes`: bytes of a message by its type byte, -1 for bytes that are no type.

    The rules of a type are triples in one array: offset, number of bytes, and which table of 256 says whether a byte is
    allowed there. Integers need none: every pattern of bits is one.
    """

    def __init__(self) -> None:
        sizes, first = [-1] * 256, [0] * 257
        rules: list[int] = []
        tables: dict[bytes, int] = {}
        for kind in range(256):
            first[kind] = len(rules)
            message = itch50.MESSAGES.get(chr(kind))
            if message is None:
                continue
            sizes[kind] = message.SIZE
            for field in message.FIELDS:
                allowed = _allowed(field.kind)
                if allowed is not None:
                    rules += (field.offset, field.size, tables.setdefault(allowed, _CLASS * len(tables)))
        first[256] = len(rules)
        self.sizes = array("i", sizes)
        self._first = array("i", first)
        self._rules = array("i", rules)
        self._allowed = bytearray(b"".join(tables))

    def valid(self, data: Octets, at: int, length: int) -> bool:
        """Whether the bytes are one message of ITCH 5.0, the same as `protocols.itch50.decode` accepts."""
        if length < 1:
            return False
        kind = data[at]
        if self.sizes[kind] != length:
            return False
        i = self._first[kind]
        while i < self._first[kind + 1]:
            place = at + self._rules[i]
            end = place + self._rules[i + 1]
            table = self._rules[i + 2]
            while place < end:
                if self._allowed[table + data[place]] == 0:
                    return False
                place += 1
            i += 3
        return True


def _allowed(kind: object) -> bytes | None:
    """A 1 for every byte that is allowed; None when all are."""
    if isinstance(kind, Char):
        return bytes(byte in kind.by_byte for byte in range(256))
    return bytes(byte < 128 for byte in range(256)) if isinstance(kind, Alpha) else None
