"""Compiles source to the bytes of a sourceless `.pyc`. Standard library only: it runs on the target's Python.

The format is PEP 552's, hash-based and unchecked: no time stamp, so the same source gives the same bytes.
"""

import importlib.util
import marshal

_UNCHECKED_HASH = 0b01


def compile_module(source: bytes, filename: str, optimize: int) -> bytes:
    """The `.pyc` of `source`; `filename` is what tracebacks name, `optimize` as in `compile` (2 drops docstrings)."""
    code = compile(source, filename, "exec", dont_inherit=True, optimize=optimize)
    # Marshalling an object that was itself unmarshalled: reference counts, which marshal's flags depend on, are then
    # those of the data alone and not of what else the compiler happened to hold.
    data = marshal.dumps(marshal.loads(marshal.dumps(code)))
    return (
        importlib.util.MAGIC_NUMBER + _UNCHECKED_HASH.to_bytes(4, "little") + importlib.util.source_hash(source) + data
    )
