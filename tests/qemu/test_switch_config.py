"""The switch's configuration: what is right is taken over, what is wrong is named."""

from pathlib import Path
from typing import Any

import pytest

from qemu.switch.config import ConfigError, parse
from qemu.switch.core import PortPlan
from qemu.switch.faults import Direction, Kind, Match

PORTS: list[dict[str, Any]] = [
    {"name": "exchange", "segment": "trading", "tap_fd": 5, "capture": "/tmp/exchange.pcapng"},
    {"name": "trader", "segment": "trading", "local": "/run/a", "remote": "/run/b"},
]


def test_everything_is_taken_over() -> None:
    fault = {
        "port": "trader",
        "direction": "out",
        "kind": "loss",
        "probability": 0.01,
        "match": {"group": "239.20.0.1", "port": 26401, "min_payload": 21},
        "stream": "feed",
        "band": 0.5,
    }
    config = parse({"seed": 2**64 - 1, "ports": PORTS, "faults": [fault], "counters": "/tmp/switch.json"})
    assert config.seed == 2**64 - 1
    assert config.ports[0].plan == PortPlan("exchange", "trading")
    assert [port.cable for port in config.ports] == [5, (Path("/run/a"), Path("/run/b"))]
    assert config.ports[0].capture == Path("/tmp/exchange.pcapng")
    taken = config.faults[0]
    assert (taken.direction, taken.kind, taken.probability, taken.band) == (Direction.OUT, Kind.LOSS, 0.01, 0.5)
    assert taken.match == Match(0xEF140001, 26401, 21)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ports": []}, "ports is empty"),
        ({"ports": None}, "ports is None: must be a list"),
        ({"seed": -1}, "seed is -1: must be an integer from 0"),
        ({"sed": 1}, "unknown key 'sed'"),
        ({"ports": [{"name": "x", "segment": "s"}]}, r"ports\[0\]: give either tap_fd, or both local and remote"),
        ({"ports": [{"name": "x", "segment": "s", "local": "/a"}]}, "both local and remote"),
        ({"ports": [{"name": "", "segment": "s", "tap_fd": 1}]}, "name is ''"),
        ({"ports": [{"name": "x", "segment": "s", "tap_fd": True}]}, "tap_fd is True"),
        (
            {"faults": [{"port": "x", "direction": "up", "kind": "loss"}]},
            "direction is 'up': must be one of 'in', 'out'",
        ),
        ({"faults": [{"port": "x", "direction": "in", "kind": "melt"}]}, "kind is 'melt'"),
        ({"faults": [{"port": "x", "direction": "in", "kind": "loss", "probability": 2}]}, "probability is 2"),
        ({"faults": [{"port": "x", "direction": "in", "kind": "drop", "drop": [0]}]}, "drop is 0"),
        ({"faults": [{"port": "x", "direction": "in", "kind": "loss", "match": {"group": "x"}}]}, "group is 'x'"),
        ({"faults": [{"port": "x", "direction": "in", "kind": "loss", "stream": 1}]}, "stream is 1"),
        ({"faults": ["x"]}, "must be an object"),
        ({"counters": ""}, "must be a path"),
    ],
)
def test_a_wrong_value_is_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse({"ports": PORTS, **change})
