from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from hftapp.octets cimport copy, put32, put64
from hftapp.trader.instrument cimport Instrument
from hftapp.trader.order cimport Order
from hftapp.units cimport price_t, shares_t

cdef enum:
    _YES = 89
    _NO = 78
    _CANCEL = 88
    _REPLACE_LENGTH = 40
    _CANCEL_LENGTH = 9

cdef class OuchEncoder:
    cdef bytearray _replace_store
    cdef readonly bytes template
    cdef uint8_t *_replace
    cdef readonly Py_ssize_t enter_length

    cpdef Py_ssize_t replace(self, uint8_t *room, Py_ssize_t at, Order order) except -1
    cpdef Py_ssize_t cancel(self, uint8_t *room, Py_ssize_t at, Order order) except -1

# Interpreted the function of the same name in ouch.py runs; this one is part of whatever function calls it.
cdef inline void enter_order(
    uint8_t *room, Py_ssize_t at, Instrument instrument, shares_t shares, price_t price,
    int64_t ref, int mark, int tif, bint iso, const uint8_t *tokens, Py_ssize_t token
) noexcept:
    put32(room, at + 1, <uint32_t>ref)
    room[at + 5] = <uint8_t>mark
    put32(room, at + 6, <uint32_t>shares)
    put64(room, at + 10, instrument.stock_word)
    put64(room, at + 18, <uint64_t>price)
    room[at + 26] = <uint8_t>tif
    if iso:
        room[at + 29] = _YES
    copy(room, at + 31, tokens, token, 14)
