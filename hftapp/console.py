"""The console of PID 1: whole lines, never an exception, also before `/dev` is there."""

import os

PREFIX = "hftos: "
_further: list[int] = []


def say(text: str) -> None:
    """Write `hftos: text` and a newline to the console; a console that cannot be written to is ignored.

    There is nowhere left to report a broken console, and PID 1 must go on without one.
    """
    line = "".join(f"{PREFIX}{part}\n" for part in text.splitlines() or [""])
    for descriptor in (1, *_further):
        try:
            os.write(descriptor, line.encode("utf-8", "backslashreplace"))
        except OSError:
            continue


def also(descriptor: int) -> None:
    """From now on write to this one as well; what it does not take at once is lost."""
    _further.append(descriptor)


def adopt() -> None:
    """Open `/dev/console` as standard input, output and error where the kernel could not (no node in the initramfs)."""
    try:
        os.fstat(1)
    except OSError:
        pass
    else:
        return
    try:
        fd = os.open("/dev/console", os.O_RDWR | os.O_NOCTTY)
    except OSError:
        return
    for target in (0, 1, 2):
        if fd != target:
            os.dup2(fd, target)
    if fd > 2:
        os.close(fd)
