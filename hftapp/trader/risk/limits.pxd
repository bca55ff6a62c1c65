from libc.stdint cimport int64_t

from hftapp.units cimport Notional, Shares, notional_t, shares_t

cdef class Limits:
    cdef readonly shares_t order_shares
    cdef readonly notional_t order_notional
    cdef readonly int64_t collar_bps
    cdef readonly int64_t fat_finger_bps
    cdef readonly shares_t position
    cdef readonly notional_t symbol_open_notional
    cdef readonly notional_t open_notional
    cdef readonly int64_t open_orders
    cdef readonly notional_t gross_exposure
    cdef readonly notional_t net_exposure
    cdef readonly notional_t executed_notional
    cdef readonly int port_rate
    cdef readonly int symbol_rate
    cdef readonly int64_t duplicate_window
