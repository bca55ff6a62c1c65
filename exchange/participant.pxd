from exchange.sink cimport Sink

cdef class Participant(Sink):
    pass
