"""How the recovery client gets a snapshot: connect to GLIMPSE, read, and try again until it has one."""

from protocols.glimpse import GlimpseClient, GlimpseState
from protocols.recovery_events import CloseGlimpse, Event, OpenGlimpse, Reset, SendGlimpse, SnapshotMessages
from protocols.recovery_settings import RecoverySettings


class SnapshotFetch:
    """The GLIMPSE connections of one client, one at a time. All calls with ``now`` (ns) return what to do.

    After a whole snapshot `taken` is the number at which to take up the feed; the owner sets it back to None.
    """

    def __init__(self, session: str, settings: RecoverySettings) -> None:
        self.taken: int | None = None
        self.failed = 0
        self._session, self._settings = session, settings
        self._client: GlimpseClient | None = None
        self._connect_deadline: int | None = None
        self._retry_at: int | None = None
        self._failures = 0

    def open(self, now: int) -> list[Event]:
        """Start a snapshot."""
        self._retry_at = None
        self._connect_deadline = now + self._settings.connect_timeout
        return [OpenGlimpse()]

    def connected(self, now: int) -> list[Event]:
        """Take note that the connection stands: log in."""
        if self._connect_deadline is None:
            return [CloseGlimpse("no snapshot is wanted")]
        self._connect_deadline = None
        self._client = GlimpseClient(self._settings.username, self._settings.password, self._session, now)
        return [SendGlimpse(self._client.take_output())]

    def on_bytes(self, data: bytes, now: int) -> list[Event]:
        """Take received bytes."""
        if self._client is None:
            return []
        messages = self._client.on_bytes(data, now)
        events: list[Event] = [SnapshotMessages(messages)] if messages else []
        return events + self._check(now)

    def closed(self, now: int) -> list[Event]:
        """Take note that the server closed, or that there is no connection to it."""
        if self._client is not None:
            self._client.connection_closed()
            return self._check(now)
        if self._connect_deadline is not None:
            self._retry(now)
        return []

    def tick(self, now: int) -> list[Event]:
        """Let time pass."""
        if self._client is not None:
            self._client.tick(now)
            output = self._client.take_output()
            events: list[Event] = [SendGlimpse(output)] if output else []
            return events + self._check(now)
        if self._connect_deadline is not None and now >= self._connect_deadline:
            self._retry(now)
            return [CloseGlimpse("no connection in time")]
        return self.open(now) if self._retry_at is not None and now >= self._retry_at else []

    def next_deadline(self) -> int | None:
        """When `tick` has something to do, None when nothing is open."""
        if self._client is not None:
            return self._client.next_deadline()
        return self._retry_at if self._connect_deadline is None else self._connect_deadline

    def _check(self, now: int) -> list[Event]:
        """Act on what became of the connection."""
        client = self._client
        if client is None or client.open:
            return []
        self._client = None
        if client.state is GlimpseState.DONE:
            self._failures = 0
            self.taken = client.next_sequence
            return [CloseGlimpse("snapshot complete")]
        self._retry(now)
        # What came of it so far must not be mixed with the next one.
        return [CloseGlimpse(client.reason), Reset(f"snapshot failed: {client.reason}")]

    def _retry(self, now: int) -> None:
        self.failed += 1
        self._connect_deadline = None
        self._retry_at = now + (self._settings.snapshot_retry << min(self._failures, 4))
        self._failures += 1
