"""What the boot makes of the catalogue's rows, and what it says when one has not taken effect."""

from pathlib import Path

import pytest

from hftapp import boot, config, reserve
from hftapp.config import Nic
from hftapp.knobs.apply import Applied
from hftapp.knobs.result import ABSENT, NOT_APPLICABLE, UNSET, Result
from hftapp.knobs.table import Row, Table
from hftapp.nodes import Places
from tests.hftapp.knobs.kernel import row, table

BASE = '[nic]\nport = "memory"\naddress = ""\n[management]\nmac = ""\naddress = ""\noffice = ""\n'
GOOD = Result("good", "sysctl", "0", "0", True)
BAD = Result("bad", "sysctl", "0", "5", False, "write refused: Invalid argument")


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> list[Result]:
    """What the rows become, to be filled by the test."""
    results: list[Result] = []
    monkeypatch.setattr("hftapp.knobs.table.load", lambda _path: table())
    monkeypatch.setattr(boot, "apply", lambda _table, _nic: Applied(list(results)))
    monkeypatch.setattr("hftapp.netconf.up", lambda _name: None)
    return results


def test_knobs_are_counted_by_what_became_of_them_and_the_failed_ones_named(machine: list[Result]) -> None:
    machine += [GOOD, BAD, Result("gone", "sysfs", "0", ABSENT, True), Result("nic", "nic", "0", NOT_APPLICABLE, True)]
    machine += [Result("left", "boot", UNSET, "on", True)]
    said: list[str] = []
    found = boot.prepare(config.parse(BASE), 1.0, said.append)
    wrong = "self-check failed: bad (requested 0, effective 5: write refused: Invalid argument)"
    assert said[0] == wrong
    assert said[1].startswith("knobs: 1 set, 2 absent, 1 failed; ")
    assert found.self_check == wrong
    record = found.record()["knobs"]
    assert record == [result.record() for result in machine]
    assert BAD.record() == {
        "name": "bad",
        "layer": "sysctl",
        "requested": "0",
        "effective": "5",
        "ok": False,
        "reason": "write refused: Invalid argument",
    }


def test_it_is_ready_when_the_knobs_are_read_back(machine: list[Result], monkeypatch: pytest.MonkeyPatch) -> None:
    uptime = [2.25]

    def apply(_table: Table, _nic: Nic) -> Applied:
        uptime[0] = 2.5
        return Applied()

    monkeypatch.setattr(boot, "apply", apply)
    monkeypatch.setattr("time.clock_gettime", lambda _clock: uptime[0])
    found = boot.prepare(config.parse(BASE), 1.0, lambda _line: None).record()
    assert (found["pid1_s"], found["ready_s"]) == (1.0, 2.5)


def test_all_that_failed_are_in_one_line(machine: list[Result]) -> None:
    machine += [BAD, BAD._replace(name="worse", reason="")]
    found = boot.prepare(config.parse(BASE), 1.0, lambda _line: None)
    assert found.self_check.endswith("Invalid argument); worse (requested 0, effective 5)")


def test_a_machine_that_trades_in_spite_of_it_says_so(machine: list[Result]) -> None:
    machine.append(BAD)
    said: list[str] = []
    found = boot.prepare(config.parse(BASE + '[host]\nself_check = "warn"\n'), 1.0, said.append)
    assert 'host.self_check = "warn": this machine trades although its self-check failed' in said
    assert found.self_check


def test_a_machine_whose_knobs_are_all_right_says_nothing(machine: list[Result]) -> None:
    machine.append(GOOD)
    assert boot.prepare(config.parse(BASE), 1.0, lambda _line: None).self_check == ""


def test_the_traders_own_knobs_join_the_record(machine: list[Result]) -> None:
    machine.append(GOOD)
    found = boot.prepare(config.parse(BASE), 1.0, lambda _line: None)
    own = Result("mlockall", "process", "on", "on", True).record()
    assert found.record([own])["knobs"] == [GOOD.record(), own]


PAGES = row("vm.nr_hugepages", "sysctl", "vm.nr_hugepages", UNSET)
AT_BOOT = row("hugepages", "boot", "hugepages", "16")


@pytest.mark.parametrize(
    ("port", "rows", "reserved"),
    [
        ("dpdk", [PAGES], "rings and tables"),
        ("dpdk", [row("vm.nr_hugepages", "sysctl", "vm.nr_hugepages", "64")], "64"),
        ("dpdk", [PAGES, AT_BOOT], UNSET),
        ("af_packet", [PAGES], UNSET),
    ],
)
def test_huge_pages_are_reserved_for_the_port_that_needs_them_unless_a_row_says_how_many(
    monkeypatch: pytest.MonkeyPatch, machine: list[Result], port: str, rows: list[Row], reserved: str
) -> None:
    asked: list[Table] = []
    monkeypatch.setattr("hftapp.knobs.table.load", lambda _path: table(*rows))

    def applied(found: Table, _nic: Nic) -> Applied:
        asked.append(found)
        return Applied()

    monkeypatch.setattr(boot, "apply", applied)
    settings = BASE.replace('"memory"\naddress = ""', f'"{port}"\nmac = "52:54:00:20:00:10"\naddress = "10.20.0.10/24"')
    boot.prepare(config.parse(settings), 1.0, lambda _line: None)
    if reserved == "rings and tables":
        reserved = str(18 + reserve.huge_pages(config.parse(settings)))
    assert [found.value for found in asked[0].rows if found.name == "vm.nr_hugepages"] == [reserved]


def test_each_further_memory_node_gets_a_few_huge_pages_more(
    monkeypatch: pytest.MonkeyPatch, machine: list[Result]
) -> None:
    asked: list[Table] = []

    def applied(found: Table, _nic: Nic) -> Applied:
        asked.append(found)
        return Applied()

    settings = config.parse(CARD.replace("af_packet", "dpdk"))
    monkeypatch.setattr("hftapp.knobs.table.load", lambda _path: table(PAGES))
    monkeypatch.setattr(boot, "apply", applied)
    monkeypatch.setattr("hftapp.nodes.places", lambda _nic, _trader: Places({0: (0,), 1: (1,), 2: (2,)}, 1, 1, 1))
    boot.prepare(settings, 1.0, lambda _line: None)
    assert [found.value for found in asked[0].rows] == [str(18 + reserve.huge_pages(settings) + 2 * 4)]


def test_an_image_without_the_catalogues_rows_does_not_boot(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="the image was built without its knobs"):
        boot.prepare(config.parse(BASE), 1.0, lambda _line: None, str(tmp_path / "none"))


ON_NODE = row("hugepages.node", "sysfs", "huge_pages_node", "trader")
TOLD = row("memory.node", "sysfs", "memory_node", UNSET)
TWO = {0: (0, 1), 1: (2, 3)}
CARD = BASE.replace('"memory"\naddress = ""', '"af_packet"\nmac = "52:54:00:20:00:10"\naddress = "10.20.0.10/24"')


@pytest.mark.parametrize(
    ("places", "node", "said"),
    [
        (Places(TWO, 1, 1, 1), "1", "2 memory nodes: the trader's CPU is on node 1, its card on node 1"),
        (Places(TWO, 0, 1, 0), "0", "every frame crosses between them"),
        (Places(TWO, 1, 1, 0), "0", "node 1 has no memory of its own"),
        (Places(TWO, None, 1), UNSET, "the trader's CPU is on node unknown"),
        (Places({0: (0, 1)}, 0), "trader", ""),
    ],
)
def test_rows_get_the_traders_node_and_what_is_far_is_said(
    places: Places, node: str, said: str, monkeypatch: pytest.MonkeyPatch, machine: list[Result]
) -> None:
    asked: list[Table] = []
    lines: list[str] = []

    def applied(found: Table, _nic: Nic) -> Applied:
        asked.append(found)
        return Applied()

    monkeypatch.setattr("hftapp.knobs.table.load", lambda _path: table(ON_NODE, TOLD))
    monkeypatch.setattr(boot, "apply", applied)
    monkeypatch.setattr("hftapp.nodes.places", lambda _nic, _trader: places)
    monkeypatch.setattr(boot, "trader_cpu", lambda _settings: 2)
    found = boot.prepare(config.parse(CARD), 1.0, lines.append)
    assert [each.value for each in asked[0].rows] == [node, UNSET]
    assert any(said in line for line in lines[:-1]) == bool(said)
    assert found.far == (lines[0] if "crosses" in said or "of its own" in said else "")
    record = found.record()
    assert record.get("nodes") == (places.record() if len(places.nodes) > 1 else None)
    assert found.trader == 2
