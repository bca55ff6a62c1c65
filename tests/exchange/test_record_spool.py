"""Records in a file against a plain list."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange import record_spool
from exchange.record_spool import RecordSpool


@given(
    st.lists(
        st.one_of(st.binary(min_size=3, max_size=3), st.tuples(st.integers(0, 40), st.binary(min_size=3, max_size=3)))
    )
)
def test_it_is_a_list_that_can_be_overwritten(steps: list[bytes | tuple[int, bytes]]) -> None:
    spool, plain = RecordSpool(3, in_memory=4), list[bytes]()
    for step in steps:
        if isinstance(step, bytes):
            assert spool.append(step) == len(plain)
            plain.append(step)
        elif step[0] < len(plain):
            spool.overwrite(*step)
            plain[step[0]] = step[1]
    assert [spool.read(number) for number in range(spool.count)] == plain
    spool.close()


def test_memory_is_bounded_and_the_file_has_no_name(tmp_path: Path) -> None:
    spool = RecordSpool(8, tmp_path)
    for number in range(record_spool.IN_MEMORY * 2 + 1):
        spool.append(number.to_bytes(8, "big"))
    assert len(spool._newest) == 8
    assert list(tmp_path.iterdir()) == []
    assert spool.read(5) == (5).to_bytes(8, "big")
    spool.close()


@pytest.mark.parametrize("number", [-1, 1])
def test_there_is_no_record_beyond_the_ends(number: int) -> None:
    spool = RecordSpool(1)
    spool.append(b"x")
    with pytest.raises(IndexError, match=f"record {number} of 1"):
        spool.read(number)
    with pytest.raises(IndexError):
        spool.overwrite(number, b"y")
