"""What comes from outside is shown on a terminal as it is, and does nothing there."""

import io

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from rendering.terminal import visible


def test_brackets_are_no_markup_and_nothing_is_hidden() -> None:
    assert visible("[/red]é µ").plain == "[/red]é µ"
    assert visible("a\x1b[2J\nb\u202e\x9b").plain == r"a\x1b[2J\nb\u202e\x9b"


@given(st.text())
def test_a_terminal_gets_characters_that_one_can_see(text: str) -> None:
    out = io.StringIO()
    Console(file=out, width=100_000, force_terminal=True, color_system=None).print(visible(text), soft_wrap=True)
    assert out.getvalue().removesuffix("\n").isprintable()
