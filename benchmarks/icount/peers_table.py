"""The rows of the comparison: who does the job, on which kernel, started how."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.icount import programs
from benchmarks.icount.echoes import Echoes
from image.buildroot import BuildRoot
from lab.lockstep import kernels
from lab.lockstep.exchange import Exchange
from lab.lockstep.guest import Guest
from lab.lockstep.image_guest import COUNTED, ImageGuest, built, image_guest
from lab.lockstep.session import Bootable, Connect
from qemu.machine import ONE_BUFFER_A_FRAME

OURS = "image"
STOCK, REALTIME = "linux-image-amd64", "linux-image-rt-amd64"
_CONSOLE = "console=ttyS0 quiet panic=-1"
_PYTHON = " -- -I -S -B -m peer"
_HUGE_PAGES = "hugepages=48"


@dataclass(frozen=True, slots=True)
class Peer:
    """One row. `what` says precisely what it does; `make` gives the guest, putting its initramfs into a folder."""

    name: str
    what: str
    make: Callable[[BuildRoot, Path, int], Bootable]
    connect: Connect = Exchange


def _sockets(metapackage: str | None) -> Callable[[BuildRoot, Path, int], Guest]:
    def make(root: BuildRoot, folder: Path, _ticks: int) -> Guest:
        kernel, modules = _kernel(metapackage)
        return Guest(kernel, _put(folder, programs.sockets(root, modules)), _CONSOLE)

    return make


def _python(root: BuildRoot, folder: Path, _ticks: int) -> Guest:
    kernel, modules = _kernel(STOCK)
    return Guest(kernel, _put(folder, programs.python(root, modules)), _CONSOLE + _PYTHON)


def _echo(root: BuildRoot, folder: Path, _ticks: int) -> Guest:
    line = f"{_CONSOLE} {_HUGE_PAGES}"
    return Guest(built("vmlinuz"), _put(folder, programs.echo(root)), line, card=ONE_BUFFER_A_FRAME)


def _ours(_root: BuildRoot, folder: Path, ticks: int) -> ImageGuest:
    return image_guest(folder, "dpdk", f"icount,ticks={ticks}", "virtio", COUNTED, counted=True)


PEERS = (
    Peer(OURS, "this project: DPDK, own stack, everything in compiled Python", _ours),
    Peer(
        "echo", "floor: DPDK in C sends a frame back with its MACs swapped; no stack, no feed, no order", _echo, Echoes
    ),
    Peer("c_sockets", "the whole job in C, kernel sockets, busy polling, this project's kernel", _sockets(None)),
    Peer("c_debian", "the same program on Debian's stock kernel", _sockets(STOCK)),
    Peer("c_debian_rt", "the same program on Debian's PREEMPT_RT kernel", _sockets(REALTIME)),
    Peer("python_debian", "the whole job in Python 3.13, epoll and sockets, Debian's stock kernel", _python),
)


def _kernel(metapackage: str | None) -> tuple[Path, Sequence[Path]]:
    if metapackage is None:
        return built("vmlinuz"), ()
    found = kernels.ensure(metapackage)
    return found.image, found.modules


def _put(folder: Path, archive: bytes) -> Path:
    path = folder / "initramfs"
    path.write_bytes(archive)
    return path
