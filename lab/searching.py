"""A search for a culprit with its folder: boots what has no result yet, and keeps it."""

import json
from dataclasses import asdict, replace
from typing import Any

from lab import bisect, storage
from lab.bisect import Finding, Point, Rule, Unit
from lab.durations import Estimates
from lab.errors import BisectError, StorageError
from lab.knob_levels import Knobs
from lab.metrics import METRICS
from lab.mixed import mixed_results
from lab.model import Result, Run, Variant, Workload
from lab.run_experiment import Audience, Prepare
from lab.runner import Finished, Here, Measure, do
from lab.storage import Folder


class _Boots:
    """Tells an audience of boots that are done one by one, as the search decides."""

    def __init__(self, audience: Audience, expected: int, estimates: Estimates) -> None:
        self._audience, self._expected, self._estimates = audience, expected, estimates
        self.number = 0

    def started(self, run: Run, place: int, total: int, left: float) -> None:
        """See `lab.runner.Watch`; the search's own numbers take the place of the run's."""
        del place, total, left
        boots, after = self._rest(run)
        self._audience.started(run, self.number, boots, after + self._estimates.seconds(run))

    def said(self, run: Run, text: str) -> None:
        """See `lab.runner.Watch`."""
        self._audience.said(run, text)

    def finished(self, done: Finished, place: int, total: int, left: float) -> None:
        """See `lab.runner.Watch`."""
        del place, total, left
        self._audience.finished(done, self.number, *self._rest(done.result.run))

    def _rest(self, run: Run) -> tuple[int, float]:
        """How many boots it will be, and the seconds that those after this one take."""
        total = max(self._expected, self.number)
        return total, (total - self.number) * self._estimates.seconds(run)


def units(good: Variant, bad: Variant, workload: Workload, metric: str, knobs: Knobs) -> list[Unit]:
    """What is searched. Raises BisectError when there is nothing to search, or the workload has no such metric."""
    if workload.kind not in METRICS[metric].workloads:
        raise BisectError(
            f"{metric} is not measured under the workload {workload.kind}: choose another --metric, or an experiment "
            f"whose workload is one of {', '.join(METRICS[metric].workloads)}"
        )
    return bisect.differing(good, bad, knobs)


class Searching:
    """The search between two variants in one metric. Raises BisectError when there is nothing to search.

    Raises StorageError when the folder holds another search.
    """

    def __init__(
        self, good: Variant, bad: Variant, workload: Workload, metric: str, knobs: Knobs, folder: Folder
    ) -> None:
        self._good, self._bad = good, bad
        self._workload, self._metric, self._knobs, self._folder = workload, metric, knobs, folder
        self.units = units(good, bad, workload, metric, knobs)
        self._boots = 0
        definition = {"good": asdict(good), "bad": asdict(bad), "workload": asdict(workload), "units": self.units}
        stored = folder.read_plan()
        if stored is not None and stored["definition"] != json.loads(json.dumps(definition)):
            raise StorageError(
                f"{folder.path} holds the boots of another search: begin anew with --fresh, or give another --dir"
            )
        folder.set_damaged_aside()
        folder.write_plan({storage.KIND: storage.SEARCH, "definition": definition, "runs": []}, b"")
        self._done = {result.run.key: result for result in folder.results() if not result.error}

    def find(self, measure: Measure, prepare: Prepare, rule: Rule, audience: Audience) -> Finding:
        """The culprit. Raises BisectError when the ends do not differ or a boot fails."""
        executor, estimates = Here(measure), Estimates(storage.durations(self._folder.path))
        expected = bisect.most_boots(len(self.units), rule)
        boots = _Boots(audience, expected, estimates)
        audience.note(f"{sum(map(len, self.units))} knobs differ: {expected} boots when all are clear")

        def boot(count: int, repeat: int) -> float:
            self._boots += 1
            run = Run(self._boots - 1, self.variant(count), repeat, self._workload)
            result = self._done.get(run.key)
            if result is None:
                prepare([run.variant], audience.preparing)
                boots.number = self._boots
                (result,) = do([run], self._folder, executor, boots, estimates)
            return self._value(result)

        finding = bisect.find(self.units, boot, rule)
        for text in mixed_results(self._folder.results()):
            audience.note(f"warning: {text}")
        return finding

    def variant(self, count: int) -> Variant:
        """The good variant with the first so many units as in the bad one."""
        mixed = [name for unit in self.units[:count] for name in unit]
        variant = bisect.mixture(self._good, self._bad, mixed, self._knobs)
        return replace(variant, name=f"{count}-of-{len(self.units)}")

    def as_dict(self, finding: Finding) -> dict[str, Any]:
        """A finding as JSON takes it."""
        levels = {name: [self._knobs.level(name, v) for v in (self._good, self._bad)] for name in finding.culprit}
        return {
            "good": self._good.name,
            "bad": self._bad.name,
            "metric": self._metric,
            "threshold": finding.threshold,
            "culprit": levels,
            "share": finding.share,
            "boots": finding.boots,
            "knobs": sum(map(len, self.units)),
            "order": [list(unit) for unit in self.units],
            "points": [self._point(point) for point in finding.points],
        }

    def _point(self, point: Point) -> dict[str, Any]:
        mixed = self.units[: point.count]
        return {
            "knobs": sum(map(len, mixed)),
            "last": ", ".join(mixed[-1]) if mixed else "",
            "values": list(point.values),
            "bad": point.bad,
        }

    def _value(self, result: Result) -> float:
        key = result.run.key
        if result.error:
            raise BisectError(f"the boot {key} failed: {result.error}; the same command tries it again")
        if self._metric not in result.metrics:
            known = ", ".join(sorted(result.metrics)) or "none"
            raise BisectError(f"the boot {key} has no {self._metric}: choose a --metric of: {known}")
        return result.metrics[self._metric]
