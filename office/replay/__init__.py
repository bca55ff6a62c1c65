"""Plays recorded market data again, at its pace or at another."""
