"""Operations are made once from a seed, and every row concerns an order that is there."""

from collections import Counter
from pathlib import Path

import pytest

from benchmarks import operations
from benchmarks.operations import CANCEL, REPLACE, TAKE, Operations
from benchmarks.order_flow import WEIGHTS, OrderFlow


@pytest.fixture(scope="module")
def made() -> Operations:
    return OrderFlow(symbols=3, seed=7).make(depth=50, count=3_000)


def test_the_same_seed_gives_the_same_rows_and_another_seed_others(made: Operations) -> None:
    assert OrderFlow(3, 7).make(50, 3_000) == made
    assert OrderFlow(3, 8).make(50, 3_000).rows != made.rows


def test_the_mix_is_that_of_the_weights(made: Operations) -> None:
    total = sum(WEIGHTS.values())
    for kind, weight in WEIGHTS.items():
        assert made.mix()[operations.KINDS[kind]] == pytest.approx(weight / total, abs=0.03)


def test_the_warm_up_only_rests_orders(made: Operations) -> None:
    rows = list(made)[: made.warm_up]
    assert Counter(row[1] for row in rows) == {0: 50, 1: 50, 2: 50}
    assert {row[0] for row in rows} == {operations.ADD}
    for symbol in range(3):
        bids = [price for _, where, _, _, buy, price, _ in rows if where == symbol and buy]
        asks = [price for _, where, _, _, buy, price, _ in rows if where == symbol and not buy]
        assert max(bids) < min(asks)


def test_orders_are_numbered_and_taken_off_once(made: Operations) -> None:
    rows = list(made)
    entered = [row[2] for row in rows if row[0] != CANCEL]
    taken_off = [row[3] for row in rows if row[0] in (CANCEL, REPLACE)]
    assert entered == list(range(made.orders))
    assert len(set(taken_off)) == len(taken_off)
    assert any(row[0] == TAKE for row in rows) and made.traded > 0


def test_a_file_gives_back_what_was_written(made: Operations, tmp_path: Path) -> None:
    path = tmp_path / "operations.bin"
    made.write(path)
    assert operations.read(path) == made

    path.write_bytes(path.read_bytes()[:-56])
    with pytest.raises(ValueError, match=f"is truncated: {len(made) - 1} of {len(made)} rows"):
        operations.read(path)
    path.write_bytes(b"something else")
    with pytest.raises(ValueError, match="holds no operations: it starts with b'somethin'"):
        operations.read(path)


def test_a_row_has_all_columns() -> None:
    with pytest.raises(ValueError, match=r"a row has 7 columns \(kind, .*\), not 2: \(1, 2\)"):
        Operations(1, 0).append(1, 2)
