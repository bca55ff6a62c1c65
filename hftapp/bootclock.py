"""When the kernel was done and when PID 1 was reached, in seconds of guest uptime."""

import contextlib

from hftapp import kmsg

MARK = b"Run /init as init process"


def kernel_seconds(path: str = kmsg.PATH) -> float | None:
    """Uptime at which the kernel started `/init`, from its own log; None when the log does not say."""
    with contextlib.suppress(OSError):
        return next((line.seconds for line in kmsg.lines(path) if line.text.startswith(MARK)), None)
    return None
