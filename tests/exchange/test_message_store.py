"""The message store: a list of messages whose memory does not grow, and whose file is a BinaryFILE."""

import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.message_store import MessageStore
from protocols import binaryfile, mold

MESSAGES = st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=300)


@given(MESSAGES, st.integers(2, 300), st.data())
def test_it_reads_like_a_list(messages: list[bytes], buffer_size: int, data: st.DataObject) -> None:
    store = MessageStore(buffer_size=buffer_size)
    assert [store.append(message) for message in messages] == list(range(1, len(messages) + 1))
    assert len(store) == len(messages)
    for _ in range(10):
        first = data.draw(st.integers(1, len(messages) + 2))
        count = data.draw(st.integers(0, len(messages) + 2))
        assert store.read(first, count) == messages[first - 1 : first - 1 + count]
    store.close()


@given(MESSAGES, st.integers(1, 200), st.integers(0, 400))
def test_blocks_are_those_of_a_packet_of_limited_size(messages: list[bytes], first: int, limit: int) -> None:
    store = MessageStore(buffer_size=500)
    for message in messages:
        store.append(message)
    taken, blocks = store.blocks(first, 50, limit)
    chosen = messages[first - 1 : first - 1 + taken]
    if not taken:
        assert first > len(messages) and blocks == b""
        return
    assert mold.HEADER_SIZE + len(blocks) == len(mold.encode_packet("S", first, chosen))
    assert mold.encode_packet("S", first, chosen).endswith(blocks)
    assert len(blocks) <= limit or taken == 1
    after = messages[first - 1 + taken : first + taken]
    if after and taken < 50:
        assert len(blocks) + 2 + len(after[0]) > limit, "one more would have fitted"
    store.close()


def test_reading_on_from_the_last_place_and_jumping_about_agree() -> None:
    messages = [bytes([number & 0xFF]) * (number % 7 + 1) for number in range(1000)]
    store = MessageStore(buffer_size=1000)
    for message in messages:
        store.append(message)
    assert [store.read(number, 1) for number in range(1, 1001)] == [[message] for message in messages]
    for number in (999, 5, 64, 65, 66, 128, 129, 1, 1000):
        assert store.read(number, 3) == messages[number - 1 : number + 2]
    store.close()


def test_reading_and_appending_may_alternate() -> None:
    store = MessageStore(buffer_size=64)
    for number in range(1, 500):
        store.append(b"%d" % number)
        assert store.read(max(1, number - 2), 5) == [b"%d" % n for n in range(max(1, number - 2), number + 1)]
    store.close()


def test_a_named_file_is_a_binaryfile(tmp_path: Path) -> None:
    store = MessageStore(tmp_path / "session", buffer_size=100)
    messages = [bytes([number]) * (number % 50 + 1) for number in range(100)]
    for message in messages:
        store.append(message)
    store.close(end_record=True)
    reader = binaryfile.read(tmp_path / "session")
    assert list(reader) == messages
    assert reader.complete


def test_a_file_closed_without_end_record_is_incomplete(tmp_path: Path) -> None:
    store = MessageStore(tmp_path / "session")
    store.append(b"one")
    store.close()
    reader = binaryfile.read(tmp_path / "session")
    assert list(reader) == [b"one"]
    assert not reader.complete


def test_memory_stays_flat() -> None:
    store = MessageStore(buffer_size=1 << 14)
    message = bytes(36)
    for _ in range(1000):
        store.append(message)
    tracemalloc.start()
    try:
        for _ in range(50_000):
            store.append(message)
        grown, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert store.spilled > 1_800_000
    assert grown < 20_000
    store.close()


def test_a_small_store_needs_no_file(tmp_path: Path) -> None:
    store = MessageStore(folder=tmp_path / "missing")
    store.append(b"x")
    assert store.read(1, 1) == [b"x"]
    with pytest.raises(FileNotFoundError, match="missing"):
        store.spill()


def test_a_full_disk_is_an_error_that_names_the_file() -> None:
    store = MessageStore("/dev/full", buffer_size=100)
    store.append(bytes(90))
    with pytest.raises(OSError, match=r"cannot write messages: No space left.*make room.*'/dev/full'"):
        store.append(bytes(90))
    assert store.read(1, 9) == [bytes(90)], "what was there is there"
    with pytest.raises(OSError, match="No space left"):
        store.close()


def test_a_message_larger_than_the_buffer_is_kept_too() -> None:
    store = MessageStore(buffer_size=10)
    messages = [b"a", bytes(65535), b"b"]
    for message in messages:
        store.append(message)
    assert store.read(1, 3) == messages
    store.close()


@pytest.mark.parametrize("size", [0, 65536])
def test_a_length_that_the_layout_cannot_hold_is_refused(size: int) -> None:
    store = MessageStore()
    with pytest.raises(ValueError, match=f"1 to 65535 bytes, not {size}"):
        store.append(bytes(size))
    assert len(store) == 0


def test_messages_are_numbered_from_one() -> None:
    with pytest.raises(ValueError, match="from 1, not 0"):
        MessageStore().read(0, 1)


def test_a_buffer_without_room_for_a_length_is_refused() -> None:
    with pytest.raises(ValueError, match="buffer size 1 is too small"):
        MessageStore(buffer_size=1)
