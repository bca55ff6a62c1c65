from libc.stdint cimport uint8_t, uint32_t

from hftapp.nic.area cimport acquire32, base, put_word32, release32, word32

cdef uint32_t _WRAP

cdef class XskRing:
    cdef readonly uint32_t size
    cdef readonly uint32_t position
    cdef object _memory
    cdef uint8_t *_area
    cdef Py_ssize_t _producer
    cdef Py_ssize_t _consumer
    cdef Py_ssize_t _flags
    cdef Py_ssize_t _descriptors

    cdef uint32_t available(self) noexcept
    cdef uint32_t outstanding(self) noexcept
    cdef bint wants_wakeup(self) noexcept
    cdef void publish(self) noexcept
    cdef void release(self) noexcept
    cdef void put_address(self, uint32_t address) noexcept
    cdef uint32_t take_address(self) noexcept
    cdef void put_frame(self, uint32_t address, uint32_t length) noexcept
    cdef uint32_t address(self) noexcept
    cdef uint32_t length(self) noexcept
    cdef void advance(self) noexcept
    cpdef close(self)
