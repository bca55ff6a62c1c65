"""A unified kernel image on an EFI system partition, with the configurations beside it and the one built into it.

What the machine will run on is decided by the code that decides it there (`hftapp.config_source`): this module gives it
the files as the EFI stub will.
"""

import tempfile
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from hftapp import config_source
from hftapp.config import Config, ConfigError, StrategyConfig
from hftapp.config_source import PLACES, Chosen, Refused
from hftapp.config_table import PARAMS
from hftapp.trader.strategy import loading
from hftos.configuring import command_line
from image import esp
from image.errors import ImageError
from image.esp import Esp, EspError
from image.uki import read_section
from rootfs import cpio, initramfs
from rootfs.errors import RootfsError

_NEW: Final = "hftos.toml.new"
_ASIDE: Final = {"refused": "hftos.toml.refused", "replaced": "hftos.toml.replaced"}
"""Names that the stub does not pass on: what is being written, and what was replaced and is no last good one."""
_OWN: Final = PLACES[-1].path
LOADER: Final = "loader/credentials"
"""The folder of the configurations for all images."""


class InstallationError(ImageError):
    """There is no unified kernel image, or several; or a built one is damaged."""


@dataclass(frozen=True, slots=True)
class Changed:
    """What `Installation.change` did: where the configuration is now, and what became of the one before.

    `kept` is "last good", "refused" for one that would not have been used, "replaced" for one that gave way to the last
    good one of before, or empty when there was none; `written` is False when the same one was there already; `dropped`:
    an older last good one had to go, which was not asked to stay.
    """

    path: str
    kept: str
    written: bool
    dropped: bool = False


class Installation:
    """One image. `uki` is its path on the partition. Everything raises ImageError."""

    def __init__(self, partition: Esp, uki: str) -> None:
        self.uki = uki
        self.label = partition.label
        self.partition = partition
        self._folders = {f"/{esp.CREDENTIALS}": f"{uki}.extra.d", f"/{esp.GLOBAL_CREDENTIALS}": LOADER}

    def find(self) -> Chosen:
        """What the machine will run on. Raises ConfigError when nothing is usable, InstallationError as `own`."""
        return config_source.find(read=self.read, fits=self.check_strategies)

    def read(self, path: str) -> bytes | None:
        """A file by its path in the running system; None where there is none."""
        if path == _OWN:
            return self.own
        place = self.place(path)
        return self.partition.read(place) if place in self._files() else None

    def place(self, path: str) -> str:
        """Where a file of the running system comes from: a path on the partition, as it is spelt there."""
        if path == _OWN:
            return f"{self.uki}, {_OWN}"
        folder, _, name = path.rpartition("/")
        wanted = f"{self._folders[folder]}/{name}"
        return next((file for file in self._files() if file.lower() == wanted.lower()), wanted)

    def newest(self) -> tuple[str, bytes]:
        """Place and content of the first one that is there, valid or not: what a change of single values starts from.

        Raises InstallationError as `own`.
        """
        for place in PLACES:
            data = self.read(place.path)
            if data is not None:
                return self.place(place.path), data
        raise InstallationError(f"{self.label}: {self.uki} has no configuration: set a whole file")

    def faults(self) -> list[Refused]:
        """Every configuration there that is not valid, and changes that were interrupted; by place."""
        found = []
        for place in PLACES:
            try:
                data = self.read(place.path)
                if data is not None:
                    self.check_strategies(config_source.parse(data, place.path))
            except ConfigError as error:
                found.append(Refused(self.place(place.path), config_source.problems(error)))
        current, before = (self.place(f"/{esp.CREDENTIALS}/{name}") for name in (esp.NAME, esp.LAST_GOOD))
        files = self._files()
        new = f"{self._folders[f'/{esp.CREDENTIALS}']}/{_NEW}"
        if current not in files and files & {before, new}:
            found.append(Refused(current, ("missing: a change of it was interrupted; set it again",)))
        if words := command_line.fault(self.partition, self.uki):
            found.append(Refused(words[0], (words[1],)))
        return found

    def change(self, data: bytes, *, keep_last_good: bool = False) -> Changed:
        """Put a configuration there and keep the valid one it replaces as last good. Raises ConfigError for a bad one.

        At every moment, should the power fail, the machine will run on the old one or on the new one; with
        `keep_last_good` for a moment on the valid last good one of before, which then stays what it is.
        """
        self.check_strategies(config_source.parse(data, "the new configuration"))
        folder = self._folders[f"/{esp.CREDENTIALS}"]
        current, before = (self.place(f"/{esp.CREDENTIALS}/{name}") for name in (esp.NAME, esp.LAST_GOOD))
        there = self._files()
        old = self.partition.read(current) if current in there else None
        if old == data:
            return Changed(current, "", written=False)
        new = f"{folder}/{_NEW}"
        self.partition.write(new, data)
        kept = ""
        if old is not None:
            stays = keep_last_good and before in there and self._is_valid(self.partition.read(before))
            kept = "refused" if not self._is_valid(old) else "replaced" if stays else config_source.LAST_GOOD
            aside = f"{folder}/{_ASIDE[kept]}" if kept in _ASIDE else before
            if aside in there:
                self.partition.remove(aside)
            self.partition.rename(current, aside)
        self.partition.rename(new, current)
        if self.partition.read(current) != data:
            raise EspError(f"{self.label}: {current} is not what was written: set it again, or replace the disk")
        dropped = kept == config_source.LAST_GOOD and before in there and not keep_last_good
        return Changed(current, kept, written=True, dropped=dropped)

    @cached_property
    def own(self) -> bytes:
        """The configuration that was built in. Raises InstallationError for an image that is damaged."""
        found = self._initramfs.get(_OWN.lstrip("/"))
        if found is None:
            text = f"{self.label}: {self.uki} has no {_OWN}: it is damaged, or no image of `hftos image build`"
            raise InstallationError(text)
        return found

    def check_strategies(self, settings: Config) -> None:
        """Raises ConfigError for a strategy that the image does not have, or whose parameters are wrong.

        The parameters of strategies that are in the image and not in this checkout are checked when it boots.
        """
        problems = []
        for number, strategy in enumerate(settings.strategies):
            if strategy.kind in PARAMS:
                continue
            module = strategy.kind.rpartition(".")[0]
            if module not in self._strategies:
                there = ", ".join(sorted(self._strategies)) or "none"
                shown = f'strategy[{number}].kind = "{strategy.kind}"'
                problems.append(f"{shown}: the image has no strategies.{module}; it has: {there}")
            elif _is_here(module):
                problems += _problems(number, strategy)
        if problems:
            raise ConfigError("[[strategy]]", problems)

    @cached_property
    def _strategies(self) -> set[str]:
        """Modules of the users' strategies that the image holds."""
        marker = f"/{loading.PACKAGE}/"
        places = (path.partition(marker)[2] for path in self._initramfs if marker in path)
        return {place.rpartition(".")[0].replace("/", ".") for place in places} - {"__init__"}

    @cached_property
    def _initramfs(self) -> dict[str, bytes]:
        try:
            packed = self._section(".initrd")
            return {entry.path: entry.data for entry in cpio.read(initramfs.decompress(packed))}
        except (ImageError, RootfsError) as error:
            raise InstallationError(
                f"{self.label}: {self.uki} is damaged ({error}): build or flash it again"
            ) from error

    def _section(self, name: str) -> bytes:
        with tempfile.TemporaryDirectory() as scratch:
            copy = Path(scratch) / self.uki.rpartition("/")[2]
            copy.write_bytes(self.partition.read(self.uki))
            return read_section(copy, name)

    def _is_valid(self, data: bytes) -> bool:
        try:
            self.check_strategies(config_source.parse(data, ""))
        except ConfigError:
            return False
        return True

    def _files(self) -> set[str]:
        return set(self.partition.files())


def _is_here(module: str) -> bool:
    """Whether this checkout has the module of a strategy."""
    try:
        return find_spec(f"{loading.PACKAGE}.{module}") is not None
    except ModuleNotFoundError:  # of a folder that is not there, or a file of its name
        return False


def _problems(number: int, strategy: StrategyConfig) -> list[str]:
    try:
        loading.load(strategy.kind, strategy.params)
    except loading.StrategyError as error:
        return [f"strategy[{number}]: {problem}" for problem in error.problems]
    return []
