"""What the runs of a variant showed besides figures to compare: knobs, interrupts by CPU and second, distributions."""

from collections.abc import Sequence
from statistics import median
from typing import Any, Final

from image.catalogue import UNSET
from lab.model import Result, Variant

NOT_THERE: Final = ("absent", "not applicable")
"""What the guest calls a knob that its kernel or its machine does not have (hftapp/knobs/result.py)."""


def of(name: str, results: Sequence[Result]) -> dict[str, Any]:
    """What a variant is, and what its runs showed besides the figures."""
    own = [result for result in results if result.run.variant.name == name]
    done = [result for result in own if not result.error]
    what = own[0].run.variant if own else Variant(name)
    return {
        "kernel": what.kernel,
        "profile": what.profile,
        "levels": dict(what.levels),
        "factors": dict(what.factors),
        "runs": len(done),
        "failed": len(own) - len(done),
        "knobs_not_effective": not_effective(done),
        "notes": list(dict.fromkeys(note for result in done for note in result.notes)),
        "seconds": median(result.seconds for result in done) if done else 0.0,
        "interrupts_per_s": _rates(done),
        "per_second": _per_second(done),
        "histograms": _histograms(done),
    }


def not_effective(results: Sequence[Result]) -> list[dict[str, Any]]:
    """Knobs that did not take effect in some run, each once, with in how many runs."""
    found: dict[str, dict[str, Any]] = {}
    for result in results:
        for row in result.knobs:
            if row.get("ok") is not False:
                continue
            keys = ("name", "layer", "requested", "effective", "reason")
            entry = found.setdefault(str(row.get("name")), {key: str(row.get(key, "")) for key in keys} | {"runs": 0})
            entry["runs"] += 1
    return list(found.values())


def not_there(results: Sequence[Result]) -> list[str]:
    """Knobs that the variant itself gives a level, on a machine that has no such thing: no failure, and no effect."""
    return list(
        dict.fromkeys(
            str(row.get("name"))
            for result in results
            for row in result.knobs
            if result.run.variant.levels.get(str(row.get("name")), UNSET) != UNSET
            and row.get("ok") is True
            and row.get("effective") in NOT_THERE
        )
    )


def _rates(results: Sequence[Result]) -> dict[str, dict[str, float]]:
    """Interrupts a second, CPU to name, mean of the runs; without those that never came."""
    seconds = sum(result.seconds for result in results)
    totals: dict[str, dict[str, int]] = {}
    for result in results:
        for cpu, counts in result.interrupts_by_cpu.items():
            own = totals.setdefault(cpu, {})
            for name, count in counts.items():
                own[name] = own.get(name, 0) + count
    if not seconds:
        return {}
    return {cpu: {name: n / seconds for name, n in counts.items() if n} for cpu, counts in totals.items()}


def _per_second(results: Sequence[Result]) -> dict[str, list[float]]:
    """The trading CPU's interrupts in each second, by name: the median of the runs."""
    names = dict.fromkeys(name for result in results for name in result.series)
    length = max((len(row) for result in results for row in result.series.values()), default=0)
    found = {}
    for name in names:
        rows = [result.series.get(name, []) for result in results if result.series]
        found[name] = [median(row[at] if at < len(row) else 0 for row in rows) for at in range(length)]
    return {name: row for name, row in found.items() if any(row)}


def _histograms(results: Sequence[Result]) -> dict[str, list[list[float]]]:
    """The runs' counts together."""
    found: dict[str, dict[float, float]] = {}
    for result in results:
        for name, rows in result.histograms.items():
            own = found.setdefault(name, {})
            for bound, count in rows:
                own[bound] = own.get(bound, 0) + count
    return {name: [[bound, own[bound]] for bound in sorted(own)] for name, own in found.items() if own}
