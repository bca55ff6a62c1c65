"""The table of checks, its C constants, its documentation and its tests belong together."""

import ast
import re
from pathlib import Path

import pytest

from hftapp.config_table import KEYS
from hftapp.trader.risk import checks
from hftapp.trader.risk.checks import CHECKS, NAMES, Check

ROOT = Path(__file__).resolve().parents[4]
DOCUMENT = ROOT / "docs" / "risk.md"
TESTS = Path(__file__).with_name("test_boundaries.py")


def matrix() -> dict[str, list[str]]:
    """Rows of the matrix in the document, by the check's name: code, name, rule, what, limit, test."""
    rows = {}
    for line in DOCUMENT.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and len(cells) == 6 and cells[0].isdigit():
            rows[cells[1].strip("`")] = cells
    return rows


def boundary_tests() -> dict[str, ast.FunctionDef]:
    tree = ast.parse(TESTS.read_text(encoding="utf-8"))
    return {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_a_check_has_a_row_in_the_document_without_an_empty_cell(check: Check) -> None:
    row = matrix()[check.name]
    assert all(row)
    assert row[:5] == [str(check.code), f"`{check.name}`", check.rule, check.what, check.key]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_a_check_has_the_boundary_test_that_its_row_names(check: Check) -> None:
    named = matrix()[check.name][5].strip("`")
    assert named == f"test_{check.name}"
    assert named in boundary_tests()


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_a_boundary_test_has_at_least_three_places(check: Check) -> None:
    function = boundary_tests()[f"test_{check.name}"]
    decorators = [ast.unparse(decorator) for decorator in function.decorator_list]
    assert "where" in decorators or max(map(_cases, function.decorator_list)) >= 3


def _cases(decorator: ast.expr) -> int:
    """How many cases a parametrization lists."""
    if isinstance(decorator, ast.Call) and len(decorator.args) == 2 and isinstance(decorator.args[1], ast.List):
        return len(decorator.args[1].elts)
    return 0


def test_the_document_has_no_other_rows() -> None:
    assert list(matrix()) == [check.name for check in CHECKS]


def test_codes_and_names_are_unique() -> None:
    assert sorted(check.code for check in CHECKS) == list(range(1, len(CHECKS) + 1))
    assert len({check.name for check in CHECKS}) == len(CHECKS)
    assert [NAMES[check.code] for check in CHECKS] == [check.name for check in CHECKS]
    assert len(CHECKS) >= 16


def test_every_limit_of_the_configuration_belongs_to_a_check() -> None:
    keys = {key.name for key in KEYS if key.section == "risk"}
    named = {name for check in CHECKS for name in re.findall(r"`(\w+)`", check.key)}
    assert keys <= named


def test_the_constants_of_the_compiled_gate_are_those_of_the_table() -> None:
    text = Path(checks.__file__).with_suffix(".pxd").read_text(encoding="utf-8")
    compiled = {name: int(code) for name, code in re.findall(r"^    ([A-Z_]+) = (\d+)$", text, re.MULTILINE)}
    plain = {name: code for name, code in vars(checks).items() if name.isupper() and isinstance(code, int)}
    assert compiled == plain


@pytest.mark.parametrize("module", ["gate", "sent", "walk"])
def test_other_constants_are_the_same_compiled_and_interpreted(module: str) -> None:
    folder = Path(checks.__file__).parent
    text = (folder / f"{module}.pxd").read_text(encoding="utf-8")
    compiled = {name: int(value, 0) for name, value in re.findall(r"^    (_[A-Z_]+) = (\S+)$", text, re.MULTILINE)}
    plain = vars(__import__(f"hftapp.trader.risk.{module}", fromlist=[module]))
    assert compiled
    assert {name: plain[name] for name in compiled} == compiled
