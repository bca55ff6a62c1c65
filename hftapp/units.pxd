from libc.stdint cimport int64_t

ctypedef int64_t price_t
ctypedef int64_t shares_t
ctypedef int64_t notional_t
ctypedef int64_t fee_t

cdef inline price_t Price(price_t number) noexcept nogil:
    return number

cdef inline shares_t Shares(shares_t number) noexcept nogil:
    return number

cdef inline notional_t Notional(notional_t number) noexcept nogil:
    return number

cdef inline fee_t Fee(fee_t number) noexcept nogil:
    return number
