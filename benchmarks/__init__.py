"""Measurements of speed: `hftos bench`."""
