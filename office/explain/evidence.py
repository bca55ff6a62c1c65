"""What a run left about its orders: the office's journal, the capture at its trader's port; gaps are named."""

import json
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from office import files
from office.capture.headers import segments
from office.capture.source import Capture, CaptureError
from office.files import Entry
from protocols.management import Hello, Stats
from protocols.order_capture import CapturedOrder, CapturedOrders
from protocols.tcp_capture import tcp_segment


class EvidenceError(Exception):
    """There is nothing to explain with; the text says what was looked for and what to do."""


@dataclass(frozen=True, slots=True)
class OnWire:
    """An order message in the capture: the packet that completed it (from 0), and the message with its time."""

    packet: int
    order: CapturedOrder


@dataclass
class Evidence:
    """The journal of a run, its greeting, and its capture. `missing`: what is not there, in words.

    `feeds`: the MoldUDP64 session of each venue's feed, `strategies`: the kinds of the strategies, both by number, as
    far as the server told them. Use as a context: the capture is mapped.
    """

    run: Path
    entries: list[Entry]
    hello: Hello | None
    capture: Capture | None
    missing: list[str] = field(default_factory=list)
    feeds: dict[int, str] = field(default_factory=dict)
    strategies: dict[int, str] = field(default_factory=dict)

    @property
    def ticks_per_second(self) -> int:
        """Of the trader's clock; 0 when no greeting says."""
        return self.hello.ticks_per_second if self.hello is not None else 0

    @cached_property
    def on_wire(self) -> list[OnWire]:
        """All order messages of the capture, in its order."""
        found: list[OnWire] = []
        if self.capture is None:
            return found
        reader = CapturedOrders()
        for part, base in zip(self.capture.parts, self.capture.bases, strict=True):
            rows = segments(part.data, part.columns).rows
            columns = part.columns.at(rows)
            for row, time, link in zip(rows.tolist(), columns.times.tolist(), columns.links.tolist(), strict=True):
                segment = tcp_segment(part.frame(row), link)
                if segment is not None:
                    found += [OnWire(base + row, order) for order in reader.take(time, segment)]
        if reader.damaged or reader.lost:
            self.missing.append(
                f"the capture lacks {reader.lost:,} bytes of order sessions "
                f"({reader.damaged:,} pieces were no SoupBinTCP)"
            )
        return found

    def close(self) -> None:
        """Give the capture back."""
        if self.capture is not None:
            self.capture.close()

    def __enter__(self) -> "Evidence":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def gather(run: Path) -> Evidence:
    """Everything in a run's folder. Of several journals the newest counts. Raises EvidenceError."""
    if not run.is_dir():
        raise EvidenceError(f"{run}: no such folder; name that of a run with --run")
    missing: list[str] = []
    entries, hello = _journal(run, missing)
    capture: Capture | None = None
    try:
        capture = Capture(run)
    except CaptureError as error:
        missing.append(f"no capture: {error}")
    if capture is not None:
        missing += [f"{path.name}: {fault}" for path, fault in capture.faults()]
    found = Evidence(run, entries, hello, capture, missing)
    if hello is not None:
        _names(found, hello.session)
    return found


def _names(found: Evidence, session: int) -> None:
    """Take sessions and strategies out of the last figures that the server sent; what is not there stays unknown."""
    last: Stats | None = None
    for of, frame in files.live(found.run):
        if of == session and isinstance(frame.message, Stats):
            last = frame.message
    try:
        figures: dict[str, Any] = json.loads(last.body) if last is not None else {}
        feeds = list(figures["venues"].values()) if "venues" in figures else [figures["feed"]]
        found.feeds = {number: str(feed["session"]) for number, feed in enumerate(feeds) if feed["session"]}
        for name in figures["strategies"]:
            number, _, kind = str(name).partition(":")
            found.strategies[int(number)] = kind
    except (ValueError, KeyError, TypeError, AttributeError):
        return


def _journal(run: Path, missing: list[str]) -> tuple[list[Entry], Hello | None]:
    """The records of the newest journal, and the greeting of the run that wrote it last."""
    try:
        entries = list(files.journal(run))
        hellos = files.hellos(run)
    except (files.FileError, OSError) as error:
        raise EvidenceError(str(error)) from error
    if not entries:
        raise EvidenceError(f"{run} has no journal in {files.office_of(run)}: the office got no order and no decision")
    journals = list(dict.fromkeys(entry.journal for entry in entries))
    newest = journals[-1]
    if len(journals) > 1:
        missing.append(f"{len(journals) - 1} older journals in {files.office_of(run)} are left out")
    greetings = [hello for hello in hellos.values() if hello.journal == newest]
    if not greetings:
        missing.append("no greeting of the server: stages have no unit, they are left out")
    return [entry for entry in entries if entry.journal == newest], greetings[-1] if greetings else None
