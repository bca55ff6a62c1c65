"""The hops of an order that have a latency, as data: name, from where to where, what measures it."""

from typing import Final, NamedTuple

from office.latency.ticks import STAGES

DECISIONS, CAPTURE, BOTH, COUNTED = "decisions", "capture", "capture and decisions", "histogram"
"""What measures a hop: stamps in the trader's decisions, the capture of its port, both, a histogram of the trader."""


class Hop(NamedTuple):
    """A hop: name, where it begins, where it ends, what measures it."""

    name: str
    begins: str
    ends: str
    measured: str


HOPS: Final = (
    Hop("wire_to_wire", "market data frame in", "order frame out, at the trader's port", CAPTURE),
    Hop("outside_program", "wire to wire", "less tick to trade: card, cable, machine", BOTH),
    Hop("tick_to_trade", "the burst is there", "the order's doorbell", DECISIONS),
    Hop("frame_parsed", "the burst is there", "frame parsed", DECISIONS),
    Hop("book_updated", "frame parsed", "book updated", DECISIONS),
    Hop("decision", "book updated", "the strategy wants an order", DECISIONS),
    Hop("risk_passed", "the strategy wants an order", "the risk gate lets it pass", DECISIONS),
    Hop("doorbell", "the risk gate lets it pass", "the order's doorbell", DECISIONS),
    Hop("order_to_ack", "order frame out", "acceptance or rejection in", CAPTURE),
    Hop("order_to_fill", "order frame out", "first execution in", CAPTURE),
)
NAMES: Final = tuple(hop.name for hop in HOPS)
EXPLAINED: Final = {hop.name: hop for hop in HOPS}

PARTS: Final = (
    ("wire_to_wire", ("outside_program", "tick_to_trade")),
    ("tick_to_trade", STAGES),
)
"""Hops that are the sum of others."""


def order_of(name: str) -> tuple[int, str]:
    """Sorts hops: those of the table first, in its order."""
    return (NAMES.index(name) if name in EXPLAINED else len(NAMES), name)
