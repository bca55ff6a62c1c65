"""The kernel's log: the head of a record, its text, what belongs to it, and what is overwritten while it is read."""

import os
from pathlib import Path

import pytest

from hftapp import kmsg
from hftapp.kmsg import Line


def test_a_record_has_a_head_a_text_and_lines_that_belong_to_it(tmp_path: Path) -> None:
    log = tmp_path / "kmsg"
    log.write_bytes(b"6,1,0,-;Linux; version 6.12\n SUBSYSTEM=pci\n6,339,2500000,c;done\n")
    assert list(kmsg.lines(str(log))) == [
        Line(b"6,1,0,-", b"Linux; version 6.12"),
        Line(b"", b" SUBSYSTEM=pci"),
        Line(b"6,339,2500000,c", b"done"),
    ]
    assert [line.seconds for line in kmsg.lines(str(log))] == [0.0, None, 2.5]


def test_without_a_log_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        list(kmsg.lines(str(tmp_path / "none")))


def test_reading_goes_on_behind_what_was_overwritten_and_ends_where_the_log_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel answers EPIPE once, and at the end EAGAIN to a reader that does not wait."""
    log = tmp_path / "kmsg"
    log.write_bytes(b"")
    answers: list[bytes | OSError] = [b"6,1,0,-;one\n", BrokenPipeError(), b"6,9,1,-;nine\n", BlockingIOError()]

    def read(_fd: int, length: int) -> bytes:
        assert length == kmsg.RECORD
        answer = answers.pop(0)
        if isinstance(answer, OSError):
            raise answer
        return answer

    monkeypatch.setattr(os, "read", read)
    assert [line.text for line in kmsg.lines(str(log))] == [b"one", b"nine"]
    assert not answers
