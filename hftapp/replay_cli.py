"""`hftos replay`: play a recorded run, or recorded market data, to the trader again, and compare what it decides."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.progress import Progress

from hftapp import config
from hftapp.journal import JournalError
from hftapp.replay_show import show, show_market
from protocols import binaryfile, moments, pcap_read
from protocols.decision_digest import terms
from protocols.errors import ProtocolError
from protocols.management_files import FileError
from protocols.pacing import Pace

if TYPE_CHECKING:
    from hftapp.trader.market_replay import MarketPlayer

_PATH = click.Path(exists=True, path_type=Path)
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_JOURNAL_MAGIC = b"HFTOSJ"
_SHORTEST = 11
"""Bytes that every ITCH message has: type, locate, tracking number, time."""
SHIPPED = Path(__file__).resolve().parent.parent / "hftos.toml"


class PaceParam(click.ParamType["Speed"]):
    """`max`, or a factor on real time."""

    name = "pace"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> "Speed":
        """Raise a usage error that names the value and what is allowed."""
        if isinstance(value, Speed):
            return value
        try:
            return Speed(moments.speed(str(value)))
        except ValueError as error:
            self.fail(str(error), param, ctx)


@dataclass(frozen=True, slots=True)
class Speed:
    """Times real time; None: as fast as possible."""

    factor: float | None

    def pace(self) -> Pace:
        """A pace by the monotonic clock."""
        return Pace(self.factor, time.monotonic_ns, lambda ns: time.sleep(ns / 1e9))


@click.command()
@click.argument("source", type=_PATH)
@click.option(
    "--journal",
    "journal_path",
    type=_FILE,
    help="Journal of the recorded run.  [default: orders.journal beside the recording, or the office's copy of it]",
)
@click.option("--speed", type=PaceParam(), default="max", show_default=True, help="Times real time, or max.")
@click.option("--config", "config_path", type=_FILE, help="Strategies and risk limits of this configuration instead.")
@click.option("--against", "against_path", type=_FILE, help="Market data: compare with this configuration's decisions.")
@click.option("--from", "since", help="Market data: from this moment on (ns since 1970, +SECONDS, or ISO 8601).")
@click.option("--to", "until", help="Market data: before this moment.")
@click.option("--json", "as_json", is_flag=True, help="Print the comparison as JSON.")
def replay(
    source: Path,
    journal_path: Path | None,
    speed: Speed,
    config_path: Path | None,
    against_path: Path | None,
    since: str | None,
    until: str | None,
    as_json: bool,
) -> None:
    """Play SOURCE to the trader again.

    A recording (made with host.record = true), or the folder of a run that has one: orders and decisions must be those
    of the run, byte for byte, whatever the pace; the decision hash says so in one number. A capture (pcap, pcapng) or a
    BinaryFILE of ITCH messages: the trader gets the market data of its lines with their gaps, and its orders are
    accepted on paper, but not filled.

    Exit status 1 when something differs, or when a recording is not whole. HFTOS_INTERPRETED=1 plays to the interpreted
    program.
    """
    # Not before --help is done: this imports the whole trader.
    from hftapp.trader import market_replay, run_places, tape
    from hftapp.trader import replay as player

    try:
        other = None if config_path is None else config.load(config_path)
        if source.is_dir():
            source = run_places.recording_of(source)
        if not source.is_file():
            raise click.ClickException(f"{source} is no file: it is read several times; name one, or a run's folder")
        with source.open("rb") as file:
            start = file.read(len(_JOURNAL_MAGIC))
        if start != _JOURNAL_MAGIC:
            if journal_path is not None:
                raise click.UsageError("--journal is for a recording; market data has no run to be compared with")
            span = (since, until)
            _market(source, other, None if against_path is None else config.load(against_path), speed, span, as_json)
            return
        if against_path or since or until:
            raise click.UsageError(
                "--against, --from and --to are for market data; a recording is compared with its run"
            )
        tape.begin(source)  # what is no recording needs no journal
        recorded = player.recorded_outcome(journal_path or run_places.journal_of(source))
        with _progress(source, source.stat().st_size) as progress:
            found = player.replay(source, recorded, pace=speed.pace(), other=other, progress=progress)
    except (
        *(tape.RecordingError, JournalError, config.ConfigError, run_places.PlaceError),
        *(market_replay.MarketReplayError, FileError),
    ) as error:
        raise click.ClickException(str(error)) from error
    show(found, as_json=as_json)
    if not found.identical or found.early:
        raise SystemExit(1)


@contextmanager
def _progress(source: Path, total: int | None) -> Iterator[Callable[[int], None]]:
    """A bar on standard error, where that is a terminal; `total` None: nobody knows how much there is."""
    with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task(source.name, total=total)
        yield lambda done: bar.update(task, completed=done)


def _market(
    source: Path,
    chosen: config.Config | None,
    against: config.Config | None,
    speed: Speed,
    span: tuple[str | None, str | None],
    as_json: bool,
) -> None:
    """Play market data, once or with two configurations."""
    from hftapp.trader.replay import compare

    settings = chosen or config.load(SHIPPED)
    told = cache(_note)  # both plays come to the same end: it is told once
    try:
        one = _play(source, settings, span, speed, told)
        other = None if against is None else _play(source, against, span, speed, told)
    except (ProtocolError, ValueError) as error:
        raise click.ClickException(f"{source}: {error}") from error
    difference = None if other is None else compare(one.outcome.decisions, other.outcome.decisions, terms)
    show_market(one, other, difference, as_json=as_json)
    if difference is not None:
        raise SystemExit(1)


def _play(
    source: Path,
    settings: config.Config,
    span: tuple[str | None, str | None],
    speed: Speed,
    told: Callable[[str], None],
) -> "MarketPlayer":
    from hftapp.trader import market_replay

    pace = speed.pace()
    done = 0

    with _progress(source, None) as progress:

        def timed(time: int) -> None:
            nonlocal done
            done += 1
            progress(done)
            pace(time)

        return market_replay.replay(_datagrams(source, settings, span, told), settings, timed)


def _datagrams(
    source: Path, settings: config.Config, span: tuple[str | None, str | None], told: Callable[[str], None]
) -> Any:
    """The market data in a file, between two moments."""
    from hftapp.trader import assembly, market_replay

    with source.open("rb") as file:
        capture = pcap_read.is_capture(file.read(4))
    if not capture:
        with binaryfile.read(source) as reader:
            if len(next(reader, b"")) < _SHORTEST:
                raise ValueError("neither a recording, nor a capture, nor a BinaryFILE of ITCH messages")
    if capture:
        return _between(market_replay.of_capture(source, told), *span)
    return _between(market_replay.of_file(source, assembly.lines(settings)[0]), *span)


def _note(text: str) -> None:
    click.echo(f"note: {text}", err=True)


def _between(every: Any, since: str | None, until: str | None) -> Any:
    low = high = None
    for datagram in every:
        if low is None:
            low = datagram.time if since is None else moments.parse(since, datagram.time)
            high = 1 << 63 if until is None else moments.parse(until, datagram.time)
        # A clock that was set back may bring earlier ones yet.
        if low <= datagram.time < high:
            yield datagram
