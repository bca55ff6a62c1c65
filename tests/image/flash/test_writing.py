"""A disk that was flashed has the image; one on which anything went wrong has no partition table."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from image.flash import source, writing
from image.flash.errors import DifferenceError
from image.flash.layout import Layout
from image.flash.units import MIB
from image.flash.writing import Outcome
from tests.image.flash.disk_maker import gpt_disk

SIZE = 16 << 20


class Memory:
    """A disk in memory, full of old data; `fault` is asked before every write and may raise or change the bytes."""

    def __init__(self, size: int = SIZE) -> None:
        self.size = size
        self.content = bytearray(gpt_disk(size, [(2048, 20479, "old")], b"old data"))
        self.synced = bytes(self.content)
        self.fault: Callable[[int, bytes], bytes] = lambda _at, content: content

    def write(self, at: int, content: bytes) -> None:
        self.content[at : at + len(content)] = self.fault(at, content)

    def zero(self, at: int, length: int) -> None:
        self.content[at : at + length] = bytes(length)

    def sync(self) -> None:
        self.synced = bytes(self.content[: self.size])

    def read(self, at: int, length: int) -> bytes:
        return self.synced[at : at + length]

    @property
    def has_table(self) -> bool:
        return b"EFI PART" in self.content


class Steps:
    """Remembers the steps and the last progress of each."""

    def __init__(self) -> None:
        self.seen: dict[str, tuple[int, int]] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[Callable[[int, int], None]]:
        self.seen[name] = (0, 0)

        def update(done: int, total: int) -> None:
            assert self.seen[name][0] < done <= total
            self.seen[name] = (done, total)

        yield update


@pytest.fixture
def disk() -> Memory:
    return Memory()


@pytest.fixture
def layout(image: Path) -> Iterator[Layout]:
    with source.opened(image, "") as opened:
        yield Layout(opened, SIZE)


def test_the_disk_has_the_image_and_a_table_of_its_own_length(disk: Memory, layout: Layout) -> None:
    steps, outcome = Steps(), Outcome()
    writing.flash(disk, layout, steps.step, outcome)
    expected = gpt_disk(SIZE, [(2048, 4095, "hftos-esp")], bytes(range(1, 252)))
    assert disk.synced[: 8 * MIB] == expected[: 8 * MIB]
    assert disk.synced[-2 * MIB :] == expected[-2 * MIB :]
    assert outcome.state == "done"
    assert outcome.written_bytes + outcome.zeroed_bytes == layout.total + 34 * 512 + 33 * 512
    assert outcome.compared_bytes == layout.total + 2 * MIB
    assert steps.seen["writing"] == steps.seen["comparing"] == (layout.total, layout.total)


@pytest.mark.parametrize(("writes", "state", "copies"), [(0, "erased", 0), (1, "tables", 0), (2, "tables", 1)])
def test_a_flashing_that_is_cut_short_leaves_no_first_table(
    disk: Memory, layout: Layout, writes: int, state: str, copies: int
) -> None:
    """There are three writes: the one chunk that is not empty, the table at the end, the one at the beginning."""

    def fault(_at: int, content: bytes) -> bytes:
        nonlocal writes
        writes -= 1
        if writes < 0:
            raise KeyboardInterrupt
        return content

    disk.fault = fault
    outcome = Outcome()
    with pytest.raises(KeyboardInterrupt):
        writing.flash(disk, layout, Steps().step, outcome)
    assert outcome.state == state
    assert disk.content[: 34 * 512] == bytes(34 * 512)
    assert disk.content.count(b"EFI PART") == copies


def test_the_disk_fails(disk: Memory, layout: Layout) -> None:
    def fault(at: int, content: bytes) -> bytes:
        raise OSError(5, "Input/output error")

    disk.fault = fault
    outcome = Outcome()
    with pytest.raises(OSError, match="Input/output"):
        writing.flash(disk, layout, Steps().step, outcome)
    assert (outcome.state, disk.has_table) == ("erased", False)
    assert "boots nothing: flash it again" in outcome.words


@pytest.mark.parametrize("refused", ["first zero", "second zero", "sync"])
def test_a_disk_that_refuses_to_be_erased_may_have_its_table(
    disk: Memory, layout: Layout, monkeypatch: pytest.MonkeyPatch, refused: str
) -> None:
    zero = disk.zero

    def fail(*range_: int) -> None:
        if range_[:1] == (0,) and refused == "second zero":
            zero(*range_)
            return
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(disk, "sync" if refused == "sync" else "zero", fail)
    outcome = Outcome()
    with pytest.raises(OSError, match="Input/output"):
        writing.flash(disk, layout, Steps().step, outcome)
    assert outcome.state == "erasing"
    assert outcome.words == "its partition table may be gone, and nothing of the image is on it: flash it again"
    assert b"EFI PART" in disk.synced


def test_a_disk_that_keeps_one_byte_wrong_gets_no_table(disk: Memory, layout: Layout) -> None:
    def fault(at: int, content: bytes) -> bytes:
        return content[:100] + bytes([content[100] ^ 0x10]) + content[101:]

    disk.fault = fault
    outcome = Outcome()
    with pytest.raises(DifferenceError, match=rf"byte {MIB + 100} was written as 0x65 and is read as 0x75, 1 of"):
        writing.flash(disk, layout, Steps().step, outcome)
    assert (outcome.state, disk.has_table) == ("different", False)


def test_a_disk_that_keeps_the_table_wrong_gets_none(disk: Memory, layout: Layout) -> None:
    def fault(at: int, content: bytes) -> bytes:
        return content[:-1] + b"\xff" if at == 0 else content

    disk.fault = fault
    outcome = Outcome()
    with pytest.raises(DifferenceError, match=f"byte {34 * 512 - 1} was written as 0x00 and is read as 0xff"):
        writing.flash(disk, layout, Steps().step, outcome)
    assert (outcome.state, disk.has_table) == ("different", False)


def test_a_disk_that_keeps_the_table_wrong_and_cannot_be_erased(disk: Memory, layout: Layout) -> None:
    """It may have a table then, and nobody is told that it has none."""

    def fault(at: int, content: bytes) -> bytes:
        if at == 0:
            disk.zero = refused  # type: ignore[method-assign]
            return content[:-1] + b"\xff"
        return content

    def refused(at: int, length: int) -> None:
        raise OSError(5, "Input/output error")

    disk.fault = fault
    outcome = Outcome()
    with pytest.raises(OSError, match="Input/output"):
        writing.flash(disk, layout, Steps().step, outcome)
    assert (outcome.state, disk.has_table) == ("tables", True)


def test_a_disk_that_is_shorter_than_it_says(image: Path, disk: Memory) -> None:
    with source.opened(image, "") as opened:
        layout = Layout(opened, SIZE + 4 * MIB)
        with pytest.raises(DifferenceError, match="nothing can be read from byte 18874368 on"):
            writing.flash(disk, layout, Steps().step, Outcome())
