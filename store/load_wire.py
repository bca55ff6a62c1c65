"""Latencies on the wire: from the captures of the trader's port, joined with the journal's decisions."""

from collections import Counter
from typing import Any

import numpy as np

from protocols import ouch50
from protocols.order_capture import CapturedOrder
from store import rows
from store.captured_feed import Captured
from store.load_journal import Journalled
from store.own_orders import OrderKey
from store.pipeline import Pipeline
from store.run_folder import RunFolder
from store.segments import login_of
from store.tables import LATENCY

_ANSWERS = (ouch50.OrderAccepted, ouch50.OrderReplaced, ouch50.Rejected)
_MARKET_DATA = ("B", "T")
_ENTERS = (ouch50.EnterOrder, ouch50.ReplaceOrder)


def load(folder: RunFolder, captured: Captured, journalled: Journalled, pipeline: Pipeline) -> dict[str, int]:
    """Load `wire_to_wire` and `order_to_ack` of every order that has them; gives counts, also of those that have not.

    `wire_to_wire` is of orders that market data caused, and whose message was in the capture before they left: one that
    was recovered another way is not.
    """
    sent, answered = _times(captured.orders, _venues(captured.orders, journalled))
    found: list[dict[str, Any]] = []
    counts = {"orders_joined": 0, "orders_not_captured": 0}
    for order in journalled.sent:
        key = (login_of(order.number), order.venue, order.reference)
        left = sent.get(key)
        if left is None:
            counts["orders_not_captured"] += 1
            continue
        counts["orders_joined"] += 1
        row = {"number": order.number, "reference": order.reference, "t": order.time}
        came = _arrival(captured, order.feed_venue, order.sequence) if order.cause in _MARKET_DATA else None
        if came is not None and came <= left:
            found.append(row | {"stage": "wire_to_wire", "ns": left - came})
        answer = answered.get(key)
        if answer is not None and answer >= left:
            found.append(row | {"stage": "order_to_ack", "ns": answer - left})
    pipeline.put(LATENCY.name, rows.from_rows(LATENCY, folder.run, found))
    return counts


def _venues(orders: list[CapturedOrder], journalled: Journalled) -> dict[object, tuple[int, int]]:
    """Login and venue of each connection: those that the journals have most of its messages for."""
    votes: dict[object, Counter[tuple[int, int]]] = {}
    for order in orders:
        flow = order.flow if order.sent else order.flow.reverse
        votes.setdefault(flow, Counter()).update(journalled.venues.get(order.payload, ()))
    return {flow: counter.most_common(1)[0][0] for flow, counter in votes.items() if counter}


Times = dict[OrderKey, int]


def _times(orders: list[CapturedOrder], venues: dict[object, tuple[int, int]]) -> tuple[Times, Times]:
    """By login, venue and UserRefNum: when the order left, when its first answer came."""
    sent: Times = {}
    answered: Times = {}
    for order in orders:
        venue = venues.get(order.flow if order.sent else order.flow.reverse)
        if venue is None:
            continue
        key = (*venue, order.reference)
        if order.sent and isinstance(order.message, _ENTERS):
            sent.setdefault(key, order.time)
        elif isinstance(order.message, _ANSWERS):
            answered.setdefault(key, order.time)
    return sent, answered


def _arrival(captured: Captured, venue: int, sequence: int) -> int | None:
    """When a message of a venue's feed first came, None when it did not."""
    if venue not in captured.arrivals or not sequence:
        return None
    sequences, times = captured.arrivals[venue]
    place = int(np.searchsorted(sequences, np.uint64(sequence)))
    return int(times[place]) if place < len(sequences) and int(sequences[place]) == sequence else None
