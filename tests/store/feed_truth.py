"""What a feed's rows have to be, told by `protocols.itch50` and `protocols.order_book` message by message."""

from collections.abc import Iterable
from typing import Any

from protocols import itch50
from protocols.itch50 import ItchMessage
from protocols.order_book import NO_CHANGE, OrderBooks

Row = dict[str, Any]


class Truth:
    """Applies numbered messages; `events`, `quotes` and `trades` are the rows without run, venue and time."""

    def __init__(self, messages: Iterable[tuple[int, ItchMessage]]) -> None:
        self.books = OrderBooks()
        self.events: list[Row] = []
        self.quotes: list[Row] = []
        self.trades: list[Row] = []
        self._best: dict[int, tuple[int, int, int, int]] = {}
        for sequence, message in messages:
            self._take(sequence, message)

    def _take(self, sequence: int, message: ItchMessage) -> None:
        row = self._event(message)
        changed = self.books.apply(message)
        common: Row = {"sequence": sequence, "locate": message.stock_locate}
        common["symbol"] = self.books.symbol_of(message.stock_locate) or ""
        if row is not None:
            self.events.append(common | {"exchange_ns": message.timestamp, "event": message.TYPE} | row)
            self._trade(common, message, row)
        if changed != NO_CHANGE:
            book = self.books.book(changed)
            bid, ask = book.best_bid() or (0, 0, 0), book.best_ask() or (0, 0, 0)
            best = bid[0], bid[1], ask[0], ask[1]
            if best != self._best.get(changed, (0, 0, 0, 0)):
                self._best[changed] = best
                names = ("bid", "bid_shares", "ask", "ask_shares")
                symbol = self.books.symbol_of(changed) or ""
                quote = {"sequence": sequence, "locate": changed, "symbol": symbol}
                self.quotes.append(quote | dict(zip(names, best, strict=True)))

    def _event(self, message: ItchMessage) -> Row | None:
        blank = {"order_ref": 0, "new_ref": 0, "side": " ", "price": 0, "shares": 0, "match": 0}
        match message:
            case itch50.AddOrder() | itch50.AddOrderMpid():
                found = {"side": message.buy_sell_indicator, "price": message.price, "shares": message.shares}
                return blank | found | {"order_ref": message.order_reference_number}
            case itch50.OrderReplace():
                order = self.books.order(message.original_order_reference_number)
                found = {"order_ref": message.original_order_reference_number, "side": order.side if order else " "}
                found |= {"new_ref": message.new_order_reference_number}
                return blank | found | {"price": message.price, "shares": message.shares}
            case itch50.Trade():
                found = {"order_ref": message.order_reference_number, "price": message.price}
                return blank | found | {"shares": message.shares, "match": message.match_number}
            case itch50.CrossTrade():
                return blank | {"price": message.cross_price, "shares": message.shares, "match": message.match_number}
            case itch50.OrderExecuted() | itch50.OrderExecutedWithPrice() | itch50.OrderCancel() | itch50.OrderDelete():
                return blank | self._known(message.order_reference_number) | self._taken(message)
            case _:
                return None

    def _known(self, reference: int) -> Row:
        order = self.books.order(reference)
        found = {"order_ref": reference}
        return found | ({"side": order.side, "price": order.price, "shares": order.shares} if order else {})

    @staticmethod
    def _taken(message: ItchMessage) -> Row:
        match message:
            case itch50.OrderExecutedWithPrice():
                found = {"shares": message.executed_shares, "match": message.match_number}
                return found | {"price": message.execution_price}
            case itch50.OrderExecuted():
                return {"shares": message.executed_shares, "match": message.match_number}
            case itch50.OrderCancel():
                return {"shares": message.cancelled_shares}
            case _:
                return {}

    def _trade(self, common: Row, message: ItchMessage, row: Row) -> None:
        # An execution of an order that nobody knows has no price; a cross without shares is none.
        printed = isinstance(message, itch50.OrderExecuted) and row["side"] != " "
        printed |= isinstance(message, itch50.Trade | itch50.CrossTrade) and row["shares"] > 0
        priced = isinstance(message, itch50.OrderExecutedWithPrice) and message.printable == "Y"
        if printed or priced:
            side = {"B": "S", "S": "B"}.get(row["side"], " ")
            self.trades.append(common | {name: row[name] for name in ("price", "shares", "match")} | {"side": side})
