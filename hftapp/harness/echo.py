"""Sends every test frame back to its sender: what the port alone costs, without a trader behind it.

Test frames have the EtherType for local experiments (IEEE 802, 0x88B5). The answer is the same frame with the two
addresses exchanged. A sample is the time stamp counter from the burst's return to the doorbell's, in ticks, for bursts
of one frame.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from typing import Any, Final

import cython

from hftapp.config import Config
from hftapp.harness import number, open_port
from hftapp.nic.port import Port

if not cython.compiled:
    from time import perf_counter_ns as ticks

    from hftapp.octets import be16, copy

ETHERTYPE: Final = 0x88B5
_ETHERTYPE = ETHERTYPE
_HEADER = 14
_TURNS: Final = 1_000_000
"""Polls between two looks at whether it is over."""


@cython.final
@cython.cclass
class Echo:
    """An echo of `wanted` frames on a port."""

    def __init__(self, port: Port, wanted: int) -> None:
        self._port = port
        self._wanted = wanted
        self.frames = 0
        self.others = 0
        self.samples = array("q", bytes(8 * wanted))

    def loop(self, turns: int) -> None:
        """Poll the port until all wanted frames have been answered, at most `turns` times."""
        for _ in range(turns):
            count = self._port.rx_burst()
            if count == 0:
                continue
            returned = ticks()
            before = self.frames
            for i in range(count):
                if self.frames < self._wanted and self._answer(self._port.frames[i], self._port.lengths[i]):
                    self.frames += 1
                else:
                    self.others += 1
            if self.frames == before + 1:
                self.samples[before] = ticks() - returned
            if self.frames == self._wanted:
                return

    def _answer(self, frame: Any, length: int) -> bool:
        """Answer a test frame; False for any other frame."""
        if length < _HEADER or be16(frame, 12) != _ETHERTYPE:
            return False
        room = self._port.room()
        copy(room, 0, frame, 6, 6)
        copy(room, 6, frame, 0, 6)
        copy(room, 12, frame, 12, length - 12)
        return self._port.launch(length)


def run(settings: Config, arguments: Mapping[str, str], cpu: int | None) -> dict[str, object]:
    """Answer `frames` frames (default 10,000) on the port of the configuration or of the arguments (`open_port`)."""
    wanted = number(arguments, "frames", 10_000)
    port = open_port(settings, arguments, cpu)
    try:
        echo = Echo(port, wanted)
        while echo.frames < wanted:
            echo.loop(_TURNS)
        seen = port.stats()
    finally:
        port.close()
    return {
        "harness": "echo",
        "driver": getattr(port, "driver", ""),
        "frames": echo.frames,
        "others": echo.others,
        "ticks": summary([sample for sample in echo.samples if sample]),
        "stats": seen._asdict(),
    }


def summary(samples: Sequence[int]) -> dict[str, int]:
    """Least, percentiles and most of the samples; how many there are, and how many take more than twice the median."""
    if not samples:
        return {"count": 0}
    inorder = sorted(samples)
    middle = inorder[len(inorder) // 2]
    at = {"min": 0, "p50": 50, "p90": 90, "p99": 99, "max": 100}
    found = {name: inorder[min(len(inorder) - 1, len(inorder) * part // 100)] for name, part in at.items()}
    return found | {"count": len(inorder), "over_twice_p50": sum(sample > 2 * middle for sample in inorder)}
