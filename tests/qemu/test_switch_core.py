"""Learning, snooping, segments, and faults in the switch's core, without I/O."""

from collections.abc import Callable
from ipaddress import IPv4Address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qemu.switch.core import MAC_AGEING_NS, MAX_GROUPS, MAX_MACS, PortPlan, Switch
from qemu.switch.faults import Direction, Fault, Kind

Build = Callable[..., bytes]
A, B, C, OTHER = range(4)
PLANS = (PortPlan("a", "trading"), PortPlan("b", "trading"), PortPlan("c", "trading"), PortPlan("x", "management"))
GROUP = "239.20.0.1"
BROADCAST = b"\xff" * 6


@pytest.fixture
def switch() -> Switch:
    return Switch(PLANS)


def ports(deliveries: list[tuple[int, bytes]]) -> list[int]:
    return sorted(port for port, _ in deliveries)


def test_unknown_stations_are_flooded_and_known_ones_are_not(switch: Switch, ethernet: Build) -> None:
    assert ports(switch.forward(A, ethernet(2, 1), 0)) == [B, C]
    assert ports(switch.forward(B, ethernet(1, 2), 0)) == [A]
    assert ports(switch.forward(A, ethernet(2, 1), 0)) == [B]


def test_a_frame_arrives_as_it_was_sent(switch: Switch, ethernet: Build) -> None:
    frame = ethernet(2, 1, bytes(range(200)))
    assert switch.forward(A, frame, 0) == [(B, frame), (C, frame)]


def test_a_station_that_moves_is_found_at_its_new_port(switch: Switch, ethernet: Build) -> None:
    switch.forward(A, ethernet(9, 1), 0)
    switch.forward(C, ethernet(9, 1), 0)
    assert ports(switch.forward(B, ethernet(1, 2), 0)) == [C]


def test_a_frame_for_a_station_of_the_same_port_goes_nowhere(switch: Switch, ethernet: Build) -> None:
    switch.forward(A, ethernet(9, 1), 0)
    assert switch.forward(A, ethernet(1, 2), 0) == []
    assert switch.counters()["ports"]["a"]["filtered"] == 1  # type: ignore[index]


def test_stations_age(switch: Switch, ethernet: Build) -> None:
    switch.forward(A, ethernet(9, 1), 0)
    switch.forward(C, ethernet(9, 3), MAC_AGEING_NS)
    assert ports(switch.forward(B, ethernet(1, 2), MAC_AGEING_NS)) == [A]
    switch.forward(C, ethernet(9, 3), 2 * MAC_AGEING_NS)
    assert ports(switch.forward(B, ethernet(1, 2), 2 * MAC_AGEING_NS)) == [A, C]


def test_group_addresses_are_never_learned(switch: Switch, ethernet: Build) -> None:
    switch.forward(A, BROADCAST + b"\x01\x00\x5e\x00\x00\x01" + b"\x88\xb5", 0)
    assert ports(switch.forward(B, b"\x01\x00\x5e\x00\x00\x01" + ethernet(1, 2)[6:], 0)) == [A, C]


def test_segments_never_exchange_frames(switch: Switch, ethernet: Build) -> None:
    switch.forward(OTHER, ethernet(9, 7), 0)
    assert ports(switch.forward(A, ethernet(BROADCAST, 1), 0)) == [B, C]
    assert ports(switch.forward(A, ethernet(7, 1), 0)) == [B, C]
    assert switch.forward(OTHER, ethernet(BROADCAST, 7), 0) == []


def test_multicast_goes_to_listeners_only(switch: Switch, udp: Build, igmp: Build, v3_report: Build) -> None:
    assert switch.forward(A, udp(GROUP, 26401), 0) == []
    assert switch.forward(B, igmp(v3_report((4, GROUP, 0)), 2), 0) == []
    assert switch.members("trading", int(IPv4Address(GROUP))) == {"b"}
    assert ports(switch.forward(A, udp(GROUP, 26401), 0)) == [B]
    assert ports(switch.forward(B, udp(GROUP, 26401, source=2), 0)) == []
    switch.forward(B, igmp(v3_report((3, GROUP, 0)), 2), 0)
    assert switch.forward(A, udp(GROUP, 26401), 0) == []


def test_version_2_reports_and_leaves_count_too(switch: Switch, udp: Build, igmp: Build) -> None:
    group = IPv4Address(GROUP).packed
    switch.forward(C, igmp(b"\x16\0\0\0" + group, 3, GROUP), 0)
    assert ports(switch.forward(A, udp(GROUP, 26401), 0)) == [C]
    switch.forward(C, igmp(b"\x17\0\0\0" + group, 3, "224.0.0.2"), 0)
    assert switch.forward(A, udp(GROUP, 26401), 0) == []


def test_local_control_groups_are_flooded(switch: Switch, udp: Build) -> None:
    assert ports(switch.forward(A, udp("224.0.0.251", 5353), 0)) == [B, C]


def test_a_multicast_router_gets_reports_and_all_groups(
    switch: Switch, udp: Build, igmp: Build, v3_report: Build
) -> None:
    assert ports(switch.forward(C, igmp(b"\x11\x64\0\0\0\0\0\0\x02\x7d\0\0", 3, "224.0.0.1"), 0)) == [A, B]
    assert ports(switch.forward(B, igmp(v3_report((4, GROUP, 0)), 2), 0)) == [C]
    assert ports(switch.forward(A, udp(GROUP, 26401), 0)) == [B, C]


def test_link_local_control_frames_stay_on_their_link(switch: Switch, ethernet: Build) -> None:
    assert switch.forward(A, ethernet(bytes.fromhex("0180c2000001"), 1), 0) == []


def test_runts_and_giants_are_malformed(switch: Switch, ethernet: Build) -> None:
    assert switch.forward(A, b"short", 0) == []
    assert switch.forward(A, ethernet(2, 1, bytes(9_100)), 0) == []
    assert switch.counters()["ports"]["a"]["malformed"] == 2  # type: ignore[index]


def test_tables_are_bounded(switch: Switch, ethernet: Build, igmp: Build, v3_report: Build) -> None:
    for number in range(MAX_MACS + 10):
        switch.forward(A, BROADCAST + b"\x02" + number.to_bytes(5, "big") + b"\x88\xb5", 0)
    for start in range(0, MAX_GROUPS + 100, 100):
        records = [(4, str(IPv4Address(0xE8000000 + start + n)), 0) for n in range(100)]
        switch.forward(B, igmp(v3_report(*records), 2), 0)
    segment = switch._segments["trading"]
    assert len(segment.macs) == MAX_MACS
    assert len(segment.groups) == MAX_GROUPS


def test_a_delay_on_the_way_out_comes_due_in_virtual_time(ethernet: Build) -> None:
    switch = Switch(PLANS[:2], [Fault("b", Direction.OUT, Kind.DELAY, delay_ns=50_000)])
    frame = ethernet(2, 1)
    assert switch.forward(A, frame, 1_000) == []
    assert switch.next_deadline() == 51_000
    assert switch.tick(50_999) == []
    assert switch.tick(51_000) == [(B, frame)]
    assert switch.next_deadline() is None


def test_delays_in_and_out_add_up(ethernet: Build) -> None:
    faults = [
        Fault("a", Direction.IN, Kind.DELAY, delay_ns=100),
        Fault("b", Direction.OUT, Kind.DELAY, delay_ns=10),
    ]
    switch = Switch(PLANS[:2], faults)
    frame = ethernet(2, 1)
    assert switch.forward(A, frame, 0) == []
    assert switch.tick(109) == []
    assert switch.tick(110) == [(B, frame)]


def test_held_frames_come_out_of_tick_in_both_directions(ethernet: Build) -> None:
    for port, direction in (("a", Direction.IN), ("b", Direction.OUT)):
        switch = Switch(PLANS[:2], [Fault(port, direction, Kind.REORDER, hold_ns=10)])
        frame = ethernet(2, 1)
        assert switch.forward(A, frame, 0) == []
        assert switch.next_deadline() == 10
        assert switch.tick(10) == [(B, frame)]


def test_counters_count_both_directions_and_faults(ethernet: Build) -> None:
    switch = Switch(PLANS[:2], [Fault("b", Direction.OUT, Kind.DROP, drop=frozenset({1}))])
    frame = ethernet(2, 1)
    switch.forward(A, frame, 0)
    switch.forward(A, frame, 0)
    counters = switch.counters()
    assert counters["ports"] == {
        "a": {"rx_frames": 2, "rx_bytes": 28, "tx_frames": 0, "tx_bytes": 0, "malformed": 0, "filtered": 0},
        "b": {"rx_frames": 0, "rx_bytes": 0, "tx_frames": 1, "tx_bytes": 14, "malformed": 0, "filtered": 0},
    }
    assert counters["faults"] == [
        {"port": "b", "direction": "out", "kind": "drop", "matched": 2, "applied": 1, "indices": [1]}
    ]


def test_wrong_names_are_refused() -> None:
    with pytest.raises(ValueError, match="'z'"):
        Switch(PLANS, [Fault("z", Direction.IN, Kind.LOSS)])
    with pytest.raises(ValueError, match="not distinct"):
        Switch([PLANS[0], PLANS[0]])


FAULTS = [
    Fault("a", Direction.IN, Kind.LOSS, 0.2),
    Fault("a", Direction.IN, Kind.REORDER, 0.2, depth=2, hold_ns=30),
    Fault("b", Direction.OUT, Kind.DUPLICATE, 0.3),
    Fault("b", Direction.OUT, Kind.CORRUPT, 0.3),
    Fault("c", Direction.OUT, Kind.DELAY, delay_ns=20, jitter_ns=15),
]
HOSTILE = st.one_of(
    st.binary(max_size=80),
    st.builds(lambda tail: b"\x01\x00\x5e\x14\x00\x01" + bytes(6) + b"\x08\x00\x46" + tail, st.binary(max_size=60)),
)


@settings(max_examples=300)
@given(st.lists(st.tuples(st.integers(0, 3), HOSTILE), max_size=30), st.integers(0, 2**64 - 1))
def test_hostile_frames_never_raise_or_cross_and_runs_repeat(traffic: list[tuple[int, bytes]], seed: int) -> None:
    def play() -> list[tuple[int, bytes]]:
        switch = Switch(PLANS, FAULTS, seed)
        out = []
        for now, (port, frame) in enumerate(traffic):
            deliveries = switch.forward(port, frame, now * 10) + switch.tick(now * 10)
            assert port != OTHER or deliveries == [] or all(target != OTHER for target, _ in deliveries)
            out += deliveries
        assert all(target != OTHER for target, _ in out)
        return out + switch.tick(1 << 60)

    assert play() == play()
