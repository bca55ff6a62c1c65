"""What can go wrong with the store: one class, whose text names the value and the remedy."""


class StoreError(Exception):
    """The store cannot do what was asked; the text says why and what to do, in one line."""
