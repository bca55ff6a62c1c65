"""Entry of the image: the kernel starts the interpreter as `/init` with `-m hftapp`.

Only `os` and `time` are imported before `main()`: under emulation each further module costs tens of milliseconds of
boot time. Everything else is imported when it is needed.
"""

import os
import time

USAGE = "hftapp is PID 1 of the trading image. On an ordinary host run: hftos trade --config hftos.toml\n"


def main() -> int:
    """Run as PID 1 (never returns), or explain how to trade on an ordinary host (status 2)."""
    reached = time.clock_gettime(time.CLOCK_BOOTTIME)
    if os.getpid() != 1:
        os.write(2, USAGE.encode())
        return 2
    try:
        from hftapp import pid1

        pid1.run(reached)
    except BaseException as error:  # a module is missing from the image, or the like: still no kernel panic
        last_resort(error)
    return 1


def last_resort(error: BaseException) -> None:
    """Say why and power off without PID 1's own module; never returns, because PID 1 must not exit."""
    reason = f"{type(error).__name__}: {error}"
    try:
        from hftapp import power

        power.off(1, reason)
    except BaseException as another:
        os.write(1, f"hftos: exit status 1: {reason} (no power off: {another!r})\n".encode())
    while True:
        time.sleep(3600)


if __name__ == "__main__":
    raise SystemExit(main())
