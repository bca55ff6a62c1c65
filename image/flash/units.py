"""Sizes and a disk's own words, for people."""

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
_UNITS = ((1 << 40, "TiB"), (GIB, "GiB"), (MIB, "MiB"), (KIB, "KiB"))


def size(count: int) -> str:
    """Bytes in the largest unit that gives at least 1: `353.0 MiB`."""
    for unit, name in _UNITS:
        if count >= unit:
            return f"{count / unit:.1f} {name}"
    return f"{count} bytes"


def printable(text: str) -> str:
    """A disk's own words without what would steer a terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
