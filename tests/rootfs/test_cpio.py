"""The archive format the kernel unpacks: what goes in comes out, and the same goes in as the same bytes."""

import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rootfs import cpio
from rootfs.cpio import Entry
from rootfs.errors import RootfsError

NAMES = st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF, exclude_characters="/"), min_size=1, max_size=9)
PATHS = st.lists(NAMES.filter(lambda name: name not in (".", "..")), min_size=1, max_size=3).map("/".join)
FILES = st.dictionaries(PATHS, st.binary(max_size=70), max_size=8)


def usable(files: dict[str, bytes]) -> bool:
    """No path lies below another file."""
    return not any(a != b and b.startswith(a + "/") for a in files for b in files) and cpio.TRAILER not in files


@given(FILES.filter(usable))
def test_files_round_trip(files: dict[str, bytes]) -> None:
    archive = cpio.write(cpio.file(path, data) for path, data in files.items())
    back = {entry.path: entry.data for entry in cpio.read(archive) if stat.S_ISREG(entry.mode)}
    assert back == files
    assert len(archive) % 512 == 0


@given(FILES.filter(usable), st.randoms())
def test_the_order_of_entries_does_not_matter(files: dict[str, bytes], random: object) -> None:
    entries = [cpio.file(path, data) for path, data in files.items()]
    assert cpio.write(entries) == cpio.write(reversed(entries))


def test_every_kind_of_entry() -> None:
    entries = [
        cpio.folder("dev"),
        cpio.node("dev/console", 5, 1),
        cpio.file("init", b"\x7fELF", 0o755),
        cpio.link("lib", "usr/lib"),
    ]
    assert list(cpio.read(cpio.write(entries))) == entries


def test_golden_bytes() -> None:
    archive = cpio.write([cpio.file("a", b"hi")])
    # Magic, inode, mode, uid, gid, links, mtime, size, device, node, name size, check: the kernel's buffer format.
    assert archive[:110] == (
        b"070701"
        b"00000001"
        b"000081A4"
        b"00000000"
        b"00000000"
        b"00000001"
        b"00000000"
        b"00000002"
        b"00000000"
        b"00000000"
        b"00000000"
        b"00000000"
        b"00000002"
        b"00000000"
    )
    assert archive[110:116] == b"a\0hi\0\0"
    assert archive[116 + 110 : 116 + 121] == b"TRAILER!!!\0"


def test_folders_come_before_what_they_hold_and_are_added() -> None:
    paths = [entry.path for entry in cpio.read(cpio.write([cpio.file("usr/lib/x", b""), cpio.file("usr-x", b"")]))]
    assert paths == ["usr", "usr/lib", "usr/lib/x", "usr-x"]


def test_archives_can_follow_each_other() -> None:
    both = cpio.write([cpio.file("a", b"1")]) + cpio.write([cpio.file("a", b"2")])
    assert [entry.data for entry in cpio.read(both)] == [b"1", b"2"]


def test_archives_of_other_programs_may_name_the_root_and_lead_with_a_dot() -> None:
    def record(name: str, mode: int, data: bytes = b"") -> bytes:
        numbers = (1, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
        head = b"070701" + b"".join(b"%08X" % number for number in numbers) + name.encode() + b"\0"
        return head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4)

    archive = record(".", 0o40755) + record("./kernel", 0o40755) + record("./kernel/file", 0o100644, b"content")
    found = list(cpio.read(archive + cpio.write([cpio.file("more", b"x")])))
    assert [(entry.path, entry.data) for entry in found] == [
        ("kernel", b""),
        ("kernel/file", b"content"),
        ("more", b"x"),
    ]


def test_two_entries_of_one_path_are_refused() -> None:
    with pytest.raises(RootfsError, match="two entries for a"):
        cpio.write([cpio.file("a", b""), cpio.file("a", b"")])


def test_an_entry_below_a_file_is_refused() -> None:
    with pytest.raises(RootfsError, match="a/b lies below a, which is no folder"):
        cpio.write([cpio.file("a", b""), cpio.file("a/b", b"")])


@pytest.mark.parametrize("path", ["/a", "a/", "a//b", "./a", "a/../b", "", "a\0b", "TRAILER!!!"])
def test_odd_paths_are_refused(path: str) -> None:
    with pytest.raises(RootfsError, match="must be relative"):
        Entry(path, 0o644)


@given(st.binary(max_size=300))
def test_noise_is_refused_or_empty(noise: bytes) -> None:
    try:
        list(cpio.read(noise))
    except RootfsError as error:
        assert "offset" in str(error)


@given(st.integers(0, 700))
def test_a_truncated_archive_is_refused(length: int) -> None:
    archive = cpio.write([cpio.file("some/file", bytes(200))])[: 110 + length]
    entries = []
    try:
        entries = list(cpio.read(archive))
    except RootfsError:
        return
    assert all(len(entry.data) in (0, 200) for entry in entries)


@given(st.integers(0, 9))
def test_an_archive_behind_another_begins_where_the_kernel_looks_for_it(more: int) -> None:
    base = cpio.write([cpio.file("a", b"1")]) + bytes(more)
    both = cpio.appended(base, [cpio.file("a", b"2")])
    start = both.rindex(cpio.write([cpio.file("a", b"2")]))
    assert (start % 4, both[: len(base)], both[len(base) : start]) == (0, base, bytes(start - len(base)))
    assert [entry.data for entry in cpio.read(both)] == [b"1", b"2"]
