"""`hftos analyse`: what a run's trading cost, earned and missed, as a page, JSON and Parquet."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click
import polars as pl
from rich.console import Console

from rendering.terminal import visible
from store.analytics.analysis import Analysis, Settings
from store.analytics.analysis import analyse as compute
from store.analytics.inputs import InputError, Inputs
from store.analytics.markouts import HORIZONS
from store.analytics.report import files, terminal
from store.analytics.source import from_folder, from_store
from store.analytics.summary import summary
from store.cli_values import dsn_option
from store.client import connect
from store.errors import StoreError

_UNITS: Final = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": 1_000_000_000, "m": 60_000_000_000}
_LONGEST: Final = 24 * 3600 * 10**9
_OUT: Final = Path("build/analysis")


class Duration(click.ParamType[int]):
    """A duration with its unit, `500us`, `10ms`, `1s`; becomes ns."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The duration in ns, above 0 and at most a day."""
        if isinstance(value, int):
            return value
        found = re.fullmatch(r"(\d{1,18})(ns|us|ms|s|m)", value)
        length = int(found[1]) * _UNITS[found[2]] if found else 0
        if not 0 < length <= _LONGEST:
            self.fail(f"{value!r} is no duration: give a number and a unit, as 10ms or 1s, up to a day", param, ctx)
        return length


DURATION: Final = Duration()


@click.command()
@click.argument("source", metavar="[RUN]", type=click.Path(path_type=Path), required=False)
@click.option("--run", "name", default="", help="Name of the run in the store; the latest without it.")
@dsn_option
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), help="Folder of the report.  [build/analysis/RUN]"
)
@click.option("--horizon", "horizons", type=DURATION, multiple=True, help="Horizon of markouts; may be given again.")
@click.option("--realised", type=DURATION, default="1s", show_default=True, help="Horizon of realised spread.")
@click.option(
    "--opportunity", type=DURATION, default="1s", show_default=True, help="Horizon of opportunity cost and VWAP."
)
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def analyse(
    source: Path | None,
    name: str,
    dsn: str,
    out: Path | None,
    horizons: tuple[int, ...],
    realised: int,
    opportunity: int,
    as_json: bool,
) -> None:
    """Analyse a run's trading: costs, markouts, profit and loss.

    RUN is a run's folder, which is loaded into the store if it is not there yet, or a folder of Parquet files from
    `hftos store export`. Without it the run is taken from the store. The report is a page (analysis.html), its figures
    (analysis.json), and the rows (Parquet).
    """
    console = Console(stderr=as_json)
    settings = Settings(tuple(sorted(set(horizons))) or HORIZONS, realised, opportunity)
    try:
        with console.status("reading the run") as status:
            given = _inputs(source, name, dsn, status.update)
            _check(given)
            status.update(visible(f"analysing {given.run}"))
            analysis = compute(given, settings)
            found = summary(analysis)
            written = _write(analysis, found, out or _OUT / given.run)
    except (InputError, StoreError) as error:
        raise click.ClickException(str(error)) from error
    except pl.exceptions.PolarsError as error:
        raise click.ClickException(f"the run cannot be analysed: {error}") from error
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    terminal.show(found, console)
    console.print(visible(f"report: {written[0]}"), soft_wrap=True)


def _write(analysis: Analysis, found: dict[str, Any], folder: Path) -> list[Path]:
    try:
        return files.write(analysis, found, folder)
    except OSError as error:
        raise click.ClickException(f"cannot write {folder}: {error.strerror}; give another --out") from error


def _inputs(source: Path | None, name: str, dsn: str, say: Callable[[str], None]) -> Inputs:
    if source is not None:
        return from_folder(source, dsn, name, say)
    with connect(dsn, readonly=True) as store:
        return from_store(store, name)


def _check(given: Inputs) -> None:
    """A run in which nobody wanted to trade has nothing to analyse: InputError."""
    if not (given.orders.height or given.executions.height or given.decisions.height):
        raise InputError(f"run {given.run} has no orders, executions or decisions: there is nothing to analyse")
