"""Halts, pauses, quotation-only periods and reopenings of single symbols, and of all of them.

| State (ITCH `H`) | Orders |
|---|---|
| `T` trading | match |
| `H` halted | cannot be entered; cancels work |
| `P` paused, `Q` quotation only | rest without matching, for the halt cross that ends the period |

A halt is followed by a quotation-only period, a volatility pause is one itself. It ends with the halt cross (NOII and
cross type `H`), then `T`. An operational halt (ITCH `h`) stops this market alone, without a cross at its end, because
nothing can be entered meanwhile. Sans-I/O: times are ns since midnight.
"""

from __future__ import annotations

from typing import Protocol

from exchange.auction import Auctions, Cross
from exchange.book import Book
from exchange.clock import SECOND
from exchange.cross_price import Clearing
from exchange.deadlines import Deadlines
from exchange.directory import Listing
from exchange.market import Market
from exchange.noii_timer import NoiiTimer
from protocols.itch50 import IpoQuotingPeriodUpdate, ItchMessage, OperationalHalt, StockTradingAction

TRADING, HALTED, PAUSED, QUOTING = "T", "H", "P", "Q"
MINUTE = 60 * SECOND

# Nasdaq Rule 4120(c)(7): 5 minutes of quotation ahead of a halt cross, at least 10 ahead of an IPO cross.
QUOTATION = 5 * MINUTE
IPO_QUOTATION = 10 * MINUTE

MARKET_CODES = {"NSDQ": "Q", "BX": "B", "PSX": "X"}


class HaltError(ValueError):
    """An action that the symbol's present state does not allow; the text says which one does."""


class Gate(Protocol):
    """May put a reopening off."""

    def hold_back(self, book: Book, clearing: Clearing | None, market_left: int, now: int) -> int | None:
        """The next time to try, None when the book may reopen with this cross. ``market_left``: shares of market
        orders that the cross would leave, below 0 to sell."""


class Halts:
    """The trading states of one market's symbols."""

    def __init__(self, market: Market, auctions: Auctions, noii: NoiiTimer) -> None:
        self._market = market
        self._auctions = auctions
        self._noii = noii
        self._quotations = Deadlines()
        self._releases = Deadlines()
        self._reasons: dict[str, tuple[str, str]] = {}
        self._gates: dict[str, Gate] = {}

    # What an operator or a rule does

    def halt(self, symbol: str, reason: str, now: int, quote_at: int | None = None, release_reason: str = "") -> None:
        """Halt a symbol (PROTOCOLS §4.3 lists the reasons); of a halted one, announce a new reason.

        ``quote_at``: when the quotation-only period begins, by default when `quote` is called.
        """
        self._forget(symbol)
        self._enter_state(symbol, HALTED, reason, now)
        if quote_at is not None:
            self._quotations.set(symbol, quote_at)
            self._reasons[symbol] = release_reason, release_reason

    def pause(self, symbol: str, reason: str, now: int, release_at: int, gate: Gate) -> None:
        """Pause a trading symbol until ``release_at``, or until ``gate`` lets it go."""
        self._forget(symbol)
        self._enter_state(symbol, PAUSED, reason, now)
        self._noii.watch(self._market.book(symbol), now)
        self._gates[symbol] = gate
        self._releases.set(symbol, release_at)
        self._reasons[symbol] = reason, reason

    def quote(self, symbol: str, reason: str, now: int, release_at: int | None, release_reason: str = "") -> None:
        """Let a halted symbol be quoted, to reopen at ``release_at``; None: when `resume` is called."""
        state = self._listing(symbol).trading_state
        if state != HALTED:
            raise HaltError(f"{symbol} is in state {state!r}, not halted: halt it before its quotation period")
        self._forget(symbol)
        self._enter_state(symbol, QUOTING, reason, now)
        self._noii.watch(self._market.book(symbol), now)
        if release_at is not None:
            self._releases.set(symbol, release_at)
            self._reasons[symbol] = reason, release_reason

    def resume(self, symbol: str, reason: str, now: int) -> Cross:
        """Reopen a symbol at once: halt cross, then `T`. HaltError when it trades, or this market is halted itself."""
        listing = self._listing(symbol)
        if listing.trading_state == TRADING:
            raise HaltError(f"{symbol} trades already: there is nothing to resume")
        if listing.halted_by:
            raise HaltError(f"{symbol} is under an operational halt: lift that first")
        self._forget(symbol)
        book = self._market.book(symbol)
        # A cross needs the orders' state, not that of a halt: midpoint orders and price bands stay out of it.
        self._market.engine.set_trading(book, False, True, self._market.stamp(now))
        cross = self._auctions.cross(book, "H", now)
        self._enter_state(symbol, TRADING, reason, now)
        return cross

    def halt_operationally(self, symbol: str, now: int) -> None:
        """Halt a symbol on this market alone."""
        listing = self._listing(symbol)
        if listing.halted_by:
            raise HaltError(f"{symbol} is under an operational halt already: lift it, or leave it")
        listing.halted_by = MARKET_CODES.get(self._market.name, "Q")
        self._operational(listing, "H", now)

    def lift(self, symbol: str, now: int) -> None:
        """End an operational halt."""
        listing = self._listing(symbol)
        if not listing.halted_by:
            raise HaltError(f"{symbol} is under no operational halt: `resume` ends the other kinds")
        self._operational(listing, "T", now)
        listing.halted_by = ""
        self._apply(listing, now)
        if listing.trading_state == TRADING:
            # Day orders that waited for an opening cross which this halt prevented.
            self._auctions.admit_waiting(self._market.book(symbol), now)
            self._settled(symbol)

    def announce_ipo(self, symbol: str, quote_at: int, price: int, now: int) -> None:
        """A new issue: halted until its quotation begins at ``quote_at`` (whole seconds); ``price`` is the offer's."""
        self.halt(symbol, "IPO1", now, quote_at - quote_at % SECOND)
        self._reasons[symbol] = "IPOQ", "R1"
        self._ipo(symbol, quote_at // SECOND, "A", price, now)

    def postpone_ipo(self, symbol: str, now: int) -> None:
        """Take the announced quotation time back; the symbol stays halted until `announce_ipo` is called again."""
        if symbol not in self._quotations:
            raise HaltError(f"{symbol} has no announced quotation time: nothing to postpone")
        self._forget(symbol)
        self._ipo(symbol, 0, "C", 0, now)

    def halt_all(self, reason: str, now: int, quote_at: int | None, release_reason: str) -> None:
        """Halt every symbol that is not halted yet; with ``quote_at`` they are quoted then, and reopen 5 min later."""
        for symbol, listing in self._market.directory.listings.items():
            if listing.trading_state != HALTED:
                self.halt(symbol, reason, now, quote_at, release_reason)

    def reopen_all(self, now: int) -> None:
        """End every quotation period and pause, whatever its gate says: the market closes, nothing can wait longer."""
        for symbol, listing in self._market.directory.listings.items():
            if listing.trading_state in (PAUSED, QUOTING) and not listing.halted_by:
                self.resume(symbol, self._reasons.get(symbol, ("", ""))[1], now)

    # Time

    def next_deadline(self) -> int | None:
        """When the next quotation period or reopening is due, None when none is."""
        times = self._quotations.next(), self._releases.next()
        return min((time for time in times if time is not None), default=None)

    def advance(self, now: int) -> None:
        """Begin the quotation periods and try the reopenings that are due."""
        for symbol, at in self._quotations.due(now):
            reason, release_reason = self._reasons[symbol]
            length = IPO_QUOTATION if reason == "IPOQ" else QUOTATION
            self.quote(symbol, reason, now, at + length, release_reason)
        for symbol, at in self._releases.due(now):
            again = self._put_off(symbol, at, now)
            if again is None:
                self.resume(symbol, self._reasons[symbol][1], now)
            else:
                self._releases.set(symbol, again)

    # Parts

    def _put_off(self, symbol: str, at: int, now: int) -> int | None:
        if self._listing(symbol).halted_by:
            return max(at, now) + MINUTE
        gate = self._gates.get(symbol)
        if gate is None:
            return None
        book = self._market.book(symbol)
        clearing, market_left = self._auctions.clearing(book, "H")
        return gate.hold_back(book, clearing, market_left, now)

    def _forget(self, symbol: str) -> None:
        self._listing(symbol)
        self._quotations.drop(symbol)
        self._releases.drop(symbol)
        self._reasons.pop(symbol, None)
        self._gates.pop(symbol, None)
        self._noii.unwatch(self._market.book(symbol))

    def _enter_state(self, symbol: str, state: str, reason: str, now: int) -> None:
        listing = self._listing(symbol)
        listing.trading_state, listing.reason = state, reason
        self._publish(
            StockTradingAction(
                stock_locate=listing.locate,
                tracking_number=0,
                timestamp=self._market.stamp(now),
                stock=symbol,
                trading_state=state,
                reserved=" ",
                reason=reason,
            )
        )
        self._apply(listing, now)
        if state == TRADING:
            # Before a rule that looks at the cross can halt the symbol once more.
            self._auctions.admit_waiting(self._market.book(symbol), now)
        self._settled(symbol)

    def _apply(self, listing: Listing, now: int) -> None:
        book = self._market.book(listing.symbol)
        halted = listing.trading_state == HALTED or listing.halted_by != ""
        quoting = not halted and listing.trading_state in (PAUSED, QUOTING)
        self._market.engine.set_trading(book, halted, quoting, self._market.stamp(now))

    def _settled(self, symbol: str) -> None:
        for watcher in self._market.watchers:
            watcher.settled(self._market.book(symbol), self._market.time)

    def _operational(self, listing: Listing, action: str, now: int) -> None:
        if action == "H":
            self._apply(listing, now)
        self._publish(
            OperationalHalt(
                stock_locate=listing.locate,
                tracking_number=0,
                timestamp=self._market.stamp(now),
                stock=listing.symbol,
                market_code=listing.halted_by,
                operational_halt_action=action,
            )
        )

    def _ipo(self, symbol: str, release: int, qualifier: str, price: int, now: int) -> None:
        self._publish(
            IpoQuotingPeriodUpdate(
                stock_locate=self._listing(symbol).locate,
                tracking_number=0,
                timestamp=self._market.stamp(now),
                stock=symbol,
                ipo_quotation_release_time=release,
                ipo_quotation_release_qualifier=qualifier,
                ipo_price=price,
            )
        )

    def _publish(self, message: ItchMessage) -> None:
        self._market.publisher.publish(message.encode())

    def _listing(self, symbol: str) -> Listing:
        listing = self._market.directory.listings.get(symbol)
        if listing is None:
            raise HaltError(f"unknown symbol {symbol!r}: give one that is listed")
        return listing
