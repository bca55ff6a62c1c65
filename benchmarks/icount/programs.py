"""The peers' initramfs: a compiled C program, or Debian's Python with the peer's modules, as `/init`."""

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

from image import cache
from image.buildroot import BuildRoot
from lab.lockstep import job
from rootfs import cpio, elf_closure, initramfs

PEERS = Path(__file__).with_name("peers")
_FLAGS = ("-O2", "-march=x86-64-v3", "-Wall", "-Wextra", "-Werror")
_PMDS = ("rte_bus_pci", "rte_bus_vdev", "rte_mempool_ring", "rte_net_virtio")
"""What DPDK finds when it is loaded, so no symbol of it is named by the program."""
_HEADERS = ("-isystem", "/usr/include/dpdk", "-isystem", "/usr/include/x86_64-linux-gnu/dpdk")
_STDLIB = "usr/lib/python3.13"
_PYTHON_PEER = ("__init__", "python_guest", "python_arbiter", "python_book", "python_orders", "python_sockets")
_PYTHON_MAIN = "from peer import job\nfrom peer.python_sockets import run\n\nrun(job)\n"


def sockets(root: BuildRoot, modules: Sequence[Path]) -> bytes:
    """The C program with the kernel's sockets, statically linked."""
    program = _compiled(root, "sockets.c", ("-static",))
    return cpio.write([cpio.file("init", program, 0o755), *_system(modules)])


def echo(root: BuildRoot) -> bytes:
    """The DPDK echo with its libraries."""
    pmds = " ".join(f"-l{name}" for name in _PMDS)
    libraries = f"-Wl,--no-as-needed {pmds} -Wl,--as-needed -lrte_ethdev -lrte_mbuf -lrte_mempool -lrte_eal"
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "init"
        place.write_bytes(_compiled(root, "echo.c", (*_HEADERS, *libraries.split())))
        system = root.path.resolve()
        found = elf_closure.closure([place], system)
        loader = (elf_closure.inspect(place).interpreter or "").lstrip("/")
        files = {"init": place.read_bytes(), **{name: path.read_bytes() for name, path in found.items()}}
    entries = [cpio.file(name, data, 0o755 if name in ("init", loader) else 0o644) for name, data in files.items()]
    return cpio.write([*entries, *_system(())])


def python(root: BuildRoot, modules: Sequence[Path]) -> bytes:
    """The Python program on Debian's interpreter, with the part of its library that it imports."""
    system = root.path.resolve()
    with tempfile.TemporaryDirectory() as folder:
        sources, out = Path(folder) / "sources", Path(folder) / "out"
        (sources / "peer").mkdir(parents=True)
        out.mkdir()
        for name in _PYTHON_PEER:
            (sources / f"peer/{name}.py").write_bytes((PEERS / f"{name}.py").read_bytes())
        (sources / "peer/job.py").write_text(job.python_module(), encoding="utf-8")
        (sources / "peer/__main__.py").write_text(_PYTHON_MAIN, encoding="utf-8")
        spec: dict[str, object] = {"program": "peer", "packages": ["peer"], "named": [], "compiled": {}}
        spec |= {"sources": "/mnt/sources", "stdlib": f"/{_STDLIB}"}
        (out / "spec.json").write_text(json.dumps(spec), encoding="utf-8")
        binds = {"rootfs": Path(initramfs.__file__).parent, "sources": sources, "out": out}
        command = ["python3", "-B", "-m", "rootfs.python_tree", "/mnt/out/spec.json", "/mnt/out"]
        root.run(command, binds=binds, environment={"PYTHONPATH": "/mnt", "PYTHONHASHSEED": "0"})
        found, _ = initramfs.read_closure(out / "closure.json")
        interpreter = (system / "usr/bin/python3").resolve()
        source = initramfs.Source(system, interpreter, out / "tree", found, root.versions, "peer", None)
        packed = initramfs.assemble(source).archive
    return packed + cpio.write(_modules(modules))


def _compiled(root: BuildRoot, source: str, options: Sequence[str]) -> bytes:
    key = cache.key(
        root=root.identity,
        sources=cache.hash_tree(PEERS, suffixes=(".c", ".h")),
        job=job.c_header(),
        source=source,
        options=[*_FLAGS, *options],
    )

    def make(out: Path) -> None:
        (out / "job.h").write_text(job.c_header(), encoding="utf-8")
        place = ["-I/mnt/out", "-I/mnt/peers", f"/mnt/peers/{source}", "-o", "/mnt/out/program"]
        root.run(["gcc", *_FLAGS, *place, *options], binds={"peers": PEERS, "out": out})

    folder, _ = cache.product("icount-program", key, make)
    return (folder / "program").read_bytes()


def _system(modules: Sequence[Path]) -> list[cpio.Entry]:
    folders = [cpio.folder(path) for path in ("dev", "proc", "sys")]
    return [*folders, cpio.node("dev/console", 5, 1), *_modules(modules)]


def _modules(modules: Sequence[Path]) -> list[cpio.Entry]:
    return [cpio.file(f"modules/{path.name}", path.read_bytes()) for path in modules]
