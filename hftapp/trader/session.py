"""The order session: OUCH over SoupBinTCP, with login, heartbeats, reconnect and recovery by sequence number.

After every login the account is queried. The answer comes after everything the exchange had to say before, so it tells
which orders never arrived and which number is free; only then is the session ready.

A replayed session also holds the answers to queries of earlier logins, and an answer does not say whose it is. Where
there may be some, a first login asks for the newest message only: it tells the number up to which everything is old.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from typing import Final

import cython

from hftapp import records
from hftapp.channel import Channel
from hftapp.config import OrderEntry
from hftapp.ring import Ring
from hftapp.trader import soup_link
from hftapp.trader.soup_link import SequencedHandler, SoupLink
from hftapp.wire import Wire

if not cython.compiled:
    from hftapp.octets import Octets, Room, copy, put16

    _ACTIVE, _NOTHING = soup_link.ACTIVE, soup_link.NOTHING
    _HEADER, _UNSEQUENCED = soup_link.HEADER, soup_link.UNSEQUENCED

    def foreseen(session: OrderSession, now: int) -> bool:
        """Make room for the message that a session that is `ready` foresees; False when it is down.

        At `out` from `out_at` on, its template stands there already.
        """
        channel = session._channel
        if channel is not None and channel.reserve(_HEADER + session._foreseen, now) and channel.laid:
            session.out = channel.out
            session.out_at = channel.out_at + _HEADER
            session._length = session._foreseen
            return True
        return session.begin_foreseen(now)

    def launched(session: OrderSession, now: int) -> int:
        """`OrderSession.launch` for the message that was foreseen."""
        return session.launch(now)


MS: Final = 1_000_000
BACKOFF: Final = (100 * MS, 5_000 * MS)
CONNECT_TIMEOUT: Final = 3_000 * MS
MAX_REFUSALS: Final = 12
"""Logins in a row refused with "session not available" before it is believed (37 s with the back-off above)."""
QUERY: Final = b"Q"
"""Account Query (OUCH 5.0 §2.7), whole."""

_NEVER = soup_link.NEVER
_ANSWER = ord("Q")


class SessionRefusedError(Exception):
    """The exchange does not accept the login; retrying cannot help."""


class JournalOverflowError(Exception):
    """The supervisor does not keep up with the journal; an order that cannot be journalled is not sent."""


class ReplyHandler:
    """Takes what the exchange says."""

    def on_reply(self, venue: int, data: Octets, at: int, length: int) -> bool:
        """One OUCH message of the exchange, only valid during the call; returns whether it was well-formed."""
        raise NotImplementedError


@cython.final
@cython.cclass
class OrderSession(SequencedHandler):
    """One login at one order gateway. `poll` does all the work; nothing blocks.

    Every OUCH message goes into the journal before it is sent or acted upon, with the time of its turn. `sent`: number
    of OUCH messages sent, by the byte of their type; `unsent` those that the connection did not take. `over`: why the
    session has ended, `failed`: it ended without the exchange saying so, orders may be live.
    """

    def __init__(
        self,
        venue: int,
        settings: OrderEntry,
        wire: Wire,
        handler: ReplyHandler,
        journal: Ring,
        epoch: int,
        say: Callable[[str], None],
        sent: array[int] | memoryview | None = None,
    ) -> None:
        self.venue = venue
        self._settings = settings
        self._wire = wire
        self._handler = handler
        self._journal = journal
        self._epoch = epoch
        self._now = 0
        self._say = say
        self._soup = SoupLink(settings.user, settings.password, self)
        self._link = self._soup
        self._old = 0
        self._queried = True
        self._refusals = 0
        self._channel: Channel | None = None
        self._greeted = False
        self._retry_at = 0
        self._backoff = BACKOFF[0]
        self._connect_deadline = 0
        self._length = 0
        self._sent_kind = records.at_venue(records.OUT, venue)
        self._heard_kind = records.at_venue(records.IN, venue)
        self._replies = 0
        self.ready = False
        self.over = ""
        self.failed = False
        self.unsent = 0
        self.reconnects = 0
        self.malformed = 0
        self.sent = array("q", bytes(8 * 256)) if sent is None else sent
        self._nowhere = bytearray(1)
        self.out: Room = self._nowhere
        self.out_at = 0
        self._foreseen = 0
        self._ahead_store = bytearray(0)
        self._ahead: Room = self._ahead_store

    @property
    def active(self) -> bool:
        """Whether messages can be sent (also before the session is ready for orders)."""
        return self._soup.state == soup_link.ACTIVE

    def begin(self, length: int, now: int) -> bool:
        """Make room for one OUCH message of `length` bytes at `out` from `out_at` on; False when the session is down.

        A connection that takes no more is reset, so that the next poll resumes the session and the query settles what
        never arrived.
        """
        if self._channel is None or self._soup.state != _ACTIVE or self._channel.closed is not None:
            return False
        if not self._channel.reserve(_HEADER + length, now):
            self._untaken(length)
            return False
        self._channel.laid = False
        self.out = self._channel.out
        self.out_at = self._channel.out_at + _HEADER
        put16(self.out, self.out_at - 3, 1 + length)
        self.out[self.out_at - 1] = _UNSEQUENCED
        self._length = length
        return True

    def foresee(self, template: bytes) -> None:
        """Expect messages that begin as `template`, and have as many bytes; `foreseen` then makes room for one."""
        self._ahead_store = bytearray((1 + len(template)).to_bytes(2, "big") + bytes([_UNSEQUENCED]) + template)
        self._ahead = self._ahead_store
        self._foreseen = len(template)
        if self._channel is not None:
            self._channel.foresee(self._ahead, _HEADER + self._foreseen)

    def begin_foreseen(self, now: int) -> bool:
        """As `begin`, for the message that is foreseen; its template is there."""
        if not self.begin(self._foreseen, now):
            return False
        copy(self.out, self.out_at, self._ahead, _HEADER, self._foreseen)
        return True

    def launch(self, now: int) -> int:
        """Journal the message that was built and put it on the wire; then `keep` must be called. Returns 0.

        Raises JournalOverflowError.
        """
        if not self._journal.push_octets(self._sent_kind, now + self._epoch, self.out, self.out_at, self._length):
            self._overflow()
        return cython.cast(Channel, self._channel).launch(_HEADER + self._length, now)

    def keep(self, now: int) -> int:
        """What follows the doorbell: the message is counted, and kept until it is acknowledged. Returns 0."""
        self.sent[self.out[self.out_at]] += 1
        self._soup.spoke = now
        return cython.cast(Channel, self._channel).keep(now)

    def commit(self, now: int) -> int:
        """Journal and send the message that was built. Raises JournalOverflowError."""
        self.launch(now)
        return self.keep(now)

    def send(self, message: bytes, now: int) -> bool:
        """Journal and send a whole message; False when the session is down (nothing is journalled)."""
        if not self.begin(len(message), now):
            return False
        for i in range(len(message)):
            self.out[self.out_at + i] = message[i]
        self.commit(now)
        return True

    def poll(self, now: int) -> bool:
        """Connect, log in, receive, keep alive; returns whether the exchange said anything.

        Raises SessionRefusedError for a wrong user or password.
        """
        channel = self._channel
        self._now = now
        if channel is None:
            if now >= self._retry_at and not self.over:
                self._connect(now)
            return False
        if not self._greeted and not self._login(channel, now):
            return False
        link = self._link
        before = self._replies
        event = link.read(channel, now)
        if event != _NOTHING:
            self._event(event, now)
        elif channel.closed is not None:
            self._gone(channel, now)
        elif link is not self._soup and link.state == soup_link.LOGGED_OUT:
            self._leave(channel, now)
        elif link.deadline <= now:
            self._tick(channel, now)
        return self._replies != before

    def sent_by_type(self) -> dict[int, int]:
        """Messages sent, by the byte of their type; only those that were."""
        return {kind: self.sent[kind] for kind in range(256) if self.sent[kind]}

    def due(self) -> int:
        """When `poll` has something to do even if nothing arrives, ns."""
        if self._channel is None:
            return _NEVER if self.over else self._retry_at
        if self._channel.closed is not None:
            return self._now
        if not self._greeted or (self._link is not self._soup and self._link.state != _ACTIVE):
            return self._connect_deadline
        return self._link.deadline

    def logout(self, now: int) -> None:
        """Ask the exchange to end the session; `over` says when it has."""
        self.ready = False
        if self.active and self._channel is not None:
            self._soup.logout(self._channel, now)
            self._wire.tx(now)
        else:
            self.over = self.over or "not logged in"

    def abort(self) -> None:
        """Reset the connection, so that the exchange cancels what is open at once and not after its timeout."""
        self.ready = False
        if self._channel is not None:
            self._channel.abort()

    def on_sequenced(self, sequence: int, data: Octets, at: int, length: int) -> None:
        """Journal a message of the exchange and pass it on, unless it answers an earlier login's query."""
        if self._link is not self._soup:
            return
        if not self._journal.push_octets(self._heard_kind, self._now + self._epoch, data, at, length):
            self._overflow()
        if length > 0 and data[at] == _ANSWER and not self._settles(sequence):
            return
        self._replies += 1
        if not self._handler.on_reply(self.venue, data, at, length):
            self._bad(length)

    def _overflow(self) -> None:
        raise JournalOverflowError(
            f"journal ring full ({self._journal.used} bytes wait for the supervisor): trading stops"
        )

    def _bad(self, length: int) -> None:
        self.malformed += 1
        self._say(f"exchange sent a bad message of {length} bytes")

    def _untaken(self, length: int) -> None:
        channel = self._channel
        assert channel is not None
        self.unsent += 1
        self._say(f"order session: {length} bytes not sent: {channel.closed or 'the send buffer is full'}")
        channel.abort()
        self.ready = False

    def _connect(self, now: int) -> None:
        """Connect; to find out first what is old when a query may have been answered and the answer not been seen."""
        if self._queried and self._link is self._soup:
            self._link = SoupLink(self._settings.user, self._settings.password, self, self._soup.session, 0)
        else:
            self._link = self._soup
        self._channel = self._wire.connect(self._settings.host, self._settings.port, now)
        self._channel.foresee(self._ahead, _HEADER + self._foreseen if self._foreseen else 0)
        self._greeted = False
        self._connect_deadline = now + CONNECT_TIMEOUT

    def _login(self, channel: Channel, now: int) -> bool:
        """Log in as soon as the connection stands."""
        if channel.established:
            self._greeted = True
            self._link.login(channel, now)
            self._wire.tx(now)
            return True
        if channel.closed is not None:
            self._drop(now, channel.closed)
        elif now >= self._connect_deadline:
            channel.close(now)
            self._drop(now, "no answer")
        return False

    def _leave(self, channel: Channel, now: int) -> None:
        """The first login has served its purpose; the exchange closes the connection, or else it is closed here."""
        if now >= self._connect_deadline:
            channel.close(now)
            self._wire.tx(now)
            self._drop(now, "logged out")

    def _gone(self, channel: Channel, now: int) -> None:
        """The connection ended."""
        reason = channel.closed or "closed"
        self._link.lost()
        channel.close(now)
        self._drop(now, reason)

    def _tick(self, channel: Channel, now: int) -> None:
        event = self._link.tick(channel, now)
        self._wire.tx(now)
        if event != soup_link.NOTHING:
            self._event(event, now)

    def _drop(self, now: int, reason: str) -> None:
        """The connection is over: resume later, unless the session itself is; at once when it has told what is old."""
        self.ready = False
        self._channel = None
        if self._link is not self._soup:
            if self._link.state == soup_link.LOGGED_OUT:
                self._retry_at = now
                return
            self._link = self._soup
        state = self._soup.state
        if state in (soup_link.LOGGED_OUT, soup_link.ENDED):
            self.over = self.over or soup_link.STATES[state]
            return
        self.reconnects += 1
        self._say(f"order session down: {reason}")
        self._retry_at = now + self._backoff
        self._backoff = min(2 * self._backoff, BACKOFF[1])

    def _event(self, event: int, now: int) -> None:
        channel = self._channel
        if channel is None:
            return
        if event == soup_link.LOGGED_IN:
            self._logged_in(channel, now)
        elif event == soup_link.REFUSED:
            self._refused(channel, now)
        elif event == soup_link.ENDS:
            self.ready = False
            self.over = "ended by the exchange"
        else:
            reason = self._link.detail
            channel.close(now)
            self._wire.tx(now)
            self._drop(now, reason)

    def _logged_in(self, channel: Channel, now: int) -> None:
        self._backoff = BACKOFF[0]
        self._refusals = 0
        if self._link is self._soup:
            self._queried = True
            self.send(QUERY, now)
            self._wire.tx(now)
            return
        self._old = self._link.accepted
        self._connect_deadline = now + CONNECT_TIMEOUT
        self._link.logout(channel, now)
        self._wire.tx(now)

    def _settles(self, sequence: int) -> bool:
        """Whether an answer is the one to this login's query; only that one speaks about the orders of now.

        Number 1 as the newest message means one message or none. If it is an answer and old, nothing else was said
        before this login, so that it stands for the new one.
        """
        if self.ready or (sequence <= self._old and self._old != 1):
            return False
        self.ready = True
        self._queried = sequence <= self._old
        return True

    def _refused(self, channel: Channel, now: int) -> None:
        reason = self._link.detail
        if reason == "A":
            raise SessionRefusedError(
                f"login {self._settings.user} refused: not authorized (order_entry.user, order_entry.password)"
            )
        channel.close(now)
        self._wire.tx(now)
        self._drop(now, f"login rejected ({reason}: session not available)")
        self._refusals += 1
        if self._refusals >= MAX_REFUSALS:
            self.failed = True
            self.over = f"not available: {self._refusals} logins in a row were refused"
