"""What the boot says about the machine, on a machine that lets it change nothing."""

import pytest

from hftapp import boot, config, knobs

BASE = '[nic]\nport = "memory"\naddress = ""\n[management]\nmac = ""\naddress = ""\noffice = ""\n'


def test_knobs_are_counted_by_what_became_of_them_and_the_failed_ones_named(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [
        knobs.Result("good", "0", "0", True, ""),
        knobs.Result("gone", "0", knobs.ABSENT, True, ""),
        knobs.Result("bad", "0", "5", False, ""),
    ]
    moved = knobs.Result("irq", "0", "0", True, "")
    monkeypatch.setattr(knobs, "apply", lambda _table: list(rows))
    monkeypatch.setattr(knobs, "move_interrupts", lambda *_: moved)
    monkeypatch.setattr(knobs, "hold_wakeup_latency", lambda: (None, moved))
    monkeypatch.setattr("hftapp.netconf.up", lambda _name: None)
    said: list[str] = []
    machine = boot.prepare(config.parse(BASE), 1.0, said.append)
    assert said[0] == "knob bad failed: requested 0, effective 5"
    assert said[1].startswith("knobs: 3 set, 1 absent, 1 failed; ")
    record = machine.record(None)
    assert {"name": "bad", "requested": "0", "effective": "5", "ok": False} in list(record["knobs"])  # type: ignore[call-overload]


@pytest.mark.parametrize(("port", "reserved"), [("dpdk", ["18"]), ("af_packet", [])])
def test_huge_pages_are_reserved_for_the_port_that_needs_them(
    monkeypatch: pytest.MonkeyPatch, port: str, reserved: list[str]
) -> None:
    moved = knobs.Result("irq", "0", "0", True, "")
    asked: list[knobs.Knob] = []

    def applied(rows: list[knobs.Knob]) -> list[knobs.Result]:
        asked.extend(rows)
        return []

    monkeypatch.setattr(knobs, "apply", applied)
    monkeypatch.setattr(knobs, "move_interrupts", lambda *_: moved)
    monkeypatch.setattr(knobs, "hold_wakeup_latency", lambda: (None, moved))
    monkeypatch.setattr("hftapp.netconf.up", lambda _name: None)
    settings = BASE.replace('"memory"\naddress = ""', f'"{port}"\nmac = "52:54:00:20:00:10"\naddress = "10.20.0.10/24"')
    boot.prepare(config.parse(settings), 1.0, lambda _line: None)
    assert [row.value for row in asked if row.name == "vm.nr_hugepages"] == reserved
