"""Someone with orders in a market: a client's account, the flow of the house, an agent."""

from __future__ import annotations

from exchange.sink import Sink


class Participant(Sink):
    """Gets the engine's events about its own orders; a trade with itself comes once.

    As any sink, it must not call the market back from within an event.
    """

    def on_system_event(self, code: str, now: int) -> None:
        """Take a system event of the day (ITCH 5.0 `S`) at ``now``, ns since midnight."""

    def broken(self, token: int, match: int, reason: str, now: int) -> None:
        """An execution of the own order ``token`` (the owner's number) is void (ITCH `B`, OUCH `B`)."""
