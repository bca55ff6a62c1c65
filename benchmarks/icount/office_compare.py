"""The same ticks in front of different offices: what they cost, and whether an office changes that.

A tick costs the trader the same instructions in every run but for two things. Rings of descriptors are tidied up once
in so many frames, so which tick pays depends on how many acknowledgements and heartbeats went before. And both CPUs
take turns on one counter: a turn of the supervisor that falls between two readings is counted. Neither moves a median,
which is therefore what is compared; line A and line B each have their own, as the arbiter's way is not the same.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from lab.lockstep.results import Results, figures

LINES: Final = "AB"
"""Ticks come on them in turn."""
ALL: Final = "all"
"""The name of the whole path among the stages."""


class ComparisonError(Exception):
    """A run of which nothing can be said; the text says why."""


def counted(results: Results, warm_up: int) -> dict[str, Any]:
    """Figures of a run without its first ticks: `after` (burst to doorbell), and the medians of each line by stage.

    Raises ComparisonError where there are no ticks of both lines.
    """
    if len(results.after) < warm_up + len(LINES):
        raise ComparisonError(f"{len(results.after)} ticks, of which {warm_up} are not counted: nothing is left")
    rows = {ALL: results.after, **results.stages}
    medians = {
        line: {name: figures(_of(samples, number, warm_up))["p50"] for name, samples in rows.items()}
        for number, line in enumerate(LINES)
    }
    return {"after": figures(results.after[warm_up:]), "p50": medians}


def changed(row: dict[str, Any], base: dict[str, Any]) -> list[str]:
    """Medians in which a run differs from the one without an office."""
    return [
        f"line {line}, {name}: {row['p50'][line][name]:,}, not {count:,}"
        for line, stages in base["p50"].items()
        for name, count in stages.items()
        if row["p50"][line][name] != count
    ]


def known(run: Sequence[int], base: Sequence[int]) -> int:
    """How many ticks of a run took as many instructions as at least two ticks of another."""
    usual = {count for count, times in Counter(base).items() if times > 1}
    return sum(count in usual for count in run)


def _of(samples: Sequence[int], line: int, warm_up: int) -> list[int]:
    """The ticks of a line behind the warm-up."""
    return [samples[number] for number in range(warm_up, len(samples)) if number % len(LINES) == line]
