"""Deadlines by key, against a plain dictionary."""

from hypothesis import given
from hypothesis import strategies as st

from exchange.deadlines import Deadlines


def test_a_key_has_one_deadline_that_can_be_moved_and_dropped() -> None:
    deadlines = Deadlines()
    deadlines.set("A", 10)
    deadlines.set("B", 20)
    deadlines.set("A", 30)
    assert (deadlines.next(), "A" in deadlines) == (20, True)
    deadlines.drop("B")
    deadlines.drop("B")
    assert list(deadlines.due(29)) == []
    assert list(deadlines.due(30)) == [("A", 30)]
    assert (deadlines.next(), "A" in deadlines) == (None, False)


def test_what_is_set_while_others_are_due_comes_too() -> None:
    deadlines = Deadlines()
    deadlines.set("A", 1)
    taken = []
    for key, at in deadlines.due(5):
        taken.append((key, at))
        if at < 6:
            deadlines.set("B", at + 2)
    assert taken == [("A", 1), ("B", 3), ("B", 5)]
    assert deadlines.next() == 7


@given(st.lists(st.tuples(st.sampled_from("ABCD"), st.one_of(st.none(), st.integers(0, 20)))), st.integers(0, 20))
def test_they_come_in_order_each_once(steps: list[tuple[str, int | None]], now: int) -> None:
    deadlines, plain = Deadlines(), dict[str, int]()
    for key, at in steps:
        plain.pop(key, None)
        if at is None:
            deadlines.drop(key)
        else:
            deadlines.set(key, at)
            plain[key] = at
    assert deadlines.next() == min(plain.values(), default=None)
    due = [(key, at) for key, at in plain.items() if at <= now]
    assert list(deadlines.due(now)) == sorted(due, key=lambda pair: pair[1])
