"""A store for the tests of one module; each test takes a run of its own in it."""

from collections.abc import Iterator

import pytest

from store.client import Store, connect


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """An open store in a new folder."""
    with connect(f"chdb:{tmp_path_factory.mktemp('store') / 'data'}") as store:
        yield store
