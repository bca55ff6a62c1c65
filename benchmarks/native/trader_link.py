"""The whole trader on a memory port, as something the harness's exchange can drive: frame in, order frame out."""

from __future__ import annotations

import time
from collections import deque
from pathlib import Path

from hftapp import config
from hftapp.clock import Clock
from hftapp.harness.icount import TickSamples
from hftapp.nic.memory import MemoryPort
from hftapp.records import Rings
from hftapp.trader import assembly
from hftapp.trader.loop import DONE, Trader
from hftapp.wire import NicWire
from lab.lockstep import job

_SEED = b"path"


class TraderLink:
    """A `lab.lockstep.link.Link` whose other end is a trader; its loop turns while the harness waits.

    `nanoseconds`: of every turn that sent an order, from its call to its return, with what it takes to note the figures
    of `samples`: the trader's own, by stage, in ticks of `ns_a_tick` nanoseconds.
    """

    def __init__(self, folder: Path) -> None:
        place = folder / "hftos.toml"
        place.write_text(job.image_config("memory"), encoding="utf-8")
        settings = config.load(place)
        self.nanoseconds: list[int] = []
        self._port = MemoryPort(bytes.fromhex(job.GUEST_MAC.replace(":", "")))
        self._rings = Rings()
        clock = Clock()
        stack = assembly.stack(settings, self._port, _SEED)
        wire = NicWire(self._port, stack, assembly.lines(settings), clock)
        self.trader = Trader(assembly.build(settings, wire, self._rings, clock, _SEED))
        self.samples = TickSamples(self.trader, self._rings, wire)
        self.ns_a_tick = 1e9 / clock.scale.ticks_per_second
        self._out: deque[bytes] = deque()

    def alive(self) -> bool:
        """Whether the trader trades."""
        return self.trader.phase != DONE

    def put(self, frame: bytes) -> None:
        """Let a frame come in."""
        self._port.deliver(frame)

    def wait(self, seconds: float) -> bytes | None:
        """Turn the loop once unless frames that it sent are waiting; the next one."""
        del seconds
        if not self._out and self.alive():
            began = time.perf_counter_ns()
            ordered = self.samples.turn()
            took = time.perf_counter_ns() - began
            if ordered:
                self.nanoseconds.append(took)
            self._out.extend(self._port.take_sent())
        return self._out.popleft() if self._out else None

    def close(self) -> None:
        """Release the rings."""
        self._rings.close()
