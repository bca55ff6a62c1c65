cimport cython
from libc.stdint cimport int64_t

from hftapp.trader.order cimport Order

cdef int64_t _RING, _MASK

cdef class OrderPool:
    cdef readonly int venues
    cdef readonly int64_t grown
    cdef list _ring
    cdef dict _elsewhere
    cdef list _free
    cdef Py_ssize_t _free_count
    cdef list _dead
    cdef Py_ssize_t _dead_at
    cdef Py_ssize_t _max_dead

    @cython.locals(order=Order)
    cpdef Order take(self)
    @cython.locals(place=Py_ssize_t, held=Order)
    cpdef add(self, Order order)
    @cython.locals(order=Order)
    cpdef Order find(self, int venue, int64_t ref)
    @cython.locals(old=Order)
    cpdef bury(self, Order order)
    @cython.locals(place=Py_ssize_t, held=Order)
    cdef _forget(self, Order order)
    cdef _aside(self, Order order)
