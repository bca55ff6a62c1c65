"""Everything beside matching that one market does: crosses, halts, price limits, short sale tests, broken trades."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from exchange.auction import Auctions
from exchange.breaker import Breaker
from exchange.halts import Halts
from exchange.luld import Luld
from exchange.market import Market
from exchange.noii_timer import NoiiTimer
from exchange.reg_sho import RegSho
from exchange.schedule import Schedule
from exchange.trade_log import TradeLog


@dataclass
class Supervision:
    """The parts of one market. Those that follow a schedule are None in a session without one."""

    auctions: Auctions
    noii: NoiiTimer
    halts: Halts
    trades: TradeLog
    reg_sho: RegSho | None = None
    luld: Luld | None = None
    breaker: Breaker | None = None

    @property
    def timers(self) -> list[NoiiTimer | Halts | Luld]:
        """The parts that have `advance` and `next_deadline`, in the order in which they have to be advanced."""
        timers: list[NoiiTimer | Halts | Luld] = [self.noii, self.halts]
        if self.luld is not None:
            timers.append(self.luld)
        return timers


def supervise(market: Market, schedule: Schedule | None = None, folder: Path | None = None) -> Supervision:
    """Set a market up. Without a schedule there are no opening and closing cross, price bands and tests, but an
    operator can halt and reopen symbols. ``folder``: where the trade log has its files, None: the system's."""
    if schedule is None:
        auctions = Auctions(market)
        noii = NoiiTimer(market, auctions)
        return Supervision(auctions, noii, Halts(market, auctions, noii), TradeLog(market, folder))
    auctions = Auctions(market, schedule.opening, schedule.closing)
    noii = NoiiTimer(market, auctions, schedule.opening, schedule.closing)
    halts = Halts(market, auctions, noii)
    opens, closes = schedule.market_opens, schedule.market_closes
    return Supervision(
        auctions,
        noii,
        halts,
        TradeLog(market, folder),
        RegSho(market, opens, closes),
        Luld(market, halts, opens, closes),
        Breaker(market, halts, opens, closes),
    )
