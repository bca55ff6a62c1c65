from cpython.object cimport PyObject
from cpython.ref cimport Py_DECREF, Py_INCREF

from hftapp.trader.instrument cimport Instrument

cdef extern from "Python.h":
    ctypedef struct PyListObject:
        PyObject **ob_item

ctypedef PyObject **Places

cdef inline Places places_of(list items) noexcept:
    return (<PyListObject *>items).ob_item

cdef inline Instrument instrument_at(Places places, Py_ssize_t i) noexcept:
    return <Instrument>places[i]

cdef inline void put_instrument(Places places, Py_ssize_t i, Instrument item) noexcept:
    cdef PyObject *old = places[i]
    if old != <PyObject *>item:
        Py_INCREF(item)
        places[i] = <PyObject *>item
        Py_DECREF(<object>old)
