cimport cython

from exchange.itch_writer cimport ItchWriter


cdef class SnapshotWriter(ItchWriter):
    cdef public unsigned long long messages
    cdef Py_ssize_t _capacity
    cdef Py_ssize_t _used
    cdef list _chunks

    cpdef tuple finish(self, unsigned long long sequence)
    @cython.locals(at=Py_ssize_t, buffer=cython.p_uchar)
    cdef Py_ssize_t _begin(self, unsigned char code, Py_ssize_t length) except -1
    cdef _cut(self)
