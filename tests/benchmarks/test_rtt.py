"""Round trips: every frame is waited for, lost ones are counted, and the table compares the ports of a card."""

from collections import deque

import pytest

from benchmarks import rtt
from benchmarks.pings import Pings
from lab.lockstep.exchange import HarnessError
from lab.lockstep.link import LinkGoneError


class EchoLink:
    """Sends back what the image's echo would, but for the frames whose numbers (counted from 0) are in `lost`."""

    def __init__(self, lost: set[int], booting: int = 0) -> None:
        self._lost = lost
        self._booting = booting
        self._sent = 0
        self._back: deque[bytes] = deque()

    def put(self, frame: bytes) -> None:
        if self._booting:
            self._booting -= 1
            raise LinkGoneError("not yet")
        assert len(frame) == 64
        if self._sent not in self._lost:
            self._back += [b"\xff" * 64, frame[6:12] + frame[:6] + frame[12:]]  # others' frames come between
        self._sent += 1

    def wait(self, seconds: float) -> bytes | None:
        assert seconds > 0
        return self._back.popleft() if self._back else None

    def close(self) -> None:
        self._back.clear()


def test_every_frame_has_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    pings = Pings(EchoLink(set(), booting=2), lambda: True)
    assert pings.run(50, 5, lambda _: None) == 50
    assert (len(pings.nanoseconds), pings.lost) == (50, 0)


def test_a_lost_frame_is_counted_and_the_next_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.pings._LOST", 0.01)
    pings = Pings(EchoLink({3}), lambda: True)
    assert pings.run(10, 5, lambda _: None) == 9
    assert pings.lost == 1


def test_a_guest_that_never_answers_is_said_so() -> None:
    with pytest.raises(HarnessError, match="no echo within 5 s"):
        Pings(EchoLink(set(range(10))), lambda: False).run(10, 5, lambda _: None)


def test_each_port_is_compared_with_af_packet_on_the_same_card() -> None:
    def row(model: str, port: str, p50: int) -> dict[str, object]:
        return {
            "model": model,
            "iommu": True,
            "port": port,
            "lost": 0,
            "ns": {"min": 1, "p50": p50, "p99": 9_000, "max": 9_000},
        }

    rows = [row("virtio", "dpdk", 40_000), row("virtio", "af_packet", 100_000), row("e1000e", "dpdk", 50_000)]
    broken = {"model": "e1000e", "iommu": True, "port": "af_packet", "error": "no echo"}
    (table,) = rtt.tables({"frames": 9, "accel": "tcg", "rows": [*rows, broken]})
    assert list(table.columns[7].cells) == ["0.40", "1.00", "", ""]
    assert list(table.columns[3].cells) == ["0", "0", "0", "no echo"]
