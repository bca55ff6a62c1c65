"""Writes an analysis into a folder: `analysis.html`, `analysis.json`, and its rows as Parquet."""

import io
import json
from pathlib import Path
from typing import Final

import polars as pl

from store import whole_file
from store.analytics.analysis import Analysis
from store.analytics.report.page import page
from store.analytics.report.pieces import Summary

PAGE: Final = "analysis.html"
SUMMARY: Final = "analysis.json"
TABLES: Final = ("executions", "orders", "curve")


def write(analysis: Analysis, found: Summary, folder: Path) -> list[Path]:
    """Write all files, each whole or not at all, whoever else writes them at the same time; their paths.

    Raises OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = [
        whole_file.write(folder / PAGE, page(analysis, found).encode()),
        whole_file.write(folder / SUMMARY, (json.dumps(found, indent=1, ensure_ascii=False) + "\n").encode()),
    ]
    for name in TABLES:
        rows: pl.DataFrame = getattr(analysis, name)
        content = io.BytesIO()
        rows.write_parquet(content)
        written.append(whole_file.write(folder / f"{name}.parquet", content.getvalue()))
    return written
