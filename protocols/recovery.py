"""The client of a feed that always recovers, without I/O: lines A and B, re-requests, GLIMPSE (PROTOCOLS §2.5, §7).

Datagrams, the bytes of the GLIMPSE connection and the time go in; in-order messages and things to do come out;
`next_deadline` says when to call `tick`. Which way back is taken:

- A gap waits ``gap_timeout`` for the other line, then is asked for from the re-request server.
- More than ``max_gap`` messages missing in a row, or a request without answer, make the client start again from a
  snapshot: `Reset`, `SnapshotMessages`, then the feed from the snapshot's number on. The live feed is held meanwhile.
- A number more than ``max_gap`` ahead is believed only when a second packet continues it: one damaged packet must not
  cost a snapshot.

Hostile input: malformed datagrams and those of other sessions are counted and dropped, held packets are bounded by
``hold_bytes``, the GLIMPSE connection by its time limits.
"""

from collections.abc import Sequence

from protocols import mold
from protocols.errors import ProtocolError
from protocols.recovery_events import Event, FeedMessages, Reset, SendRequest, SessionEnded
from protocols.recovery_hold import HeldPackets
from protocols.recovery_requests import RequestWindow, UnansweredError
from protocols.recovery_settings import RecoveryCounters, RecoverySettings, RecoveryState
from protocols.recovery_snapshot import SnapshotFetch


class FeedClient:
    """One session of one venue. ``start``: number of the first message wanted, None to join by a snapshot.

    Call `begin` first. All calls that take ``now`` (monotonic ns) return what to do, in order.
    """

    def __init__(self, session: str, start: int | None = None, settings: RecoverySettings | None = None) -> None:
        if start is not None and start < 1:
            raise ValueError(f"messages are numbered from 1, not {start}")
        options = self.settings = RecoverySettings() if settings is None else settings
        self.counters = RecoveryCounters()
        self.session = session.strip(" ")
        self.state = RecoveryState.SNAPSHOT if start is None else RecoveryState.SYNCHRONISED
        self.expected = start
        self.held = HeldPackets(options.hold_bytes)
        self.fetch = SnapshotFetch(self.session, options)
        self._window = RequestWindow(
            options.requests, options.request_size, options.request_timeout, options.request_attempts
        )
        self._announced = 0
        self._announced_at = 0
        self._far: int | None = None
        self._end: int | None = None
        self._splice_end = 0
        self._events: list[Event] = []

    def begin(self, now: int) -> list[Event]:
        """Start: asks for the GLIMPSE connection when the client is to join by a snapshot."""
        if self.state is RecoveryState.SNAPSHOT:
            self._start_snapshot("late join", now)
        return self._take_events()

    def on_datagram(self, data: bytes, now: int) -> list[Event]:
        """Take a datagram of line A or B."""
        packet = self._decode(data)
        if packet is None:
            return []
        if isinstance(packet, mold.Packet):
            self.counters.packets += 1
            self._on_messages(packet.sequence, packet.messages, now)
        else:
            self._on_announcement(packet, now)
        return self._progress(now)

    def on_answer(self, data: bytes, now: int) -> list[Event]:
        """Take a datagram of the re-request server."""
        packet = self._decode(data)
        if not isinstance(packet, mold.Packet):
            # Only packets with messages answer a request.
            self.counters.malformed += packet is not None
            return []
        self.counters.recovered += 1
        self._on_messages(packet.sequence, packet.messages, now)
        return self._progress(now, answered=True)

    def glimpse_connected(self, now: int) -> list[Event]:
        """Take note that the GLIMPSE connection stands."""
        return self.fetch.connected(now)

    def on_glimpse_bytes(self, data: bytes, now: int) -> list[Event]:
        """Take bytes of the GLIMPSE connection."""
        self._events += self.fetch.on_bytes(data, now)
        if self.fetch.taken is not None:
            self._splice(self.fetch.taken)
            self.fetch.taken = None
        return self._progress(now)

    def glimpse_closed(self, now: int) -> list[Event]:
        """Take note that the GLIMPSE server closed, or that there is no connection to it."""
        return self.fetch.closed(now)

    def tick(self, now: int) -> list[Event]:
        """Let time pass."""
        self._events += self.fetch.tick(now)
        return self._progress(now)

    def next_deadline(self) -> int | None:
        """When `tick` has something to do, None while nothing is open."""
        if self.state is RecoveryState.SNAPSHOT:
            return self.fetch.next_deadline()
        if self.state is RecoveryState.ENDED or not self.missing:
            return None
        repeat = self._window.next_deadline()
        return self._gap_since() + self.settings.gap_timeout if repeat is None else repeat

    @property
    def missing(self) -> bool:
        """Whether messages are known to exist that have not arrived."""
        return self.expected is None or bool(self.held) or self._announced > self.expected

    def _decode(self, data: bytes) -> mold.Packet | mold.Heartbeat | mold.EndOfSession | None:
        if self.state is RecoveryState.ENDED:
            return None
        try:
            packet = mold.decode(data)
        except ProtocolError:
            self.counters.malformed += 1
            return None
        if packet.session != self.session:
            self.counters.wrong_session += 1
            return None
        if packet.sequence < 1:
            self.counters.malformed += 1
            return None
        return packet

    def _on_messages(self, sequence: int, messages: Sequence[bytes], now: int) -> None:
        following = sequence + len(messages)
        if self.expected is not None and following <= self.expected:
            self.counters.duplicates += 1
        elif self.expected is not None and sequence <= self.expected:
            self._deliver(messages[self.expected - sequence :])
        elif self._plausible(sequence, following, now):
            self.counters.duplicates += not self.held.add(sequence, messages, now)

    def _on_announcement(self, packet: mold.Heartbeat | mold.EndOfSession, now: int) -> None:
        """Heartbeat and end of session tell the number that follows the last message."""
        sequence = packet.sequence
        if self.expected is not None and sequence < self.expected:
            return
        if not self._plausible(sequence, sequence, now):
            return
        if isinstance(packet, mold.EndOfSession):
            self._end = sequence
        if sequence > self._announced:
            if self.expected is None or self._announced <= self.expected:
                self._announced_at = now
            self._announced = sequence

    def _plausible(self, sequence: int, following: int, now: int) -> bool:
        """Whether to believe a number. Two packets far ahead of all others, in a row, make for a snapshot."""
        if self.expected is None:
            return True
        known = max(self.expected, self.held.end, self._announced)
        if sequence - known <= self.settings.max_gap:
            return True
        if sequence == self._far:
            self._start_snapshot(f"messages {known} to {sequence - 1} are missing", now)
            return True
        self._far = following
        self.counters.implausible += 1
        return False

    def _deliver(self, messages: Sequence[bytes]) -> None:
        """Hand on messages from `expected` on, and what was held and now follows."""
        assert self.expected is not None
        following = self.held.take(self.expected + len(messages)) if self.held else []
        released = [*messages, *following] if following else messages
        if released:
            self._events.append(FeedMessages(self.expected, released))
            self.expected += len(released)
            self.counters.messages += len(released)

    def _progress(self, now: int, answered: bool = False) -> list[Event]:
        """Find out where the client stands now, and what that calls for."""
        expected = self.expected
        if expected is None or self.state is RecoveryState.ENDED:
            return self._take_events()
        if self._end == expected:
            self.state = RecoveryState.ENDED
            self._events.append(SessionEnded(expected))
        elif not self.missing:
            self._window.clear()
            self.state = RecoveryState.SYNCHRONISED
        else:
            if self.state is not RecoveryState.SPLICING or expected >= self._splice_end:
                self.state = RecoveryState.GAP_FILL
            self._fill_gap(expected, now, answered)
        return self._take_events()

    def _fill_gap(self, expected: int, now: int, answered: bool) -> None:
        window = self._window
        repeat = window.next_deadline()
        due = now >= self._gap_since() + self.settings.gap_timeout if repeat is None else now >= repeat or answered
        if not due:
            return
        missing = self.held.gaps(expected, self._announced, 2 * window.limit)
        try:
            requests = window.plan(missing, now)
        except UnansweredError as error:
            self._start_snapshot(str(error), now)
            return
        self.counters.requests += len(requests)
        self._events += [SendRequest(mold.Request(self.session, first, count).encode()) for first, count in requests]

    def _gap_since(self) -> int:
        """Since when the oldest gap is known."""
        since = self.held.since
        if since is None:
            return self._announced_at
        announced = self.expected is not None and self._announced > self.expected
        return min(since, self._announced_at) if announced else since

    def _start_snapshot(self, reason: str, now: int) -> None:
        self.state = RecoveryState.SNAPSHOT
        self.expected = self._far = self._end = None
        self._announced = 0
        self._window.clear()
        self.held.clear()
        self._events.append(Reset(reason))
        self._events += self.fetch.open(now)

    def _splice(self, sequence: int) -> None:
        """Take up the live feed at the snapshot's number."""
        self.counters.snapshots += 1
        self.expected = sequence
        self.state = RecoveryState.SPLICING
        self._deliver(self.held.take(sequence))
        limit = self.settings.max_gap
        for first, last in self.held.gaps(self.expected, 0, len(self.held)):
            if last - first >= limit:
                # Damaged numbers, or the feed will show that they are not.
                self.counters.implausible += self.held.drop_from(first)
                break
        if self._announced - max(self.expected, self.held.end) > limit:
            self._announced = 0
        if self._end is not None and self._end < self.expected:
            self._end = None
        self._splice_end = max(self._announced, self.held.end)

    def _take_events(self) -> list[Event]:
        events, self._events = self._events, []
        return events
