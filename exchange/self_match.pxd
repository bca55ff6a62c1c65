from exchange.orders cimport Order

cdef bytes _MODES
cdef bytes _SCOPES

cpdef int mode_of(int strategy)
cpdef int strategy_between(Order maker, Order taker)
cdef bint _related(Order maker, Order taker, int scope)
