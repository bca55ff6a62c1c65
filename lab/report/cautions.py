"""What the reader of a report must know before the figures."""

from collections.abc import Sequence

from lab.compare import Comparison
from lab.report import variants
from lab.report.loading import Loaded
from lab.verdicts import FEWEST_REPEATS, RELEVANT


def of(loaded: Loaded, comparisons: Sequence[Comparison]) -> list[str]:
    """Failed and missing runs, knobs without effect, and noise that hides."""
    found = [f"run {result.run.key} failed: {_first_line(result.error)}" for result in loaded.failed]
    if loaded.missing:
        found.append(f"{len(loaded.missing)} of {loaded.planned} runs are missing: {_few(loaded.missing)}")
    for name in loaded.variants:
        own = [result for result in loaded.done if result.run.variant.name == name]
        rows = variants.not_effective(own)
        if rows:
            knobs = _few([f"{row['name']} (requested {row['requested']}, is {row['effective']})" for row in rows])
            found.append(f"{name}: knobs that did not take effect: {knobs}")
        if lacking := variants.not_there(own):
            found.append(f"{name}: names knobs that its kernel or machine lacks, to no effect: {_few(lacking)}")
    return found + hidden(comparisons)


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
