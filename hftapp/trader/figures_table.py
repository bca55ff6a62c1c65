"""Every figure of the trader, by name. What is there for each venue has the venue's number at the end (`feed.0`).

| Name | What |
|---|---|
| `loop` | turns of the loop and what it sent |
| `silence` | `hftapp.silence.counted` |
| `feed.N` | counters of the arbiter |
| `by_type.N` | ITCH messages by the byte of their type |
| `sent.N` | OUCH messages sent by the byte of their type |
| `orders` | counters and totals of the own orders |
| `risk` | refusals by the code of the check |
| `recording` | records of a recording that did not fit |
| `state.N` | open: the rest of a venue's feed, books and order session |
| `nic` | open: port, stack and connections |
| `port` | text: how frames come and go |
| `tick_to_trade`, `stages.*` | histograms in ticks of the clock: burst to doorbell, and each stage of that |
| `strategy.N` | histogram in ticks: what the strategy's `on_book` costs |
"""

from typing import Final

from hftapp.feed.arbiter import COUNTERS
from hftapp.figures import Layout
from hftapp.silence import counted
from hftapp.trader.risk.checks import NAMES as CHECKS
from hftapp.trader.stages import NAMES as STAGES
from hftapp.trader.totals import NAMES as ORDERS

VENUES: Final = 4
STRATEGIES: Final = 16
"""Strategies whose cost is measured; those beyond trade all the same."""
CODES: Final = 64
"""Reject codes of the risk gate there is room for."""
TYPES: Final = 256
LOOP: Final = ("turns", "emitted", "first_order_ns", "stale", "overflow", "final")
"""Turns of the loop, OUCH messages sent, when the first order left (ns of the clock, 0: none yet), whether the books
are not to be trusted, instruments without a block, and whether these figures are the last."""
RECORDING: Final = ("lost",)
_VENUES: Final = range(VENUES)

LAYOUT: Final = Layout(
    groups={
        "loop": LOOP,
        counted.GROUP: counted.NAMES,
        "orders": ORDERS,
        "risk": CODES,
        "recording": RECORDING,
        **{f"feed.{venue}": COUNTERS for venue in _VENUES},
        **{f"by_type.{venue}": TYPES for venue in _VENUES},
        **{f"sent.{venue}": TYPES for venue in _VENUES},
    },
    open=("nic", *(f"state.{venue}" for venue in _VENUES)),
    histograms=(
        "tick_to_trade",
        *(f"stages.{name}" for name in STAGES),
        *(f"strategy.{number}" for number in range(STRATEGIES)),
    ),
    texts=(
        "port",
        *(f"venue.{venue}" for venue in _VENUES),
        *(f"session.{venue}" for venue in _VENUES),
        *(f"kind.{number}" for number in range(STRATEGIES)),
    ),
)

assert len(CHECKS) <= CODES
