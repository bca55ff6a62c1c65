"""Assembled from the Python that runs the tests: the interpreter is /init, and nothing else can be started."""

import importlib
import stat
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from rootfs import cpio, elf_closure, initramfs
from rootfs.errors import RootfsError
from rootfs.initramfs import Source


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    tree = tmp_path_factory.mktemp("tree")
    modules: list[dict[str, object]] = []
    for name, own in (("os", False), ("app", True)):
        path = f"usr/lib/python3/{name}.pyc"
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_bytes(name.encode())
        modules.append({"module": name, "path": path, "own": own})
    python = Path(sys.executable).resolve()
    return Source(Path("/"), python, tree, modules, {}, "1.2.3", b"[nic]\n")


@pytest.fixture(scope="module")
def entries(source: Source) -> dict[str, cpio.Entry]:
    archive = initramfs.decompress(initramfs.assemble(source).archive)
    return {entry.path: entry for entry in cpio.read(archive)}


def test_the_interpreter_is_init(source: Source, entries: dict[str, cpio.Entry]) -> None:
    assert entries["init"].data == source.interpreter.read_bytes()
    assert entries["init"].mode == stat.S_IFREG | 0o755


def test_only_the_interpreter_and_its_loader_are_marked_executable(
    source: Source, entries: dict[str, cpio.Entry]
) -> None:
    loader = (elf_closure.inspect(source.interpreter).interpreter or "").lstrip("/")
    marked = {path for path, entry in entries.items() if stat.S_ISREG(entry.mode) and entry.mode & 0o111}
    assert marked == {"init", loader}
    assert any(path.endswith("libc.so.6") for path in entries)


@pytest.mark.parametrize("mode", [0o755, 0o644])
def test_the_kernel_starts_a_program_whose_loader_is_executable_and_whose_libraries_are_not(
    tmp_path: Path, mode: int
) -> None:
    """The other way round it refuses: the loader's mark is needed."""
    program = Path("/bin/true").resolve()
    for place, file in elf_closure.closure([program], Path("/")).items():
        target = tmp_path / place
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.read_bytes())
        target.chmod(mode if "ld-linux" in place else 0o644)
    (tmp_path / "true").write_bytes(program.read_bytes())
    (tmp_path / "true").chmod(0o755)
    command = [
        "unshare",
        "-Ur",
        sys.executable,
        "-c",
        f"import os; os.chroot({str(tmp_path)!r}); os.execv('/true', ['true'])",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode == 0) == (mode == 0o755), done.stderr
    assert mode == 0o755 or "PermissionError" in done.stderr


def test_the_console_exists_before_pid_1_mounts_anything(entries: dict[str, cpio.Entry]) -> None:
    assert stat.S_ISCHR(entries["dev/console"].mode)
    assert entries["dev/console"].device == (5, 1)
    assert entries["dev/urandom"].device == (1, 9)
    assert {"proc", "sys", "run"} <= set(entries)


def test_byte_code_and_configuration(entries: dict[str, cpio.Entry]) -> None:
    assert entries["usr/lib/python3/app.pyc"].data == b"app"
    assert entries["etc/hftos.toml"].data == b"[nic]\n"


def test_the_profiles_knobs_lie_where_pid_1_reads_them(source: Source) -> None:
    made = initramfs.assemble(replace(source, knobs=b'{"knobs": []}'))
    entries = {entry.path: entry for entry in cpio.read(initramfs.decompress(made.archive))}
    assert entries["etc/hftos/knobs.json"].data == b'{"knobs": []}'
    assert "knobs.json" in {part.name for part in made.components}
    assert "knobs.json" not in {part.name for part in initramfs.assemble(source).components}


def test_the_components_cover_every_file(source: Source, entries: dict[str, cpio.Entry]) -> None:
    packed = initramfs.assemble(source)
    files = [entry for entry in entries.values() if stat.S_ISREG(entry.mode)]
    assert sum(part.files for part in packed.components) == len(files)
    assert sum(part.bytes for part in packed.components) == sum(len(entry.data) for entry in files)
    kinds = {part.name: (part.kind, part.version) for part in packed.components}
    assert kinds["app"] == ("byte code", "1.2.3")
    assert kinds["libc.so.6"][0] == "library"


def test_the_same_parts_give_the_same_bytes(source: Source) -> None:
    assert initramfs.assemble(source).archive == initramfs.assemble(source).archive


def test_a_second_archive_can_follow(source: Source) -> None:
    packed = initramfs.assemble(source).archive
    assert len(packed) % 4 == 0, "the kernel looks for a plain archive at a multiple of four"
    more = cpio.write([cpio.file("etc/hftos.toml", b"[other]\n")])
    assert list(cpio.read(initramfs.decompress(packed + more)))[-1].data == b"[other]\n"


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda packed: b"", "of 0 bytes is truncated"),
        (lambda packed: packed[:40], "of 40 bytes is truncated"),
        (lambda packed: b"nothing", "of 7 bytes cannot be unpacked"),
        (lambda packed: packed[:4] + bytes(200), "of 204 bytes"),
    ],
)
def test_a_damaged_archive_is_an_error_of_this_package(damage: Callable[[bytes], bytes], said: str) -> None:
    packed = initramfs.compress(cpio.write([cpio.file("init", b"program")]))
    with pytest.raises(RootfsError, match=said):
        initramfs.decompress(damage(packed))


def test_compiled_modules_and_drivers_bring_their_libraries(source: Source, tmp_path: Path) -> None:
    """Any shared object will do: the standard library's with libraries of their own stand for ours and DPDK's."""
    extension = Path(importlib.import_module("_bz2").__file__ or "")
    driver = Path(importlib.import_module("_lzma").__file__ or "")
    path = "usr/lib/python3/app/hot.so"
    target = tmp_path / path
    target.parent.mkdir(parents=True)
    target.write_bytes(extension.read_bytes())
    hot = replace(
        source,
        tree=tmp_path,
        modules=[{"module": "app.hot", "path": path, "own": True}],
        drivers={driver.relative_to("/").as_posix(): "a card"},
    )
    packed = initramfs.assemble(hot)
    files = {entry.path: entry for entry in cpio.read(initramfs.decompress(packed.archive))}
    assert files[path].data == extension.read_bytes()
    assert files[driver.relative_to("/").as_posix()].data == driver.read_bytes()
    needed = {Path(name).name for name in elf_closure.closure([extension, driver], Path("/"))}
    assert needed <= {Path(name).name for name in files}
    parts = {part.name: part for part in packed.components}
    assert (parts["app, compiled"].kind, parts["app, compiled"].version) == ("machine code", "1.2.3")
    assert (parts[driver.name].kind, parts[driver.name].why) == ("DPDK driver", "a card")
    assert len({name for name in files if Path(name).name.startswith("ld-linux")}) == 1
