"""The store of early datagrams: sorted by number, whatever the order in which they come."""

import random

import pytest

from hftapp.feed.holdback import HoldBack


def content(held: HoldBack, i: int, length: int) -> bytes:
    return bytes(held.room[held.offset(i) : held.offset(i) + length])


@pytest.mark.parametrize("seed", range(20))
def test_the_lowest_number_is_first_and_slots_are_used_again(seed: int) -> None:
    rng = random.Random(seed)
    held = HoldBack(8, 16)
    expected: dict[int, tuple[bytes, int]] = {}
    for now in range(200):
        number = rng.randrange(1000)
        if held.count < held.capacity and number not in expected:
            data = rng.randbytes(rng.randrange(1, 17))
            held.put(b"??" + data, 2, len(data), number, number + 1, now)
            expected[number] = data, now
        if expected and rng.random() < 0.5:
            held.drop_first()
            del expected[min(expected)]
        assert held.count == len(expected)
        for i, (number, (data, _)) in enumerate(sorted(expected.items())):
            assert (held.sequence(i), held.messages(i), held.find(number)) == (number, number + 1, i)
            assert content(held, i, len(data)) == data
        if expected:
            assert held.oldest() == min(since for _, since in expected.values())
        assert held.find(5000) == -1


def test_a_longer_datagram_of_the_same_number_keeps_the_time() -> None:
    held = HoldBack(2, 16)
    held.put(b"abc", 0, 3, 5, 1, 100)
    held.exchange(0, b"abcdef", 0, 6, 2)
    assert (held.count, held.messages(0), held.oldest(), content(held, 0, 6)) == (1, 2, 100, b"abcdef")
