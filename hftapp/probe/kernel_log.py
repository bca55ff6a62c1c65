"""What the kernel said of its command line: the words that it does not know."""

import contextlib
import re
from typing import Final

from hftapp import kmsg

_UNKNOWN: Final = re.compile(rb'Unknown kernel command line parameters "([^"]*)"')


def unknown_parameters(path: str = kmsg.PATH) -> list[str]:
    """Words that the kernel passed on to `/init` because it knows none of them; empty without a log."""
    with contextlib.suppress(OSError):
        for line in kmsg.lines(path):
            if found := _UNKNOWN.search(line.text):
                return found[1].decode("ascii", "replace").split()
    return []
