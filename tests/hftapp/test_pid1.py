"""PID 1 in namespaces of its own: it never leaves with a traceback, and nothing it does reaches this machine."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hftapp import bootclock, console, mounts, netconf, power

ROOT = Path(__file__).parents[2]


def test_main_elsewhere_than_in_pid_1_explains_itself() -> None:
    done = subprocess.run([sys.executable, "-m", "hftapp"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "hftos trade" in done.stderr


def test_a_failure_in_pid_1_is_printed_and_powers_off() -> None:
    """In a user namespace devtmpfs cannot be mounted: a failure at the first step. Power off ends the namespace."""
    unshare = shutil.which("unshare")
    assert unshare is not None, "unshare (util-linux) is needed"
    command = [unshare, "-Urpfmn", sys.executable, "-m", "hftapp"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    lines = done.stdout.splitlines()
    assert lines[0].startswith("hftos: main() reached at ")
    assert lines[-1].startswith("hftos: exit status 1: MountError: devtmpfs on /dev")
    assert all(line.startswith("hftos: ") for line in lines)


def test_main_imports_next_to_nothing() -> None:
    code = "import sys; before = set(sys.modules); import hftapp.__main__; print(*(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}); {code}"],
                          capture_output=True, text=True, check=True)  # fmt: skip
    assert set(done.stdout.split()) <= {"hftapp", "hftapp.__main__"}


def test_only_pid_1_powers_off() -> None:
    with pytest.raises(RuntimeError, match=r"only PID 1 powers off.*status 3: why"):
        power.off(3, "why")


def test_the_console_prefixes_every_line(capfd: pytest.CaptureFixture[str]) -> None:
    console.say("one\ntwo")
    assert capfd.readouterr().out == "hftos: one\nhftos: two\n"
    console.adopt()


def test_mounting_what_is_optional_leaves_a_note_and_what_is_required_an_error(tmp_path: Path) -> None:
    row = mounts.TABLE[0]._replace(fstype="nonexistentfs", target=str(tmp_path / "a"), required=False)
    (note,) = mounts.mount_all((row,))
    assert note.startswith(f"{row.target} not mounted: ")
    with pytest.raises(mounts.MountError, match="nonexistentfs on"):
        mounts.mount_all((row._replace(required=True),))


def test_the_kernel_s_last_words_give_its_time(tmp_path: Path) -> None:
    log = tmp_path / "kmsg"
    log.write_bytes(b"6,1,100000,-;Linux version\n6,2,912345,-;Run /init as init process\n6,3,999999,-;x\n")
    assert bootclock.kernel_seconds(str(log)) == 0.912345
    log.write_bytes(b"6,1,100000,-;Linux version\n")
    assert bootclock.kernel_seconds(str(log)) is None
    assert bootclock.kernel_seconds(str(tmp_path / "none")) is None


def test_interfaces_are_found_by_mac_and_listed_when_missing(tmp_path: Path) -> None:
    for name, mac in (("eth0", "52:54:00:20:00:10"), ("eth1", "52:54:00:30:00:10")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "address").write_text(mac + "\n")
    assert netconf.by_mac("52:54:00:30:00:10", str(tmp_path)) == "eth1"
    with pytest.raises(netconf.NetworkError, match=r"eth0 52:54:00:20:00:10, eth1 52:54:00:30:00:10"):
        netconf.by_mac("02:00:00:00:00:01", str(tmp_path))


def test_an_address_is_set_on_an_interface_of_a_new_network_namespace() -> None:
    code = (
        "from hftapp import netconf; netconf.set_address('lo', '127.0.0.9', '255.255.255.0'); import socket;"
        "s = socket.socket(); s.bind(('127.0.0.9', 0)); print('bound')\n"
        "try: netconf.up('nope0')\n"
        "except netconf.NetworkError as error: print(error)"
    )
    command = ["unshare", "-Urn", sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env={**os.environ})
    assert done.stdout.splitlines() == ["bound", "reading the flags of nope0: No such device"], done.stderr
