"""The job is the same for everybody: the C header, the Python module and the image's configuration say it alike."""

import re
import tomllib
from pathlib import Path

from hftapp import config
from lab.lockstep import job


def test_the_header_has_every_constant() -> None:
    found = dict(re.findall(r"^#define (\w+) (.*)$", job.c_header(), re.MULTILINE))
    assert found.pop("FIRM") == '"HFTX"'
    assert {name: value.strip('"') for name, value in found.items()} == {
        name: str(value) for name, value in job.JOB.items() if name != "FIRM"
    }


def test_the_module_has_every_constant() -> None:
    names: dict[str, object] = {}
    exec(job.python_module(), names)
    assert {name: names[name] for name in job.JOB} == dict(job.JOB)


def test_the_image_takes_its_configuration(tmp_path: Path) -> None:
    text = job.image_config("af_packet")
    (tmp_path / "hftos.toml").write_text(text)
    read = tomllib.loads(text)
    assert read["strategy"][0]["params"]["ratio_pct"] == job.JOB["RATIO_PCT"]
    assert read["risk"]["max_orders_per_second"] == job.JOB["MAX_ORDERS_PER_SECOND"]
    assert config.load(tmp_path / "hftos.toml").nic.mac == job.GUEST_MAC
