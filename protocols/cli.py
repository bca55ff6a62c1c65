"""`hftos itch`: figures, books and listings from files of ITCH messages."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from protocols import binaryfile, itch_files
from protocols.book_view import BookView
from protocols.errors import ProtocolError
from protocols.itch50 import MESSAGES

_FILE = click.argument("file", type=click.Path(path_type=Path))
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")


class InputError(click.ClickException):
    """An input that cannot be used: one line, exit code 2."""

    exit_code = 2


@contextmanager
def _input(path: Path) -> Iterator[None]:
    """Turn what may be wrong with an input file into one line that names the file."""
    try:
        yield
    except BrokenPipeError:
        raise  # whoever reads our output has seen enough; click ends quietly
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from None
    except ProtocolError as error:
        raise InputError(f"{path}: {error}") from None


@contextmanager
def _binary_file(path: Path) -> Iterator[binaryfile.Reader]:
    """Open a BinaryFILE; a packet capture, which it is easily confused with, is refused by name."""
    with _input(path):
        if itch_files.looks_like_capture(path):
            raise InputError(f"{path}: is a packet capture; only `hftos itch dump` reads those")
        with binaryfile.read(path) as reader:
            yield reader


@click.group()
def itch() -> None:
    """Look into files of Nasdaq TotalView-ITCH 5.0 messages."""


@itch.command()
@_FILE
@_JSON
def stats(file: Path, as_json: bool) -> None:
    """Count what is in FILE (BinaryFILE): messages by type, symbols, unknown references, time span."""
    with _binary_file(file) as reader:
        figures = itch_files.file_stats(reader)
    if figures.malformed == figures.messages:
        raise InputError(f"{file}: no ITCH 5.0 message in it ({figures.first_fault or 'the file is empty'})")
    data = {"file": str(file), **figures.as_json()}
    if as_json:
        click.echo(json.dumps(data))
    else:
        _print_stats(data)


@itch.command()
@_FILE
@click.option("--symbol", required=True, help="Stock symbol, as in the messages.")
@click.option("--after", type=click.IntRange(min=0), help="Stop after the first N messages.  [default: all]")
@_JSON
def book(file: Path, symbol: str, after: int | None, as_json: bool) -> None:
    """Build the full-depth book of a symbol from FILE (BinaryFILE)."""
    try:
        with _binary_file(file) as reader:
            view = itch_files.book_after(reader, symbol, after)
    except KeyError:
        raise InputError(f"{file}: no message names the symbol {symbol!r}") from None
    except IndexError as error:
        raise InputError(f"{file}: has only {error.args[0]} messages, --after asks for {after}") from None
    if as_json:
        click.echo(json.dumps(view))
    else:
        _print_book(symbol, view)


@itch.command()
@_FILE
@_JSON
def dump(file: Path, as_json: bool) -> None:
    """List the messages of FILE, one a line: BinaryFILE, or pcap/pcapng with MoldUDP64 datagrams."""
    write = json.dumps if as_json else itch_files.line
    with _input(file):
        for description in _descriptions(file):
            sys.stdout.write(write(description) + "\n")
        sys.stdout.flush()


def _descriptions(file: Path) -> Iterator[dict[str, Any]]:
    if itch_files.looks_like_capture(file):
        with file.open("rb") as capture:
            yield from itch_files.dump_capture(capture)
    else:
        with binaryfile.read(file) as reader:
            yield from itch_files.dump_messages(reader)


def _print_stats(data: dict[str, Any]) -> None:
    console = Console()
    table = Table("Type", "Message", "Count", title=data["file"])
    for code, count in sorted(data["by_type"].items(), key=lambda item: -item[1]):
        table.add_row(code, MESSAGES[code].NAME, f"{count:,}")
    console.print(table)
    span = data["time_span"]
    summary = Table(show_header=False)
    summary.add_row("messages", f"{data['messages']:,}")
    for key in ("symbols", "symbols_in_adds", "unknown_references", "orphan_references", "open_orders", "malformed"):
        summary.add_row(key.replace("_", " "), f"{data[key]:,}")
    summary.add_row("first", itch_files.clock(span["first_ns"]))
    summary.add_row("last", itch_files.clock(span["last_ns"]))
    summary.add_row("end record", "yes" if data["end_record"] else "no: the file is a slice, or incomplete")
    console.print(summary)


def _print_book(symbol: str, view: BookView) -> None:
    table = Table("Orders", "Shares", "Bid", "Ask", "Shares", "Orders", title=symbol)
    bids, asks = view["bids"], view["asks"]
    for row in range(max(len(bids), len(asks))):
        bid = _cells(bids[row])[::-1] if row < len(bids) else ["", "", ""]
        ask = _cells(asks[row]) if row < len(asks) else ["", "", ""]
        table.add_row(*bid, *ask)
    Console().print(table)


def _cells(level: list[int]) -> list[str]:
    price, shares, orders = level
    return [f"{price // 10_000}.{price % 10_000:04d}", f"{shares:,}", str(orders)]
