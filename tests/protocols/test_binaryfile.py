"""BinaryFILE: what is written is read, and what is wrong with a file is said."""

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols import binaryfile
from protocols.errors import LengthError, ProtocolError, RangeError, TruncatedError


def test_a_real_slice_has_no_end_record(snippet_path: Path) -> None:
    with binaryfile.read(snippet_path) as reader:
        messages = list(reader)
    assert len(messages) == reader.messages == 1000
    assert reader.offset == snippet_path.stat().st_size
    assert not reader.complete


def test_a_file_is_written_back_byte_by_byte(snippet_path: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    assert binaryfile.write(copy, binaryfile.read(snippet_path), end_record=False) == 1000
    assert copy.read_bytes() == snippet_path.read_bytes()


@given(st.lists(st.binary(min_size=1, max_size=300), max_size=30), st.booleans())
def test_what_is_written_is_read(messages: list[bytes], end_record: bool) -> None:
    raw = b"".join(map(binaryfile.encode_record, messages)) + (b"\0\0" if end_record else b"")
    reader = binaryfile.read(io.BytesIO(raw))
    assert list(reader) == messages
    assert reader.complete is end_record
    assert reader.offset == len(raw)
    assert list(reader) == []


def test_large_messages_cross_blocks(tmp_path: Path) -> None:
    path = tmp_path / "large"
    messages = [bytes((number,)) * 65_535 for number in range(40)]
    binaryfile.write(path, messages)
    reader = binaryfile.read(str(path))
    assert list(reader) == messages
    assert reader.complete


@given(st.binary(max_size=200))
def test_random_bytes_give_messages_or_protocol_errors(data: bytes) -> None:
    try:
        list(binaryfile.read(io.BytesIO(data)))
    except ProtocolError as error:
        assert error.offset is not None


@pytest.mark.parametrize(
    ("raw", "error", "offset"),
    [
        (b"\0", TruncatedError, 1),
        (b"\0\x03ab", TruncatedError, 4),
        (b"\0\x01a\0", TruncatedError, 4),
        (b"\0\x01a\0\0x", LengthError, 5),
    ],
)
def test_faults_come_after_the_good_messages(raw: bytes, error: type[ProtocolError], offset: int) -> None:
    with pytest.raises(error) as caught:
        list(binaryfile.read(io.BytesIO(raw)))
    assert caught.value.offset == offset


def test_what_cannot_be_written(tmp_path: Path) -> None:
    for message in (b"", bytes(65_536)):
        with pytest.raises(RangeError, match="1 to 65535"):
            binaryfile.write(tmp_path / "x", [message])


def test_a_missing_file_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        binaryfile.read(tmp_path / "none")
