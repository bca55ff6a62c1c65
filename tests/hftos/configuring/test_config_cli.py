"""The commands as an operator types them."""

import fcntl
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hftos.configuring import command_line, opening
from hftos.configuring.cli import config
from image import buildroot
from image.esp import FolderEsp
from tests.hftos.configuring.installed import BAD, BEFORE, CURRENT, GOOD, OLD, OWN, TOO_HIGH, UKI, install, program


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(config, [str(word) for word in words], catch_exceptions=False)


def test_show_prints_the_file_and_says_on_the_side_where_it_comes_from(tmp_path: Path) -> None:
    result = run("show", "--image", install(tmp_path))
    assert result.exit_code == 0
    assert result.stdout == OWN.decode()
    assert result.stderr == f"# the configuration that was built into the image: {UKI}, /etc/hftos.toml\n"


def test_show_says_loudly_that_a_bad_one_will_be_refused(tmp_path: Path) -> None:
    result = run("show", "--image", install(tmp_path, {CURRENT: BAD, BEFORE: OLD}))
    assert result.exit_code == 0
    assert result.stdout == OLD.decode()
    assert "# CONFIGURATION REFUSED: " in result.stderr
    assert TOO_HIGH in result.stderr


def test_show_hides_passwords_unless_they_are_asked_for(tmp_path: Path) -> None:
    install(tmp_path, {CURRENT: b'[order_entry]\npassword = "hunter2"  # keep\n'})
    assert run("show", "--image", tmp_path).stdout == '[order_entry]\npassword = "********"  # keep\n'
    assert '"hunter2"' in run("show", "--image", tmp_path, "--secrets").stdout
    assert "hunter2" not in run("show", "--image", tmp_path, "--json").stdout
    assert "hunter2" in run("show", "--image", tmp_path, "--json", "--secrets").stdout


def test_show_as_json(tmp_path: Path) -> None:
    found = json.loads(run("show", "--image", install(tmp_path, {CURRENT: BAD, BEFORE: OLD}), "--json").stdout)
    assert found == {
        "image": str(tmp_path),
        "uki": UKI,
        "source": "last good",
        "path": BEFORE,
        "fallback": True,
        "refused": [{"path": CURRENT, "problems": [TOO_HIGH]}],
        "notices": [],
        "configuration": {"host": {"name": "before"}},
    }


def test_show_of_nothing_usable_lists_all_mistakes(tmp_path: Path) -> None:
    install(tmp_path, {CURRENT: b"\0"}, image=b"MZ")
    result = run("show", "--image", tmp_path)
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: configuration is refused:\n  /.extra/credentials/hftos.toml.cred: not TOML")
    assert "is damaged" in result.stderr


def test_set_a_whole_file(tmp_path: Path) -> None:
    (tmp_path / "esp").mkdir()
    (tmp_path / "new.toml").write_bytes(GOOD)
    install(tmp_path / "esp", {CURRENT: OLD})
    result = run("set", "--image", tmp_path / "esp", tmp_path / "new.toml")
    assert result.exit_code == 0
    assert result.stdout == (
        f"{tmp_path}/esp: {CURRENT} written and read back; the one before it is kept as the last good one\n"
    )
    assert (tmp_path / "esp" / CURRENT).read_bytes() == GOOD
    again = run("set", "--image", tmp_path / "esp", tmp_path / "new.toml", "--json")
    assert json.loads(again.stdout) == {
        "ok": True,
        "image": f"{tmp_path}/esp",
        "uki": UKI,
        "path": CURRENT,
        "written": False,
        "replaced": "",
        "dropped_last_good": False,
    }


def test_set_says_that_an_older_last_good_one_is_gone_and_how_it_stays(tmp_path: Path) -> None:
    install(tmp_path, {CURRENT: GOOD, BEFORE: OLD})
    said = run("set", "--image", tmp_path, "--keep-last-good", "host.name=second").stdout
    assert said.endswith("; the one before it is kept as hftos.toml.replaced, and the last good one is as it was\n")
    assert (tmp_path / BEFORE).read_bytes() == OLD
    said = run("set", "--image", tmp_path, "host.name=third").stdout
    assert said.endswith(
        "; the one before it is kept as the last good one in place of an older one. To fall back on that one, set it "
        "and then this one again; --keep-last-good would have left it there\n"
    )
    assert b"second" in (tmp_path / BEFORE).read_bytes()


def test_set_values_keeps_the_rest_of_what_is_in_effect(tmp_path: Path) -> None:
    install(tmp_path)
    assert run("set", "--image", tmp_path, "risk.max_order_shares=500").exit_code == 0
    assert (tmp_path / CURRENT).read_bytes() == OWN.replace(b"900", b"500")
    assert run("set", "--image", tmp_path, "host.name=second", "cpu.trader=1").exit_code == 0
    assert (tmp_path / CURRENT).read_bytes() == b'# built in\n[host]\nname = "second"\n\n[risk]\nmax_order_shares = 500  # shares\n\n[cpu]\ntrader = 1\n'  # fmt: skip  # noqa: E501
    assert (tmp_path / BEFORE).read_bytes() == OWN.replace(b"900", b"500")


@pytest.mark.parametrize("words", [("set", "host.name=x"), ("cmdline", "--add", "debug")])
def test_changes_are_made_one_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    """Nobody else can begin one between the reading and the last rename."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    seen: list[str] = []

    class Watched(FolderEsp):
        def read(self, path: str) -> bytes:
            self.look("read")
            return super().read(path)

        def rename(self, old: str, new: str) -> None:
            super().rename(old, new)
            self.look("rename")

        def look(self, step: str) -> None:
            with (tmp_path / "cache/hftos/configuration.lock").open() as file, pytest.raises(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            seen.append(step)

    monkeypatch.setattr(opening, "FolderEsp", Watched)
    monkeypatch.setattr(buildroot, "ensure", lambda _reporter: None)
    monkeypatch.setattr(command_line, "_make", lambda _root, words: program({".cmdline": " ".join(words).encode()}))
    result = run(words[0], "--image", install(tmp_path / "esp"), *words[1:])
    assert result.exit_code == 0, result.stderr
    assert {"read", "rename"} <= set(seen)
    with (tmp_path / "cache/hftos/configuration.lock").open() as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # and it is free again


def test_set_where_nothing_can_be_kept_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    result = run("set", "--image", install(tmp_path / "esp"), "host.name=x")
    assert (result.exit_code, "set XDG_CACHE_HOME" in result.stderr) == (1, True), result.stderr


def test_set_mends_a_bad_one_that_is_still_toml(tmp_path: Path) -> None:
    install(tmp_path, {CURRENT: BAD})
    assert run("set", "--image", tmp_path, "risk.max_order_shares=5").exit_code == 0
    assert (tmp_path / CURRENT).read_bytes() == BAD.replace(b"0", b"5")


@pytest.mark.parametrize("content", [b"[nic", b"\xff\xfe"])
def test_set_of_values_needs_something_to_put_them_into(tmp_path: Path, content: bytes) -> None:
    result = run("set", "--image", install(tmp_path, {CURRENT: content}), "risk.max_order_shares=5")
    assert result.exit_code == 1
    assert "set a whole file" in result.stderr


def test_set_refuses_a_bad_one_with_key_value_and_range(tmp_path: Path) -> None:
    install(tmp_path, {CURRENT: GOOD})
    result = run("set", "--image", tmp_path, "risk.max_order_shares=0", "nic.prot=dpdk")
    assert result.exit_code == 1
    assert result.stderr == (
        "Error: the new configuration is refused:\n"
        '  nic.prot: unknown; did you mean "port"?\n'
        f"  {TOO_HIGH}\n"
    )  # fmt: skip
    assert (tmp_path / CURRENT).read_bytes() == GOOD


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("a.toml", "b.toml"), 2, "'a.toml' is not KEY=VALUE"),
        (("risk.x=1", "b.toml"), 2, "'b.toml' is not KEY=VALUE"),
        (("none.toml",), 1, "cannot be read: No such file or directory"),
        (("risk=1",), 1, "'risk' is no key"),
        ((), 2, "Missing argument"),
    ],
)
def test_set_of_something_else_is_refused(tmp_path: Path, words: tuple[str, ...], status: int, said: str) -> None:
    result = run("set", "--image", install(tmp_path), *words)
    assert (result.exit_code, said in result.stderr) == (status, True), result.stderr


def test_check_an_image(tmp_path: Path) -> None:
    result = run("check", "--image", install(tmp_path))
    assert (result.exit_code, result.stdout) == (0, f"{tmp_path}: in order\n")
    install(tmp_path, {CURRENT: BAD + b"max_open_orders = -1\n", BEFORE: b""})
    result = run("check", "--image", tmp_path)
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        f"{CURRENT}: {TOO_HIGH}",
        f"{CURRENT}: risk.max_open_orders = -1: must be an integer from 1 to 100_000 (orders)",
        f"{BEFORE}: empty: nothing would be traded on the defaults alone",
    ]
    found = json.loads(run("check", "--image", tmp_path, "--json").stdout)
    assert (found["ok"], [fault["path"] for fault in found["faults"]]) == (False, [CURRENT, BEFORE])


def test_check_a_file_alone_and_against_an_image(tmp_path: Path) -> None:
    file = tmp_path / "my.toml"
    file.write_bytes(b'[[strategy]]\nkind = "tape_follower.TapeFollower"\n')
    assert run("check", file).stdout == f"{file}: in order\n"
    result = run("check", file, "--image", install(tmp_path))
    assert result.exit_code == 1
    assert "the image has no strategies.tape_follower" in result.stdout
    file.write_bytes(BAD)
    assert run("check", file).stdout == f"{file}: {TOO_HIGH}\n"


def test_check_needs_something_to_check() -> None:
    assert run("check").exit_code == 2
