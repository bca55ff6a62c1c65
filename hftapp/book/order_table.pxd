cimport cython
from libc.stdint cimport int64_t, uint64_t

from hftapp.book.lookup cimport home_of
from hftapp.units cimport Price, Shares, price_t, shares_t

cdef uint64_t _LOW
cdef Py_ssize_t _NOT_FOUND, _WORDS


cdef class OrderTable:
    cdef readonly Py_ssize_t count
    cdef readonly Py_ssize_t capacity
    cdef readonly int64_t grown
    cdef object _mapped
    cdef uint64_t[::1] words
    cdef uint64_t *cells                 # the same memory
    cdef Py_ssize_t limit                # so many orders make it grow
    cdef Py_ssize_t mask
    cdef int shift

    cdef Py_ssize_t home(self, uint64_t reference) noexcept
    @cython.locals(i=Py_ssize_t)
    cdef Py_ssize_t find(self, uint64_t reference) noexcept
    @cython.locals(i=Py_ssize_t)
    cdef Py_ssize_t insert(self, uint64_t reference, uint64_t price, uint64_t shares, uint64_t half) except? -2
    @cython.locals(hole=Py_ssize_t, i=Py_ssize_t)
    cdef void remove(self, Py_ssize_t slot) noexcept
    cpdef bint relieve(self) except -1
    cpdef bint holds(self, uint64_t reference) noexcept
    @cython.locals(i=Py_ssize_t)
    cpdef price_t price(self, uint64_t reference) noexcept
    @cython.locals(i=Py_ssize_t)
    cpdef shares_t shares(self, uint64_t reference) noexcept
    @cython.locals(i=Py_ssize_t, at=Py_ssize_t, old=uint64_t[::1], slots=Py_ssize_t)
    cdef _grow(self)
    cdef void _point(self) noexcept
