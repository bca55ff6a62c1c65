"""What the reader of a report must know before the figures."""

from collections.abc import Iterator, Sequence

from lab import raises
from lab.compare import Comparison
from lab.metrics import METRICS
from lab.mixed import mixed_results
from lab.model import Result
from lab.report import variants
from lab.report.loading import Loaded
from lab.verdicts import FEWEST_REPEATS, RELEVANT


def of(loaded: Loaded, comparisons: Sequence[Comparison], chosen: Sequence[str] = ()) -> list[str]:
    """What was chosen after results were there, failed and missing runs, results that are not of one program, knobs
    without effect, times of several machines, and noise that hides.

    `chosen`: metrics that were asked for instead of the experiment's own.
    """
    return [
        *_afterwards(loaded, chosen),
        *_runs(loaded),
        *mixed_results(loaded.done),
        *_knobs(loaded),
        *several_hosts(loaded.done, comparisons),
        *hidden(comparisons),
    ]


def chosen_afterwards(chosen: Sequence[str], own: Sequence[str]) -> Iterator[str]:
    """A warning of metrics that were asked for instead of an experiment's `own`."""
    if chosen and own and set(chosen) != set(own):
        yield (
            f"metrics chosen after the fact: {', '.join(chosen)}; the experiment is about {', '.join(own)}. "
            "What others show is a question for another experiment"
        )


def _afterwards(loaded: Loaded, chosen: Sequence[str]) -> Iterator[str]:
    yield from chosen_afterwards(chosen, loaded.metrics)
    if loaded.raised:
        yield raises.words(loaded.raised)


def _runs(loaded: Loaded) -> Iterator[str]:
    for result in loaded.failed:
        yield f"run {result.run.key} failed: {_first_line(result.error)}"
    if loaded.missing:
        yield f"{len(loaded.missing)} of {loaded.planned} runs are missing: {_few(loaded.missing)}"


def _knobs(loaded: Loaded) -> Iterator[str]:
    for name in loaded.variants:
        own = [result for result in loaded.done if result.run.variant.name == name]
        rows = variants.not_effective(own)
        if rows:
            knobs = _few([f"{row['name']} (requested {row['requested']}, is {row['effective']})" for row in rows])
            yield f"{name}: knobs that did not take effect: {knobs}"
        if lacking := variants.not_there(own):
            yield f"{name}: names knobs that its kernel or machine lacks, to no effect: {_few(lacking)}"


def several_hosts(results: Sequence[Result], comparisons: Sequence[Comparison]) -> list[str]:
    """A warning of times that were taken on more than one machine; counts compare across them."""
    hosts: dict[str, list[str]] = {}
    for name in dict.fromkeys(row.metric for row in comparisons if not METRICS[row.metric].quotable):
        own = {str(result.machine.get("host", "unknown")) for result in results if name in result.metrics}
        if len(own) > 1:
            hosts.setdefault(_few(sorted(own)), []).append(name)
    return [
        f"{', '.join(names)}: times of different machines ({where}) are compared: what differs between these may be "
        "taken for an effect, or hide one"
        for where, names in hosts.items()
    ]


def hidden(comparisons: Sequence[Comparison]) -> list[str]:
    """Warnings of noise that may hide effects; metrics of which the same is to be said together."""
    found: dict[str, list[str]] = {}
    for name in dict.fromkeys(row.metric for row in comparisons):
        rows = [row for row in comparisons if row.metric == name and row.hidden]
        if rows:
            text = f"an effect of {RELEVANT:g} % or more may be hidden in {_few([row.variant for row in rows])}"
            found.setdefault(f"{text}; {_remedy(rows)}", []).append(name)
    return [f"{', '.join(names)}: {text}" for text, names in found.items()]


def _remedy(rows: Sequence[Comparison]) -> str:
    """What would show it."""
    fewest = min(min(row.counts) for row in rows)
    if fewest < FEWEST_REPEATS:
        return f"{fewest} {'repeat' if fewest == 1 else 'repeats'} of some, {FEWEST_REPEATS} are the least"
    needed = [row.repeats for row in rows]
    most = max((count for count in needed if count is not None), default=None)
    if most is None or None in needed:
        return "give more repeats, or a workload with less noise"
    return f"{most:,} repeats of each would show it"


def _first_line(text: str) -> str:
    return text.strip().splitlines()[0] if text.strip() else "no reason given"


def _few(texts: Sequence[str], most: int = 4) -> str:
    more = len(texts) - most
    return ", ".join(texts[:most]) + (f" and {more} more" if more > 0 else "")
