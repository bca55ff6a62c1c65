cimport cython
from libc.stdint cimport int64_t, uint64_t

from hftapp.book.lookup cimport higher_of_four
from hftapp.units cimport Price, Shares, price_t, shares_t

cdef uint64_t _LOW
cdef int64_t _GUARD, _SLAB
cdef int _NEAR


cdef class Levels:
    cdef readonly Py_ssize_t halves
    cdef readonly Py_ssize_t capacity
    cdef readonly int64_t grown
    cdef int64_t[::1] heads
    cdef object _mapped
    cdef uint64_t[::1] pool
    cdef int64_t *rows                   # the memory of `heads`
    cdef uint64_t *cells                 # the memory of `pool`
    cdef int64_t[::1] free
    cdef int64_t end

    @cython.locals(key=uint64_t, at=int64_t, higher=int64_t)
    cdef int add(self, Py_ssize_t half, uint64_t price, uint64_t shares) except -1
    @cython.locals(key=uint64_t, at=int64_t, higher=int64_t, end=int64_t)
    cdef void take(self, Py_ssize_t half, uint64_t price, uint64_t shares, bint gone) noexcept
    @cython.locals(at=int64_t, limit=uint64_t, higher=int64_t)
    cdef int64_t seek(self, Py_ssize_t half, uint64_t key) noexcept
    cpdef int64_t depth(self, Py_ssize_t half) noexcept
    @cython.locals(at=int64_t)
    cpdef price_t price(self, Py_ssize_t half, int64_t i) noexcept
    @cython.locals(at=int64_t)
    cpdef shares_t shares(self, Py_ssize_t half, int64_t i) noexcept
    @cython.locals(at=int64_t)
    cpdef int64_t orders(self, Py_ssize_t half, int64_t i) noexcept
    @cython.locals(key=uint64_t, at=int64_t)
    cpdef shares_t shares_at(self, Py_ssize_t half, uint64_t price) noexcept
    @cython.locals(at=int64_t)
    cdef int64_t level(self, Py_ssize_t half, int64_t i) noexcept
    cpdef bint relieve(self) except -1
    @cython.locals(left=int64_t, half=int64_t)
    cdef int64_t halve(self, int64_t low, int64_t high, uint64_t limit) noexcept
    @cython.locals(at=int64_t, i=int64_t)
    cdef int insert(self, Py_ssize_t half, int64_t place, uint64_t key, uint64_t shares) except -1
    @cython.locals(old=int64_t, used=int64_t, room=int64_t, size=int64_t, start=int64_t, i=int64_t, rank=int64_t)
    cdef int _enlarge(self, Py_ssize_t half) except -1
    @cython.locals(start=int64_t, rank=int64_t)
    cdef int64_t _slab(self, int64_t size) except -1
    cdef int64_t _rank(self, int64_t size) noexcept
    @cython.locals(old=uint64_t[::1], i=int64_t)
    cdef int _grow(self) except -1
    cdef void _point(self) noexcept
