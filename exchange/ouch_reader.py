"""Reads plain OUCH 5.0 requests without making an object of each: the fast path, which may only accept.

A request is plain when it has no appendage, every field has a value that a continuous order of this exchange may have,
and nothing in it needs a decision. Any other one, hostile or merely unusual, is left to `protocols.ouch50` and the
tables of `entry_checks`, which alone decide what is refused and why.
"""

from __future__ import annotations

from protocols.ouch50 import MAX_LIMIT_PRICE, MAX_QUANTITY

# Type bytes, which are also what `read` returns.
ENTER, REPLACE, CANCEL = b"OUX"
_ENTER, _REPLACE, _CANCEL = b"OUX"
_ENTER_SIZE, _REPLACE_SIZE, _CANCEL_SIZE = 47, 40, 9
_MAX_QUANTITY = MAX_QUANTITY
_MAX_PRICE = MAX_LIMIT_PRICE
# Codes that a plain request may have, one flag bit for each field, by byte.
_SIDE, _TIME, _DISPLAY, _CAPACITY = 1, 2, 4, 8


def _flags() -> bytes:
    codes = {_SIDE: b"BSTE", _TIME: b"035", _DISPLAY: b"YNA", _CAPACITY: b"APRO"}
    return bytes(sum(bit for bit, allowed in codes.items() if code in allowed) for code in range(256))


_FLAGS = _flags()


class OuchReader:
    """Holds the fields of the last plain request. ``stock`` has 8 bytes, ``cl_ord_id`` 14; codes are bytes."""

    def __init__(self) -> None:
        self.ref = 0
        self.orig_ref = 0
        self.side = 0
        self.quantity = 0
        self.stock = b""
        self.price = 0
        self.time_in_force = 0
        self.display = 0
        self.capacity = 0
        self.sweep = 0
        self.cl_ord_id = b""

    def read(self, data: bytes) -> int:
        """Read a request: its type when it is plain, else 0, and then the fields mean nothing."""
        size = len(data)
        if size == _ENTER_SIZE and data[0] == _ENTER:
            return _ENTER if self._enter(data) else 0
        if size == _CANCEL_SIZE and data[0] == _CANCEL:
            self.ref = u32(data, 1)
            self.quantity = u32(data, 5)
            return _CANCEL
        if size == _REPLACE_SIZE and data[0] == _REPLACE:
            return _REPLACE if self._replace(data) else 0
        return 0

    def _enter(self, data: bytes) -> bool:
        self.ref = u32(data, 1)
        self.side = data[5]
        self.quantity = u32(data, 6)
        self.price = u32(data, 22)
        self.time_in_force, self.display, self.capacity, self.sweep = data[26], data[27], data[28], data[29]
        if not _FLAGS[self.side] & _SIDE or not _FLAGS[self.capacity] & _CAPACITY:
            return False
        # ISO, a cross, an appendage: not plain.
        if data[29] != 78 or data[30] != 78 or data[45] or data[46]:
            return False
        if u32(data, 18) or not self._in_range() or not _ascii(data, 31, 45):
            return False
        self.stock = data[10:18]
        self.cl_ord_id = data[31:45]
        return True

    def _replace(self, data: bytes) -> bool:
        self.orig_ref = u32(data, 1)
        self.ref = u32(data, 5)
        self.quantity = u32(data, 9)
        self.price = u32(data, 17)
        self.time_in_force, self.display, self.sweep = data[21], data[22], data[23]
        if data[23] != 78 or data[38] or data[39] or u32(data, 13) or not self._in_range() or not _ascii(data, 24, 38):
            return False
        self.cl_ord_id = data[24:38]
        return True

    def _in_range(self) -> bool:
        if self.quantity < 1 or self.quantity > _MAX_QUANTITY or self.price < 1 or self.price > _MAX_PRICE:
            return False
        return bool(_FLAGS[self.time_in_force] & _TIME) and bool(_FLAGS[self.display] & _DISPLAY)


def u32(data: bytes, at: int) -> int:
    """The big-endian number in 4 bytes."""
    return data[at] << 24 | data[at + 1] << 16 | data[at + 2] << 8 | data[at + 3]


def _ascii(data: bytes, start: int, end: int) -> bool:
    found = 0
    for i in range(start, end):
        found |= data[i]
    return found < 128
