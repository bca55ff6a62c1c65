"""Microcode of both vendors becomes one early archive; what is none, or is damaged, is refused by name."""

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image import microcode
from image.errors import MicrocodeError
from rootfs import cpio


def intel(payload: bytes = bytes(2000), total: int | None = None, damage: int = 0) -> bytes:
    """One update with Intel's header (SDM volume 3, table 10-8) and the checksum that makes its words add up to 0."""
    size = 48 + len(payload)
    fields = [1, 7, 0x01012025, 0xA0671, 0, 1, 2, len(payload), size if total is None else total]
    words = struct.pack("<9I12x", *fields) + payload
    checksum = -sum(struct.unpack(f"<{size // 4}I", words)) & 0xFFFFFFFF
    fields[4] = (checksum + damage) & 0xFFFFFFFF
    return struct.pack("<9I12x", *fields) + payload


AMD = b"DMA\0" + bytes(range(200))


def contents(archive: bytes) -> dict[str, bytes]:
    return {entry.path: entry.data for entry in cpio.read(archive) if entry.data}


def test_a_folder_of_both_vendors_becomes_one_archive_in_the_order_of_names(tmp_path: Path) -> None:
    (tmp_path / "intel-ucode").mkdir()
    (tmp_path / "amd-ucode").mkdir()
    (tmp_path / "intel-ucode/06-a7-01").write_bytes(intel(b"B" * 1000))
    (tmp_path / "intel-ucode/06-55-04").write_bytes(intel(b"A" * 1000))
    (tmp_path / "amd-ucode/microcode_amd.bin").write_bytes(AMD)
    (tmp_path / "LICENSE").write_text("the vendor's terms")
    archive = microcode.load(tmp_path)
    assert contents(archive) == {microcode.INTEL: intel(b"A" * 1000) + intel(b"B" * 1000), microcode.AMD: AMD}
    assert microcode.describe(archive) == {"GenuineIntel": 2 * 1048, "AuthenticAMD": len(AMD)}


def test_the_archive_is_uncompressed_and_ends_where_another_may_begin(tmp_path: Path) -> None:
    (tmp_path / "ucode.bin").write_bytes(AMD)
    archive = microcode.load(tmp_path / "ucode.bin")
    assert archive.startswith(cpio.MAGIC)
    assert len(archive) % 512 == 0
    assert microcode.load(tmp_path) == archive


@pytest.mark.parametrize("name", [microcode.INTEL, f"./{microcode.INTEL}"])
def test_an_early_archive_of_a_distribution_is_taken_as_it_is(tmp_path: Path, name: str) -> None:
    record = b"070701" + b"".join(b"%08X" % n for n in (1, 0o100644, 0, 0, 1, 0, 2048, 0, 0, 0, 0, len(name) + 1, 0))
    head = record + name.encode() + b"\0"
    root = b"070701" + b"".join(b"%08X" % n for n in (2, 0o40755, 0, 0, 2, 0, 0, 0, 0, 0, 0, 2, 0)) + b".\0"
    data = intel()
    archive = root + bytes(-len(root) % 4) + head + bytes(-len(head) % 4) + data
    (tmp_path / "early.img").write_bytes(archive + cpio.write([]))
    assert contents(microcode.load(tmp_path / "early.img")) == {microcode.INTEL: data}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"#!/bin/sh\n", "is no microcode: it starts with b'#!/b'"),
        (b"", "is no microcode"),
        (intel(damage=1), "the update at byte 0 has a wrong checksum"),
        (intel() + intel(damage=5), "the update at byte 2048 has a wrong checksum"),
        (intel(total=1 << 20), "damaged at byte 0: an update of 1048576 bytes"),
        (intel()[:-4], "damaged at byte 0: an update of 2048 bytes"),
        (intel() + b"\1\0\0\0", "damaged at byte 2048: an update of 0 bytes"),
        (cpio.write([cpio.file("init", b"x")]), "holds neither"),
        (cpio.write([cpio.file("init", b"x")])[:100], "is a damaged archive"),
    ],
)
def test_what_is_no_sound_microcode_is_refused_with_the_remedy(tmp_path: Path, data: bytes, reason: str) -> None:
    file = tmp_path / "given"
    file.write_bytes(data)
    with pytest.raises(MicrocodeError) as caught:
        microcode.load(file)
    assert str(file) in str(caught.value)
    assert reason in str(caught.value)
    assert "give intel-ucode or amd-ucode files" in str(caught.value)


def test_an_empty_folder_and_a_place_that_is_not_there_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MicrocodeError, match="holds no microcode; give"):
        microcode.load(tmp_path)
    with pytest.raises(MicrocodeError, match=r"there is no .*gone; give"):
        microcode.load(tmp_path / "gone")


@given(st.binary(max_size=200), st.sampled_from([b"", b"\1\0\0\0", b"DMA\0", b"070701"]))
def test_hostile_files_are_refused_or_taken_whole(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, head: bytes
) -> None:
    file = tmp_path_factory.mktemp("ucode") / "given"
    file.write_bytes(head + data)
    try:
        archive = microcode.load(file)
    except MicrocodeError:
        return
    assert b"".join(contents(archive).values()) == head + data or head == b"070701"
