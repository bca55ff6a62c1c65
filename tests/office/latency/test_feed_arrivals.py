"""When each feed message first came, over both lines, gaps and re-requests."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from office.latency.feed_arrivals import NEVER, FeedArrivals


def added(arrivals: FeedArrivals, session: str, packets: list[tuple[int, int, int]]) -> None:
    columns = np.array(packets, dtype=np.int64).reshape(-1, 3)
    arrivals.add(session, columns[:, 0], columns[:, 1], columns[:, 2])


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 1000), st.integers(1, 30), st.integers(1, 6)), max_size=40), st.integers(0, 40)
)
def test_a_message_came_with_the_earliest_packet_that_has_it(packets: list[tuple[int, int, int]], cut: int) -> None:
    arrivals = FeedArrivals()
    added(arrivals, "S", packets[:cut])  # two files of one capture
    added(arrivals, "S", packets[cut:])
    expected: dict[int, int] = {}
    for time, first, count in packets:
        for number in range(first, first + count):
            expected[number] = min(time, expected.get(number, NEVER))
    wanted = [*range(40), 7, 7]
    assert arrivals.arrivals("S", wanted).tolist() == [expected.get(number, NEVER) for number in wanted]
    assert arrivals.packets("S") == len(packets)


def test_sessions_do_not_mix() -> None:
    arrivals = FeedArrivals()
    added(arrivals, "S", [(5, 1, 2)])
    added(arrivals, "another", [(6, 1, 2)])
    assert arrivals.sessions() == ["S", "another"]
    assert arrivals.arrivals("another", [1, 3]).tolist() == [6, NEVER]
    assert arrivals.arrivals("nobody", [1]).tolist() == [NEVER]
    assert arrivals.arrivals("S", []).tolist() == []
    assert (arrivals.packets("S"), arrivals.packets("nobody")) == (1, 0)
