"""Who gets the messages of a feed: the seam between the arbiter, which knows no ITCH, and the books."""

from __future__ import annotations

from hftapp.octets import Octets


class MessageHandler:
    """Takes every message of one feed once, in order. The memory is valid during the call only."""

    def on_message(self, data: Octets, at: int, length: int) -> None:
        """Handle the message of `length` bytes at an offset; 0 bytes and nonsense are possible, raising is not."""
        raise NotImplementedError

    def foresee(self, data: Octets, at: int, length: int) -> None:
        """Learn of a message that will come after others of its packet: time to fetch memory it needs. Optional."""
