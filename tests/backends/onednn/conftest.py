"""The library, or a skip that says why."""

from __future__ import annotations

import pytest

from mxtrain.backends import onednn


@pytest.fixture(autouse=True)
def library():
    if not onednn.available():
        pytest.skip("oneDNN is not installed")
