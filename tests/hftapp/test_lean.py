"""Borrowed references, interpreted: objects and lists. Compiled they are in everything that trades."""

from hftapp.lean import borrowed, row, store_for


def test_what_is_borrowed_is_the_object_itself() -> None:
    thing = object()
    assert borrowed(thing) is thing


def test_a_row_has_a_fixed_number_of_places_that_are_empty_at_first() -> None:
    places = row(store_for(3))
    assert list(places) == [None, None, None]
    thing = object()
    places[1] = borrowed(thing)
    assert places[1] is thing
