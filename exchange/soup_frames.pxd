cimport cython

cdef int _UNSEQUENCED, _SEQUENCED

@cython.locals(at=Py_ssize_t, size=Py_ssize_t, length=Py_ssize_t, end=Py_ssize_t)
cpdef Py_ssize_t split_unsequenced(bytes data, Py_ssize_t max_length, list payloads)
@cython.locals(packets=bytearray, head=bytearray, message=bytes, length=Py_ssize_t)
cpdef bytes sequenced(list messages)
