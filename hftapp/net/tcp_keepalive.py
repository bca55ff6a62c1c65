"""Keep-alive (RFC 9293 §3.8.4): notices that a silent peer is gone. Off unless the configuration asks for it."""

from __future__ import annotations

from typing import Final

import cython

from hftapp.net.tcp_types import NEVER, TcpConfig

WAIT: Final = 0
PROBE: Final = 1
DEAD: Final = 2
_NEVER = NEVER


@cython.final
@cython.cclass
class KeepAlive:
    """When the peer was last heard, and how often it was asked since. Times in ns. `probes` had no answer."""

    def __init__(self, config: TcpConfig, now: int) -> None:
        self.deadline = NEVER
        self.probes = 0
        self._idle = config.keep_alive_idle
        self._interval = config.keep_alive_interval
        self._limit = config.keep_alive_probes
        self._heard = now

    def start(self, now: int) -> None:
        """Begin to watch, when the configuration says so."""
        if self._idle != 0:
            self.deadline = now + self._idle

    def stop(self) -> None:
        """End the watch."""
        self.deadline = _NEVER

    def heard(self, now: int) -> None:
        """Note a valid segment of the peer."""
        self._heard = now
        self.probes = 0

    def on_timer(self, now: int, busy: bool) -> int:
        """Decide at the deadline: `WAIT`, `PROBE` or `DEAD`; `busy` means that data in flight watches the peer too."""
        due = self._heard + self._idle
        if due > now or busy:
            self.deadline = due if due > now + self._interval else now + self._interval
            return 0
        if self.probes >= self._limit:
            return 2
        self.probes += 1
        self.deadline = now + self._interval
        return 1
