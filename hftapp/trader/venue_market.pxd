cimport cython
from libc.stdint cimport int64_t, uint8_t, uint64_t

from hftapp.book.books cimport Books
from hftapp.feed.handler cimport MessageHandler
from hftapp.feed.itch_types cimport (
    ADD,
    CROSS,
    DELETE,
    EXECUTED,
    EXECUTED_WITH_PRICE,
    OPERATIONAL_HALT,
    REG_SHO,
    REPLACE,
    STOCK_DIRECTORY,
    SYSTEM_EVENT,
    TRADE,
    TRADING_ACTION,
)
from hftapp.octets cimport be16, be32, be64
from hftapp.trader.instrument cimport Instrument
from hftapp.trader.market cimport Market
from hftapp.lean cimport Places
from hftapp.trader.slots cimport places_of
from hftapp.units cimport Price, Shares, price_t, shares_t

cdef int _TRADING_STATE, _OPERATIONAL
cdef int _YES, _HALTED, _PAUSED, _QUOTING, _UNRESTRICTED
cdef int _END_OF_HOURS, _END_OF_SYSTEM, _END_OF_MESSAGES
cdef enum:
    _MALFORMED = -2
    _ADD_BYTES = 36

cdef uint64_t _MAX_SHARES


cdef class VenueMarket(MessageHandler):
    cdef readonly Market market
    cdef readonly int venue
    cdef readonly Books books
    cdef readonly int64_t[::1] by_type   # 256 counts by type byte
    cdef readonly int64_t malformed
    cdef readonly int64_t applied        # messages so far, malformed ones included
    cdef readonly int phase              # event code of the last System Event, 0 before the first
    cdef readonly bint closed
    cdef int _market_code
    cdef list _instruments               # by locate, None where no instrument is known
    cdef Places _known                   # its places

    cpdef apply_message(self, bytes message)
    @cython.locals(locate=int64_t, known=Places)
    cdef void on_message(self, const uint8_t *data, Py_ssize_t at, Py_ssize_t length) noexcept
    @cython.locals(kind=int, locate=int64_t)
    cdef void _take(self, const uint8_t *data, Py_ssize_t at, Py_ssize_t length) noexcept
    @cython.locals(instrument=Instrument)
    cdef void _changed(self, Py_ssize_t locate) noexcept
    cdef void _report(self, int kind, const uint8_t *data, Py_ssize_t at, int64_t locate) noexcept
    cdef void foresee(self, const uint8_t *data, Py_ssize_t at, Py_ssize_t length) noexcept
    @cython.locals(instrument=Instrument)
    cdef Instrument _at(self, Py_ssize_t locate)
    @cython.locals(instrument=Instrument)
    cdef _print(self, Py_ssize_t locate, price_t price, shares_t shares)
    @cython.locals(instrument=Instrument)
    cdef _state(self, int kind, const uint8_t *data, Py_ssize_t at)
    @cython.locals(instrument=Instrument)
    cdef _system(self, int code)
