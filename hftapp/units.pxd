from libc.stdint cimport int64_t

ctypedef int64_t price_t
ctypedef int64_t shares_t
ctypedef int64_t notional_t
