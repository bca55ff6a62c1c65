"""A file that appears whole or not at all, also when several programs write it at the same time: the last counts."""

from __future__ import annotations

import secrets
from pathlib import Path


def write(path: Path, content: bytes) -> Path:
    """Write a file anew, beside it first; gives its path. Raises OSError, and then it is what it was."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        part.write_bytes(content)
        return part.replace(path)
    finally:
        part.unlink(missing_ok=True)
