"""`hftos bench`: runs benchmarks, prints tables, and leaves the figures in build/bench."""

from __future__ import annotations

import importlib
import json
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from benchmarks import machine
from benchmarks.markdown import report_lines

FOLDER = Path(__file__).resolve().parent.parent / "build/bench"


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A module with `run(quick, progress) -> results` and maybe `tables(results)`, and what it measures."""

    module: str
    summary: str


BENCHMARKS = {
    "books": Benchmark("benchmarks.native.books", "Decoding and books: messages a second beside other packages'."),
    "dashboard": Benchmark(
        "benchmarks.dashboard", "The office's page: first paint, frames a second, a stalled client."
    ),
    "captures": Benchmark("benchmarks.captures", "Captures: packets read and written, beside other packages."),
    "decode": Benchmark("benchmarks.native.decode", "Decoding: messages a second beside other packages'."),
    "engine": Benchmark("benchmarks.engine", "Matching engine: operations a second beside other packages'."),
    "icount": Benchmark("benchmarks.icount.bench", "Tick to order: guest instructions, beside other ways to do it."),
    "late_join": Benchmark("benchmarks.late_join", "Feed: a client that joins 9,000 symbols late."),
    "latency": Benchmark("benchmarks.latency", "Latency histograms and captures, beside another package's."),
    "office_icount": Benchmark(
        "benchmarks.icount.office", "Tick to order: guest instructions, whatever befalls the office."
    ),
    "order_entry": Benchmark("benchmarks.order_entry", "Order entry: 200 clients, 50,000 orders a second, a minute."),
    "path": Benchmark("benchmarks.native.path", "The whole trader on a memory port: frame in, order frame out."),
    "publisher": Benchmark("benchmarks.publisher", "Feed: messages a second into memory."),
    "rtt": Benchmark("benchmarks.rtt", "Round trips into the virtual machine: DPDK beside AF_PACKET."),
    "store": Benchmark("benchmarks.store", "The store: rows in, joins out, beside DuckDB and polars."),
    "surveillance": Benchmark(
        "benchmarks.surveillance", "Surveillance: what it finds of labelled agents, and how fast."
    ),
    "verdicts": Benchmark(
        "benchmarks.verdicts", "The lab's verdicts: how often they are wrong, in simulated experiments."
    ),
}


def _epilog() -> str:
    rows = "\n\n".join(f"{name}: {entry.summary}" for name, entry in sorted(BENCHMARKS.items()))
    return f"Benchmarks:\n\n{rows}"


@click.command(epilog=_epilog())
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--quick", is_flag=True, help="Fewer operations, once: whether it works, not how fast it is.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON instead of tables.")
@click.option("--markdown", is_flag=True, help="Print the figures of the last run as Markdown; measures nothing.")
def bench(names: tuple[str, ...], quick: bool, as_json: bool, markdown: bool) -> None:
    """Run the benchmarks NAME (all of them without a name); figures go to build/bench/NAME.json."""
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        raise click.UsageError(f"no benchmark {', '.join(unknown)}; there are: {', '.join(sorted(BENCHMARKS))}")
    if markdown:
        for name in names or sorted(BENCHMARKS):
            click.echo("\n".join(report_lines(_last(name), BENCHMARKS[name].module)))
        return
    reports = [_measure(name, quick) for name in names or sorted(BENCHMARKS)]
    if as_json:
        click.echo(json.dumps(reports, indent=2))
        return
    console = Console(width=None if sys.stdout.isatty() else 200)
    for report in reports:
        show(report, console)


def _measure(name: str, quick: bool) -> dict[str, Any]:
    module = importlib.import_module(BENCHMARKS[name].module)
    facts = machine.describe(lambda: datetime.now(UTC))
    results = module.run(quick=quick, progress=lambda line: click.echo(f"==> {name}: {line}", err=True))
    report = {"benchmark": name, "command": sys.argv, "quick": quick, "machine": facts, "results": results}
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / f"{name}.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return report


def _last(name: str) -> dict[str, Any]:
    """The last run's report."""
    try:
        report: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise click.ClickException(f"{name} has not been measured yet: run hftos bench {name}") from error
    return report


def show(report: dict[str, Any], console: Console) -> None:
    """Print one report: the tables of its benchmark, and what it was measured on."""
    module = importlib.import_module(BENCHMARKS[report["benchmark"]].module)
    if hasattr(module, "tables"):
        for table in module.tables(report["results"]):
            console.print(table)
    else:
        console.print_json(data=report["results"])
    facts = report["machine"]
    virtual = ", a virtual machine: compare the rows with each other only" if facts["virtual"] else ""
    console.print(f"{facts['cpu']}, {facts['cores']} cores, Linux {facts['kernel']}{virtual}", highlight=False)
    console.print(f"Python {facts['python']}, {facts['compiler']}, {facts['date']}", highlight=False)
