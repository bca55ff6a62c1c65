"""`hftos lab report`, `table` and `compare`: what came of experiments, and what is between two variants."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from lab import report as reports
from lab import samples, sides
from lab.cli_errors import explained
from lab.compare import compare as compare_variants
from lab.metrics import METRICS
from lab.mixed import mixed_results
from lab.report import cautions, matrix, tables
from lab.report.summary import metric, record, values

_metric: Callable[[Any], Any] = click.option(
    "--metric",
    "metrics",
    multiple=True,
    type=click.Choice(list(METRICS)),
    help="This one instead of the experiment's own; repeatable.",
)
_shipped = click.option(
    "--shipped", is_flag=True, help="Show the results that come with the project, not those of a run here."
)
_json = click.option("--json", "as_json", is_flag=True, help="Print all figures as JSON.")


@click.command()
@click.argument("experiment", metavar="NAME|DIR")
@_metric
@_shipped
@_json
@click.option(
    "--save",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the figures of all runs to FILE as JSON, without histograms: to keep, and to show again.",
)
@explained
def report(experiment: str, metrics: tuple[str, ...], shipped: bool, as_json: bool, save: Path | None) -> None:
    """Report on an experiment that was run, also on one that is not yet done: a table here, a page in its folder.

    NAME is one of build/lab/, DIR the folder of another. With --metric the page is another, and says that its metrics
    were chosen after the fact.
    """
    if shipped:
        _report_shipped(experiment, metrics, as_json, save)
        return
    folder = sides.report_folder(experiment)
    found = reports.as_json(folder, metrics)
    page = reports.write(folder, found, metrics)
    if save is not None:
        matrix.save(found, save)
    if as_json:
        click.echo(json.dumps(found))
        return
    reports.terminal(folder, tables.console(), found)
    click.echo(f"report: {page}")


def _report_shipped(experiment: str, metrics: tuple[str, ...], as_json: bool, save: Path | None) -> None:
    if metrics:
        raise click.UsageError("--metric asks for a new comparison, and results that come with the project are done")
    if save is not None:
        raise click.UsageError(f"--save keeps a run's figures, and those of the project are kept: in {matrix.SHIPPED}")
    found = matrix.read_shipped(experiment)
    if as_json:
        click.echo(json.dumps(found))
    else:
        tables.show(found, tables.console())


@click.command()
@click.argument("experiments", metavar="NAME|DIR...", nargs=-1, required=True)
@_metric
@_shipped
@explained
def table(experiments: tuple[str, ...], metrics: tuple[str, ...], shipped: bool) -> None:
    """Experiments as one Markdown table: a row for each variant, a column for each metric."""
    found = [
        matrix.read_shipped(name) if shipped else reports.as_json(sides.report_folder(name)) for name in experiments
    ]
    click.echo(matrix.table(found, metrics))


@click.command()
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@click.option("--experiment", "-e", metavar="NAME|DIR", help="A and B are variants of this experiment that was run.")
@_metric
@_json
@explained
def compare(first: str, second: str, experiment: str | None, metrics: tuple[str, ...], as_json: bool) -> None:
    """Compare B with A: two variants, as EXPERIMENT/VARIANT; two experiments, variants with the same names; or two
    results, files of an experiment's runs/.

    All comparisons are one family: the more metrics, the larger a difference must be to be shown.
    """
    folder = None if experiment is None else sides.report_folder(experiment)
    found_sides = sides.find(first, folder), sides.find(second, folder)
    both = sides.together((first, second), found_sides, metrics)
    known = samples.measured(both.results)
    chosen = [name for name in both.metrics if name in known]
    if not chosen:
        raise click.ClickException(f"no run of {first} or {second} has any of {', '.join(both.metrics)}")
    rows = compare_variants(both.results, both.pairs, chosen)
    used = [result for result in both.results if not result.error]
    found: dict[str, Any] = {
        "comparisons": [record(row) for row in rows],
        "metrics": {name: metric(name, True, used) for name in chosen},
        "values": values(both.results, chosen, list(dict.fromkeys(name for pair in both.pairs for name in pair))),
        "warnings": [
            *cautions.chosen_afterwards(metrics, both.own),
            *(text for results in sides.together_measured(*found_sides) for text in mixed_results(results)),
            *cautions.several_hosts(used, rows),
            *cautions.hidden(rows),
        ],
    }
    if as_json:
        click.echo(json.dumps(found))
        return
    console = tables.console()
    tables.comparisons(found["comparisons"], found["metrics"], console)
    tables.warn(found["warnings"], console)
