"""`python -m qemu.keeper`: outlives its starter by a moment, to end what the starter started.

Reads process ids from standard input, one a line, and holds each by a pidfd (so a reused id is never hit); a line
`remove PATH` names a folder of the starter's. At the end of input, which the kernel brings about even when the starter
is killed, whatever of the processes still runs is killed and the folders are removed. The line `done` before that ends
it without either.
"""

import contextlib
import os
import select
import shutil
import signal
import sys

_DEATH_SECONDS = 5.0


def main() -> None:
    """Hold pidfds until standard input ends."""
    # A Ctrl-C or hang-up is for the starter, which cleans up first.
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    held: list[int] = []
    folders: list[str] = []
    for line in sys.stdin:
        if line.strip() == "done":
            return
        if line.startswith("remove "):
            folders.append(line.removeprefix("remove ").rstrip("\n"))
            continue
        with contextlib.suppress(ProcessLookupError):
            held.append(os.pidfd_open(int(line)))
    for descriptor in held:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(descriptor, signal.SIGKILL)
    for descriptor in held:
        # What still runs could put files into a folder while it is being removed.
        select.select([descriptor], [], [], _DEATH_SECONDS)
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
