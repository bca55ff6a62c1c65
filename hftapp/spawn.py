"""Starts the trader's process, and says which CPU is its own."""

import marshal
import os
import signal
from collections.abc import Callable
from typing import NoReturn

from hftapp import cpu, nodes, reasons, records
from hftapp.config import Config, ConfigError
from hftapp.records import Rings

Run = Callable[[Config, Rings, int | None], None]
"""What a trader's process does; the last: its CPU, or None."""


def trader_cpu(settings: Config) -> int | None:
    """The CPU of the trader: the configured one, else the first isolated one that is online, else None (not pinned).

    Where there are several memory nodes, the first on the card's. A sibling that `nosmt` keeps off is isolated and not
    online.

    Raises ConfigError for a configured CPU that is not online.
    """
    wanted, online = settings.cpu.trader, cpu.read_list("online")
    if wanted < 0:
        return nodes.nearest([number for number in cpu.read_list("isolated") if number in online], settings.nic)
    if wanted not in online:
        raise ConfigError("configuration", [f"cpu.trader = {wanted}: online CPUs are {cpu.format_list(online)}"])
    return wanted


def spawn(settings: Config, rings: Rings, number: int | None, run: Run | None = None) -> int:
    """Fork the trader; returns its process id. `run`: None for the trader itself."""
    pid = os.fork()
    if pid == 0:
        _child(settings, rings, number, run)
    return pid


def _child(settings: Config, rings: Rings, number: int | None, run: Run | None) -> NoReturn:
    """The trader's process. Its last record says how it ended."""
    status = 1
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if run is None:
            from hftapp.trader import process

            run = process.run
        run(settings, rings, number)
        status = 0
    except BaseException as error:  # the reason must reach the supervisor, whatever it is
        if not reasons.foreseen(error):
            os.write(2, f"{reasons.text(error)}\n".encode(errors="backslashreplace"))
        # Nothing of the kernel's from here on, not even its clock: a silent trader may not ask for it.
        rings.telemetry.push(records.EXIT, 0, marshal.dumps((1, reasons.line(error))))
    finally:
        os._exit(status)
