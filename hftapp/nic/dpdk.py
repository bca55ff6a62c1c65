"""A NIC port over DPDK 24.11: the card's rings are in this process's memory, and nothing of the kernel is on the path.

Received frames are read in DPDK's own buffers. The next frame to send is built in a buffer that was taken before it was
needed. Whatever can wait is done later: received buffers are given back when the next burst is asked for, and when that
is empty, new ones are taken for sending and those that were sent are collected. No offload is used: a checksum that the
card computes cannot be patched incrementally, and a merged segment was held back to be merged.

EAL, DPDK's environment, can be started once in a process and serves one card here. It adds one thread of its own
(`dpdk-intr`), which sleeps on the CPUs that this process may use at that moment, the trader's excepted.
"""

from __future__ import annotations

import os
from typing import Final, NamedTuple

import cython

from hftapp import libc, vfio
from hftapp.nic.pci import network_devices
from hftapp.nic.port import BURST, Port, PortError, PortStats
from hftapp.octets import Room

if not cython.compiled:
    from hftapp.nic.rte import (
        Mbuf,
        adjust,
        collect_sent,
        configure,
        create_pool,
        driver_name,
        error_text,
        find_port,
        finish,
        free_pool,
        give_back,
        give_back_chain,
        initialise,
        last_error,
        length_of,
        mac_of,
        octets,
        read_stats,
        receive_all,
        receive_burst,
        receive_multicast,
        segments,
        set_length,
        set_up_rx,
        set_up_tx,
        start,
        stop,
        take,
        transmit_burst,
        wait_for_link,
    )

    _BURST = BURST
COLLECT_AT_ONCE: Final = ("net_virtio",)
"""Drivers that collect sent buffers while sending, by default hundreds at once, in the middle of a tick. These are told
to do it whenever a few have been sent. The others do it when they are asked."""
OPTIONS: Final = {"1af4:1041": "vectorized=1", "1af4:1000": "vectorized=1"}
"""What DPDK's driver is asked for, by the card's `vendor:device`. virtio: a receive path that takes a frame in a third
of the instructions; the driver uses it where every frame is in one buffer (QEMU's `mrg_rxbuf=off`)."""
SPARE: Final = 2 * BURST
"""Buffers beyond those in the card's ring: the burst being read, and the frames being built."""


_ANY_NODE: Final = -1
"""rte_memory.h, SOCKET_ID_ANY."""
RUNTIME: Final = "/run"
"""Where EAL makes its folder; its own choice, /var/run, is not in the image."""


class DpdkSettings(NamedTuple):
    """How to open a card. `cpu`: where this thread is to run, None for wherever it runs now.

    `housekeeping`: where DPDK's own thread may run. Ring sizes are in frames; the card may round them.
    """

    cpu: int | None = None
    housekeeping: tuple[int, ...] = ()
    rx_descriptors: int = 1024
    tx_descriptors: int = 256
    promiscuous: bool = False
    noiommu: bool = False
    log_level: str = "notice"


def eal_arguments(device: str, iova: str, settings: DpdkSettings, name: str = "hftos", options: str = "") -> list[str]:
    """Return the arguments of EAL for one card (DPDK Getting Started Guide, "EAL parameters"); `options`: its driver's.

    Memory stays this process's own (`--in-memory`), there is no telemetry socket, and one lcore: this thread.
    """
    cpu = min(os.sched_getaffinity(0)) if settings.cpu is None else settings.cpu
    return [
        *(name, "--in-memory", "--no-telemetry", f"--iova-mode={iova}"),
        *("--lcores", f"0@{cpu}", "-a", ",".join(filter(None, (device, options)))),
        f"--log-level=lib.eal:{settings.log_level}",
    ]


def memory_node() -> int:
    """The node that this process has its memory from (`hftapp.knobs.memory_node`), -1 for any. DPDK itself would take
    that of the CPU on which it starts, which is a housekeeping CPU, and for rings that of the card."""
    try:
        node = libc.preferred_memory()
    except OSError:  # a kernel without NUMA
        return _ANY_NODE
    return _ANY_NODE if node is None else node


_started: list[str] = []


@cython.final
@cython.cclass
class DpdkPort(Port):
    """The card at a PCI address such as `0000:00:03.0`; bound to vfio-pci here, given back to its driver at the end.

    Raises PortError naming the device, what DPDK said, and the remedy.
    """

    def __init__(self, device: str, settings: DpdkSettings) -> None:
        self.device = device
        self.driver = ""
        self._held = 0
        self._first = 0
        self._next = 0
        self._collects = True
        self._rx_refused = 0
        self._tx_dropped = 0
        self._open = False
        if not cython.compiled:
            self._rx: list[Mbuf] = [None] * BURST
            self._tx: list[Mbuf] = [None] * BURST
        if _started:
            raise PortError(f"{device}: DPDK already serves {_started[0]} in this process; one card a process")
        self._binding = vfio.bind(device, noiommu=settings.noiommu)
        try:
            self._start(settings)
        except BaseException:
            self._binding.release()
            raise
        super().__init__(mac_of(self._number))

    def _start(self, settings: DpdkSettings) -> None:
        """Start EAL and the card."""
        if settings.housekeeping:
            os.sched_setaffinity(0, settings.housekeeping)  # what EAL's own thread inherits; EAL then moves this one
        os.environ.setdefault("RUNTIME_DIRECTORY", RUNTIME)
        options = next((OPTIONS.get(card.ids, "") for card in network_devices() if card.address == self.device), "")
        arguments = eal_arguments(self.device, self._binding.iova, settings, options=options)
        number = initialise([argument.encode() for argument in arguments])
        if number != 0:
            raise PortError(
                f"{self.device}: DPDK does not start with {' '.join(arguments)}: {error_text(number)}; "
                "it needs huge pages (vm.nr_hugepages) and the device bound to vfio-pci"
            )
        _started.append(self.device)
        number = find_port(self.device.encode())
        if number < 0:
            raise PortError(
                f"{self.device}: no driver of this image takes the card ({error_text(number)}); "
                "its PMD must be in the image's list (kernel-config/pmds)"
            )
        self._number = number
        self.driver = driver_name(number)
        self._check(configure(number), "cannot be configured")
        counts = adjust(number, settings.rx_descriptors, settings.tx_descriptors)
        self._check(counts, "has no such rings")
        rx = counts >> 16
        tx = counts & 0xFFFF
        # So many that neither side can run dry: a full ring and the spare ones.
        node = memory_node()
        self._rx_pool = create_pool(b"rx", rx + SPARE, node)
        self._tx_pool = create_pool(b"tx", tx + SPARE, node)
        if not self._rx_pool or not self._tx_pool:
            raise PortError(
                f"{self.device}: no memory for {rx + tx + 2 * SPARE} packet buffers ({error_text(last_error())}); "
                "reserve more huge pages (vm.nr_hugepages) or set nic.rx_descriptors and nic.tx_descriptors lower"
            )
        self._check(set_up_rx(number, rx, node, self._rx_pool), f"takes no receive ring of {rx} frames")
        threshold = tx - 4 if self.driver in COLLECT_AT_ONCE else 0
        self._check(set_up_tx(number, tx, node, threshold), f"takes no send ring of {tx} frames")
        self._first = BURST
        self._fill(0)
        self._check(start(number), "does not start")
        self._open = True
        if settings.promiscuous:
            self._check(receive_all(number), "cannot receive frames for other stations")
        else:
            self._check(receive_multicast(number), "cannot receive all multicasts")
        self._check(wait_for_link(number) - 1, "has no link: is the cable plugged in?")

    def _check(self, result: int, what: str) -> None:
        """Raise PortError for a negative number."""
        if result < 0:
            raise PortError(f"{self.device} ({self.driver}) {what}: {error_text(result)}")

    def rx_burst(self) -> int:
        """Receive up to `BURST` frames; frames spread over several buffers are refused and counted as dropped."""
        if self._held != 0:
            self._release()
        count = receive_burst(self._number, self._rx, _BURST)
        if count == 0:
            if self._first != 0:
                self._tidy()
            return 0
        for i in range(count):
            self.frames[i] = octets(self._rx[i])
            self.lengths[i] = length_of(self._rx[i])
            if segments(self._rx[i]) != 1:
                count = self._refuse(i, count)
                break
        self._held = count
        return count

    def _release(self) -> int:
        """Give the frames of the last burst back."""
        for i in range(self._held):
            give_back(self._rx[i])
        self._held = 0
        return 0

    def _refuse(self, first: int, count: int) -> int:
        """Leave out frames of several buffers, the first of which is number `first`; returns how many are kept."""
        kept = first
        for i in range(first, count):
            mbuf = self._rx[i]
            if segments(mbuf) == 1:
                self._rx[kept] = mbuf
                self.frames[kept] = octets(mbuf)
                self.lengths[kept] = length_of(mbuf)
                kept += 1
            else:
                self._rx_refused += 1
                give_back_chain(mbuf)
        return kept

    def room(self) -> Room:
        """Return the buffer in which the next frame is built."""
        if self._next == _BURST:
            self._tidy()
        return octets(self._tx[self._next])

    def send(self, length: int) -> bool:
        """Queue the frame in `room`. There is always room for another: the last buffer of the store is sent at once."""
        set_length(self._tx[self._next], length)
        self._next += 1
        if self._next == _BURST:
            self._transmit()
            self._tidy()
        return True

    def launch(self, length: int) -> bool:
        """Queue the frame in `room` and ring the doorbell; nothing else is done. An empty store is filled by `room`."""
        set_length(self._tx[self._next], length)
        self._next += 1
        count = self._next - self._first
        sent = transmit_burst(self._number, self._tx, self._first, count)
        if sent != count:
            self._drop(self._first + sent)
        self._first = self._next
        return sent == count

    def flush(self) -> None:
        """Ring the doorbell if anything is queued."""
        if self._next != self._first:
            self._transmit()

    def _transmit(self) -> None:
        """Hand over what is queued; what the ring has no room for is dropped."""
        self._first += transmit_burst(self._number, self._tx, self._first, self._next - self._first)
        if self._first != self._next:
            self._drop(self._first)
        self._first = self._next

    def _drop(self, first: int) -> None:
        """The ring had no room from frame `first` on."""
        for i in range(first, self._next):
            self._tx_dropped += 1
            give_back(self._tx[i])

    def _tidy(self) -> int:
        """Collect what was sent, where the driver can do that by itself, and fill the store of buffers again."""
        if self._next != self._first:
            return 0  # frames that are built but not sent stay where they are
        if self._collects and collect_sent(self._number) < 0:
            self._collects = False
        if self._first == _BURST:
            return self._fill(0)
        # The next frame may be half built: its buffer stays the one it is.
        self._tx[0] = self._tx[self._first]
        return self._fill(1)

    def _fill(self, kept: int) -> int:
        """Take buffers for those of the frames that were sent, behind the `kept` ones."""
        for i in range(kept, self._first + kept):
            mbuf = take(self._tx_pool)
            if not mbuf:
                raise PortError(f"{self.device}: the send pool ran dry: more frames are under way than the ring holds")
            self._tx[i] = mbuf
        self._first = 0
        self._next = 0
        return 0

    def stats(self) -> PortStats:
        """Return the card's own counters; lost are those the card had no buffer for, and refused ones."""
        rx_frames, tx_frames, rx_bytes, tx_bytes, rx_lost, tx_lost = read_stats(self._number)
        refused = self._rx_refused
        return PortStats(
            rx_frames - refused, tx_frames, rx_bytes, tx_bytes, rx_lost + refused, tx_lost + self._tx_dropped
        )

    def close(self) -> None:
        """Stop the card, give it back to the driver it had, and end DPDK."""
        if not self._open:
            return
        self._open = False
        stop(self._number)
        free_pool(self._rx_pool)
        free_pool(self._tx_pool)
        finish()
        self._binding.release()
