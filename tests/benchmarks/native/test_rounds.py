"""Contestants: each is locked and has what its contest asks for; one that fails is a row with its error."""

import ast
from pathlib import Path

import pytest

from benchmarks import peer_environment
from benchmarks.native import rounds
from benchmarks.native.contestants import BOOKS, DECODE, Contestant

ROOT = Path(rounds.__file__).resolve().parent.parent.parent


def test_every_package_is_locked_with_hashes() -> None:
    text = peer_environment.FEED_LOCK.read_text()
    locked = {line.partition("==")[0] for line in text.splitlines() if "==" in line}
    for each in (*DECODE, *BOOKS):
        assert each.package is None or each.package.replace("_", "-") in locked, each.name
    assert text.count("--hash=sha256:") > len(locked)


@pytest.mark.parametrize(
    ("contest", "each"),
    [*(("decode", each) for each in DECODE), *(("books", each) for each in BOOKS)],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_every_contestant_has_its_contest(contest: str, each: Contestant) -> None:
    source = ROOT.joinpath(*each.module.split(".")).with_suffix(".py").read_text()
    assert contest in {node.name for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)}


def test_ours_comes_first_and_is_measured_on_every_message() -> None:
    for contestants in (DECODE, BOOKS):
        assert contestants[0].package is None
        assert contestants[0].limit == 0


def test_a_contestant_that_fails_is_a_row_with_its_error() -> None:
    held = {"messages": 10, "resting": 2}
    ours = {"name": "hftos", "version": "", "kind": "Cython", "what": "x", "package": None, "messages": 10}
    rows = [
        ours | {"rate": 1_000, "facts": {"orders": 2}},
        ours | {"name": "slow", "package": "slow", "rate": 10, "facts": {}},
        ours | {"name": "broken", "package": "broken", "error": "no such module"},
    ]
    (table,) = rounds.tables({"loads": [{"name": "one symbol", "file": held, "rows": rows}]}, "Books")
    assert list(table.columns[6].cells) == ["", "100.0", ""]
    assert list(table.columns[5].cells) == ["1,000", "10", "no such module"]
    assert list(table.columns[7].cells) == ["2", "", ""]
