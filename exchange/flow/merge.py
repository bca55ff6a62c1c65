"""Several flows as one, in the order of their times."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from exchange.flow.source import Flow


class Merged:
    """Steps whichever of the named flows is due first; of several due at once, the one that was named first.

    A flow may become due earlier while another one acts, so times are asked for anew each time.
    """

    def __init__(self, flows: Mapping[str, Flow]) -> None:
        self._flows = dict(flows)

    def start(self, now: int) -> None:
        """Begin all of them."""
        for flow in self._flows.values():
            flow.start(now)

    def next_time(self) -> int | None:
        """When the first of them is due, None when none is."""
        times = [time for flow in self._flows.values() if (time := flow.next_time()) is not None]
        return min(times, default=None)

    def step(self) -> None:
        """Do that one's action."""
        first: Flow | None = None
        earliest = 0
        for flow in self._flows.values():
            time = flow.next_time()
            if time is not None and (first is None or time < earliest):
                first, earliest = flow, time
        if first is not None:
            first.step()

    def counters(self) -> dict[str, Any]:
        """What each of them did, by name."""
        return {name: flow.counters() for name, flow in self._flows.items()}
