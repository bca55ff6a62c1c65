cimport cython
from libc.stdint cimport int64_t, uint8_t, uint64_t

from hftapp.book.depth cimport Depth
from hftapp.book.lookup cimport home_of
from hftapp.book.order_table cimport OrderTable
from hftapp.book.prefetch cimport prefetch
from hftapp.feed.itch_rules cimport ItchRules
from hftapp.feed.itch_types cimport (
    ADD,
    ADD_MPID,
    CANCEL,
    CROSS,
    DELETE,
    EXECUTED,
    EXECUTED_WITH_PRICE,
    LULD_COLLAR,
    NOII,
    REG_SHO,
    REPLACE,
    STOCK_DIRECTORY,
    TRADE,
    TRADING_ACTION,
)
from hftapp.octets cimport be16, be32, be64
from hftapp.units cimport Price, Shares, price_t

cdef enum:
    _UNKNOWN = 0
    _ORPHAN = 1
    _DUPLICATE = 2
    _EMPTY = 3
    _OVER = 4
    _FOREIGN = 5
    _BUY = 66
    _SELL = 83

cdef int64_t _NO_CHANGE, _MALFORMED
cdef uint64_t _LOW, _NOT_ASCII
cdef int _YES, _NO, _SHORTEST, _NEAR, _FAR
cdef Py_ssize_t _FEW

ctypedef uint64_t *pointer
ctypedef int64_t *row


cdef class Books(Depth):
    cdef readonly OrderTable orphans
    cdef public int64_t[::1] counts
    cdef readonly price_t price
    cdef ItchRules _rules

    cpdef int64_t apply_message(self, bytes message) except? -3
    @cython.locals(kind=int, changed=int64_t, locate=Py_ssize_t, cells=pointer, rows=row)
    cdef int64_t apply(self, const uint8_t *data, Py_ssize_t at, Py_ssize_t length) except? -3
    @cython.locals(count=int64_t, length=Py_ssize_t, far=Py_ssize_t, near=Py_ssize_t)
    cpdef int64_t apply_all(self, const uint8_t *data, Py_ssize_t at, Py_ssize_t end) except? -3
    @cython.locals(length=Py_ssize_t)
    cdef Py_ssize_t look_ahead(self, const uint8_t *data, Py_ssize_t at, Py_ssize_t end, bint levels) noexcept
    cdef void foresee(self, const uint8_t *data, Py_ssize_t at, Py_ssize_t length) noexcept
    @cython.locals(half=Py_ssize_t, slot=Py_ssize_t, place=int64_t)
    cdef void foresee_levels(self, const uint8_t *data, Py_ssize_t at, Py_ssize_t length) noexcept
    @cython.locals(locate=Py_ssize_t, side=int, shares=uint64_t, half=Py_ssize_t, reference=uint64_t, price=uint64_t, slot=Py_ssize_t, cells=pointer, rows=row, key=uint64_t, best=uint64_t, end=int64_t)
    cdef int64_t add(self, const uint8_t *data, Py_ssize_t at) except? -3
    @cython.locals(stock=uint64_t, side=int, locate=Py_ssize_t)
    cdef int64_t _add(self, const uint8_t *data, Py_ssize_t at) except? -3
    cdef int64_t _enter(self, Py_ssize_t half, uint64_t reference, uint64_t shares, uint64_t price) except? -3
    @cython.locals(slot=Py_ssize_t, state=uint64_t, half=Py_ssize_t)
    cdef int64_t _reduce(self, uint64_t reference, uint64_t shares) noexcept
    @cython.locals(slot=Py_ssize_t)
    cdef int64_t _delete(self, uint64_t reference) noexcept
    @cython.locals(slot=Py_ssize_t, half=Py_ssize_t)
    cdef int64_t _replace(self, uint64_t old, uint64_t new, uint64_t shares, uint64_t price) except? -3
    @cython.locals(state=uint64_t, half=Py_ssize_t)
    cdef Py_ssize_t _drop(self, Py_ssize_t slot) noexcept
    cdef int64_t _unknown(self, uint64_t reference) noexcept
    @cython.locals(slot=Py_ssize_t)
    cdef void _forget(self, uint64_t orphan) noexcept
    @cython.locals(place=int, locate=Py_ssize_t, stock=uint64_t)
    cdef int64_t _other(self, int kind, const uint8_t *data, Py_ssize_t at, Py_ssize_t length) except? -3
    cpdef bint relieve(self) except -1
