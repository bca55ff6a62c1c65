"""`hftos lab run`: do an experiment, go on with one, and report."""

import json
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from lab import experiment as experiments
from lab import knob_levels, storage
from lab.cli_errors import explained
from lab.model import Result, Variant
from lab.run_experiment import Choices, carry_out
from lab.run_progress import RunProgress
from lab.runner import Executor, Here, failures


@click.command()
@click.argument("experiment")
@click.option(
    "--dir",
    "directory",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the results go; one run at a time.  [default: build/lab/NAME]",
)
@click.option(
    "--repeats",
    type=click.IntRange(1, experiments.MOST_REPEATS),
    help="Boots of each variant; more may be added later.",
)
@click.option("--seed", type=click.IntRange(0, experiments.MOST_SEED), help="Decides the order of the runs.")
@click.option("--only", multiple=True, metavar="VARIANT", help="Boot this variant only; repeatable.")
@click.option("--again-failed", is_flag=True, help="Do the failed runs again as well.")
@click.option("--fresh", is_flag=True, help="Begin anew; the lab's files there are kept in a folder beside it.")
@click.option("--dask", metavar="ADDRESS", help="Do the runs on the Dask cluster whose scheduler is there.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
@explained
def run(
    experiment: str,
    directory: Path | None,
    repeats: int | None,
    seed: int | None,
    only: tuple[str, ...],
    again_failed: bool,
    fresh: bool,
    dask: str | None,
    as_json: bool,
) -> None:
    """Boot the variants of EXPERIMENT, a name or a TOML file, in a random order, and report.

    Runs that have a result are not done again: after Ctrl-C, a crash or a power failure the same command goes on. A
    failed run is kept with its error, and the exit status is 1.
    """
    found = experiments.find(experiment)
    path = (directory or storage.LAB_FOLDER / found.name).resolve()
    choices = Choices(repeats, seed, only, again_failed, fresh)
    with RunProgress(Console(stderr=True)) as progress:
        try:
            with _executor(dask) as executor:
                results = carry_out(found, knob_levels.load(), path, executor, _prepare(dask, path), progress, choices)
        except KeyboardInterrupt:
            progress.note(f"the runs that have ended are kept in {path}: the same command goes on from there")
            raise
    _report(path, results, as_json)
    if any(result.error for result in results):
        sys.exit(1)


def _executor(dask: str | None) -> AbstractContextManager[Executor]:
    if dask is None:
        from lab import guest

        return nullcontext(Here(guest.measure))
    from lab.dask_cluster import Cluster  # takes a second to import

    return Cluster(dask)


def _prepare(dask: str | None, path: Path) -> Callable[[Sequence[Variant], Callable[[str], None]], None]:
    """What builds variants here; workers of a cluster build their own."""
    if dask is not None:
        return lambda _variants, _say: None
    from lab import guest

    return guest.preparing(path)


def _report(path: Path, results: Sequence[Result], as_json: bool) -> None:
    from lab import report  # needs SciPy, which takes a second to import
    from lab.report import tables

    found = report.as_json(path)
    page = report.write(path, found)
    outcome: dict[str, Any] = {"folder": str(path), "runs": len(results), "failed": failures(results)}
    if as_json:
        click.echo(json.dumps(outcome | {"report": str(page), "json": str(page.with_suffix(".json"))}))
        return
    report.terminal(path, tables.console(), found)
    for failure in outcome["failed"]:
        click.echo(f"failed: {failure['run']}: {failure['error'].splitlines()[0]}", err=True)
    click.echo(f"report: {page}")
