"""The echo answers test frames, and nothing else, with the addresses exchanged."""

from hftapp.harness.echo import Echo, summary
from hftapp.nic.memory import MemoryPort

OURS = bytes.fromhex("525400200010")
THEIRS = bytes.fromhex("020000000001")
TEST_TYPE = b"\x88\xb5"


def test_a_test_frame_comes_back() -> None:
    port = MemoryPort(OURS)
    echo = Echo(port, 2)
    port.deliver(OURS + THEIRS + TEST_TYPE + b"payload 1")
    port.deliver(OURS + THEIRS + b"\x08\x00" + b"not for the echo")
    port.deliver(OURS + THEIRS + TEST_TYPE + b"payload 2")
    echo.loop(3)
    assert port.take_sent() == [THEIRS + OURS + TEST_TYPE + b"payload 1", THEIRS + OURS + TEST_TYPE + b"payload 2"]
    assert (echo.frames, echo.others) == (2, 1)
    assert list(echo.samples) == [0, 0], "a burst of several frames is no sample"


def test_each_frame_alone_is_a_sample() -> None:
    port = MemoryPort(OURS)
    echo = Echo(port, 2)
    for _ in range(2):
        port.deliver(OURS + THEIRS + TEST_TYPE + bytes(50))
        echo.loop(1)
    assert all(sample > 0 for sample in echo.samples)


def test_it_stops_when_it_has_answered_enough() -> None:
    port = MemoryPort(OURS)
    echo = Echo(port, 1)
    for _ in range(3):
        port.deliver(OURS + THEIRS + TEST_TYPE + bytes(50))
    echo.loop(10)
    assert (echo.frames, echo.others, len(port.take_sent())) == (1, 2, 1)


def test_the_summary() -> None:
    assert summary([]) == {"count": 0}
    found = summary([5, *[10] * 97, 20, 21])
    assert found == {"min": 5, "p50": 10, "p90": 10, "p99": 21, "max": 21, "count": 100, "over_twice_p50": 1}
