"""A market with the generated flow and agents that tells who did what."""

import tempfile
from pathlib import Path
from typing import Any

from exchange.clock import MARKET_OPEN, SECOND
from exchange.flow.agents import build_agents, parse_agent
from exchange.flow.attribution import AttributedEvent, AttributedMarket
from exchange.flow.generator import Generator
from exchange.flow.labels import Labels, read
from exchange.flow.merge import Merged
from exchange.market_data import Publisher


class Attributed:
    """Runs the agents asked for; keeps all events (``told``: with their kind, in order)."""

    def __init__(self, *asked: str, seconds: float, seed: int = 1, rate: float = 500) -> None:
        self.told: list[tuple[Any, ...]] = []
        self.orders: list[AttributedEvent] = []
        self.market = AttributedMarket(self, Publisher("TEST", []))
        for symbol in ("AAPL", "MSFT", "XYZ"):
            self.market.list_symbol(symbol)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "labels.jsonl"
            with Labels(path) as labels:
                agents = build_agents(self.market, [parse_agent(text) for text in asked], seed, labels)
                flow = Merged({"generated": Generator(self.market, ("AAPL", "MSFT", "XYZ"), rate, seed), **agents})
                flow.start(MARKET_OPEN)
                while (time := flow.next_time()) is not None and time < MARKET_OPEN + seconds * SECOND:
                    flow.step()
            self.labels = list(read(path))

    def order(self, event: AttributedEvent) -> None:
        self.orders.append(event)
        self.told.append(("order", *event))

    def quote(self, *quote: Any) -> None:
        self.told.append(("quote", *quote))

    def trade(self, *trade: Any) -> None:
        self.told.append(("trade", *trade))

    def mid_at(self, t: int, symbol: str = "AAPL") -> float:
        """The mid at a time (price4)."""
        quotes = [one for one in self.told if one[0] == "quote" and one[2] == symbol and one[1] <= t]
        _, _, _, bid, _, ask, _ = quotes[-1]
        return float(bid + ask) / 2
