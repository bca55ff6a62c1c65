from libc.stdint cimport int64_t

from hftapp.nic.port cimport Port

cdef class CountedPort(Port):
    cdef int64_t rx_frames
    cdef int64_t tx_frames
    cdef int64_t rx_bytes
    cdef int64_t tx_bytes
    cdef int64_t rx_dropped
    cdef int64_t tx_dropped

    cpdef stats(self)
