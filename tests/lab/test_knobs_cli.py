"""`hftos lab knobs`: what a guest's boot record says, and the rows of the catalogue."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from image import catalogue
from lab.boot_record import NoRecordError, find
from lab.knobs_cli import knobs
from protocols.management import CONTROL, LIVE, VERSION, Exit, Hello, ManagementMessage, State, frame
from protocols.management_files import MAGIC


def row(name: str, requested: str, effective: str, *, ok: bool = True, reason: str = "") -> dict[str, Any]:
    values = {"name": name, "layer": "sysctl", "requested": requested, "effective": effective}
    return {**values, "ok": ok, "reason": reason}


GOOD = [row("vm.stat_interval", "120", "120"), row("vm.swappiness", "unset", "60")]
BAD = row("kernel.watchdog", "0", "1", ok=False, reason="write refused: Permission denied")


def hello(rows: list[dict[str, Any]], host: str = "desk-7") -> Hello:
    body = json.dumps({"kernel_s": 1.0, "knobs": rows}).encode()
    return Hello(version=VERSION, session=1, journal=2, ticks_per_second=0, host=host, body=body)


def keep(folder: Path, *messages: ManagementMessage, session: int = 1, at: int = 1) -> Path:
    """The file of a session, as the collector writes it."""
    path = folder / "office" / f"{session:016x}" / "live.bin"
    path.parent.mkdir(parents=True)
    frames = [
        frame(CONTROL if isinstance(m, Hello) else LIVE, number, number, m.encode())
        for number, m in enumerate(messages, 1)
    ]
    path.write_bytes(MAGIC + b"".join(frames))
    os.utime(path, (at, at))
    return path


def call(*arguments: str) -> Result:
    return CliRunner().invoke(knobs, list(arguments), env={"COLUMNS": "160"})


class TestAGuest:
    """`--run DIR`."""

    def test_what_was_asked_for_and_what_is(self, tmp_path: Path) -> None:
        keep(tmp_path, hello(GOOD), State(body=b"trading"))
        done = call("--run", str(tmp_path))
        assert done.exit_code == 0
        assert "desk-7" in done.output
        assert "vm.stat_interval" in done.output
        assert "vm.swappiness" not in done.output
        assert "1 knobs, 0 failed; 1 left alone: --all" in done.output
        assert "vm.swappiness" in call("--run", str(tmp_path), "--all").output

    def test_a_knob_that_failed_is_marked_and_the_status_is_1(self, tmp_path: Path) -> None:
        keep(tmp_path, hello([*GOOD, BAD]))
        done = call("--run", str(tmp_path))
        assert done.exit_code == 1
        assert "failed write refused: Permission denied" in done.output

    def test_one_knob_by_its_name(self, tmp_path: Path) -> None:
        keep(tmp_path, hello([*GOOD, BAD]))
        done = call("vm.swappiness", "--run", str(tmp_path), "--json")
        assert (done.exit_code, json.loads(done.stdout)["knobs"]) == (0, [GOOD[1]])
        assert call("kernel.watchdog", "--run", str(tmp_path)).exit_code == 1

    def test_a_name_that_is_no_knobs(self, tmp_path: Path) -> None:
        keep(tmp_path, hello(GOOD))
        assert "did you mean nohz_full" in call("nohz_ful", "--run", str(tmp_path)).output
        assert "the guest says nothing of nohz_full" in call("nohz_full", "--run", str(tmp_path)).output

    def test_json_says_how_it_ended(self, tmp_path: Path) -> None:
        keep(tmp_path, hello(GOOD), Exit(status=1, body=b"no reason"))
        assert json.loads(call("--run", str(tmp_path), "--json", "--all").stdout) == {
            "host": "desk-7",
            "session": f"{1:016x}",
            "ended": "exit status 1: no reason",
            "knobs": GOOD,
        }


class TestTheBootRecord:
    """The last greeting of the last guest."""

    def test_a_greeting_says_more_when_there_is_more(self, tmp_path: Path) -> None:
        keep(tmp_path, hello(GOOD), State(body=b"x"), hello([*GOOD, BAD]))
        assert find(tmp_path).failed == [BAD]

    def test_of_several_guests_the_last_counts(self, tmp_path: Path) -> None:
        keep(tmp_path, hello([], "new"), session=1, at=20)
        keep(tmp_path, hello([], "old"), session=2, at=10)
        assert find(tmp_path).host == "new"

    def test_a_guest_that_has_not_greeted_yet_is_none(self, tmp_path: Path) -> None:
        keep(tmp_path, State(body=b"x"), session=1, at=20)
        keep(tmp_path, hello([], "old"), session=2, at=10)
        assert find(tmp_path).host == "old"

    def test_a_frame_that_is_still_being_written_is_not_read(self, tmp_path: Path) -> None:
        path = keep(tmp_path, hello(GOOD))
        path.write_bytes(path.read_bytes() + b"\0\0\0\x40\x02half")
        assert find(tmp_path).knobs == GOOD

    def test_a_collectors_own_folder_will_do(self, tmp_path: Path) -> None:
        keep(tmp_path, hello(GOOD))
        assert find(tmp_path / "office").knobs == GOOD

    def test_a_folder_without_any_says_what_to_do(self, tmp_path: Path) -> None:
        with pytest.raises(NoRecordError, match="start one with `hftos run`"):
            find(tmp_path)
        assert call("--run", str(tmp_path)).exit_code == 1

    @pytest.mark.parametrize("content", [b"something else", MAGIC + b"\xff" * 40])
    def test_a_damaged_file_is_named(self, tmp_path: Path, content: bytes) -> None:
        keep(tmp_path).write_bytes(content)
        with pytest.raises(NoRecordError, match=r"live\.bin cannot be read"):
            find(tmp_path)

    def test_a_greeting_whose_body_is_no_json_is_an_error_too(self, tmp_path: Path) -> None:
        keep(tmp_path, Hello(version=VERSION, session=1, journal=2, ticks_per_second=0, host="h", body=b"{"))
        with pytest.raises(NoRecordError, match=r"live\.bin cannot be read"):
            find(tmp_path)


class TestTheCatalogue:
    """`--catalogue`."""

    def test_the_list_has_every_row(self) -> None:
        output = call("--catalogue").output
        assert all(knob.name in output for knob in catalogue.load())

    def test_one_row_tells_all_that_is_known(self) -> None:
        output = call("--catalogue", "nohz_full").output
        for part in ("no tick", "SUSE", "cpus:/sys/devices/system/cpu/nohz_full", "kernel-config/catalogue/boot.toml"):
            assert part in output
        assert "needs another kernel" in call("--catalogue", "HZ").output
        assert "fails every hardening check" in call("--catalogue", "mitigations").output

    def test_json_has_the_fields_of_a_row(self) -> None:
        (found,) = json.loads(call("--catalogue", "HZ", "--json").stdout)
        assert (found["rebuild"], found["values"]["qemu"], found["choices"]["1000"]) == (True, "100", "HZ_1000")

    def test_an_unknown_name_lists_near_ones(self) -> None:
        done = call("--catalogue", "nohz_ful")
        assert done.exit_code == 1
        assert "did you mean nohz_full" in done.output
