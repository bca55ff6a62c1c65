"""Adapters: one matching engine behind the four calls of `benchmarks.replay.Peer` each.

They run in an environment of their own (benchmarks/requirements.lock), so nothing else of the project imports them.
"""
