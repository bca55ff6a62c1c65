"""Pressure and its withdrawal: what spoofing and layering have in common.

An owner's open orders on one side are pressure when they are `ratio` times as large as all that the same owner has, and
has just traded, on the other side: the genuine orders. Two patterns:

- taken: the genuine order trades, and within `lag` its owner withdraws `part` of the pressure that stood then;
- given up: all of it is withdrawn within `burst`, and within `lag` the genuine order too, none having traded.

The decisive event is the withdrawal that completes the pattern. A replace to a price further away is a withdrawal, one
to a price as near or nearer is not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from store.surveillance.alert import MAX_REFS
from store.surveillance.events import BY_OWNER, EXECUTED, REDUCED, REPLACED, OrderEvent
from store.surveillance.orders import Key, Live, OrderTable
from store.surveillance.rule import MS, Finding
from store.surveillance.thresholds import Threshold
from store.surveillance.window import MAX_ENTRIES, Recent

THRESHOLDS: Final = (
    Threshold("ratio", "times", 5, 1, 10_000, "pressure, in times of the shares on the genuine side"),
    Threshold("min_shares", "shares", 2_500, 1, 100_000_000, "least shares of the pressure"),
    Threshold("lag", "ms", 250, 1, 60_000, "longest time from the trade to the withdrawal"),
    Threshold("part", "%", 80, 1, 100, "part of the pressure that is withdrawn"),
    Threshold("executed", "%", 20, 0, 100, "part of the pressure that may have traded"),
    Threshold("burst", "ms", 50, 0.001, 60_000, "given up: time in which the pressure is withdrawn"),
    Threshold("together", "ms", 1_000, 1, 60_000, "given up: longest time between pressure and genuine order"),
)
_OTHER: Final = {"B": "S", "S": "B", "": ""}


@dataclass(slots=True)
class _Taken:
    """A genuine order traded at ``t``, ``standing`` shares of its side are still open; ``pressure``: shares by
    order that stood against it when they were first seen there."""

    t: int
    genuine: list[int]
    matches: list[int]
    filled: int
    standing: int
    pressure: dict[Key, int]
    prices: set[int]
    withdrawn: int = 0
    executed: int = 0


@dataclass(slots=True)
class _GivenUp:
    """Orders withdrawn one after the other, none of which had traded; ``against``: open shares of the other side."""

    first: int
    last: int
    origin: int
    against: int
    shares: int = 0
    refs: list[int] = field(default_factory=list)
    prices: set[int] = field(default_factory=set)


@dataclass(slots=True)
class _State:
    """By side of the genuine order, and by side of the withdrawn ones."""

    taken: dict[str, _Taken] = field(default_factory=dict)
    gone: dict[str, _GivenUp] = field(default_factory=dict)


class Pressure:
    """Finds withdrawn pressure with ``fewest`` to ``most`` different prices in it."""

    def __init__(self, limits: Mapping[str, Any], orders: OrderTable, fewest: int, most: int) -> None:
        self._orders = orders
        self._fewest, self._most = fewest, most
        self._ratio, self._least = limits["ratio"], limits["min_shares"]
        self._part, self._executed = limits["part"], limits["executed"]
        self._lag, self._together = round(limits["lag"] * MS), round(limits["together"] * MS)
        self._burst = round(limits["burst"] * MS)
        self._states: Recent[tuple[str, str], _State] = Recent(_State)

    def look(self, event: OrderEvent, order: Live | None, old: Live | None) -> Finding | None:
        """Take an event; gives the pattern that it completes."""
        if order is None:
            return None
        if event.event == EXECUTED:
            self._on_execution(event, order)
            return None
        state = self._states.get((order.owner, order.symbol))
        if event.event == REPLACED and old is not None:
            if not _further(old, order):
                if state is not None:
                    _rename(state, old.key, order)
                return None
            return self._on_withdrawal(event, old, old.shares)
        if event.event == REDUCED and event.reason == BY_OWNER:
            return self._on_withdrawal(event, order, event.shares)
        return None

    def _on_execution(self, event: OrderEvent, order: Live) -> None:
        """A genuine order trades: note what stands against it; or the pressure itself trades."""
        mine = self._orders.of(order.owner, order.symbol).values()
        against = [one for one in mine if one.side != order.side]
        state = self._states.get((order.owner, order.symbol))
        if state is not None:
            pressed = state.taken.get(_OTHER[order.side])
            if pressed is not None and order.key in pressed.pressure:
                pressed.executed += event.shares
        total = sum(one.shares for one in against)
        if total < self._least:
            return
        state = state or self._states[order.owner, order.symbol]
        taken = state.taken.get(order.side)
        if taken is None or event.t - taken.t > self._lag:
            taken = state.taken[order.side] = _Taken(event.t, [], [], 0, 0, {}, set())
        taken.t = event.t
        taken.filled += event.shares
        taken.standing = sum(one.shares for one in mine if one.side == order.side)
        taken.genuine = list(dict.fromkeys([*taken.genuine, *order.chain]))[:MAX_REFS]
        if len(taken.matches) < MAX_REFS:
            taken.matches.append(event.match)
        for one in against:
            if len(taken.pressure) < MAX_ENTRIES:
                # What has been withdrawn of it meanwhile was pressure too.
                taken.pressure.setdefault(one.key, one.shares)
                taken.prices.add(one.price)

    def _on_withdrawal(self, event: OrderEvent, order: Live, shares: int) -> Finding | None:
        state = self._states[order.owner, order.symbol]
        genuine = _OTHER[order.side]
        taken = state.taken.get(genuine)
        if taken is not None and event.t - taken.t > self._lag:
            del state.taken[genuine]
        elif taken is not None and order.key in taken.pressure:
            taken.withdrawn += shares
            if self._is_taken(taken):
                del state.taken[genuine]
                refs = [ref for _, ref in taken.pressure]
                return self._finding(event, order, taken.genuine, refs, taken.matches, taken.filled,
                                     sum(taken.pressure.values()), len(taken.prices), "traded")  # fmt: skip
        given_up = self._is_given_up(event, order, shares, state)
        self._note(event, order, shares, state)
        return given_up

    def _is_taken(self, taken: _Taken) -> bool:
        total = sum(taken.pressure.values())
        return (
            100 * taken.withdrawn >= self._part * total
            and 100 * taken.executed <= self._executed * total
            and total >= max(self._least, self._ratio * (taken.filled + taken.standing))
            and self._fewest <= len(taken.prices) <= self._most
        )

    def _is_given_up(self, event: OrderEvent, order: Live, shares: int, state: _State) -> Finding | None:
        """Whether this is the genuine order, going after its pressure."""
        gone = state.gone.get(_OTHER[order.side])
        if gone is None or order.executed or order.shares or event.t - gone.last > self._lag:
            return None
        together = order.entered <= gone.first and abs(order.origin - gone.origin) <= self._together
        if not together or gone.shares < max(self._least, self._ratio * gone.against):
            return None
        if not self._fewest <= len(gone.prices) <= self._most:
            return None
        del state.gone[_OTHER[order.side]]
        return self._finding(
            event, order, order.chain, gone.refs, [], shares, gone.shares, len(gone.prices), "withdrawn too"
        )

    def _note(self, event: OrderEvent, order: Live, shares: int, state: _State) -> None:
        if order.executed:
            return
        gone = state.gone.get(order.side)
        if gone is None or event.t - gone.first > self._burst:
            mine = self._orders.of(order.owner, order.symbol).values()
            against = sum(one.shares for one in mine if one.side != order.side)
            gone = state.gone[order.side] = _GivenUp(event.t, event.t, order.origin, against)
        gone.last = event.t
        gone.shares += shares
        if len(gone.refs) < MAX_ENTRIES:
            gone.refs.append(order.ref)
            gone.prices.add(order.price)

    def _finding(
        self,
        event: OrderEvent,
        order: Live,
        genuine: list[int],
        pressure: list[int],
        matches: list[int],
        shares: int,
        total: int,
        levels: int,
        how: str,
    ) -> Finding:
        at = "one price" if levels == 1 else f"{levels} prices"
        text = f"{total:,} shares at {at} withdrawn against {shares:,} that were {how}"
        return Finding(
            t=event.t,
            owner=order.owner,
            symbol=order.symbol,
            text=text,
            accounts=[order.account],
            refs=[*genuine, *pressure],
            matches=matches,
            figures={"pressure_shares": total, "genuine_shares": shares, "levels": levels, "genuine": how},
        )


def _further(old: Live, new: Live) -> bool:
    """Whether a replace moves away from the other side."""
    return new.price < old.price if new.side == "B" else new.price > old.price


def _rename(state: _State, old: Key, new: Live) -> None:
    """Pressure that was moved nearer is still pressure."""
    for taken in state.taken.values():
        if old in taken.pressure:
            taken.pressure[new.key] = taken.pressure.pop(old)
