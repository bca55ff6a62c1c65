"""Loads what surveillance found in a run, once the run is over: until then an alert may still grow.

Alerts have the exchange's time, ns since its midnight, and the run's own events have that and UTC. The least of their
differences is the run's midnight: an event is never taken before it happened, so the one that was quickest to come says
it best. In the replay of a file at another speed than its own, times of a day stretch, and only `exchange_ns` is exact.
"""

import json
from typing import Any, Final

from store import rows
from store.client import Store
from store.errors import StoreError
from store.inserter import Inserted
from store.run_folder import RunFolder
from store.schema import DATABASE
from store.surveillance import files
from store.surveillance.alert import Alert
from store.tables import ALERTS

_SAME: Final = ("id", "rule", "severity", "owner", "accounts", "symbol", "text", "repeats", "refs", "matches")
"""Columns that are an alert's fields as they are."""
_LEAST: Final = "SELECT min(toUnixTimestamp64Nano(t) - toInt64(exchange_ns)) AS zero, count() AS n FROM"


def load(store: Store, folder: RunFolder) -> Inserted | None:
    """Load `surveillance/` of a run that is in the store; None when there is none.

    StoreError: it is damaged, or no event of the run says when its day began.
    """
    if not (folder.path / files.FOLDER / files.ALERTS).exists():
        return None
    try:
        alerts = files.load(folder.path / files.FOLDER)
    except files.AlertsError as error:
        raise StoreError(str(error)) from error
    if not alerts:
        return Inserted(0, 0)
    zero = midnight_of(store, folder.run)
    if zero is None:
        raise StoreError(f"{folder.path / files.FOLDER} has alerts, and no event of run {folder.run} has a time")
    return store.insert(ALERTS.name, rows.from_rows(ALERTS, folder.run, [_row(alert, zero) for alert in alerts]))


def midnight_of(store: Store, run: str) -> int | None:
    """When the exchange's day began, ns UTC, by the events of a run; None when it has none."""
    parts = (
        f"{_LEAST} {DATABASE}.{table} WHERE run = {{run:String}} AND exchange_ns > 0"
        for table in ("l3_events", "orders")
    )
    sql = f"SELECT minIf(zero, n > 0), sum(n) FROM ({' UNION ALL '.join(parts)})"
    zero, count = store.rows(sql, {"run": run})[0]
    return int(zero) if count else None


def _row(alert: Alert, zero: int) -> dict[str, Any]:
    row = {name: getattr(alert, name) for name in _SAME}
    times = {"t": zero + alert.t, "last": zero + alert.last, "exchange_ns": alert.t}
    return row | times | {"figures": json.dumps(alert.figures, ensure_ascii=False, separators=(",", ":"))}
