"""Alerts in a folder: `alerts.jsonl`, one line each, and `surveillance.json`, which says what was looked at and how."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from store import whole_file
from store.surveillance.alert import Alert

ALERTS: Final = "alerts.jsonl"
SUMMARY: Final = "surveillance.json"
FOLDER: Final = "surveillance"


class AlertsError(ValueError):
    """Alerts that cannot be read, written or found; the text names the file and the remedy."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What was looked at. ``unknown``: events of orders that nobody had seen before; ``forgotten``: open orders that
    were too many to remember."""

    source: str
    events: int
    unknown: int
    forgotten: int
    alerts: dict[str, int]
    thresholds: dict[str, dict[str, Any]]


def folder_of(path: Path) -> Path:
    """Where the alerts of a run's folder are; a folder that has alerts in it already stays."""
    return path if (path / ALERTS).exists() else path / FOLDER


def save(folder: Path, alerts: Iterable[Alert], summary: Summary) -> None:
    """Write both files anew; each is whole or as it was before. AlertsError: the folder cannot be written."""
    lines = "".join(json.dumps(alert.as_json(), separators=(",", ":")) + "\n" for alert in alerts)
    about = {name: getattr(summary, name) for name in summary.__slots__}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in ((ALERTS, lines), (SUMMARY, json.dumps(about, indent=1) + "\n")):
            whole_file.write(folder / name, text.encode())
    except OSError as error:
        raise AlertsError(f"cannot write {folder}: {error.strerror}; give another --out") from error


def load(folder: Path) -> list[Alert]:
    """The alerts of a folder. AlertsError: there are none, or the file is damaged."""
    path = folder / ALERTS
    alerts = []
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                try:
                    alerts.append(Alert.from_json(json.loads(line)))
                except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
                    raise AlertsError(
                        f"{path}, line {number} is no alert ({error!r}): run surveillance again"
                    ) from None
    except FileNotFoundError:
        raise AlertsError(f"no alerts in {folder}: run `hftos surveillance run` on the run first") from None
    except (OSError, UnicodeDecodeError) as error:
        raise AlertsError(f"cannot read {path}: {error}; run surveillance again") from error
    return alerts


def find(alerts: Iterable[Alert], name: str) -> Alert:
    """The alert whose id begins with ``name``. AlertsError: none, or several."""
    found = [alert for alert in alerts if name and alert.id.startswith(name)]
    if len(found) != 1:
        what = "no alert" if not found else f"{len(found)} alerts"
        raise AlertsError(f"{what} with the id {name!r}: see `hftos surveillance list`")
    return found[0]
