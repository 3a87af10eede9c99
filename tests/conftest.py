"""Fixtures for every test: random inputs seeded from the test's id, and the data pack."""

from __future__ import annotations

import os
import pathlib
import zlib

import hypothesis
import numpy as np
import pytest

# How long an example takes says more about what else the machine does; a hang is met by the timeout of the test.
hypothesis.settings.register_profile("any machine", deadline=None)
hypothesis.settings.load_profile("any machine")


def pytest_addoption(parser):
    parser.addoption("--seed", type=int, default=0, help="added to the seed of every test's random inputs")
    parser.addoption("--slow", action="store_true", help="run the tests marked slow too")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--slow"):
        return
    for item in items:
        if "slow" in item.keywords:
            item.add_marker(pytest.mark.skip(reason="slow: run with --slow"))


@pytest.fixture
def rng(request):
    """A generator seeded from the test's id: the same inputs in any order, on any machine."""
    return np.random.default_rng([zlib.crc32(request.node.nodeid.encode()), request.config.getoption("--seed")])


@pytest.fixture(scope="session")
def data_pack():
    """The folder of real data sets and MXNet artefacts; the test is skipped without it."""
    path = os.environ.get("MXTRAIN_DATA")
    if not path:
        pytest.skip("MXTRAIN_DATA does not name the data pack")
    return pathlib.Path(path)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Captured text as valid Unicode: file names need not be, and pytest-xdist cannot send what is not."""
    report = yield
    report.sections = [(name, text.encode(errors="backslashreplace").decode()) for name, text in report.sections]
    return report
