"""What will be on the disk: the image, a table fitted to it, and zeros where older marks could be."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image.flash import source
from image.flash.errors import TableError
from image.flash.layout import WIPED, Layout
from tests.image.flash.disk_maker import gpt_disk, write_image

IMAGE = 6 << 20


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_image(tmp_path_factory.mktemp("image"))


def assembled(layout: Layout, before: bytes) -> bytes:
    disk = bytearray(before)
    for at, length in layout.chunks():
        disk[at : at + length] = layout.final(at, length)
    return bytes(disk)


def test_on_a_disk_of_its_size_the_image_is_byte_for_byte(image: Path) -> None:
    with source.opened(image, "") as opened:
        assert assembled(Layout(opened, IMAGE), b"\xaa" * IMAGE) == image.read_bytes()


@given(more=st.integers(0, 20_000))
def test_on_a_larger_disk_it_is_the_image_of_that_size(image: Path, more: int) -> None:
    size = IMAGE + more * 512
    expected = gpt_disk(size, [(2048, 4095, "hftos-esp")], bytes(range(1, 252)))
    with source.opened(image, "") as opened:
        found = assembled(Layout(opened, size), b"\xaa" * size)
    behind = IMAGE + WIPED
    assert found[:behind] == expected[:behind]
    assert found[-WIPED:] == expected[-WIPED:]
    kept = found[behind : max(behind, size - WIPED)]
    assert kept == b"\xaa" * len(kept)


@given(more=st.integers(0, 20_000))
def test_before_the_tables_are_written_there_is_none(image: Path, more: int) -> None:
    size = IMAGE + more * 512
    with source.opened(image, "") as opened:
        layout = Layout(opened, size)
        for at, length in layout.chunks():
            assert b"EFI PART" not in layout.body(at, length)
            differs = layout.body(at, length) != layout.final(at, length)
            assert differs == ((at, length) in set(layout.table_chunks()))


def test_a_disk_that_is_too_small_has_no_layout(image: Path) -> None:
    with source.opened(image, "") as opened, pytest.raises(TableError, match="too few"):
        Layout(opened, 2 << 20)
