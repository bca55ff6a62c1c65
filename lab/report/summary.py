"""Everything that a report says, as JSON takes it. The page and the terminal show this and nothing else."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, Final

from lab import ranking, samples
from lab.compare import Comparison, compare
from lab.metrics import METRICS
from lab.model import Result
from lab.report import cautions, variants
from lab.report.loading import Loaded
from lab.verdicts import EFFECTS
from qemu.accel import NOT_QUOTABLE

Summary = dict[str, Any]
UNKNOWN: Final = "of an unknown machine"
"""Why times may not be quoted whose accelerator the results do not name."""


def summary(loaded: Loaded, metrics: Sequence[str] = ()) -> Summary:
    """The report of an experiment; `metrics`: to be compared instead of those that it names."""
    results = loaded.results
    known = samples.measured(results)
    chosen = [name for name in metrics or loaded.metrics if name in known]
    pairs = [(loaded.reference, name) for name in loaded.variants if name != loaded.reference]
    comparisons = compare(results, pairs, chosen)
    return {
        "experiment": {
            "name": loaded.name,
            "title": loaded.title,
            "question": loaded.question,
            "design": loaded.design,
            "repeats": loaded.repeats,
            "raised": [asdict(each) for each in loaded.raised],
            "reference": loaded.reference,
            "factors": {name: list(levels) for name, levels in loaded.factors.items()},
            "notes": list(loaded.notes),
        },
        "runs": {
            "planned": loaded.planned,
            "succeeded": len(loaded.done),
            "failed": [_failure(result) for result in loaded.failed],
            "missing": list(loaded.missing),
        },
        "machines": machines(loaded.done),
        "metrics": {name: metric(name, name in chosen, loaded.done) for name in known},
        "not_measured": [name for name in metrics or loaded.metrics if name not in known],
        "variants": {name: variants.of(name, results) for name in loaded.variants},
        "values": values(results, known, loaded.variants),
        "comparisons": [record(row) for row in comparisons],
        "effects": [asdict(effect) for effect in ranking.rank(results, loaded.factors, chosen)],
        "explained": {name: ranking.explained(results, loaded.factors, name) for name in chosen},
        "warnings": cautions.of(loaded, comparisons, metrics),
    }


def record(row: Comparison) -> Summary:
    """A comparison with its percentages."""
    interval = row.interval
    plain = asdict(replace(row, unseen=None))
    del plain["unseen"]
    return plain | {
        "smallest": row.smallest,
        "repeats": row.repeats,
        "percent": row.percent(row.difference),
        "interval_percent": [row.percent(end) for end in interval] if interval and row.medians[0] else None,
        "smallest_percent": row.percent(row.smallest),
        "hidden": row.hidden,
    }


def values(
    results: Sequence[Result], metrics: Sequence[str], variants: Sequence[str]
) -> dict[str, dict[str, list[float]]]:
    """The raw figures: metric to variant to one of each run, in the order of repeats."""
    found = {name: samples.of(results, METRICS[name]) for name in metrics}
    return {
        name: {variant: list(own[variant].values) for variant in variants if variant in own}
        for name, own in found.items()
    }


def mark(name: str, results: Sequence[Result]) -> str:
    """Why a metric's figures may not be quoted: they are times, and those of a guest; empty for counts."""
    if METRICS[name].quotable:
        return ""
    reasons = sorted({NOT_QUOTABLE.get(str(result.machine.get("accelerator")), UNKNOWN) for result in results})
    return f"not quotable: {' and '.join(reasons)}" if reasons else ""


def machines(results: Sequence[Result]) -> list[Summary]:
    """The machines that runs were done on, with how many runs."""
    found: dict[tuple[str, ...], int] = {}
    for result in results:
        key = tuple(str(result.machine.get(name, "?")) for name in ("host", "accelerator"))
        found[key] = found.get(key, 0) + 1
    return [{"host": host, "accelerator": accelerator, "runs": runs} for (host, accelerator), runs in found.items()]


def metric(name: str, compared: bool, results: Sequence[Result]) -> Summary:
    """What a metric is; `mark`: whether its figures may be quoted."""
    row = METRICS[name]
    return {
        "unit": row.unit,
        "what": row.what,
        "better": row.better,
        "compared": compared,
        "mark": mark(name, results),
    }


def _failure(result: Result) -> Summary:
    return {"run": result.run.key, "variant": result.run.variant.name, "error": result.error}


def shown(comparisons: Sequence[Mapping[str, Any]]) -> int:
    """How many comparisons show an effect."""
    return sum(row["verdict"] in EFFECTS for row in comparisons)
