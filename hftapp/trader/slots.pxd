from hftapp.lean cimport Places

cdef extern from "Python.h":
    ctypedef struct PyListObject:
        Places ob_item

cdef inline Places places_of(list items) noexcept:
    return (<PyListObject *>items).ob_item
