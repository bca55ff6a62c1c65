"""What the switch reads in frames, and that hostile ones only give None."""

from collections.abc import Callable
from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qemu.switch.frames import (
    Membership,
    UdpDestination,
    igmp_message,
    internet_checksum,
    ipv4_destination,
    udp_destination,
)

Build = Callable[..., bytes]
GROUP = "239.20.0.1"
NUMBER = int(IPv4Address(GROUP))


def test_udp_destination_is_found_also_behind_a_vlan_tag(udp: Build) -> None:
    frame = udp(GROUP, 26401, payload=bytes(30))
    tagged = frame[:12] + b"\x81\x00\x00\x05" + frame[12:]
    assert udp_destination(frame) == udp_destination(tagged) == UdpDestination(NUMBER, 26401, 30)


def test_later_fragments_have_no_udp_destination(udp: Build) -> None:
    frame = bytearray(udp(GROUP, 26401))
    frame[20:22] = b"\x00\x10"
    assert udp_destination(bytes(frame)) is None
    assert ipv4_destination(bytes(frame)) == NUMBER


@pytest.mark.parametrize("length", range(42))
def test_a_truncated_frame_has_no_udp_destination(udp: Build, length: int) -> None:
    assert udp_destination(udp(GROUP, 26401)[:length]) is None


@pytest.mark.parametrize(
    ("kind", "change"), [(0x12, Membership.JOIN), (0x16, Membership.JOIN), (0x17, Membership.LEAVE)]
)
def test_reports_of_versions_1_and_2(igmp: Build, kind: int, change: Membership) -> None:
    message = igmp_message(igmp(bytes([kind, 0, 0, 0]) + IPv4Address(GROUP).packed, 1))
    assert message is not None
    assert message.changes == ((NUMBER, change),)


@pytest.mark.parametrize(
    ("record", "change"),
    [
        ((1, GROUP, 0), Membership.LEAVE),
        ((1, GROUP, 2), Membership.JOIN),
        ((2, GROUP, 0), Membership.JOIN),
        ((3, GROUP, 0), Membership.LEAVE),
        ((4, GROUP, 1), Membership.JOIN),
        ((5, GROUP, 1), Membership.JOIN),
        ((6, GROUP, 1), None),
    ],
)
def test_records_of_version_3_reports(
    igmp: Build, v3_report: Build, record: tuple[int, str, int], change: Membership | None
) -> None:
    message = igmp_message(igmp(v3_report(record, (4, "239.9.9.9", 0)), 1))
    assert message is not None
    expected = [(NUMBER, change)] if change else []
    assert message.changes == (*expected, (int(IPv4Address("239.9.9.9")), Membership.JOIN))


def test_a_broken_checksum_is_no_igmp_message(igmp: Build, v3_report: Build) -> None:
    frame = bytearray(igmp(v3_report((4, GROUP, 0)), 1))
    frame[-1] ^= 1
    assert igmp_message(bytes(frame)) is None


def test_the_checksum_is_that_of_rfc_1071() -> None:
    assert internet_checksum(bytes.fromhex("0001f203f4f5f6f7")) == 0x220D
    assert internet_checksum(bytes.fromhex("0001f203f4f5f6f7220d")) == 0


@given(st.binary(max_size=120))
def test_hostile_bytes_never_raise(data: bytes) -> None:
    for frame in (data, bytes(12) + b"\x08\x00" + data, bytes(12) + b"\x08\x00\x46" + data):
        target, igmp, address = udp_destination(frame), igmp_message(frame), ipv4_destination(frame)
        if target is not None or igmp is not None:
            assert address is not None  # both are carried in IPv4
        assert target is None or igmp is None  # a packet has one protocol
