from libc.stdint cimport int64_t
from libc.string cimport memset

from hftapp.shared cimport words_of

cdef extern from "<signal.h>" nogil:
    ctypedef struct siginfo_t:
        int si_syscall
    cdef struct sigaction:
        void (*sa_sigaction)(int, siginfo_t *, void *) noexcept
        int sa_flags
    int set_action "sigaction"(int, const sigaction *, sigaction *)
    int _SIGSYS "SIGSYS"
    int _SIGINFO "SA_SIGINFO"

cdef extern from "<unistd.h>" nogil:
    int getppid()

cdef int64_t *_cell

cdef inline void _trapped(int number, siginfo_t *info, void *context) noexcept nogil:
    _cell[0] = 1 + info.si_syscall
    while True:
        getppid()

cdef inline int _set_handler(int64_t *cell) noexcept:
    global _cell
    cdef sigaction action
    _cell = cell
    memset(&action, 0, sizeof(action))
    action.sa_sigaction = _trapped
    action.sa_flags = _SIGINFO
    return set_action(_SIGSYS, &action, NULL)
