"""Messages that never reached the trader: which of the slice they were, and whether a planned gap was taken well."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from protocols import binaryfile, mold
from protocols.pcap_write import INBOUND, PcapngWriter
from qemu.evidence import Evidence
from qemu.losses import judge_drops, slice_missing
from qemu.plan import FEED_A, FEED_B
from qemu.scenario import SLICE
from qemu.sent_feed import SentFeed, read_sent, spans

OPENING = 10


def slice_messages() -> list[bytes]:
    with binaryfile.read(SLICE) as messages:
        return list(messages)


def sent() -> SentFeed:
    """Ten messages of the opening, the slice, ten that follow; five a packet, the same on both lines."""
    other = [bytes([ord("S"), 0, 0, 0, 0]) + bytes(6) + b"O"] * OPENING
    stream = [*other, *slice_messages(), *other]
    packets = [mold.Packet("1", n + 1, tuple(stream[n : n + 5])) for n in range(0, len(stream), 5)]
    return SentFeed({FEED_A: packets, FEED_B: packets})


@pytest.fixture
def evidence() -> Evidence:
    """The fourth packet (messages 16 to 20) is lost on both lines; the last order went out before."""
    return Evidence(
        stats={"feed": {"next": 1_021, "messages": 1_015, "lost": 5, "gaps": 1}},
        exchange={"feed": {"messages": 1_020}},
        gaps=[{"kind": "gap", "t": 100, "from": 16, "to": 20}],
        journal=[
            {"n": 1, "t": 100, "dir": "out", "hex": "4f00"},
            {"n": 2, "t": 101, "dir": "out", "hex": "5800"},
            {"n": 3, "t": 102, "dir": "in", "hex": "55"},
        ],
        slice=slice_messages(),
        sent=sent(),
    )


def test_a_planned_gap_that_is_taken_well(evidence: Evidence) -> None:
    assert judge_drops(evidence, (4,)) == []


def late(kind: str) -> Callable[[Evidence], Any]:
    return lambda evidence: evidence.journal.append({"n": 4, "t": 101, "dir": "out", "hex": kind})


@pytest.mark.parametrize(
    ("spoil", "text"),
    [
        (lambda e: e.gaps[0].update({"to": 19}), "carried messages 16 to 20, the trader reports 16 to 19"),
        (lambda e: e.gaps[0].update({"from": 15}), "the trader reports 15 to 20"),
        (lambda e: e.gaps.clear(), "the trader reports none as lost"),
        (lambda e: e.stats["feed"].update({"lost": 4}), "5 messages were dropped on both lines, the trader counted 4"),
        (lambda e: e.stats["feed"].update({"gaps": 2}), "the trader counted 2 gaps and reported 1"),
        (late("4f"), "journal record 4 is an order that was sent after the gap"),
        (late("55"), "journal record 4 is an order that was sent after the gap"),
        (lambda e: setattr(e, "sent", None), "no message was dropped"),
    ],
)
def test_anything_else_is_wrong(evidence: Evidence, spoil: Callable[[Evidence], Any], text: str) -> None:
    spoil(evidence)
    assert any(text in reason for reason in judge_drops(evidence, (4,)))


def test_a_packet_that_was_never_sent_is_named(evidence: Evidence) -> None:
    assert judge_drops(evidence, (9_999,)) == [
        "no message was dropped on both lines: the feed has no packet 9999, or its capture is missing"
    ]


def test_only_messages_of_the_slice_count_as_missing_from_it(evidence: Evidence) -> None:
    assert slice_missing(evidence) == 5
    evidence.gaps = [{"t": 1, "from": 1, "to": 5}]
    assert slice_missing(evidence) == 0
    evidence.gaps = [{"t": 1, "from": 9, "to": 12}]
    evidence.stats["feed"] |= {"lost": 4, "messages": 1_016}
    assert slice_missing(evidence) == 2


def test_a_trader_that_left_or_joined_in_the_middle_lacks_the_rest(evidence: Evidence) -> None:
    evidence.gaps = []
    evidence.stats["feed"] = {"next": 111, "messages": 110, "lost": 0}
    assert slice_missing(evidence) == 900
    evidence.stats["feed"] = {"next": 1_021, "messages": 910, "lost": 0}
    assert slice_missing(evidence) == 100


def test_without_the_capture_all_of_it_may_be_missing(evidence: Evidence) -> None:
    evidence.sent = None
    assert slice_missing(evidence) == 1_000


def test_the_sent_feed_is_read_from_a_capture(tmp_path: Path, udp: Callable[..., bytes]) -> None:
    path = tmp_path / "exchange.pcapng"
    with PcapngWriter(path, "exchange") as capture:
        for sequence in (1, 3):
            for group in (FEED_A, FEED_B):
                payload = mold.encode_packet("1", sequence, [b"ab", b"cd"])
                capture.write(INBOUND, udp(str(group.address), group.port, payload=payload), 1)
        heartbeat = mold.encode_heartbeat("1", 5)
        capture.write(INBOUND, udp(str(FEED_A.address), FEED_A.port, payload=heartbeat), 2)
        capture.write(INBOUND, udp("239.1.1.1", 5, payload=bytes(99)), 3)
    damaged: list[str] = []
    found = read_sent(path, damaged)
    assert found is not None
    assert damaged == []
    assert [packet.sequence for packet in found.lines[FEED_A]] == [1, 3]
    assert found.numbers(FEED_B, (2, 7)) == {3, 4}
    assert found.messages() == {1: b"ab", 2: b"cd", 3: b"ab", 4: b"cd"}
    path.write_bytes(path.read_bytes()[:-7])
    assert read_sent(path, damaged) is not None
    assert len(damaged) == 1
    assert read_sent(tmp_path / "none", damaged) is None


def test_spans() -> None:
    assert spans({5, 1, 2, 3}) == [(1, 3), (5, 5)]
    assert spans(set()) == []
