"""A feed reader on real sockets: multicast lines with losses, the re-request server, GLIMPSE over TCP."""

import asyncio
import random
import time
from ipaddress import IPv4Address

from exchange.feed_reader import FeedReader
from exchange.glimpse import GlimpseServer
from exchange.glimpse_endpoint import GlimpseEndpoint
from exchange.lines import Line, MulticastLine
from exchange.market_data import Publisher
from exchange.rerequest import RerequestEndpoint, RerequestServer
from tests.exchange.live_venue import LiveVenue, queues_of

LOOPBACK = IPv4Address("127.0.0.1")
GROUPS = IPv4Address("239.20.9.3"), IPv4Address("239.20.9.4")
PATIENCE = 20


class Dropping:
    """A line that loses packets: some of its own, and those that `both` names on either line."""

    def __init__(self, line: Line, rng: random.Random, both: range) -> None:
        self.line, self.rng, self.both = line, rng, both
        self.sent = 0

    def send(self, packet: bytes) -> None:
        self.sent += 1
        if self.sent not in self.both and self.rng.random() > 0.05:
            self.line.send(packet)

    def close(self) -> None:
        self.line.close()


def test_a_late_joiner_ends_in_step_with_the_venue(feed_ports: tuple[int, int]) -> None:
    async def run() -> None:
        rng = random.Random(5)
        # Packets 100 to 102 are lost on both lines: only the re-request server has their messages.
        lines = [
            Dropping(MulticastLine(group, port, LOOPBACK), rng, range(100, 103))
            for group, port in zip(GROUPS, feed_ports, strict=True)
        ]
        publisher = Publisher("S", lines)
        venue = LiveVenue(publisher, 5)
        for _ in range(500):
            venue.step()
        publisher.flush(time.monotonic_ns())
        rerequests = RerequestEndpoint(server := RerequestServer("S", publisher.store), time.monotonic_ns)
        snapshots = GlimpseEndpoint(GlimpseServer("S", venue, {"user": "secret"}), time.monotonic_ns)
        host = str(LOOPBACK)
        reader = FeedReader(
            {
                "session": "S",
                "rerequest": {"host": host, "port": await rerequests.listen(LOOPBACK, 0)},
                "glimpse": {
                    "host": host,
                    "port": await snapshots.listen(LOOPBACK, 0),
                    "user": "user",
                    "password": "secret",
                },
                **{
                    name: {"group": str(group), "port": port, "interface": host}
                    for name, group, port in zip(("feed_a", "feed_b"), GROUPS, feed_ports, strict=True)
                },
            },
            time.monotonic_ns,
        )
        await reader.start()
        await asyncio.wait_for(reader.synchronised.wait(), PATIENCE)
        for now in range(900):
            venue.step()
            if now % 3 == 2:
                publisher.flush(time.monotonic_ns())
                await asyncio.sleep(0)
        for _ in range(20):
            publisher.end(time.monotonic_ns())
        await asyncio.wait_for(reader.ended.wait(), PATIENCE)
        assert min(line.sent for line in lines) > 102, "the packets that both lines lost were sent"
        assert queues_of(reader.books) == venue.queues()
        assert server.answered and reader.client.counters.recovered
        assert reader.client.counters.snapshots == reader.snapshots == 1
        reader.close()
        rerequests.close()
        await snapshots.close()
        publisher.close()

    asyncio.run(run())
