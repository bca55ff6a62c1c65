"""Everything that led to one order, and everything that came of it."""
