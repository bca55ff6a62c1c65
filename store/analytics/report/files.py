"""Writes an analysis into a folder: `analysis.html`, `analysis.json`, and its rows as Parquet."""

import json
from pathlib import Path
from typing import Final

import polars as pl

from store.analytics.analysis import Analysis
from store.analytics.report.page import page
from store.analytics.report.pieces import Summary

PAGE: Final = "analysis.html"
SUMMARY: Final = "analysis.json"
TABLES: Final = ("executions", "orders", "curve")


def write(analysis: Analysis, found: Summary, folder: Path) -> list[Path]:
    """Write all files, each whole or not at all; their paths. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    written = [
        _whole(folder / PAGE, page(analysis, found).encode()),
        _whole(folder / SUMMARY, (json.dumps(found, indent=1, ensure_ascii=False) + "\n").encode()),
    ]
    for name in TABLES:
        rows: pl.DataFrame = getattr(analysis, name)
        path = folder / f"{name}.parquet"
        part = path.with_name(path.name + ".part")
        rows.write_parquet(part)
        written.append(part.replace(path))
    return written


def _whole(path: Path, content: bytes) -> Path:
    part = path.with_name(path.name + ".part")
    part.write_bytes(content)
    return part.replace(path)
