from __future__ import annotations

import os
import re
import subprocess
import sys

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


@pytest.mark.parametrize(
    ("given", "spins"),
    [({}, str(library.SPINS)), ({"GOMP_SPINCOUNT": "7"}, "7"), ({"OMP_WAIT_POLICY": "passive"}, "0")],
    ids=["neither", "a count", "a policy"],
)
def test_threads_without_work_sleep_soon_unless_someone_says_otherwise(given, spins):
    code = "import os; from mxtrain.backends import onednn; onednn.version(); print(os.environ.get('GOMP_SPINCOUNT'))"
    kept = {n: v for n, v in os.environ.items() if n not in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")}
    done = subprocess.run(
        [sys.executable, "-c", code], env={**kept, **given, "OMP_DISPLAY_ENV": "VERBOSE"}, capture_output=True,
        text=True, check=True,
    )  # fmt: skip
    assert f"GOMP_SPINCOUNT = '{spins}'" in done.stderr
    assert done.stdout.strip() == str(given.get("GOMP_SPINCOUNT"))
