from libc.stdint cimport int64_t, uint8_t, uint64_t

from hftapp.trader.instrument cimport Instrument
from hftapp.units cimport Notional, Price, Shares, notional_t, price_t, shares_t

cdef int _PENDING
cdef Instrument _NOWHERE

cdef class Order:
    # In the order of use: what sending, filling and the risk gate touch comes first.
    cdef public int64_t ref
    cdef public price_t price
    cdef public shares_t remaining
    cdef public int side
    cdef public int state
    cdef public int venue
    cdef public int mark
    cdef public bint cancelling
    cdef public bint cancel_rejected
    cdef public bint iso
    cdef public int tif
    cdef public int owner
    cdef public Instrument instrument
    cdef public Order replaces
    cdef public Order replaced_by
    cdef public shares_t executed
    cdef public shares_t exposed
    cdef public notional_t counted
    cdef public uint64_t reference
    cdef public int64_t entered_at
    cdef public Order next
    cdef public Order prev
    cdef public Py_ssize_t place
    cdef public int64_t replaced_ref
    cdef public int64_t heir_ref
    cdef public int end
    cdef public int64_t detail
    cdef public int64_t after_ref
    cdef public str said
    cdef bytearray _token
    cdef uint8_t *token

    cpdef bint busy(self) noexcept
