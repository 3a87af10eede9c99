from __future__ import annotations

import re

import pytest

from mxtrain.backends import onednn
from mxtrain.backends.onednn import library
from mxtrain.base.errors import BackendUnavailable


def test_the_version_is_three():
    assert re.fullmatch(r"3\.\d+\.\d+", onednn.version())


def test_one_engine_and_one_stream():
    assert library.engine() is library.engine() and library.stream() is library.stream()


def test_a_refusal_is_none_or_an_error_with_the_functions_name():
    assert library.create("dnnl_engine_create", 99, 0) is None
    with pytest.raises(BackendUnavailable, match="oneDNN refused dnnl_engine_create"):
        library.must_create("dnnl_engine_create", 99, 0)


@pytest.fixture
def fresh(monkeypatch):
    library._load.cache_clear()
    yield monkeypatch
    monkeypatch.undo()
    library._load.cache_clear()


def missing_distribution(name):
    raise library.PackageNotFoundError(name)


class Damaged:
    """A listed file that does not load."""

    name = "libdnnl.so.3"

    @staticmethod
    def locate():
        return "/nonexistent/libdnnl.so.3"


@pytest.mark.parametrize("files", [missing_distribution, lambda name: None, lambda name: [], lambda name: [Damaged]])
def test_a_library_that_is_not_there_is_said_so(fresh, files):
    fresh.setattr(library, "files", files)
    assert not onednn.available()
    onednn.set_threads(2)
    with pytest.raises(BackendUnavailable, match=r"pip install onednn-cpu-gomp.*libgomp"):
        library.library()
