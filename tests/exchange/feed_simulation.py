"""A venue, its lines, its servers and one client on a network of virtual time that loses, delays and reorders."""

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from exchange.glimpse import GlimpseServer, GlimpseSession
from exchange.market_data import Publisher
from exchange.message_store import MessageStore
from exchange.rerequest import RerequestServer
from protocols import itch50
from protocols.order_book import OrderBooks
from protocols.recovery import FeedClient
from protocols.recovery_events import (
    CloseGlimpse,
    Event,
    FeedMessages,
    OpenGlimpse,
    Reset,
    SendGlimpse,
    SendRequest,
    SnapshotMessages,
)
from protocols.recovery_settings import RecoverySettings, RecoveryState
from tests.exchange.live_venue import LiveVenue

MICROSECOND = 1_000
SECOND = 1_000_000_000


@dataclass(frozen=True)
class Weather:
    """Probabilities of loss: of a packet on one line, on both, of a request or an answer; of a cut GLIMPSE link."""

    line: float = 0.01
    both: float = 0.001
    unicast: float = 0.02
    cut: float = 0.1
    outages: tuple[tuple[int, int], ...] = ()
    """Message numbers (first, last) during which nothing arrives on either line; the end of session always does."""


class Network:
    """What happens when, in virtual ns."""

    def __init__(self, rng: random.Random) -> None:
        self.now = 0
        self.rng = rng
        self._queue: list[tuple[int, int, Callable[[], None]]] = []
        self._count = 0

    def later(self, low: int, high: int, action: Callable[[], None]) -> None:
        """Do something after between ``low`` and ``high`` ns."""
        self._count += 1
        heapq.heappush(self._queue, (self.now + self.rng.randint(low, high), self._count, action))

    def step(self) -> bool:
        """Do the next thing; False when there is none."""
        if not self._queue:
            return False
        self.now, _, action = heapq.heappop(self._queue)
        action()
        return True


class LossyLine:
    """Line A or B. ``shared`` decides, for both lines alike, whether a packet is lost on both."""

    def __init__(self, lag: int, simulation: "Simulation") -> None:
        self.lag = lag
        self.sent = 0
        self._simulation = simulation

    def send(self, packet: bytes) -> None:
        simulation, network = self._simulation, self._simulation.network
        self.sent += 1
        if simulation.lost_on_both(self.sent) or network.rng.random() < simulation.weather.line:
            return
        jitter = 30 * MICROSECOND
        network.later(self.lag, self.lag + jitter, lambda: simulation.to_client(FeedClient.on_datagram, packet))

    def close(self) -> None:
        pass


@dataclass
class Received:
    """What the client's owner made of its events."""

    books: OrderBooks = field(default_factory=OrderBooks)
    resets: list[str] = field(default_factory=list)
    runs: list[tuple[int, list[bytes]]] = field(default_factory=list)
    """Messages since each reset, with the number of the first."""


class Simulation:
    """One seed. At least ``messages`` are published, about 20 us apart, then the day's last system events.

    The client joins after ``join_after`` of them.
    """

    def __init__(self, seed: int, weather: Weather, messages: int, settings: RecoverySettings, join_after: int) -> None:
        self.rng = random.Random(seed)
        self.weather = weather
        self.network = Network(self.rng)
        self.received = Received()
        self.states: set[RecoveryState] = set()
        self._both: dict[int, bool] = {}
        lines = [LossyLine(10 * MICROSECOND, self), LossyLine(60 * MICROSECOND, self)]
        self.publisher = Publisher("SIM", lines, store=MessageStore(buffer_size=1 << 14))
        self.venue = LiveVenue(self.publisher, seed)
        self.rerequests = RerequestServer("SIM", self.publisher.store)
        self.glimpse = GlimpseServer("SIM", self.venue, {"user": "secret"}, build_interval=SECOND // 100)
        self.client = FeedClient("SIM", None, settings)
        self._messages = messages
        self._join_after = join_after
        self._joined = False
        self._connection = 0
        self._session: GlimpseSession | None = None
        self._glimpse_busy = 0
        self._timer: int | None = None

    def run(self, limit: int = 60 * SECOND) -> None:
        """Publish all, end the session, and let the client recover for at most ``limit`` of virtual time."""
        self._publish()
        while self.network.now < limit and self.network.step():
            pass

    def to_client(self, take: Callable[[FeedClient, bytes, int], list[Event]], data: bytes) -> None:
        """Hand the client a datagram."""
        if self._joined:
            self._act(take(self.client, data, self.network.now))

    def lost_on_both(self, number: int) -> bool:
        """Whether the n-th packet of the lines is lost on both."""
        if number not in self._both:
            sequence = self.publisher.next_sequence
            out = not self.publisher.ended and any(first <= sequence <= last for first, last in self.weather.outages)
            self._both[number] = out or self.rng.random() < self.weather.both
        return self._both[number]

    def _publish(self) -> None:
        if not self._joined and len(self.publisher) >= self._join_after:
            self._joined = True
            self._act(self.client.begin(self.network.now))
        if len(self.publisher) < self._messages:
            for _ in range(self.rng.randint(1, 4)):
                self.venue.step()
            self.publisher.flush(self.network.now)
            self.network.later(0, 100 * MICROSECOND, self._publish)
        elif not self.publisher.ended:
            self.venue.end_of_day()
            self.publisher.end(self.network.now)
            self.network.later(SECOND // 2, SECOND // 2, self._publish)
        elif self.client.state.name != "ENDED":
            self.publisher.tick(self.network.now)
            self.network.later(SECOND // 2, SECOND // 2, self._publish)

    def _act(self, events: list[Event]) -> None:
        self.states.add(self.client.state)
        for event in events:
            match event:
                case Reset(reason):
                    self.received.books = OrderBooks()
                    self.received.resets.append(reason)
                    self.received.runs.append((0, []))
                case SnapshotMessages(messages):
                    self._apply(list(messages))
                case FeedMessages(first, messages):
                    self._on_feed(first, list(messages))
                case SendRequest(data):
                    self._send_request(data)
                case OpenGlimpse():
                    self._connection += 1
                    self._later_glimpse(self._connected)
                case SendGlimpse(data):
                    self._to_glimpse(data)
                case CloseGlimpse():
                    self._connection += 1
        self._schedule()

    def _on_feed(self, first: int, messages: list[bytes]) -> None:
        start, run = self.received.runs[-1]
        if not run:
            self.received.runs[-1] = (first, run)
        else:
            assert first == start + len(run), "a message came twice, was left out, or came out of order"
        run += messages
        self._apply(list(messages))

    def _apply(self, messages: list[bytes]) -> None:
        for message in messages:
            self.received.books.apply(itch50.decode(message))

    def _schedule(self) -> None:
        deadline = self.client.next_deadline()
        if deadline is None or (self._timer is not None and self._timer <= deadline):
            return
        self._timer = deadline
        delay = max(0, deadline - self.network.now)
        self.network.later(delay, delay, lambda: self._tick(deadline))

    def _tick(self, deadline: int) -> None:
        if self._timer == deadline:
            self._timer = None
            self._act(self.client.tick(self.network.now))

    def _send_request(self, data: bytes) -> None:
        if self.rng.random() < self.weather.unicast:
            return

        def arrive() -> None:
            answer = self.rerequests.on_request(data, "10.0.0.1", self.network.now)
            if answer is not None and self.rng.random() >= self.weather.unicast:
                self.network.later(20_000, 80_000, lambda: self.to_client(FeedClient.on_answer, answer))

        self.network.later(20_000, 80_000, arrive)

    def _later_glimpse(self, action: Callable[[], None]) -> None:
        """Do something on the present GLIMPSE connection, in order, unless it is gone by then.

        A snapshot takes its time, so that the feed goes on, and loses messages, meanwhile.
        """
        connection = self._connection
        self._glimpse_busy = max(self._glimpse_busy + 50 * MICROSECOND, self.network.now + 100 * MICROSECOND)
        delay = self._glimpse_busy - self.network.now

        def act() -> None:
            if self._connection == connection:
                action()

        self.network.later(delay, delay, act)

    def _connected(self) -> None:
        self._session = self.glimpse.open("10.0.0.1", self.network.now)
        self._act(self.client.glimpse_connected(self.network.now))

    def _to_glimpse(self, data: bytes) -> None:
        session = self._session
        assert session is not None

        def arrive() -> None:
            session.on_bytes(data, self.network.now)
            self._pump()

        self._later_glimpse(arrive)

    def _pump(self) -> None:
        """Let the server write, its bytes in random pieces; sometimes the connection breaks half-way."""
        session = self._session
        assert session is not None
        self.glimpse.tick(self.network.now)
        cut = self.rng.random() < self.weather.cut
        while piece := session.take_output():
            while piece:
                size = self.rng.randint(1, 3000)
                part, piece = piece[:size], piece[size:]
                self._later_glimpse(
                    lambda part=part: self._act(self.client.on_glimpse_bytes(part, self.network.now))  # type: ignore[misc]
                )
                if cut and piece:
                    self._closed(session)
                    return
        if session.closing:
            self._closed(session)
        else:
            self._later_glimpse(self._pump)

    def _closed(self, session: GlimpseSession) -> None:
        self.glimpse.close(session)
        self._later_glimpse(lambda: self._act(self.client.glimpse_closed(self.network.now)))
