"""What heartbeats announced: how long it is known, and what is forgotten."""

from hftapp.feed.announced import MAX_ANNOUNCED, Announced


def test_a_number_that_is_known_to_exist_keeps_its_time() -> None:
    announced = Announced()
    for number, now in ((10, 1), (10, 2), (7, 3)):
        announced.add(number, now)
    assert (announced.count, announced.number(), announced.since()) == (1, 10, 1)


def test_higher_numbers_have_their_own_time() -> None:
    announced = Announced()
    for number, now in ((10, 1), (20, 2), (30, 3)):
        announced.add(number, now)
    announced.prune(9)
    assert (announced.count, announced.number(), announced.since()) == (3, 10, 1)
    announced.prune(20)
    assert (announced.count, announced.number(), announced.since()) == (1, 30, 3)
    announced.prune(30)
    assert announced.count == 0


def test_one_too_many_counts_as_part_of_the_last() -> None:
    announced = Announced()
    for number in range(MAX_ANNOUNCED + 5):
        announced.add(number, 100 + number)
    assert announced.count == MAX_ANNOUNCED
    announced.prune(MAX_ANNOUNCED - 2)
    assert (announced.count, announced.number(), announced.since()) == (1, MAX_ANNOUNCED + 4, 100 + MAX_ANNOUNCED + 4)
