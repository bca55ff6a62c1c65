cimport cython

cdef Py_ssize_t _MAX_MESSAGE, _INDEX_EVERY


cdef class MessageStore:
    cdef public bytearray buffer
    cdef public Py_ssize_t used
    cdef public Py_ssize_t capacity
    cdef public unsigned long long count
    cdef unsigned long long _spilled
    cdef object _index
    cdef unsigned long long _cursor_number
    cdef unsigned long long _cursor_offset
    cdef object _path
    cdef object _folder
    cdef object _file

    @cython.locals(length=Py_ssize_t, start=Py_ssize_t)
    cpdef unsigned long long append(self, bytes message) except 0
    @cython.locals(start=Py_ssize_t)
    cpdef Py_ssize_t reserve(self, Py_ssize_t length) except -1
    cpdef spill(self)
    cdef _grow(self, Py_ssize_t size)
