"""Captures: what is in them, parts of them, where in them something is."""
