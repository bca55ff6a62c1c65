from libc.stdint cimport int64_t

cdef class Limits:
    cdef readonly int64_t order_shares
    cdef readonly int64_t order_notional
    cdef readonly int64_t collar_bps
    cdef readonly int64_t fat_finger_bps
    cdef readonly int64_t position
    cdef readonly int64_t symbol_open_notional
    cdef readonly int64_t open_notional
    cdef readonly int64_t open_orders
    cdef readonly int64_t gross_exposure
    cdef readonly int64_t net_exposure
    cdef readonly int64_t executed_notional
    cdef readonly int port_rate
    cdef readonly int symbol_rate
    cdef readonly int64_t duplicate_window
