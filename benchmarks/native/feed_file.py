"""The files that are measured: ITCH 5.0 in BinaryFILE form from the exchange's own order flow, made once from a seed.

The mix of messages is that of a real day (`exchange.flow.mix`), after an opening with the directory and the standing
books of all symbols.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

OPEN = 34_200_000_000_000
SEED = 20191230
_RATE = 50_000.0
"""Messages a second of the flow's own time. The books of all symbols are filled in the first minute of it."""
_LEAST_ROOM = 50


@dataclass(frozen=True, slots=True)
class Load:
    """A file: so many symbols, at least so many messages."""

    name: str
    symbols: int
    messages: int

    def path(self, folder: Path) -> Path:
        """Where the file lies in a folder."""
        return folder / f"feed-{self.symbols}-{self.messages}-{SEED}.itch"


def ensure(load: Load, folder: Path, say: Callable[[str], None]) -> dict[str, Any]:
    """Make the file if it is not there; what it holds: messages by type, bytes, resting orders at its end."""
    path = load.path(folder)
    facts = path.with_suffix(".json")
    if not facts.is_file():
        say(f"{load.name}: making {load.messages:,} messages")
        folder.mkdir(parents=True, exist_ok=True)
        facts.write_text(json.dumps(_make(load, path)) + "\n", encoding="utf-8")
    found: dict[str, Any] = json.loads(facts.read_text(encoding="utf-8"))
    return found


def _make(load: Load, path: Path) -> dict[str, Any]:
    from exchange.flow.generator import Generator  # after the compiled modules are in place
    from exchange.flow.universe import universe
    from exchange.market import Market
    from exchange.market_data import Publisher
    from exchange.message_store import MessageStore

    publisher = Publisher("BENCH", (), store=MessageStore(path))
    market = Market(publisher)
    symbols = universe(load.symbols, SEED)
    for each in symbols:
        market.list_symbol(each.symbol, price=each.price)
    market.system_event("O", OPEN)
    market.announce_symbols(OPEN)
    for code in "SQ":
        market.system_event(code, OPEN)
    generator = Generator(market, [each.symbol for each in symbols], _RATE, SEED)
    generator.start(OPEN)
    while len(publisher) < load.messages:
        for _ in range(_LEAST_ROOM):
            generator.step()
    for code in "MEC":
        market.system_event(code, market.time)
    counters = generator.counters()
    publisher.ended = True  # the file gets its end record
    publisher.close()
    by_type = publisher.by_type()
    size = path.stat().st_size
    return {"messages": sum(by_type.values()), "bytes": size, "by_type": by_type, "resting": counters["resting"]}
