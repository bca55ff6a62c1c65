"""The form in which every part of the system shows and compares a book."""

from typing import TypedDict


class BookView(TypedDict):
    """Price levels, best first: `[price4, shares, number of orders]` each."""

    bids: list[list[int]]
    asks: list[list[int]]
