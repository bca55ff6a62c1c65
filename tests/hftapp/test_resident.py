"""What is locked is present, but for what the card's driver asked for and has not touched."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hftapp import libc, resident
from hftapp.resident import Mapping

PROGRAM = """
import mmap
from hftapp import resident

SIZE = 8 << 20


def area():
    return mmap.mmap(-1, SIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)


def present(made):
    import ctypes
    address = ctypes.addressof(ctypes.c_char.from_buffer(made))
    pages = (ctypes.c_ubyte * (SIZE // mmap.PAGESIZE))()
    assert ctypes.CDLL(None).mincore(ctypes.c_void_p(address), ctypes.c_size_t(SIZE), pages) == 0
    return sum(page & 1 for page in pages) / len(pages)


before = area()
card = resident.opened(True, area)
after = area()
print(present(before), present(card), present(after))
"""


def test_what_the_card_did_not_touch_takes_no_memory_and_everything_else_is_present() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    if os.geteuid() == 0:
        assert done.stdout.split() == ["1.0", "0.0", "1.0"], done.stderr
    else:
        assert "mlockall" in done.stderr


def test_without_locking_the_card_is_only_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libc, "mlockall", lambda _flags: pytest.fail("nothing is to be locked"))
    assert resident.opened(False, lambda: "card") == "card"


def test_a_card_that_does_not_open_is_told_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    flags: list[int] = []
    monkeypatch.setattr(libc, "mlockall", flags.append)
    with pytest.raises(ZeroDivisionError):
        resident.opened(True, lambda: 1 // 0)
    assert flags == [libc.MCL_CURRENT]


def test_mappings_are_read_with_and_without_a_file(tmp_path: Path) -> None:
    maps = tmp_path / "maps"
    maps.write_text(
        "00420000-00740000 r-xp 00020000 00:02 10                                 /init\n"
        "7f1c77d5b000-7f1c77e5c000 rw-p 00000000 00:00 0 \n"
        "7f1c75d74000-7f1c76eba000 rw-s 00000000 00:01 5                          /memfd:figures (deleted)\n"
    )
    assert list(resident.mappings(maps)) == [
        Mapping(0x420000, 0x740000, "r-xp", "/init"),
        Mapping(0x7F1C77D5B000, 0x7F1C77E5C000, "rw-p", ""),
        Mapping(0x7F1C75D74000, 0x7F1C76EBA000, "rw-s", "/memfd:figures (deleted)"),
    ]


def test_this_programs_own_mappings_can_be_touched() -> None:
    files = [mapping for mapping in resident.mappings() if mapping.file.startswith("/")]
    assert any(mapping.permissions == "r-xp" for mapping in files)
    for mapping in files:
        resident.touch(mapping)


@pytest.mark.parametrize("permissions", ["---p", "r--p", "rw-p"])
def test_mappings_without_pages_are_passed_over(permissions: str) -> None:
    resident.touch(Mapping(4096, 8192, permissions, "/gone"))
