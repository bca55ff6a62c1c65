"""`hftos latency`: shows, exports, plots and compares latencies."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from office.latency import document, plot, run, show, source
from office.latency.compare import CompareError, compare
from office.latency.measured import SECOND, Measured, SourceError, corrected
from office.whole_file import whole_file
from protocols.finite_range import FiniteRange

_DEFAULT = Path("build/run")
_OUT = Path("build/latency")

_source = click.argument("path", metavar="[RUN]", type=click.Path(path_type=Path), default=_DEFAULT)
_json = click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
_interval = click.option(
    "--interval",
    type=FiniteRange(0.001, 86_400),
    default=1.0,
    show_default=True,
    help="Seconds of an interval in logs and in plots over time.",
)


@click.group()
def latency() -> None:
    """Latencies of a run: wire to wire from captures, stage by stage from the trader's decisions.

    RUN is the folder of a run (default: build/run). `show`, `plot` and `compare` also take an .hlog of HdrHistogram
    and JSON with histograms (`hftos latency export`, `hftos bench path`).
    """


@latency.command("show")
@_source
@click.option(
    "--expected-interval",
    type=click.IntRange(min=1),
    metavar="NS",
    help="Correct for coordinated omission: a value was due every NS nanoseconds.",
)
@_json
def show_command(path: Path, expected_interval: int | None, as_json: bool) -> None:
    """Show minimum, percentiles and maximum of every hop of RUN, and whether they may be quoted."""
    measured = _load(path)
    if expected_interval is not None:
        measured = corrected(measured, expected_interval)
    if as_json:
        click.echo(json.dumps(document.record(measured)))
    else:
        show.show(measured, _console())


@latency.command()
@_source
@click.option(
    "--format",
    "formats",
    type=click.Choice(document.FORMATS),
    multiple=True,
    default=document.FORMATS,
    show_default=True,
    help="What to write; may be given more than once.",
)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Folder.  [default: build/latency/RUN]")
@_interval
@_json
def export(path: Path, formats: tuple[str, ...], out: Path | None, interval: float, as_json: bool) -> None:
    """Export RUN: latency.hlog for HdrHistogram's tools, latency.json, orders.parquet (one row an order)."""
    folder = _folder(path, out)
    written = []
    with _named():
        if path.is_dir():
            loaded = _run(path, interval)
            measured, orders = loaded.measured, loaded.orders
        else:
            measured, orders = _load(path, interval), None
        if "hlog" in formats:
            written.append(folder / "latency.hlog")
            with whole_file(written[-1]) as part:
                document.write_log(measured, part)
        if "json" in formats:
            written.append(folder / "latency.json")
            with whole_file(written[-1]) as part:
                part.write_text(json.dumps(document.full_record(measured), indent=1) + "\n", encoding="utf-8")
        if "parquet" in formats and orders is not None:
            written.append(folder / "orders.parquet")
            with whole_file(written[-1]) as part:
                document.write_orders(orders, part)
        elif "parquet" in formats and formats != document.FORMATS:
            raise SourceError(f"{path} is no run's folder: it has no orders to write as Parquet")
    _written(written, as_json)


@latency.command("plot")
@_source
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Folder.  [default: build/latency/RUN]")
@_interval
@_json
def plot_command(path: Path, out: Path | None, interval: float, as_json: bool) -> None:
    """Draw RUN as one page, latency.html: percentiles, histograms, and both over time."""
    folder = _folder(path, out)
    measured = _load(path, interval)
    target = folder / "latency.html"
    with _named(), whole_file(target) as part:
        part.write_text(plot.page(measured), encoding="utf-8")
    _written([target], as_json)


@latency.command("compare")
@click.argument("first", metavar="A", type=click.Path(path_type=Path))
@click.argument("second", metavar="B", type=click.Path(path_type=Path))
@click.option(
    "--percentile",
    type=FiniteRange(0, 100, min_open=True),
    default=50.0,
    show_default=True,
    help="What to compare.",
)
@click.option(
    "--confidence",
    type=FiniteRange(0.5, 0.9999),
    default=0.95,
    show_default=True,
    help="Of all verdicts together.",
)
@click.option(
    "--more-a", type=click.Path(path_type=Path), multiple=True, metavar="RUN", help="Another run of A; may be repeated."
)
@click.option(
    "--more-b", type=click.Path(path_type=Path), multiple=True, metavar="RUN", help="Another run of B; may be repeated."
)
@_json
def compare_command(
    first: Path,
    second: Path,
    percentile: float,
    confidence: float,
    more_a: tuple[Path, ...],
    more_b: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Compare B with A hop by hop: faster, slower, or no difference shown, with confidence intervals.

    Of one run each the verdicts are about these two runs. To compare two programs, give several runs of each (five or
    more) with --more-a and --more-b: runs of one program differ too.
    """
    sides = [_load(path) for path in (first, *more_a)], [_load(path) for path in (second, *more_b)]
    try:
        with _progress("resampling") as say:
            found = compare(*sides, percent=percentile, confidence=confidence, progress=lambda name: say(name, 0, 0))
    except CompareError as error:
        raise click.UsageError(str(error)) from error
    if not found.rows:
        names = [", ".join(document.ordered(side[0])) for side in sides]
        raise click.ClickException(
            f"{first} and {second} have no hop in common: {first} has {names[0]}; {second} has {names[1]}"
        )
    if as_json:
        click.echo(json.dumps(show.comparison_record(found, sides)))
    else:
        show.show_comparison(found, sides, _console())


def _load(path: Path, interval: float = 1.0) -> Measured:
    with _named(), _progress(str(path)) as say:
        return source.load(path, interval=_ns(interval), progress=lambda done, size: say("captures", done, size))


def _run(path: Path, interval: float) -> run.Run:
    with _progress(str(path)) as say:
        return run.load(path, interval=_ns(interval), progress=lambda done, size: say("captures", done, size))


def _ns(seconds: float) -> int:
    return round(seconds * SECOND)


def _folder(path: Path, out: Path | None) -> Path:
    folder = out or _OUT / (path.resolve().name if path.is_dir() else path.stem)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _written(paths: list[Path], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"written": [str(path) for path in paths]}))
    else:
        for path in paths:
            click.echo(str(path))


def _console() -> Console:
    return Console(width=None if sys.stdout.isatty() else 160)


@contextmanager
def _named() -> Iterator[None]:
    """What is wrong with a source, in one line."""
    try:
        yield
    except SourceError as error:
        raise click.ClickException(str(error)) from error


@contextmanager
def _progress(title: str) -> Iterator[Callable[[str, int, int], None]]:
    """A bar on a terminal's standard error, gone when it is done."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[part]}"))
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(title, total=None, part="")

        def say(part: str, done: int, size: int) -> None:
            bar.update(task, completed=done, total=size or None, part=part)

        yield say
