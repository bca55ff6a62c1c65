"""What the trading servers themselves say, out of the management stream: positions, best prices, state."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from protocols.management import ALL_VENUES, Exit, Frame, Hello, Position, State, TopOfBook

MAX_OVER: Final = 1_024
"""So many runs are remembered as over; the office itself knows fewer."""


@dataclass(slots=True)
class Server:
    """One run of a server."""

    host: str = ""
    state: str = ""
    exit: int | None = None
    last: int = 0
    positions: dict[str, Position] = field(default_factory=dict)


@dataclass(slots=True)
class TraderFigures:
    """The newest run of each host counts; what earlier runs of the same host said is forgotten with its greeting."""

    servers: dict[int, Server] = field(default_factory=dict)
    quotes: dict[str, TopOfBook] = field(default_factory=dict)
    _over: dict[int, None] = field(default_factory=dict)

    def take(self, session: int, frame: Frame) -> TopOfBook | Position | None:
        """Take a frame; gives it back when it is a position, or best prices that changed."""
        message = frame.message
        if isinstance(message, Hello):
            self._over.pop(session, None)
        if session == 0 or session in self._over:
            return None
        server = self.servers.setdefault(session, Server())
        server.last = max(server.last, frame.time)
        match message:
            case Hello():
                self._greet(session, server, message.host)
            case State():
                server.state = message.body.decode("utf-8", "replace")
            case Exit():
                server.exit = message.status
            case Position():
                server.positions[message.symbol] = message
                return message
            case TopOfBook():
                return self._quote(message)
        return None

    def position(self, symbol: str) -> tuple[int, int, int] | None:
        """Shares, and shares that open orders could buy and sell, over all servers; None when none speaks of it."""
        told = [one.positions[symbol] for one in self.servers.values() if symbol in one.positions]
        if not told:
            return None
        return (
            sum(one.shares for one in told),
            sum(one.exposed_buy for one in told),
            sum(one.exposed_sell for one in told),
        )

    def symbols(self) -> set[str]:
        """All symbols that any server has told a position of."""
        return {symbol for server in self.servers.values() for symbol in server.positions}

    def twice_mid(self, symbol: str) -> int:
        """Best bid plus best ask (2 x price4), 0 while one is missing."""
        quote = self.quotes.get(symbol)
        return quote.bid + quote.ask if quote is not None and quote.bid and quote.ask else 0

    def _greet(self, session: int, server: Server, host: str) -> None:
        server.host = host
        for other in [one for one, known in self.servers.items() if known.host == host and one != session]:
            del self.servers[other]
            # A watcher gets all greetings first: what the earlier run said last may come behind them.
            self._over[other] = None
            if len(self._over) > MAX_OVER:
                del self._over[next(iter(self._over))]

    def _quote(self, quote: TopOfBook) -> TopOfBook | None:
        """The book of all venues together is preferred; before there is one, that of any venue."""
        known = self.quotes.get(quote.symbol)
        if known is not None and known.venue == ALL_VENUES and quote.venue != ALL_VENUES:
            return None
        self.quotes[quote.symbol] = quote
        same = known is not None and (known.bid, known.ask) == (quote.bid, quote.ask)
        return None if same else quote
