"""`hftos capture`: what is in captures, parts of them, their indices, and their market data played again."""

import json
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from ipaddress import AddressValueError, IPv4Address
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from office.capture import cut as cutting
from office.capture import sidecar
from office.capture.info import info as look
from office.capture.seek import Found, Wanted
from office.capture.seek import seek as find
from office.capture.show import packet_json, show_info, show_packet
from office.capture.source import Capture, CaptureError, paths_of, refuse_overwriting
from office.replay import playing, written
from office.replay.multicast import Endpoint, Sender, Tally
from office.replay.sources import Sent
from protocols import moments
from protocols.errors import ProtocolError
from protocols.pacing import Pace

_CAPTURE = click.argument("capture", type=click.Path(path_type=Path))
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
_SESSION = click.option("--session", help="Only packets of this MoldUDP64 session.")
_MOMENT = "ns since 1970, +SECONDS from the first packet, or ISO 8601"


class InputError(click.ClickException):
    """An input that cannot be used: one line, exit code 2."""

    exit_code = 2


@contextmanager
def _input() -> Iterator[None]:
    try:
        yield
    except (CaptureError, sidecar.SidecarError, playing.PlayError, ProtocolError, ValueError) as error:
        raise InputError(str(error)) from None


@click.group()
def capture() -> None:
    """Look into captures (pcap and pcapng); index, cut, seek and replay them.

    CAPTURE is a file, the first of those that a rotating writer left, or the folder of a run: then the capture at its
    trader's switch port.
    """


@capture.command()
@_CAPTURE
@_JSON
def info(capture: Path, as_json: bool) -> None:
    """Count packets; feeds line by line with their gaps; TCP connections.

    Exit status 1 when the capture is damaged; a file that ends inside a packet is not.
    """
    with _input(), Capture(capture) as opened:
        found = look(opened)
        damaged = [fault for _, fault in opened.faults() if "ends inside" not in fault.message]
    if as_json:
        click.echo(json.dumps(found.as_json()))
    else:
        show_info(found, _console())
    if damaged:
        raise SystemExit(1)


@capture.command()
@_CAPTURE
@_JSON
def index(capture: Path, as_json: bool) -> None:
    """Write the index beside each file, so that `seek` need not search: FILE.index."""
    made = []
    with _input(), Capture(capture) as opened:
        for part, packets in zip(opened.parts, opened.feed(), strict=True):
            if len(part):
                found = sidecar.build(part, packets, opened.lines)
                sidecar.write(found, sidecar.path_of(part.path))
                path = sidecar.path_of(part.path)
                made.append({"index": str(path), "packets": found.packets, "lines": len(found.lines)})
    if not made:
        raise InputError(f"{capture} has no packet: there is nothing to index")
    if as_json:
        click.echo(json.dumps(made))
        return
    for row in made:
        click.echo(f"{row['index']}: {row['packets']:,} packets, {row['lines']} lines of feeds")


@capture.command()
@_CAPTURE
@click.argument("out", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--from", "since", help=f"Captured from this moment on: {_MOMENT}.")
@click.option("--to", "until", help="Captured up to this moment, included.")
@click.option("--first", type=click.IntRange(min=0), help="From this packet on, counted from 0.")
@click.option("--last", type=click.IntRange(min=0), help="Up to this packet.")
@click.option(
    "--first-sequence", type=click.IntRange(min=0), help="Packets with a feed's messages from this number on."
)
@click.option("--last-sequence", type=click.IntRange(min=0), help="Packets with a feed's messages up to this number.")
@_SESSION
@_JSON
def cut(
    capture: Path,
    out: Path,
    since: str | None,
    until: str | None,
    first: int | None,
    last: int | None,
    first_sequence: int | None,
    last_sequence: int | None,
    session: str | None,
    as_json: bool,
) -> None:
    """Write a part of CAPTURE to OUT, byte for byte; several conditions must all hold."""
    with _input(), Capture(capture) as opened:
        begin = int(opened.times[0]) if opened.count else 0
        choice = cutting.Choice(
            None if since is None else moments.parse(since, begin),
            None if until is None else moments.parse(until, begin),
            first,
            last,
            first_sequence,
            last_sequence,
            session,
        )
        count = cutting.cut(opened, choice, out)
        total = opened.count
        notes = opened.notes()
    _notes(notes)
    facts = {"out": str(out), "packets": count, "of": total, "bytes": out.stat().st_size}
    click.echo(json.dumps(facts) if as_json else f"{out}: {count:,} of {total:,} packets, {facts['bytes']:,} bytes")


@capture.command()
@_CAPTURE
@click.option("--time", "moment", help=f"The first packets from this moment on: {_MOMENT}.")
@click.option("--packet", type=click.IntRange(min=0), help="The packet with this number in the capture, from 0.")
@click.option("--sequence", type=click.IntRange(min=0), help="The packets that carry this message of a feed.")
@click.option("--count", type=click.IntRange(min=1), help="How many packets.  [default: 1; all carriers of a message]")
@click.option("--no-index", is_flag=True, help="Search the capture even where there is an index.")
@_SESSION
@_JSON
def seek(
    capture: Path,
    moment: str | None,
    packet: int | None,
    sequence: int | None,
    count: int | None,
    no_index: bool,
    session: str | None,
    as_json: bool,
) -> None:
    """Show packets of CAPTURE by time, by number or by a feed's message, decoded.

    Exit status 1 when there is no such packet.
    """
    if sum(each is not None for each in (moment, packet, sequence)) != 1:
        raise click.UsageError("say what to look for: one of --time, --packet and --sequence")
    with _input():
        at = None if moment is None else moments.parse(moment, _first_time(capture) if moment.startswith("+") else 0)
        many = count or (1 << 30 if sequence is not None else 1)
        found = find(capture, Wanted(at, packet, sequence, session, many), use_index=not no_index, told=_note)
    _show(found, as_json=as_json)
    if not found:
        raise SystemExit(1)


@capture.command()
@click.argument("source", metavar="CAPTURE", type=click.Path(path_type=Path))
@click.option("--to", "groups", multiple=True, metavar="GROUP:PORT", help="Where the next line goes; repeat it for B.")
@click.option("--interface", default="127.0.0.1", show_default=True, help="Address of the interface to send from.")
@click.option("--write", "out", type=click.Path(path_type=Path, dir_okay=False), help="Write a capture instead.")
@click.option("--speed", default="1", show_default=True, help="Times real time, or max.")
@click.option("--from", "since", help=f"From this moment on: {_MOMENT}.")
@click.option("--until", help="Before this moment.")
@click.option("--dsn", help="CAPTURE is the name of a run in this store (`hftos store runs`).")
@_SESSION
@_JSON
def replay(
    source: Path,
    groups: tuple[str, ...],
    interface: str,
    out: Path | None,
    speed: str,
    since: str | None,
    until: str | None,
    dsn: str | None,
    session: str | None,
    as_json: bool,
) -> None:
    """Send the market data of CAPTURE, of a BinaryFILE of ITCH messages, or of a stored run, on ordinary sockets.

    Packets go out as they came, with their gaps, line by line: to their own groups, or to those given with --to in the
    order in which `hftos capture info` shows the lines; further lines are left out.
    """
    with _input():
        pace = Pace(moments.speed(speed), time.monotonic_ns, lambda ns: time.sleep(ns / 1e9))
        wanted = playing.Wanted([_endpoint(group) for group in groups], since, until, session)
        address = _address(interface)
        if out is not None and dsn is None and source.exists():
            refuse_overwriting(paths_of(source), out)
        with playing.opened(source, wanted, dsn) as (datagrams, endpoints, notes):
            _notes(notes)
            if out is not None:
                tally = written.write(out, datagrams, endpoints, address)
            else:
                tally = _send(datagrams, endpoints, address, pace)
    _show_tally(tally, endpoints, None if out else pace, as_json=as_json)
    if tally.refused:
        raise SystemExit(1)


def _send(datagrams: Iterator[Sent], endpoints: list[Endpoint], interface: IPv4Address, pace: Pace) -> Tally:
    sender = Sender(endpoints, interface)
    try:
        return sender.send(datagrams, pace)
    finally:
        sender.close()


def _show_tally(tally: Tally, endpoints: list[Endpoint], pace: Pace | None, *, as_json: bool) -> None:
    span = 0 if tally.first is None else tally.last - tally.first
    rows: list[dict[str, Any]] = [
        {"to": f"{group}:{port}", "datagrams": count, "bytes": octets}
        for (group, port), count, octets in zip(endpoints, tally.datagrams, tally.octets, strict=True)
    ]
    if as_json:
        facts = {"lines": rows, "span_ns": span, "refused": tally.refused, "latest_ns": pace.latest if pace else 0}
        click.echo(json.dumps(facts))
        return
    for row in rows:
        click.echo(f"{row['to']}: {row['datagrams']:,} datagrams, {row['bytes']:,} bytes")
    late = "" if pace is None or pace.speed is None else f"; the latest was {pace.latest / 1e6:,.3f} ms late"
    click.echo(f"{span / 1e9:,.3f} s of market data{late}")
    if tally.refused:
        click.echo(f"{tally.refused:,} datagrams were refused by the kernel: {tally.reason}", err=True)


def _notes(texts: Iterable[str]) -> None:
    for text in texts:
        _note(text)


def _note(text: str) -> None:
    click.echo(f"note: {text}", err=True)


def _show(found: list[Found], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps([packet_json(each) for each in found]))
        return
    console = _console()
    for each in found:
        show_packet(each, console)
    if not found:
        click.echo("there is no such packet", err=True)


def _console() -> Console:
    return Console(width=None if sys.stdout.isatty() else 160)


def _first_time(path: Path) -> int:
    found = find(path, Wanted(packet=0), use_index=True)
    if not found:
        raise CaptureError(f"{path} has no packet")
    return found[0].time


def _endpoint(text: str) -> Endpoint:
    group, colon, port = text.rpartition(":")
    if not colon or not (port.isascii() and port.isdigit()) or not 0 < int(port) < 65_536:
        raise ValueError(f"--to {text!r}: give GROUP:PORT, as 239.20.0.1:26401")
    return _address(group), int(port)


def _address(text: str) -> IPv4Address:
    try:
        return IPv4Address(text)
    except AddressValueError:
        raise ValueError(f"{text!r} is no IPv4 address") from None
