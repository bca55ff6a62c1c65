"""What several parts of the page share."""

from typing import Any

Summary = dict[str, Any]


def named(dimension: str, name: str) -> str:
    """A group's name; a text where it has none."""
    return name or f"(no {dimension})"


def plain(text: str) -> str:
    """Without the sign of a gain: a cost is no gain because it is positive."""
    return text.removeprefix("+")


def with_legend(picture: str, more: str) -> str:
    """A picture with what its colours stand for; nothing without a picture."""
    return picture + more if picture else ""
