cimport cython
from libc.stdint cimport int64_t, uint8_t
from libc.string cimport memcmp
from posix.time cimport CLOCK_MONOTONIC, clock_gettime, timespec

cdef extern from "sys/socket.h" nogil:
    Py_ssize_t c_send "send"(int, const void *, size_t, int)
    Py_ssize_t c_recv "recv"(int, void *, size_t, int)
    int MSG_NOSIGNAL

cdef extern from "poll.h" nogil:
    cdef struct pollfd:
        int fd
        short events
        short revents
    int c_poll "poll"(pollfd *, unsigned long, int)
    short POLLIN

cdef Py_ssize_t _COMPARED, _ROOM

cdef inline bint _send(int descriptor, bytes frame) noexcept:
    return c_send(descriptor, <const char *>frame, len(frame), MSG_NOSIGNAL) == len(frame)

cdef inline bint _wait(int descriptor, int64_t milliseconds) noexcept:
    cdef pollfd one
    one.fd = descriptor
    one.events = POLLIN
    return c_poll(&one, 1, <int>milliseconds) > 0

cdef inline Py_ssize_t _receive(int descriptor, uint8_t[::1] room) noexcept:
    return c_recv(descriptor, &room[0], room.shape[0], 0)

cdef inline int64_t _now() noexcept:
    cdef timespec now
    clock_gettime(CLOCK_MONOTONIC, &now)
    return now.tv_sec * <int64_t>1000000000 + now.tv_nsec

cdef inline bint _same(uint8_t[::1] room, bytes frame) noexcept:
    return memcmp(&room[12], <const char *>frame + 12, _COMPARED - 12) == 0


cdef class PingSocket:
    cdef int _descriptor
    cdef uint8_t[::1] _room

    @cython.locals(began=int64_t, now=int64_t, left=int64_t, length=Py_ssize_t)
    cpdef int64_t ping(self, bytes frame, int64_t milliseconds) except? -2
