"""An experiment's folder as `hftos lab run` leaves it: steps of isolation, with all that a report can meet."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from lab import storage
from lab.model import Result, Run, Variant, Workload

STEPS: Final = ("isolcpus", "nohz_full", "rcu", "irqs,workqueues", "fair_server", "timers")
METRICS: Final = ("loc_per_s", "interrupts_per_s", "instructions_p50", "gap_max_us", "switches")
SECONDS: Final = 10
EMULATED: Final = {"host": "lab", "accelerator": "tcg"}
_TIMER: Final = (1003, 1001, 254, 250, 248, 0.2, 0.2)
"""Timer interrupts a second after each step."""


def variants() -> list[Variant]:
    """Nothing, then a knob more in each."""
    found = []
    for number in range(len(STEPS) + 1):
        factors = {step: "on" if place < number else "off" for place, step in enumerate(STEPS)}
        name = f"+{STEPS[number - 1]}" if number else "nothing"
        found.append(Variant(name, dict.fromkeys(STEPS[number:], "unset"), factors))
    return found


def measured(run: Run, number: int, random: np.random.Generator) -> Result:
    """What a boot of the variant with this number shows."""
    ticks = [int(value) for value in random.poisson(_TIMER[number], SECONDS)]
    calls = [int(value) for value in random.poisson(3 if number < 4 else 0.2, SECONDS)]
    total = sum(ticks) + sum(calls)
    gaps = np.sort(random.lognormal(1.0 + (0.6 if number < 5 else 0), 0.8, 400 + total // 4))
    bounds = 2.0 ** np.arange(-2, 12)
    places = np.searchsorted(bounds, gaps)
    instructions = 14_654 - 12 * number
    return Result(
        run,
        seconds=SECONDS,
        metrics={
            "loc_per_s": sum(ticks) / SECONDS,
            "interrupts_per_s": total / SECONDS,
            "instructions_p50": instructions,
            "gap_max_us": float(gaps[-1]),
            "switches": float(random.poisson(2)),
            "boot_s": 1.7 + float(random.normal(0, 0.05)),
        },
        interrupts_by_cpu={
            "CPU0": {"LOC": 9_800 + int(random.integers(50)), "RES": 412, "24:virtio0-input.0": 77},
            "CPU1": {"LOC": sum(ticks), "RES": sum(calls)},
        },
        series={"LOC": ticks, "RES": calls},
        histograms={
            "gaps_us": [[float(bounds[at]), int((places == at).sum())] for at in range(14) if (places == at).any()],
            "instructions": [[instructions + extra, 1000 >> extra] for extra in range(9)],
        },
        knobs=[{"name": "fair_server", "layer": "sysfs", "requested": "0", "effective": "0", "ok": True, "reason": ""}],
        notes=["a gap is 1,000 ns or more"],
        machine=EMULATED,
    )


def write(path: Path, repeats: int = 5, seed: int = 7, **plan: Any) -> Path:
    """The folder with its plan and results; one run failed, one is missing, a knob of one variant had no effect."""
    folder, every = storage.Folder(path), variants()
    random = np.random.default_rng(seed)
    runs = [Run(0, variant, repeat, Workload("idle", SECONDS)) for repeat in range(1, repeats + 1) for variant in every]
    runs = [replace(runs[place], number=number) for number, place in enumerate(random.permutation(len(runs)))]
    folder.write_plan(_plan(runs, every, repeats) | plan, b'title = "Isolation, step by step"\n')
    for run in runs:
        number = every.index(run.variant)
        result = measured(run, number, random)
        if (number, run.repeat) == (3, 2):
            result = Result(run, error="the guest stopped: Kernel panic – not syncing\n\x1b[31m<b>console's end</b>")
        if number == 6:
            row = {"name": "kernel.timer_migration", "layer": "sysctl", "requested": "0", "effective": "1", "ok": False}
            result = replace(result, knobs=[*result.knobs, row | {"reason": "the kernel refused it"}])
        if (number, run.repeat) != (5, 3):
            folder.write_result(result)
    return path


def _plan(runs: list[Run], every: list[Variant], repeats: int) -> dict[str, Any]:
    return {
        "name": "isolation",
        "title": "Isolation, step by step",
        "question": "Which of the knobs keeps the kernel off the trader's CPU?",
        "design": "steps",
        "repeats": repeats,
        "metrics": list(METRICS),
        "factors": {step: ["off", "on"] for step in STEPS},
        "reference": every[0].name,
        "variants": [variant.name for variant in every],
        "definition": {},
        "runs": [asdict(run) for run in runs],
        "notes": [],
    }
