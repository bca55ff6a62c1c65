"""The risk gate: the checks between every strategy and the wire (`gate`), their limits, and what they stand for."""
