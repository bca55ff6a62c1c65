"""What one contestant does with a file: made before, timed while it runs, asked afterwards. Standard library only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Contest:
    """`run` is timed and returns how many messages it handled; `facts` says then what came of it."""

    run: Callable[[], int]
    facts: Callable[[], dict[str, int]] = field(default=dict)


def messages(data: bytes) -> Iterator[memoryview]:
    """The messages of a BinaryFILE, without their lengths."""
    view = memoryview(data)
    at, end = 0, len(data)
    while at + 2 <= end:
        length = data[at] << 8 | data[at + 1]
        if not length:
            return
        yield view[at + 2 : at + 2 + length]
        at += 2 + length


def head(data: bytes, count: int) -> bytes:
    """The first `count` messages of a BinaryFILE, with their lengths; all of it where it has no more."""
    at, end = 0, len(data)
    for _ in range(count):
        length = data[at] << 8 | data[at + 1] if at + 2 <= end else 0
        if not length:
            return data[:at]
        at += 2 + length
    return data[:at]
