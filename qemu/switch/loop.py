"""Moves the frames: waits for cables, asks the core, sends, captures. Blocks in select, never polls."""

import os
import select
import signal
import time
from collections.abc import Sequence

from protocols.pcap_rotate import RotatingWriter
from protocols.pcap_write import INBOUND, OUTBOUND
from qemu.switch.core import Delivery, Switch
from qemu.switch.ports import Cable

MARK = signal.SIGUSR1


class SwitchLoop:
    """The switch at work on its cables. From `stop_fd` it reads the numbers of signals, a byte each: `MARK` marks the
    moment for the faults that wait for it, any other ends `run`."""

    def __init__(
        self, switch: Switch, cables: Sequence[Cable], captures: Sequence[RotatingWriter | None], stop_fd: int
    ) -> None:
        self._switch = switch
        self._cables = list(cables)
        self._captures = list(captures)
        self._stop_fd = stop_fd
        # Virtual time starts at 0; captures carry the time of day, which no later clock step may disturb.
        self._start = time.monotonic_ns()
        self._epoch = time.time_ns()

    def run(self) -> None:
        """Forward frames until the stop descriptor is readable."""
        by_descriptor = {cable.fileno(): index for index, cable in enumerate(self._cables)}
        readers = [*by_descriptor, self._stop_fd]
        while True:
            writers = [cable.fileno() for cable in self._cables if cable.backlog()]
            # select, not epoll: its timeout has microseconds, so a link's delay of 50 µs is not one of 1 ms.
            readable, writable, _ = select.select(readers, writers, (), self._timeout())
            if self._stop_fd in readable:
                if self._told():
                    return
                readable.remove(self._stop_fd)
            for descriptor in writable:
                self._cables[by_descriptor[descriptor]].flush()
            for descriptor in readable:
                self._receive(by_descriptor[descriptor])
            self._send(self._switch.tick(self._now()))

    def dropped(self) -> list[int]:
        """Frames each cable's far end did not take, in port order."""
        return [cable.dropped for cable in self._cables]

    def close(self) -> None:
        """Close all cables and captures."""
        for cable in self._cables:
            cable.close()
        for capture in self._captures:
            if capture is not None:
                capture.close()

    def _told(self) -> bool:
        """Whether it is told to stop."""
        numbers = set(os.read(self._stop_fd, 64))
        if MARK in numbers:
            self._switch.mark(self._now())
        return numbers != {MARK}

    def _now(self) -> int:
        return time.monotonic_ns() - self._start

    def _timeout(self) -> float | None:
        deadline = self._switch.next_deadline()
        return None if deadline is None else max(0.0, (deadline - self._now()) / 1e9)

    def _receive(self, port: int) -> None:
        capture = self._captures[port]
        for frame in self._cables[port].read_burst():
            now = self._now()
            if capture is not None:
                capture.write(INBOUND, frame, self._epoch + now)
            self._send(self._switch.forward(port, frame, now))

    def _send(self, deliveries: list[Delivery]) -> None:
        for port, frame in deliveries:
            capture = self._captures[port]
            if capture is not None:
                capture.write(OUTBOUND, frame, self._epoch + self._now())
            self._cables[port].write(frame)
