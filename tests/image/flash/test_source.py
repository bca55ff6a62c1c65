"""An image is flashed only when it is whole, and the one its manifest describes."""

from pathlib import Path

import pytest

from image.flash import source
from image.flash.errors import SourceError
from tests.image.flash.disk_maker import write_manifest

BUILD = "hftos image build --profile colo"


def refused(path: Path, message: str) -> None:
    with pytest.raises(SourceError, match=message) as caught, source.opened(path, BUILD):
        pass
    assert BUILD in str(caught.value)


def test_a_whole_image_tells_what_it_is(image: Path) -> None:
    with source.opened(image, BUILD) as opened:
        assert (opened.size, opened.product, opened.manifest) == (6 << 20, "hftos 9.9, colo", True)
        assert [part.name for part in opened.table.partitions] == ["hftos-esp"]
        assert opened.read((6 << 20) - 1, 3)[1:] == b"\0\0"


def test_an_image_that_is_changed_after_it_was_opened_is_noticed(image: Path) -> None:
    with source.opened(image, BUILD) as opened:
        opened.check_unchanged()
        with image.open("r+b") as file:
            file.write(b"!")
        with pytest.raises(SourceError, match="was changed meanwhile: its SHA-256 was"):
            opened.check_unchanged()


def test_a_missing_image(tmp_path: Path) -> None:
    refused(tmp_path / "hftos.img", "cannot be read .No such file")


def test_one_wrong_byte_anywhere(image: Path) -> None:
    content = bytearray(image.read_bytes())
    content[3_000_000] ^= 1
    image.write_bytes(content)
    refused(image, "is damaged or another one: its 6291456 bytes have the SHA-256 .*manifest.json says")


def test_a_part_of_an_image(image: Path) -> None:
    image.write_bytes(image.read_bytes()[: 5 << 20])
    refused(image, "its 5242880 bytes have")


def test_without_a_manifest_the_table_decides(image: Path) -> None:
    (image.parent / "manifest.json").unlink()
    with source.opened(image, BUILD) as opened:
        assert (opened.product, opened.manifest) == ("", False)
    image.write_bytes(image.read_bytes()[: 5 << 20])
    refused(image, "is no disk image, or damaged: the first header says that the disk ends with block 12287")
    image.write_bytes(image.read_bytes() + b"x")
    refused(image, "5242881 bytes are no whole blocks of 512")


def test_an_image_beside_the_manifest_of_others(image: Path) -> None:
    other = image.with_name("copy.img")
    image.rename(other)
    with source.opened(other, BUILD) as opened:
        assert not opened.manifest


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"outputs": {"hftos.img": {}}}', '{"outputs": {"hftos.img": 1}}'])
def test_a_damaged_manifest(image: Path, content: str) -> None:
    (image.parent / "manifest.json").write_text(content)
    refused(image, "manifest.json is damaged")


def test_a_manifest_without_the_hash(image: Path) -> None:
    write_manifest(image, None)
    refused(image, "does not tell the SHA-256 of hftos.img")


def test_the_image_of_a_profile() -> None:
    assert source.of_profile("qemu").parts[-3:] == ("build", "image", "hftos.img")
