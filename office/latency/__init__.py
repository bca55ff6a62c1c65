"""Latencies of a run: HDR histograms, `.hlog` files, wire to wire from captures, stage by stage from decisions.

Units: capture times are ns since 1970 UTC, latencies ns. What the trader counts in ticks of its clock is converted
once, by `Hello.ticks_per_second`.
"""
