"""Plays recorded market data to a trader: datagrams of a capture, or a file of ITCH messages, orders on paper.

Time is that of the data: the clock stands at a datagram's time while it is handled, and at each timer in between. So
what is decided follows from the data, the configuration and the seed, and from no pace.
"""

from collections.abc import Callable, Iterable, Iterator
from ipaddress import IPv4Address
from itertools import groupby
from pathlib import Path
from typing import Final, NamedTuple

from hftapp import config
from hftapp.clock import manual
from hftapp.records import COMMANDS, Rings
from hftapp.trader import assembly
from hftapp.trader.loop import DONE, TRADING, Trader
from hftapp.trader.paper import BURST, PaperWire
from hftapp.trader.replay import Outcome
from protocols import binaryfile, mold, moments, pcap_read, pcap_rotate
from protocols.errors import TruncatedError
from protocols.frames import udp_datagram
from protocols.itch_packets import packed, timed

SEED: Final = b"market data on paper"
"""Order tokens follow from it."""
SESSION: Final = "FILE"
"""Session of the packets that a file's messages are put into."""
LEAD_NS: Final = 1_000_000
"""The trader begins so long before the first datagram, to log in."""
LATEST: Final = 1 << 62
"""Latest time of a datagram, ns: timers that are set from it fit 64 bits."""
TURN_NS: Final = 1_000
MOST_TURNS: Final = 100_000
"""Turns that logging in, or coming to an end, may take."""

Endpoint = tuple[IPv4Address, int]


class Datagram(NamedTuple):
    """What was sent to a group: when (ns), where, the payload."""

    time: int
    to: Endpoint
    payload: bytes


class MarketReplayError(Exception):
    """Market data that cannot be played; the text says why and what to do."""


def of_capture(path: Path, told: Callable[[str], None] = lambda _: None) -> Iterator[Datagram]:
    """The datagrams of a capture, in its order: of its first file, and of those that it goes on in.

    A file that ends inside a packet, because its writer was killed, is played up to there, and `told` is told. Raises a
    ProtocolError at damage, OSError.
    """
    for each in pcap_rotate.files(path):
        try:
            yield from _of_one(each)
        except TruncatedError as error:
            told(f"{each}: {error}; what came before is played")


def _of_one(path: Path) -> Iterator[Datagram]:
    with path.open("rb") as file:
        for time, link, frame in pcap_read.read(file):
            datagram = udp_datagram(frame, link)
            if datagram is not None:
                yield Datagram(time, (datagram.destination, datagram.destination_port), datagram.payload)


def of_messages(messages: Iterable[tuple[int, bytes]], to: Endpoint) -> Iterator[Datagram]:
    """ITCH messages with their times, packed: those of one time share packets, sent to one line."""
    for time, payload in packed(messages, mold.Packetizer(SESSION)):
        yield Datagram(time, to, payload)


def of_file(path: Path, to: Endpoint) -> Iterator[Datagram]:
    """The messages of a BinaryFILE by their own time stamps (ns since midnight). Raises a ProtocolError at damage."""
    with binaryfile.read(path) as reader:
        yield from of_messages(timed(reader), to)


class MarketPlayer:
    """A trader on paper. `played`: datagrams on its lines; `elsewhere`: those to other groups, which it never sees."""

    def __init__(self, settings: config.Config, start: int) -> None:
        endpoints = assembly.lines(settings)
        self.outcome = Outcome()
        self.played = self.elsewhere = 0
        self._lines = {endpoint: line for line, endpoint in enumerate(endpoints)}
        self._clock = manual(start - LEAD_NS)
        self._wire = PaperWire(self._clock)
        self._rings = Rings()
        self._trader = Trader(assembly.build(settings, self._wire, self._rings, self._clock, SEED))
        self._until(lambda: self._trader.phase == TRADING, "does not log in")

    def play(self, time: int, datagrams: Iterable[Datagram]) -> None:
        """Datagrams that came at one time. Whatever timer was due before goes first."""
        self._pass(time)
        self._clock.time = max(time, self._clock.time)
        waiting = 0
        for datagram in datagrams:
            line = self._lines.get(datagram.to)
            if line is None:
                self.elsewhere += 1
                continue
            self._wire.put(line, datagram.payload)
            self.played += 1
            waiting += 1
            if waiting == BURST:
                self._step()
                waiting = 0
        self._step()

    def end(self) -> None:
        """Stop the trader as an operator does."""
        self._rings.control.push(COMMANDS["stop"], self._clock.time, b"")
        self._until(lambda: self._trader.phase == DONE, "does not come to its end")
        self._rings.close()

    def _pass(self, time: int) -> None:
        while self._trader.phase != DONE and self._clock.time < self._trader.due < time:
            self._clock.time = self._trader.due
            self._step()

    def _until(self, reached: Callable[[], bool], what: str) -> None:
        for _ in range(MOST_TURNS):
            if reached():
                return
            self._clock.time = max(self._clock.time + TURN_NS, min(self._trader.due, self._clock.time + LEAD_NS))
            self._step()
        raise MarketReplayError(f"the trader {what} on paper within {MOST_TURNS} turns")

    def _step(self) -> None:
        if self._trader.phase == DONE:
            return
        self._trader.step()
        self._rings.telemetry.drain()
        for kind, _, payload in self._rings.journal.drain():
            self.outcome.take(kind, payload)


def replay(
    datagrams: Iterable[Datagram], settings: config.Config, pace: Callable[[int], None] | None = None
) -> MarketPlayer:
    """Play market data to a trader; returns it at its end. `pace` as in `hftapp.trader.replay.replay`.

    Raises MarketReplayError when nothing of it is for the trader, or a time is none that it can have.
    """
    player: MarketPlayer | None = None
    for time, burst in groupby(datagrams, key=lambda each: each.time):
        if not 0 <= time <= LATEST:
            raise MarketReplayError(f"a datagram of {moments.show(time)}: the trader's clock knows 1970 to 2116")
        player = player or MarketPlayer(settings, time)
        if pace is not None:
            pace(time)
        player.play(time, burst)
    if player is None or not player.played:
        groups = ", ".join(f"{group}:{port}" for group, port in assembly.lines(settings))
        raise MarketReplayError(f"there is no datagram for {groups}: give the configuration of the feed with --config")
    player.end()
    return player
