"""One server's connection at the office: what is kept, what is acknowledged, and what ends it."""

import json
import os
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from office.archive import Archive
from office.files import Entry, hellos, journal, live, recordings, segments
from office.intake import Intake
from protocols.errors import ProtocolError
from protocols.management import (
    CONTROL,
    JOURNAL,
    LIVE,
    Ack,
    Command,
    Frame,
    JournalRecord,
    Recording,
    State,
    decode,
    frame,
)
from protocols.management_files import FileError
from tests.office import scripted_server as server
from tests.office.scripted_server import JOURNAL_ID, SESSION, T, hello, record, state


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path)


def test_a_greeting_is_answered_with_what_is_there(archive: Archive) -> None:
    intake = Intake(archive)
    intake.feed(hello())
    assert intake.acks() == [
        Ack(stream=LIVE, of=SESSION, number=0, check=0),
        Ack(stream=JOURNAL, of=JOURNAL_ID, number=0, check=0),
    ]
    assert intake.acks() == []
    intake.feed(record(1) + record(2) + state(1))
    assert intake.acks() == []  # not on the device yet
    archive.sync()
    assert [(ack.stream, ack.number) for ack in intake.acks()] == [(LIVE, 1), (JOURNAL, 2)]
    again = Intake(archive)
    again.feed(hello())
    assert again.acks()[1] == Ack(stream=JOURNAL, of=JOURNAL_ID, number=2, check=zlib.crc32(record(2)))


def test_a_stream_in_any_pieces_is_kept_once(archive: Archive, tmp_path: Path) -> None:
    stream = hello() + state(1, "connecting") + record(1) + state(2) + record(2, b"\x41", 2, 1)
    intake, new = Intake(archive), []
    for start in range(0, len(stream), 7):
        new += intake.feed(stream[start : start + 7])
    second = Intake(archive)
    assert [type(found.message).__name__ for found in second.feed(stream)] == ["Hello"]
    assert [(found.stream, found.number) for found in new] == [(0, 0), (1, 1), (2, 1), (1, 2), (2, 2)]
    archive.close()
    assert {(segment.stream, segment.of) for segment in segments(tmp_path)} == {(LIVE, SESSION), (JOURNAL, JOURNAL_ID)}
    assert list(journal(tmp_path)) == [
        Entry(JOURNAL_ID, 1, T + 1, 1, 0, b"\x4f"),
        Entry(JOURNAL_ID, 2, T + 2, 2, 1, b"\x41"),
    ]
    assert [found.message.body for _, found in live(tmp_path) if found.stream == LIVE] == [b"connecting", b"trading"]
    assert json.loads(hellos(tmp_path)[SESSION].body) == {"pid1_s": 1.5}
    assert archive.counts["duplicates"] == 4


def test_a_record_that_comes_again_different_is_a_conflict(archive: Archive) -> None:
    Intake(archive).feed(hello() + record(1) + record(2))
    Intake(archive).feed(hello() + record(2, b"other"))
    assert archive.conflicts == [(f"{JOURNAL_ID:016x}/journal.bin", 2)]
    assert archive.summary()["conflicts"] == 1


def test_a_journal_has_no_holes_and_the_other_stream_knows_its_own(archive: Archive) -> None:
    intake = Intake(archive)
    intake.feed(hello() + state(1) + state(4))
    with pytest.raises(ProtocolError, match="record 1 of a journal must come next"):
        intake.feed(record(2))
    summary = archive.summary()
    assert summary["live"][f"{SESSION:016x}"]["holes"] == [[2, 3]]
    assert summary["journals"][f"{JOURNAL_ID:016x}"]["count"] == 0


def test_a_recording_is_put_together(archive: Archive, tmp_path: Path) -> None:
    pieces = [Recording(offset=3, body=b"def"), Recording(offset=0, body=b"abc"), Recording(offset=3, body=b"def")]
    Intake(archive).feed(hello() + b"".join(server.live(n, piece) for n, piece in enumerate(pieces, 1)))
    assert recordings(tmp_path)[SESSION].read_bytes() == b"abcdef"


PIECES = [server.live(n + 1, Recording(offset=4 * n, body=bytes([97 + n]) * 4)) for n in range(4)]


@pytest.mark.parametrize("where", ["office.archive.RecordingFile.write", "office.archive.StreamFile.take"])
@pytest.mark.parametrize("at", range(4))
def test_a_collector_that_dies_between_the_stream_and_the_recording_leaves_no_hole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str, at: int
) -> None:
    archive = Archive(tmp_path)
    intake = Intake(archive)
    intake.feed(hello() + b"".join(PIECES[:at]))

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(where, dies)
        with pytest.raises(KeyboardInterrupt):
            intake.feed(PIECES[at])
    os.close(archive._lock)  # as the end of the process does
    again = Archive(tmp_path)
    Intake(again).feed(hello() + b"".join(PIECES[max(0, at - 1) :]))  # those that were not acknowledged, and one more
    assert recordings(tmp_path)[SESSION].read_bytes() == b"aaaabbbbccccdddd"
    assert again.counts["conflicts"] == 0


def test_nothing_of_a_recording_is_acknowledged_before_the_device_has_it(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    intake = Intake(archive)
    intake.feed(hello() + PIECES[0])
    intake.acks()
    fsync = os.fsync

    def refused(descriptor: int) -> None:
        if Path(f"/proc/self/fd/{descriptor}").readlink().name == "recording":
            raise OSError(5, "Input/output error")
        fsync(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", refused)
        with pytest.raises(OSError, match="Input/output"):
            archive.sync()
    assert intake.acks() == []


def test_a_piece_that_comes_again_and_differs_does_not_change_the_recording(archive: Archive, tmp_path: Path) -> None:
    Intake(archive).feed(hello() + PIECES[0] + PIECES[1])
    Intake(archive).feed(hello() + server.live(2, Recording(offset=4, body=b"zzzz")))
    assert recordings(tmp_path)[SESSION].read_bytes() == b"aaaabbbb"
    assert archive.counts["conflicts"] == 1


def test_files_of_servers_that_are_gone_are_not_kept_open(archive: Archive) -> None:
    def opened() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    before = opened()
    for number in range(1, 200):
        intake = Intake(archive)
        intake.feed(hello(session=number, journal=number))
        intake.close()
        intake.close()
    assert opened() == before
    one, two = Intake(archive), Intake(archive)
    one.feed(hello() + state(1))
    two.feed(hello())
    one.close()
    archive.sync()
    archive.rest()
    assert opened() == before + 2  # `two` is still there
    two.feed(state(1) + record(1))
    two.close()
    assert opened() == before + 1  # the device does not have the record yet
    archive.sync()
    archive.rest()
    assert opened() == before
    three = Intake(archive)
    three.feed(hello() + state(1) + state(2) + record(1) + record(2))
    archive.sync()
    assert [(ack.stream, ack.number) for ack in three.acks()] == [(LIVE, 2), (JOURNAL, 2)]
    assert (archive.counts["duplicates"], archive.counts["conflicts"]) == (3, 0)
    summary = archive.summary()
    assert (len(summary["live"]), summary["live"][f"{SESSION:016x}"]["count"]) == (200, 2)


@pytest.mark.parametrize(
    "data",
    [
        state(1),
        hello() + hello(session=9),
        hello(session=0),
        hello() + Frame(CONTROL, 0, T, State(body=b"x")).encode(),
        hello() + Frame(LIVE, 1, T, JournalRecord(kind=1, venue=0, body=b"x")).encode(),
        hello() + Frame(JOURNAL, 1, T, State(body=b"x")).encode(),
        hello() + Frame(LIVE, 1, T, Ack(stream=1, of=SESSION, number=1, check=0)).encode(),
        hello() + Frame(CONTROL, 0, T, Command(name="stop")).encode(),
        hello() + state(0),
        hello() + b"\xff" * 30,
        hello() + frame(LIVE, 1, T, b""),
        hello() + frame(LIVE, 1, T, b"?what"),
        hello() + server.live(1, Recording(offset=1 << 62, body=b"x")),
    ],
)
def test_what_breaks_the_protocol_ends_the_connection(archive: Archive, data: bytes) -> None:
    with pytest.raises(ProtocolError):
        Intake(archive).feed(data)


def test_an_end_of_a_journal_that_differs_is_seen_by_its_check(archive: Archive) -> None:
    Intake(archive).feed(hello() + record(1))
    archive.sync()
    intake = Intake(archive)
    intake.feed(hello())
    (_, ack) = intake.acks()
    assert ack.check == zlib.crc32(record(1)) != zlib.crc32(record(1, b"other"))


def test_counts_go_on_where_the_last_collector_ended(tmp_path: Path) -> None:
    first = Archive(tmp_path)
    first.counts["faults"] += 3
    first.write_summary()
    first.close()
    second = Archive(tmp_path)
    assert (second.counts["faults"], second.counts["starts"]) == (3, 2)
    with pytest.raises(OSError, match="another collector keeps its files"):
        Archive(tmp_path)
    second.close()
    (tmp_path / "summary.json").write_text("[" * 10_000)
    assert Archive(tmp_path).counts["starts"] == 1


@given(data=st.binary(max_size=300), cut=st.integers(0, 60))
def test_hostile_bytes_end_in_a_typed_error(tmp_path_factory: pytest.TempPathFactory, data: bytes, cut: int) -> None:
    archive = Archive(tmp_path_factory.mktemp("hostile"))
    try:
        Intake(archive).feed(hello()[: len(hello()) - cut] + data)
    except (ProtocolError, FileError):
        pass
    finally:
        archive.close()


@given(data=st.binary(min_size=1, max_size=120))
def test_any_message_decodes_or_is_refused_with_a_typed_error(data: bytes) -> None:
    try:
        message = decode(data)
    except ProtocolError:
        return
    assert decode(message.encode()) == message
