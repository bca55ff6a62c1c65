"""The trader: one thread from market data to orders."""
