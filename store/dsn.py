"""The address of a store as it may be said: in errors, reports and files."""


def shown(dsn: str) -> str:
    """An address without user and password: what is said is kept, and shown to others."""
    head, _, place = dsn.rpartition("@")
    return f"{head.partition('://')[0]}://…@{place}" if head else dsn
