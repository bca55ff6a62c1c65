"""The stream of a firm's drop copy: any number of clients may read it."""

from __future__ import annotations

from collections.abc import Callable

from exchange.spooled_stream import SpooledStream


class CopyStream(SpooledStream):
    """``on_output`` is called after each new message."""

    __slots__ = ("on_output",)

    def __init__(self, session: str) -> None:
        super().__init__(session, exclusive=False)
        self.on_output: Callable[[], None] | None = None

    def append(self, payload: bytes) -> int:
        """Add a message; returns its number. ValueError after `end`."""
        number = super().append(payload)
        if self.on_output is not None:
            self.on_output()
        return number
