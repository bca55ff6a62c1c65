"""The few system calls that CPython does not offer: mount(2), mlockall(2), madvise(2), mempolicies, reboot(2)."""

import ctypes
import os

MCL_CURRENT = 1
MCL_FUTURE = 2
MCL_ONFAULT = 4
MADV_POPULATE_READ = 22
MADV_POPULATE_WRITE = 23
RB_POWER_OFF = 0x4321FEDC

_SET_MEMPOLICY = 238
_GET_MEMPOLICY = 239
_MPOL_PREFERRED = 1
_MOST_NODES = 64
_MASK_BITS = ctypes.c_ulong(_MOST_NODES + 1)
"""Of one word, and one more: the kernel counts one less than it is told (mm/mempolicy.c, get_nodes)."""

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def mount(source: str, target: str, fstype: str, flags: int = 0, data: str = "") -> None:
    """mount(2); raises OSError that names target and file system."""
    result = _libc.mount(source.encode(), target.encode(), fstype.encode(), ctypes.c_ulong(flags), data.encode())
    _check(result, f"mount {fstype} on {target}")


def mlockall(flags: int = MCL_CURRENT | MCL_FUTURE) -> None:
    """mlockall(2): no page of this process is ever paged out or faulted in again."""
    _check(_libc.mlockall(ctypes.c_int(flags)), "mlockall")


def madvise(address: int, size: int, advice: int) -> None:
    """madvise(2) with one of the MADV_ advices."""
    result = _libc.madvise(ctypes.c_void_p(address), ctypes.c_size_t(size), ctypes.c_int(advice))
    _check(result, f"madvise({address:#x}, {size}, {advice})")


def prefer_memory_of(node: int) -> None:
    """set_mempolicy(2): memory of this thread and its children comes from a node (0 to 63) while it has any.

    Raises ValueError for other numbers, OSError for a node without memory.
    """
    if not 0 <= node < _MOST_NODES:
        raise ValueError(f"memory node {node}: must be 0 to {_MOST_NODES - 1}")
    mask = ctypes.c_ulong(1 << node)
    result = _libc.syscall(_SET_MEMPOLICY, ctypes.c_int(_MPOL_PREFERRED), ctypes.byref(mask), _MASK_BITS)
    _check(result, f"set_mempolicy(MPOL_PREFERRED, node {node})")


def preferred_memory() -> int | None:
    """get_mempolicy(2): the node that `prefer_memory_of` was told, None when there is no such policy."""
    mode, mask = ctypes.c_int(0), ctypes.c_ulong(0)
    result = _libc.syscall(_GET_MEMPOLICY, ctypes.byref(mode), ctypes.byref(mask), _MASK_BITS, None, ctypes.c_ulong(0))
    _check(result, "get_mempolicy")
    return mask.value.bit_length() - 1 if mode.value == _MPOL_PREFERRED else None


def reboot(command: int) -> None:
    """reboot(2) with one of the RB_ commands; does not return when it succeeds."""
    _check(_libc.reboot(ctypes.c_int(command)), f"reboot({command:#x})")
