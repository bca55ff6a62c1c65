"""When the kernel was done and when PID 1 was reached, in seconds of guest uptime."""

import os

MARK = b"Run /init as init process"


def kernel_seconds(path: str = "/dev/kmsg") -> float | None:
    """Uptime at which the kernel started `/init`, from its own log; None when the log does not say.

    A record of /dev/kmsg is `priority,sequence,microseconds,flags;text` (Documentation/ABI/testing/dev-kmsg).
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        while True:
            try:
                record = os.read(fd, 8192)
            except BlockingIOError:
                return None
            except BrokenPipeError:
                continue  # the record was overwritten while we read: the next read gives the oldest one left
            except OSError:
                return None
            if not record:
                return None
            for line in record.splitlines():
                head, _, text = line.partition(b";")
                fields = head.split(b",")
                if text.startswith(MARK) and len(fields) > 2 and fields[2].isdigit():
                    return int(fields[2]) / 1e6
    finally:
        os.close(fd)
