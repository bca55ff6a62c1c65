"""A kernel that is a folder."""

from pathlib import Path

import pytest

from tests.hftapp.knobs.kernel import Kernel


@pytest.fixture
def kernel(tmp_path: Path) -> Kernel:
    return Kernel(tmp_path)
