"""`hftos itch`: figures, books and listings from files of ITCH messages."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
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
_NO_MESSAGE = "no ITCH 5.0 message in it"
_EMPTY = "the file is empty"
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")


class InputError(click.ClickException):
    """An input that cannot be used: one line, exit code 2."""

    exit_code = 2


class OutputError(click.ClickException):
    """Standard output takes no more: one line, exit code 1."""


@contextmanager
def _input(path: Path) -> Iterator[None]:
    """Turn what may be wrong with an input file into one line that names the file. Nothing is written inside."""
    try:
        program = itch_files.compression_of(path)
        if program is not None:
            raise InputError(f"{path}: {itch_files.compressed(program)}")
        yield
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from None
    except ProtocolError as error:
        raise InputError(f"{path}: {error}") from None


@contextmanager
def _output() -> Iterator[None]:
    """Write inside; standard output that takes no more is told in one line and not tried again."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        raise  # whoever reads our output has seen enough; click ends quietly
    except OSError as error:
        # What is left in the buffer would fail once more at exit. A test's standard output has no descriptor.
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise OutputError(f"cannot write to standard output: {error.strerror or error}") from None


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
@click.option("--symbols", "list_symbols", is_flag=True, help="List the symbols too.")
@_JSON
def stats(file: Path, list_symbols: bool, as_json: bool) -> None:
    """Count what is in FILE (BinaryFILE): messages by type, symbols, unknown references, time span."""
    with _binary_file(file) as reader:
        figures = itch_files.file_stats(reader)
    if figures.malformed == figures.messages:
        raise InputError(f"{file}: {_NO_MESSAGE} ({figures.first_fault or _EMPTY})")
    data = {"file": str(file), **figures.as_json()}
    if list_symbols:
        data["symbol_names"] = figures.books.symbols()
    with _output():
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
    except itch_files.UnknownSymbolError as error:
        raise InputError(f"{file}: {_unknown(error)}") from None
    except IndexError as error:
        raise InputError(f"{file}: has only {error.args[0]} messages, --after asks for {after}") from None
    with _output():
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
    with _output():
        for description in _descriptions(file):
            sys.stdout.write(write(description) + "\n")


def _descriptions(file: Path) -> Iterator[dict[str, Any]]:
    """Iterate over a file's messages; an InputError when there is none."""
    count = 0
    with _input(file), file.open("rb") as source:
        is_capture = itch_files.looks_like_capture(file)
        read = itch_files.dump_capture(source) if is_capture else itch_files.dump_messages(binaryfile.read(source))
        for count, description in enumerate(read, 1):  # noqa: B007
            yield description
    if not count:
        raise InputError(f"{file}: {_NO_MESSAGE} ({'no UDP datagram either' if is_capture else _EMPTY})")


def _unknown(error: itch_files.UnknownSymbolError) -> str:
    if not error.symbols:
        return f"no message names the symbol {error.symbol!r}, nor any other; `hftos itch stats` says what is in it"
    nearest = error.nearest()
    hint = f"the nearest are {', '.join(nearest)}; " if nearest else ""
    return (
        f"no message names the symbol {error.symbol!r}: symbols are upper case; {hint}"
        "`hftos itch stats --symbols` lists all"
    )


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
    if "symbol_names" in data:
        console.print(" ".join(data["symbol_names"]), markup=False, highlight=False)


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
