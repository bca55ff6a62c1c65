"""The kernel's log, as /dev/kmsg gives it (Documentation/ABI/testing/dev-kmsg)."""

import os
from collections.abc import Iterator
from typing import Final, NamedTuple

PATH: Final = "/dev/kmsg"
RECORD: Final = 8192
"""Bytes of the longest record (CONSOLE_EXT_LOG_MAX)."""


class Line(NamedTuple):
    """One line of a record: `priority,sequence,microseconds,flags;text`. `head` is empty in what follows the first."""

    head: bytes
    text: bytes

    @property
    def seconds(self) -> float | None:
        """Guest uptime at which it was written; None where the line does not say."""
        fields = self.head.split(b",")
        return int(fields[2]) / 1e6 if len(fields) > 2 and fields[2].isdigit() else None


def lines(path: str = PATH) -> Iterator[Line]:
    """What is in the log now, the oldest first. Raises OSError where there is none."""
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        while True:
            try:
                record = os.read(fd, RECORD)
            except BlockingIOError:
                return  # the log's end
            except BrokenPipeError:
                continue  # overwritten meanwhile: the next read gives the oldest there is
            if not record:
                return
            for line in record.splitlines():
                head, semicolon, text = line.partition(b";")
                yield Line(head, text) if semicolon else Line(b"", line)
    finally:
        os.close(fd)
