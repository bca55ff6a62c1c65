"""A kernel of the tests' own: files below a folder."""

import gzip
from pathlib import Path

from hftapp import config
from hftapp.knobs.readback import Reader
from hftapp.knobs.table import Row, Table

NO_CARD = config.parse('[nic]\nport = "memory"\naddress = ""\n[management]\nmac = ""\naddress = ""\noffice = ""\n').nic


class Kernel:
    """A tree with the CPUs 0 and 1, of which 1 is isolated."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.put("/sys/devices/system/cpu/present", "0-1")
        self.put("/sys/devices/system/cpu/possible", "0-1")
        self.put("/sys/devices/system/cpu/online", "0-1")
        self.put("/proc/cmdline", "")
        self.put("/proc/1/cmdline", "/init")
        self.put("/proc/1/environ", "HOME=/")

    def put(self, path: str, text: str) -> Path:
        target = self.root / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        return target

    def read(self, path: str) -> str:
        return (self.root / path.lstrip("/")).read_text().strip()

    def config(self, text: str) -> None:
        self.put("/proc/config.gz", "").write_bytes(gzip.compress(text.encode()))

    @property
    def reader(self) -> Reader:
        return Reader(str(self.root))


def row(name: str, layer: str, key: str, value: str, kind: str = "", place: str = "", **more: str) -> Row:
    given = {"shows": value, **more}
    return Row(name, layer, key, value, given.pop("shows"), kind, place, **given)


def table(*rows: Row) -> Table:
    return Table("test", (1,), (0,), rows)
