"""What waits for the office: by number, bounded, and gone only from its oldest end."""

import pytest

from hftapp.telemetry.backlog import Backlog
from protocols.errors import LengthError
from protocols.management import FRAME, FRAME_LIMIT, Frames, State


def message(text: str = "x") -> bytes:
    return State(body=text.encode()).encode()


def numbers(data: bytes) -> list[int]:
    return [found.number for found in Frames().feed(data)]


def test_frames_are_numbered_and_taken_from_any_number_on() -> None:
    backlog = Backlog()
    assert [backlog.add(5, message(str(n))) for n in range(1, 6)] == [1, 2, 3, 4, 5]
    data, last = backlog.take(2, 1 << 20)
    assert (numbers(data), last) == ([3, 4, 5], 5)
    assert backlog.take(5, 1 << 20) == (b"", 5)


def test_a_piece_is_as_large_as_asked_and_never_empty_while_something_waits() -> None:
    backlog = Backlog()
    for _ in range(4):
        backlog.add(5, message("x" * 100))
    one = FRAME.size + 101
    assert [numbers(backlog.take(0, room)[0]) for room in (1, one, 2 * one, 3 * one - 1)] == [[1], [1], [1, 2], [1, 2]]
    assert backlog.take(4, 1) == (b"", 4)


def test_what_is_acknowledged_stays_while_there_is_room() -> None:
    backlog = Backlog()
    for _ in range(3):
        backlog.add(5, message())
    assert backlog.acknowledge(2)
    assert backlog.acknowledge(1)  # an older word changes nothing
    assert (backlog.acknowledged, backlog.unacknowledged, numbers(backlog.take(0, 1000)[0])) == (2, 1, [1, 2, 3])
    assert not backlog.acknowledge(4)


def test_without_room_the_oldest_go_and_only_unstored_ones_are_losses() -> None:
    size = FRAME.size + 101
    backlog = Backlog(limit=3 * size)
    for _ in range(3):
        backlog.add(5, message("x" * 100))
    backlog.acknowledge(2)
    backlog.add(5, message("x" * 100))
    backlog.add(5, message("x" * 100))
    assert (backlog.dropped, backlog.size) == (0, 3 * size)
    backlog.add(5, message("x" * 100))
    assert (backlog.dropped, backlog.size, backlog.unacknowledged) == (1, 3 * size, 3)
    data, last = backlog.take(2, 1 << 20)
    assert (numbers(data), last) == ([4, 5, 6], 6)


def test_one_frame_larger_than_the_limit_is_kept_alone() -> None:
    backlog = Backlog(limit=100)
    backlog.add(5, message())
    backlog.add(5, message("x" * 500))
    assert numbers(backlog.take(0, 1)[0]) == [2]


def test_a_message_that_no_frame_takes_leaves_no_hole() -> None:
    backlog = Backlog()
    with pytest.raises(LengthError):
        backlog.add(5, bytes(FRAME_LIMIT + 1))
    assert backlog.add(5, message()) == 1
