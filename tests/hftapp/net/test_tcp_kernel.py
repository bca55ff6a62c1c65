"""Our TCP against the Linux kernel's, in a network namespace of its own: through the data centre's switch, which loses,
duplicates, delays and swaps frames (over a TAP device, the stack on the memory port), and through a line that does so
on its own (over veth, the stack on the AF_PACKET port).

Run as a program (`python test_tcp_kernel.py orders|echo|veth|refused SEED COUNT`) this file is the inside of the
namespace. HFTOS_TCP_ORDERS sets how many orders are sent in the compiled run; the full proof is 1,000,000.
"""

import ctypes
import fcntl
import hashlib
import json
import os
import random
import select
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Interface
from typing import Any, Protocol

import pytest

from tests.hftapp.net.compiled import ROOT, SWITCH  # isort: skip  (before everything that it may serve)

from hftapp.clock import Clock
from hftapp.net.stack import Stack
from hftapp.net.tcp import TcpConnection
from hftapp.net.tcp_types import MILLISECOND, TcpConfig, TcpState
from hftapp.nic.af_packet import AfPacketPort
from hftapp.nic.memory import MemoryPort
from hftapp.nic.port import BURST, ROOM, Port
from hftapp.wire import NicWire
from qemu.switch.core import Delivery, PortPlan, Switch
from qemu.switch.faults import Direction, Fault, Kind
from tests.hftapp.net.order_source import SIZE, OrderSource, digest
from tests.hftapp.own_namespace import enter_namespace

MESSAGES = 5000
MESSAGE_SIZE = 1000
ORDERS = int(os.environ.get("HFTOS_TCP_ORDERS", "20000"))
LIMIT_S = 600
OUR_MAC = bytes.fromhex("525400200010")
KERNEL = "10.20.0.1"
LOSS, DUPLICATION, REORDERING = 0.05, 0.05, 0.25


@pytest.mark.parametrize(("kind", "seed"), [("echo", 1), ("echo", 2), ("veth", 3)])
def test_five_megabytes_both_ways_through_a_bad_line(kind: str, seed: int) -> None:
    result = run_in_namespace(kind, seed, MESSAGES)
    assert result["received"] == result["sent"], "every byte exactly once and in order"
    assert result["bytes"] == MESSAGES * MESSAGE_SIZE
    check_end(result)
    assert result["retransmitted"] > 50


def test_orders_through_the_switch_arrive_exactly_once_and_in_order() -> None:
    """Compiled: as many orders as HFTOS_TCP_ORDERS says, most built in their frames, each in a segment of its own."""
    result = run_in_namespace("orders", 4, ORDERS, compiled=True)
    assert result["received"] == digest(ORDERS), "every byte exactly once and in order"
    assert result["bytes"] == ORDERS * SIZE
    check_end(result)
    assert result["at_once"] > 0
    assert result["compiled"]


def check_end(result: dict[str, Any]) -> None:
    """The connection ended in order, and the line was as bad as it was meant to be."""
    assert result["state"] == TcpState.TIME_WAIT.value
    assert result["error"] is None
    assert result["kernel_error"] is None
    assert result["malformed"] == 0
    assert result["bad_checksum"] == 0
    for name, share in (("loss", LOSS), ("duplicate", DUPLICATION), ("reorder", REORDERING)):
        for direction in ("in", "out"):
            assert result["faults"][name][direction] == pytest.approx(share, rel=0.25)


def test_refused_by_a_port_without_a_listener() -> None:
    result = run_in_namespace("refused", 0, 0)
    assert result["error"] == f"connection refused by {KERNEL}:9"
    assert result["state"] == "closed"


def run_in_namespace(kind: str, seed: int, count: int, *, compiled: bool = False) -> dict[str, Any]:
    program = subprocess.run(
        [sys.executable, __file__, kind, str(seed), str(count)],
        env={**os.environ, "PYTHONPATH": str(ROOT), SWITCH: "1" if compiled else ""},
        capture_output=True,
        text=True,
        timeout=2 * LIMIT_S,
        check=False,
    )
    assert program.returncode == 0, f"the scenario failed:\n{program.stdout}{program.stderr}"
    answer: dict[str, Any] = json.loads(program.stdout)
    return answer


# Inside the namespace.


class Far(Protocol):
    """What is at the other end of our port: frames go in and come out when they are due."""

    def move(self, now: int) -> bool:
        """Carry frames both ways; say whether there were any."""

    def wait(self, now: int) -> None:
        """Sleep until there is something to carry, or a millisecond."""

    def faults(self) -> dict[str, dict[str, float]]:
        """Shares of frames that met each fault, by direction."""


class TapBehindSwitch:
    """The memory port, the switch, and the kernel's TCP/IP at a TAP device; all faults are at our port's cable."""

    def __init__(self, port: MemoryPort, seed: int) -> None:
        self.port = port
        self.fd = open_tap("tap0")
        self.start = time.monotonic_ns()
        kinds = ((Kind.LOSS, LOSS), (Kind.DUPLICATE, DUPLICATION), (Kind.REORDER, REORDERING), (Kind.DELAY, 1.0))
        self.switch = Switch(
            [PortPlan("trader", "exchange"), PortPlan("kernel", "exchange")],
            [
                Fault(
                    "trader", direction, kind, probability, delay_ns=50_000, jitter_ns=150_000, depth=2, hold_ns=500_000
                )
                for direction in Direction
                for kind, probability in kinds
            ],
            seed,
        )

    def move(self, now: int) -> bool:
        now -= self.start
        moved = False
        for frame in self.port.take_sent():
            self._deliver(self.switch.forward(0, frame, now))
            moved = True
        for _ in range(64):
            try:
                frame = os.read(self.fd, 65536)
            except BlockingIOError:
                break
            self._deliver(self.switch.forward(1, frame, now))
            moved = True
        return self._deliver(self.switch.tick(now)) or moved

    def wait(self, now: int) -> None:
        due = self.switch.next_deadline()
        left = 1_000_000 if due is None else due - (now - self.start)
        select.select([self.fd], [], [], min(max(left, 0), 1_000_000) / 1e9)

    def faults(self) -> dict[str, dict[str, float]]:
        found: dict[str, dict[str, float]] = {}
        rules: Any = self.switch.counters()["faults"]
        for rule in rules:
            share = rule["applied"] / max(rule["matched"], 1)
            found.setdefault(rule["kind"], {})[rule["direction"]] = share
        return found

    def _deliver(self, deliveries: list[Delivery]) -> bool:
        for port, frame in deliveries:
            if port == 0:
                self.port.deliver(frame)
            else:
                os.write(self.fd, frame)
        return bool(deliveries)


def open_tap(name: str) -> int:
    """The near end of a TAP device; the kernel's TCP/IP is at the far end."""
    from pyroute2 import IPRoute

    tun_set_interface, no_packet_info, tap = 0x400454CA, 0x1000, 0x0002
    try:
        fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    except OSError as error:
        sys.exit(f"cannot open /dev/net/tun: {error.strerror}; the test needs TAP devices")
    fcntl.ioctl(fd, tun_set_interface, struct.pack("16sH22x", name.encode(), tap | no_packet_info))
    with IPRoute() as route:
        address_kernel_side(route, route.link_lookup(ifname=name)[0])
    return fd


def make_veth() -> AfPacketPort:
    from pyroute2 import IPRoute

    with IPRoute() as route:
        route.link("add", ifname="far", kind="veth", peer={"ifname": "near", "address": OUR_MAC.hex(":")})
        # Segments longer than the MTU exist only inside one machine; a real card never delivers them.
        send_offload_off("far")
        address_kernel_side(route, route.link_lookup(ifname="far")[0])
    return AfPacketPort(OUR_MAC.hex(":"))


def send_offload_off(name: str) -> None:
    set_tso, set_gso = 0x1F, 0x24
    with socket.socket() as control:
        for command in (set_tso, set_gso):
            value = ctypes.create_string_buffer(struct.pack("II", command, 0))
            fcntl.ioctl(control, 0x8946, struct.pack("16sP16x", name.encode(), ctypes.addressof(value)))


def address_kernel_side(route: Any, index: int) -> None:
    route.addr("add", index=index, address=KERNEL, prefixlen=24)
    route.link("set", index=index, state="up")
    route.route("replace", dst="10.20.0.0/24", oif=index, prefsrc=KERNEL, scope=253, metrics={"rto_min": 5})


class BadLine:
    """Seeded loss, duplication and reordering of whole frames in one direction."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.total = self.lost = self.duplicated = self.swapped = 0
        self._held: list[bytes] = []

    def carry(self, frames: list[bytes]) -> list[bytes]:
        """Return what arrives now; a held frame follows the next one, or comes with the next call."""
        arrived: list[bytes] = []
        overtaken, self._held = self._held, []
        for frame in frames:
            self.total += 1
            chance = self.random.random()
            if chance < LOSS:
                self.lost += 1
                continue
            if chance < LOSS + DUPLICATION:
                self.duplicated += 1
                arrived.append(frame)
            if chance > 1 - REORDERING:
                self.swapped += 1
                self._held.append(frame)
                continue
            arrived.append(frame)
            arrived += overtaken
            overtaken = []
        return arrived + overtaken

    def shares(self) -> tuple[float, float, float]:
        """What part was lost, duplicated and swapped."""
        total = max(self.total, 1)
        return self.lost / total, self.duplicated / total, self.swapped / total


class BadPort(Port):
    """A port whose cable is a bad line in both directions."""

    def __init__(self, port: AfPacketPort, seed: int) -> None:
        super().__init__(port.mac)
        self.port = port
        self.lines = {"in": BadLine(seed), "out": BadLine(seed + 1000)}
        self.memory = bytearray(ROOM)
        self.arrived: list[bytes] = []
        self.waiting: list[bytes] = []
        self.queued: list[bytes] = []

    def rx_burst(self) -> int:
        count = self.port.rx_burst()
        frames = [bytes(self.port.frame(i)[: self.port.length(i)]) for i in range(count)]
        self.waiting += self.lines["in"].carry(frames)
        self.arrived, self.waiting = self.waiting[:BURST], self.waiting[BURST:]
        self.note(len(self.arrived))
        return len(self.arrived)

    def frame(self, i: int) -> bytes:
        return self.arrived[i]

    def length(self, i: int) -> int:
        return len(self.arrived[i])

    def room(self) -> bytearray:
        return self.memory

    def send(self, length: int) -> bool:
        self.queued.append(bytes(self.memory[:length]))
        return True

    def flush(self) -> None:
        for frame in self.lines["out"].carry(self.queued):
            self.port.room()[: len(frame)] = frame
            self.port.send(len(frame))
        self.queued.clear()
        self.port.flush()

    # Far:

    def move(self, _now: int) -> bool:
        self.flush()  # a held frame comes with the next call
        return False

    def wait(self, _now: int) -> None:
        select.select([self.port.fileno()], [], [], 0.001)

    def faults(self) -> dict[str, dict[str, float]]:
        found: dict[str, dict[str, float]] = {"loss": {}, "duplicate": {}, "reorder": {}}
        for direction, line in self.lines.items():
            for name, share in zip(found, line.shares(), strict=True):
                found[name][direction] = share
        return found


class Server(threading.Thread):
    """The kernel's end: takes what comes and answers each piece with it, or with its size, then closes."""

    def __init__(self, *, echo: bool) -> None:
        super().__init__(daemon=True)
        self.listener = socket.create_server((KERNEL, 24000))
        self.error: str | None = None
        self.digest = hashlib.sha256()
        self.bytes = 0
        self.echo = echo

    def run(self) -> None:
        try:
            connection, _ = self.listener.accept()
            with connection:
                while data := connection.recv(1 << 16):
                    self.digest.update(data)
                    self.bytes += len(data)
                    connection.sendall(data if self.echo else struct.pack("!I", len(data)))
        except OSError as error:
            self.error = str(error)


class Exchange:
    """Our end: `turn` sends and receives, and says whether to go on."""

    def __init__(self, connection: TcpConnection, count: int) -> None:
        self.connection = connection
        self.count = count
        self.sent = hashlib.sha256()
        self.received = hashlib.sha256()
        self.bytes = self.queued = 0
        self.at_once = 0

    def turn(self, now: int) -> bool:
        """Echo: five-megabyte messages out, the same bytes back."""
        connection = self.connection
        while self.queued < self.count and connection.unacknowledged < 1 << 18:
            message = struct.pack("!I", self.queued).rjust(MESSAGE_SIZE, b"m")
            self.sent.update(message)
            connection.send(message, now)
            self.queued += 1
        data = connection.read(now)
        self.received.update(data)
        self.bytes += len(data)
        if self.queued == self.count and self.bytes >= self.count * MESSAGE_SIZE:
            connection.close(now)
        return self.going()

    def going(self) -> bool:
        """Whether the connection is not over."""
        return self.connection.state not in (TcpState.CLOSED, TcpState.TIME_WAIT)


class Orders(Exchange):
    """Orders out, as fast as the line lets them; the sizes of the pieces that arrived come back."""

    def __init__(self, connection: TcpConnection, count: int) -> None:
        super().__init__(connection, count)
        self.source = OrderSource(count)
        self.answers = b""

    def turn(self, now: int) -> bool:
        connection = self.connection
        if connection.established and connection.unacknowledged < 1 << 14:
            self.source.pump(connection, now, 8)
        self.answers += connection.read(now)
        whole = len(self.answers) // 4 * 4
        self.bytes += sum(struct.unpack(f"!{whole // 4}I", self.answers[:whole]))
        self.answers = self.answers[whole:]
        self.at_once = self.source.at_once
        if self.bytes >= self.count * SIZE:
            connection.close(now)
        return self.going()


def exchange(kind: str, seed: int, count: int) -> dict[str, Any]:
    port: Port
    far: Far
    if kind == "veth":
        port = far = BadPort(make_veth(), seed)
    else:
        port = MemoryPort(OUR_MAC, capacity=8192)
        far = TapBehindSwitch(port, seed)
    server = Server(echo=kind != "orders")
    server.start()
    config = TcpConfig(rto_min=4 * MILLISECOND, rto_initial=20 * MILLISECOND, time_wait=3600 * 10**9)
    stack = Stack(port, IPv4Interface("10.20.0.10/24"), rng=random.Random(seed), tcp=config)
    clock = Clock()
    wire = NicWire(port, stack, (), clock)
    connection = stack.connect(IPv4Address(KERNEL), 24000, clock.now())
    ours = (Orders if kind == "orders" else Exchange)(connection, count)
    started = time.monotonic()
    loop(wire, far, clock, ours.turn)
    server.join(10)
    return {
        "sent": ours.sent.hexdigest(),
        "received": ours.received.hexdigest() if kind != "orders" else server.digest.hexdigest(),
        "bytes": ours.bytes if kind != "orders" else server.bytes,
        "state": connection.state.value,
        "error": connection.error,
        "kernel_error": server.error,
        "faults": far.faults(),
        "retransmitted": connection.retransmitted,
        "malformed": stack.counters.malformed,
        "bad_checksum": stack.counters.bad_checksum,
        "at_once": ours.at_once,
        "compiled": str(sys.modules["hftapp.net.stack"].__file__).endswith(".so"),
        "seconds": time.monotonic() - started,
        "tcp": connection.counters.as_dict(),
    }


def refused() -> dict[str, Any]:
    port = MemoryPort(OUR_MAC)
    far = TapBehindSwitch(port, 1)
    clock = Clock()
    stack = Stack(port, IPv4Interface("10.20.0.10/24"), rng=random.Random(1))
    connection = stack.connect(IPv4Address(KERNEL), 9, clock.now())
    loop(NicWire(port, stack, (), clock), far, clock, lambda now: connection.state is TcpState.SYN_SENT)
    return {"error": connection.error, "state": connection.state.value}


def loop(wire: NicWire, far: Far, clock: Clock, turn: Callable[[int], bool]) -> None:
    """Run the wire in real time until `turn` says no, asleep while there is nothing to do."""
    limit = time.monotonic() + LIMIT_S
    while turn(clock.now()):
        if time.monotonic() > limit:
            sys.exit(f"no end after {LIMIT_S} s: {wire.stats()}")
        wire.rx(clock.now())
        wire.tick(clock.now())
        if not far.move(time.monotonic_ns()):
            far.wait(time.monotonic_ns())


def main(kind: str, seed: int, count: int) -> None:
    enter_namespace()
    result = refused() if kind == "refused" else exchange(kind, seed, count)
    print(json.dumps(result))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
