"""A loader that is killed at any point: what it acknowledged is in the store, nothing is there twice, and loading again
completes it. HFTOS_KILLS says how often (default 3)."""

import os
import random
import select
import subprocess
import sys
from pathlib import Path

from store.client import connect

KILLS = int(os.environ.get("HFTOS_KILLS", "3"))
ROOT = Path(__file__).resolve().parents[2]
BATCHES, ROWS = 10 + 8 * KILLS, 2_000
SCRIPT = """
import sys
from store.client import connect
from store.pipeline import Pipeline
from tests.store.test_store_inserter import trades

batches, size = int(sys.argv[2]), int(sys.argv[3])
acknowledged = 0

def tell(table, done):
    global acknowledged
    acknowledged += done.new + done.known
    print(acknowledged, flush=True)

with connect(sys.argv[1]) as store:
    print("open", flush=True)
    store.repair("killed")
    with Pipeline(store, acknowledged=tell) as pipeline:
        for number in range(batches):
            first = number * size + 1
            pipeline.put("trades", trades("killed", list(range(first, first + size)), step=1_000_000))
print("done", flush=True)
"""


def load(dsn: str, kill_after: float | None, say_before: str) -> tuple[int, bool]:
    """Load everything, or kill the loader so many seconds after it said something; gives the rows it acknowledged, and
    whether it came to its end."""
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, dsn, str(BATCHES), str(ROWS)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    said: list[str] = []
    try:
        while line := process.stdout.readline():
            said.append(line.strip())
            if kill_after is not None and said[-1] == say_before:
                # Its output is what may come in this time; then it dies wherever it is.
                select.select([], [], [], kill_after)
                process.kill()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    return max((int(word) for word in said if word.isdecimal()), default=0), "done" in said


def test_nothing_acknowledged_is_lost_and_nothing_doubled(tmp_path: Path) -> None:
    rng = random.Random(KILLS)
    dsn = f"chdb:{tmp_path / 'data'}"
    with connect(dsn):
        pass
    kept = 0
    for number in range(KILLS):
        # At the very beginning, or in the middle of what is still to do.
        before = "open" if number % 3 == 0 else str(kept + ROWS * rng.randint(1, 6))
        acknowledged, done = load(dsn, rng.uniform(0, 0.05), before)
        assert not done, "killed before it was done"
        with connect(dsn) as store:
            found = store.table("trades", "killed")["sequence"].to_list()
            assert len(found) == len(set(found)), "doubled"
            assert found == list(range(1, len(found) + 1)), "a hole"
            assert len(found) >= max(acknowledged, kept), "acknowledged and lost"
            assert len(found) % ROWS == 0, "a batch is there whole or not at all"
            kept = len(found)
    acknowledged, done = load(dsn, None, "")
    assert (acknowledged, done) == (BATCHES * ROWS, True)
    with connect(dsn) as store:
        assert store.table("trades", "killed")["sequence"].to_list() == list(range(1, BATCHES * ROWS + 1))
        store.repair("killed")
        sql = "SELECT sum(trades), sum(shares) FROM hftos.bars_1s WHERE run = 'killed'"
        assert store.rows(sql) == store.rows("SELECT count(), sum(shares) FROM hftos.trades WHERE run = 'killed'")
