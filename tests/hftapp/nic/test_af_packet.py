"""The AF_PACKET port on a veth pair in a network namespace of its own.

Run as a program (`python test_af_packet.py SCENARIO`) this file is the inside of the namespace: each scenario
checks with assertions, and its failure is the test's.
"""

import os
import select
import socket
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from pyroute2 import IPRoute

from hftapp.nic.af_packet import AfPacketPort
from hftapp.nic.card import Card, find_card
from hftapp.nic.interface import find, interfaces
from hftapp.nic.port import BURST, PortError
from hftapp.nic.send_queue import FRAMES
from tests.hftapp.nic.frames import burst, transmit
from tests.hftapp.own_namespace import enter_namespace

ROOT = Path(__file__).resolve().parents[3]
NEAR, FAR = bytes.fromhex("525400200010"), bytes.fromhex("520000000001")
EXPERIMENT = b"\x88\xb5"
SCENARIOS = (
    "frames",
    "interfaces_are_listed",
    "more_than_a_burst",
    "ring_wraps",
    "overflow_is_counted",
    "checksum_left_to_hardware",
    "vlan_tag_is_put_back",
    "own_and_foreign_addresses",
    "slots_are_read_in_place",
    "full_queue",
    "link_down",
    "too_long",
    "wrong_ring_size",
)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_in_a_namespace(scenario: str) -> None:
    program = subprocess.run(
        [sys.executable, "-W", "error", __file__, scenario],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert program.returncode == 0, f"{scenario} failed:\n{program.stdout}{program.stderr}"


def prepare() -> None:
    """A namespace with a veth pair: `far`, and `near` for the peer."""
    enter_namespace()
    with IPRoute() as route:
        peer = {"ifname": "near", "address": NEAR.hex(":")}
        route.link("add", ifname="far", kind="veth", address=FAR.hex(":"), peer=peer)
        route.link("set", index=route.link_lookup(ifname="far")[0], state="up")


def receive(port: AfPacketPort, count: int) -> list[bytes]:
    """Return `count` frames of the experiments' type, waiting for them at most five seconds."""
    frames: list[bytes] = []
    while len(frames) < count and select.select([port], [], [], 5)[0]:
        frames += [frame for frame in burst(port) if is_experiment(frame)]
    assert len(frames) == count
    return frames


def is_experiment(frame: bytes) -> bool:
    return frame[12:14] == EXPERIMENT or frame[16:18] == EXPERIMENT


def experiment(number: int, destination: bytes = NEAR) -> bytes:
    return destination + FAR + EXPERIMENT + number.to_bytes(4, "big") + bytes(42)


def frames() -> None:
    near, far = AfPacketPort("near"), AfPacketPort(FAR.hex(":"))
    assert (near.mac, near.name, far.mac, far.name) == (NEAR, "near", FAR, "far")
    assert transmit(far, [experiment(1), experiment(2)]) == 2
    assert receive(near, 2) == [experiment(1), experiment(2)]
    assert [frame for frame in burst(far) if is_experiment(frame)] == [], "a port does not hear itself"
    assert [frame for frame in burst(near) if is_experiment(frame)] == []
    assert far.stats().tx_frames == 2
    assert far.stats().tx_bytes == 120
    assert near.stats().rx_frames >= 2
    near.close()
    near.close()
    assert near.stats().rx_dropped == 0
    assert near.rx_burst() == 0
    assert transmit(near, [experiment(3)]) == 0, "nothing is sent through a descriptor that may be another file's"


def interfaces_are_listed() -> None:
    assert {"near", "far"} <= {interface.name for interface in interfaces()}
    assert "lo" not in {interface.name for interface in interfaces()}
    assert find("52-54-00-20-00-10").name == "near"
    assert find_card(mac=NEAR.hex(":")) == Card("", "", "veth", NEAR, "near", "down")
    AfPacketPort("near").close()
    assert find_card(interface="near").link == "up"
    try:
        AfPacketPort("eth9")
    except PortError as error:
        assert "no Ethernet interface 'eth9'; there are: far (52:00:00:00:00:01), near" in str(error), error
    else:
        raise AssertionError("eth9 was opened")


def more_than_a_burst() -> None:
    near, far = AfPacketPort("near"), AfPacketPort("far")
    transmit(far, [experiment(number) for number in range(BURST + 5)])
    select.select([near], [], [], 5)
    assert near.rx_burst() <= BURST


def ring_wraps() -> None:
    near, far = AfPacketPort("near", ring_bytes=1 << 17), AfPacketPort("far")
    for start in range(0, 1000, 20):
        sent = [experiment(number) for number in range(start, start + 20)]
        transmit(far, sent)
        assert receive(near, 20) == sent


def overflow_is_counted() -> None:
    near, far = AfPacketPort("near", ring_bytes=1 << 16), AfPacketPort("far")
    for start in (0, 50):
        transmit(far, [experiment(number) for number in range(start, start + 50)])
    select.select([near], [], [], 5)
    received = 0
    while count := near.rx_burst():
        received += count
    assert received + near.stats().rx_dropped >= 100
    assert near.stats().rx_dropped >= 100 - 32
    assert near.stats().rx_dropped == near.stats().rx_dropped, "clearing the kernel's count loses nothing"


def checksum_left_to_hardware() -> None:
    with IPRoute() as route:
        index = route.link_lookup(ifname="far")[0]
        route.addr("add", index=index, address="10.20.0.1", prefixlen=24)
        route.neigh("add", dst="10.20.0.10", lladdr=NEAR.hex(":"), ifindex=index, state=128)
    near = AfPacketPort("near")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"odd", ("10.20.0.10", 5))
    while select.select([near], [], [], 5)[0]:
        for frame in burst(near):
            if frame[12:14] == b"\x08\x00" and frame[23] == 17:
                total = struct.unpack("!11H", frame[26:45] + b"\0" + struct.pack("!H", 17 + 11))
                assert sum(total) % 0xFFFF == 0
                return
    raise AssertionError("no datagram came")


def vlan_tag_is_put_back() -> None:
    near, far = AfPacketPort("near"), AfPacketPort("far")
    tagged = NEAR + FAR + b"\x81\x00\x60\x07" + EXPERIMENT + bytes(46)
    transmit(far, [tagged])
    assert receive(near, 1) == [tagged]


def own_and_foreign_addresses() -> None:
    near, far = AfPacketPort("near"), AfPacketPort("far")
    group, foreign = bytes.fromhex("01005e140001"), bytes.fromhex("520000000077")
    sent = [experiment(1), experiment(2, group), experiment(3, b"\xff" * 6)]
    transmit(far, sent)
    assert receive(near, 3) == sent
    near.close()
    watcher = AfPacketPort("near", promiscuous=True)
    transmit(far, [experiment(4, foreign)])
    assert receive(watcher, 1) == [experiment(4, foreign)]


def slots_are_read_in_place() -> None:
    near, far = AfPacketPort("near", ring_bytes=1 << 16), AfPacketPort("far")
    transmit(far, [experiment(number) for number in range(60)])
    select.select([near], [], [], 5)
    assert near.rx_burst() == 31, "all slots but one"
    first = bytes(near.frame(30)[: near.length(30)])
    transmit(far, [experiment(number) for number in range(60, 64)])
    assert bytes(near.frame(30)[: near.length(30)]) == first, "a slot is the kernel's only after the next burst"


def full_queue() -> None:
    near, far = AfPacketPort("near"), AfPacketPort("far")
    assert transmit(far, [experiment(number) for number in range(FRAMES + 2)]) == FRAMES
    assert far.stats().tx_dropped == 2
    assert receive(near, FRAMES) == [experiment(number) for number in range(FRAMES)]


def link_down() -> None:
    near = AfPacketPort("near")
    with IPRoute() as route:
        index = route.link_lookup(ifname="near")[0]
        route.link("set", index=index, state="down")
        transmit(near, [experiment(1), experiment(2)])
        assert near.stats().tx_dropped == 2
        assert near.stats().tx_frames == 0
        assert [frame for frame in burst(near) if is_experiment(frame)] == []
        route.link("set", index=index, state="up")
    transmit(near, [experiment(1)])  # the first may still report the lost link
    before = near.stats()
    transmit(near, [experiment(1)])
    assert near.stats().tx_frames == before.tx_frames + 1
    assert near.stats().tx_dropped == before.tx_dropped


def too_long() -> None:
    near = AfPacketPort("near")
    try:
        transmit(near, [bytes(1536)])
    except PortError as error:
        assert "near refused a frame of 1536 bytes (MTU 1500)" in str(error), error
    else:
        raise AssertionError("a frame beyond the MTU was sent")


def wrong_ring_size() -> None:
    try:
        AfPacketPort("near", ring_bytes=10_000)
    except PortError as error:
        assert "cannot receive from near: a ring of 8192 bytes is no multiple of its blocks" in str(error), error
    else:
        raise AssertionError("a ring of 10,000 bytes was made")


if __name__ == "__main__":
    prepare()
    globals()[sys.argv[1]]()
