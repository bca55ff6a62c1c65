cimport cython
from libc.stdint cimport uint8_t, uint32_t

from hftapp.nic.area cimport base, part, put_word32, word32
from hftapp.nic.syscalls cimport sendmmsg

cdef class SendQueue:
    cdef readonly Py_ssize_t waiting
    cdef readonly int error
    cdef readonly Py_ssize_t sent_frames
    cdef readonly Py_ssize_t sent_bytes
    cdef int _descriptor
    cdef bytearray _store
    cdef bytearray _parts
    cdef bytearray _messages
    cdef uint8_t *_rooms
    cdef uint8_t *_lengths
    cdef uint8_t *_headers

    cdef uint8_t *room(self) noexcept
    cdef bint append(self, Py_ssize_t length) noexcept
    cdef Py_ssize_t length(self, Py_ssize_t i) noexcept
    @cython.locals(done=Py_ssize_t, i=Py_ssize_t, result=int)
    cdef Py_ssize_t flush(self) noexcept
