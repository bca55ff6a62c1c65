"""The disk image boots through UEFI firmware to the same trading program."""

import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from image import build as builder

pytestmark = pytest.mark.e2e


def digest(built: builder.Built) -> str:
    with built.disk.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def test_the_disk_boots_to_the_same_trading(boot: Callable[..., Any], built: builder.Built) -> None:
    before = digest(built)
    run = boot("--disk", "--seconds", "5")
    assert run.report["ok"], run.explain()
    assert run.status == 0
    assert run.report["orders"]["accepted"] > 0
    assert run.report["reconciled"] is True
    assert digest(built) == before
