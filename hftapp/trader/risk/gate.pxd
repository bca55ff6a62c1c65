import cython

from libc.stdint cimport int64_t

from hftapp.trader.instrument cimport Instrument
from hftapp.trader.order cimport Order
from hftapp.trader.risk.packing cimport chain_of, place_of, terms_of
from hftapp.trader.risk.walk cimport Walk
from hftapp.units cimport price_t, shares_t

cdef enum:
    _MAX_PRICE = 1_999_999_900
    _INCREMENT = 100
    _BPS = 10_000
    _NOTHING = -1

# Its attributes are those of `Walk` (walk.pxd).
cdef class RiskGate(Walk):
    # 0: send it (`check`: and it counts from now on); otherwise the code of the check that refuses.
    cpdef int check(
        self, Instrument instrument, int side, shares_t shares, price_t price, Order replaces, int64_t now
    ) noexcept
    cdef int weigh(
        self, Instrument instrument, int side, shares_t shares, price_t price, Order replaces, int64_t now
    ) noexcept
    @cython.locals(terms=int64_t)
    cdef void count(
        self, Instrument instrument, int side, shares_t shares, price_t price, Order replaces, int64_t now
    ) noexcept
    cdef int _opposed(
        self, Instrument instrument, int side, shares_t shares, price_t price, Order replaces, int64_t now
    ) noexcept
