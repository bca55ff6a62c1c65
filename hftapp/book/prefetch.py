"""Memory asked for before it is needed: an instruction for the compiler, nothing when interpreted."""


def prefetch(address: object) -> None:
    """Start to load the cache line of an address. Never faults, whatever the address."""
