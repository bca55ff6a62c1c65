"""Held packets: against a plain dictionary of messages."""

from hypothesis import given
from hypothesis import strategies as st

from protocols.recovery_hold import HeldPackets

RUNS = st.lists(st.tuples(st.integers(1, 60), st.integers(1, 8)), max_size=30)


def message(number: int) -> bytes:
    return b"%d" % number


def hold(runs: list[tuple[int, int]], capacity: int = 1 << 20) -> HeldPackets:
    held = HeldPackets(capacity)
    for first, count in runs:
        held.add(first, [message(number) for number in range(first, first + count)], first)
    return held


@given(RUNS, st.integers(1, 60))
def test_take_returns_what_follows_without_a_gap(runs: list[tuple[int, int]], expected: int) -> None:
    held, known = hold(runs), {number for first, count in runs for number in range(first, first + count)}
    follow = expected
    while follow in known:
        follow += 1
    assert held.take(expected) == [message(number) for number in range(expected, follow)]
    later = [first for first, _ in runs if first > follow]
    assert len(held) == len(set(later))


@given(RUNS, st.integers(1, 40), st.integers(0, 80))
def test_gaps_are_the_numbers_nobody_holds(runs: list[tuple[int, int]], expected: int, end: int) -> None:
    held, known = hold(runs), {number for first, count in runs for number in range(first, first + count)}
    known_end = max([end, *(first + count for first, count in runs)])
    missing = [n for first, last in held.gaps(expected, end, 1000) for n in range(first, last + 1)]
    assert missing == [number for number in range(expected, known_end) if number not in known]


def test_a_longer_run_from_the_same_number_replaces_the_shorter() -> None:
    held = HeldPackets(1 << 20)
    assert held.add(5, [b"a"], 0)
    assert not held.add(5, [b"a"], 1)
    assert held.add(5, [b"a", b"b"], 2)
    assert (held.end, len(held)) == (7, 1)
    assert held.take(5) == [b"a", b"b"]


@given(st.lists(st.integers(1, 1 << 62), min_size=1, unique=True, max_size=50))
def test_memory_is_bounded_and_the_lowest_are_kept(numbers: list[int]) -> None:
    held = HeldPackets(10 * (64 * 2 + 100))
    for number in numbers:
        held.add(number, [bytes(100)], 0)
    assert len(held) == min(len(numbers), 10)
    assert held.dropped == len(numbers) - len(held)
    lowest = sorted(numbers)[: len(held)]
    assert held.end == lowest[-1] + 1


def test_the_longest_held_packet_tells_since_when() -> None:
    held = HeldPackets(1 << 20)
    assert held.since is None
    held.add(9, [b"x"], 100)
    held.add(5, [b"x"], 200)
    assert held.since == 100
    assert held.drop_from(6) == 1
    assert held.since == 200
    held.clear()
    assert (len(held), held.end, held.since) == (0, 0, None)
