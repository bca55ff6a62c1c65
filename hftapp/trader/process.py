"""The trader's process: pinned, locked in memory, without a garbage collector, silent, on the wire that is configured.

The order matters. The C library is told to keep its memory before anything is built, and memory is locked before it
is filled. Everything is set up on a housekeeping CPU: timers and delayed work that the kernel does for what is set up
stay on the CPU that asked for it, and would interrupt the trader minutes later. Then comes the trader's own CPU, and
last the filter, after everything that needs the kernel: from then on until exit_group(2) there is only the loop.
"""

import gc
import marshal
import os
from collections.abc import Callable

from hftapp import cpu as cpus
from hftapp import records, resident
from hftapp.clock import Clock
from hftapp.config import Config, ConfigError
from hftapp.knobs import trader as knobs
from hftapp.nic.port import Port
from hftapp.records import Rings
from hftapp.silence import begin, counted, heap, room
from hftapp.trader import assembly, tape
from hftapp.trader.loop import Trader
from hftapp.trader.recorder import Recorder
from hftapp.wire import NicWire, Wire

SEED_BYTES = 16


def run(
    settings: Config, rings: Rings, cpu: int | None, drive: Callable[[Trader], object] = lambda trader: trader.run()
) -> None:
    """Trade until the end of the session or a stop command. The last record in the telemetry ring says how it ended.

    `drive` turns the trader's loop to its end; whoever measures has one of its own.

    Raises whatever stops the trader before that; its connection then breaks, and the exchange cancels its orders. The
    caller has to end the process with `os._exit` in any case: a silent trader may do nothing else.
    """
    heap.keep()
    asked = knobs.rows()
    settings = knobs.settled(settings, asked)
    clock = Clock()
    rings.figures.ticks_per_second = clock.scale.ticks_per_second
    seed = os.urandom(SEED_BYTES)
    lock = settings.cpu.lock_memory and os.geteuid() == 0
    wire, port = resident.opened(lock, lambda: open_wire(settings, clock, seed))
    rings.figures.set_text("port", description(settings, port))
    pooled = settings.cpu.silence and heap.pool(rings.figures.words(counted.GROUP))
    parts = assembly.build(settings, wire, rings, clock, seed)
    recording = recorder(settings, rings, port, seed, clock)
    trader = Trader(parts, recording)
    place(settings, cpu)
    checked = [row.record() for row in knobs.check(asked, settings, port)]
    rings.telemetry.push(records.KNOBS, clock.now(), marshal.dumps(checked))
    silent = settle(settings, rings, clock, pooled)
    parts.reports.state(silent)
    try:
        drive(trader)
        if recording is not None:
            recording.end(clock.now())
    except BaseException:
        trader.abort()
        raise
    finally:
        begin.end(rings.figures)
    if not begin.silent(rings.figures):
        wire.release()


def place(settings: Config, cpu: int | None) -> None:
    """Put this process on its CPU and in its scheduling class."""
    if cpu is not None:
        os.sched_setaffinity(0, {cpu})
    if settings.cpu.policy == "fifo":
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(settings.cpu.priority))


def settle(settings: Config, rings: Rings, clock: Clock, pooled: bool = False) -> str:
    """No more garbage collection, every page touched, and the filter where it can be; says whether it is on, and why.

    `pooled`: the pool for small objects is in huge pages.

    Raises OSError when the kernel has no filters, HeapError when memory is short.
    """
    gc.collect()
    gc.freeze()
    gc.disable()
    rings.prefault()
    if not settings.cpu.silence:
        return "not silent: cpu.silence is off"
    obstacle = begin.obstacle(settings.nic.port, clock)
    if obstacle:
        return f"not silent: {obstacle}"
    headroom = settings.cpu.headroom_mb << 20
    taken = room.plan(headroom, room.free(), pooled=pooled)
    begin.begin(rings.figures, settings.nic.port, taken.headroom, taken.arenas)
    return f"silent: a system call ends the trader; clock: {clock.source}{taken.words(headroom)}"


def recorder(settings: Config, rings: Rings, port: Port | None, seed: bytes, clock: Clock) -> Recorder | None:
    """What writes the run down, behind a header; None when it is not configured, or there are no frames to write."""
    if rings.recording is None or port is None:
        return None
    start = clock.now()
    rings.recording.push(records.HEADER, start, tape.header(settings, seed, port.mac, start))
    return Recorder(rings.recording, port, rings.figures.words("recording"))


def description(settings: Config, port: Port | None) -> str:
    """The port, and the card that serves it: `dpdk net_virtio 0000:00:02.0`."""
    details = (str(getattr(port, name, "")) for name in ("driver", "device", "mode"))
    return " ".join([settings.nic.port, *filter(None, details)])


def open_wire(settings: Config, clock: Clock, seed: bytes, cpu: int | None = None) -> tuple[Wire, Port | None]:
    """The wire of `[nic]`, and the port that it is on, if any.

    Raises PortError, OSError or ConfigError when it cannot be had.
    """
    nic, lines = settings.nic, assembly.lines(settings)
    if nic.address is None:
        raise ConfigError("configuration", [f'nic.address = "": port "{nic.port}" needs an address'])
    if nic.port == "socket":
        from hftapp.socket_wire import SocketWire

        return SocketWire(nic.address.ip, lines, clock, wait=nic.idle == "wait"), None
    if nic.port == "memory":
        raise ConfigError("configuration", [f'nic.port = "{nic.port}": only a test can connect a memory port'])
    from hftapp.nic.open import Cpus, open_port

    port = open_port(nic, Cpus(cpu, cpus.housekeeping()))
    stack = assembly.stack(settings, port, seed)
    stack.announce()
    return NicWire(port, stack, lines, clock), port
