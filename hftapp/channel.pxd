from libc.stdint cimport int64_t, uint8_t

cdef class Channel:
    cdef public bint established
    cdef public str closed
    cdef uint8_t *out
    cdef public Py_ssize_t out_at
    cdef const uint8_t *data
    cdef public Py_ssize_t start
    cdef public bint laid

    cpdef bint reserve(self, Py_ssize_t length, int64_t now) except -1
    cdef int foresee(self, const uint8_t *message, Py_ssize_t length) noexcept
    cpdef commit(self, Py_ssize_t length, int64_t now)
    cpdef int launch(self, Py_ssize_t length, int64_t now) except -1
    cpdef int keep(self, int64_t now) except -1
    cpdef send(self, bytes data, int64_t now)
    cpdef Py_ssize_t receive(self, int64_t now) except -1
    cpdef consume(self, Py_ssize_t count)
    cpdef bytes read(self, int64_t now)
    cpdef close(self, int64_t now)
    cpdef abort(self)
