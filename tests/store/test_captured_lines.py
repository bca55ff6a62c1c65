"""Which streams are lines of one feed: those with the same messages under the same numbers."""

import numpy as np

from store.captured_lines import Feed, Stream, feeds, venues

GROUP, HOST = 0xEF140001, 0x0A14000A


def stream(address: int, port: int, messages: dict[int, bytes], session: bytes = b"S         ") -> Stream:
    """A stream of numbered messages."""
    numbers = sorted(messages)
    return Stream((session, address, port), np.array(numbers, np.uint64), [messages[number] for number in numbers])


def lines(found: list[Feed]) -> list[list[tuple[int, int]]]:
    """Addresses and ports by feed."""
    return [[(address, port) for _, address, port in feed.keys] for feed in found]


ONE = {number: b"one %d" % number for number in range(1, 50)}
OTHER = {number: b"other %d" % number for number in range(1, 50)}


def test_two_lines_with_the_same_messages_are_one_feed() -> None:
    found = feeds([stream(GROUP + 1, 2, ONE), stream(GROUP, 1, {n: m for n, m in ONE.items() if n % 3})])
    assert lines(found) == [[(GROUP, 1), (GROUP + 1, 2)]]
    assert found[0].session == "S"


def test_one_session_with_other_messages_is_another_feed() -> None:
    found = feeds([stream(GROUP + place, 1, messages) for place, messages in enumerate((ONE, OTHER, ONE, OTHER))])
    assert lines(found) == [[(GROUP, 1), (GROUP + 2, 1)], [(GROUP + 1, 1), (GROUP + 3, 1)]]


def test_another_session_is_another_feed_whatever_it_carries() -> None:
    assert len(feeds([stream(GROUP, 1, ONE), stream(GROUP, 1, ONE, b"T         ")])) == 2


def test_a_retransmission_belongs_to_the_feed_whose_messages_it_repeats() -> None:
    repeated = stream(HOST, 5000, {7: OTHER[7]})
    assert lines(feeds([repeated, stream(GROUP, 1, ONE), stream(GROUP + 1, 1, OTHER)]))[1][1] == (HOST, 5000)


def test_a_retransmission_of_what_no_line_brought_belongs_to_a_feed_that_lacks_it() -> None:
    found = feeds([stream(HOST, 5000, {99: b"late"}), stream(GROUP, 1, ONE)])
    assert lines(found) == [[(GROUP, 1), (HOST, 5000)]]
    full = {**ONE, 99: b"there"}
    found = feeds([stream(HOST, 5000, {99: b"late"}), stream(GROUP, 1, full), stream(GROUP + 1, 1, OTHER)])
    assert lines(found) == [[(GROUP, 1)], [(GROUP + 1, 1), (HOST, 5000)]]


def test_venues_are_those_of_the_sessions_and_others_get_what_is_left() -> None:
    made = [Feed(session, ()) for session in ("B", "A", "B", "C")]
    assert venues(made, ["A", "B", "B"]) == [1, 0, 2, 3]
    assert venues(made, []) == [0, 1, 2, 3]
    assert venues(made[:1], ["A", "", "Z"]) == [1]
    assert venues(made, ["B"]) == [0, 1, 2, 3]
    assert venues([], ["A"]) == []
