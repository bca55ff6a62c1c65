"""`hftos lab plan` and `hftos lab list`: what an experiment would boot and how long that takes; which there are."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from lab import experiment as experiments
from lab import kernels_needed, knob_levels, storage
from lab.cli_errors import explained
from lab.durations import Estimates, words
from lab.kernels_needed import Needed
from lab.knob_levels import Knobs
from lab.plan import Plan, make
from lab.present import present
from lab.run_experiment import Choices, no_fewer, planned
from lab.runner import pending


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@explained
def list_experiments(as_json: bool) -> None:
    """List the experiments that come with the project, with their sizes and how long they take."""
    knobs, estimates = knob_levels.load(), Estimates(storage.durations())
    rows: list[dict[str, Any]] = []
    for name in experiments.shipped():
        plan = make(experiments.find(name), knobs)
        rows.append(
            {
                "name": name,
                "title": plan.experiment.title,
                "question": plan.experiment.question,
                "workload": plan.experiment.workload.kind,
                "variants": len(plan.variants),
                "repeats": plan.experiment.repeats,
                "seconds": round(estimates.total(plan.runs)),
                "measured": estimates.known(plan.experiment.workload.kind),
            }
        )
    if as_json:
        click.echo(json.dumps(rows))
        return
    table = Table()
    for column in ("Experiment", "Title", "Workload", "Boots"):
        table.add_column(column, no_wrap=column != "Title")
    table.add_column("Time", justify="right", no_wrap=True)
    for row in rows:
        boots = f"{row['variants']} × {row['repeats']}"
        mark = "" if row["measured"] else "about "
        table.add_row(row["name"], row["title"], row["workload"], boots, mark + words(row["seconds"]))
    Console().print(table)
    if not all(row["measured"] for row in rows):
        click.echo('"about": a guess, nothing of that workload was measured here yet.')
    click.echo("Times are without the kernels that may have to be built: see hftos lab plan NAME.")


@click.command()
@click.argument("experiment")
@click.option("--repeats", type=click.IntRange(1, experiments.MOST_REPEATS), help="Boots of each variant.")
@click.option(
    "--dir",
    "directory",
    type=click.Path(file_okay=False, path_type=Path),
    help="The experiment's folder.  [default: build/lab/NAME]",
)
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@explained
def plan(experiment: str, repeats: int | None, directory: Path | None, as_json: bool) -> None:
    """Show what EXPERIMENT, a name or a file, boots, which kernels it builds, and how long all takes.

    Of one that was begun, it is what `hftos lab run` goes on with. Boots and builds nothing.
    """
    knobs = knob_levels.load()
    wanted, choices = experiments.find(experiment), Choices(repeats)
    folder = storage.Folder(directory or storage.LAB_FOLDER / wanted.name)
    folder.refuse_others()
    made = planned(wanted, knobs, folder, choices)
    open_runs = pending(made.runs, folder.results())
    estimates = Estimates(storage.durations(folder.path))
    kernels = kernels_needed.needed(made.variants, knobs, lambda variant: present(variant, knobs))
    found = described(made, knobs, kernels, estimates)
    found["notes"] += no_fewer(made, choices)
    found["runs_left"], found["seconds_left"] = len(open_runs), round(estimates.total(open_runs))
    if as_json:
        click.echo(json.dumps(found))
        return
    show(made, found, estimates.known(made.experiment.workload.kind))


def described(plan: Plan, knobs: Knobs, kernels: list[Needed], estimates: Estimates) -> dict[str, Any]:
    """A plan as JSON takes it; `changes` are the levels that differ from those of the variant `compared`."""
    variants = []
    for variant in plan.variants:
        compared = plan.compared(variant)
        row = asdict(variant) | {"compared": None if compared is None else compared.name}
        changes = knobs.own(variant) if compared is None else knobs.changes(compared, variant)
        variants.append(row | {"changes": changes})
    return {
        "experiment": plan.experiment.name,
        "title": plan.experiment.title,
        "question": plan.experiment.question,
        "workload": plan.experiment.workload.kind,
        "variants": variants,
        "repeats": plan.experiment.repeats,
        "runs": len(plan.runs),
        "order": [run.key for run in plan.runs],
        "kernels": [
            {"kernel": kernel.words(), "variants": list(kernel.variants), "present": kernel.present}
            for kernel in kernels
        ],
        "build_seconds": round(kernels_needed.seconds(kernels)),
        "seconds": round(estimates.total(plan.runs)),
        "notes": list(plan.notes),
    }


def show(plan: Plan, found: dict[str, Any], measured: bool) -> None:
    """Print a plan as tables."""
    console = Console()
    console.print(plan.experiment.title, style="bold", highlight=False, markup=False)
    console.print(plan.experiment.question, highlight=False, markup=False)
    table = Table()
    for column in ("Variant", "Kernel", "Differs from", "In"):
        table.add_column(column, overflow="fold")
    for row in found["variants"]:
        changes = "\n".join(f"{knob} = {level}" for knob, level in row["changes"].items())
        kernel = row["kernel"] if row["kernel"] != "hftos" else f"hftos {row['profile']}"
        other = row["compared"] or "its defaults"
        table.add_row(row["name"], kernel, "–" if other == row["name"] else other, changes or "–")
    console.print(table)
    kernels = Table("Kernel", "Variants", "State")
    for row in found["kernels"]:
        state = "there" if row["present"] else "to be fetched" if row["kernel"].startswith("debian") else "to be built"
        kernels.add_row(row["kernel"], str(len(row["variants"])), state)
    console.print(kernels)
    for note in found["notes"]:
        console.print(f"note: {note}", highlight=False, markup=False)
    origin = "as measured here" if measured else "a guess, nothing was measured here yet"
    click.echo(
        f"{len(found['variants'])} variants × {found['repeats']} repeats = {found['runs']} runs, "
        f"{found['runs_left']} of them without a result: {words(found['seconds_left'])} ({origin}), "
        f"and {words(found['build_seconds'])} to build kernels"
    )
