"""The report: one page that needs nothing else, JSON and Parquet that say the same, a table for the terminal."""

import importlib
import io
import json
import re
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from playwright.sync_api import ConsoleMessage, Page, Request, sync_playwright
from rich.console import Console

from store.analytics.analysis import Analysis, analyse
from store.analytics.inputs import inputs
from store.analytics.metrics import METRICS
from store.analytics.report import charts, files, numbers, terminal
from store.analytics.report.page import page
from store.analytics.summary import summary
from tests.html_tree import HtmlTree
from tests.store.analytics import generated
from tests.store.analytics.worked import execution, order, quote, tables

DOCS = Path(__file__).resolve().parents[3] / "docs" / "analytics.md"
HOSTILE = '"><script>alert(1)</script>'


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    return analyse(inputs("20261126T051607-a1b2", generated.run(400)))


def test_the_page_is_well_formed_and_has_nothing_that_fetches_or_runs(analysis: Analysis) -> None:
    text = page(analysis, summary(analysis))
    tree = HtmlTree(text)
    assert not {"script", "link", "img", "iframe", "object", "form", "base"} & set(tree.tags)
    assert not {"src", "href", "srcset"} & {name for name, _ in tree.attributes}
    assert not [name for name, _ in tree.attributes if name.startswith("on")]
    assert not re.search(r"url\(|@import|https?:", text)
    assert tree.tags.count("svg") >= 6
    assert "default-src 'none'" in text


def test_the_page_shows_the_figures_of_the_summary(analysis: Analysis) -> None:
    found = summary(analysis)
    texts = HtmlTree(page(analysis, found)).texts
    assert found["run"] in texts
    assert numbers.dollars(found["total"]["pnl"]["total"], signed=True) in texts
    for name, group in found["by_strategy"].items():
        assert name in texts
        for part in ("spread_captured", "adverse_selection", "inventory", "total"):
            assert numbers.dollars(group["pnl"][part], signed=True) in texts
    for metric in METRICS:
        assert metric.formula in texts
    for reasons in found["excluded"].values():
        assert all(reason in texts for reason in reasons)


def test_the_documentation_has_the_same_table_of_metrics_and_its_functions_are_there() -> None:
    lines = DOCS.read_text().splitlines()
    for metric in METRICS:
        columns = (metric.name, metric.formula, metric.unit, metric.source, f"`{metric.function}`")
        assert f"| {' | '.join(columns)} |" in lines
        module, _, function = metric.function.partition(".")
        assert callable(getattr(importlib.import_module(f"store.analytics.{module}"), function))


def test_names_from_outside_are_only_text() -> None:
    given = tables(
        executions=[execution(1, 1, 100, 100, strategy=HOSTILE, symbol=HOSTILE)],
        orders=[order(1, 1, "entered", strategy=HOSTILE, symbol=HOSTILE), order(2, 2, "rejected", reason=HOSTILE)],
        quotes=[quote(1, 0, 10, 12, symbol=HOSTILE)],
    )
    analysis = analyse(inputs(HOSTILE, {name: getattr(given, name) for name in ("executions", "orders", "quotes")}))
    tree = HtmlTree(page(analysis, summary(analysis)))
    assert "script" not in tree.tags
    assert tree.texts.count(HOSTILE) >= 4


@pytest.mark.parametrize(
    "rows", [{}, {"orders": [order(1, 1, "entered", shares=5)]}, {"executions": [execution(1, 1, 9, 1)]}]
)
def test_a_run_with_little_in_it_still_makes_a_page_that_says_what_is_missing(rows: dict[str, Any]) -> None:
    analysis = analyse(tables(**rows))
    texts = HtmlTree(page(analysis, summary(analysis))).texts
    assert "Not everything is there" in texts
    assert "quotes: no mids" in texts
    assert "None" not in texts


def test_json_and_parquet_are_the_summary_and_the_rows(analysis: Analysis, tmp_path: Path) -> None:
    found = summary(analysis)
    written = files.write(analysis, found, tmp_path / "deep" / "er")
    assert sorted(path.name for path in written) == sorted(path.name for path in (tmp_path / "deep" / "er").iterdir())
    assert json.loads((tmp_path / "deep/er/analysis.json").read_text()) == found
    rows = pl.read_parquet(tmp_path / "deep/er/executions.parquet")
    assert rows.equals(analysis.executions)
    assert int(rows["pnl_total"].sum()) == found["total"]["pnl"]["total"]
    assert pl.read_parquet(tmp_path / "deep/er/orders.parquet").height == found["total"]["orders"]["sent"]


def test_the_terminal_shows_strategies_beside_each_other(analysis: Analysis) -> None:
    found = summary(analysis)
    console = Console(file=io.StringIO(), width=120)
    terminal.show(found, console)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert all(name in text for name in generated.STRATEGIES)
    assert numbers.dollars(found["total"]["pnl"]["total"], signed=True) in text
    assert "missing: l3_events" in text


def test_in_a_browser_it_asks_for_nothing_and_fits_a_phone(analysis: Analysis, tmp_path: Path) -> None:
    (path, *_) = files.write(analysis, summary(analysis), tmp_path)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium-headless-shell"))
        colours = set()
        for width, scheme in ((390, "light"), (1280, "dark")):
            tab = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)  # type: ignore[arg-type]
            said = _overheard(tab)
            tab.goto(path.as_uri())
            assert said == [path.as_uri()]
            assert tab.evaluate("document.documentElement.scrollWidth") == width
            colours.add(tab.evaluate("getComputedStyle(document.body).backgroundColor"))
        assert len(colours) == 2
        browser.close()


def _overheard(tab: Page) -> list[str]:
    """What a page asks for, and what the browser says about it, as it comes."""
    said: list[str] = []

    def asked(request: Request) -> None:
        said.append(request.url)

    def complained(message: ConsoleMessage) -> None:
        said.append(message.text)

    tab.on("request", asked)
    tab.on("console", complained)
    return said


def test_a_bridge_ends_at_the_sum_of_its_parts() -> None:
    picture = charts.bridge("x", [("gain", 3 * 20_000), ("loss", -5 * 20_000)], "sum")
    assert re.findall(r"<title>([^<]*)</title>", picture) == ["gain: +$3.00", "loss: −$5.00", "sum: −$2.00"]
    assert charts.bridge("x", [("gain", 0)], "sum") == ""


def test_pictures_without_data_are_nothing() -> None:
    assert charts.intervals("x", [("a", "a", {"1ms": {"bps": None, "ci95_bps": None}})]) == ""
    assert charts.cumulative("x", [("a", "a", [])]) == ""
    assert charts.diverging("x", []) == ""
