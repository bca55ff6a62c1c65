"""What the feed says: full-depth books, last prices and trading states, by symbol."""

from collections.abc import Callable, Iterable
from typing import Any

from protocols import itch50
from protocols.errors import ProtocolError
from protocols.order_book import NO_CHANGE, Book, OrderBooks

NASDAQ = "Q"
HALTED_STATES = frozenset("HPQ")
"""Trading states in which no continuous trading takes place (ITCH 5.0, Stock Trading Action)."""


class Instrument:
    """One symbol as a strategy sees it. Prices are price4; `last` is 0 before the first trade.

    `halted`: no continuous trading, be it by the symbol's trading state or by an operational halt of this market.
    """

    __slots__ = ("book", "halted", "halts", "last", "locate", "symbol", "updates")

    def __init__(self, symbol: str, locate: int, book: Book) -> None:
        self.symbol = symbol
        self.locate = locate
        self.book = book
        self.last = 0
        self.halted = False
        self.halts: set[str] = set()
        self.updates = 0

    def halt(self, kind: str, halted: bool) -> None:
        """One kind of halt begins or ends; the symbol trades when none is left."""
        if halted:
            self.halts.add(kind)
        else:
            self.halts.discard(kind)
        self.halted = bool(self.halts)

    def mid(self) -> int:
        """Half-way between best bid and best ask, rounded down; 0 when a side is empty."""
        bid, ask = self.book.best_bid(), self.book.best_ask()
        return (bid[0] + ask[0]) // 2 if bid is not None and ask is not None else 0

    def mark(self) -> int:
        """Price at which a position is valued: the mid, else the last trade, else whichever side there is, else 0."""
        bid, ask = self.book.best_bid(), self.book.best_ask()
        if bid is not None and ask is not None:
            return (bid[0] + ask[0]) // 2
        one = bid or ask
        return self.last or (one[0] if one is not None else 0)


class Market:
    """All symbols of the feed. `apply` takes raw ITCH messages; bad ones are counted and change nothing.

    `touched`: instruments whose book changed since `take_touched`. `trades`: prints since `take_trades`.
    `stale`: messages were lost or nothing arrives, so no book can be trusted.
    """

    def __init__(self) -> None:
        self.books = OrderBooks()
        self.by_type: dict[str, int] = {}
        self.malformed = 0
        self.stale = False
        self.phase = ""
        self._instruments: dict[int, Instrument] = {}
        self._by_symbol: dict[str, Instrument] = {}
        self._touched: dict[int, Instrument] = {}
        self._trades: list[tuple[Instrument, int, int]] = []

    def apply_all(self, messages: Iterable[bytes]) -> None:
        """Apply raw messages in order."""
        by_type = self.by_type
        books = self.books
        for data in messages:
            try:
                message = itch50.decode(data)
            except ProtocolError:
                self.malformed += 1
                continue
            code = message.TYPE
            by_type[code] = by_type.get(code, 0) + 1
            if isinstance(message, itch50.OrderExecuted):
                self._executed(message)
                continue
            locate = books.apply(message)
            if locate != NO_CHANGE:
                self._touch(locate)
            handler = _HANDLERS.get(code)
            if handler is not None:
                handler(self, message)

    def instrument(self, symbol: str) -> Instrument | None:
        """The instrument of a symbol, None when the feed has not named it."""
        found = self._by_symbol.get(symbol)
        if found is None:
            locate = self.books.locate_of(symbol)
            if locate is None:
                return None
            found = self._at(locate)
        return found

    def take_touched(self) -> list[Instrument]:
        """Instruments whose book changed since the last call."""
        if not self._touched:
            return []
        touched = list(self._touched.values())
        self._touched.clear()
        return touched

    def take_trades(self) -> list[tuple[Instrument, int, int]]:
        """(instrument, price4, shares) of prints since the last call."""
        trades = self._trades
        if trades:
            self._trades = []
        return trades

    def touch(self, instrument: Instrument) -> None:
        """Treat an instrument as changed (its own orders or its trading state did)."""
        self._touched[instrument.locate] = instrument

    def touch_all(self) -> None:
        """Treat every symbol that has a book as changed."""
        for symbol in self.books.symbols():
            instrument = self.instrument(symbol)
            if instrument is not None:
                self.touch(instrument)

    def _at(self, locate: int) -> Instrument | None:
        instrument = self._instruments.get(locate)
        if instrument is None:
            symbol = self.books.symbol_of(locate)
            if symbol is None:
                return None
            instrument = Instrument(symbol, locate, self.books.book(locate))
            self._instruments[locate] = instrument
            self._by_symbol[symbol] = instrument
        return instrument

    def _touch(self, locate: int) -> None:
        instrument = self._instruments.get(locate) or self._at(locate)
        if instrument is not None:
            instrument.updates += 1
            self._touched[locate] = instrument

    def _executed(self, message: itch50.OrderExecuted) -> None:
        """An execution at the displayed price, which the message leaves out: the order's (ITCH 5.0, Order Executed)."""
        order = self.books.order(message.order_reference_number)
        locate = self.books.apply(message)
        if order is not None:
            self._touch(locate)
            self._print(locate, order.price, message.executed_shares)

    def _print(self, locate: int, price: int, shares: int) -> None:
        instrument = self._instruments.get(locate) or self._at(locate)
        if instrument is not None and price and shares:
            instrument.last = price
            self._trades.append((instrument, price, shares))

    def _executed_with_price(self, message: itch50.OrderExecutedWithPrice) -> None:
        if message.printable == "Y":
            self._print(message.stock_locate, message.execution_price, message.executed_shares)

    def _traded(self, message: itch50.Trade) -> None:
        self._print(message.stock_locate, message.price, message.shares)

    def _crossed(self, message: itch50.CrossTrade) -> None:
        self._print(message.stock_locate, message.cross_price, message.shares)

    def _action(self, message: itch50.StockTradingAction) -> None:
        instrument = self._at(message.stock_locate)
        if instrument is not None:
            instrument.halt("trading state", message.trading_state in HALTED_STATES)
            self.touch(instrument)

    def _operational(self, message: itch50.OperationalHalt) -> None:
        """A halt at one market; the others of the group (BX, PSX) are not traded here (ITCH 5.0, Operational Halt)."""
        instrument = self._at(message.stock_locate)
        if instrument is not None and message.market_code == NASDAQ:
            instrument.halt("operational", message.operational_halt_action == "H")
            self.touch(instrument)

    def _system(self, message: itch50.SystemEvent) -> None:
        self.phase = message.event_code


_HANDLERS: dict[str, Callable[[Market, Any], None]] = {
    "C": Market._executed_with_price,
    "P": Market._traded,
    "Q": Market._crossed,
    "H": Market._action,
    "h": Market._operational,
    "S": Market._system,
}
