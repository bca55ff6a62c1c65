"""The few system calls that CPython does not offer: mount(2), mlockall(2), madvise(2), set_mempolicy(2), reboot(2)."""

import ctypes
import os

MCL_CURRENT = 1
MCL_FUTURE = 2
MCL_ONFAULT = 4
MADV_POPULATE_READ = 22
MADV_POPULATE_WRITE = 23
RB_POWER_OFF = 0x4321FEDC
SYS_SET_MEMPOLICY = 238
MPOL_PREFERRED = 1

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


def set_mempolicy_preferred(node: int) -> None:
    """set_mempolicy(2): memory of this thread and its children comes from a node (0 to 63) while it has any."""
    mask, bits = ctypes.c_ulong(1 << node), ctypes.c_ulong(65)  # the kernel counts one bit less than it is told
    result = _libc.syscall(SYS_SET_MEMPOLICY, ctypes.c_int(MPOL_PREFERRED), ctypes.byref(mask), bits)
    _check(result, f"set_mempolicy(MPOL_PREFERRED, node {node})")


def reboot(command: int) -> None:
    """reboot(2) with one of the RB_ commands; does not return when it succeeds."""
    _check(_libc.reboot(ctypes.c_int(command)), f"reboot({command:#x})")
