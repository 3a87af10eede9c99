from __future__ import annotations

import pytest

from mxtrain.backends.cuda import cache
from tests.backends.cuda.fake import fake_device


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """The cache in a folder of the test."""
    monkeypatch.setattr(cache, "FOLDER", tmp_path / "kept")
    return tmp_path / "kept"


@pytest.fixture
def device():
    return fake_device()
