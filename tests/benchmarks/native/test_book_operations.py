"""What packages without a decoder are given builds the same books as the messages themselves."""

from pathlib import Path

import pytest

from benchmarks.native.feed_file import Load, ensure
from benchmarks.peers.book_operations import ADD, DELETE, UPDATE, operations
from protocols import binaryfile, itch50
from protocols.order_book import OrderBooks

LOAD = Load("test", 5, 3_000)


def test_the_orders_left_are_those_of_the_reference(tmp_path: Path) -> None:
    ensure(LOAD, tmp_path, lambda _: None)
    reference = OrderBooks()
    with binaryfile.read(LOAD.path(tmp_path)) as reader:
        for message in reader:
            reference.apply(itch50.decode(message))
    left: dict[int, tuple[int, bool, int, int]] = {}
    kinds = set()
    for kind, locate, number, buy, price, shares in operations(LOAD.path(tmp_path).read_bytes()):
        kinds.add(kind)
        if kind == DELETE:
            del left[number]
        else:
            assert (number in left) == (kind == UPDATE)
            left[number] = (locate, buy, price, shares)
    assert kinds == {ADD, UPDATE, DELETE}
    assert len(left) == reference.open_orders
    for number, (locate, buy, price, shares) in left.items():
        order = reference.order(number)
        assert order is not None
        assert (order.book.locate, order.side == "B", order.price, order.shares) == (locate, buy, price, shares)


@pytest.mark.parametrize("kind", ["D", "X", "E", "U"])
def test_a_message_about_nothing_known_gives_no_operation(kind: str) -> None:
    length = {"D": 19, "X": 23, "E": 31, "U": 35}[kind]
    message = kind.encode().ljust(length, b"\1")
    assert list(operations(binaryfile.encode_record(message))) == []
