"""How patient a SoupBinTCP server is, and a session that frames the messages of its stream by the batch."""

from __future__ import annotations

from dataclasses import dataclass

from exchange.clock import SECOND
from exchange.soup_frames import sequenced
from protocols.soup_server import ServerState, SoupServerSession

# A client whose socket takes nothing for this long does not read.
STALL_TIMEOUT = 10 * SECOND
_BATCH = 512


@dataclass(frozen=True)
class Timeouts:
    """SoupBinTCP's (§3.5) and how long a socket may take nothing; ns."""

    silence: int = 15 * SECOND
    login: int = 30 * SECOND
    stall: int = STALL_TIMEOUT


class BatchSession(SoupServerSession):
    """Frames messages without an object for each, and lets somebody else work off whole packets (`in_step`)."""

    @property
    def in_step(self) -> bool:
        """Whether the client is logged in, and no part of a packet waits in the framer."""
        return self.state is ServerState.ACTIVE and not self._framer.pending

    def heard(self, now: int) -> None:
        """Take note that bytes came, which somebody else has worked off."""
        self._last_received = now

    def _pump(self, now: int) -> None:
        stream = self.stream
        if stream is None:
            return
        while self.next_sequence < stream.next_sequence and len(self._output) < self._max_output:
            messages = stream.read(self.next_sequence, _BATCH)
            self._output += sequenced(messages)
            self.next_sequence += len(messages)
            self._last_sent = now
        if stream.ended and self.next_sequence == stream.next_sequence:
            super()._pump(now)
