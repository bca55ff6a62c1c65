"""Runs on a Dask cluster of this machine: a scheduler and workers in processes of their own."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import dask
import pytest
from distributed import LocalCluster

from image import initramfs
from lab import dask_worker
from lab.dask_cluster import Cluster
from lab.durations import Estimates
from lab.errors import ClusterError
from lab.experiment import parse
from lab.knob_levels import Knobs
from lab.model import Result, Run, Variant
from lab.run_experiment import carry_out
from lab.runner import Here, do
from lab.storage import Folder
from tests.lab.doubles import IDLE, STEPS, Told, measure
from tests.lab.test_run_experiment import files, nothing_to_build

TARGET = "tests.lab.doubles:measure"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A scheduler's address, with two workers."""
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 1}),
        LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            dashboard_address=":0",
            scheduler_port=0,
            local_directory=str(tmp_path_factory.mktemp("dask")),
        ) as cluster,
    ):
        yield str(cluster.scheduler_address)


def test_the_result_set_is_that_of_one_machine(tmp_path: Path, knobs: Knobs, told: Told, address: str) -> None:
    experiment = parse(STEPS.encode(), "steps", "steps.toml")
    here, there = tmp_path / "here" / "steps", tmp_path / "there" / "steps"
    carry_out(experiment, knobs, here, Here(measure), nothing_to_build, Told())
    with Cluster(address, TARGET) as cluster:
        assert cluster.workers == 2
        results = carry_out(experiment, knobs, there, cluster, nothing_to_build, told)
    assert len(results) == 12
    assert not any(result.error for result in results)
    assert files(there) == files(here)
    assert [text.split()[0] for text in told.ended] == [f"{place}/12" for place in range(1, 13)]


def test_all_that_is_in_an_image_must_be_the_same_on_a_worker() -> None:
    assert set(initramfs.PACKAGES) <= set(dask_worker.SOURCES)
    assert all((dask_worker.ROOT / name).exists() for name in dask_worker.SOURCES)


def test_sources_that_change_under_a_worker_are_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_worker, "ROOT", tmp_path)
    monkeypatch.setattr(dask_worker, "SOURCES", ("lab",))
    source = tmp_path / "lab" / "guest.py"
    source.parent.mkdir()
    source.write_text("SECONDS = 1\n")
    before = dask_worker.identity()
    assert dask_worker.identity() == before
    source.write_text("SECONDS = 2\n")
    assert dask_worker.identity() != before


def one_run(path: Path, address: str, target: str, told: Told, **levels: str) -> Result:
    run = Run(0, Variant("base", levels), 1, IDLE)
    with Cluster(address, target) as cluster:
        (result,) = do([run], Folder(path), cluster, told, Estimates())
    return result


def test_a_run_whose_worker_dies_is_given_to_another_one(tmp_path: Path, told: Told, address: str) -> None:
    marker = tmp_path / "died"
    result = one_run(tmp_path / "lab", address, "tests.lab.doubles:deadly", told, marker=str(marker))
    assert marker.exists()
    assert result.error == ""
    assert result.metrics["loc_per_s"] == 101.0


def test_a_run_that_kills_every_worker_has_failed(tmp_path: Path, told: Told, address: str) -> None:
    result = one_run(tmp_path, address, "tests.lab.doubles:deadly", told)
    assert result.error.startswith("the cluster gave it up: KilledWorker")
    assert Folder(tmp_path).results() == [result]


def test_a_measurement_that_raises_or_ends_is_a_result_with_an_error(tmp_path: Path, told: Told, address: str) -> None:
    raised = one_run(tmp_path, address, "tests.lab.doubles:raises", told)
    assert raised.error == "ValueError: no such thing"
    ended = one_run(tmp_path, address, "tests.lab.doubles:exits", told)
    assert ended.error == "the measuring process ended with status 3: out of memory"


def debian(kernel: str) -> list[Run]:
    return [Run(repeat, Variant(kernel, kernel=kernel), repeat, IDLE) for repeat in range(1, 5)]


def packages(results: Sequence[Result]) -> set[str]:
    return {result.machine["package"] for result in results}


def test_all_runs_of_a_kernel_of_debian_s_are_of_one_package(tmp_path: Path, told: Told, address: str) -> None:
    with Cluster(address, "tests.lab.doubles:of_debian") as cluster:
        results = do([*debian("debian"), *debian("debian-rt")], Folder(tmp_path), cluster, told, Estimates())
    assert len(results) == 8
    assert [name.split()[0] for name in sorted(packages(results))] == ["debian", "debian-rt"]


def test_what_is_added_on_a_cluster_is_of_the_package_of_the_results(tmp_path: Path, told: Told, address: str) -> None:
    first, *others = debian("debian")
    Folder(tmp_path).write_result(Result(first, machine={"package": "linux-image-6.12.41 6.12.41-1"}))
    with Cluster(address, "tests.lab.doubles:of_debian") as cluster:
        results = do(others, Folder(tmp_path), cluster, told, Estimates())
    assert len(results) == 3
    assert packages(results) == {"linux-image-6.12.41 6.12.41-1"}


def test_runs_that_waited_for_one_that_failed_are_done(tmp_path: Path, told: Told, address: str) -> None:
    with Cluster(address, "tests.lab.doubles:raises") as cluster:
        results = do(debian("debian"), Folder(tmp_path), cluster, told, Estimates())
    assert [result.error for result in results] == ["ValueError: no such thing"] * 4


def test_a_worker_with_other_sources_is_refused(
    tmp_path: Path, told: Told, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dask_worker, "identity", lambda: "older")
    with pytest.raises(ClusterError, match="has other sources than the coordinator: bring both to the same commit"):
        one_run(tmp_path, address, TARGET, told)
    assert Folder(tmp_path).results() == []


def test_an_address_where_no_scheduler_is_is_named() -> None:
    with pytest.raises(ClusterError, match=r"no Dask scheduler answers at 'tcp://127\.0\.0\.1:1'"):
        Cluster("tcp://127.0.0.1:1", timeout=0.5)


@pytest.mark.parametrize("address", ["", "nonsense", "nonsense://x", "tcp://x", "10.0.0.1:8786", "tcp://x:port"])
def test_what_is_no_address_is_refused_before_anything_is_asked(address: str) -> None:
    with pytest.raises(ClusterError, match="is no scheduler's address: give it as tcp://HOST:PORT"):
        Cluster(address, timeout=0.5)


def test_a_scheduler_without_workers_is_named() -> None:
    with (
        LocalCluster(n_workers=0, dashboard_address=":0", scheduler_port=0) as cluster,
        pytest.raises(ClusterError, match="has no workers: start `dask worker"),
    ):
        Cluster(str(cluster.scheduler_address), timeout=0.5)
