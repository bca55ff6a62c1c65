"""The examples of docs/protocols.md run as written."""

import re
from pathlib import Path

import pytest

DOC = Path(__file__).parents[2] / "docs" / "protocols.md"
EXAMPLES = re.findall(r"```python\n(.*?)```", DOC.read_text(), re.DOTALL)


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 4


@pytest.mark.parametrize("source", EXAMPLES, ids=lambda source: source.splitlines()[-1][:40])
def test_example(source: str) -> None:
    exec(compile(source, str(DOC), "exec"), {})
