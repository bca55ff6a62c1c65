"""Programs that measure the image: how they are named, started and reported."""

import json
import sys
from collections.abc import Mapping
from types import ModuleType

import pytest

from hftapp import config, harness
from hftapp.harness import HarnessError
from tests.hftapp.knobs.kernel import row

SETTINGS = config.parse("")


def test_the_kernel_command_line_names_it() -> None:
    line = "console=ttyS0 hftos.harness=echo,frames=9 quiet -- -m hftapp hftos.harness=other"
    assert harness.asked_for(line) == "echo,frames=9"
    assert harness.asked_for("console=ttyS0 -- -m hftapp") == ""


def test_name_and_arguments() -> None:
    assert harness.parse("echo") == ("echo", {})
    assert harness.parse("echo,frames=9,device=0000:00:02.0") == ("echo", {"frames": "9", "device": "0000:00:02.0"})


@pytest.mark.parametrize("value", ["", "../x", "echo,frames", "echo,=3", "a.b"])
def test_anything_else_is_refused_with_the_value(value: str) -> None:
    with pytest.raises(HarnessError, match=r"hftos\.harness="):
        harness.parse(value)


def test_the_result_is_one_line_of_json(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("hftapp.harness.probe")

    def run(settings: config.Config, arguments: Mapping[str, str], cpu: int | None) -> dict[str, object]:
        return {"host": settings.host.name, "given": dict(arguments), "cpu": cpu}

    monkeypatch.setattr(module, "run", run, raising=False)
    monkeypatch.setitem(sys.modules, "hftapp.harness.probe", module)
    said: list[str] = []
    outcome = harness.run("probe,n=1", SETTINGS, None, said.append)
    assert outcome == (0, "harness probe ended")
    (line,) = said
    assert json.loads(line.removeprefix("result ")) == {"host": "hftos", "given": {"n": "1"}, "cpu": None}


def test_the_catalogue_decides_what_the_configuration_leaves_out(monkeypatch: pytest.MonkeyPatch) -> None:
    module, seen = ModuleType("hftapp.harness.probe"), []

    def run(settings: config.Config, *_: object) -> dict[str, object]:
        seen.append(settings.cpu.policy)
        return {}

    monkeypatch.setattr(module, "run", run, raising=False)
    monkeypatch.setitem(sys.modules, "hftapp.harness.probe", module)
    monkeypatch.setattr("hftapp.knobs.trader.rows", lambda: (row("sched_policy", "process", "sched_policy", "fifo"),))
    for text in ("", '[cpu]\npolicy = "other"\n'):
        harness.run("probe", config.parse(text), None, lambda _: None)
    assert seen == ["fifo", "other"]


def test_the_boot_s_record_comes_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("hftapp.harness.probe")
    monkeypatch.setattr(module, "run", lambda *_: {"figure": 1}, raising=False)
    monkeypatch.setitem(sys.modules, "hftapp.harness.probe", module)
    said: list[str] = []
    harness.run("probe", SETTINGS, None, said.append, {"pid1_s": 0.5})
    assert json.loads(said[0].removeprefix("result ")) == {"figure": 1, "boot": {"pid1_s": 0.5}}


def test_a_program_that_supervises_stays_off_the_trading_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    pinned: list[set[int]] = []
    monkeypatch.setattr("os.sched_setaffinity", lambda _pid, cpus: pinned.append(cpus))
    for supervises in (False, True):
        module = ModuleType("hftapp.harness.probe")
        monkeypatch.setattr(module, "run", lambda *_: {}, raising=False)
        monkeypatch.setattr(module, "SUPERVISES", supervises, raising=False)
        monkeypatch.setitem(sys.modules, "hftapp.harness.probe", module)
        harness.run("probe", SETTINGS, 3, lambda _: None)
    assert pinned == [{3}]


def test_an_unknown_harness_is_named() -> None:
    with pytest.raises(HarnessError, match=r"no hftapp.harness.nothing in this image"):
        harness.run("nothing", SETTINGS, None, print)


@pytest.mark.parametrize("given", ["0", "-1", "many", ""])
def test_a_number_is_from_one(given: str) -> None:
    assert harness.number({}, "frames", 7) == 7
    assert harness.number({"frames": "12"}, "frames", 7) == 12
    with pytest.raises(HarnessError, match="frames"):
        harness.number({"frames": given}, "frames", 7)


def test_noiommu_is_yes_or_no() -> None:
    with pytest.raises(HarnessError, match="noiommu = 'maybe': must be yes or no"):
        harness.open_port(SETTINGS, {"noiommu": "maybe"}, None)
