from cpython.object cimport PyObject
from cpython.ref cimport Py_DECREF, Py_INCREF

from hftapp.trader.instrument cimport Instrument

cdef extern from "Python.h":
    PyObject *_item "PyList_GET_ITEM"(list items, Py_ssize_t i) noexcept
    void _set_item "PyList_SET_ITEM"(list items, Py_ssize_t i, PyObject *item) noexcept

cdef inline Instrument instrument_at(list items, Py_ssize_t i) noexcept:
    return <Instrument>_item(items, i)

cdef inline void put_instrument(list items, Py_ssize_t i, Instrument item) noexcept:
    cdef PyObject *old = _item(items, i)
    if old != <PyObject *>item:
        Py_INCREF(item)
        _set_item(items, i, <PyObject *>item)
        Py_DECREF(<object>old)
