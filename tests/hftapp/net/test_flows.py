"""Known flows: recognised at a glance, and judged exactly as an unknown sender's datagrams are."""

import random
from ipaddress import IPv4Address, IPv4Interface

from hypothesis import given, settings
from hypothesis import strategies as st
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Dot1Q, Ether

from hftapp.net.flows import FLOWS
from hftapp.net.stack import Stack
from hftapp.nic.memory import MemoryPort
from tests.hftapp.net.guarded import Guard

GROUP, PORT = IPv4Address("239.20.0.1"), 26401
GUARD = Guard()


def made(vlan: int = 0) -> Stack:
    port = MemoryPort(bytes.fromhex("525400200010"))
    stack = Stack(port, IPv4Interface("10.20.0.10/24"), rng=random.Random(3), vlan=vlan)
    stack.join(GROUP, PORT)
    return stack


def feed(payload: bytes, source: str = "10.20.0.1", vlan: int = 0, checksum: int | None = None) -> bytes:
    head = Ether(dst="01:00:5e:14:00:01", src="02:00:00:00:00:01")
    if vlan:
        head /= Dot1Q(vlan=vlan)
    udp = UDP(sport=5000, dport=PORT) if checksum is None else UDP(sport=5000, dport=PORT, chksum=checksum)
    return bytes(head / IP(src=source, dst=str(GROUP)) / udp / payload)


def judged(stack: Stack, frame: bytes) -> tuple[int, bytes, dict[str, int]]:
    """What a frame is found to be: line, payload, and what it changes in the counters."""
    before = stack.counters.as_dict()
    line = GUARD.feed(stack, frame, 0)
    payload = frame[stack.payload_at : stack.payload_at + stack.payload_length] if line >= 0 else b""
    return line, payload, {name: value - before[name] for name, value in stack.counters.as_dict().items()}


@settings(deadline=None)
@given(st.binary(max_size=200), st.sampled_from((0, 7)), st.sampled_from((None, 0)), st.data())
def test_a_known_sender_gets_the_same_judgement_as_an_unknown_one(
    payload: bytes, vlan: int, checksum: int | None, draw: st.DataObject
) -> None:
    """Whatever bytes are wrong, cut off or appended."""
    frame = bytearray(feed(payload, vlan=vlan, checksum=checksum))
    for _ in range(draw.draw(st.integers(0, 2))):
        place = draw.draw(st.integers(0, len(frame) - 1))
        frame[place] ^= draw.draw(st.integers(1, 255))
    size = draw.draw(st.integers(0, len(frame) + 20))
    bad = bytes(frame).ljust(size, b"\0")[: size if size > 14 else len(frame)]
    known, unknown = made(vlan), made(vlan)
    assert judged(known, feed(b"first", vlan=vlan))[0] == 0
    assert known.flows.count == 1
    assert judged(known, bad) == judged(unknown, bad)


def test_of_more_senders_than_fit_the_latest_are_known() -> None:
    stack = made()
    for number in range(FLOWS + 1):
        for _ in range(2):
            assert judged(stack, feed(b"x", f"10.20.0.{100 + number}"))[:2] == (0, b"x")
    assert stack.flows.count == FLOWS
    assert judged(stack, feed(b"y", "10.20.0.100"))[:2] == (0, b"y")


def test_whoever_leaves_knows_nobody() -> None:
    stack = made()
    judged(stack, feed(b"x"))
    stack.leave(GROUP, PORT)
    assert stack.flows.count == 0
    assert judged(stack, feed(b"x"))[0] == -1
    assert stack.counters.no_listener == 1
