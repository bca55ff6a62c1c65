"""What disturbs the trading CPU while a loop spins on it as a trader does, and what the kernel costs to boot.

The loop is a process of its own (`hftapp.probe.spinner`); this program reads the kernel's counters from the other
CPUs. Afterwards it asks the kernel's tracers named in `tracers` (`osnoise+timerlat+hwlat`), one after the other.
"""

import os
import time
from collections.abc import Mapping

from hftapp import cpu as cpus
from hftapp.clock import Clock
from hftapp.config import Config
from hftapp.harness import HarnessError, number
from hftapp.probe import kernel_log, memory, sampler
from hftapp.probe.spinner import Spinner

SUPERVISES = True
"""It starts a process on the trading CPU and stays on the others."""
SETTLE_S = 1.0
"""What the fork, the pinning and the filter leave behind for the kernel to do is done by then."""


def run(settings: Config, arguments: Mapping[str, str], cpu: int | None) -> dict[str, object]:
    """Spin for `seconds` (default 10) on the trading CPU; gaps, counters, memory, tracers.

    Raises HarnessError without a trading CPU of its own.
    """
    seconds = number(arguments, "seconds", 10)
    here = elsewhere(cpu)
    assert cpu is not None
    found: dict[str, object] = {
        "harness": "probe",
        "memory": memory.meminfo(),
        "unknown_parameters": kernel_log.unknown_parameters(),
    }
    os.sched_setaffinity(0, here)
    clock = Clock()
    spinner = Spinner(settings, cpu)
    time.sleep(SETTLE_S)
    readings = [sampler.read((cpu, *here), spinner.pid)]
    spinner.begin()
    for second in range(1, seconds + 1):
        time.sleep(max(0.0, readings[0].time + second - time.monotonic()))
        readings.append(sampler.read((cpu, *here), spinner.pid))
    found["knobs"] = spinner.knobs
    found["gaps"] = spinner.end(clock.scale.ticks_per_second)
    found |= sampler.report(readings, cpu)
    if tracers := arguments.get("tracers", ""):
        from hftapp.probe import tracers as kernels

        found["tracers"] = kernels.run_all(tracers.split("+"), cpu, number(arguments, "tracer_seconds", 3))
    return found | {"clock": clock.source, "cpu": cpu}


def elsewhere(cpu: int | None) -> list[int]:
    """Online CPUs but the trading one. Raises HarnessError where there is none, or nobody said which that is."""
    online = cpus.read_list("online")
    rest = [other for other in online if other != cpu]
    if cpu is None or not rest:
        raise HarnessError(
            f"trading CPU {cpu} of {cpus.format_list(online)}: set [cpu] trader, and give the machine a second CPU"
        )
    return rest
