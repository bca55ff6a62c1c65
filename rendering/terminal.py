"""Text from outside on a terminal: what a record says is shown, and obeyed by nobody."""

from __future__ import annotations

from rich.text import Text


def visible(text: str) -> Text:
    """The text for rich, as it is: brackets are no markup, and what a terminal would obey, or nobody could see (escape
    sequences, line feeds, the direction of writing), is written as Python writes it in a string."""
    return Text("".join(one if one.isprintable() else ascii(one)[1:-1] for one in text))
