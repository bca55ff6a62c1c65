"""Prints what `hftos capture` finds."""

from typing import Any

from rich.console import Console
from rich.table import Table

from office.capture.describe import describe
from office.capture.info import CaptureInfo
from office.capture.seek import Found
from protocols import moments
from protocols.itch_files import line

MOST_SPANS = 5


def show_info(found: CaptureInfo, console: Console) -> None:
    """Figures, lines of feeds, connections."""
    summary = Table(show_header=False, box=None)
    for file in found.files:
        fault = f"; {file['fault']}" if file["fault"] else ""
        summary.add_row("file", f"{file['path']}: {file['bytes']:,} bytes, {file['packets']:,} packets{fault}")
    summary.add_row(
        "packets", f"{found.packets:,}, {found.octets:,} bytes; in {found.inbound:,}, out {found.outbound:,}"
    )
    if found.packets:
        summary.add_row("first", moments.show(found.first))
        summary.add_row("last", f"{moments.show(found.last)} ({(found.last - found.first) / 1e9:,.3f} s)")
    if found.backwards:
        summary.add_row("clock", f"{found.backwards:,} packets have a time before that of the packet in front of them")
    console.print(summary)
    if found.lines:
        console.print(_lines(found))
    for session, spans in found.missing.items():
        text = "nothing is missing on all lines" if not spans else f"on no line: {_spans(spans)}"
        console.print(f"session {session}: {text}", highlight=False, markup=False)
    if found.flows:
        console.print(_flows(found))


def _lines(found: CaptureInfo) -> Table:
    table = Table("Line", "Session", title="MoldUDP64", title_justify="left")
    for name in ("Packets", "Heartbeats", "Messages", "First", "Last", "Missing", "Again", "Reordered"):
        table.add_column(name, justify="right")
    table.add_column("Gaps")
    for state in found.lines:
        missing = sum(last - first + 1 for first, last in state.gaps)
        numbers = (state.packets, state.heartbeats, state.messages, state.first, state.last, missing, state.repeated)
        end = " (ended)" if state.ended else ""
        table.add_row(
            str(state.line), state.line.session + end, *map(_number, (*numbers, state.reordered)), _spans(state.gaps)
        )
    return table


def _flows(found: CaptureInfo) -> Table:
    table = Table("Client", "Server", title="TCP", title_justify="left")
    for name in ("Packets up", "Bytes up", "Packets down", "Bytes down", "SYN", "FIN", "RST"):
        table.add_column(name, justify="right")
    for flow in found.flows:
        numbers = (flow.packets_up, flow.bytes_up, flow.packets_down, flow.bytes_down, flow.opened, flow.closed)
        table.add_row(flow.client, flow.server, *map(_number, (*numbers, flow.reset)))
    return table


def packet_json(found: Found) -> dict[str, Any]:
    """One packet as plain data."""
    return {
        "file": str(found.path),
        "packet": found.number,
        "time_ns": found.time,
        "offset": found.offset,
        "length": len(found.frame),
        **describe(found.link, found.frame),
    }


def show_packet(found: Found, console: Console) -> None:
    """One packet on a few lines."""
    facts = describe(found.link, found.frame)
    ends = f"{facts.get('from', '')} > {facts.get('to', '')}" if "from" in facts else facts.get("ethertype", "")
    head = f"{found.path.name} packet {found.number} {moments.show(found.time)} {len(found.frame)} bytes"
    text = [f"{head} {facts['protocol']} {ends}"]
    if "session" in facts:
        text.append(f"  MoldUDP64 {facts['session']} {facts['sequence']} {facts.get('name', '')}".rstrip())
    text += [f"  {line(message)}" for message in facts.get("messages", ())]
    if facts["protocol"] == "tcp":
        text.append(f"  {' '.join(facts['flags'])} sequence {facts['sequence']} payload {facts['payload'] or 'none'}")
    console.print("\n".join(text), highlight=False, markup=False, soft_wrap=True)


def _number(value: int) -> str:
    return f"{value:,}"


def _spans(spans: tuple[tuple[int, int], ...]) -> str:
    shown = [str(first) if first == last else f"{first} to {last}" for first, last in spans[:MOST_SPANS]]
    more = len(spans) - MOST_SPANS
    return ", ".join(shown) + (f", and {more:,} more" if more > 0 else "")
