"""Our TCP against the Linux kernel's, in a network namespace of its own, through a line that loses, swaps and
duplicates frames: over a TAP device (the stack alone) and over veth (the stack on the AF_PACKET port).

Run as a program (`python test_tcp_kernel.py tap|veth SEED`) this file is the inside of the namespace.
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
from pathlib import Path
from typing import Any

import pytest

from hftapp.net.stack import Stack
from hftapp.net.tcp_types import MILLISECOND, TcpConfig, TcpState
from hftapp.nic.af_packet import AfPacketPort
from tests.hftapp.own_namespace import enter_namespace

ROOT = Path(__file__).resolve().parents[3]
MESSAGES = 5000
MESSAGE_SIZE = 1000
LIMIT_S = 60
OUR_MAC = bytes.fromhex("525400200010")
KERNEL = "10.20.0.1"


@pytest.mark.parametrize(("kind", "seed"), [("tap", 1), ("tap", 2), ("veth", 3)])
def test_five_megabytes_both_ways_through_a_bad_line(kind: str, seed: int) -> None:
    result = run_in_namespace(kind, str(seed))
    assert result["echoed"] == result["sent"], "every byte exactly once and in order"
    assert result["bytes"] == MESSAGES * MESSAGE_SIZE
    assert result["state"] == TcpState.TIME_WAIT.value
    assert result["error"] is None
    assert result["kernel_error"] is None
    assert result["lost"] > 100
    assert result["duplicated"] > 100
    assert result["swapped"] > 500
    assert result["retransmitted"] > 50
    assert result["malformed"] == 0
    assert result["bad_checksum"] == 0


def test_refused_by_a_port_without_a_listener() -> None:
    result = run_in_namespace("refused", "0")
    assert result["error"] == f"connection refused by {KERNEL}:9"
    assert result["state"] == "closed"


def run_in_namespace(*arguments: str) -> dict[str, Any]:
    program = subprocess.run(
        [sys.executable, __file__, *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=2 * LIMIT_S,
        check=False,
    )
    assert program.returncode == 0, f"the scenario failed:\n{program.stdout}{program.stderr}"
    answer: dict[str, Any] = json.loads(program.stdout)
    return answer


# Inside the namespace.


class TapPort:
    """The near end of a TAP device; the kernel's TCP/IP is at the far end."""

    def __init__(self, name: str) -> None:
        tun_set_interface, no_packet_info, tap = 0x400454CA, 0x1000, 0x0002
        try:
            self.fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        except OSError as error:
            sys.exit(f"cannot open /dev/net/tun: {error.strerror}; the test needs TAP devices")
        fcntl.ioctl(self.fd, tun_set_interface, struct.pack("16sH22x", name.encode(), tap | no_packet_info))

    def fileno(self) -> int:
        return self.fd

    def rx_burst(self) -> list[bytes]:
        frames: list[bytes] = []
        while len(frames) < 32:
            try:
                frames.append(os.read(self.fd, 65536))
            except BlockingIOError:
                break
        return frames

    def tx_burst(self, frames: list[bytes]) -> int:
        for frame in frames:
            os.write(self.fd, frame)
        return len(frames)


def make_tap() -> TapPort:
    from pyroute2 import IPRoute

    port = TapPort("tap0")
    with IPRoute() as route:
        address_kernel_side(route, route.link_lookup(ifname="tap0")[0])
    return port


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
        self.lost = self.duplicated = self.swapped = 0
        self._held: list[bytes] = []

    def carry(self, frames: list[bytes]) -> list[bytes]:
        """Return what arrives now; a held frame follows the next one, or comes with the next call."""
        arrived: list[bytes] = []
        overtaken, self._held = self._held, []
        for frame in frames:
            chance = self.random.random()
            if chance < 0.05:
                self.lost += 1
                continue
            if chance < 0.10:
                self.duplicated += 1
                arrived.append(frame)
            if chance > 0.75:
                self.swapped += 1
                self._held.append(frame)
                continue
            arrived.append(frame)
            arrived += overtaken
            overtaken = []
        return arrived + overtaken


class EchoServer(threading.Thread):
    """The kernel's end: sends back what it receives, then closes."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.listener = socket.create_server((KERNEL, 24000))
        self.error: str | None = None

    def run(self) -> None:
        try:
            connection, _ = self.listener.accept()
            with connection:
                while data := connection.recv(1 << 16):
                    connection.sendall(data)
        except OSError as error:
            self.error = str(error)


def exchange(port: Any, seed: int) -> dict[str, Any]:
    server = EchoServer()
    server.start()
    config = TcpConfig(rto_min=4 * MILLISECOND, rto_initial=20 * MILLISECOND, time_wait=3600 * 10**9)
    stack = Stack(OUR_MAC, IPv4Interface("10.20.0.10/24"), rng=random.Random(seed), tcp=config)
    connection = stack.connect(IPv4Address(KERNEL), 24000, time.monotonic_ns())
    to_kernel, from_kernel = BadLine(seed), BadLine(seed + 1000)
    sent, echoed = hashlib.sha256(), hashlib.sha256()
    queued = received = 0

    def turn() -> bool:
        nonlocal queued, received
        now = time.monotonic_ns()
        while queued < MESSAGES and connection.unacknowledged < 1 << 18:
            message = struct.pack("!I", queued).rjust(MESSAGE_SIZE, b"m")
            sent.update(message)
            connection.send(message, now)
            queued += 1
        data = connection.receive()
        echoed.update(data)
        received += len(data)
        if queued == MESSAGES and received >= MESSAGES * MESSAGE_SIZE:
            connection.close(now)
        return connection.state not in (TcpState.CLOSED, TcpState.TIME_WAIT)

    loop(stack, port, turn, to_kernel, from_kernel)
    server.join(10)
    return {
        "sent": sent.hexdigest(),
        "echoed": echoed.hexdigest(),
        "bytes": received,
        "state": connection.state.value,
        "error": connection.error,
        "kernel_error": server.error,
        "lost": to_kernel.lost + from_kernel.lost,
        "duplicated": to_kernel.duplicated + from_kernel.duplicated,
        "swapped": to_kernel.swapped + from_kernel.swapped,
        "retransmitted": connection.retransmitted,
        "malformed": stack.counters.malformed,
        "bad_checksum": stack.counters.bad_checksum,
        "tcp": str(connection.counters),
    }


def refused(port: Any) -> dict[str, Any]:
    stack = Stack(OUR_MAC, IPv4Interface("10.20.0.10/24"), rng=random.Random(1))
    connection = stack.connect(IPv4Address(KERNEL), 9, time.monotonic_ns())
    loop(stack, port, lambda: connection.state is TcpState.SYN_SENT)
    return {"error": connection.error, "state": connection.state.value}


def loop(
    stack: Stack, port: Any, turn: Callable[[], bool], outward: BadLine | None = None, inward: BadLine | None = None
) -> None:
    """Run the stack in real time until `turn` says no, asleep while there is nothing to do."""
    limit = time.monotonic() + LIMIT_S
    while turn():
        if time.monotonic() > limit:
            sys.exit(f"no end after {LIMIT_S} s: {stack.counters}")
        frames = list(port.rx_burst())
        for frame in inward.carry(frames) if inward else frames:
            stack.on_frame(frame, time.monotonic_ns())
        stack.tick(time.monotonic_ns())
        out = stack.take_frames()
        port.tx_burst(outward.carry(out) if outward else out)
        if not frames and not out:
            select.select([port], [], [], 0.001)


def main(kind: str, seed: int) -> None:
    enter_namespace()
    port = make_veth() if kind == "veth" else make_tap()
    result = refused(port) if kind == "refused" else exchange(port, seed)
    print(json.dumps(result))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
