"""The report of an analysis: JSON, Parquet, one HTML page that needs nothing else, and a table for the terminal."""
