from libc.stdint cimport int64_t, uint64_t

cdef uint64_t _NO_NAME


cdef class Stocks:
    cdef uint64_t[::1] names
    cdef readonly int64_t conflicts
    cdef dict _locates

    cpdef name(self, Py_ssize_t locate, object stock)
    cpdef symbol_of(self, Py_ssize_t locate)
    cpdef Py_ssize_t locate_of(self, str symbol) except? -2
    cpdef list symbols(self)
