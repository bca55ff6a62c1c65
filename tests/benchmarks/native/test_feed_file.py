"""The measured files: whole, the mix of a real day, made once."""

from collections import Counter
from pathlib import Path

import pytest

from benchmarks.native.feed_file import Load, ensure
from exchange.flow.mix import MIX
from hftapp.book.books import Books
from hftapp.feed.itch import ItchRecord
from protocols import binaryfile, itch50
from protocols.order_book import OrderBooks

LOAD = Load("test", 20, 6_000)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("feed")
    ensure(LOAD, folder, lambda _: None)
    return folder


def test_the_file_is_complete_and_what_its_facts_say(folder: Path) -> None:
    said: list[str] = []
    facts = ensure(LOAD, folder, said.append)
    assert said == []  # it is made once
    with binaryfile.read(LOAD.path(folder)) as reader:
        counted = Counter(chr(message[0]) for message in reader)
        assert reader.complete
    assert dict(counted) == facts["by_type"]
    assert LOAD.messages <= facts["messages"] < LOAD.messages + 300
    assert facts["bytes"] == LOAD.path(folder).stat().st_size


def test_the_mix_is_that_of_a_real_day(folder: Path) -> None:
    facts = ensure(LOAD, folder, lambda _: None)
    opening = 3 * LOAD.symbols + 6
    for kind in "AD":
        share = facts["by_type"][kind] / (facts["messages"] - opening)
        assert share == pytest.approx(MIX[kind], abs=0.2), kind  # the opening books are adds


def test_ours_and_the_reference_agree_on_it(folder: Path) -> None:
    data = LOAD.path(folder).read_bytes()
    ours, record, reference = Books(1 << 12, 64, 1 << 12), ItchRecord(), OrderBooks()
    with binaryfile.read(LOAD.path(folder)) as reader:
        for message in reader:
            reference.apply(itch50.decode(message))
    facts = ensure(LOAD, folder, lambda _: None)
    assert ours.apply_all(data, 0, len(data)) == record.decode_all(data, 0, len(data)) == facts["messages"]
    assert (ours.orders.count, record.malformed) == (reference.open_orders, 0)
    for symbol in reference.symbols():
        locate = reference.locate_of(symbol)
        assert locate is not None
        best = reference.book(locate).best_bid()
        assert ours.best_price(locate, 1) == (best[0] if best else 0)
