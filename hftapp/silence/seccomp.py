"""Puts a filter on the calling thread, for good: prctl(2), seccomp(2)."""

import ctypes
import os
from collections.abc import Sequence
from typing import Final

from hftapp.silence import bpf
from hftapp.silence.calls import Call

NO_NEW_PRIVS: Final = 38
SECCOMP: Final = 317
SET_MODE_FILTER: Final = 1
SPEC_ALLOW: Final = 4
"""The filter is no sandbox for foreign code, so speculative stores need not be slowed down for it."""

_libc = ctypes.CDLL(None, use_errno=True)


class _Program(ctypes.Structure):
    """struct sock_fprog."""

    _fields_ = (("len", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def install(allowed: Sequence[Call], refuse: int = bpf.KILL_PROCESS) -> None:
    """From now on this thread may make only these system calls; any other ends the process with SIGSYS.

    Raises OSError when the kernel has no seccomp filters.
    """
    code = bpf.assembled(bpf.program(allowed, refuse))
    program = _Program(len(code) // bpf.INSTRUCTION.size, code)
    _check(_libc.prctl(NO_NEW_PRIVS, 1, 0, 0, 0), "prctl(PR_SET_NO_NEW_PRIVS)")
    _check(
        _libc.syscall(
            ctypes.c_long(SECCOMP),
            ctypes.c_ulong(SET_MODE_FILTER),
            ctypes.c_ulong(SPEC_ALLOW),
            ctypes.byref(program),
        ),
        "seccomp(SECCOMP_SET_MODE_FILTER): a kernel with SECCOMP_FILTER is needed, or [cpu] silence = false",
    )


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
