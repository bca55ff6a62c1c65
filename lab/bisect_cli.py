"""`hftos lab bisect`: which knob makes two variants of an experiment differ."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from lab import experiment as experiments
from lab import knob_levels, storage
from lab.bisect import Rule
from lab.cli_errors import explained
from lab.errors import BisectError
from lab.metrics import METRICS
from lab.model import Variant, Workload
from lab.plan import make
from lab.run_progress import RunProgress
from lab.searching import Searching, units
from lab.table import nearest


@click.command()
@click.argument("experiment")
@click.argument("good")
@click.argument("bad")
@click.option(
    "--metric", type=click.Choice(list(METRICS)), help="What they differ in.  [default: the first of the file]"
)
@click.option("--threshold", type=float, help="Between good and bad.  [default: half way between the two variants]")
@click.option("--repeats", type=click.IntRange(1, 100), default=1, show_default=True, help="Boots of each point.")
@click.option("--most", type=click.IntRange(1, 100), default=3, show_default=True, help="Boots of an unclear point.")
@click.option("--seconds", type=click.IntRange(1, experiments.MOST_SECONDS), help="Length of the workload.")
@click.option(
    "--dir",
    "directory",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the results go.  [default: build/lab/NAME.GOOD.BAD]",
)
@click.option("--fresh", is_flag=True, help="Begin anew; the lab's files there are kept in a folder beside it.")
@click.option("--json", "as_json", is_flag=True, help="Print the finding as JSON.")
@explained
def bisect(
    experiment: str,
    good: str,
    bad: str,
    metric: str | None,
    threshold: float | None,
    repeats: int,
    most: int,
    seconds: int | None,
    directory: Path | None,
    fresh: bool,
    as_json: bool,
) -> None:
    """Find the knob that makes the variants GOOD and BAD of EXPERIMENT, a name or a TOML file, differ.

    Boots both and then mixtures of the two, halving the knobs each time; one that is not clearly good or bad is booted
    again. Boots that have a result are not done again.
    """
    from lab import guest

    found = experiments.find(experiment)
    knobs = knob_levels.load()
    ends = [_named(make(found, knobs).variants, name) for name in (good, bad)]
    workload = found.workload if seconds is None else _of_length(found.workload, seconds)
    path = (directory or storage.LAB_FOLDER / f"{found.name}.{good}.{bad}").resolve()
    rule = Rule(threshold, repeats, max(most, repeats))
    chosen = metric or found.metrics[0]
    units(ends[0], ends[1], workload, chosen, knobs)  # what is refused must not move anything, nor leave a folder
    with RunProgress(Console(stderr=True)) as progress, storage.opened(path) as folder:
        if fresh and (aside := folder.keep_aside()):
            progress.note(f"what was in {path} is now in {aside}")
        searching = Searching(ends[0], ends[1], workload, chosen, knobs, folder)
        finding = searching.find(guest.measure, guest.preparing(path), rule, progress)
    table = searching.as_dict(finding)
    storage.write_json(path / storage.FINDING, table)
    if as_json:
        click.echo(json.dumps(table))
    else:
        show(table)


def _of_length(workload: Workload, seconds: int) -> Workload:
    if workload.kind == "tick-to-trade":
        raise BisectError(
            f"--seconds {seconds}: the workload {workload.kind} has no length but {workload.ticks:,} ticks: leave "
            "--seconds out, or give a file with other `ticks`"
        )
    return replace(workload, seconds=seconds)


def _named(variants: tuple[Variant, ...], name: str) -> Variant:
    by_name = {variant.name: variant for variant in variants}
    if name not in by_name:
        raise BisectError(f"no variant {name!r}{nearest(name, by_name)}")
    return by_name[name]


def show(table: Mapping[str, Any]) -> None:
    """Print a finding."""
    metric = METRICS[table["metric"]]
    console = Console()
    rows = Table(title=f"{metric.name}: {metric.what}, {metric.unit}".rstrip(", "))
    for column in (f"As in {table['bad']}", "The last of them", metric.name, ""):
        rows.add_column(column, overflow="fold")
    for point in table["points"]:
        values = ", ".join(f"{value:,.6g}" for value in point["values"])
        rows.add_row(f"{point['knobs']} of {table['knobs']}", point["last"], values, "bad" if point["bad"] else "good")
    console.print(rows)
    culprit = ", ".join(f"{knob}: {old} → {new}" for knob, (old, new) in table["culprit"].items())
    click.echo(f"{table['boots']} boots, threshold {table['threshold']:g}: {culprit}")
    click.echo(f"It makes {table['share']:.0%} of the difference between {table['good']} and {table['bad']}.")
    if not 0.8 <= table["share"] <= 1.2:
        click.echo("Other knobs have a part in it: make this one equal in both variants and look again.")
