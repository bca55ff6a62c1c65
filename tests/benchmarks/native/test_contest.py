"""A contestant is timed on exactly the messages it was given, and its outcome is kept."""

import sys
from types import ModuleType

import pytest

from benchmarks.native import runner
from benchmarks.native.contest import Contest, head, messages
from protocols import binaryfile

MESSAGES = [b"A" * 36, b"D" * 19, b"S" * 12]
DATA = b"".join(map(binaryfile.encode_record, MESSAGES))


def test_messages_end_at_the_end_record() -> None:
    assert list(map(bytes, messages(DATA + b"\0\0" + DATA))) == MESSAGES


@pytest.mark.parametrize(("count", "kept"), [(0, 0), (1, 1), (3, 3), (9, 3)])
def test_the_head_has_whole_messages(count: int, kept: int) -> None:
    assert list(map(bytes, messages(head(DATA + b"\0\0", count)))) == MESSAGES[:kept]


def test_every_run_has_an_object_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[bytes] = []

    def count(data: bytes) -> Contest:
        made.append(data)
        return Contest(lambda: len(list(messages(data))), lambda: {"orders": len(made)})

    module = ModuleType("contestant")
    vars(module)["count"] = count
    monkeypatch.setitem(sys.modules, "contestant", module)
    found = runner.measure("contestant", "count", DATA, 3)
    assert made == [DATA] * 3
    assert (found["messages"], found["facts"], len(found["seconds"])) == (3, {"orders": 3}, 3)
    assert found["rate"] == round(3 / min(found["seconds"]))
