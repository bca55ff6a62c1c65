from libc.stdint cimport int64_t, uint8_t

from hftapp.octets cimport copy, put32, put64
from hftapp.trader.instrument cimport Instrument
from hftapp.trader.order cimport Order

cdef enum:
    _YES = 89
    _NO = 78
    _CANCEL = 88
    _ENTER_FIXED = 47
    _REPLACE_LENGTH = 40
    _CANCEL_LENGTH = 9

cdef class OuchEncoder:
    cdef bytearray _enter_store
    cdef bytearray _replace_store
    cdef uint8_t *_enter
    cdef uint8_t *_replace
    cdef readonly Py_ssize_t enter_length

    cdef void enter(
        self, uint8_t *room, Py_ssize_t at, Instrument instrument, int64_t shares, int64_t price,
        int64_t ref, int mark, int tif, bint iso, const uint8_t *tokens, Py_ssize_t token
    ) noexcept
    cpdef Py_ssize_t replace(self, uint8_t *room, Py_ssize_t at, Order order) except -1
    cpdef Py_ssize_t cancel(self, uint8_t *room, Py_ssize_t at, Order order) except -1
