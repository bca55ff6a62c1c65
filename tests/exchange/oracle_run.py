"""Engine against oracle over many random operations: `python -m tests.exchange.oracle_run --operations 10000000`.

Each chunk has its own seed and starts with empty books; odd seeds keep the priority of replaces. The engine is the
compiled one where it can be compiled. A difference is printed with the few operations that show it.
"""

import argparse
import multiprocessing
import sys
import time
from collections import Counter
from collections.abc import Iterator

from hftos.compiling.finder import install

CHUNK = 10_000
SAMPLE = 50
"""In a full run the books are compared after every so many operations; events always are."""

Hits = Counter[str | tuple[str, ...]]


def run_chunk(seed: int, operations: int, every: int) -> Hits:
    """One duel; the special paths that it took. Raises AssertionError with a run that shows the difference."""
    from tests.exchange.cut_down import cut_down, first_difference
    from tests.exchange.duel import DifferenceError, Duel
    from tests.exchange.random_flow import SYMBOLS, Flow

    keeps_priority = bool(seed % 2)
    duel = Duel(SYMBOLS, keeps_priority=keeps_priority)
    flow, done = Flow(duel, seed), []
    try:
        for count in range(1, operations + 1):
            done.append(flow.next())
            duel.apply(done[-1], check=count % every == 0)
            if count % 500 == 0:
                duel.check_shares()
        for symbol in SYMBOLS:
            duel.check(symbol)
        duel.check_shares()
    except DifferenceError as error:
        short = cut_down(done, SYMBOLS, keeps_priority)
        lines = [f"seed {seed}, operation {len(done)}, keeps_priority={keeps_priority}: {error}", *map(repr, short)]
        raise AssertionError("\n".join([*lines, str(first_difference(short, SYMBOLS, keeps_priority))])) from error
    return duel.oracle.hits


def run(operations: int, first_seed: int, workers: int, every: int) -> Iterator[tuple[int, Hits]]:
    """All chunks, in this process or in ``workers`` of their own: operations so far and hits, after each chunk."""
    sizes = [min(CHUNK, operations - start) for start in range(0, operations, CHUNK)]
    tasks = [(first_seed + i, size, every) for i, size in enumerate(sizes)]
    done = 0
    if workers <= 1:
        for task in tasks:
            hits = run_chunk(*task)
            done += task[1]
            yield done, hits
        return
    with multiprocessing.get_context("spawn").Pool(workers, install) as pool:
        for size, hits in pool.imap_unordered(_chunk, tasks):
            done += size
            yield done, hits


def _chunk(task: tuple[int, int, int]) -> tuple[int, Hits]:
    return task[1], run_chunk(*task)


def missing(hits: Hits) -> list[str | tuple[str, ...]]:
    """The special paths of the rules that no operation took."""
    from tests.exchange.oracle_book import DECREMENT, MODES, NEWEST, OLDEST, QUIET

    paths: list[str | tuple[str, ...]] = [*PATHS]
    for mode in (QUIET, DECREMENT, OLDEST, NEWEST):
        paths += [(mode, kind, chain) for kind in ("reserve", "plain") for chain in ("chain", "new")]
        paths += [("code", code) for code in MODES[mode]]
    return [path for path in paths if not hits[path]]


PATHS = (
    "refused 0x0002",
    "refused 0x0007",
    "refused 0x0013",
    "refused 0x001d",
    "refused 0x000d",
    "midpoint",
    "parked",
    "midpoint moved",
    "held by a band",
    "short sale lifted",
    "put behind",
    "priced away",
    "dropped G",
    "dropped I",
    "minimum not met",
    "passed over",
    "traded with a displayed order",
    "traded with a hidden order",
    "traded with a reserve",
    "traded with a midpoint order",
    "refreshed",
    "decided by the maker",
    "decided by the taker",
    "reserve cut",
    "display cut",
    "takes over",
    "withdrawn",
    "nothing to withdraw",
    "kept its place",
    "outside the bands",
    "uncrossed",
)


def main() -> int:
    """0 when nothing differed and every path was taken."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--operations", type=int, default=10_000_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--every", type=int, default=SAMPLE, help="compare the books after every so many operations")
    arguments = parser.parse_args()
    install()
    total: Hits = Counter()
    started = shown = time.monotonic()
    try:
        for done, hits in run(arguments.operations, arguments.seed, arguments.workers, arguments.every):
            total += hits
            if time.monotonic() - shown > 5:
                shown = time.monotonic()
                print(f"{done:,} of {arguments.operations:,}, {shown - started:.0f} s", file=sys.stderr, flush=True)
    except AssertionError as error:
        print(error, file=sys.stderr)
        return 1
    for path, count in sorted(total.items(), key=str):
        print(f"{count:>12,}  {path if isinstance(path, str) else ', '.join(path)}")
    print(f"{arguments.operations:,} operations without a difference, {time.monotonic() - started:.0f} s")
    for path in missing(total):
        print(f"never taken: {path}", file=sys.stderr)
    return 1 if missing(total) else 0


if __name__ == "__main__":
    sys.exit(main())
