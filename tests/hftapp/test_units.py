"""Prices, shares, notionals and fees do not mix by accident: what the type checker refuses, and what it lets pass."""

import ast
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from hftapp import units
from hftapp.units import Fee, Notional, Price, Shares
from hftos.compiling import table
from tests.hftapp.conftest import Run

ROOT = Path(__file__).resolve().parents[2]

PRELUDE = """
from hftapp.book.depth import Depth
from hftapp.trader.gateway import OrderGateway
from hftapp.trader.instrument import Instrument
from hftapp.trader.order import BUY, Order
from hftapp.trader.orders import Orders
from hftapp.trader.risk.gate import RiskGate
from hftapp.trader.router import Fees, Router
from hftapp.trader.strategy.base import Context
from hftapp.units import Fee, Notional, Price, Shares

price, shares, notional, fee, number = Price(10_0000), Shares(100), Notional(1_000_0000), Fee(30), int("7")

def case(
    books: Depth, instrument: Instrument, order: Order, context: Context, orders: Orders, gate: RiskGate, router: Router
) -> None:
"""
LEGAL = (
    "one: Price = price + price - price",
    "one: Price = -price",
    "one: Price = max(price, instrument.bid)",
    "one: Price = Price((instrument.bid + instrument.ask) // 2)",
    "one: Notional = shares * price + price * shares",
    "one: Notional = sum([order.remaining * order.price], Notional(0))",
    "one: int = price * 3 + 1",
    "one: int = price // 100 % 7",
    "one: int = notional // notional",
    "one: bool = price < instrument.ask and shares >= 1 and notional != 0",
    "instrument.bid = books.best_price(7, BUY)",
    "instrument.bid_shares += books.best_shares(7, BUY)",
    "instrument.open_notional += order.remaining * order.price",
    "context.quote(instrument, BUY, shares, price, Price(100))",
    "context.take(instrument, BUY, context.best_shares, context.best_price)",
    "orders.enter(instrument, 0, BUY, order.remaining, order.price)",
    "gate.check(instrument, BUY, shares, price, None, number)",
    "Fees(Fee(30), Fee(-20))",
)
REFUSED = (
    # a number of one kind where another kind is meant
    "one: Shares = price",
    "one: Price = shares",
    "one: Price = notional",
    "one: Notional = shares",
    "one: Price = fee",
    "Price(1.5)",
    # a plain number
    "one: Price = number",
    "one: Price = price + 1",
    "one: Shares = shares * 2",
    "one: Price = price // 2",
    "price += 100",
    # mixtures
    "price + shares",
    "price + notional",
    "notional - price",
    "shares + notional",
    "fee + price",
    "price * price",
    "shares * shares",
    "notional * shares",
    "notional * price",
    "price < shares",
    "notional >= price",
    "price == shares",
    "notional // price",
    "shares % price",
    # calls and fields of the path
    "context.quote(instrument, BUY, price, shares, price)",
    "context.quote(instrument, BUY, shares, price, shares)",
    "context.quote(instrument, BUY, 100, price, price)",
    "context.take(instrument, BUY, price, shares)",
    "orders.enter(instrument, 0, BUY, price, shares)",
    "orders.replace(order, price, shares)",
    "gate.check(instrument, BUY, price, shares, None, number)",
    "gate.check(instrument, BUY, shares, notional, None, number)",
    "router.take(instrument, BUY, price, shares)",
    "books.shares_at(7, BUY, shares)",
    "instrument.bid = books.best_shares(7, BUY)",
    "instrument.position = instrument.open_notional",
    "order.counted = order.remaining",
    "order.price = 10_0000",
    "Fees(price, fee)",
)
CODES = {"arg-type", "assignment", "comparison-overlap", "operator"}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """Codes of mypy's errors by snippet; each is checked in a function of its own."""
    cases = (*LEGAL, *REFUSED)
    before, _, signature = PRELUDE.partition("def case(")
    text, lines = before, {}
    for i, snippet in enumerate(cases):
        own = "    price = Price(1)\n" if snippet.startswith("price +=") else ""
        text += f"def case{i}({signature}{own}"
        lines[text.count("\n") + 1] = snippet
        text += f"    {snippet}\n\n"
    file = tmp_path_factory.mktemp("snippets") / "snippets.py"
    file.write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "mypy", "--no-error-summary", str(file)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    errors: dict[str, set[str]] = defaultdict(set)
    for line in done.stdout.splitlines():
        match = re.fullmatch(r".*snippets\.py:(\d+): error: .*\[([\w-]+)\]", line)
        if match is not None:
            errors[lines[int(match[1])]].add(match[2])
    return errors


@pytest.mark.parametrize("snippet", LEGAL)
def test_what_is_legal_passes(found: dict[str, set[str]], snippet: str) -> None:
    assert snippet not in found


@pytest.mark.parametrize("snippet", REFUSED)
def test_a_mixture_is_refused(found: dict[str, set[str]], snippet: str) -> None:
    assert found.get(snippet, set()) & CODES


def test_at_run_time_they_are_plain_integers() -> None:
    assert [type(kind(7)) for kind in (Price, Shares, Notional, Fee)] == [int] * 4
    assert Shares(100) * Price(10_0000) == 1_000_0000


def test_every_type_has_its_function_and_its_c_type() -> None:
    declared = Path(units.__file__).with_suffix(".pxd").read_text(encoding="utf-8")
    functions = re.findall(
        r"^cdef inline (\w+)_t (\w+)\(\1_t number\) noexcept nogil:\n    return number$", declared, re.M
    )
    assert functions == [(name.lower(), name) for name in ("Price", "Shares", "Notional", "Fee")]
    assert re.findall(r"^ctypedef int64_t (\w+)_t$", declared, re.M) == [kind for kind, _ in functions]


def test_compiled_they_are_64_bits(run_compiled: Run) -> None:
    done = run_compiled(
        """
from hftapp.trader.instrument import Instrument

instrument = Instrument("AAPL", 0)
instrument.bid, instrument.ask = (1 << 40) - 1, (1 << 40) + 2
print(instrument.mid() - (1 << 40))
try:
    instrument.bid = 1 << 63
except OverflowError:
    print("refused")
"""
    )
    assert done.stdout.split() == ["0", "refused"], done.stderr


PATH = tuple(
    name
    for name in (*table.names(ROOT), *table.inlined(ROOT))
    if name.startswith(("hftapp.book.", "hftapp.feed.", "hftapp.trader.", "strategies.")) or name == "hftapp.units"
)
FLOATS = {
    "hftapp.feed.watch": {"_reason"},  # the text of a report says a time in seconds
}
"""Functions that may have them, and why."""


def floats(tree: ast.AST) -> Iterator[int]:
    """Lines with a float literal, a true division or the name `float`."""
    for node in ast.walk(tree):
        divides = isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div)
        literal = isinstance(node, ast.Constant) and isinstance(node.value, float)
        if divides or literal or (isinstance(node, ast.Name) and node.id == "float"):
            assert isinstance(node, ast.expr | ast.stmt)
            yield node.lineno


@pytest.mark.parametrize("module", PATH)
def test_no_float_is_on_the_path(module: str) -> None:
    tree = ast.parse(table.source(ROOT, module).read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    allowed = [node for node in functions if node.name in FLOATS.get(module, set())]
    excepted = {line for node in allowed for line in floats(node)}
    assert set(floats(tree)) == excepted
    assert len(allowed) == len(FLOATS.get(module, set()))
    declared = table.declarations(ROOT, module).read_text(encoding="utf-8")
    assert re.findall(r"\b(?:float|double)\b", re.sub(r"#.*", "", declared)) == []


def test_the_search_for_floats_finds_them() -> None:
    text = "a = 1.5\nb = c / 2\nb /= 2\nd = float(e)\nf = g // 2\nh = 1\n"
    assert sorted(set(floats(ast.parse(text)))) == [1, 2, 3, 4]
