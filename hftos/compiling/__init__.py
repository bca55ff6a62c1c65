"""Compiles the modules of `[tool.hftos] compiled` (Python in Cython's pure mode) and imports what was compiled."""
