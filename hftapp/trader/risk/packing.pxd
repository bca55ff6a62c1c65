from libc.stdint cimport int64_t

from hftapp.units cimport price_t, shares_t

cdef inline int64_t place_of(int64_t index, int64_t venue) noexcept nogil:
    return index << 2 | venue

cdef inline int64_t chain_of(int64_t place, int64_t terms) noexcept nogil:
    return (terms ^ place * 0x5851F42D) * 0x5851F42D >> 32

cdef inline int64_t terms_of(int64_t side, shares_t shares, price_t price) noexcept nogil:
    return price << 22 | shares << 2 | (side + 1)
