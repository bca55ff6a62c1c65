"""What the kernel said of its command line: the words that it does not know."""

import os
import re
from typing import Final

_UNKNOWN: Final = re.compile(rb'Unknown kernel command line parameters "([^"]*)"')


def unknown_parameters(path: str = "/dev/kmsg") -> list[str]:
    """Words that the kernel passed on to `/init` because it knows none of them; empty without a log.

    A record of /dev/kmsg is `priority,sequence,microseconds,flags;text` (Documentation/ABI/testing/dev-kmsg).
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return []
    try:
        while record := os.read(fd, 8192):
            if found := _UNKNOWN.search(record):
                return found[1].decode("ascii", "replace").split()
    except BlockingIOError:
        pass  # the log's end
    finally:
        os.close(fd)
    return []
