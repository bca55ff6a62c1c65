"""Runs on the workers of a Dask cluster. The coordinator alone writes results."""

import re
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from distributed import Client, as_completed

from lab import dask_worker, kernels_for
from lab.errors import ClusterError
from lab.model import Result, Run, result_from
from lab.runner import Finished
from lab.storage import Folder

CONNECT_SECONDS: Final = 10.0
MEASURE: Final = "lab.guest:measure"
_ADDRESS: Final = re.compile(r"(?:tcp|tls)://\S+:\d{1,5}")


class Cluster:
    """An `Executor` on the cluster whose scheduler is at `address` (`tcp://HOST:PORT`).

    A run whose worker dies is given to another one; after as many deaths as the scheduler allows it has failed.
    """

    def __init__(self, address: str, target: str = MEASURE, timeout: float | None = None) -> None:
        timeout = CONNECT_SECONDS if timeout is None else timeout
        self._target = target
        if not _ADDRESS.fullmatch(address):  # of a client that fails at it, Dask reports the end twenty seconds later
            raise ClusterError(f"{address!r} is no scheduler's address: give it as tcp://HOST:PORT")
        try:
            self._client = Client(address, timeout=timeout, set_as_default=False)
        except (OSError, ValueError, TypeError) as error:
            raise ClusterError(
                f"no Dask scheduler answers at {address!r} ({error}): start one, or give its address"
            ) from error
        try:
            self._client.wait_for_workers(1, timeout)
        except TimeoutError as error:
            self._client.close()
            raise ClusterError(f"the scheduler at {address} has no workers: start `dask worker {address}`") from error
        self.workers = len(self._client.scheduler_info(n_workers=-1)["workers"])

    def finished(self, runs: Sequence[Run], folder: Path, said: Callable[[Run, str], None]) -> Iterator[Finished]:
        """Each run as it ends, on whichever worker. Raises ClusterError when a worker has other sources.

        Runs of a kernel of Debian's are of the package that the experiment's results are of. Where there are none, all
        but the first wait until that one has ended, and are of its package.
        """
        del said
        packages = kernels_for.packages(Folder(folder.parent).results())
        session, sources = uuid.uuid4().hex, dask_worker.identity()
        futures: dict[Any, Run] = {}
        waiting: dict[str, list[Run]] = {}
        done = as_completed(loop=self._client.loop, with_results=True, raise_errors=False)

        def submit(run: Run) -> None:
            future = self._submit(run, packages, sources, session)
            futures[future] = run
            done.add(future)

        try:
            for run in runs:
                kernel = run.variant.kernel
                if kernel in waiting:
                    waiting[kernel].append(run)
                    continue
                if kernel in kernels_for.METAPACKAGES and kernel not in packages:
                    waiting[kernel] = []
                submit(run)
            for future, answer in done:
                finished = _finished(futures[future], future.status, answer)
                packages = packages | kernels_for.packages([finished.result])
                kernel = finished.result.run.variant.kernel
                if kernel in packages:
                    for run in waiting.pop(kernel, ()):
                        submit(run)
                elif waiting.get(kernel):  # that one failed: the next one finds out
                    submit(waiting[kernel].pop(0))
                yield finished
        finally:
            self._client.cancel(list(futures))

    def _submit(self, run: Run, packages: Mapping[str, str], sources: str, session: str) -> Any:
        """The future of a run's answer."""
        return self._client.submit(
            dask_worker.measured,
            asdict(run),
            packages,
            self._target,
            sources,
            key=f"{run.key}-{session}",  # others may have runs of that name there
            priority=-run.number,
            pure=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        del kind, error, trace
        self._client.close()


def _finished(run: Run, status: str, answer: Any) -> Finished:
    if status != "finished":
        error = answer[1] if isinstance(answer, tuple) else answer
        return Finished(Result(run, error=f"the cluster gave it up: {type(error).__name__}: {error}"), 0.0)
    if "refused" in answer:
        raise ClusterError(answer["refused"])
    result = result_from(answer["result"])
    return Finished(result, answer["took"], answer["machine"], answer["files"])
