"""The trader's process: pinned, locked in memory, without a garbage collector, on the wire the configuration names."""

import gc
import os
import random
import time

from hftapp import libc
from hftapp.config import Config, ConfigError
from hftapp.records import Rings
from hftapp.trader.loop import Trader
from hftapp.wire import NicWire, Wire


def run(settings: Config, rings: Rings, cpu: int | None) -> None:
    """Trade until the end of the session or a stop command. The last record in the telemetry ring says how it ended.

    Raises whatever stops the trader before that; its connection then breaks, and the exchange cancels its orders.
    """
    if cpu is not None:
        os.sched_setaffinity(0, {cpu})
    if settings.cpu.policy == "fifo":
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(settings.cpu.priority))
    if settings.cpu.lock_memory and os.geteuid() == 0:
        libc.mlockall()
    trader = Trader(settings, open_wire(settings), rings)
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        trader.run()
    except BaseException:
        trader.abort()
        raise


def open_wire(settings: Config) -> Wire:
    """The wire of `[nic]`; raises PortError, OSError or ConfigError when it cannot be had."""
    nic, lines = settings.nic, (settings.feed.a, settings.feed.b)
    if nic.address is None:
        raise ConfigError("configuration", [f'nic.address = "": port "{nic.port}" needs an address'])
    if nic.port == "socket":
        from hftapp.socket_wire import SocketWire

        return SocketWire(nic.address.ip, lines, time.monotonic_ns, wait=nic.idle == "wait")
    if nic.port == "af_packet":
        from hftapp.net.stack import Stack
        from hftapp.nic.open import open_port

        port = open_port("af_packet", nic.interface or nic.mac)
        stack = Stack(port.mac, nic.address, rng=random.Random(int.from_bytes(os.urandom(8), "big")))
        stack.announce()
        return NicWire(port, stack, lines, time.monotonic_ns)
    raise ConfigError("configuration", [f'nic.port = "{nic.port}": only a test can connect a memory port'])
