"""Keep-alive (RFC 9293 §3.8.4): notices that a silent peer is gone. Off unless the configuration asks for it."""

from enum import Enum

from hftapp.net.tcp_types import NEVER, TcpConfig


class Verdict(Enum):
    """What to do when the timer runs out."""

    WAIT = "wait"
    PROBE = "probe"
    DEAD = "dead"


class KeepAlive:
    """When the peer was last heard, and how often it was asked since. Times in ns."""

    def __init__(self, config: TcpConfig, now: int) -> None:
        self.deadline = NEVER
        self.probes = 0
        """Probes without an answer."""
        self._config = config
        self._heard = now

    def start(self, now: int) -> None:
        """Begin to watch, when the configuration says so."""
        if self._config.keep_alive_idle:
            self.deadline = now + self._config.keep_alive_idle

    def stop(self) -> None:
        """End the watch."""
        self.deadline = NEVER

    def heard(self, now: int) -> None:
        """Note a valid segment of the peer."""
        self._heard = now
        self.probes = 0

    def on_timer(self, now: int, busy: bool) -> Verdict:
        """Decide at the deadline; `busy` means that data is in flight, which watches the peer as well."""
        due = self._heard + self._config.keep_alive_idle
        if due > now or busy:
            self.deadline = max(due, now + self._config.keep_alive_interval)
            return Verdict.WAIT
        if self.probes >= self._config.keep_alive_probes:
            return Verdict.DEAD
        self.probes += 1
        self.deadline = now + self._config.keep_alive_interval
        return Verdict.PROBE
