"""The other end of the echo: one frame, wait for it to come back, the next one."""

import time
from collections.abc import Callable

from lab.lockstep import frames, job
from lab.lockstep.exchange import HarnessError
from lab.lockstep.feed import Feed
from lab.lockstep.link import Link, LinkGoneError
from protocols import mold

_AGAIN = 0.5  # seconds, while the guest boots
_PATIENCE = 10.0


class Echoes:
    """`alive` says whether the guest still runs."""

    def __init__(self, link: Link, alive: Callable[[], bool]) -> None:
        self._link = link
        self._alive = alive
        self._me = frames.Host.parse(job.EXCHANGE_MAC, str(job.JOB["EXCHANGE_ADDRESS"]))

    def close(self) -> None:
        """Let go of the link."""
        self._link.close()

    def run(self, ticks: int, boot_seconds: float, progress: Callable[[int], None]) -> int:
        """Have `ticks` frames echoed, each the size of a tick, then end; how many came back right.

        Raises HarnessError when the guest does not begin, or does not send one back.
        """
        add = Feed().tick().add
        deadline = time.monotonic() + boot_seconds
        while not self._echoed(self._frame(mold.encode_packet("ICOUNT", 1, [add])), _AGAIN):
            if not self._alive() or time.monotonic() > deadline:
                raise HarnessError(f"no echo within {boot_seconds:g} s")
        while self._link.wait(_AGAIN) is not None:
            pass  # frames that had waited for the guest to begin
        for number in range(ticks):
            if not self._echoed(self._frame(mold.encode_packet("ICOUNT", number + 2, [add])), _PATIENCE):
                raise HarnessError(f"echo {number} did not come back within {_PATIENCE:g} s")
            if number % 500 == 0:
                progress(number)
        self._echoed(self._frame(b"END"), _PATIENCE)
        end = time.monotonic() + 60
        while self._alive() and time.monotonic() < end:
            time.sleep(0.05)  # QEMU's end makes no event on the link
        return ticks

    def _frame(self, payload: bytes) -> bytes:
        return frames.multicast(self._me, str(job.JOB["GROUP_A"]), int(job.JOB["PORT_A"]), payload)

    def _echoed(self, frame: bytes, seconds: float) -> bool:
        try:
            self._link.put(frame)
        except LinkGoneError:
            time.sleep(0.05)  # QEMU has not made its socket yet
            return False
        back = self._link.wait(seconds)
        return back == frame[6:12] + frame[:6] + frame[12:]
