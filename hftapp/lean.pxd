from cpython.object cimport PyObject

cdef extern from "Python.h":
    char *PyByteArray_AS_STRING(object store) noexcept

ctypedef PyObject *Borrowed
ctypedef PyObject **Places

cdef inline Borrowed borrowed(object thing) noexcept:
    return <PyObject *>thing

cdef inline object store_for(Py_ssize_t count):
    return bytearray(count * sizeof(PyObject *))

cdef inline Places row(object store) noexcept:
    return <Places>PyByteArray_AS_STRING(store)
