"""Round trips to the image's echo: one frame, wait for it, the next one; on QEMU's unix datagram socket."""

import time
from collections.abc import Callable
from functools import partial

from benchmarks.ping_socket import PingSocket
from lab.lockstep import job
from lab.lockstep.exchange import HarnessError
from lab.lockstep.link import Link, LinkGoneError, SocketLink

_ETHERTYPE = b"\x88\xb5"  # IEEE 802, local experiments: what the image's echo answers
_SIZE = 64
_AGAIN = 0.25  # seconds, while the guest boots
_LOST = 2.0


class Pings:
    """A `lab.lockstep.session.Driver`. `nanoseconds` holds every round trip; `lost` counts frames without one.

    `settled` is called when the first frame has come back, before any is counted.
    """

    def __init__(self, link: Link, alive: Callable[[], bool], settled: Callable[[], None] = lambda: None) -> None:
        self.nanoseconds: list[int] = []
        self.lost = 0
        self._link = link
        self._alive = alive
        self._settled = settled
        self._guest = bytes.fromhex(job.GUEST_MAC.replace(":", ""))
        self._me = bytes.fromhex(job.EXCHANGE_MAC.replace(":", ""))

    def close(self) -> None:
        """Let go of the link."""
        self._link.close()

    def run(self, ticks: int, boot_seconds: float, progress: Callable[[int], None]) -> int:
        """Send `ticks` frames after the first one that came back; how many came back.

        Raises HarnessError when none does.
        """
        deadline = time.monotonic() + boot_seconds
        while self._ping(0, _AGAIN) is None:
            if not self._alive() or time.monotonic() > deadline:
                raise HarnessError(f"no echo within {boot_seconds:g} s")
        self._settled()
        ping = self._ping
        if isinstance(self._link, SocketLink):
            ping = partial(self._compiled_ping, PingSocket(self._link.connect()))
        for number in range(1, ticks + 1):
            took = ping(number, _LOST)
            if took is None:
                self.lost += 1
                if not self._alive():
                    raise HarnessError(f"the guest ended after {number} of {ticks} frames")
            else:
                self.nanoseconds.append(took)
            if number % 1000 == 0:
                progress(number)
        return len(self.nanoseconds)

    def _compiled_ping(self, pings: PingSocket, number: int, seconds: float) -> int | None:
        took = pings.ping(self._frame(number), round(seconds * 1000))
        return took if took >= 0 else None

    def _frame(self, number: int) -> bytes:
        return (self._guest + self._me + _ETHERTYPE + number.to_bytes(8, "big")).ljust(_SIZE, b"\0")

    def _ping(self, number: int, seconds: float) -> int | None:
        """ns until the frame came back, None when it did not."""
        frame = self._frame(number)
        began = time.perf_counter_ns()
        try:
            self._link.put(frame)
        except LinkGoneError:
            time.sleep(0.05)  # QEMU has not made its socket yet, or is gone
            return None
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            back = self._link.wait(left)
            if back is not None and back[12:22] == frame[12:22]:
                return time.perf_counter_ns() - began
        return None
