"""Strategies: decide what to quote and what to take; everything else is the trader's."""

from collections.abc import Callable, Mapping

from hftapp.trader.strategy.base import Context, Strategy
from hftapp.trader.strategy.imbalance_taker import ImbalanceTaker
from hftapp.trader.strategy.market_maker import MarketMaker

KINDS: Mapping[str, Callable[[Context, Mapping[str, int]], Strategy]] = {
    "market_maker": MarketMaker,
    "imbalance_taker": ImbalanceTaker,
}
"""Strategy classes by their kind in the configuration."""
