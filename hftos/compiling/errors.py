"""What can go wrong when modules are compiled."""


class CompilingError(Exception):
    """A module that cannot be compiled as it is written; the text names it and the remedy."""


class NoCompilerError(CompilingError):
    """There is no Cython, no C compiler, or no Python header file."""
