"""A machine with memory gives what is configured; a small one what it can spare; one with too little says so."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hftapp.silence import heap, room
from hftapp.silence.heap import HeapError
from hftapp.silence.room import KEPT, LEAST, MEBI, Free, Room

WANTED = 64 * MEBI


def test_a_machine_with_memory_gives_what_is_configured() -> None:
    found = room.plan(WANTED, Free(8 << 30))
    assert found == Room(heap.ARENAS, WANTED)
    assert found.words(WANTED) == ""


def test_a_small_machine_shares_out_what_it_can_spare_and_says_so() -> None:
    found = room.plan(WANTED, Free(KEPT + 24 * MEBI))
    assert found == Room(8, 16 * MEBI)
    assert found.words(WANTED) == "; 16 MiB instead of headroom_mb = 64: the machine has no more memory"


def test_reserved_huge_pages_take_the_small_objects() -> None:
    left = Free(KEPT + 24 * MEBI, heap.ARENAS * MEBI)
    assert room.plan(WANTED, left) == Room(heap.ARENAS, 24 * MEBI)
    assert room.plan(WANTED, left._replace(huge=left.huge - 1)) == Room(8, 16 * MEBI)
    assert room.plan(WANTED, left._replace(huge=0), pooled=True) == Room(heap.ARENAS, 24 * MEBI)


@pytest.mark.parametrize("huge", [0, 1 << 30])
@pytest.mark.parametrize("free", [0, KEPT, KEPT + LEAST - 1])
def test_too_little_is_refused_with_the_remedy(free: int, huge: int) -> None:
    with pytest.raises(HeapError, match=r"needs \d+ MiB: give the machine more, or set cpu\.silence = false"):
        room.plan(WANTED, Free(free, huge))


@given(st.integers(1, 65_536), st.integers(0, 1 << 40), st.sampled_from([0, 1 << 30]))
def test_what_is_taken_is_never_more_than_what_is_free_or_wanted(headroom_mb: int, free: int, huge: int) -> None:
    headroom = headroom_mb * MEBI
    try:
        found = room.plan(headroom, Free(free, huge))
    except HeapError:
        assert free < KEPT + LEAST
        return
    assert 1 <= found.arenas <= heap.ARENAS
    assert 0 < found.headroom <= headroom
    assert (0 if huge else found.arenas * MEBI) + found.headroom <= free - KEPT


def test_what_is_free_is_read_from_the_kernel(tmp_path: Path) -> None:
    meminfo = tmp_path / "meminfo"
    text = "MemTotal:  502936 kB\nMemAvailable:     400924 kB\n"
    meminfo.write_text(text)
    assert room.free(meminfo) == Free(400924 * 1024, 0)
    meminfo.write_text(text + "HugePages_Free:       20\nHugePages_Rsvd:        3\nHugepagesize:       2048 kB\n")
    assert room.free(meminfo) == Free(400924 * 1024, 17 * 2 * MEBI)
    assert room.free().memory > 0
