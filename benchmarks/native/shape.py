"""How large the books are made before a measurement, so that they need not grow in it."""

ORDERS_OF_ONE = 1 << 14
ORDERS_OF_MANY = 1 << 19
LOCATES = 65_536 - 1
LEVELS = 1 << 19


def orders(data: bytes) -> int:
    """Room for live orders, as one would configure it for the symbols that a BinaryFILE's directory names."""
    at, symbols = 0, 0
    while at + 2 < len(data) and data[at + 2] not in b"AF":
        symbols += data[at + 2] == ord("R")
        at += 2 + int.from_bytes(data[at : at + 2], "big")
    return ORDERS_OF_MANY if symbols > 1 else ORDERS_OF_ONE
