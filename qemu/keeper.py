"""`python -m qemu.keeper`: outlives its starter by a moment, to end what the starter started.

Reads process ids from standard input, one a line, and holds each by a pidfd (so a reused id is never hit). At the end
of input, which the kernel brings about even when the starter is killed, whatever of them still runs is killed. The
line `done` before that ends it without a kill.
"""

import contextlib
import os
import signal
import sys


def main() -> None:
    """Hold pidfds until standard input ends."""
    # A Ctrl-C or hang-up is for the starter, which cleans up first.
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    held: list[int] = []
    for line in sys.stdin:
        if line.strip() == "done":
            return
        with contextlib.suppress(ProcessLookupError):
            held.append(os.pidfd_open(int(line)))
    for descriptor in held:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(descriptor, signal.SIGKILL)


if __name__ == "__main__":
    main()
