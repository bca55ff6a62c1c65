"""How often the lab's verdicts are wrong: simulated experiments in which nothing differs, or one variant by 5 %."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from rich.table import Table

from lab.compare import Comparison, compare
from lab.model import Result, Run, Variant, Workload
from lab.ranking import rank

SECONDS: Final = 10.0
REPEATS: Final = (3, 5, 10)
SIZES: Final = ((1, 1), (1, 3), (4, 3), (8, 6))
"""Variants besides the reference, and metrics, of an experiment."""
RANKED: Final = (4, 3)
"""The size of experiments whose factors are ranked as well: each variant is one more factor moved."""
EXPERIMENTS: Final = 200
QUICK: Final = 50
LOOKS: Final = range(4, 21)
"""Repeats after which somebody looks who stops when an effect is shown."""
LOOKING: Final = 2000
PLANTED: Final = 0.05
_REFERENCE: Final = "v0"

Values = npt.NDArray[np.floating[Any]]
Shape = Callable[[np.random.Generator, int], Values]

TIMES: Final = ("gap_max_us", "boot_s", "available", "loc_per_s", "gaps_per_s", "ipis_per_s")
COUNTS: Final = ("switches", "faults", "memory_kib", "loc_per_s", "ipis_per_s", "softirqs_per_s")


@dataclass(frozen=True, slots=True)
class Noise:
    """A kind of noise: values of one run after the other, and whether they are counts. `reference`: how many times as
    far from 100 the reference's values are."""

    draw: Shape
    counts: bool = False
    reference: float = 1.0

    def metrics(self, number: int) -> list[str]:
        """The first so many metrics."""
        return list((COUNTS if self.counts else TIMES)[:number])


NOISES: Final[Mapping[str, Noise]] = {
    "normal": Noise(lambda random, count: random.normal(1000, 10, count)),
    "lognormal": Noise(lambda random, count: random.lognormal(0, 1, count)),
    "heavy tail": Noise(lambda random, count: 100 + random.standard_cauchy(count)),
    "noisy reference": Noise(lambda random, count: random.normal(100, 1, count), reference=20.0),
    "spikes": Noise(lambda random, count: random.normal(100 + 50 * random.binomial(1, 0.2, count), 1.0)),
    "two states": Noise(lambda random, count: 1000.0 * (random.random(count) < 0.5), counts=True),
    "counts": Noise(lambda random, count: random.poisson(1, count).astype(np.float64), counts=True),
    "rare counts": Noise(lambda random, count: random.poisson(0.1, count).astype(np.float64), counts=True),
    "all zero": Noise(lambda _, count: np.zeros(count), counts=True),
}
PLANTED_IN: Final[Mapping[str, Shape]] = {
    "normal, 1 %": lambda random, count: random.normal(1000, 10, count),
    "uniform, ± 2 %": lambda random, count: random.uniform(980, 1020, count),
    "skewed, 1 %": lambda random, count: 990 + random.exponential(10, count),
    "counts, 1 %": lambda random, count: random.poisson(10_000, count).astype(np.float64),
    "normal, 3 %": lambda random, count: random.normal(1000, 30, count),
}
"""Noise around a figure, for a difference to be found in."""


def results(values: Mapping[str, Mapping[str, Sequence[float]]]) -> list[Result]:
    """Runs of variants: name to metric to the values of its repeats; each variant but the first moves a factor."""
    found: list[Result] = []
    for variant, metrics in values.items():
        factors = {name: "on" if name == variant else "off" for name in values if name != _REFERENCE}
        for repeat in range(max(map(len, metrics.values()))):
            run = Run(len(found), Variant(variant, factors=factors), repeat + 1, Workload("idle", SECONDS))
            own = {name: float(each[repeat]) for name, each in metrics.items() if repeat < len(each)}
            found.append(Result(run, seconds=SECONDS, metrics=own))
    return found


def alike(noise: Noise, repeats: int, variants: int, metrics: int, random: np.random.Generator) -> list[Result]:
    """The runs of an experiment in which nothing differs."""
    names = noise.metrics(metrics)
    values = {f"v{v}": {name: noise.draw(random, repeats).tolist() for name in names} for v in range(variants + 1)}
    if noise.reference != 1:
        values[_REFERENCE] = {
            name: [100 + noise.reference * (value - 100) for value in each] for name, each in values[_REFERENCE].items()
        }
    return results(values)


def compared(runs: Sequence[Result], metrics: Sequence[str]) -> list[Comparison]:
    """The verdicts on all variants but the reference."""
    names = dict.fromkeys(run.run.variant.name for run in runs)
    return compare(runs, [(_REFERENCE, name) for name in names if name != _REFERENCE], metrics)


def nothing(noise: Noise, repeats: int, variants: int, metrics: int, random: np.random.Generator) -> list[Comparison]:
    """The verdicts of an experiment in which nothing differs."""
    return compared(alike(noise, repeats, variants, metrics, random), noise.metrics(metrics))


def planted(draw: Shape, repeats: int, random: np.random.Generator) -> list[Comparison]:
    """The verdicts on four variants, of which the first is 5 % above the reference, and one metric."""
    drawn = [draw(random, repeats) for _ in range(5)]
    drawn[1] *= 1 + PLANTED
    return compared(results({f"v{v}": {"loc_per_s": each.tolist()} for v, each in enumerate(drawn)}), ["loc_per_s"])


def _seeded(name: str, repeats: int, variants: int, metrics: int) -> np.random.Generator:
    return np.random.default_rng([repeats, variants, metrics, *name.encode()])


def false_effects(name: str, repeats: int, variants: int, metrics: int, experiments: int) -> float:
    """The share of experiments without any difference that show one."""
    random = _seeded(name, repeats, variants, metrics)
    wrong = 0
    for _ in range(experiments):
        wrong += any(row.effect for row in nothing(NOISES[name], repeats, variants, metrics, random))
    return wrong / experiments


def false_factors(name: str, repeats: int, variants: int, metrics: int, experiments: int) -> float:
    """The share of the same experiments whose ranking shows a factor's effect."""
    random, names = _seeded(name, repeats, variants, metrics), NOISES[name].metrics(metrics)
    factors = {f"v{v}": ("off", "on") for v in range(1, variants + 1)}
    wrong = 0
    for _ in range(experiments):
        runs = alike(NOISES[name], repeats, variants, metrics, random)
        wrong += any(effect.effect for effect in rank(runs, factors, names))
    return wrong / experiments


def stopping(experiments: int) -> tuple[float, float]:
    """The shares of experiments, two variants that do not differ and normal noise, that show an effect: after any of
    `LOOKS`, and after the last of them alone."""
    random = np.random.default_rng(LOOKS.stop)
    noise, any_look, last_look = NOISES["normal"], 0, 0
    for _ in range(experiments):
        runs = alike(noise, LOOKS[-1], 1, 1, random)
        shown = [_shown([run for run in runs if run.run.repeat <= repeats], noise.metrics(1)) for repeats in LOOKS]
        any_look += any(shown)
        last_look += shown[-1]
    return any_look / experiments, last_look / experiments


def _shown(runs: Sequence[Result], metrics: Sequence[str]) -> bool:
    return any(row.effect for row in compared(runs, metrics))


@dataclass(frozen=True, slots=True)
class Found:
    """Shares of experiments with a planted difference: it is shown; its interval covers it; another is shown too."""

    shown: float
    covered: float
    others: float


def found(name: str, repeats: int, experiments: int) -> Found:
    """What became of a planted difference."""
    random = np.random.default_rng([repeats, *name.encode()])
    shown = covered = others = 0
    true = 1000 * PLANTED * (10 if name.startswith("counts") else 1)
    for _ in range(experiments):
        first, *rest = planted(PLANTED_IN[name], repeats, random)
        low, high = first.interval or (0.0, 0.0)
        shown += first.effect
        covered += low <= true <= high
        others += any(row.effect for row in rest)
    return Found(shown / experiments, covered / experiments, others / experiments)


def run(quick: bool = False, progress: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """All kinds of noise, numbers of repeats and sizes of experiments; ``quick``: fewer experiments of each."""
    experiments = QUICK if quick else EXPERIMENTS
    null, effects = [], []
    for name in NOISES:
        progress(f"nothing differs, noise: {name}")
        for repeats in REPEATS:
            shares = [false_effects(name, repeats, *size, experiments) for size in SIZES]
            ranked = false_factors(name, repeats, *RANKED, experiments)
            null.append({"noise": name, "repeats": repeats, "shares": shares, "ranked": ranked})
    for name in PLANTED_IN:
        progress(f"one variant of four differs by {100 * PLANTED:.0f} %, noise: {name}")
        effects += [{"noise": name, "repeats": n, **asdict(found(name, n, experiments))} for n in REPEATS]
    looking = QUICK if quick else LOOKING
    progress(f"nothing differs, and somebody looks after each repeat from {LOOKS[0]} to {LOOKS[-1]}")
    any_look, last_look = stopping(looking)
    return {
        "experiments": experiments,
        "sizes": SIZES,
        "ranked": RANKED,
        "null": null,
        "planted": effects,
        "stopping": {
            "experiments": looking,
            "from": LOOKS[0],
            "to": LOOKS[-1],
            "any": any_look,
            "last": last_look,
        },
    }


def tables(results: dict[str, Any]) -> list[Table]:
    """False effects, what was found of true ones, and what comes of looking again and again."""
    return [_null(results), _planted(results), _stopping(results["stopping"])]


def _null(results: dict[str, Any]) -> Table:
    count = f"{results['experiments']:,} experiments each"
    null = Table(title=f"Nothing differs: reports with any effect, in percent; {count}", title_justify="left")
    null.add_column("noise")
    null.add_column("repeats", justify="right")
    for variants, metrics in results["sizes"]:
        null.add_column(f"{variants} × {metrics}", justify="right")
    factors, metrics = results["ranked"]
    null.add_column(f"factors, {factors} × {metrics}", justify="right")
    for row in results["null"]:
        shares = (*row["shares"], row["ranked"])
        null.add_row(row["noise"], str(row["repeats"]), *(f"{100 * share:.1f}" for share in shares))
    return null


def _planted(results: dict[str, Any]) -> Table:
    count = f"{results['experiments']:,} experiments each"
    effects = Table(title=f"One variant of four differs by 5 %, in percent; {count}", title_justify="left")
    for title in ("noise", "repeats", "shown", "interval covers it", "a false one beside it"):
        effects.add_column(title, justify="left" if title == "noise" else "right")
    for row in results["planted"]:
        shares = (row["shown"], row["covered"], row["others"])
        effects.add_row(row["noise"], str(row["repeats"]), *(f"{100 * share:.1f}" for share in shares))
    return effects


def _stopping(found: dict[str, Any]) -> Table:
    title = f"Nothing differs, two variants, one metric, normal noise: effects, in percent of {found['experiments']:,}"
    table = Table("looked at", title=title, title_justify="left")
    table.add_column("shown", justify="right")
    table.add_row(f"after each repeat from {found['from']} to {found['to']}", f"{100 * found['any']:.1f}")
    table.add_row(f"after {found['to']} repeats only", f"{100 * found['last']:.1f}")
    return table
