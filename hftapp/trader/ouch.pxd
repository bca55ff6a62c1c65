from libc.stdint cimport uint8_t

from hftapp.octets cimport copy, put32, put64
from hftapp.trader.order cimport Order

cdef int _YES, _NO, _CANCEL
cdef Py_ssize_t _REPLACE_LENGTH, _CANCEL_LENGTH

cdef class OuchEncoder:
    cdef bytearray _enter_store
    cdef bytearray _replace_store
    cdef uint8_t *_enter
    cdef uint8_t *_replace
    cdef readonly Py_ssize_t enter_length

    cpdef Py_ssize_t enter(self, uint8_t *room, Py_ssize_t at, Order order) except -1
    cpdef Py_ssize_t replace(self, uint8_t *room, Py_ssize_t at, Order order) except -1
    cpdef Py_ssize_t cancel(self, uint8_t *room, Py_ssize_t at, Order order) except -1
