import random
import struct

from hypothesis import given
from hypothesis import strategies as st

from hftapp.net.sequence import seq_add
from hftapp.net.tcp_reassembly import MAX_WAITING, Reassembly

STREAM = bytes(range(256)) * 4
WINDOW = 10_000


def add(store: Reassembly, sequence: int, data: bytes) -> bool:
    return store.add(sequence, b"head" + data + b"tail", 4, len(data))


def blocks(store: Reassembly, limit: int) -> tuple[tuple[int, int], ...]:
    room = bytearray(8 * limit)
    count = store.write_blocks(room, 0, limit)
    return tuple(struct.iter_unpack("!II", room[: 8 * count]))


@given(st.integers(0, 0xFFFFFFFF), st.lists(st.tuples(st.integers(0, 1023), st.integers(1, 90)), max_size=60))
def test_any_pieces_in_any_order_give_a_prefix_and_then_all(start: int, pieces: list[tuple[int, int]]) -> None:
    store = Reassembly(start, WINDOW)
    got = b""
    for offset, size in pieces:
        add(store, seq_add(start, offset), STREAM[offset : offset + size])
        got += store.take()
        assert STREAM.startswith(got)
    add(store, start, STREAM)
    assert got + store.take() == STREAM
    assert store.waiting == 0
    assert store.next == seq_add(start, len(STREAM))


def test_the_window_cuts() -> None:
    store = Reassembly(0, 100)
    assert add(store, 0, STREAM[:80])
    assert store.window() == 20
    assert add(store, 80, STREAM[80:])
    assert store.take() == STREAM[:100]
    assert not add(store, 150, STREAM[150:250])
    assert blocks(store, 4) == ((150, 200),)
    assert not add(store, 300, STREAM[300:310])
    assert store.waiting == 1, "nothing beyond the window is kept"


def test_tiny_segments_are_bounded_and_those_nearest_the_hole_stay() -> None:
    store = Reassembly(0, 1 << 20)
    for offset in range(2 * MAX_WAITING * 2, 0, -2):
        add(store, offset, STREAM[offset % 256 : offset % 256 + 1])
    assert store.waiting == MAX_WAITING
    assert blocks(store, 1000)[-1][1] == 2 * MAX_WAITING + 1


def test_blocks_join_neighbours_and_start_with_the_latest() -> None:
    """RFC 2018 §4."""
    store = Reassembly(0, WINDOW)
    for offset in (10, 20, 50, 30):
        add(store, offset, bytes(10))
    assert blocks(store, 4) == ((10, 40), (50, 60))
    add(store, 55, bytes(10))
    assert blocks(store, 4) == ((50, 65), (10, 40))
    assert blocks(store, 1) == ((50, 65),)


def test_random_order_with_overlap_and_loss_in_a_small_buffer() -> None:
    """The buffer is used over and over: what waits beyond a hole moves with the rest."""
    rng = random.Random(5)
    store, got = Reassembly(0xFFFFFF00, 100), b""
    stream = STREAM * 20
    while len(got) < len(stream):
        offset = max(len(got) + rng.randrange(-50, 120), 0)
        add(store, seq_add(0xFFFFFF00, offset), stream[offset : offset + rng.randrange(1, 60)])
        if rng.random() < 0.3:
            count = rng.randrange(store.end - store.start + 1)
            got += bytes(store.room[store.start : store.start + count])
            store.consume(count)
    assert got == stream
