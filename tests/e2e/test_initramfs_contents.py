"""The image that boots holds one program: the interpreter. Everything else is listed here."""

import stat
from pathlib import Path

import pytest

from hftos.compiling import table
from image import build as builder
from image import initramfs, profile
from rootfs import cpio, elf_closure
from rootfs.initramfs import decompress

pytestmark = pytest.mark.e2e
LIBRARY = "usr/lib/python3.13"
OWN = tuple(f"{LIBRARY}/{package}/" for package in initramfs.PACKAGES)


@pytest.fixture(scope="module")
def built() -> builder.Built:
    return builder.build()


@pytest.fixture(scope="module")
def entries(built: builder.Built) -> dict[str, cpio.Entry]:
    archive = decompress(built.initramfs.read_bytes())
    return {entry.path: entry for entry in cpio.read(archive)}


@pytest.fixture(scope="module")
def elves(entries: dict[str, cpio.Entry], tmp_path_factory: pytest.TempPathFactory) -> dict[str, elf_closure.Elf]:
    """Every ELF file of the archive by its path, unpacked to be looked into."""
    folder = tmp_path_factory.mktemp("root")
    found = {}
    for path, entry in entries.items():
        if elf_closure.is_elf(entry.data):
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(entry.data)
            found[path] = elf_closure.inspect(target)
    return found


def test_exactly_one_elf_file_is_an_executable(elves: dict[str, elf_closure.Elf]) -> None:
    listing = "\n".join(f"{'program' if elf.executable else 'library'} {path}" for path, elf in elves.items())
    assert [path for path, elf in elves.items() if elf.executable] == ["init"], listing


def test_every_shared_object_is_needed(
    elves: dict[str, elf_closure.Elf],
) -> None:
    loader = (elves["init"].interpreter or "").lstrip("/")
    assert loader in elves
    needed = {name for elf in elves.values() for name in elf.needed} | {Path(loader).name}
    extensions = {path for path in elves if "/lib-dynload/" in path or path.startswith((*OWN, initramfs.DRIVERS))}
    libraries = set(elves) - extensions - {"init"}
    assert {Path(path).name for path in libraries} == needed, "libraries nobody needs, or needed ones that are missing"


def test_every_compiled_module_is_there_and_its_byte_code_is_not(entries: dict[str, cpio.Entry]) -> None:
    listed = [*table.names(builder.REPOSITORY, initramfs.PACKAGES), *table.image_only(builder.REPOSITORY)]
    assert "hftapp.nic.dpdk" in listed
    places = {f"{LIBRARY}/{name.replace('.', '/')}" for name in listed}
    assert {place for place in places if f"{place}.so" not in entries} == set()
    assert {place for place in places if f"{place}.pyc" in entries} == set()


def test_the_drivers_of_the_profile_are_there_and_no_others(entries: dict[str, cpio.Entry]) -> None:
    names = {Path(path).name for path in entries if path.startswith(f"{initramfs.DRIVERS}/")}
    assert names == {f"librte_{driver.name}{initramfs.DRIVER_SUFFIX}" for driver in profile.load("qemu").drivers}


def test_the_rest_is_byte_code_the_configuration_and_the_table_of_knobs(
    entries: dict[str, cpio.Entry], elves: dict[str, elf_closure.Elf]
) -> None:
    files = {path for path, entry in entries.items() if stat.S_ISREG(entry.mode)}
    rest = files - set(elves)
    byte_code = {path for path in rest if path.endswith(".pyc")}
    assert {path for path in byte_code if not path.startswith(f"{LIBRARY}/")} == set()
    assert rest - byte_code == {"etc/hftos.toml", "etc/hftos/knobs.json"}
    assert not any(entries[path].data.startswith(b"#!") for path in files)


def test_nothing_can_be_started_but_what_must_be(
    entries: dict[str, cpio.Entry], elves: dict[str, elf_closure.Elf]
) -> None:
    marked = {p for p, entry in entries.items() if stat.S_ISREG(entry.mode) and entry.mode & 0o111}
    loader = (elves["init"].interpreter or "").lstrip("/")
    assert marked == {"init", loader}, "the kernel maps the loader with /init only if it is marked executable"
    assert not any(entry.mode & (stat.S_ISUID | stat.S_ISGID) for entry in entries.values())


def test_only_the_nodes_the_interpreter_needs_before_pid_1_mounts_devtmpfs(entries: dict[str, cpio.Entry]) -> None:
    nodes = [e.path for e in entries.values() if not stat.S_ISREG(e.mode) and not stat.S_ISDIR(e.mode)]
    assert nodes == ["dev/console", "dev/urandom"]


def test_the_program_and_its_protocols_are_there(entries: dict[str, cpio.Entry]) -> None:
    assert {f"{LIBRARY}/hftapp/__main__.pyc", f"{LIBRARY}/protocols/itch50.pyc", f"{LIBRARY}/os.pyc"} <= set(entries)


def test_the_manifest_accounts_for_every_byte(built: builder.Built, entries: dict[str, cpio.Entry]) -> None:
    parts = [part for part in built.read_manifest()["components"] if part["kind"] != "kernel"]
    files = [entry for entry in entries.values() if stat.S_ISREG(entry.mode)]
    assert sum(part["files"] for part in parts) == len(files)
    assert sum(part["bytes"] for part in parts) == sum(len(entry.data) for entry in files)
    assert all(part["version"] != "unknown" and len(part["sha256"]) == 64 for part in parts)
