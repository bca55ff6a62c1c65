"""Configurations beside an image: what the machine would run on, and changing that without a moment of risk."""

from pathlib import Path

import pytest

from hftapp.config import ConfigError
from hftos.configuring.installation import Changed, Installation, InstallationError
from image.esp import EspError, FolderEsp
from tests.hftos.configuring.failing import FailingEsp, PowerFailure
from tests.hftos.configuring.installed import BAD, BEFORE, CURRENT, GOOD, OLD, OWN, TOO_HIGH, UKI, install, program, uki

GLOBAL = "loader/credentials/hftos.toml.cred"
OTHER = b'[host]\nname = "other"\n'
SHOUTED = f"{UKI}.extra.d/HFTOS.TOML.CRED"
REFUSED = f"{UKI}.extra.d/hftos.toml.refused"
REPLACED = f"{UKI}.extra.d/hftos.toml.replaced"
NEW = f"{UKI}.extra.d/hftos.toml.new"


def opened(folder: Path) -> Installation:
    return Installation(FolderEsp(folder), UKI)


def name(installation: Installation) -> str:
    return installation.find().settings.host.name


@pytest.mark.parametrize(
    ("files", "host", "place"),
    [
        ({}, "own", f"{UKI}, /etc/hftos.toml"),
        ({CURRENT: GOOD, BEFORE: OLD}, "changed", CURRENT),
        ({CURRENT: BAD, BEFORE: OLD}, "before", BEFORE),
        ({CURRENT: BAD, BEFORE: BAD}, "own", f"{UKI}, /etc/hftos.toml"),
        ({BEFORE: OLD}, "before", BEFORE),
        ({GLOBAL: GOOD}, "changed", GLOBAL),
        ({GLOBAL: GOOD, CURRENT: OLD}, "before", CURRENT),
        ({GLOBAL: GOOD, CURRENT: BAD, BEFORE: OLD}, "before", BEFORE),
        ({GLOBAL: GOOD, BEFORE: OLD}, "before", BEFORE),
        ({SHOUTED: GOOD}, "changed", SHOUTED),
    ],
)
def test_what_the_machine_will_run_on(tmp_path: Path, files: dict[str, bytes], host: str, place: str) -> None:
    installation = opened(install(tmp_path, files))
    chosen = installation.find()
    assert (chosen.settings.host.name, installation.place(chosen.place.path)) == (host, place)


def test_the_first_change_leaves_the_images_own_behind_it(tmp_path: Path) -> None:
    installation = opened(install(tmp_path))
    assert installation.change(GOOD) == Changed(CURRENT, "", written=True)
    assert (tmp_path / CURRENT).read_bytes() == GOOD
    assert not (tmp_path / BEFORE).exists()
    assert name(installation) == "changed"
    assert installation.faults() == []


def test_a_valid_one_that_is_replaced_becomes_the_last_good_one(tmp_path: Path) -> None:
    installation = opened(install(tmp_path, {CURRENT: GOOD, BEFORE: OLD}))
    assert installation.change(OWN) == Changed(CURRENT, "last good", written=True, dropped=True)
    assert (tmp_path / BEFORE).read_bytes() == GOOD
    assert sorted(path.name for path in (tmp_path / CURRENT).parent.iterdir()) == [
        "hftos.last-good.toml.cred",
        "hftos.toml.cred",
    ]


def test_a_second_attempt_keeps_the_last_good_one_where_it_is_told_to(tmp_path: Path) -> None:
    installation = opened(install(tmp_path, {CURRENT: OLD}))
    assert installation.change(GOOD) == Changed(CURRENT, "last good", written=True)
    assert installation.change(OTHER, keep_last_good=True) == Changed(CURRENT, "replaced", written=True)
    found = [(tmp_path / path).read_bytes() for path in (CURRENT, BEFORE, REPLACED)]
    assert found == [OTHER, OLD, GOOD]
    assert installation.change(OWN, keep_last_good=True).kept == "replaced"
    assert [(tmp_path / path).read_bytes() for path in (CURRENT, BEFORE, REPLACED)] == [OWN, OLD, OTHER]


@pytest.mark.parametrize("files", [{CURRENT: GOOD}, {CURRENT: GOOD, BEFORE: BAD}])
def test_without_a_valid_last_good_one_there_is_none_to_be_kept(tmp_path: Path, files: dict[str, bytes]) -> None:
    changed = opened(install(tmp_path, files)).change(OWN, keep_last_good=True)
    assert changed == Changed(CURRENT, "last good", written=True)
    assert (tmp_path / BEFORE).read_bytes() == GOOD


@pytest.mark.parametrize("last", range(4))
def test_power_may_fail_while_the_last_good_one_is_kept(tmp_path: Path, last: int) -> None:
    files = {CURRENT: OTHER, BEFORE: OLD, REPLACED: OWN}
    with pytest.raises(PowerFailure):
        Installation(FailingEsp(install(tmp_path, files), last), UKI).change(GOOD, keep_last_good=True)
    assert name(opened(tmp_path)) == ("before" if last == 3 else "other")
    assert [fault.path for fault in opened(tmp_path).faults()] == ([CURRENT] if last == 3 else [])
    opened(tmp_path).change(GOOD, keep_last_good=True)
    assert (name(opened(tmp_path)), (tmp_path / BEFORE).read_bytes()) == ("changed", OLD)


def test_a_bad_one_that_is_replaced_does_not(tmp_path: Path) -> None:
    installation = opened(install(tmp_path, {CURRENT: BAD, BEFORE: OLD, REFUSED: b"older"}))
    assert installation.change(GOOD) == Changed(CURRENT, "refused", written=True)
    assert (tmp_path / BEFORE).read_bytes() == OLD
    assert (tmp_path / REFUSED).read_bytes() == BAD


def test_the_same_one_again_changes_nothing(tmp_path: Path) -> None:
    installation = opened(install(tmp_path, {CURRENT: GOOD, BEFORE: OLD}))
    assert installation.change(GOOD) == Changed(CURRENT, "", written=False)
    assert (tmp_path / BEFORE).read_bytes() == OLD


@pytest.mark.parametrize("data", [b"", BAD, b"\xff", b"[nic", b"# " + bytes(300_000)])
def test_a_bad_one_is_refused_and_nothing_is_touched(tmp_path: Path, data: bytes) -> None:
    installation = opened(install(tmp_path, {CURRENT: GOOD}))
    with pytest.raises(ConfigError):
        installation.change(data)
    assert [path.name for path in (tmp_path / CURRENT).parent.iterdir()] == ["hftos.toml.cred"]


@pytest.mark.parametrize("last", range(5))
@pytest.mark.parametrize(
    ("files", "before"),
    [
        ({}, "own"),
        ({CURRENT: OLD}, "before"),
        ({CURRENT: OLD, BEFORE: OWN}, "before"),
        ({CURRENT: BAD, BEFORE: OLD, REFUSED: BAD}, "before"),
        ({CURRENT: BAD}, "own"),
        ({GLOBAL: OLD}, "before"),
        ({GLOBAL: OTHER, CURRENT: OLD}, "before"),
        ({GLOBAL: OTHER, CURRENT: OLD, BEFORE: OWN}, "before"),
        ({GLOBAL: OTHER, CURRENT: BAD, BEFORE: OLD}, "before"),
        ({GLOBAL: OLD, CURRENT: BAD}, "before"),
    ],
)
def test_power_may_fail_at_any_moment(tmp_path: Path, files: dict[str, bytes], before: str, last: int) -> None:
    installation = Installation(FailingEsp(install(tmp_path, files), last), UKI)
    try:
        installation.change(GOOD)
    except PowerFailure:
        assert name(opened(tmp_path)) == before
        if CURRENT in files and not (tmp_path / CURRENT).exists():
            assert opened(tmp_path).find().is_fallback or files[CURRENT] == BAD
            assert [fault.path for fault in opened(tmp_path).faults()] == [CURRENT]
    else:
        assert name(opened(tmp_path)) == "changed"
    opened(tmp_path).change(GOOD)
    assert name(opened(tmp_path)) == "changed"


@pytest.mark.parametrize("files", [{BEFORE: OLD}, {NEW: GOOD[:5]}, {NEW: GOOD, GLOBAL: OLD}])
def test_an_interrupted_change_is_a_fault_to_be_seen(tmp_path: Path, files: dict[str, bytes]) -> None:
    (fault,) = opened(install(tmp_path, files)).faults()
    assert (fault.path, fault.problems) == (CURRENT, ("missing: a change of it was interrupted; set it again",))


def test_every_bad_configuration_there_is_listed(tmp_path: Path) -> None:
    files = {CURRENT: BAD, BEFORE: b"\0", GLOBAL: b"[fed]\n"}
    found = opened(install(tmp_path, files, image=uki(b"[nic"))).faults()
    assert [fault.path for fault in found] == [CURRENT, BEFORE, GLOBAL, f"{UKI}, /etc/hftos.toml"]
    assert found[0].problems == (TOO_HIGH,)


@pytest.mark.parametrize(
    ("kind", "params", "said"),
    [
        ("join_best.JoinBest", "{ size = 100 }", None),
        ("elsewhere.Anything", "{ size = 1 }", None),
        ("tape_follower.TapeFollower", "{}", "the image has no strategies.tape_follower; it has: elsewhere, join_best"),
        ("join_best.JoinBest", "{ size = 0 }", 'strategy[0]: params of strategy kind "join_best.JoinBest": size = 0'),
        ("join_best.Nothing", "{}", "strategies.join_best has no Nothing"),
    ],
)
def test_strategies_must_be_in_the_image(tmp_path: Path, kind: str, params: str, said: str | None) -> None:
    installation = opened(install(tmp_path))
    text = f'[[strategy]]\nkind = "{kind}"\nparams = {params}\n'.encode()
    if said is None:
        installation.change(text)
        return
    with pytest.raises(ConfigError) as caught:
        installation.change(text)
    assert said in caught.value.problems[0]


@pytest.mark.parametrize("module", ["team.quoter", "join_best.quoter"])
def test_a_strategy_in_a_folder_that_is_not_here_is_checked_when_it_boots(tmp_path: Path, module: str) -> None:
    files = [f"{module.replace('.', '/')}.so", f"{module.partition('.')[0]}/__init__.pyc"]
    installation = opened(install(tmp_path, image=uki(OWN, *files)))
    data = f'[[strategy]]\nkind = "{module}.Quoter"\nparams = {{ size = 0 }}\n'.encode()
    assert installation.change(data).written
    assert installation.faults() == []


@pytest.mark.parametrize(
    ("image", "said"),
    [
        (uki(None), "has no /etc/hftos.toml"),
        (program({".cmdline": b""}), "hftos.efi has no section .initrd, only .cmdline"),
        (uki()[: len(uki()) // 2], "is damaged"),
        (program({".initrd": b"nothing"}), "is damaged"),
        (b"MZ", "is damaged"),
    ],
)
def test_a_damaged_image_is_said_to_be_one(tmp_path: Path, image: bytes, said: str) -> None:
    installation = opened(install(tmp_path, image=image))
    with pytest.raises(InstallationError) as caught:
        installation.faults()
    assert said in str(caught.value)
    with pytest.raises(ConfigError):
        installation.find()
    installation.change(GOOD)
    assert name(installation) == "changed"


def test_a_partition_that_keeps_something_else_is_noticed(tmp_path: Path) -> None:
    class Forgetful(FolderEsp):
        def read(self, path: str) -> bytes:
            return b"" if path.endswith(".new") else super().read(path)

    with pytest.raises(EspError, match="not what was written"):
        Installation(Forgetful(install(tmp_path)), UKI).change(GOOD)
    assert name(opened(tmp_path)) == "own"
