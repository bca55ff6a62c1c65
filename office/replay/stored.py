"""Market data out of the store: both lines of a run as they were captured, packet by packet.

What came in one packet has one capture time and numbers without a hole; that is how packets are put together again.
Heartbeats are not stored, nor which of two lines was first within one nanosecond.
"""

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address
from typing import Final, NamedTuple

from office.capture.feed import Line
from office.replay.sources import Sent
from protocols import mold
from store.client import Store

_SQL: Final = """
SELECT source, session, feed_sequence, toUnixTimestamp64Nano(t) AS time, payload
FROM hftos.messages
WHERE run = {run:String} AND feed_sequence > 0 AND startsWith(source, {port:String})
  AND t >= fromUnixTimestamp64Nano({since:Int64}) AND t < fromUnixTimestamp64Nano({until:Int64})
ORDER BY t, source, sequence
"""


class Row(NamedTuple):
    """A stored message: source, session, number in the feed, capture time in ns, bytes."""

    source: str
    session: str
    number: int
    time: int
    payload: bytes


def rows(store: Store, run: str, port: str = "trader", since: int = 0, until: int = (1 << 63) - 1) -> Iterator[Row]:
    """The feed messages captured at a switch port, by time. Raises StoreError."""
    found = store.arrow(_SQL, {"run": run, "port": f"{port}/", "since": since, "until": until})
    for batch in found.to_batches(max_chunksize=65_536):
        columns = (batch.column(name).to_pylist() for name in ("source", "session", "feed_sequence", "time", "payload"))
        for source, session, number, time, payload in zip(*columns, strict=True):
            yield Row(source, session, number, time, payload)


def lines_of(stored: Iterable[Row]) -> list[Line]:
    """The lines that rows came on, in their order: where a source names a group."""
    found: dict[tuple[str, str], Line] = {}
    for row in stored:
        if (row.source, row.session) not in found:
            found[row.source, row.session] = _line(row)
    return list(found.values())


def packets(stored: Iterable[Row], lines: list[Line]) -> Iterator[Sent]:
    """The packets that rows came in; those of other lines are left out."""
    places = {(str(line), line.session): place for place, line in enumerate(lines)}
    held: list[Row] = []
    for row in stored:
        if held and not _continues(held[-1], row):
            yield from _packet(held, places)
            held = []
        held.append(row)
    if held:
        yield from _packet(held, places)


def _continues(last: Row, row: Row) -> bool:
    same = (last.source, last.session, last.time) == (row.source, row.session, row.time)
    return same and row.number == last.number + 1


def _packet(held: list[Row], places: dict[tuple[str, str], int]) -> Iterator[Sent]:
    first = held[0]
    place = places.get((first.source.partition("/")[2], first.session))
    if place is not None:
        payload = mold.encode_packet(first.session, first.number, [row.payload for row in held])
        yield Sent(first.time, place, payload)


def _line(row: Row) -> Line:
    group, _, port = row.source.partition("/")[2].rpartition(":")
    return Line(int(IPv4Address(group)), int(port), row.session)
