"""The examples of docs/protocols.md run as written."""

import ast
import re
from pathlib import Path

import pytest

DOC = Path(__file__).parents[2] / "docs" / "protocols.md"
EXAMPLES = re.findall(r"```python\n(.*?)```", DOC.read_text(), re.DOTALL)


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 4


@pytest.mark.parametrize("source", EXAMPLES, ids=lambda source: source.splitlines()[-1][:40])
def test_example(source: str) -> None:
    tree = ast.parse(source)
    assert any(isinstance(node, ast.Assert) for node in tree.body), "an example shows what comes of it"
    targets = [target for node in tree.body if isinstance(node, ast.Assign) for target in node.targets]
    names = {name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)}
    namespace: dict[str, object] = {}
    exec(compile(tree, str(DOC), "exec"), namespace)
    assert names <= namespace.keys(), "it ran to its end"
