"""The closure of the Python that runs the tests holds what its own loader loads."""

import sys
from pathlib import Path

import pytest

from rootfs import elf_closure
from rootfs.errors import MissingLibraryError, RootfsError

PYTHON = Path(sys.executable).resolve()
HOST = Path("/")


@pytest.fixture(scope="module")
def closure() -> dict[str, Path]:
    return elf_closure.closure([PYTHON], HOST)


def test_the_loader_and_libc_are_in_it(closure: dict[str, Path]) -> None:
    names = {Path(place).name for place in closure}
    assert "libc.so.6" in names
    assert any(name.startswith("ld-linux") for name in names)
    assert len(names) == len(closure), "a library came twice"


def test_it_is_closed(closure: dict[str, Path]) -> None:
    names = {Path(place).name for place in closure}
    for file in closure.values():
        assert set(elf_closure.inspect(file).needed) <= names


def test_the_loader_agrees(closure: dict[str, Path]) -> None:
    maps = Path("/proc/self/maps").read_text()
    loaded = {Path(line.split()[-1]).name for line in maps.splitlines() if "/libc.so" in line or "/ld-linux" in line}
    assert loaded <= {file.name for file in closure.values()}


def test_programs_are_told_from_shared_objects(closure: dict[str, Path]) -> None:
    assert elf_closure.inspect(PYTHON).executable
    # libc can be started to print its version, yet it is no program: position-independent, without DF_1_PIE.
    assert not any(elf_closure.inspect(file).executable for file in closure.values())


def test_what_is_no_elf_file_is_refused(tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("#!/bin/sh\n")
    assert not elf_closure.is_elf(text.read_bytes())
    with pytest.raises(RootfsError, match="text is no usable ELF file"):
        elf_closure.inspect(text)


def test_a_missing_library_is_named_with_who_needs_it(tmp_path: Path) -> None:
    program = tmp_path / "usr/bin/program"
    program.parent.mkdir(parents=True)
    program.write_bytes(PYTHON.read_bytes())
    with pytest.raises(MissingLibraryError, match=r"usr/bin/program needs /"):
        elf_closure.closure([program], tmp_path)


def test_absolute_links_stay_inside_the_root(tmp_path: Path, closure: dict[str, Path]) -> None:
    libc = next(file for place, file in closure.items() if place.endswith("libc.so.6"))
    loader = next(place for place in closure if Path(place).name.startswith("ld-linux"))
    (tmp_path / "usr/lib").mkdir(parents=True)
    (tmp_path / "usr/lib/real.so").write_bytes(libc.read_bytes())
    for place in (loader, "usr/lib/libc.so.6"):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).symlink_to("/usr/lib/real.so")
    found = elf_closure.closure([libc], tmp_path)
    assert set(found.values()) == {(tmp_path / "usr/lib/real.so").resolve()}
