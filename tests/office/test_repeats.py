"""A repetition is told from what is new: by its order, its numbers and the exchange's time."""

from office.repeats import Repeats
from protocols import ouch50
from tests.office.monitor.test_monitor_books import accepted, cancelled, executed

LOGIN = ("HFT1", "NSDQ")


def new(repeats: Repeats, *messages: ouch50.OuchOutbound, of: tuple[str, str] = LOGIN) -> list[bool]:
    return [not repeats.again(of, message) for message in messages]


def test_a_session_that_comes_again_has_nothing_new_before_it_goes_on() -> None:
    repeats = Repeats()
    said = [accepted(1), executed(1, 50, 1, 5), accepted(2), cancelled(1, 50)]
    assert new(repeats, *said) == [True] * 4
    for _ in range(2):
        assert new(repeats, *said) == [False] * 4
    assert new(repeats, *said, cancelled(2, 100)) == [False] * 4 + [True]
    assert new(repeats, *said, cancelled(2, 100)) == [False] * 5


def test_two_cancels_that_are_alike_are_two_and_stay_two_when_they_come_again() -> None:
    repeats = Repeats()
    assert new(repeats, accepted(1), cancelled(1, 20), cancelled(1, 20)) == [True] * 3
    assert new(repeats, accepted(1), cancelled(1, 20), cancelled(1, 20), cancelled(1, 20)) == [False] * 3 + [True]


def test_an_execution_is_new_once_wherever_it_comes() -> None:
    repeats = Repeats()
    assert new(repeats, executed(1, 50, 1, 5), executed(1, 50, 1, 5), executed(1, 50, 1, 6)) == [True, False, True]
    assert new(repeats, executed(1, 50, 1, 5), of=("HFT2", "NSDQ")) == [True]
    assert new(repeats, executed(1, 50, 1, 5), of=("HFT1", "BX")) == [True]


def test_the_same_numbers_at_another_time_are_another_days() -> None:
    repeats = Repeats()
    first = [accepted(1), executed(1, 50, 1, 5), cancelled(1, 50)]
    second = [message.replace(timestamp=message.timestamp + 1) for message in first]
    assert new(repeats, *first) == new(repeats, *second) == [True] * 3
    assert new(repeats, *second) == [False] * 3


def test_what_names_no_order_is_new_each_time() -> None:
    event = ouch50.SystemEvent(timestamp=1, event_code="S")
    assert new(Repeats(), event, event) == [True, True]


def test_the_oldest_is_forgotten_and_a_server_altogether() -> None:
    repeats = Repeats(orders=10, once=20)
    for reference in range(1, 100):
        new(repeats, accepted(reference), executed(reference, 1, 1, reference))
    assert len(repeats) == 30
    assert new(repeats, accepted(99), accepted(1)) == [False, True]
    repeats.forget("HFT1")
    assert len(repeats) == 0
