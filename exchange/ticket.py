"""What a client said about one of its orders, beside what the engine needs to know."""

from __future__ import annotations

from typing import Any

import cython


@cython.final
@cython.freelist(4096)
@cython.cclass
class Ticket:
    """Kept with an order (``Order.ticket``) as long as it lives. Codes are the bytes of the OUCH 5.0 fields.

    ``cl_ord_id`` has 14 bytes. ``group`` the GroupID (tag 24, 0 = none).
    ``echo`` are the options, in their wire form, that the answer repeats. ``replaces`` is the UserRefNum that a replace
    named. ``waits``: it stands outside the book, for a cross or for the open; ``cancel_told`` and ``partial_told``: a
    cancel was answered with `P` or `I`, each of which is sent once. ``located`` are the options of the last modify that
    `M` repeats.
    """

    def __init__(
        self, side: int, time_in_force: int, display: int, capacity: int, sweep: int, cl_ord_id: bytes
    ) -> None:
        self.side = side
        self.time_in_force = time_in_force
        self.display = display
        self.capacity = capacity
        self.sweep = sweep
        self.cross = 78  # N
        self.cl_ord_id = cl_ord_id
        self.group = 0
        self.replaces = 0
        self.echo = b""
        self.waits = False
        self.cancel_told = False
        self.partial_told = False
        self.located: tuple[Any, ...] = ()
