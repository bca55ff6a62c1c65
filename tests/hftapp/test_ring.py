"""The shared ring: order, wrap-around, overflow, and two processes on its two ends."""

import mmap
import os
import random
import struct

import pytest

from hftapp.ring import Record, Ring
from hftapp.shared import SharedMemory


def test_records_come_out_as_they_went_in() -> None:
    ring = Ring(1024)
    assert ring.push(1, 10, b"one")
    assert ring.push(2, 20, b"")
    assert ring.used > 0
    assert ring.drain() == [Record(1, 10, b"one"), Record(2, 20, b"")]
    assert ring.drain() == []
    assert ring.used == 0


def test_a_full_ring_refuses_and_counts() -> None:
    ring = Ring(128)
    assert ring.push(1, 0, b"x" * 40)
    assert ring.push(1, 0, b"y" * 40)
    assert not ring.push(1, 0, b"z" * 40)
    assert ring.dropped == 1
    assert [record.payload[:1] for record in ring.drain()] == [b"x", b"y"]
    assert ring.push(1, 0, b"z" * 40)
    assert [record.payload[:1] for record in ring.drain()] == [b"z"]


def test_a_limit_leaves_the_rest_for_later() -> None:
    ring = Ring(1024)
    for number in range(5):
        ring.push(number, 0, b"")
    assert [record.kind for record in ring.drain(3)] == [0, 1, 2]
    assert [record.kind for record in ring.drain(3)] == [3, 4]


@pytest.mark.parametrize("seed", range(20))
def test_any_sizes_survive_the_wrap(seed: int) -> None:
    rng = random.Random(seed)
    ring, sent, got = Ring(512), [], []
    for number in range(3000):
        payload = rng.randbytes(rng.randrange(0, 200))
        if ring.push(number & 0xFFFF, number, payload):
            sent.append(Record(number & 0xFFFF, number, payload))
        if rng.random() < 0.6:
            got += ring.drain(rng.randrange(1, 4))
    got += ring.drain()
    assert got == sent
    assert ring.dropped == 3000 - len(sent)


def test_bad_sizes_are_refused_with_the_limit() -> None:
    with pytest.raises(ValueError, match="capacity 100: must be a power of two"):
        Ring(100)
    with pytest.raises(ValueError, match="record of 300 bytes in a ring of 512: the limit is 240"):
        Ring(512).push(1, 0, b"x" * 300)


def test_a_child_produces_and_the_parent_consumes() -> None:
    ring, count = Ring(4096), 20_000
    pid = os.fork()
    if pid == 0:
        for number in range(count):
            while not ring.push(number & 0xFF, number, b"%d" % number):
                os.sched_yield()
        os._exit(0)
    got: list[Record] = []
    while len(got) < count:
        got += ring.drain()
    assert os.waitpid(pid, 0)[1] == 0
    assert got == [Record(number & 0xFF, number, b"%d" % number) for number in range(count)]


def test_closed_memory_is_given_back() -> None:
    ring = Ring(64)
    ring.close()
    with pytest.raises(ValueError, match="released"):
        ring.push(1, 0, b"")


def test_octets_of_any_memory_can_be_pushed() -> None:
    ring = Ring(1024)
    assert ring.push_octets(7, 70, bytearray(b"..payload.."), 2, 7)
    assert ring.waiting()
    assert ring.drain() == [Record(7, 70, b"payload")]
    assert not ring.waiting()


def test_the_producer_looks_at_the_consumer_s_line_once_in_a_lap_and_when_the_ring_seems_full() -> None:
    ring = Ring(128)
    for number in range(2):
        assert ring.push(1, number, b"x" * 40)
        ring.drain()
    assert ring._until == 128
    assert ring.push(1, 2, b"x" * 40)
    assert ring._until == 112 + 128


def test_the_memory_of_a_ring_cannot_change_its_size() -> None:
    with pytest.raises(ValueError, match="shared memory 'x' of 0 bytes: must be positive"):
        SharedMemory("x", 0)
    memory = SharedMemory("x", 100)
    assert len(memory.octets) == memory.size == mmap.PAGESIZE
    memory.words[3] = -5
    memory.prefault()
    assert memory.octets[24:32] == struct.pack("=q", -5)
