import random

from hypothesis import given
from hypothesis import strategies as st

from hftapp.net.tcp_reassembly import MAX_WAITING, Reassembly
from hftapp.net.tcp_types import seq_add

STREAM = bytes(range(256)) * 4
WINDOW = 10_000


@given(st.integers(0, 0xFFFFFFFF), st.lists(st.tuples(st.integers(0, 1023), st.integers(1, 90)), max_size=60))
def test_any_pieces_in_any_order_give_a_prefix_and_then_all(start: int, pieces: list[tuple[int, int]]) -> None:
    store = Reassembly(start)
    got = b""
    for offset, size in pieces:
        store.add(seq_add(start, offset), STREAM[offset : offset + size], WINDOW)
        got += store.take()
        assert STREAM.startswith(got)
    store.add(start, STREAM, WINDOW)
    assert got + store.take() == STREAM
    assert store.waiting == 0
    assert store.next == seq_add(start, len(STREAM))


def test_the_window_cuts() -> None:
    store = Reassembly(0)
    assert store.add(0, STREAM, 100)
    assert store.take() == STREAM[:100]
    assert not store.add(150, STREAM[150:250], 60)
    assert store.blocks(4) == ((150, 160),)


def test_tiny_segments_are_bounded_and_those_nearest_the_hole_stay() -> None:
    store = Reassembly(0)
    for offset in range(2 * MAX_WAITING * 2, 0, -2):
        store.add(offset, STREAM[offset % 256 : offset % 256 + 1], 1 << 20)
    assert store.waiting == MAX_WAITING
    assert store.blocks(1000)[-1][1] == 2 * MAX_WAITING + 1


def test_blocks_join_neighbours_and_start_with_the_latest() -> None:
    """RFC 2018 §4."""
    store = Reassembly(0)
    for offset in (10, 20, 50, 30):
        store.add(offset, bytes(10), WINDOW)
    assert store.blocks(4) == ((10, 40), (50, 60))
    store.add(55, bytes(10), WINDOW)
    assert store.blocks(4) == ((50, 65), (10, 40))
    assert store.blocks(1) == ((50, 65),)


def test_random_order_with_overlap_and_loss() -> None:
    rng = random.Random(5)
    store, got = Reassembly(0xFFFFFF00), b""
    while len(got) < len(STREAM):
        offset = rng.randrange(len(STREAM))
        store.add(seq_add(0xFFFFFF00, offset), STREAM[offset : offset + rng.randrange(1, 60)], WINDOW)
        got += store.take()
    assert got == STREAM
