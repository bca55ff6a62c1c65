"""Remembers which system call the filter refused, before the process ends for it.

The kernel tells a handler of SIGSYS the number (seccomp(2), SECCOMP_RET_TRAP), and no one else: not the parent, and
there is no audit log in the image. The handler writes it down in shared memory and makes another forbidden call; SIGSYS
is blocked by then, so that one ends the process, whatever anybody has set (force_sig_info in Linux' kernel/signal.c).

Interpreted there is no handler, and the filter has to end the process at the first call.
"""

from __future__ import annotations

import cython

from hftapp.shared import Words
from hftapp.silence import bpf, counted

if not cython.compiled:
    from hftapp.shared import words_of


def arm(words: Words) -> int:
    """Set the handler; `words`: of the group `silence`. Returns what the filter has to answer."""
    if not cython.compiled:
        return bpf.KILL_PROCESS
    cell = words_of(words[counted.TRAPPED :])
    if _set_handler(cell) != 0:  # type: ignore[name-defined]  # noqa: F821
        raise OSError("sigaction(SIGSYS) failed")
    return bpf.TRAP
