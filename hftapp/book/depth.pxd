from libc.stdint cimport int64_t, uint64_t

from hftapp.book.levels cimport Levels
from hftapp.book.order_table cimport OrderTable
from hftapp.book.stocks cimport Stocks
from hftapp.units cimport price_t, shares_t


cdef class Depth:
    cdef readonly Py_ssize_t max_locates
    cdef readonly OrderTable orders
    cdef readonly Levels levels
    cdef readonly Stocks stocks

    # `side`: BUY = 1, SELL = -1. `i` counts levels from the best, 0. Results are 0 where there is nothing.
    cpdef int64_t depth(self, Py_ssize_t locate, int side) noexcept
    cpdef price_t best_price(self, Py_ssize_t locate, int side) noexcept
    cpdef shares_t best_shares(self, Py_ssize_t locate, int side) noexcept
    cpdef price_t level_price(self, Py_ssize_t locate, int side, int64_t i) noexcept
    cpdef shares_t level_shares(self, Py_ssize_t locate, int side, int64_t i) noexcept
    cpdef int64_t level_orders(self, Py_ssize_t locate, int side, int64_t i) noexcept
    cpdef shares_t shares_at(self, Py_ssize_t locate, int side, uint64_t price) noexcept
    cpdef shares_t order_shares(self, uint64_t reference) noexcept
    cpdef price_t order_price(self, uint64_t reference) noexcept
