"""The page about surveillance says what the tables of the program say."""

from pathlib import Path

from benchmarks.surveillance import CASES
from exchange.flow.agents import KINDS
from office.monitor.limits import LIMITS
from store.surveillance.catalogue import RULES

DOCS = Path(__file__).resolve().parents[3] / "docs"
PAGE = (DOCS / "surveillance.md").read_text()
FLOW = (DOCS / "order-flow.md").read_text()


def test_every_rule_is_there_with_its_source() -> None:
    for rule in RULES:
        assert f"| `{rule.NAME}` | {rule.WHAT} | {rule.SOURCE} |" in PAGE


def test_every_threshold_is_there_with_its_default() -> None:
    rows = []
    for rule in RULES:
        for one in rule.THRESHOLDS:
            default = "none" if one.default == [] else one.default
            rows.append(f"| `{rule.NAME}` | `{one.name}` | {one.unit} | {default} | {one.meaning} |")
    assert [row for row in rows if row not in PAGE] == []


def test_the_cases_are_those_of_the_benchmark() -> None:
    for case in CASES:
        planted, twin = (text.partition(":")[0] for text in (case.planted, case.twin))
        assert f"| `{case.rule}` | `{planted}` | `{twin}` |" in PAGE


def test_every_limit_of_the_monitor_is_there() -> None:
    assert [one.name for one in LIMITS if f"`{one.name}`" not in PAGE] == []


def test_every_agent_is_there_with_all_its_keys() -> None:
    for name, kind in KINDS.items():
        assert f"| `{name}` | {'yes' if kind.HONEST else 'no'} |" in FLOW
        assert [one.name for one in kind.PARAMETERS if f"`{one.name}`" not in FLOW] == []
