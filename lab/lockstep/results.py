"""What a guest prints at its end: samples, the calibration of its counter, notes; and the figures made of them.

The peers print lines. The image prints the result of its harness program as JSON, with the same names.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field


class ResultsError(Exception):
    """The console holds no complete result; the text quotes what it does hold."""


@dataclass
class Results:
    """Instructions of each tick: from the return of the receiving call (`after`) and from its beginning (`before`).

    `whole`: from the call before that one, so with all that the kernel did meanwhile; only the image has it.
    """

    after: list[int] = field(default_factory=list)
    before: list[int] = field(default_factory=list)
    whole: list[int] = field(default_factory=list)
    calibration: float = 0.0
    """TSC units an instruction, from a loop of known length; 1.0 when the counter counts instructions."""
    notes: list[str] = field(default_factory=list)
    stages: dict[str, list[int]] = field(default_factory=dict)
    """Samples of each stage of the path, in its order; only the image has them."""
    journal_records: int = 0
    """What the supervisor has journalled, where there was one."""


IMAGE = "hftos: result "


def parse(console: Iterable[str]) -> Results:
    """The result on a serial console. Raises ResultsError when it is not complete."""
    results = Results()
    tail: list[str] = []
    for line in console:
        words = line.split()
        if not words:
            continue
        if line.startswith(IMAGE):
            return _of_image(line.removeprefix(IMAGE))
        if words[0] == "SAMPLE":
            results.after.append(int(words[1]))
            results.before.append(int(words[2]))
        elif words[0] == "CALIBRATION":
            results.calibration = int(words[2]) / int(words[1])
        elif words[0] == "NOTE":
            results.notes.append(" ".join(words[1:]))
        elif words[0] == "END":
            if int(words[1]) != len(results.after):
                raise ResultsError(f"the guest took {words[1]} samples, {len(results.after)} are on its console")
            return results
        else:
            tail = [*tail[-4:], line.strip()]
    raise ResultsError(f"the guest printed no result; its console ends with: {' / '.join(tail) or 'nothing'}")


def _of_image(text: str) -> Results:
    """From the image's own JSON: `after`, `before`, `stages`, `calibration`."""
    found = json.loads(text)
    if "after" not in found:
        raise ResultsError(f"the image's result has no samples `after`: {text[:200]}")
    return Results(
        after=list(found["after"]),
        before=list(found.get("before", [])),
        whole=list(found.get("whole", [])),
        calibration=float(found.get("calibration", 0)),
        stages={name: list(samples) for name, samples in found.get("stages", {}).items()},
        journal_records=int(found.get("journal_records", 0)),
    )


def figures(samples: Sequence[int]) -> dict[str, int]:
    """Least, median, 99th percentile and most of some samples. Raises ValueError for none."""
    if not samples:
        raise ValueError("no samples: nothing was measured")
    ordered = sorted(samples)
    last = len(ordered) - 1
    return {
        "min": ordered[0],
        "p50": ordered[last // 2],
        "p99": ordered[last * 99 // 100],
        "max": ordered[last],
    }
