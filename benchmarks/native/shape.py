"""How large the books are made before a measurement, so that they need not grow in it."""

ORDERS = 1 << 20
LOCATES = 65_536 - 1
LEVELS = 1 << 19
