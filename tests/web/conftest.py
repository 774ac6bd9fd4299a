"""Nothing of these tests is written to the user's own data folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="module", autouse=True)
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A data folder of the module's own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NVSIGNAL_DATA", str(tmp_path_factory.mktemp("data")))
        yield
