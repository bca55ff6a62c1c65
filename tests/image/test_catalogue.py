"""The tuning catalogue: complete, consistent, and one row is all it takes to add a knob."""

import json
import shutil
from pathlib import Path

import pytest

from hftapp.knobs import actions, apply, held, nic, readback, table, trader
from image import catalogue, profile
from image.catalogue import UNSET, Catalogue
from image.errors import ProfileError
from image.knob import KINDS, LAYERS
from image.rows import KERNEL_CONFIG
from tests.hftapp.knobs.kernel import NO_CARD, Kernel

NAMED = Path(__file__).parents[1] / "data/tuning_knobs.txt"
ROW = 'name = "k"\nlayer = "boot"\nkey = "k"\nwhy = "w"\nsources = ["K"]\nreadback = "cmdline:k"\n'

WITH_CPUS = [(knob.name, level) for knob in catalogue.load() for level in knob.allowed if "{" in level]


@pytest.fixture(scope="module")
def shipped() -> Catalogue:
    return catalogue.load()


def write(folder: Path, *rows: str, profile_text: str = 'summary = "s"\nfragments = []\n') -> Path:
    for name in ("catalogue", "profiles"):
        (folder / name).mkdir(exist_ok=True)
    text = "\n".join(f"[[knob]]\n{row}" for row in rows)
    (folder / "catalogue/a.toml").write_text(f'concern = "c"\n{text}')
    (folder / "profiles/p.toml").write_text(profile_text)
    return folder


class TestTheShippedRows:
    """What is in kernel-config/catalogue."""

    def test_every_knob_of_the_tuning_guide_is_a_row(self, shipped: Catalogue) -> None:
        lines = [line.split() for line in NAMED.read_text().splitlines() if not line.startswith("#")]
        wanted = {name: layer for layer, *names in lines for name in names}
        assert len(wanted) > 100
        assert {name: shipped[name].layer for name in wanted} == wanted

    @pytest.mark.parametrize("knob", list(catalogue.load()), ids=lambda knob: knob.name)
    def test_a_row_is_read_back_or_says_why_not_and_is_set_or_says_why_not(self, knob: catalogue.Knob) -> None:
        assert bool(knob.readback) != bool(knob.not_readable)
        assert bool(knob.values) != bool(knob.against)
        assert len(knob.why) > 10

    def test_lists_of_cpus_are_compared_as_such(self, shipped: Catalogue) -> None:
        """A profile may write `1-N`, which no kernel shows."""
        for knob in shipped:
            plain = "{isolated}" in knob.values.values() or "{housekeeping}" in knob.values.values()
            if plain and not knob.shows:
                assert (knob.compare or knob.readback.partition(":")[0]) == "cpus", knob.name

    def test_only_what_no_kernel_shows_is_not_read_back(self, shipped: Catalogue) -> None:
        assert [knob.name for knob in shipped if knob.not_readable] == ["static_arp"]

    def test_the_guest_knows_every_kind_layer_and_name(self, shipped: Catalogue) -> None:
        assert set(readback.KINDS) | {"code"} == set(KINDS)
        assert set(apply.LAYERS) == set(LAYERS)
        code = {"nic": {*nic.SETTINGS}, "process": {*held.HELD, *trader.READERS}, "sysfs": {*actions.ACTIONS}}
        named = {layer: {k.key for k in shipped if k.layer == layer and k.key[0] != "/"} for layer in code}
        assert named == code

    @pytest.mark.parametrize("name", profile.names())
    def test_each_profile_resolves(self, shipped: Catalogue, name: str) -> None:
        resolved = shipped.resolve(name)
        assert not resolved.rebuild
        assert len(json.loads(resolved.guest_file())["knobs"]) == len(list(shipped))
        assert profile.load(name).knobs == resolved.guest_file()

    def test_no_row_is_set_that_this_kernel_would_hand_to_init(self, shipped: Catalogue) -> None:
        words = {parameter.text.partition("=")[0] for parameter in shipped.resolve("qemu").parameters}
        off = {"nosoftlockup", "nowatchdog", "nmi_watchdog", "intel_pstate", "transparent_hugepage", "audit", "preempt"}
        assert not words & off


class TestResolving:
    """Values by profile, changed by an experiment's levels."""

    def test_the_profiles_values_and_its_cpus(self, shipped: Catalogue) -> None:
        words = [parameter.text for parameter in shipped.resolve("qemu").parameters]
        assert {"isolcpus=managed_irq,domain,1", "nohz_full=1", "irqaffinity=0", "rcu_nocb_poll"} <= set(words)
        words = [parameter.text for parameter in shipped.resolve("colo").parameters]
        assert {"isolcpus=managed_irq,domain,1-N", "nohz_full=1-N", "nosmt"} <= set(words)

    def test_a_level_replaces_a_value_and_unset_takes_it_away(self, shipped: Catalogue) -> None:
        resolved = shipped.resolve("qemu", {"nohz_full": UNSET, "skew_tick": "0", "vm.stat_interval": "10"})
        words = [parameter.text for parameter in resolved.parameters]
        assert "skew_tick=0" in words
        assert not any(word.startswith("nohz_full") for word in words)
        values = {row["name"]: row["value"] for row in json.loads(resolved.guest_file())["knobs"]}
        assert values["vm.stat_interval"] == "10"
        assert not resolved.rebuild

    def test_a_level_of_the_kernels_configuration_needs_another_kernel(self, shipped: Catalogue) -> None:
        resolved = shipped.resolve("qemu", {"HZ": "1000", "preemption": "rt"})
        symbols = {symbol.name: symbol.value for symbol in resolved.symbols}
        assert resolved.rebuild
        assert (symbols["HZ_1000"], symbols["PREEMPT_RT"]) == ("y", "y")
        assert not {"HZ_100", "PREEMPT_NONE"} & set(symbols)
        assert not shipped.resolve("qemu", {"HZ": "100"}).rebuild

    @pytest.mark.parametrize(
        ("levels", "message"),
        [
            ({"nohz_fulll": "1"}, "no knob 'nohz_fulll' in the catalogue; did you mean nohz_full"),
            ({"xyzzy": "1"}, "`hftos lab knobs --catalogue` lists them"),
            ({"HZ": "300"}, "HZ = '300': must be one of 100, 250, 1000, unset"),
            ({"nohz": "off"}, r"nohz = 'off' cannot be together with nohz_full = '\{isolated\}'"),
            ({"rcupdate.rcu_expedited": "1"}, "cannot be together with rcupdate.rcu_normal_after_boot = '1'"),
        ],
    )
    def test_a_wrong_level_is_named_with_what_is_possible(
        self, shipped: Catalogue, levels: dict[str, str], message: str
    ) -> None:
        with pytest.raises(ProfileError, match=message):
            shipped.resolve("qemu", levels)

    def test_a_conflict_with_one_value_leaves_the_others(self, shipped: Catalogue) -> None:
        assert "nohz=on" in [p.text for p in shipped.resolve("qemu", {"nohz": "on"}).parameters]
        assert "nohz=off" in [p.text for p in shipped.resolve("qemu", {"nohz": "off", "nohz_full": UNSET}).parameters]

    def test_the_whole_iommu_can_be_off(self, shipped: Catalogue) -> None:
        """AMD's Onload guide: iommu=off intel_iommu=off."""
        off = shipped.resolve("qemu", {"iommu": "off", "intel_iommu": "off"})
        assert {"iommu=off", "intel_iommu=off"} <= {parameter.text for parameter in off.parameters}
        with pytest.raises(ProfileError, match="intel_iommu = 'on' cannot be together with iommu = 'off'"):
            shipped.resolve("qemu", {"iommu": "off"})

    @pytest.mark.parametrize("name", profile.names())
    @pytest.mark.parametrize(("knob", "level"), WITH_CPUS)
    def test_the_cpus_may_be_written_out(self, shipped: Catalogue, name: str, knob: str, level: str) -> None:
        as_in_the_row = shipped.resolve(name, {knob: level})
        written_out = shipped.resolve(name, {knob: as_in_the_row.expand(level)})
        assert written_out == as_in_the_row
        assert written_out.guest_file() == as_in_the_row.guest_file()

    def test_a_conflict_is_found_whichever_way_the_cpus_are_written(self, tmp_path: Path) -> None:
        one = ROW.replace('"k"', '"one"') + 'values = { p = "x" }\nlevels = ["{isolated}"]'
        other = ROW.replace('"k"', '"other"') + 'values = { p = "1" }\nconflicts = ["one={isolated}"]'
        found = catalogue.load(write(tmp_path, one, other))
        for level in ("{isolated}", "1-N"):
            with pytest.raises(ProfileError, match="other = '1' cannot be together with one ="):
                found.resolve("p", {"one": level})

    def test_a_foreign_kernels_file_has_no_rows_of_a_configuration(self, shipped: Catalogue) -> None:
        rows = json.loads(shipped.resolve("qemu").guest_file(kconfig=False))["knobs"]
        assert {row["layer"] for row in rows} == set(LAYERS) - {"kconfig"}


class TestOneRowIsAllItTakes:
    """A knob that is added to a copy of the catalogue is on the command line, in the guest and in the self-check."""

    def added(self, folder: Path, row: str) -> Catalogue:
        shutil.copytree(KERNEL_CONFIG, folder / "config")
        (folder / "config/catalogue/new.toml").write_text(
            f'concern = "new"\n[[knob]]\nwhy = "new"\nsources = ["K"]\n{row}'
        )
        return catalogue.load(folder / "config")

    def checked(self, folder: Path, kernel: Kernel, name: str) -> tuple[str, bool]:
        """What PID 1 makes of the row in the profile's own file."""
        path = folder / "knobs.json"
        path.write_bytes(profile.load("qemu", folder=folder / "config").knobs)
        cpus = str(kernel.root / "sys/devices/system/cpu")
        rows = table.load(path, cpus)
        (row,) = (row for row in rows.rows if row.name == name)
        results = apply.apply(table.Table("qemu", (1,), (0,), (row,)), NO_CARD, str(kernel.root)).results
        return results[0].effective, results[0].ok

    def test_a_boot_parameter(self, tmp_path: Path) -> None:
        self.added(tmp_path, 'name = "n"\nlayer = "boot"\nkey = "n"\nvalues = { qemu = "7" }\nreadback = "cmdline:n"\n')
        assert " n=7 -- " in profile.load("qemu", folder=tmp_path / "config").cmdline
        kernel = Kernel(tmp_path / "kernel")
        assert self.checked(tmp_path, kernel, "n") == ("unset", False)
        kernel.put("/proc/cmdline", "quiet n=7")
        assert self.checked(tmp_path, kernel, "n") == ("7", True)

    def test_a_sysctl(self, tmp_path: Path) -> None:
        self.added(tmp_path, 'name = "vm.n"\nlayer = "sysctl"\nkey = "vm.n"\nvalues = { qemu = "7" }\n')
        kernel = Kernel(tmp_path / "kernel")
        assert self.checked(tmp_path, kernel, "vm.n") == ("absent", False)
        kernel.put("/proc/sys/vm/n", "1\n")
        assert self.checked(tmp_path, kernel, "vm.n") == ("7", True)

    def test_a_file_of_sysfs(self, tmp_path: Path) -> None:
        row = 'name = "n"\nlayer = "sysfs"\nkey = "/sys/n"\nvalues = { qemu = "{housekeeping_mask}" }\n'
        self.added(tmp_path, row + 'readback = "mask"\n')
        kernel = Kernel(tmp_path / "kernel")
        kernel.put("/sys/n", "3\n")
        assert self.checked(tmp_path, kernel, "n") == ("1", True)

    def test_a_symbol(self, tmp_path: Path) -> None:
        self.added(tmp_path, 'name = "N"\nlayer = "kconfig"\nkey = "N"\nvalues = { qemu = "y" }\n')
        loaded = profile.load("qemu", folder=tmp_path / "config")
        assert [(s.value, s.fragment) for s in loaded.symbols if s.name == "N"] == [("y", "catalogue/new")]
        kernel = Kernel(tmp_path / "kernel")
        kernel.config("# CONFIG_N is not set\n")
        assert self.checked(tmp_path, kernel, "N") == ("n", False)
        kernel.config("CONFIG_N=y\n")
        assert self.checked(tmp_path, kernel, "N") == ("y", True)

    @pytest.mark.parametrize(
        ("value", "asked", "config", "read"),
        [
            ("y", {"N": "y", "N_A": "y", "N_B": "y"}, "CONFIG_N=y\nCONFIG_N_A=y\nCONFIG_N_B=y\n", ("y", True)),
            ("y", {"N": "y", "N_A": "y", "N_B": "y"}, "CONFIG_N=y\nCONFIG_N_B=y\n", ("y, without N_A", False)),
            ("n", {"N": "n"}, "# CONFIG_N is not set\n", ("n", True)),
        ],
    )
    def test_a_symbol_that_does_nothing_without_its_parts(
        self, value: str, asked: dict[str, str], config: str, read: tuple[str, bool], tmp_path: Path
    ) -> None:
        row = 'name = "N"\nlayer = "kconfig"\nkey = "N"\nparts = ["N_A", "N_B"]\n'
        self.added(tmp_path, f'{row}values = {{ qemu = "{value}" }}\n')
        loaded = profile.load("qemu", folder=tmp_path / "config")
        assert {s.name: s.value for s in loaded.symbols if s.name in ("N", "N_A", "N_B")} == asked
        kernel = Kernel(tmp_path / "kernel")
        kernel.config(config)
        assert self.checked(tmp_path, kernel, "N") == read


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (ROW.replace('"boot"', '"magic"') + 'values = { p = "1" }', "layer = 'magic': must be one of kconfig, boot"),
        (ROW, "`against` must say why no profile sets it"),
        (ROW + 'against = "a"', "nothing can set it"),
        (ROW.replace("cmdline:k", "guess:k") + 'values = { p = "1" }', "readback = 'guess:k': must be KIND:PLACE"),
        (ROW.replace('readback = "cmdline:k"', "") + 'values = { p = "1" }', "needs either a readback or not_readable"),
        (ROW + 'values = { p = "1" }\nnot_readable = "both"', "needs either a readback or not_readable"),
        (ROW.replace('["K"]', '["Z"]') + 'values = { p = "1" }', r"sources = \['Z'\]: known are T, S"),
        (ROW.replace('["K"]', "[]") + 'values = { p = "1" }', "by whose word"),
        (ROW + 'values = { p = "1 2" }', "a space would make two words"),
        (ROW + "values = { p = 1 }", "must be a table of texts"),
        (ROW + 'values = { p = "1" }\nlevels = "2"', "must be a list of texts"),
        (ROW + 'values = { p = "1" }\nshows = { 2 = "x" }', "shows: 2 is no value of it"),
        (ROW + 'values = { p = "1" }\nreadbacks = { 2 = "cmdline:k" }', "readbacks: 2 is no value of it"),
        (ROW + 'values = { p = "1" }\nreadbacks = { 1 = "guess:k" }', "readback = 'guess:k': must be KIND:PLACE"),
        (ROW + 'values = { p = "1" }\nchoices = { 2 = "X" }', "choices must have a symbol for each value"),
        (ROW + 'values = { p = "1" }\nparts = ["X"]', "parts: only a symbol of the kernel's configuration has some"),
        (
            ROW.replace('"boot"', '"kconfig"') + 'values = { p = "1" }\nparts = ["X"]\nchoices = { 1 = "Y" }',
            "parts and choices: one symbol has parts",
        ),
        (ROW + 'values = { p = "1" }\nconflicts = ["nothing"]', "no knob 'nothing'"),
        (ROW + 'values = { p = "1" }\nconflicts = ["k=2"]', "'k=2' never comes about"),
        (ROW + 'values = { p = "1" }\nconflicts = ["K=1+k=1"]', r"'K=1\+k=1' never comes about"),
        (ROW + 'values = { p = "1" }\nconflicts = ["k=2+k=1"]', r"'k=2\+k=1' never comes about"),
        (ROW + 'values = { p = "1" }\ncolour = "red"', "unknown key 'colour'"),
        (ROW.replace('"w"', '" "') + 'values = { p = "1" }', "'why' must be a text"),
    ],
)
def test_a_malformed_row_is_refused_by_name(tmp_path: Path, row: str, message: str) -> None:
    with pytest.raises(ProfileError, match=message):
        catalogue.load(write(tmp_path, row))


def test_a_knob_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    row = ROW + 'values = { p = "1" }'
    with pytest.raises(ProfileError, match=r"k is in catalogue/a\.toml too; keep one row"):
        catalogue.load(write(tmp_path, row, row))


def test_a_parameter_of_the_profile_and_of_the_catalogue_is_refused(tmp_path: Path) -> None:
    own = 'summary = "s"\nfragments = []\nparameters = [{ parameter = "k=2", why = "w" }]\n'
    write(tmp_path, ROW + 'values = { p = "1" }', profile_text=own)
    with pytest.raises(ProfileError, match="k is in the profile and in the catalogue"):
        profile.load("p", folder=tmp_path)


def test_a_symbol_of_a_fragment_and_of_the_catalogue_is_refused(tmp_path: Path) -> None:
    row = ROW.replace('"boot"', '"kconfig"').replace('readback = "cmdline:k"', "").replace('key = "k"', 'key = "SMP"')
    write(tmp_path, row + 'values = { p = "n" }', profile_text='summary = "s"\nfragments = ["f"]\n')
    (tmp_path / "fragments").mkdir()
    (tmp_path / "fragments/f.toml").write_text(
        'concern = "c"\nsymbols = [{ symbol = "SMP", value = "y", why = "w" }]\n'
    )
    with pytest.raises(ProfileError, match=r"SMP is in two files: f \(y\) and catalogue/a \(n\)"):
        profile.load("p", folder=tmp_path)


def test_a_folder_without_a_catalogue_has_an_empty_one(tmp_path: Path) -> None:
    assert list(catalogue.load(tmp_path)) == []


def test_an_unknown_profile_names_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="no profile 'x'; there are: p"):
        catalogue.load(write(tmp_path)).resolve("x")
