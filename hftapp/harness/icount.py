"""Trades until the exchange ends the session, and keeps the stages of every tick that led to an order, one by one.

Where QEMU counts instructions (`-icount shift=0`) the time stamp counter counts them too, so that the samples are
instructions. A histogram keeps its largest value exactly: it is taken out and set to 0 after each turn of the loop,
outside of what is measured.

CPUs that are emulated in turn share one counter. So what another CPU does in between (the kernel's receiving) is in a
sample too, where it falls between the sample's first stamp and its last.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Mapping

import cython

from hftapp import cpu as cpus
from hftapp.clock import Clock
from hftapp.config import Config, ConfigError
from hftapp.harness import HarnessError, number
from hftapp.histogram import HIGH
from hftapp.knobs import trader as knobs
from hftapp.probe import kernel_log, memory, pulse, sampler
from hftapp.records import Rings
from hftapp.trader import assembly
from hftapp.trader.loop import DONE, Trader
from hftapp.trader.process import open_wire, place
from hftapp.trader.stages import NAMES
from hftapp.wire import NicWire

SEED = b"icnt"
"""The same in every run, so that every run does the same."""
_SECOND = 1_000_000_000
_HIGH, _DONE = HIGH, DONE


@cython.final
@cython.cclass
class TickSamples:
    """Turns a trader's loop. `after`: ticks from the burst's return to the doorbell; `stages`: the parts of each.

    `before`: the same from the call that returned the burst on; `whole`: from the call before that one, which had not
    found it yet: so all that the kernel did to put the burst where the port finds it is in there.
    """

    def __init__(self, trader: Trader, rings: Rings, wire: NicWire) -> None:
        self.after: list[int] = []
        self.before: list[int] = []
        self.whole: list[int] = []
        self.stages: dict[str, list[int]] = {name: [] for name in NAMES}
        self._trader = trader
        self._wire = wire
        self._rings = rings
        self._total = rings.figures.words("tick_to_trade")
        self._earlier = wire.polled
        self._words = [(self.stages[name], rings.figures.words(f"stages.{name}")) for name in NAMES]

    def turn(self) -> bool:
        """One turn of the loop; whether it sent an order in answer to market data."""
        self._trader.step()
        earlier = self._earlier
        self._earlier = self._wire.polled
        if self._total[_HIGH] == 0:
            return False
        self.after.append(self._total[_HIGH])
        self.before.append(self._total[_HIGH] + self._wire.ticks - self._wire.polled)
        self.whole.append(self._total[_HIGH] + self._wire.ticks - earlier)
        self._total[_HIGH] = 0
        for samples, words in self._words:
            samples.append(words[HIGH])
            words[HIGH] = 0
        for ring in (self._rings.journal, self._rings.telemetry):  # as the supervisor would
            ring.drain()
        return True

    def loop(self) -> None:
        """Turn until the session is over.

        A turn without an order ends with PAUSE: where CPUs are emulated in turn, QEMU then passes on to the next one.
        Otherwise it does so at the guest's next timer only, and the other CPU, which loses its turn whenever it sets
        one, comes to nothing else.
        """
        while self._trader.phase != _DONE:
            if not self.turn():
                _pause()


if not cython.compiled:

    def _pause() -> None:
        """An interpreter is slow enough."""


def run(settings: Config, arguments: Mapping[str, str], cpu: int | None) -> dict[str, object]:
    """Trade until the session ends; the first `ticks` (default 10,000) samples, in the counter's own ticks.

    `pulse=yes`: while a process wakes on the other CPUs as often as the supervisor would (`hftapp.probe.pulse`).
    """
    if arguments.get("pulse", "no") not in ("yes", "no"):
        raise HarnessError(f"pulse = {arguments['pulse']!r}: must be yes or no")
    online = cpus.read_list("online")
    others = [other for other in online if other != cpu]
    if arguments.get("pulse") != "yes" or not others:
        return _trade(settings, arguments, cpu)
    with pulse.beating(others, locked=settings.cpu.lock_memory and os.geteuid() == 0 and os.getpid() == 1):
        return _trade(settings, arguments, cpu)


def _trade(settings: Config, arguments: Mapping[str, str], cpu: int | None) -> dict[str, object]:
    wanted = number(arguments, "ticks", 10_000)
    found: dict[str, object] = {"memory": memory.meminfo(), "unknown_parameters": kernel_log.unknown_parameters()}
    clock, rings = Clock(), Rings()
    wire, port = open_wire(settings, clock, SEED, cpu)
    trader = Trader(assembly.build(settings, wire, rings, clock, SEED))
    if not isinstance(wire, NicWire):
        raise ConfigError("configuration", [f'nic.port = "{settings.nic.port}": the harness counts on a card only'])
    samples = TickSamples(trader, rings, wire)
    place(settings, cpu)
    found["knobs"] = [row.record() for row in knobs.read_back(knobs.rows(), settings, port)]
    gc.collect()
    gc.freeze()
    gc.disable()
    rings.prefault()
    online = cpus.read_list("online")
    readings = [sampler.read(online, os.getpid())]
    try:
        samples.loop()
        readings.append(sampler.read(online, os.getpid()))
    finally:
        if trader.phase != DONE:
            trader.abort()
        wire.close(clock.now())
    return {
        "harness": "icount",
        "clock": clock.source,
        "calibration": clock.scale.ticks_per_second / _SECOND,
        "after": samples.after[:wanted],
        "before": samples.before[:wanted],
        "whole": samples.whole[:wanted],
        "stages": {name: found[:wanted] for name, found in samples.stages.items()},
        "outcome": list(trader.outcome or ()),
        **found,
        **(sampler.report(readings, cpu) if cpu is not None else {}),
        "cpu": cpu,
    }
