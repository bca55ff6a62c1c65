"""The management stream: what each message looks like on the wire, and that nothing hostile gets through."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.errors import EnumError, LengthError, ProtocolError, RangeError, TruncatedError, UnknownTypeError
from protocols.management import (
    BUCKET,
    CONTROL,
    DECISION,
    FRAME,
    FRAME_LIMIT,
    JOURNAL,
    LEVEL,
    LIVE,
    MESSAGES,
    Ack,
    Command,
    Counters,
    Decision,
    Frame,
    Frames,
    JournalRecord,
    Latency,
    State,
    TopOfBook,
    decode,
    frame,
)

PASSED = Decision(
    code=0,
    strategy=1,
    cause="T",
    venue=2,
    feed_venue=0,
    side="S",
    symbol="AAPL",
    reference=7,
    replaces=6,
    shares=100,
    price=150_0100,
    sequence=0x0102030405060708,
    value=-1,
    limit=5,
    burst=1,
    parsed=2,
    booked=3,
    decided=4,
    passed=5,
    rung=6,
)


def test_a_decision_in_bytes() -> None:
    assert PASSED.encode().hex(" ", 4) == bytes.fromhex(
        "44 0000 01 54 02 00 53 4141504c20202020 00000007 00000006 00000064 000000000016e3c4 0102030405060708"
        "ffffffffffffffff 0000000000000005 0000000000000001 00000002 00000003 00000004 00000005 00000006"
    ).hex(" ", 4)
    assert Decision.SIZE == 88
    assert decode(PASSED.encode()) == PASSED


def test_frames_in_bytes() -> None:
    assert Frame(LIVE, 3, 5, State(body=b"trading")).encode() == bytes.fromhex(
        "00000008 01 0000000000000003 0000000000000005 53" + b"trading".hex()
    )
    assert Frame(CONTROL, 0, 0, Ack(stream=JOURNAL, of=9, number=4, check=0xC0FFEE)).encode() == bytes.fromhex(
        "00000016 00 0000000000000000 0000000000000000 41 02 0000000000000009 0000000000000004 00c0ffee"
    )
    assert Frame(CONTROL, 0, 0, Command(name="kill", body="Zoë".encode())).encode()[FRAME.size :] == (
        b"Zkill            Zo\xc3\xab"
    )


def test_every_message_has_its_own_type() -> None:
    assert len(MESSAGES) == 17
    assert all(code == cls.TYPE for code, cls in MESSAGES.items())


def test_levels_counters_and_buckets_come_out_of_the_body() -> None:
    levels = [(100, 1), (99, 2), (101, 3)]
    book = TopOfBook(
        venue=0,
        symbol="A",
        bid=100,
        bid_shares=1,
        ask=101,
        ask_shares=3,
        last=0,
        updates=1,
        bids=2,
        asks=1,
        body=b"".join(LEVEL.pack(*level) for level in levels),
    )
    assert book.levels == ([(100, 1), (99, 2)], [(101, 3)])
    values = {"sent": 5, "cash": -(1 << 62), "": 0}
    assert Counters.of("orders", values).values == values
    assert Latency(name="x", least=1, greatest=2, body=BUCKET.pack(1, 5) + BUCKET.pack(2, 6) + b"rest").buckets == {
        1: 5,
        2: 6,
    }
    with pytest.raises(ValueError, match="ascii"):
        Counters.of("orders", {"größe": 1})


@given(body=st.binary(max_size=60), count=st.integers(0, 255))
def test_bodies_that_are_cut_or_hostile_give_what_is_whole(body: bytes, count: int) -> None:
    Counters(group="x", body=body).values  # noqa: B018
    Latency(name="x", least=0, greatest=0, body=body).buckets  # noqa: B018
    nothing = dict.fromkeys(("bid", "bid_shares", "ask", "ask_shares", "last", "updates", "venue"), 0)
    bids, asks = TopOfBook(symbol="A", bids=count, asks=255 - count, body=body, **nothing).levels
    assert len(bids) + len(asks) <= len(body) // LEVEL.size


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", TruncatedError),
        (b"?", UnknownTypeError),
        (b"D" + bytes(10), TruncatedError),
        (PASSED.encode().replace(b"T", b"?"), EnumError),
        (PASSED.encode().replace(b"AAPL", b"AAP\xff"), RangeError),
    ],
)
def test_what_is_no_message_says_why(data: bytes, error: type[ProtocolError]) -> None:
    with pytest.raises(error):
        decode(data)


@given(sizes=st.lists(st.integers(1, 50), min_size=1, max_size=40))
def test_frames_come_whole_however_the_bytes_come(sizes: list[int]) -> None:
    wanted = [Frame(JOURNAL, n, n, JournalRecord(kind=DECISION, venue=0, body=PASSED.encode())) for n in range(1, 6)]
    stream = b"".join(found.encode() for found in wanted)
    frames, found, at = Frames(), [], 0
    for size in [*sizes, len(stream)]:
        found += frames.cut(stream[at : at + size])
        at += size
    assert [one for one, _ in found] == wanted
    assert b"".join(raw for _, raw in found) == stream


def test_a_frame_beyond_the_limit_is_refused_at_its_head() -> None:
    with pytest.raises(LengthError, match="at most 100 bytes"):
        Frames(100).feed(FRAME.pack(101, LIVE, 1, 0))
    with pytest.raises(LengthError):
        frame(LIVE, 1, 0, bytes(FRAME_LIMIT + 1))
    with pytest.raises(RangeError):
        Frames().feed(FRAME.pack(1, 3, 1, 0))


@given(data=st.binary(max_size=200))
def test_hostile_streams_end_in_a_typed_error_or_wait(data: bytes) -> None:
    frames = Frames(1 << 10)
    try:
        for found in frames.feed(data):
            assert decode(found.message.encode()) == found.message
    except ProtocolError:
        pass
