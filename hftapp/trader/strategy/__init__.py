"""Strategies: decide what to quote and what to take; everything else is the trader's."""
