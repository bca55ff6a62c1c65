"""Real traffic between two network namespaces through the switch; everything is made, and left, without a trace."""

import contextlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from ipaddress import IPv4Interface
from pathlib import Path

import pytest
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.l2 import Ether
from scapy.utils import PcapNgReader

from qemu.children import ROOT, python_environment
from qemu.namespaces import Namespace, NamespaceError

LEFT, RIGHT = IPv4Interface("10.99.0.1/24"), IPv4Interface("10.99.0.2/24")
NET = Path("/proc/thread-self/ns/net")
GROUP = "239.99.0.1"
BLOB = bytes(range(256)) * 2_000


@pytest.fixture(scope="module")
def captures(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Two namespaces on one switch; TCP, UDP and multicast go through; gives the folder of the captures."""
    folder = tmp_path_factory.mktemp("switch")
    with Namespace() as left, Namespace() as right:
        taps = [left.add_tap("tap0", LEFT), right.add_tap("tap0", RIGHT)]
        ports = [
            {"name": name, "segment": "trading", "tap_fd": tap, "capture": str(folder / f"{name}.pcapng")}
            for name, tap in zip(("left", "right"), taps, strict=True)
        ]
        config = folder / "switch.json"
        config.write_text(json.dumps({"ports": ports}))
        command = [sys.executable, "-m", "qemu.switch", str(config)]
        environment = python_environment()
        with subprocess.Popen(command, stdout=subprocess.PIPE, pass_fds=taps, env=environment) as process:
            for tap in taps:
                os.close(tap)
            assert process.stdout is not None
            process.stdout.readline()
            try:
                talk(left, right)
            finally:
                process.terminate()
                process.communicate()
    yield folder


def talk(left: Namespace, right: Namespace) -> None:
    """A TCP transfer, a datagram and its answer, a multicast datagram: all must arrive whole."""
    server = right.call(lambda: socket.create_server((str(RIGHT.ip), 0)))
    client = left.call(lambda: socket.create_connection(server.getsockname(), timeout=20))
    connection, _ = server.accept()
    connection.settimeout(20)
    with server, client, connection:
        received = bytearray()
        pending = memoryview(BLOB)
        while len(received) < len(BLOB):
            pending = pending[client.send(pending[:20_000]) :] if pending else pending
            received += connection.recv(1 << 16)
        assert received == BLOB

    def listener() -> socket.socket:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.settimeout(20)
        sock.bind(("", 26401))
        membership = socket.inet_aton(GROUP) + RIGHT.ip.packed
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
        return sock

    def sender() -> socket.socket:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.settimeout(20)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, LEFT.ip.packed)
        return sock

    with right.call(listener) as there, left.call(sender) as here:
        here.sendto(b"question", (str(RIGHT.ip), 26401))
        question, source = there.recvfrom(100)
        there.sendto(b"answer", source)
        assert (question, here.recv(100)) == (b"question", b"answer")
        assert heard(here, there) == b"tick"


def heard(here: socket.socket, there: socket.socket) -> bytes:
    """Send to the group until it is heard: the kernel takes its time to report the join."""
    there.settimeout(0.05)
    for _ in range(400):
        here.sendto(b"tick", (GROUP, 26401))
        with contextlib.suppress(TimeoutError):
            return there.recv(100)
    return b""


def test_every_frame_carries_full_checksums(captures: Path) -> None:
    checked = {"tcp": 0, "udp": 0}
    for name in ("left", "right"):
        with PcapNgReader(str(captures / f"{name}.pcapng")) as reader:
            for packet in reader:
                frame = Ether(bytes(packet))
                if IP not in frame or not (frame.haslayer(TCP) or frame.haslayer(UDP)):
                    continue
                layer = TCP if frame.haslayer(TCP) else UDP
                found = frame[IP].chksum, frame[layer].chksum
                del frame[IP].chksum, frame[layer].chksum
                whole = Ether(bytes(frame))
                # RFC 1071: 0 and 0xFFFF are the same number in one's complement; who sends which is free for TCP, while
                # 0 in UDP would mean that there is no checksum (RFC 768).
                assert [number % 0xFFFF for number in found] == [whole[part].chksum % 0xFFFF for part in (IP, layer)]
                assert layer is TCP or found[1] != 0
                checked[layer.__name__.lower()] += 1
    assert checked["tcp"] > 20
    assert checked["udp"] >= 6


def test_no_frame_is_larger_than_the_mtu(captures: Path) -> None:
    with PcapNgReader(str(captures / "left.pcapng")) as reader:
        assert max(len(packet) for packet in reader) <= 1514


def test_multicast_went_to_the_listener(captures: Path) -> None:
    with PcapNgReader(str(captures / "right.pcapng")) as reader:
        payloads = [bytes(packet[UDP].payload) for packet in reader if packet.haslayer(UDP)]
    assert b"tick" in payloads


def test_a_namespace_has_no_name_and_its_device_dies_with_it() -> None:
    def names() -> set[Path]:
        return {path for folder in ("/sys/class/net", "/run/netns") for path in Path(folder).glob("*")}

    before = names()
    with Namespace() as space:
        tap = space.add_tap("tap0", LEFT)
        assert names() == before
        interfaces = space.call(lambda: [name for _, name in socket.if_nameindex()])
        os.close(tap)
    assert interfaces == ["lo", "tap0"]
    assert names() == before


def test_the_caller_stays_where_it_was() -> None:
    before = NET.readlink()
    with Namespace() as space:
        inside = space.call(lambda: NET.readlink())
        assert inside != before
        assert NET.readlink() == before


def test_a_device_that_cannot_be_made_is_explained() -> None:
    with Namespace() as space:
        tap = space.add_tap("tap0", LEFT)
        with pytest.raises(NamespaceError, match="tap0"):
            space.add_tap("tap0", LEFT)
        os.close(tap)


def test_errors_inside_come_out() -> None:
    with Namespace() as space, pytest.raises(ZeroDivisionError):
        space.call(lambda: 1 // 0)


def test_a_user_namespace_makes_root_of_an_ordinary_process() -> None:
    program = """
from ipaddress import IPv4Interface
from qemu.namespaces import Namespace, enter_user_namespace, may_create
enter_user_namespace()
assert may_create()
with Namespace() as space:
    space.add_tap("tap0", IPv4Interface("10.99.0.1/24"))
    print("made")
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=python_environment(), capture_output=True, text=True
    )
    assert (done.stdout, done.returncode) == ("made\n", 0), done.stderr
