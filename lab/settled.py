"""The exchange in lockstep, for guests whose CPUs are emulated in turn: no tick comes before the last one is over.

The next tick waits until the guest has answered an ARP request, which its stack takes from the card after everything
before it. A wait by the clock would be too short on a busy host, and a tick would then share its burst with what
undoes the one before.
"""

from collections.abc import Callable
from typing import Final

from lab.lockstep import frames
from lab.lockstep.exchange import Exchange
from lab.lockstep.link import Link

_ANSWER_SECONDS: Final = 60.0
_REST_SECONDS: Final = 0.002
"""For the guest's card to be done with the answer itself."""


class Settled(Exchange):
    """As `Exchange`; raises HarnessError when the guest does not answer."""

    def __init__(self, link: Link, alive: Callable[[], bool]) -> None:
        super().__init__(link, alive)
        self._answered = True

    def _settle(self) -> None:
        self._answered = False
        self._put(frames.arp_request(self._me, self._guest.address))
        self._until(lambda: self._answered, _ANSWER_SECONDS, f"no answer to ARP after order {self.orders}")
        self._until(lambda: False, _REST_SECONDS, None)

    def _receive(self, frame: bytes) -> None:
        found = frames.parse(frame)
        if isinstance(found, frames.ArpReply):
            self._answered |= found.address == self._guest.address
        else:
            super()._receive(frame)
