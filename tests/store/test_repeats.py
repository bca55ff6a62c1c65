"""What an earlier journal of the login has is a repetition, message for message."""

from store.repeats import Repeats
from store.segments import FILE_SHIFT, LOGIN_SHIFT

FILE, LOGIN = 1 << FILE_SHIFT, 1 << LOGIN_SHIFT


def test_a_journal_repeats_what_an_earlier_one_has_and_nothing_of_its_own() -> None:
    repeats = Repeats()
    told = [(1, b"a"), (2, b"a"), (3, b"b")]
    assert not any(repeats.again(number, 0, message) for number, message in told)
    assert [repeats.again(FILE + number, 0, message) for number, message in [*told, (4, b"a"), (5, b"c")]] == [
        *(True, True, True),
        *(False, False),
    ]
    assert [repeats.again(2 * FILE + number, 0, b"a") for number in range(4)] == [True, True, True, False]


def test_other_venues_and_logins_repeat_nothing() -> None:
    repeats = Repeats()
    assert not repeats.again(1, 0, b"a")
    assert not repeats.again(FILE + 1, 1, b"a")
    assert not repeats.again(LOGIN + 1, 0, b"a")
