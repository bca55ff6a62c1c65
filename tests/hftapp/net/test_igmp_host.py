import random

from scapy.layers.inet import IP

from hftapp.net import igmp
from hftapp.net.checksum import checksum, word_sum
from hftapp.net.counters import StackCounters
from hftapp.net.igmp_host import NEVER, OLD_QUERIER_TIMEOUT, SECOND, IgmpHost

MAC, ADDRESS = bytes.fromhex("525400200010"), 0x0A14000A
A, B = 0xEF140001, 0xEF140002

JOIN_FRAME = bytes.fromhex(
    "01005e000016 525400200010 0800"  # to 224.0.0.22's Ethernet address
    "46 c0 0028 0000 4000 01 02 f9db 0a14000a e0000016 94040000"  # TTL 1, internetwork control, Router Alert
    "2200 eae8 0000 0001 04 00 0000 ef140001"
)


def host() -> tuple[IgmpHost, StackCounters]:
    counters = StackCounters()
    return IgmpHost(MAC, ADDRESS, random.Random(7), counters), counters


def settled(*groups: int) -> tuple[IgmpHost, StackCounters]:
    """A member whose joins have been repeated."""
    member, counters = host()
    for group in groups:
        member.join(group)
    while member.deadline != NEVER:
        member.tick(max(member.deadline, 1))
    member.out.clear()
    return member, counters


def query(group: int = 0, code: int = 100, sources: tuple[int, ...] = (), robustness: int = 2) -> bytes:
    raw = bytes([0x11, code, 0, 0]) + group.to_bytes(4, "big") + bytes([robustness, 125])
    raw += len(sources).to_bytes(2, "big") + b"".join(source.to_bytes(4, "big") for source in sources)
    return raw[:2] + checksum(word_sum(raw)).to_bytes(2, "big") + raw[4:]


def records(frame: bytes) -> list[tuple[int, int, int]]:
    """Return (kind, group, number of sources) of a report of records without many sources."""
    found, place = [], 46
    for _ in range(int.from_bytes(frame[44:46], "big")):
        count = int.from_bytes(frame[place + 2 : place + 4], "big")
        found.append((frame[place], int.from_bytes(frame[place + 4 : place + 8], "big"), count))
        place += 8 + 4 * count
    return found


def test_join_golden_bytes() -> None:
    member, _ = host()
    member.join(A)
    assert member.out == [JOIN_FRAME]
    packet = IP(JOIN_FRAME[14:])
    assert (packet.ttl, packet.dst, packet.options[0].copy_flag, packet.options[0].option) == (1, "224.0.0.22", 1, 20)
    again = packet.copy()
    del again.chksum
    assert bytes(again) == JOIN_FRAME[14:]


def test_join_is_repeated_within_a_second() -> None:
    """RFC 3376 §5.1 with the default robustness of 2."""
    member, _ = host()
    member.join(A)
    member.join(A)
    assert member.deadline == 0
    member.tick(100)
    assert 100 <= member.deadline < 100 + SECOND
    member.tick(member.deadline)
    assert member.out == [JOIN_FRAME, JOIN_FRAME]
    assert member.deadline == NEVER


def test_leave_reports_and_forgets() -> None:
    member, _ = settled(A, B)
    member.leave(A)
    member.leave(A)
    assert [records(frame) for frame in member.out] == [[(igmp.CHANGE_TO_INCLUDE, A, 0)]]
    member.out.clear()
    member.on_message(query(A), 0)
    while member.deadline != NEVER:
        member.tick(max(member.deadline, 1))
    assert [records(frame) for frame in member.out] == [[(igmp.CHANGE_TO_INCLUDE, A, 0)]]


def test_general_query_is_answered_with_all_groups_within_the_limit() -> None:
    """RFC 3376 §5.2."""
    member, _ = settled(A, B)
    member.on_message(query(), 1000)
    assert 1000 <= member.deadline <= 1000 + 10 * SECOND
    member.tick(member.deadline)
    assert [records(frame) for frame in member.out] == [[(igmp.MODE_IS_EXCLUDE, A, 0), (igmp.MODE_IS_EXCLUDE, B, 0)]]


def test_group_query_is_answered_with_that_group() -> None:
    member, _ = settled(A, B)
    member.on_message(query(B, 1), 0)
    member.tick(member.deadline)
    assert [records(frame) for frame in member.out] == [[(igmp.MODE_IS_EXCLUDE, B, 0)]]


def test_source_query_is_answered_with_the_sources_and_widened_by_a_plain_one() -> None:
    member, _ = settled(A)
    member.on_message(query(A, 1, (1, 2)), 0)
    member.on_message(query(A, 1, (2, 3)), 0)
    member.tick(SECOND)
    assert records(member.out[0]) == [(igmp.MODE_IS_INCLUDE, A, 3)]
    member.on_message(query(A, 1, (1, 2)), 0)
    member.on_message(query(A, 1), 0)
    member.tick(SECOND)
    assert records(member.out[1]) == [(igmp.MODE_IS_EXCLUDE, A, 0)]


def test_query_for_another_group_is_ignored() -> None:
    member, counters = settled(A)
    member.on_message(query(B), 0)
    assert member.deadline == NEVER
    assert counters.igmp_ignored == 1


def test_querier_sets_the_robustness() -> None:
    member, _ = settled(A)
    member.on_message(query(robustness=3), 0)
    member.tick(member.deadline)
    member.out.clear()
    member.join(B)
    while member.deadline != NEVER:
        member.tick(max(member.deadline, 1))
    assert len(member.out) == 3


def test_old_querier_hears_version_2_until_it_is_silent() -> None:
    """RFC 3376 §7.2.1."""
    member, _ = settled(A)
    old = igmp.encode_v2(igmp.QUERY, 0)
    member.on_message(old, 0)
    member.tick(member.deadline)
    report = member.out.pop()
    assert report[:6] == bytes.fromhex("01005e140001")
    assert report[38:] == igmp.encode_v2(igmp.REPORT_V2, A)
    member.leave(A)
    assert member.out.pop()[38:] == igmp.encode_v2(igmp.LEAVE_V2, A)
    member.tick(OLD_QUERIER_TIMEOUT)
    member.join(A)
    assert member.out.pop() == JOIN_FRAME


def test_many_groups_fit_frames() -> None:
    member, _ = settled(*range(0xEF000001, 0xEF000001 + 400))
    member.on_message(query(), 0)
    member.tick(member.deadline)
    assert all(len(frame) <= 1514 for frame in member.out)
    assert sum(len(records(frame)) for frame in member.out) == 400


def test_bad_messages_are_counted() -> None:
    member, counters = settled(A)
    member.on_message(query()[:7], 0)
    member.on_message(query()[:-1] + b"\x09", 0)
    member.on_message(igmp.encode_report([]), 0)
    short = query()[:10]
    member.on_message(short[:2] + checksum(word_sum(short[:2] + b"\0\0" + short[4:])).to_bytes(2, "big") + short[4:], 0)
    assert (counters.malformed_igmp, counters.bad_checksum_igmp, counters.igmp_ignored) == (2, 1, 1)
    assert member.deadline == NEVER
