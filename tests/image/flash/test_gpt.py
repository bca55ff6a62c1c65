"""UEFI 2.10 §5.3: the table is read strictly, and its second copy goes to the end of any larger disk."""

import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image.flash import gpt
from image.flash.errors import TableError
from tests.image.flash.disk_maker import ESP, gpt_disk

SIZE = 2 << 20
PARTS = [(34, 100, "hftos-esp"), (101, 4062, "hftos-state")]


def reader(disk: bytes | bytearray) -> gpt.ReadAt:
    return lambda at, size: bytes(disk[at : at + size])


def read(disk: bytes | bytearray) -> gpt.Table:
    return gpt.read(reader(disk), len(disk))


def test_the_partitions_are_read() -> None:
    table = read(gpt_disk(SIZE, PARTS))
    assert [(part.first, part.last, part.name) for part in table.partitions] == PARTS
    assert {part.kind for part in table.partitions} == {ESP}
    assert (table.partitions[0].at, table.partitions[0].bytes) == (34 * 512, 67 * 512)


def test_on_a_disk_of_the_same_size_nothing_changes() -> None:
    disk = gpt_disk(SIZE, PARTS)
    table = read(disk)
    assert table.head(SIZE // 512) == disk[: 34 * 512]
    assert table.tail(SIZE // 512) == disk[-33 * 512 :]


@given(more=st.integers(0, 1 << 20))
def test_the_table_fits_any_larger_disk(more: int) -> None:
    """As a table made for that size from the beginning."""
    blocks = SIZE // 512 + more
    table = read(gpt_disk(SIZE, PARTS))
    made = gpt_disk(SIZE, PARTS)  # its two ends, made for a disk that would not fit into memory
    head, tail = table.head(blocks), table.tail(blocks)
    assert struct.unpack_from("<I", head, 446 + 12) == (blocks - 1,)
    for header, here, other, array in ((head[512:1024], 1, blocks - 1, 2), (tail[-512:], blocks - 1, 1, blocks - 33)):
        own, alternate, first, last = struct.unpack_from("<QQQQ", header, 24)
        assert (own, alternate, first, last) == (here, other, 34, blocks - 34)
        assert struct.unpack_from("<Q", header, 72) == (array,)
        assert struct.unpack_from("<I", header, 16) == (zlib.crc32(header[:16] + bytes(4) + header[20:92]),)
    assert head[1024:] == tail[:-512] == made[1024 : 34 * 512]


def test_a_protective_mbr_can_say_at_most_32_bits() -> None:
    blocks = (4 << 40) // 512
    head = read(gpt_disk(SIZE, PARTS)).head(blocks)
    assert struct.unpack_from("<I", head, 446 + 12) == (0xFFFFFFFF,)


def test_a_disk_on_which_the_partitions_do_not_fit() -> None:
    table = read(gpt_disk(SIZE, PARTS))
    with pytest.raises(TableError, match="4095 blocks are too few"):
        table.head(4095)


@pytest.mark.parametrize(
    ("at", "message"),
    [
        (450, "block 0 is no protective MBR"),
        (510, "block 0 is no protective MBR"),
        (512, "block 1 is no header"),
        (512 + 40, "checksum of the header in block 1 is wrong"),
        (1024 + 200, "checksum of the entries in block 2 is wrong"),
        (SIZE - 512, "block 4095 is no header"),
        (SIZE - 512 + 90, "checksum of the header in block 4095 is wrong"),
        (SIZE - 33 * 512 + 5, "checksum of the entries in block 4063 is wrong"),
    ],
)
def test_one_wrong_byte_is_noticed(at: int, message: str) -> None:
    disk = gpt_disk(SIZE, PARTS)
    disk[at] ^= 1
    with pytest.raises(TableError, match=message):
        read(disk)


def test_two_whole_copies_that_disagree() -> None:
    disk, other = gpt_disk(SIZE, PARTS), gpt_disk(SIZE, [(34, 100, "another")])
    with pytest.raises(TableError, match="the two copies of the table do not agree"):
        read(disk[: -33 * 512] + other[-33 * 512 :])


def test_a_table_made_for_another_disk() -> None:
    with pytest.raises(TableError, match="the disk ends with block 4095, but it has 8192"):
        read(gpt_disk(SIZE, PARTS) + bytearray(SIZE))


def test_a_partition_outside_the_disk() -> None:
    with pytest.raises(TableError, match="partition 1 from block 34 to 4063 is outside"):
        read(gpt_disk(SIZE, [(34, 4063, "too long")]))


@given(at=st.integers(512, 34 * 512 - 1), content=st.binary(min_size=1, max_size=600))
def test_hostile_bytes_are_a_table_error_or_a_table(at: int, content: bytes) -> None:
    disk = gpt_disk(SIZE, PARTS)
    disk[at : at + len(content)] = content
    try:
        gpt.read(reader(disk), SIZE)
        gpt.glance(reader(disk))
    except TableError:
        pass


@pytest.mark.parametrize("size", [0, 100, 512, 1024, 4096])
def test_a_disk_that_ends_too_early(size: int) -> None:
    with pytest.raises(TableError):
        read(gpt_disk(SIZE, PARTS)[:size])
