"""hftbacktest: its compiled backtest replays one symbol's orders into its order-by-order depth; no orders of its own.

Two depths are kept, the exchange's and the local one, as its model has it; nothing else of it can be run alone.
"""

import numpy as np
from hftbacktest import (
    ADD_ORDER_EVENT,
    BUY_EVENT,
    CANCEL_ORDER_EVENT,
    EXCH_EVENT,
    LOCAL_EVENT,
    MODIFY_ORDER_EVENT,
    SELL_EVENT,
    BacktestAsset,
    ROIVectorMarketDepthBacktest,
)
from hftbacktest.types import event_dtype

from benchmarks.native.contest import Contest
from benchmarks.peers.book_operations import ADD, DELETE, UPDATE, operations

_KINDS = {ADD: ADD_ORDER_EVENT, UPDATE: MODIFY_ORDER_EVENT, DELETE: CANCEL_ORDER_EVENT}
_SIDES = {True: BUY_EVENT, False: SELL_EVENT}
_STEP = 1_000  # ns between events
_TICK = 0.01


def books(data: bytes) -> Contest:
    """Replay all operations in one call."""
    rows = list(operations(data))
    events = np.zeros(len(rows), event_dtype)
    for number, row in enumerate(rows):
        kind = _KINDS[row.kind] | _SIDES[row.buy] | EXCH_EVENT | LOCAL_EVENT
        time = (number + 1) * _STEP
        events[number] = (kind, time, time, row.price / 10_000, row.shares, row.reference, 0, 0.0)
    prices = [row.price / 10_000 for row in rows]
    asset = (
        BacktestAsset()
        .data([events])
        .linear_asset(1.0)
        .constant_order_latency(0, 0)
        .l3_fifo_queue_model()
        .no_partial_fill_exchange()
        .trading_value_fee_model(0.0, 0.0)
        .tick_size(_TICK)
        .lot_size(1.0)
        .roi_lb(min(prices) - 1)
        .roi_ub(max(prices) + 1)
    )
    backtest = ROIVectorMarketDepthBacktest([asset])
    backtest.elapse(1)  # numba compiles the call

    def run() -> int:
        backtest.elapse(len(rows) * _STEP)
        return len(events)  # which the backtest reads without owning them

    return Contest(run)
